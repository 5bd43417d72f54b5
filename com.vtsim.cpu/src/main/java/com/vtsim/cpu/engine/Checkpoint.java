package com.vtsim.cpu.engine;

/**
 * What a transfer of control changes before its pushes: put back if a push faults, since a fault leaves no trace.
 * One per kind of transfer, reused.
 */
public final class Checkpoint {
    private final Cpu cpu;
    private final int[] selector = new int[2];
    private final long[] base = new long[2];
    private final long[] limit = new long[2];
    private final int[] access = new int[2];
    private int cpl;
    private int flags;
    private long stackPointer;

    Checkpoint(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Remembers CS, SS, rSP, CPL and the system flags. */
    public void take() {
        Segments s = cpu.segments;
        for (int i = 0; i < 2; i++) {
            int from = i + Cpu.CS;
            selector[i] = s.selector[from];
            base[i] = s.base[from];
            limit[i] = s.limit[from];
            access[i] = s.access[from];
        }
        cpl = cpu.cpl;
        flags = cpu.systemFlags;
        stackPointer = cpu.r[Cpu.RSP];
    }

    /** Puts them back. */
    public void restore() {
        Segments s = cpu.segments;
        for (int i = 0; i < 2; i++) {
            int to = i + Cpu.CS;
            s.selector[to] = selector[i];
            s.base[to] = base[i];
            s.limit[to] = limit[i];
            s.access[to] = access[i];
        }
        cpu.cpl = cpl;
        cpu.systemFlags = flags;
        cpu.r[Cpu.RSP] = stackPointer;
        s.modeChanged();
    }

    /** @return rSP as it was */
    public long stackPointer() {
        return stackPointer;
    }

    /** @return SS as it was */
    public int stackSelector() {
        return selector[1];
    }

    /** @return CS as it was */
    public int codeSelector() {
        return selector[0];
    }
}
