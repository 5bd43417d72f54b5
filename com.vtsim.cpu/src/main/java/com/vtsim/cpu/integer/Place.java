package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * A general register or memory operand of 1 to 8 bytes, for instructions that are too rare to have a class for each form.
 * A read followed by a write goes {@link #open}, {@link #load}, {@link #store}, so that a fault comes before any change.
 */
final class Place {
    /** Memory, or null for a register. */
    final MemoryRef memory;
    /** Bytes: 1, 2, 4 or 8. */
    final int size;
    /** Bits. */
    final int bits;
    private final int register;
    private final int shift;

    private Place(MemoryRef memory, int register, int shift, int size) {
        this.memory = memory;
        this.register = register;
        this.shift = shift;
        this.size = size;
        this.bits = size * 8;
    }

    /** @return the instruction's n-th operand */
    static Place of(Instruction instruction, int index, Translation at) {
        if (instruction.operand(index) instanceof Operand.Memory m) {
            return new Place(at.memory(m), 0, 0, m.size());
        }
        Operand.Register r = (Operand.Register) instruction.operand(index);
        return new Place(null, r.number(), shift(r), r.size());
    }

    /** @return where a register's bits begin: 8 for AH, CH, DH and BH */
    static int shift(Operand.Register register) {
        return register.highByte() ? 8 : 0;
    }

    /** @return all bits of a datum of 1, 2, 4 or 8 bytes */
    static long mask(int size) {
        return -1L >>> 64 - 8 * size;
    }

    /** @return the low {@code bits} bits of a value, sign-extended */
    static long signed(long value, int bits) {
        return value << 64 - bits >> 64 - bits;
    }

    /** @return a register's low {@code size} bytes (2, 4 or 8), zero-extended */
    static long get(Cpu cpu, int register, int size) {
        return cpu.r[register] & mask(size);
    }

    /** Sets a register's low 2, 4 (clearing bits 63:32) or 8 bytes. */
    static void set(Cpu cpu, int register, int size, long value) {
        if (size == 2) {
            cpu.set16(register, (int) value);
        } else {
            cpu.r[register] = size == 4 ? value & 0xFFFF_FFFFL : value;
        }
    }

    /** @return the value, zero-extended */
    long read(Cpu cpu) {
        if (memory != null) {
            return cpu.memory.load(memory.readable(cpu, size), memory.segment, size);
        }
        return cpu.r[register] >>> shift & mask(size);
    }

    /** @return the value, sign-extended */
    long readSigned(Cpu cpu) {
        return signed(read(cpu), bits);
    }

    /** Sets the value without reading it. */
    void write(Cpu cpu, long value) {
        if (memory != null) {
            cpu.memory.store(memory.writable(cpu, size), memory.segment, value, size);
        } else {
            setRegister(cpu, value);
        }
    }

    /** @return linear address for a read followed by a write; of no meaning for a register */
    long open(Cpu cpu) {
        return memory != null ? memory.writable(cpu, size) : 0;
    }

    /** @return the value, zero-extended, after every fault that storing would raise */
    long load(Cpu cpu, long at) {
        if (memory != null) {
            return cpu.memory.loadForWrite(at, memory.segment, size);
        }
        return cpu.r[register] >>> shift & mask(size);
    }

    /** Sets the value; {@code at} is what {@link #open} gave. */
    void store(Cpu cpu, long at, long value) {
        if (memory != null) {
            cpu.memory.store(at, memory.segment, value, size);
        } else {
            setRegister(cpu, value);
        }
    }

    private void setRegister(Cpu cpu, long value) {
        if (size == 1) {
            cpu.setByte(register, shift, (int) value);
        } else {
            set(cpu, register, size, value);
        }
    }
}
