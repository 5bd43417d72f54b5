package com.vtsim.cpu.trace;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Paging;

/**
 * Where the trace goes: one range of memory, written around and around, or the regions that tables of physical addresses name.
 * <p>
 * Addresses are physical, or guest-physical where a VM's controls say so. In that case they are translated ahead of the bytes that go there, so
 * that a VM exit comes while there still is room for what is traced of the exit itself.
 *
 * @sdm Trace Output; Single Range Output; Table of Physical Addresses (ToPA); Trace-Address Pre-Translation (TAPT)
 */
final class TraceOutput {
    private static final int PAGE = 4096;
    /** Bytes that are left of a page when the next is translated. */
    private static final int MARGIN = 512;
    /** Places that its state takes. */
    static final int SAVED = 9;
    private static final long NONE = -1;
    /** Bits of a table's entry; those that are reserved. An entry that is not legal is kept as {@link #BAD}. */
    private static final long END = 1, INT = 1 << 2, STOP = 1 << 4, BAD = -1;
    private static final long ENTRY_RESERVED = 0xC2A | -1L << Paging.PHYSICAL_BITS;
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & -PAGE;
    /** The low bits of a mask, which are always 1. */
    private static final long LOW_MASK = 0x7F;

    private final Cpu cpu;
    private final ProcessorTrace trace;
    /** IA32_RTIT_OUTPUT_BASE; IA32_RTIT_OUTPUT_MASK_PTRS without its upper half; the upper half: offset in the range or region. */
    private long base;
    private long maskOrTable = LOW_MASK;
    private long offset;

    // Of the region that is written
    private long region;
    private long size;
    private boolean nested;
    private long entry;
    /** Final addresses of the page that is written, and of the one behind it where that was translated ahead. */
    private long page = NONE;
    private long ahead = NONE;
    private long nextBase;
    private long nextIndex;
    private long nextEntry = NONE;

    TraceOutput(Cpu cpu, ProcessorTrace trace) {
        this.cpu = cpu;
        this.trace = trace;
    }

    void reset() {
        base = 0;
        maskOrTable = LOW_MASK;
        offset = 0;
        forget();
    }

    long base() {
        return base;
    }

    boolean base(long wanted) {
        if ((wanted & LOW_MASK) != 0 || wanted >>> Paging.PHYSICAL_BITS != 0) {
            return false;
        }
        base = wanted;
        return true;
    }

    long pointers() {
        return offset << 32 | maskOrTable;
    }

    boolean pointers(long wanted) {
        maskOrTable = wanted & 0xFFFF_FFFFL | LOW_MASK;
        offset = wanted >>> 32;
        return true;
    }

    /** Pages are to be found again. */
    void forget() {
        page = NONE;
        ahead = NONE;
        nextEntry = NONE;
        size = 0;
    }

    /**
     * Makes ready what the next bytes go to. Throws the VM exit where that is guest-physical memory which EPT does not let write.
     *
     * @return whether there is an output; if not, that was an operational error
     */
    boolean prepare() {
        if (size == 0 && !locate()) {
            trace.operationalError();
            return false;
        }
        if (page == NONE) {
            page = translate(region + offset & -PAGE, true);
        }
        if (nested && ahead == NONE && roomInPage() < MARGIN) {
            lookAhead();
        }
        return true;
    }

    private boolean tables() {
        return (trace.control() & ProcessorTrace.TOPA) != 0;
    }

    /** @return whether range or region and the place in it are legal */
    private boolean locate() {
        nested = trace.guestPhysical();
        if (!tables()) {
            region = base;
            size = maskOrTable + 1;
            entry = 0;
            return (base & maskOrTable) == 0 && offset < size;
        }
        return (base & PAGE - 1) == 0 && enter(readEntry(base, maskOrTable >> 7)) && offset < size;
    }

    private boolean enter(long found) {
        entry = found;
        size = (long) PAGE << (found >> 6 & 0xF);
        region = found & FRAME;
        return found != BAD && (found & END) == 0 && (region & size - 1) == 0;
    }

    private long readEntry(long table, long index) {
        long address = table + 8 * index;
        long found = space().read(translate(address & -PAGE, false) + (address & PAGE - 1), 8);
        boolean ends = (found & END) != 0;
        return (found & ENTRY_RESERVED) != 0 || ends && (found & (INT | STOP)) != 0 ? BAD : found;
    }

    private int roomInPage() {
        return (int) Math.min(size - offset, PAGE - (offset & PAGE - 1));
    }

    private void lookAhead() {
        if (offset + roomInPage() < size) {
            ahead = translate(region + (offset & -PAGE) + PAGE, true);
        } else if (!tables()) {
            ahead = translate(region & -PAGE, true);
        } else {
            findNext();
            ahead = nextEntry == BAD || (entry & STOP) != 0 ? page : translate(nextEntry & FRAME, true);
        }
    }

    private void findNext() {
        nextBase = base;
        nextIndex = (maskOrTable >> 7) + 1;
        nextEntry = readEntry(nextBase, nextIndex);
        if (nextEntry != BAD && (nextEntry & END) != 0) {
            nextBase = nextEntry & FRAME;
            nextIndex = 0;
            nextEntry = readEntry(nextBase, 0);
        }
    }

    private long translate(long address, boolean write) {
        return nested ? cpu.vmx.traceOutput(address, write) : address & cpu.system.a20Mask;
    }

    private MemorySpace space() {
        return cpu.memory.space();
    }

    /** Writes a byte, to where {@link #prepare} has found room. */
    void put(int value) {
        if (page == NONE) {
            return;
        }
        space().write(page + (region + offset & PAGE - 1), 1, value & 0xFF);
        offset++;
        if (offset == size) {
            full();
        } else if ((offset & PAGE - 1) == 0) {
            page = nested ? ahead : translate(region + offset, true);
            ahead = NONE;
        }
    }

    private void full() {
        if (!tables()) {
            offset = 0;
            page = size <= PAGE ? page : nested ? ahead : translate(region, true);
            ahead = NONE;
            return;
        }
        if ((entry & INT) != 0) {
            cpu.performance.traceRegionFull();
        }
        if ((entry & STOP) != 0) {
            // Table and entry stay, with the offset behind the region's end.
            trace.stopped();
            return;
        }
        offset = 0;
        if (ahead == NONE || !nested) {
            findNext();
        }
        base = nextBase;
        maskOrTable = nextIndex << 7 & 0xFFFF_FFFFL | LOW_MASK;
        boolean legal = enter(nextEntry);
        page = nested ? ahead : translate(region, true);
        ahead = NONE;
        if (!legal) {
            trace.operationalError();
        }
    }

    // For its operator

    /** @return where the trace goes, in words */
    String text() {
        String kind = nested ? "guest-physical" : "physical";
        String where = tables() ? String.format("%s table %x, entry %d", kind, base, maskOrTable >> 7) : String.format("%s range %x to %x", kind, base, base + maskOrTable);
        String in = tables() && size != 0 ? String.format(" (%x, %x bytes)", region, size) : "";
        return where + in + String.format(", offset %x", offset);
    }

    /** @return at most so many bytes before the place of output: of the page under way, where pages are a guest's; none while nothing is traced */
    byte[] latest(int most) {
        if (page == NONE || size == 0) {
            return new byte[0];
        }
        long there = nested ? offset & PAGE - 1 : offset;
        int count = (int) Math.min(most, there);
        byte[] bytes = new byte[count];
        long from = nested ? page + there : (region & cpu.system.a20Mask) + there;
        space().read(from - count, bytes, 0, count);
        return bytes;
    }

    // State, without registers

    void save(long[] to, int at) {
        long[] own = {nested ? 1 : 0, region, size, entry, page, ahead, nextBase, nextIndex, nextEntry};
        System.arraycopy(own, 0, to, at, SAVED);
    }

    void restore(long[] from, int at) {
        nested = from[at] != 0;
        region = from[at + 1];
        size = from[at + 2];
        entry = from[at + 3];
        page = from[at + 4];
        ahead = from[at + 5];
        nextBase = from[at + 6];
        nextIndex = from[at + 7];
        nextEntry = from[at + 8];
    }
}
