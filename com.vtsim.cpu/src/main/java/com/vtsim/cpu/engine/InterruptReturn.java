package com.vtsim.cpu.engine;

/**
 * IRET, IRETD and IRETQ in every mode.
 *
 * @sdm IRET/IRETD/IRETQ—Interrupt Return
 */
public final class InterruptReturn {
    private static final int ALWAYS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int ALWAYS32 = ALWAYS | Flags.RF | Flags.AC | Flags.ID;

    private final Cpu cpu;

    InterruptReturn(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Returns. @param size operand size in bytes: 2, 4 or 8 */
    public void execute(int size) {
        cpu.execution.pins.unblockNmi();
        if ((cpu.mode & Mode.PROTECTED) == 0) {
            toReal(size, (size == 2 ? ALWAYS : ALWAYS32) | Flags.IF | Flags.IOPL);
        } else if ((cpu.mode & Mode.V86) != 0) {
            fromV86(size);
        } else {
            inProtectedMode(size);
        }
    }

    private void toReal(int size, int mask) {
        long ip = cpu.peek(0, size);
        int selector = (int) cpu.peek(size, size) & 0xFFFF;
        long flags = cpu.peek(2L * size, size);
        if (ip > cpu.segments.limit[Cpu.CS]) {
            throw cpu.protection(0);
        }
        cpu.setStackPointer(cpu.r[Cpu.RSP] + 3L * size);
        cpu.segments.setRealCode(selector);
        cpu.next = ip;
        cpu.rflags(flags, mask);
    }

    private void fromV86(int size) {
        if ((cpu.systemFlags & Flags.IOPL) == Flags.IOPL) {
            toReal(size, (size == 2 ? ALWAYS : ALWAYS32) | Flags.IF);
            return;
        }
        if (size != 2 || (cpu.system.cr4 & SystemState.CR4_VME) == 0) {
            throw cpu.protection(0);
        }
        long flags = cpu.peek(4, 2);
        boolean enables = (flags & Flags.IF) != 0;
        if ((flags & Flags.TF) != 0 || enables && (cpu.systemFlags & Flags.VIP) != 0) {
            throw cpu.protection(0);
        }
        toReal(size, ALWAYS & ~Flags.TF);
        cpu.rflags(enables ? Flags.VIF : 0, Flags.VIF);
    }

    private void inProtectedMode(int size) {
        boolean longMode = (cpu.mode & Mode.LONG) != 0;
        if ((cpu.systemFlags & Flags.NT) != 0) {
            if (longMode) {
                throw cpu.protection(0);
            }
            cpu.tasks.back(cpu.next);
            return;
        }
        long ip = cpu.peek(0, size);
        int selector = (int) cpu.peek(size, size) & 0xFFFF;
        long flags = cpu.peek(2L * size, size);
        if (size == 4 && (flags & Flags.VM) != 0 && cpu.cpl == 0 && !longMode) {
            toV86(ip, selector, flags);
            return;
        }
        int mask = size == 2 ? ALWAYS : ALWAYS32;
        if (cpu.cpl <= (cpu.systemFlags >> 12 & 3)) {
            mask |= Flags.IF;
        }
        if (cpu.cpl == 0) {
            mask |= Flags.IOPL | (size == 2 ? 0 : Flags.VIF | Flags.VIP);
        }
        cpu.far.fetchReturn(selector);
        if (cpu.far.returnsOutward() || (cpu.mode & Mode.SIZE_MASK) == 2) {
            cpu.far.toOuterLevel(ip, 3 * size, size);
        } else {
            long pointer = cpu.r[Cpu.RSP] + 3L * size;
            cpu.far.toSameLevel(ip);
            cpu.setStackPointer(pointer);
        }
        cpu.next = ip;
        cpu.rflags(flags, mask);
    }

    private void toV86(long ip, int code, long flags) {
        long pointer = cpu.peek(12, 4);
        int stack = (int) cpu.peek(16, 4) & 0xFFFF;
        int es = (int) cpu.peek(20, 4) & 0xFFFF;
        int ds = (int) cpu.peek(24, 4) & 0xFFFF;
        int fs = (int) cpu.peek(28, 4) & 0xFFFF;
        int gs = (int) cpu.peek(32, 4) & 0xFFFF;
        if (ip > 0xFFFF) {
            throw cpu.protection(0);
        }
        int all = ALWAYS32 | Flags.IF | Flags.IOPL | Flags.VIF | Flags.VIP | Flags.VM;
        cpu.cpl = 3;
        cpu.rflags(flags, all);
        Segments s = cpu.segments;
        s.loadReal(Cpu.CS, code);
        s.loadReal(Cpu.SS, stack);
        s.loadReal(Cpu.ES, es);
        s.loadReal(Cpu.DS, ds);
        s.loadReal(Cpu.FS, fs);
        s.loadReal(Cpu.GS, gs);
        s.modeChanged();
        cpu.r[Cpu.RSP] = pointer & 0xFFFF_FFFFL;
        cpu.next = ip;
    }
}
