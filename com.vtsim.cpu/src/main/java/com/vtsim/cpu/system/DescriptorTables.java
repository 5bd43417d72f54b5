package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Descriptor;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Loads and stores of GDTR, IDTR, LDTR and TR.
 *
 * @sdm LGDT/LIDT; SGDT; SIDT; LLDT; SLDT; LTR; STR
 */
final class DescriptorTables {
    private DescriptorTables() { }

    static void define(Semantics s) {
        s.define("LGDT", (instruction, at) -> load(instruction, at, true));
        s.define("LIDT", (instruction, at) -> load(instruction, at, false));
        s.define("SGDT", (instruction, at) -> store(instruction, at, true));
        s.define("SIDT", (instruction, at) -> store(instruction, at, false));
        s.define("SLDT", Effect.protectedOnly((instruction, at) -> {
            Slot to = Slot.of(instruction, 0, at);
            return Effect.plain(cpu -> {
                checkUserPrevention(cpu);
                to.write(cpu, cpu.segments.ldtSelector);
            });
        }));
        s.define("STR", Effect.protectedOnly((instruction, at) -> {
            Slot to = Slot.of(instruction, 0, at);
            return Effect.plain(cpu -> {
                checkUserPrevention(cpu);
                to.write(cpu, cpu.segments.taskSelector);
            });
        }));
        s.define("LLDT", Effect.protectedOnly((instruction, at) -> {
            Slot from = Slot.of(instruction, 0, at);
            return Effect.last(Effect.privileged(cpu -> loadLdt(cpu, from.read16(cpu))));
        }));
        s.define("LTR", Effect.protectedOnly((instruction, at) -> {
            Slot from = Slot.of(instruction, 0, at);
            return Effect.last(Effect.privileged(cpu -> loadTask(cpu, from.read16(cpu))));
        }));
    }

    /** CR4.UMIP: user programs may not look. */
    static void checkUserPrevention(Cpu cpu) {
        if ((cpu.system.cr4 & SystemState.CR4_UMIP) != 0 && cpu.cpl != 0) {
            throw cpu.protection(0);
        }
    }

    private static Operation load(Instruction instruction, Translation at, boolean global) {
        MemoryRef limit = at.memory(instruction, 0);
        MemoryRef base = limit.plus(2);
        boolean wide = at.code64();
        // A 16-bit operand size loads 24 bits of the base.
        long mask = wide ? -1L : instruction.operandSize() == 2 ? 0xFF_FFFFL : 0xFFFF_FFFFL;
        return Effect.last(Effect.privileged(cpu -> {
            int bytes = limit.load16(cpu);
            long linear = wide ? base.load64(cpu) : base.load32(cpu) & mask;
            if (wide && !cpu.memory.paging().canonical(linear)) {
                throw cpu.protection(0);
            }
            if (global) {
                cpu.segments.gdtBase = linear;
                cpu.segments.gdtLimit = bytes;
            } else {
                cpu.segments.idtBase = linear;
                cpu.segments.idtLimit = bytes;
            }
        }));
    }

    private static Operation store(Instruction instruction, Translation at, boolean global) {
        MemoryRef limit = at.memory(instruction, 0);
        MemoryRef base = limit.plus(2);
        boolean wide = at.code64();
        return Effect.plain(cpu -> {
            checkUserPrevention(cpu);
            Segments s = cpu.segments;
            long linear = global ? s.gdtBase : s.idtBase;
            int size = wide ? 8 : 4;
            long second = base.writable(cpu, size);
            cpu.memory.probeWrite(second, base.segment, size);
            limit.store16(cpu, global ? s.gdtLimit : s.idtLimit);
            cpu.memory.store(second, base.segment, linear, size);
        });
    }

    /** Finds a system descriptor in the GDT: #GP with the selector where there is none. */
    private static Descriptor find(Cpu cpu, int selector) {
        Descriptor d = new Descriptor();
        if ((selector & 4) != 0) {
            throw cpu.protection(selector & 0xFFFC);
        }
        cpu.segments.fetchOrFault(selector, d);
        return d;
    }

    private static void checkPresent(Cpu cpu, Descriptor d) {
        if (!d.present()) {
            throw cpu.fault(11, d.selector & 0xFFFC);
        }
    }

    private static void checkCanonical(Cpu cpu, Descriptor d) {
        if (cpu.system.longMode() && !cpu.memory.paging().canonical(d.base())) {
            throw cpu.protection(d.selector & 0xFFFC);
        }
    }

    private static void loadLdt(Cpu cpu, int selector) {
        Segments s = cpu.segments;
        if (Segments.isNull(selector)) {
            s.ldtSelector = selector;
            s.ldtAccess |= Segments.UNUSABLE;
            return;
        }
        Descriptor d = find(cpu, selector);
        if (!d.system() || d.type() != Descriptor.LDT) {
            throw cpu.protection(selector & 0xFFFC);
        }
        s.fetchUpper(d);
        checkPresent(cpu, d);
        checkCanonical(cpu, d);
        s.ldtSelector = selector;
        s.ldtBase = d.base();
        s.ldtLimit = d.limit();
        s.ldtAccess = d.access();
    }

    private static void loadTask(Cpu cpu, int selector) {
        Segments s = cpu.segments;
        if (Segments.isNull(selector)) {
            throw cpu.protection(0);
        }
        Descriptor d = find(cpu, selector);
        boolean available = d.type() == Descriptor.TSS32 || d.type() == Descriptor.TSS16 && !cpu.system.longMode();
        if (!d.system() || !available) {
            throw cpu.protection(selector & 0xFFFC);
        }
        s.fetchUpper(d);
        checkPresent(cpu, d);
        checkCanonical(cpu, d);
        cpu.memory.storeSystem(d.address + 5, d.high >> 8 & 0xFF | 2, 1);
        s.taskSelector = selector;
        s.taskBase = d.base();
        s.taskLimit = d.limit();
        s.taskAccess = d.access() | 2;
    }
}
