package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Relative;

/** Whether two instructions do the same, however they are encoded. */
final class Same {

    private Same() { }

    /** Same name, operands and attributes; what may differ is the encoding's length and with it where a displacement counts from. */
    static boolean same(Instruction a, Instruction b) {
        if (!a.mnemonic().equals(b.mnemonic()) || a.operands().size() != b.operands().size() || a.lock() != b.lock()
                || a.repeat() != b.repeat() || a.vectorLength() != b.vectorLength()) {
            return false;
        }
        Row row = OpcodeTable.instance().rows().get(a.form().index());
        int usual = a.codeSize() == 16 ? 2 : 4;
        if (row.distinguishes(2, usual) && row.distinguishes(4, 2) && a.operandSize() != b.operandSize() && row.sizedWithoutOperand
                && !(a.mnemonic().startsWith("SYS") && a.operandSize() < 8 && b.operandSize() < 8)) {
            return false;
        }
        boolean implied = row.operands.length > row.explicit;
        if (implied && (a.segmentOverride() != b.segmentOverride() || a.addressSize() != b.addressSize())) {
            return false;
        }
        boolean straight = true;
        boolean crossed = a.operands().size() == 2 && (a.mnemonic().equals("XCHG") || a.mnemonic().equals("TEST"));
        for (int i = 0; i < a.operands().size(); i++) {
            straight &= same(a, a.operand(i), b, b.operand(i));
            crossed = crossed && same(a, a.operand(i), b, b.operand(1 - i));
        }
        return straight || crossed;
    }

    private static boolean same(Instruction a, Operand one, Instruction b, Operand other) {
        if (one instanceof Relative first && other instanceof Relative second) {
            long mask = a.operandSize() == 2 ? 0xFFFF : a.operandSize() == 4 ? 0xFFFF_FFFFL : -1;
            return (first.displacement() + a.length() - second.displacement() - b.length() & mask) == 0;
        }
        // ds:0x1234 does not say how wide the address is; it is the same place.
        if (one instanceof Memory first && other instanceof Memory second && first.base() == Memory.NONE && first.index() == Memory.NONE) {
            long mask = Math.max(first.addressSize(), second.addressSize()) == 8 ? -1 : 0xFFFF_FFFFL;
            mask = first.addressSize() == 2 && second.addressSize() == 2 ? 0xFFFF : mask;
            return second.base() == Memory.NONE && second.index() == Memory.NONE && first.segment() == second.segment()
                    && first.size() == second.size() && place(first, mask) == place(second, mask);
        }
        return one.equals(other);
    }

    private static long place(Memory memory, long mask) {
        long width = memory.addressSize() == 8 ? -1 : (1L << memory.addressSize() * 8) - 1;
        return memory.displacement() & width & mask;
    }
}
