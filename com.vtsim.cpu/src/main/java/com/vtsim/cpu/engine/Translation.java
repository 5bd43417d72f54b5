package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Where an instruction stands in its block, and the mode it was decoded for.
 *
 * @param key   {@link Mode}
 * @param start offset in bytes of the instruction from the block's first
 * @param end   offset of the following instruction
 */
public record Translation(int key, int start, int end) {

    /** @return whether it executes in 64-bit mode */
    public boolean code64() {
        return (key & Mode.SIZE_MASK) == 2;
    }

    /** @return bytes of the stack pointer: 2, 4 or 8 */
    public int stackSize() {
        return code64() ? 8 : (key & Mode.STACK32) != 0 ? 4 : 2;
    }

    /** @return all bits of an instruction pointer in this mode: FFFFh, FFFF_FFFFh or all ones, by code-segment size */
    public long ipMask() {
        return code64() ? -1L : (key & Mode.SIZE_MASK) == 1 ? 0xFFFF_FFFFL : 0xFFFFL;
    }

    /** @return whether a {@link Mode} bit is set */
    public boolean is(int bit) {
        return (key & bit) != 0;
    }

    /** @return a memory operand made ready for execution */
    public MemoryRef memory(Operand.Memory operand) {
        return new MemoryRef(operand, this);
    }

    /** @return the instruction's n-th operand as memory made ready for execution */
    public MemoryRef memory(Instruction instruction, int index) {
        return new MemoryRef((Operand.Memory) instruction.operand(index), this);
    }
}
