package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Instruction;

/** Makes classes of blocks of 64-bit code that are executed often. */
public interface BlockCompiler {
    /**
     * @param instructions in order
     * @param operations   what the interpreter executes for each
     * @param starts       offset of each from the block's first byte
     * @param length       bytes of the block
     * @return the block as a class, or null to leave it to the interpreter
     */
    CompiledBlock compile(Instruction[] instructions, Operation[] operations, short[] starts, int length);
}
