package com.vtsim.pci.virtio;

import com.vtsim.api.pci.Upstream;

/** How a virtqueue lies in memory. What no driver may put there is found, never thrown, after a number of accesses that the queue's size bounds. */
interface Ring {
    /** What was found in the queue. */
    enum Found {
        /** A chain. */
        CHAIN,
        /** Nothing new. */
        NOTHING,
        /** What no driver may put there, or memory that does not answer. */
        BROKEN
    }

    /** Takes the next available chain. @param indirect whether indirect tables are agreed on; @param events whether event indices are */
    Found take(Virtqueue queue, Upstream memory, Chain chain, boolean indirect, boolean events);

    /** Puts the chain that was taken last back: it is taken again. */
    void putBack(Virtqueue queue, Chain chain);

    /** Gives a chain back. @param written bytes the device wrote to it; @return false if memory refuses */
    boolean give(Virtqueue queue, Upstream memory, Chain chain, int written);

    /** @return whether the driver wants to be told of what was given back since it was told last */
    boolean isToSignal(Virtqueue queue, Upstream memory, boolean events);

    /** The queue is enabled: counting begins. */
    void begin(Virtqueue queue);
}
