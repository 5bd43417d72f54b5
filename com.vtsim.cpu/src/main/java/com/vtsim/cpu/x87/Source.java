package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Format of a number in memory. */
enum Source {
    /** binary32. */
    SINGLE,
    /** binary64. */
    DOUBLE,
    /** 16-bit integer. */
    WORD,
    /** 32-bit integer. */
    DWORD,
    /** 64-bit integer. */
    QWORD;

    static Source real(Instruction i) {
        return ((Operand.Memory) i.operand(0)).size() == 4 ? SINGLE : DOUBLE;
    }

    static Source integer(Instruction i) {
        int size = ((Operand.Memory) i.operand(0)).size();
        return size == 2 ? WORD : size == 4 ? DWORD : QWORD;
    }

    /** @return bytes */
    int size() {
        return this == WORD ? 2 : this == SINGLE || this == DWORD ? 4 : 8;
    }

    /** @return the datum; integers sign-extended */
    long load(Cpu cpu, MemoryRef memory) {
        return switch (this) {
            case WORD -> (short) memory.load16(cpu);
            case SINGLE, DWORD -> memory.load32(cpu);
            default -> memory.load64(cpu);
        };
    }

    void unpack(long bits, Unpacked into) {
        switch (this) {
            case SINGLE -> into.single((int) bits);
            case DOUBLE -> into.doubleBits(bits);
            default -> into.finite(bits < 0, 63, Math.abs(bits));
        }
    }
}
