package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Instruction;

/** Makes the operation for one decoded instruction; the opcode table's mnemonic selects the factory. */
@FunctionalInterface
public interface OperationFactory {
    /**
     * @param instruction what was decoded
     * @param at          where and in which mode
     * @return the operation, or null if this form raises #UD in this mode
     */
    Operation create(Instruction instruction, Translation at);
}
