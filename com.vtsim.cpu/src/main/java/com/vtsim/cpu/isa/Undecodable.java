package com.vtsim.cpu.isa;

/** Why bytes are not an instruction. */
public enum Undecodable implements Decoded {
    /** No row of the opcode table fits, or LOCK, VEX or a register field is used where it is not allowed: #UD. */
    UNDEFINED,
    /** Longer than 15 bytes: #GP(0). @sdm Instruction Format, and General-Protection Exception (#GP) */
    TOO_LONG
}
