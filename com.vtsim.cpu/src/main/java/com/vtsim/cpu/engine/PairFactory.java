package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Instruction;

/**
 * Makes one operation of the last two instructions of a block, which then cost one dispatch. The first must neither fault nor
 * touch memory nor leave the block; before the second can fault it calls {@link Execution#secondOfPair}.
 */
@FunctionalInterface
public interface PairFactory {
    /** @return the operation, or null if these two stay apart */
    Operation create(Instruction first, Instruction second, Translation atSecond);
}
