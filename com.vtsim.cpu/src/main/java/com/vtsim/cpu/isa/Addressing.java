package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Memory;

/**
 * The eight base and index pairs of 16-bit addresses.
 *
 * @sdm Addressing-Mode Encoding of ModR/M and SIB Bytes, 16-Bit Addressing Forms
 */
final class Addressing {
    private static final int BX = 3;
    private static final int BP = 5;
    private static final int SI = 6;
    private static final int DI = 7;
    /** Base by r/m; BP alone is r/m 6 with a displacement. */
    static final int[] BASE_16 = {BX, BX, BP, BP, SI, DI, BP, BX};
    /** Index by r/m. */
    static final int[] INDEX_16 = {SI, DI, SI, DI, Memory.NONE, Memory.NONE, Memory.NONE, Memory.NONE};

    private Addressing() { }

    /** @return the r/m field of a 16-bit base and index, or -1 where there is none */
    static int rm16(int base, int index) {
        for (int rm = 0; rm < 8; rm++) {
            if (BASE_16[rm] == base && INDEX_16[rm] == index) {
                return rm;
            }
        }
        return -1;
    }

    /** @return whether a ModRM byte can say the reference */
    static boolean encodable(Memory memory, boolean vsib) {
        long displacement = memory.displacement();
        if (memory.addressSize() == 2) {
            boolean alone = memory.base() == Memory.NONE && memory.index() == Memory.NONE;
            return memory.scale() == 1 && displacement == (short) displacement && (alone || rm16(memory.base(), memory.index()) >= 0);
        }
        return displacement == (int) displacement && (vsib || memory.index() != 4)
                && (memory.base() != Memory.RIP || memory.index() == Memory.NONE);
    }
}
