package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Descriptor;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MachineChecks;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Instructions by which programs check selectors.
 *
 * @sdm LAR; LSL; VERR/VERW; ARPL; Pointer Validation
 */
final class SelectorChecks {
    private SelectorChecks() { }

    static void define(Semantics s) {
        s.define("LAR", Effect.protectedOnly((instruction, at) -> query(instruction, at, false)));
        s.define("LSL", Effect.protectedOnly((instruction, at) -> query(instruction, at, true)));
        s.define("VERR", Effect.protectedOnly((instruction, at) -> verify(instruction, at, false)));
        s.define("VERW", Effect.protectedOnly((instruction, at) -> verify(instruction, at, true)));
        s.define("ARPL", Effect.protectedOnly(SelectorChecks::adjust));
    }

    private static void zf(Cpu cpu, boolean set) {
        cpu.arithmeticFlags(cpu.arithmeticFlags() & ~Flags.ZF | (set ? Flags.ZF : 0));
    }

    /** @return the descriptor if the selector is not null and in its table, and its privilege lets the program see it */
    private static Descriptor visible(Cpu cpu, int selector) {
        Descriptor d = new Descriptor();
        if (Segments.isNull(selector) || !cpu.segments.fetch(selector, d)) {
            return null;
        }
        boolean allowed = d.conforming() || d.dpl() >= cpu.cpl && d.dpl() >= (selector & 3);
        return allowed ? d : null;
    }

    private static Operation query(Instruction instruction, Translation at, boolean limit) {
        int register = ((Operand.Register) instruction.operand(0)).number();
        int size = instruction.operandSize();
        Slot from = Slot.of(instruction, 1, at);
        return Effect.plain(cpu -> {
            Descriptor d = visible(cpu, from.read16(cpu));
            boolean found = d != null && (!d.system() || systemType(cpu, d, limit));
            if (found && d.system()) {
                found = upperIsThere(cpu, d);
            }
            if (found) {
                long value = limit ? d.limit() : d.high & 0x00FF_FF00;
                if (size == 2) {
                    cpu.set16(register, (int) value);
                } else {
                    cpu.r[register] = value;
                }
            }
            zf(cpu, found);
        });
    }

    private static boolean systemType(Cpu cpu, Descriptor d, boolean limit) {
        boolean longMode = (cpu.mode & Mode.LONG) != 0;
        return switch (d.type()) {
            case Descriptor.LDT, Descriptor.TSS32, Descriptor.BUSY_TSS32 -> true;
            case Descriptor.TSS16, Descriptor.BUSY_TSS16 -> !longMode;
            case Descriptor.CALL_GATE32 -> !limit;
            case Descriptor.CALL_GATE16, Descriptor.TASK_GATE -> !limit && !longMode;
            default -> false;
        };
    }

    /** In IA-32e mode a system descriptor has 16 bytes, which have to lie in the table and be well-formed. */
    private static boolean upperIsThere(Cpu cpu, Descriptor d) {
        try {
            cpu.segments.fetchUpper(d);
            return true;
        } catch (GuestFault fault) {
            if (fault.vector == 14 || fault.vector == MachineChecks.VECTOR || fault.vector == GuestFault.VM_EXIT) {
                throw fault;
            }
            return false;
        }
    }

    private static Operation verify(Instruction instruction, Translation at, boolean write) {
        Slot from = Slot.of(instruction, 0, at);
        return Effect.plain(cpu -> {
            Descriptor d = visible(cpu, from.read16(cpu));
            zf(cpu, d != null && (write ? d.writableData() : d.readable()));
        });
    }

    private static Operation adjust(Instruction instruction, Translation at) {
        Slot to = Slot.of(instruction, 0, at);
        Slot from = Slot.of(instruction, 1, at);
        return Effect.plain(cpu -> {
            int destination = to.read16(cpu);
            int level = from.read16(cpu) & 3;
            boolean lower = (destination & 3) < level;
            if (lower) {
                to.write(cpu, destination & ~3 | level);
            }
            zf(cpu, lower);
        });
    }
}
