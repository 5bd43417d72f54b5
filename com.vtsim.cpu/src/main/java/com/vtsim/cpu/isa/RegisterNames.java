package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import java.util.HashMap;
import java.util.Map;

/** The registers' names in Intel syntax. */
final class RegisterNames {
    private static final String[] WORDS = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] BYTES = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH_BYTES = {"ah", "ch", "dh", "bh"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};
    private static final Map<String, Register> BY_NAME = new HashMap<>();

    static {
        for (int number = 0; number < 16; number++) {
            for (int size : new int[] {1, 2, 4, 8}) {
                add(Registers.of(RegisterFile.GENERAL, number, size));
            }
            add(Registers.of(RegisterFile.VECTOR, number, 16));
            add(Registers.of(RegisterFile.VECTOR, number, 32));
            for (int size : new int[] {8, 4}) {
                // Of two sizes the later stays; which is meant depends on the mode.
                add(Registers.of(RegisterFile.CONTROL, number, size));
                add(Registers.of(RegisterFile.DEBUG, number, size));
            }
            if (number < 8) {
                add(Registers.of(RegisterFile.MMX, number, 8));
                Register stack = Registers.of(RegisterFile.X87, number, 8);
                BY_NAME.put("st" + number, stack);
                BY_NAME.put("st(" + number + ")", stack);
            }
            if (number < 6) {
                add(Registers.of(RegisterFile.SEGMENT, number, 2));
            }
            if (number < 4) {
                add(Registers.general(number + 4, 1, false));
            }
        }
        BY_NAME.put("st", Registers.of(RegisterFile.X87, 0, 8));
    }

    private RegisterNames() { }

    private static void add(Register register) {
        BY_NAME.put(of(register), register);
    }

    /** @return the register of a lower-case name, or null */
    static Register find(String name) {
        return BY_NAME.get(name);
    }

    static String of(Register register) {
        int number = register.number();
        return switch (register.file()) {
            case GENERAL -> general(number, register.size(), register.highByte());
            case SEGMENT -> SEGMENTS[number];
            case CONTROL -> "cr" + number;
            case DEBUG -> "dr" + number;
            case X87 -> "st(" + number + ")";
            case MMX -> "mm" + number;
            case VECTOR -> (register.size() == 32 ? "ymm" : "xmm") + number;
        };
    }

    static String segment(int number) {
        return SEGMENTS[number];
    }

    static String general(int number, int size, boolean highByte) {
        if (highByte) {
            return HIGH_BYTES[number];
        }
        if (number > 7) {
            return "r" + number + (size == 8 ? "" : size == 4 ? "d" : size == 2 ? "w" : "b");
        }
        return switch (size) {
            case 1 -> BYTES[number];
            case 2 -> WORDS[number];
            case 4 -> "e" + WORDS[number];
            default -> "r" + WORDS[number];
        };
    }
}
