package com.vtsim.cpu.engine;

/**
 * The stack of a more privileged level, named by the current TSS: found and checked first, entered once nothing else can fail.
 *
 * @sdm Stack Switching; Task-State Segment (TSS); Interrupt Stack Table
 */
public final class InnerStack {
    private final Cpu cpu;
    private final Descriptor segment = new Descriptor();
    private int selector;
    private long pointer;
    private boolean wide;

    InnerStack(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Reads and checks SS and the stack pointer for a level from a 16- or 32-bit TSS: #TS or #SS. */
    public void find(int level) {
        Segments s = cpu.segments;
        wide = false;
        boolean big = (s.taskAccess & 8) != 0;
        int at = big ? level * 8 + 4 : level * 4 + 2;
        if (at + (big ? 5 : 3) > s.taskLimit) {
            throw cpu.fault(10, s.taskSelector & 0xFFFC);
        }
        pointer = cpu.memory.loadSystem(s.taskBase + at, big ? 4 : 2);
        selector = (int) cpu.memory.loadSystem(s.taskBase + at + (big ? 4 : 2), 2);
        if (Segments.isNull(selector) || !s.fetch(selector, segment)) {
            throw cpu.fault(10, selector & 0xFFFC);
        }
        s.checkStack(segment, level, 10);
    }

    /**
     * Reads the stack pointer for a level, or of the interrupt stack table, from a 64-bit TSS: #TS. SS becomes null.
     *
     * @param ist 1–7, or 0 for the level's own stack
     */
    public void find64(int level, int ist) {
        Segments s = cpu.segments;
        wide = true;
        int at = ist != 0 ? ist * 8 + 28 : level * 8 + 4;
        if (at + 7 > s.taskLimit) {
            throw cpu.fault(10, s.taskSelector & 0xFFFC);
        }
        pointer = cpu.memory.loadSystem(s.taskBase + at, 8);
        selector = level;
    }

    /** Takes the stack as it is, for an event in IA-32e mode that switches neither level nor stack. */
    void current() {
        wide = true;
        pointer = cpu.r[Cpu.RSP];
    }

    /** Sets the stack pointer alone. */
    void point() {
        cpu.setStackPointer(pointer);
    }

    /** Aligns the stack pointer to 16 bytes, as interrupts do in IA-32e mode. */
    void align() {
        pointer &= -16L;
    }

    /** Raises #SS with the new selector unless so many slots can be pushed. */
    public void room(int slots, int size) {
        if (wide) {
            if (!cpu.memory.paging().canonical(pointer - (long) slots * size) || !cpu.memory.paging().canonical(pointer - 1)) {
                throw cpu.fault(12, 0);
            }
            return;
        }
        long mask = segment.big() ? 0xFFFF_FFFFL : 0xFFFFL;
        for (int i = 1; i <= slots; i++) {
            if (!Segments.inside(segment.limit(), segment.access(), pointer - (long) i * size & mask, size)) {
                throw cpu.fault(12, selector & 0xFFFC);
            }
        }
    }

    /** Sets the accessed bit of the stack segment; the last thing that can fault before {@link #enter}. */
    public void markAccessed() {
        if (!wide) {
            cpu.segments.markAccessed(segment);
        }
    }

    /** Loads SS and the stack pointer; CS, CPL and EFLAGS.VM must be the new ones already. Recomputes the mode. */
    public void enter() {
        if (wide) {
            cpu.segments.loadNull(Cpu.SS, selector);
            cpu.segments.access[Cpu.SS] = cpu.segments.access[Cpu.SS] & ~(3 << 5) | selector << 5;
        } else {
            cpu.segments.set(Cpu.SS, selector, segment);
        }
        cpu.segments.modeChanged();
        cpu.setStackPointer(pointer);
    }
}
