package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** BOUND. @sdm BOUND—Check Array Index Against Bounds */
final class Bound {
    private Bound() { }

    static Operation create(Instruction instruction, Translation at) {
        int register = ((Operand.Register) instruction.operand(0)).number();
        int size = instruction.operandSize();
        MemoryRef lower = at.memory(instruction, 1);
        MemoryRef upper = lower.plus(size);
        return Action.of(cpu -> {
            long index = Place.signed(cpu.r[register], size * 8);
            long low = load(cpu, lower, size);
            // The upper bound is not read where the lower is missed.
            if (index < low || index > load(cpu, upper, size)) {
                throw cpu.fault(5, GuestFault.NO_CODE);
            }
        });
    }

    private static long load(Cpu cpu, MemoryRef memory, int size) {
        return Place.signed(cpu.memory.load(memory.readable(cpu, size), memory.segment, size), size * 8);
    }
}
