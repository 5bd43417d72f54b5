package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Operand;

/** A source operand: a vector register where it stands, or memory, which is read into {@link FloatingState#OPERAND}. */
final class Source {
    /** Null for a register. */
    final MemoryRef memory;
    /** Bytes of the datum in memory. */
    final int size;
    private final int index;
    private final int alignment;

    private Source(MemoryRef memory, int index, int size, int alignment) {
        this.memory = memory;
        this.index = index;
        this.size = size;
        this.alignment = alignment;
    }

    /** @param alignment bytes memory has to be aligned to: 1 for no condition */
    static Source of(Operand operand, Translation at, int alignment) {
        if (operand instanceof Operand.Memory m) {
            return new Source(at.memory(m), 0, m.size(), alignment - 1);
        }
        Operand.Register r = (Operand.Register) operand;
        return new Source(null, FloatingState.LONGS * r.number(), r.size(), 0);
    }

    /** @return index in {@link FloatingState#vector} of the datum's lowest long; a datum of less than 8 bytes in memory is zero-extended */
    int at(Cpu cpu) {
        if (memory == null) {
            return index;
        }
        load(cpu);
        return FloatingState.OPERAND;
    }

    private void load(Cpu cpu) {
        long[] v = cpu.floating.vector;
        long linear = memory.readable(cpu, size);
        if ((linear & alignment) != 0) {
            throw cpu.protection(0);
        }
        int segment = memory.segment;
        if (size < 8) {
            v[FloatingState.OPERAND] = cpu.memory.load(linear, segment, size);
            return;
        }
        for (int i = 0; i < size; i += 8) {
            v[FloatingState.OPERAND + (i >> 3)] = cpu.memory.load64(linear + i, segment);
        }
    }

    /** @return the lowest 8 bytes, or the zero-extended smaller datum */
    long low(Cpu cpu) {
        if (memory == null) {
            return cpu.floating.vector[index];
        }
        return cpu.memory.load(memory.readable(cpu, size), memory.segment, size);
    }
}
