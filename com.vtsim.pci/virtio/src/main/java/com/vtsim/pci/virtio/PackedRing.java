package com.vtsim.pci.virtio;

import com.vtsim.api.pci.Upstream;

/**
 * One ring of descriptors that driver and device write in turn. Whose a descriptor is follows from two of its flags and a counter that flips at each round: a
 * place is counted as its index, with that counter in bit 15. What is signalled counts the places given back since the driver was told.
 * Source: Virtual I/O Device (VIRTIO) 1.2, Packed Virtqueues.
 */
final class PackedRing implements Ring {
    private static final int AVAILABLE = 1 << 7;
    private static final int USED = 1 << 15;
    private static final int WRAP = 1 << 15;
    private static final int INDEX = WRAP - 1;
    private static final int EVENTS_OFF = 1;
    private static final int EVENTS_AT = 2;

    @Override
    public void begin(Virtqueue queue) {
        queue.taken = WRAP;
        queue.given = WRAP;
        queue.signalled = 0;
    }

    /** @return the place so many behind another, or, negative, before it */
    private static int place(Virtqueue queue, int from, int by) {
        int index = (from & INDEX) + by;
        int wrap = from & WRAP;
        return index >= queue.size ? index - queue.size | wrap ^ WRAP : index < 0 ? index + queue.size | wrap ^ WRAP : index | wrap;
    }

    private static boolean load(Virtqueue queue, Upstream memory, int index) {
        return memory.read(queue.descriptors + (long) index * Virtqueue.DESCRIPTOR, queue.scratch, 0, Virtqueue.DESCRIPTOR);
    }

    @Override
    public Found take(Virtqueue queue, Upstream memory, Chain chain, boolean indirect, boolean events) {
        int at = queue.taken;
        if ((at & INDEX) >= queue.size || !load(queue, memory, at & INDEX)) {
            return Found.BROKEN;
        }
        int flags = queue.word(14);
        boolean wrap = (at & WRAP) != 0;
        if ((flags & AVAILABLE) != 0 != wrap || (flags & USED) != 0 == wrap) {
            return !events || suppressUntil(queue, memory) ? Found.NOTHING : Found.BROKEN;
        }
        chain.begin(0);
        for (int places = 1; places <= queue.size; places++) {
            flags = queue.word(14);
            int id = queue.word(12);
            if ((flags & Virtqueue.INDIRECT) != 0) {
                if (!indirect || places > 1 || (flags & Virtqueue.NEXT) != 0 || !table(queue, memory, chain)) {
                    return Found.BROKEN;
                }
            } else if (queue.doubleword(8) == 0 || !chain.add(queue.quadword(0), queue.doubleword(8), (flags & Virtqueue.WRITE) != 0)) {
                return Found.BROKEN;
            }
            if ((flags & Virtqueue.NEXT) == 0) {
                chain.is(id, places);
                queue.taken = place(queue, at, places);
                return Found.CHAIN;
            }
            if (!load(queue, memory, place(queue, at, places) & INDEX)) {
                return Found.BROKEN;
            }
        }
        return Found.BROKEN;
    }

    /** All descriptors of an indirect table are the chain, in their order; of their flags only the direction counts. */
    private static boolean table(Virtqueue queue, Upstream memory, Chain chain) {
        long address = queue.quadword(0);
        long length = queue.doubleword(8) & 0xFFFF_FFFFL;
        if (length == 0 || length % Virtqueue.DESCRIPTOR != 0 || length / Virtqueue.DESCRIPTOR > Chain.MOST) {
            return false;
        }
        for (long offset = 0; offset < length; offset += Virtqueue.DESCRIPTOR) {
            if (!memory.read(address + offset, queue.scratch, 0, Virtqueue.DESCRIPTOR) || (queue.word(14) & Virtqueue.INDIRECT) != 0
                    || queue.doubleword(8) == 0 || !chain.add(queue.quadword(0), queue.doubleword(8), (queue.word(14) & Virtqueue.WRITE) != 0)) {
                return false;
            }
        }
        return true;
    }

    /** The driver notifies when it makes this place available. */
    private static boolean suppressUntil(Virtqueue queue, Upstream memory) {
        queue.word(0, queue.taken);
        queue.word(2, EVENTS_AT);
        return memory.write(queue.device, queue.scratch, 0, 4);
    }

    @Override
    public void putBack(Virtqueue queue, Chain chain) {
        queue.taken = place(queue, queue.taken, -chain.places());
    }

    /** Length and flags become visible at once, on the machine's thread. */
    @Override
    public boolean give(Virtqueue queue, Upstream memory, Chain chain, int written) {
        int flags = ((queue.given & WRAP) != 0 ? AVAILABLE | USED : 0) | (written > 0 ? Virtqueue.WRITE : 0);
        queue.doubleword(0, written);
        queue.word(4, chain.head());
        queue.word(6, flags);
        if (!memory.write(queue.descriptors + (long) (queue.given & INDEX) * Virtqueue.DESCRIPTOR + 8, queue.scratch, 0, 8)) {
            return false;
        }
        queue.given = place(queue, queue.given, chain.places());
        queue.signalled = Math.min(queue.signalled + chain.places(), queue.size);
        queue.news = true;
        return true;
    }

    @Override
    public boolean isToSignal(Virtqueue queue, Upstream memory, boolean events) {
        if (!queue.news) {
            return false;
        }
        queue.news = false;
        int passed = queue.signalled;
        queue.signalled = 0;
        if (!memory.read(queue.driver, queue.scratch, 0, 4)) {
            return false;
        }
        int mode = queue.word(2) & 3;
        if (mode != EVENTS_AT || !events) {
            return mode != EVENTS_OFF;
        }
        int wanted = queue.word(0);
        int event = (wanted & INDEX) - ((wanted & WRAP) == (queue.given & WRAP) ? 0 : queue.size);
        return ((queue.given & INDEX) - event - 1 & 0xFFFF) < passed;
    }
}
