package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.OpcodeTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Makes cases from the opcode table: operands at the edges of every format, all control words, stacks with holes. */
final class X87Cases {
    static final Set<String> TRANSCENDENTAL = Set.of("F2XM1", "FYL2X", "FYL2XP1", "FPTAN", "FPATAN", "FSIN", "FCOS", "FSINCOS");
    private static final int[] EXPONENTS = {0, 1, 2, 0x7FFE, 0x7FFD, 0x3FFF - 16445, 0x3FFF + 1023, 0x3FFF + 1024, 0x3FFF - 1022, 0x3FFF - 1023,
        0x3FFF - 1075, 0x3FFF + 127, 0x3FFF + 128, 0x3FFF - 126, 0x3FFF - 127, 0x3FFF - 150, 0x3FFF + 62, 0x3FFF + 63, 0x3FFF + 64, 0x3FFF + 30,
        0x3FFF + 31, 0x3FFF + 14, 0x3FFF + 15, 0x3FFF, 0x3FFE, 0x3FFD, 0x4000};

    private final SplittableRandom random;
    private final Decoder decoder = new Decoder();
    /** All forms. */
    final List<Form> forms = new ArrayList<>();

    X87Cases(long seed, Semantics semantics) {
        random = new SplittableRandom(seed);
        for (Form form : OpcodeTable.instance().forms()) {
            boolean escape = form.opcode().matches("D[89A-F] .*") || form.opcode().equals("9B");
            if (escape && semantics.of(form) != null && form.mnemonic().matches("(F|WAIT).*")) {
                forms.add(form);
            }
        }
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    X87Case draw(Form form) {
        X87Case test = new X87Case();
        test.code = encode(form.opcode());
        test.instruction = (Instruction) decoder.decode(ByteSource.of(test.code, 0), 64);
        if (!test.instruction.form().equals(form)) {
            throw new IllegalStateException(form + " decodes as " + test.instruction.form());
        }
        boolean transcendental = TRANSCENDENTAL.contains(form.mnemonic());
        test.flags = random.nextInt() & 0x8D5;
        test.rax = random.nextLong();
        int masks = chance(60) ? 0x3F : random.nextInt(64);
        test.image.putShort(0, (short) (0x40 | masks | random.nextInt(16) << 8 | (chance(5) ? 0x1000 : 0)));
        if (chance(15)) {
            masks = 0x3F;
            test.image.putShort(0, (short) 0x37F);
        }
        int flags = chance(50) ? 0 : random.nextInt(64);
        boolean pending = chance(4);
        int status = (pending ? flags : flags & masks) | random.nextInt() & 0x4740;
        int top = random.nextInt(8);
        test.image.putShort(2, (short) (status | top << 11));
        int kind = random.nextInt(10);
        int valid = kind < 6 ? ~(1 << (top + 7 & 7)) : kind < 8 ? -1 : random.nextInt();
        test.image.put(4, (byte) valid);
        test.image.putShort(6, (short) random.nextInt(0x800));
        test.image.putLong(8, random.nextLong() & 0x7FFF_FFFF_FFFFL);
        test.image.putLong(16, random.nextLong() & 0x7FFF_FFFF_FFFFL);
        for (int i = 0; i < 8; i++) {
            number(test, 32 + 16 * i, transcendental);
        }
        if (form.mnemonic().startsWith("FPREM") && chance(70)) {
            int near = (test.image.getShort(56) & 0x7FFF) + random.nextInt(140) - 10;
            test.image.putShort(40, (short) (Math.max(0, Math.min(near, 0x7FFF)) | (chance(50) ? 0x8000 : 0)));
        }
        if (form.mnemonic().equals("FSCALE") && chance(70)) {
            test.image.putShort(56, (short) (0x3FFF + random.nextInt(18) | (chance(50) ? 0x8000 : 0)));
        }
        if (chance(6)) {
            test.image.putLong(32, random.nextLong() >>> random.nextInt(64)).putShort(40, (short) (chance(50) ? 0x8000 : 0));
        }
        related(test);
        memory(test, form);
        return test;
    }

    private byte[] encode(String opcode) {
        if (opcode.equals("9B")) {
            return new byte[] {(byte) 0x9B};
        }
        int first = Integer.parseInt(opcode.substring(0, 2), 16);
        String rest = opcode.substring(3);
        int second;
        if (rest.startsWith("/")) {
            second = 1 | Integer.parseInt(rest.substring(1)) << 3;
            if (first == 0xD9 && (second >> 3 & 5) == 4 || first == 0xDD && (second >> 3 & 5) == 4) {
                return chance(40) ? new byte[] {0x66, (byte) first, (byte) second} : new byte[] {(byte) first, (byte) second};
            }
        } else {
            second = Integer.parseInt(rest.substring(0, 2), 16) + (rest.endsWith("+i") ? random.nextInt(8) : 0);
        }
        return new byte[] {(byte) first, (byte) second};
    }

    private long significand() {
        long top = Long.MIN_VALUE;
        return switch (random.nextInt(9)) {
            case 0 -> top;
            case 1 -> -1L;
            case 2 -> top | 1L << random.nextInt(63);
            case 3 -> -1L << random.nextInt(63);
            // Ties and their neighbours at 53 and 24 bits.
            case 4 -> top | random.nextLong() & -1L << 12 | 0x400 + random.nextInt(3) - 1 | random.nextInt(2) << 11;
            case 5 -> top | random.nextLong() & -1L << 41 | (1L << 39) + random.nextInt(3) - 1 | (long) random.nextInt(2) << 40;
            case 6 -> top | (long) random.nextInt(1 << 20) << random.nextInt(43);
            default -> top | random.nextLong();
        };
    }

    private void number(X87Case test, int at, boolean moderate) {
        int sign = chance(50) ? 0x8000 : 0;
        int exponent;
        long significand = significand();
        int kind = random.nextInt(moderate ? 40 : 16);
        switch (kind) {
            case 0 -> {
                exponent = 0;
                significand = 0;
            }
            case 1 -> {
                exponent = 0x7FFF;
                significand = chance(40) ? Long.MIN_VALUE : chance(50) ? significand : random.nextLong();
            }
            case 2 -> {
                exponent = 0;
                significand = random.nextLong() >>> random.nextInt(64);
            }
            case 3 -> {
                exponent = chance(30) ? 0x7FFF : random.nextInt(0x7FFF);
                significand = chance(80) ? significand : random.nextLong() >>> 1 + random.nextInt(62);
            }
            case 4, 5, 6 -> exponent = EXPONENTS[random.nextInt(EXPONENTS.length)];
            case 7 -> exponent = random.nextInt(0x7FFF);
            case 8, 9 -> {
                exponent = 0x3FFF + random.nextInt(66);
                int bits = exponent - 0x3FFF;
                significand &= -1L << Math.max(0, 63 - bits - random.nextInt(3));
                significand |= Long.MIN_VALUE;
            }
            default -> exponent = 0x3FFF + (moderate ? random.nextInt(chance(30) ? 150 : 76) * -1 + 7 : random.nextInt(140) - 70);
        }
        test.image.putLong(at, significand);
        test.image.putShort(at + 8, (short) (sign | exponent));
    }

    /** ST(1) sometimes is ST(0), or its neighbour, or its negation. */
    private void related(X87Case test) {
        if (chance(12)) {
            test.image.putLong(48, test.image.getLong(32) + (chance(50) ? 0 : random.nextInt(5) - 2));
            test.image.putShort(56, (short) (test.image.getShort(40) ^ (chance(50) ? 0x8000 : 0)));
        }
    }

    private void memory(X87Case test, Form form) {
        int offset = random.nextInt(16);
        test.rcx = X87Case.WINDOW_AT + offset;
        if (chance(2) && form.operands().startsWith("M")) {
            test.rcx = X87Case.DATA + 4096 - random.nextInt(12);
        }
        for (int i = 0; i < test.window.length; i++) {
            test.window[i] = (byte) random.nextInt(256);
        }
        long value = switch (form.operands()) {
            case "Md" -> form.mnemonic().startsWith("FI") ? integer(32) : single();
            case "Mq" -> form.mnemonic().startsWith("FI") ? integer(64) : real();
            case "Mt" -> significand();
            case "Mw" -> form.mnemonic().startsWith("FLD") ? random.nextLong() : integer(16);
            default -> random.nextLong();
        };
        put(test, offset, 8, value);
        if (form.mnemonic().equals("FBLD")) {
            put(test, offset, 8, digits());
            put(test, offset + 8, 2, digits() & 0xFF | (chance(50) ? 0x8000 : 0));
        }
        if (form.operands().equals("Mt") && form.mnemonic().equals("FLD")) {
            put(test, offset + 8, 2, EXPONENTS[random.nextInt(EXPONENTS.length)]);
        }
    }

    private static void put(X87Case test, int at, int size, long value) {
        for (int i = 0; i < size; i++) {
            test.window[at + i] = (byte) (value >>> 8 * i);
        }
    }

    private long digits() {
        long packed = 0;
        int count = random.nextInt(17);
        for (int i = 0; i < count; i++) {
            packed = packed << 4 | random.nextInt(10);
        }
        return packed;
    }

    private long integer(int bits) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(5) - 2;
            case 1 -> 1L << bits - 1;
            case 2 -> (1L << bits - 1) - 1;
            default -> random.nextLong() >> random.nextInt(64);
        };
    }

    private long single() {
        int sign = chance(50) ? 1 << 31 : 0;
        return switch (random.nextInt(6)) {
            case 0 -> sign;
            case 1 -> sign | 0x7F80_0000 | (chance(40) ? 0 : random.nextInt(1 << 23));
            case 2 -> sign | random.nextInt(1 << 23) >>> random.nextInt(23);
            case 3 -> sign | 0x3F80_0000 + (random.nextInt(40) - 20 << 23) | random.nextInt(8) << 20;
            default -> random.nextInt();
        };
    }

    private long real() {
        long sign = chance(50) ? 1L << 63 : 0;
        long fraction = random.nextLong() >>> 12;
        return switch (random.nextInt(6)) {
            case 0 -> sign;
            case 1 -> sign | 0x7FFL << 52 | (chance(40) ? 0 : fraction);
            case 2 -> sign | fraction >>> random.nextInt(52);
            case 3 -> sign | 1023L + random.nextInt(140) - 70 << 52 | (long) random.nextInt(8) << 49;
            default -> random.nextLong();
        };
    }
}
