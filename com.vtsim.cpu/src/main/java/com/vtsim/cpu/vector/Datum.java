package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Operand;

/** An operand of 8 bytes or less: memory, a general register, an MMX register or the lowest part of a vector register. */
final class Datum {
    private static final int MEMORY = 0, GENERAL = 1, MMX = 2, VECTOR = 3;

    private final int kind;
    private final MemoryRef memory;
    private final int number;
    private final int size;

    private Datum(int kind, MemoryRef memory, int number, int size) {
        this.kind = kind;
        this.memory = memory;
        this.number = number;
        this.size = size;
    }

    static Datum of(Operand operand, Translation at) {
        if (operand instanceof Operand.Memory m) {
            return new Datum(MEMORY, at.memory(m), 0, m.size());
        }
        Operand.Register r = (Operand.Register) operand;
        return switch (r.file()) {
            case GENERAL -> new Datum(GENERAL, null, r.number(), r.size());
            case MMX -> new Datum(MMX, null, r.number(), 8);
            default -> new Datum(VECTOR, null, FloatingState.LONGS * r.number(), 8);
        };
    }

    boolean inMemory() {
        return kind == MEMORY;
    }

    boolean inMmx() {
        return kind == MMX;
    }

    /** @return the datum, zero-extended */
    long read(Cpu cpu) {
        return switch (kind) {
            case MEMORY -> cpu.memory.load(memory.readable(cpu, size), memory.segment, size);
            case GENERAL -> size == 4 ? cpu.r[number] & 0xFFFF_FFFFL : cpu.r[number];
            case MMX -> cpu.floating.significand[number];
            default -> cpu.floating.vector[number];
        };
    }

    /** Stores the low bytes; a general register's upper half and a vector register's upper bits to 128 become 0. */
    void write(Cpu cpu, long value) {
        switch (kind) {
            case MEMORY -> cpu.memory.store(memory.writable(cpu, size), memory.segment, value, size);
            case GENERAL -> cpu.r[number] = size == 8 ? value : value & 0xFFFF_FFFFL;
            case MMX -> Mmx.set(cpu.floating, number, value);
            default -> {
                cpu.floating.vector[number] = value;
                cpu.floating.vector[number + 1] = 0;
            }
        }
    }

    /** As {@link #write} by a VEX instruction: bits above 128 of a vector register become 0 too. */
    void writeVex(Cpu cpu, long value) {
        write(cpu, value);
        if (kind == VECTOR) {
            cpu.floating.vector[number + 2] = 0;
            cpu.floating.vector[number + 3] = 0;
        }
    }
}
