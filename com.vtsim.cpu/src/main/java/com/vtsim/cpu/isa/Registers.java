package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;

/** The register operands there are, made once. */
final class Registers {
    private static final RegisterFile[] FILES = RegisterFile.values();
    /** By file, logarithm of the size in bytes (10 counts as 8), number. */
    private static final Register[][][] ALL = new Register[FILES.length][6][16];
    private static final Register[] HIGH_BYTES = new Register[4];

    static {
        for (RegisterFile file : FILES) {
            for (int log = 0; log < 6; log++) {
                for (int number = 0; number < 16; number++) {
                    int size = file == RegisterFile.X87 ? 10 : 1 << log;
                    ALL[file.ordinal()][log][number] = new Register(file, number, size, false);
                }
            }
        }
        for (int number = 0; number < 4; number++) {
            HIGH_BYTES[number] = new Register(RegisterFile.GENERAL, number, 1, true);
        }
    }

    private Registers() { }

    static Register of(RegisterFile file, int number, int size) {
        return ALL[file.ordinal()][31 - Integer.numberOfLeadingZeros(size)][number];
    }

    /** @param rex whether a REX or VEX prefix makes encodings 4–7 of byte registers SPL, BPL, SIL, DIL */
    static Register general(int number, int size, boolean rex) {
        if (size == 1 && !rex && number >= 4) {
            return HIGH_BYTES[number - 4];
        }
        return of(RegisterFile.GENERAL, number, size);
    }
}
