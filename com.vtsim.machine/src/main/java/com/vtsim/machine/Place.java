package com.vtsim.machine;

import com.vtsim.api.machine.MemoryPage;

/** What answers in one page of host-physical memory, for reads and for writes: an entry of the page directory. */
final class Place {
    /** Nothing: reads give all ones, writes vanish. */
    static final Place HOLE = new Place(null, null, null, 0, null);

    /** Bytes that reads reach, or null. */
    final MemoryPage page;
    /** Registers that reads reach, or null. */
    final Window reads;
    /** Bytes that writes reach, or null. */
    final byte[] written;
    final int offset;
    /** Registers that writes reach, or null. */
    final Window writes;
    /** What would answer if no line of the page were poisoned; null if none is. */
    final Place poisoned;

    /** A page of RAM with a poisoned line: it has no bytes that anybody may reach directly. */
    Place(Place poisoned) {
        this.page = null;
        this.reads = null;
        this.written = null;
        this.offset = 0;
        this.writes = null;
        this.poisoned = poisoned;
    }

    Place(MemoryPage page, Window reads, byte[] written, int offset, Window writes) {
        this.page = page;
        this.reads = reads;
        this.written = written;
        this.offset = offset;
        this.writes = writes;
        this.poisoned = null;
    }
}
