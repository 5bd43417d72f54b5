package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;

/**
 * Instructions on IF and on the flags register as a whole, and HLT.
 *
 * @sdm CLI; STI; PUSHF/PUSHFD/PUSHFQ; POPF/POPFD/POPFQ; HLT; CLAC; STAC; Protected-Mode Virtual Interrupts
 */
final class InterruptFlag {
    private static final int ALWAYS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int ALWAYS32 = ALWAYS | Flags.AC | Flags.ID;

    private InterruptFlag() { }

    static void define(Semantics s) {
        s.define("CLI", (instruction, at) -> Effect.plain(InterruptFlag::clear));
        s.define("STI", (instruction, at) -> Effect.last(InterruptFlag::set));
        s.define("HLT", (instruction, at) -> Effect.last(Effect.privileged(cpu -> cpu.execution.activity.halt())));
        for (String suffix : new String[] {"", "D", "Q"}) {
            s.define("PUSHF" + suffix, (instruction, at) -> {
                int size = instruction.operandSize();
                return Effect.plain(cpu -> push(cpu, size));
            });
            s.define("POPF" + suffix, (instruction, at) -> {
                int size = instruction.operandSize();
                return Effect.last(cpu -> pop(cpu, size));
            });
        }
        s.define("CLAC", (instruction, at) -> Effect.last(cpu -> override(cpu, 0)));
        s.define("STAC", (instruction, at) -> Effect.last(cpu -> override(cpu, Flags.AC)));
    }

    private static void override(Cpu cpu, int ac) {
        if (cpu.cpl != 0) {
            throw cpu.undefined();
        }
        cpu.rflags(ac, Flags.AC);
    }

    private static int iopl(Cpu cpu) {
        return cpu.systemFlags >> 12 & 3;
    }

    /** @return whether the program works on VIF in place of IF; #GP(0) if it may do neither */
    private static boolean virtual(Cpu cpu) {
        if ((cpu.mode & Mode.PROTECTED) == 0 || cpu.cpl <= iopl(cpu)) {
            return false;
        }
        boolean v86 = (cpu.mode & Mode.V86) != 0;
        long extension = v86 ? SystemState.CR4_VME : SystemState.CR4_PVI;
        if (cpu.cpl != 3 || (cpu.system.cr4 & extension) == 0) {
            throw cpu.protection(0);
        }
        return true;
    }

    private static void clear(Cpu cpu) {
        cpu.rflags(0, virtual(cpu) ? Flags.VIF : Flags.IF);
    }

    private static void set(Cpu cpu) {
        if (virtual(cpu)) {
            if ((cpu.systemFlags & Flags.VIP) != 0) {
                throw cpu.protection(0);
            }
            cpu.rflags(Flags.VIF, Flags.VIF);
        } else if ((cpu.systemFlags & Flags.IF) == 0) {
            cpu.rflags(Flags.IF, Flags.IF);
            cpu.execution.shadow(false);
        }
    }

    private static boolean untrustedV86(Cpu cpu) {
        return (cpu.mode & Mode.V86) != 0 && iopl(cpu) != 3;
    }

    private static void checkVme(Cpu cpu, int size) {
        if (size != 2 || (cpu.system.cr4 & SystemState.CR4_VME) == 0) {
            throw cpu.protection(0);
        }
    }

    private static void push(Cpu cpu, int size) {
        long flags = cpu.rflags() & ~(Flags.VM | Flags.RF);
        if (untrustedV86(cpu)) {
            checkVme(cpu, size);
            flags = flags & ~Flags.IF | Flags.IOPL | ((flags & Flags.VIF) != 0 ? Flags.IF : 0);
        }
        cpu.push(flags, size);
    }

    private static void pop(Cpu cpu, int size) {
        boolean virtual = untrustedV86(cpu);
        if (virtual) {
            checkVme(cpu, size);
        }
        long flags = cpu.peek(0, size);
        int mask = size == 2 ? ALWAYS : ALWAYS32;
        if (virtual) {
            boolean enables = (flags & Flags.IF) != 0;
            if ((flags & Flags.TF) != 0 || enables && (cpu.systemFlags & Flags.VIP) != 0) {
                throw cpu.protection(0);
            }
            flags |= enables ? Flags.VIF : 0;
            mask |= Flags.VIF;
        } else if (cpu.cpl <= iopl(cpu)) {
            mask |= Flags.IF;
        }
        if (cpu.cpl == 0) {
            mask |= Flags.IOPL;
        }
        cpu.setStackPointer(cpu.r[Cpu.RSP] + size);
        cpu.rflags(flags, mask);
    }
}
