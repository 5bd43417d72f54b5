package com.vtsim.pci.virtio;

import com.vtsim.api.machine.StateException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A virtqueue: where its driver has put it, and how far it has been worked off. What the numbers mean is its {@link Ring}'s. */
final class Virtqueue {
    /** No interrupt vector. */
    static final int NO_VECTOR = 0xFFFF;
    /** Bytes of a descriptor. */
    static final int DESCRIPTOR = 16;
    /** Descriptor flag: another follows. */
    static final int NEXT = 1;
    /** Descriptor flag: the device writes. */
    static final int WRITE = 2;
    /** Descriptor flag: the buffer is a table of descriptors. */
    static final int INDIRECT = 4;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final int largest;
    int size;
    int vector;
    boolean enabled;
    /** Address of the descriptors. */
    long descriptors;
    /** Address of what the driver writes beside them: available ring, or driver event suppression. */
    long driver;
    /** Address of what the device writes: used ring, or device event suppression. */
    long device;
    /** What is taken next. */
    int taken;
    /** Where the next is given back. */
    int given;
    /** As {@link Ring} has it, of when the driver was told last. */
    int signalled;
    /** Something has been given back that the driver has not been told of. */
    boolean news;
    final byte[] scratch = new byte[DESCRIPTOR];

    /** As saved. */
    record Saved(int size, int vector, boolean enabled, long descriptors, long available, long used, int taken, int given, int signalled, boolean news) { }

    /** @param largest entries it may have: a power of two, at most 1024 */
    Virtqueue(int largest) {
        this.largest = largest;
        reset();
    }

    void reset() {
        restore(new Saved(largest, NO_VECTOR, false, 0, 0, 0, 0, 0, 0, false));
    }

    Saved save() {
        return new Saved(size, vector, enabled, descriptors, driver, device, taken, given, signalled, news);
    }

    /** @throws StateException if it does not fit */
    void restore(Saved saved) {
        if (saved.size() < 1 || saved.size() > largest) {
            throw new StateException("a queue of " + saved.size() + " entries, of " + largest + " at most");
        }
        size = saved.size();
        vector = saved.vector();
        enabled = saved.enabled();
        descriptors = saved.descriptors();
        driver = saved.available();
        device = saved.used();
        taken = saved.taken() & 0xFFFF;
        given = saved.given() & 0xFFFF;
        signalled = saved.signalled() & 0xFFFF;
        news = saved.news();
    }

    /** @return 16 bits of {@link #scratch} */
    int word(int at) {
        return (short) SHORT.get(scratch, at) & 0xFFFF;
    }

    void word(int at, int value) {
        SHORT.set(scratch, at, (short) value);
    }

    /** @return 32 bits of {@link #scratch} */
    int doubleword(int at) {
        return (int) INT.get(scratch, at);
    }

    void doubleword(int at, int value) {
        INT.set(scratch, at, value);
    }

    /** @return 64 bits of {@link #scratch} */
    long quadword(int at) {
        return (long) LONG.get(scratch, at);
    }
}
