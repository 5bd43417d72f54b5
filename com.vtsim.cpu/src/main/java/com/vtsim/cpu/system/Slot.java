package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** A general register or memory operand of 2, 4 or 8 bytes. */
final class Slot {
    /** Bytes. */
    final int size;
    private final MemoryRef memory;
    private final int register;

    private Slot(MemoryRef memory, int register, int size) {
        this.memory = memory;
        this.register = register;
        this.size = size;
    }

    /** @return the instruction's n-th operand */
    static Slot of(Instruction instruction, int index, Translation at) {
        Operand operand = instruction.operand(index);
        if (operand instanceof Operand.Memory m) {
            return new Slot(at.memory(m), 0, m.size());
        }
        Operand.Register r = (Operand.Register) operand;
        return new Slot(null, r.number(), r.size());
    }

    /** @return whether it is a register */
    boolean isRegister() {
        return memory == null;
    }

    /** @return the value, zero-extended */
    long read(Cpu cpu) {
        if (memory != null) {
            return cpu.memory.load(memory.readable(cpu, size), memory.segment, size);
        }
        return size == 8 ? cpu.r[register] : cpu.r[register] & (1L << 8 * size) - 1;
    }

    /** @return the low 16 bits */
    int read16(Cpu cpu) {
        return (int) read(cpu) & 0xFFFF;
    }

    /** Sets the value. */
    void write(Cpu cpu, long value) {
        if (memory != null) {
            cpu.memory.store(memory.writable(cpu, size), memory.segment, value, size);
        } else if (size == 2) {
            cpu.set16(register, (int) value);
        } else {
            cpu.r[register] = size == 4 ? value & 0xFFFF_FFFFL : value;
        }
    }
}
