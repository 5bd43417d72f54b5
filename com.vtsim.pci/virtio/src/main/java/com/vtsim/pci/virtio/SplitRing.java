package com.vtsim.pci.virtio;

import com.vtsim.api.pci.Upstream;

/**
 * Descriptors in a table, and rings of indices: available ones by the driver, used ones by the device. What is counted are chains, modulo 2^16.
 * Source: Virtual I/O Device (VIRTIO) 1.2, Split Virtqueues.
 */
final class SplitRing implements Ring {
    private static final int NO_INTERRUPT = 1;

    @Override
    public void begin(Virtqueue queue) {
        queue.taken = 0;
        queue.given = 0;
        queue.signalled = 0;
    }

    @Override
    public Found take(Virtqueue queue, Upstream memory, Chain chain, boolean indirect, boolean events) {
        if (!memory.read(queue.driver + 2, queue.scratch, 0, 2)) {
            return Found.BROKEN;
        }
        int ahead = queue.word(0) - queue.taken & 0xFFFF;
        if (ahead == 0) {
            return !events || suppressUntil(queue, memory) ? Found.NOTHING : Found.BROKEN;
        }
        if (ahead > queue.size || !memory.read(queue.driver + 4 + 2L * (queue.taken % queue.size), queue.scratch, 0, 2)) {
            return Found.BROKEN;
        }
        int head = queue.word(0);
        queue.taken = queue.taken + 1 & 0xFFFF;
        chain.begin(head);
        return walk(queue, memory, chain, head, indirect) ? Found.CHAIN : Found.BROKEN;
    }

    /** The driver notifies when it makes this one available. */
    private static boolean suppressUntil(Virtqueue queue, Upstream memory) {
        queue.word(0, queue.taken);
        return memory.write(queue.device + 4 + 8L * queue.size, queue.scratch, 0, 2);
    }

    /** A chain has no more descriptors than the queue has entries: one that goes round is broken. */
    private static boolean walk(Virtqueue queue, Upstream memory, Chain chain, int head, boolean indirect) {
        long table = queue.descriptors;
        int entries = queue.size;
        int index = head;
        boolean inTable = false;
        for (int steps = 0; steps <= queue.size + 1; steps++) {
            if (index >= entries || !memory.read(table + (long) index * Virtqueue.DESCRIPTOR, queue.scratch, 0, Virtqueue.DESCRIPTOR)) {
                return false;
            }
            long address = queue.quadword(0);
            int length = queue.doubleword(8);
            int flags = queue.word(12);
            if ((flags & Virtqueue.INDIRECT) != 0) {
                long count = (length & 0xFFFF_FFFFL) / Virtqueue.DESCRIPTOR;
                if (!indirect || inTable || (flags & Virtqueue.NEXT) != 0 || length % Virtqueue.DESCRIPTOR != 0 || count == 0 || count > Chain.MOST) {
                    return false;
                }
                inTable = true;
                table = address;
                entries = (int) count;
                index = 0;
                continue;
            }
            if (length == 0 || !chain.add(address, length, (flags & Virtqueue.WRITE) != 0)) {
                return false;
            }
            if ((flags & Virtqueue.NEXT) == 0) {
                return true;
            }
            index = queue.word(14);
        }
        return false;
    }

    @Override
    public void putBack(Virtqueue queue, Chain chain) {
        queue.taken = queue.taken - 1 & 0xFFFF;
    }

    @Override
    public boolean give(Virtqueue queue, Upstream memory, Chain chain, int written) {
        queue.doubleword(0, chain.head());
        queue.doubleword(4, written);
        if (!memory.write(queue.device + 4 + 8L * (queue.given % queue.size), queue.scratch, 0, 8)) {
            return false;
        }
        queue.given = queue.given + 1 & 0xFFFF;
        queue.word(0, queue.given);
        queue.news = true;
        return memory.write(queue.device + 2, queue.scratch, 0, 2);
    }

    @Override
    public boolean isToSignal(Virtqueue queue, Upstream memory, boolean events) {
        if (!queue.news) {
            return false;
        }
        queue.news = false;
        int before = queue.signalled;
        queue.signalled = queue.given;
        if (!events) {
            return memory.read(queue.driver, queue.scratch, 0, 2) && (queue.word(0) & NO_INTERRUPT) == 0;
        }
        if (!memory.read(queue.driver + 4 + 2L * queue.size, queue.scratch, 0, 2)) {
            return false;
        }
        return (queue.given - queue.word(0) - 1 & 0xFFFF) < (queue.given - before & 0xFFFF);
    }
}
