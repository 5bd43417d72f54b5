package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.isa.Operand;

/**
 * System calls that go through model-specific registers, and the instructions on FS and GS bases.
 *
 * @sdm SYSCALL—Fast System Call; SYSRET; SYSENTER—Fast System Call; SYSEXIT; SWAPGS; RDFSBASE/RDGSBASE; WRFSBASE/WRGSBASE
 */
final class FastCalls {
    private static final int SEGMENT = Segments.PRESENT | Segments.NON_SYSTEM | Segments.WRITABLE | Segments.ACCESSED | Segments.GRANULARITY;
    private static final int STACK = SEGMENT | Segments.BIG;
    private static final int CODE32 = SEGMENT | Segments.CODE | Segments.BIG;
    private static final int CODE64 = SEGMENT | Segments.CODE | Segments.LONG_CODE;
    private static final int USER = 3 << 5;

    private FastCalls() { }

    static void define(Semantics s) {
        s.define("SYSCALL", (instruction, at) -> Effect.last(FastCalls::call));
        s.define("SYSRET", (instruction, at) -> {
            boolean wide = instruction.operandSize() == 8;
            return Effect.last(cpu -> back(cpu, wide));
        });
        s.define("SYSENTER", (instruction, at) -> !at.is(Mode.PROTECTED)
            ? Effect.last(cpu -> {
                throw cpu.protection(0);
            })
            : Effect.last(FastCalls::enter));
        s.define("SYSEXIT", (instruction, at) -> {
            boolean wide = instruction.operandSize() == 8;
            return Effect.last(cpu -> exit(cpu, wide));
        });
        s.define("SWAPGS", (instruction, at) -> Effect.plain(Effect.privileged(cpu -> cpu.msrs.swapGs())));
        base(s, "FS", Cpu.FS);
        base(s, "GS", Cpu.GS);
    }

    private static void base(Semantics s, String name, int segment) {
        s.define("RD" + name + "BASE", (instruction, at) -> {
            Slot to = Slot.of(instruction, 0, at);
            return Effect.plain(cpu -> {
                checkBaseInstructions(cpu);
                to.write(cpu, cpu.segments.base[segment]);
            });
        });
        s.define("WR" + name + "BASE", (instruction, at) -> {
            Operand.Register from = (Operand.Register) instruction.operand(0);
            return Effect.plain(cpu -> {
                checkBaseInstructions(cpu);
                long value = from.size() == 8 ? cpu.r[from.number()] : cpu.r[from.number()] & 0xFFFF_FFFFL;
                if (!cpu.memory.paging().canonical(value)) {
                    throw cpu.protection(0);
                }
                cpu.segments.setBase(segment, value);
            });
        });
    }

    private static void checkBaseInstructions(Cpu cpu) {
        if ((cpu.system.cr4 & SystemState.CR4_FSGSBASE) == 0) {
            throw cpu.undefined();
        }
    }

    private static void flat(Cpu cpu, int segment, int selector, int access) {
        cpu.segments.selector[segment] = selector & 0xFFFF;
        cpu.segments.base[segment] = 0;
        cpu.segments.limit[segment] = 0xFFFF_FFFFL;
        cpu.segments.access[segment] = access;
    }

    private static void call(Cpu cpu) {
        if ((cpu.system.efer & SystemState.EFER_SCE) == 0) {
            throw cpu.undefined();
        }
        cpu.r[Cpu.RCX] = cpu.next;
        cpu.r[11] = cpu.rflags() & ~Flags.RF;
        int selector = (int) (cpu.msrs.star() >>> 32) & 0xFFFC;
        flat(cpu, Cpu.CS, selector, CODE64);
        flat(cpu, Cpu.SS, selector + 8, STACK);
        cpu.cpl = 0;
        cpu.next = cpu.msrs.lstar();
        cpu.rflags(0, cpu.msrs.fmask() | Flags.RF);
        cpu.segments.modeChanged();
    }

    private static void back(Cpu cpu, boolean wide) {
        if ((cpu.system.efer & SystemState.EFER_SCE) == 0) {
            throw cpu.undefined();
        }
        long target = cpu.r[Cpu.RCX];
        if (cpu.cpl != 0 || wide && !cpu.memory.paging().canonical(target)) {
            throw cpu.protection(0);
        }
        int selector = (int) (cpu.msrs.star() >>> 48);
        flat(cpu, Cpu.CS, (wide ? selector + 16 : selector) | 3, (wide ? CODE64 : CODE32) | USER);
        flat(cpu, Cpu.SS, selector + 8 | 3, STACK | USER);
        cpu.cpl = 3;
        cpu.next = wide ? target : target & 0xFFFF_FFFFL;
        int defined = Flags.ARITHMETIC | Flags.TF | Flags.IF | Flags.DF | Flags.IOPL | Flags.NT | Flags.AC | Flags.VIF | Flags.VIP | Flags.ID;
        cpu.rflags(cpu.r[11] & defined, defined | Flags.RF);
        cpu.segments.modeChanged();
    }

    private static void enter(Cpu cpu) {
        int selector = (int) cpu.msrs.sysenterCs() & 0xFFFC;
        if (selector == 0) {
            throw cpu.protection(0);
        }
        boolean longMode = (cpu.mode & Mode.LONG) != 0;
        cpu.rflags(0, Flags.VM | Flags.IF | Flags.RF);
        long pointer = cpu.msrs.sysenterEsp();
        long target = cpu.msrs.sysenterEip();
        flat(cpu, Cpu.CS, selector, longMode ? CODE64 : CODE32);
        flat(cpu, Cpu.SS, selector + 8, STACK);
        cpu.cpl = 0;
        cpu.segments.modeChanged();
        cpu.r[Cpu.RSP] = longMode ? pointer : pointer & 0xFFFF_FFFFL;
        cpu.next = longMode ? target : target & 0xFFFF_FFFFL;
    }

    private static void exit(Cpu cpu, boolean wide) {
        int selector = (int) cpu.msrs.sysenterCs() & 0xFFFC;
        boolean protectedMode = (cpu.mode & (Mode.PROTECTED | Mode.V86)) == Mode.PROTECTED;
        if (selector == 0 || !protectedMode || cpu.cpl != 0) {
            throw cpu.protection(0);
        }
        long target = cpu.r[Cpu.RDX];
        long pointer = cpu.r[Cpu.RCX];
        if (wide && !(cpu.memory.paging().canonical(target) && cpu.memory.paging().canonical(pointer))) {
            throw cpu.protection(0);
        }
        flat(cpu, Cpu.CS, selector + (wide ? 32 : 16) | 3, (wide ? CODE64 : CODE32) | USER);
        flat(cpu, Cpu.SS, selector + (wide ? 40 : 24) | 3, STACK | USER);
        cpu.cpl = 3;
        cpu.segments.modeChanged();
        cpu.r[Cpu.RSP] = wide ? pointer : pointer & 0xFFFF_FFFFL;
        cpu.next = wide ? target : target & 0xFFFF_FFFFL;
    }
}
