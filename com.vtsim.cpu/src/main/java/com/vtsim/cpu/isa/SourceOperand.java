package com.vtsim.cpu.isa;

import java.util.List;

/** An operand as written in a source line, its expressions not yet evaluated. */
sealed interface SourceOperand {

    /** @return 1-based column it starts at */
    int column();

    record OfRegister(Operand.Register register, int column) implements SourceOperand { }

    /**
     * @param size  bytes from a size keyword, or 0
     * @param reach SHORT, NEAR or nothing, for branches
     */
    record OfValue(Expression value, int size, Reach reach, int column) implements SourceOperand { }

    record OfFarPointer(Expression selector, Expression offset, int size, int column) implements SourceOperand { }

    /**
     * @param segment      override, ES 0 … GS 5, or -1
     * @param registers    the address's registers with their scales, 0 where none was written
     * @param displacement or null
     * @param literal      the displacement is written relative to RIP already
     * @param relative     to be encoded relative to RIP
     * @param size         bytes from a size keyword, or -1
     * @param far          FAR was written
     */
    record OfMemory(int segment, List<Scaled> registers, Expression displacement, boolean literal, boolean relative, int size, boolean far,
            int column) implements SourceOperand { }

    record Scaled(Operand.Register register, int scale) { }

    /** How far a branch may reach. */
    enum Reach { ANY, SHORT, NEAR }
}
