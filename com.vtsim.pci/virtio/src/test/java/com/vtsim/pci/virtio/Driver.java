package com.vtsim.pci.virtio;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A guest's driver, as far as tests need one: it enters by the device's registers and the guest's memory only. */
public final class Driver implements AutoCloseable {
    public static final long BAR = 0xC000_0000L;
    public static final long TABLE = 0xC001_0000L;
    public static final long DATA = 0x30_0000;
    public static final int SIZE = 16;
    public static final long VERSION_1 = 1L << 32, INDIRECT = 1L << 28, EVENT_INDEX = 1L << 29, PACKED = 1L << 34;
    public static final int WRITE = 2, NEXT = 1, IS_INDIRECT = 4;
    private static final int NOTIFY = 0x3000;

    public final Backplane machine;
    private final HeardMessages target = new HeardMessages();
    public final List<Integer> messages = target.data;
    public VirtioDevice device;
    private final int[] made = new int[16];
    private final Map<Integer, Integer> lengths = new HashMap<>();
    private long accepted;
    private final int[] seen = new int[16];

    /** Part of a chain. */
    public record Part(long address, int length, int flags) { }

    /** A used element. */
    public record Used(int head, int written) { }

    public Driver(String name, VirtioDevice device) {
        machine = Backplane.of(name, 16 << 20);
        machine.add(new HaltedProcessor(0));
        machine.add(new HostBridge("host", "q35", "1af4:1100"));
        machine.add(target);
        this.device = device;
        machine.add(device);
        config(0x10, 4, (int) BAR);
        config(0x20, 4, (int) TABLE);
        config(0x04, 2, 6);
    }

    @Override
    public void close() {
        machine.close();
    }

    public void replace(VirtioDevice other) {
        machine.remove(device);
        device = other;
        machine.add(other);
    }

    public void config(int offset, int size, int value) {
        machine.call(() -> {
            device.configWrite(offset, size, value);
            return null;
        });
    }

    public int configAt(int offset, int size) {
        return machine.call(() -> device.configRead(offset, size));
    }

    public void put(long address, int size, long value) {
        machine.call(() -> {
            machine.memory().write(address, size, value);
            return null;
        });
    }

    public long at(long address, int size) {
        return machine.call(() -> machine.memory().read(address, size));
    }

    public void bytes(long address, byte[] bytes) {
        machine.call(() -> {
            machine.memory().write(address, bytes, 0, bytes.length);
            return null;
        });
    }

    public byte[] bytes(long address, int length) {
        return machine.call(() -> {
            byte[] bytes = new byte[length];
            machine.memory().read(address, bytes, 0, length);
            return bytes;
        });
    }

    public long get(int offset, int size) {
        return at(BAR + offset, size);
    }

    public void set(int offset, int size, long value) {
        put(BAR + offset, size, value);
    }

    public void pass(long nanos) {
        try {
            machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public int status() {
        return (int) get(0x14, 1);
    }

    public long offered() {
        set(0x00, 4, 0);
        long low = get(0x04, 4);
        set(0x00, 4, 1);
        return low | get(0x04, 4) << 32;
    }

    public void accept(long features) {
        accepted = features;
        set(0x08, 4, 0);
        set(0x0C, 4, features & 0xFFFF_FFFFL);
        set(0x08, 4, 1);
        set(0x0C, 4, features >>> 32);
    }

    /** ACKNOWLEDGE, DRIVER, features, queues of {@link #SIZE}, DRIVER_OK. */
    public Driver setUp(long features, int queues) {
        set(0x14, 1, 0);
        set(0x14, 1, 1);
        set(0x14, 1, 3);
        accept(features | VERSION_1);
        set(0x14, 1, 11);
        for (int i = 0; i < queues; i++) {
            enable(i);
        }
        set(0x14, 1, 15);
        return this;
    }

    /** Sets a queue of {@link #SIZE} up, empty. */
    public void enable(int queue) {
        made[queue] = 0;
        seen[queue] = 0;
        bytes(descriptors(queue), new byte[0x3000]);
        set(0x16, 2, queue);
        set(0x18, 2, SIZE);
        set(0x20, 8, descriptors(queue));
        set(0x28, 8, available(queue));
        set(0x30, 8, used(queue));
        set(0x1C, 2, 1);
    }

    public static long descriptors(int queue) {
        return 0x10_0000 + queue * 0x1_0000L;
    }

    public static long available(int queue) {
        return descriptors(queue) + 0x1000;
    }

    public static long used(int queue) {
        return descriptors(queue) + 0x2000;
    }

    public void descriptor(long table, int index, long address, int length, int flags, int next) {
        put(table + 16L * index, 8, address);
        put(table + 16L * index + 8, 4, length);
        put(table + 16L * index + 12, 2, flags);
        put(table + 16L * index + 14, 2, next);
    }

    /** Puts a chain at descriptor {@code first} and on, and makes it available. */
    public void chain(int queue, int first, Part... parts) {
        if (packed()) {
            chainPacked(queue, first, parts);
            return;
        }
        for (int i = 0; i < parts.length; i++) {
            boolean last = i == parts.length - 1;
            descriptor(descriptors(queue), first + i, parts[i].address(), parts[i].length(), parts[i].flags() | (last ? 0 : NEXT), last ? 0 : first + i + 1);
        }
        available(queue, first);
    }

    public void available(int queue, int head) {
        put(available(queue) + 4 + 2L * (made[queue] % SIZE), 2, head);
        put(available(queue) + 2, 2, ++made[queue] & 0xFFFF);
    }

    public void kick(int queue) {
        set(NOTIFY + 4 * queue, 2, queue);
        pass(20_000);
    }

    /** @return the next used element, or null */
    public Used take(int queue) {
        if (packed()) {
            return takePacked(queue);
        }
        if (((int) at(used(queue) + 2, 2) - seen[queue] & 0xFFFF) == 0) {
            return null;
        }
        long element = used(queue) + 4 + 8L * (seen[queue]++ % SIZE);
        return new Used((int) at(element, 4), (int) at(element + 4, 4));
    }

    /** The table of vectors: data 40h and on. */
    public void messages() {
        for (int vector = 0; vector < 3; vector++) {
            put(TABLE + 16 * vector, 8, 0xFEE0_0000L);
            put(TABLE + 16 * vector + 8, 8, 0x40 + vector);
        }
        config(capability(0x11) + 2, 2, 0x8000);
    }

    public int capability(int id) {
        int at = configAt(0x34, 1);
        while ((configAt(at, 1) & 0xFF) != id) {
            at = configAt(at + 1, 1) & 0xFF;
        }
        return at;
    }

    private boolean packed() {
        return (accepted & PACKED) != 0;
    }

    /** @return AVAIL and USED as the driver sets them in its so-manieth place */
    public static int mine(int count) {
        return (count / SIZE & 1) == 0 ? 1 << 7 : 1 << 15;
    }

    /** A chain in a packed ring, called by a number; its first flags are written last. */
    private void chainPacked(int queue, int id, Part... parts) {
        for (int i = parts.length - 1; i >= 0; i--) {
            int count = made[queue] + i;
            long at = descriptors(queue) + 16L * (count % SIZE);
            put(at, 8, parts[i].address());
            put(at + 8, 4, parts[i].length());
            put(at + 12, 2, id);
            put(at + 14, 2, parts[i].flags() | (i == parts.length - 1 ? 0 : NEXT) | mine(count));
        }
        made[queue] += parts.length;
        lengths.put(queue << 16 | id, parts.length);
    }

    private Used takePacked(int queue) {
        long at = descriptors(queue) + 16L * (seen[queue] % SIZE);
        int flags = (int) at(at + 14, 2);
        boolean wrap = (seen[queue] / SIZE & 1) == 0;
        if ((flags & 1 << 7) != 0 != wrap || (flags & 1 << 15) != 0 != wrap) {
            return null;
        }
        int id = (int) at(at + 12, 2);
        seen[queue] += lengths.get(queue << 16 | id);
        return new Used(id, (int) at(at + 8, 4));
    }
}
