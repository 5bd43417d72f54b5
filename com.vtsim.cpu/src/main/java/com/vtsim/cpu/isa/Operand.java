package com.vtsim.cpu.isa;

/**
 * One operand of a decoded instruction, in the order Intel syntax writes them (destination first).
 * Sizes are bytes; register numbers are the architectural encodings.
 */
public sealed interface Operand {

    /** @return width of the datum in bytes (1, 2, 4, 6, 8, 10, 16, 32, …); 0 where the form defines none (LEA, INVLPG) */
    int size();

    /** The register files an operand can name. */
    enum RegisterFile {
        /** AL…R15B, AX…R15W, EAX…R15D, RAX…R15 by size; with size 1 and no REX, 4–7 name AH, CH, DH, BH: see {@link Register#highByte}. */
        GENERAL,
        /** ES 0, CS 1, SS 2, DS 3, FS 4, GS 5. */
        SEGMENT,
        /** CR0–CR15. */
        CONTROL,
        /** DR0–DR15. */
        DEBUG,
        /** ST(0)–ST(7). */
        X87,
        /** MM0–MM7. */
        MMX,
        /** XMM0–15 and YMM0–15 by size. */
        VECTOR
    }

    /**
     * A register.
     *
     * @param file     which register file
     * @param number   0–15; for a high-byte register the number of the register it is part of (AH = 0, CH = 1, DH = 2, BH = 3)
     * @param size     bytes
     * @param highByte whether it is AH, CH, DH or BH
     */
    record Register(RegisterFile file, int number, int size, boolean highByte) implements Operand { }

    /**
     * A memory reference.
     *
     * @param segment      the segment register used, override included: ES 0 … GS 5
     * @param base         general register number, {@link #NONE}, or {@link #RIP} (displacement is then from the next instruction)
     * @param index        general register number or {@link #NONE}; for VSIB the vector register's number
     * @param scale        1, 2, 4 or 8
     * @param displacement sign-extended
     * @param addressSize  2, 4 or 8 bytes: the sum is truncated to it
     * @param size         bytes of the datum
     */
    record Memory(int segment, int base, int index, int scale, long displacement, int addressSize, int size) implements Operand {
        /** No base or no index register. */
        public static final int NONE = -1;
        /** Base is the instruction pointer of the next instruction (64-bit mode). */
        public static final int RIP = 16;
    }

    /**
     * An immediate.
     *
     * @param value sign- or zero-extended to 64 bits as the form's operation uses it
     * @param size  bytes of the operation's datum, not of the encoding
     */
    record Immediate(long value, int size) implements Operand { }

    /**
     * A branch target relative to the next instruction.
     *
     * @param displacement sign-extended
     * @param size         bytes of the encoding
     */
    record Relative(long displacement, int size) implements Operand { }

    /**
     * A far pointer in the instruction (ptr16:16, ptr16:32).
     *
     * @param selector 16 bits
     * @param offset   zero-extended
     * @param size     bytes of selector and offset together: 4 or 6
     */
    record FarPointer(int selector, long offset, int size) implements Operand { }
}
