package com.vtsim.pci.virtio;

import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.Upstream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A split virtqueue. Source: Virtual I/O Device (VIRTIO) 1.2, Split Virtqueues. */
final class SplitQueue {
    /** No interrupt vector. */
    static final int NO_VECTOR = 0xFFFF;
    private static final int DESCRIPTOR = 16;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int NO_INTERRUPT = 1;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final int largest;
    int size;
    int vector;
    boolean enabled;
    long descriptors;
    long available;
    long used;
    private int taken;
    private int given;
    private int signalled;
    private boolean news;
    private final byte[] scratch = new byte[DESCRIPTOR];

    /** What was found in the ring of available buffers. */
    enum Found {
        /** A chain. */
        CHAIN,
        /** Nothing new. */
        NOTHING,
        /** What no driver may put there, or memory that does not answer. */
        BROKEN
    }

    /** As saved. */
    record Saved(int size, int vector, boolean enabled, long descriptors, long available, long used, int taken, int given, int signalled, boolean news) { }

    /** @param largest entries it may have: a power of two, at most 1024 */
    SplitQueue(int largest) {
        this.largest = largest;
        reset();
    }

    void reset() {
        restore(new Saved(largest, NO_VECTOR, false, 0, 0, 0, 0, 0, 0, false));
    }

    Saved save() {
        return new Saved(size, vector, enabled, descriptors, available, used, taken, given, signalled, news);
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
        available = saved.available();
        used = saved.used();
        taken = saved.taken() & 0xFFFF;
        given = saved.given() & 0xFFFF;
        signalled = saved.signalled() & 0xFFFF;
        news = saved.news();
    }

    /** Takes the next available chain. @param indirect whether indirect tables are agreed on; @param events whether event indices are */
    Found take(Upstream memory, Chain chain, boolean indirect, boolean events) {
        if (!memory.read(available + 2, scratch, 0, 2)) {
            return Found.BROKEN;
        }
        int ahead = word() - taken & 0xFFFF;
        if (ahead == 0) {
            return !events || suppressUntil(memory) ? Found.NOTHING : Found.BROKEN;
        }
        if (ahead > size || !memory.read(available + 4 + 2L * (taken % size), scratch, 0, 2)) {
            return Found.BROKEN;
        }
        int head = word();
        taken = taken + 1 & 0xFFFF;
        chain.begin(head);
        return walk(memory, chain, head, indirect) ? Found.CHAIN : Found.BROKEN;
    }

    /** The driver notifies when it makes this one available. */
    private boolean suppressUntil(Upstream memory) {
        SHORT.set(scratch, 0, (short) taken);
        return memory.write(used + 4 + 8L * size, scratch, 0, 2);
    }

    private int word() {
        return (short) SHORT.get(scratch, 0) & 0xFFFF;
    }

    /** A chain has no more descriptors than the queue has entries: one that goes round is broken. */
    private boolean walk(Upstream memory, Chain chain, int head, boolean indirect) {
        long table = descriptors;
        int entries = size;
        int index = head;
        boolean inTable = false;
        for (int steps = 0; steps <= size + 1; steps++) {
            if (index >= entries || !memory.read(table + (long) index * DESCRIPTOR, scratch, 0, DESCRIPTOR)) {
                return false;
            }
            long address = (long) LONG.get(scratch, 0);
            int length = (int) INT.get(scratch, 8);
            int flags = (short) SHORT.get(scratch, 12) & 0xFFFF;
            if ((flags & INDIRECT) != 0) {
                long count = (length & 0xFFFF_FFFFL) / DESCRIPTOR;
                if (!indirect || inTable || (flags & NEXT) != 0 || length % DESCRIPTOR != 0 || count == 0 || count > Chain.MOST) {
                    return false;
                }
                inTable = true;
                table = address;
                entries = (int) count;
                index = 0;
                continue;
            }
            if (length == 0 || !chain.add(address, length, (flags & WRITE) != 0)) {
                return false;
            }
            if ((flags & NEXT) == 0) {
                return true;
            }
            index = (short) SHORT.get(scratch, 14) & 0xFFFF;
        }
        return false;
    }

    /** Gives a chain back. @param written bytes the device wrote to it; @return false if memory refuses */
    boolean give(Upstream memory, int head, int written) {
        INT.set(scratch, 0, head);
        INT.set(scratch, 4, written);
        if (!memory.write(used + 4 + 8L * (given % size), scratch, 0, 8)) {
            return false;
        }
        given = given + 1 & 0xFFFF;
        SHORT.set(scratch, 0, (short) given);
        news = true;
        return memory.write(used + 2, scratch, 0, 2);
    }

    /** Puts the chain that was taken last back: it is taken again. */
    void putBack() {
        taken = taken - 1 & 0xFFFF;
    }

    /** @return whether the driver wants to be told of what was given back since it was told last */
    boolean isToSignal(Upstream memory, boolean events) {
        if (!news) {
            return false;
        }
        news = false;
        int before = signalled;
        signalled = given;
        if (!events) {
            return memory.read(available, scratch, 0, 2) && (word() & NO_INTERRUPT) == 0;
        }
        if (!memory.read(available + 4 + 2L * size, scratch, 0, 2)) {
            return false;
        }
        return (given - word() - 1 & 0xFFFF) < (given - before & 0xFFFF);
    }
}
