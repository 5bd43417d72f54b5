package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Comparisons of strings of up to 16 bytes or 8 words, with explicit lengths or ending at a zero.
 *
 * @sdm Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM
 */
final class StringCompare {
    private static final int EQUAL_ANY = 0, RANGES = 1, EQUAL_EACH = 2;

    private StringCompare() { }

    static void define(Semantics s) {
        for (String v : new String[] {"", "V"}) {
            s.define(v + "PCMPESTRI", (instruction, at) -> compare(instruction, at, true, true));
            s.define(v + "PCMPESTRM", (instruction, at) -> compare(instruction, at, true, false));
            s.define(v + "PCMPISTRI", (instruction, at) -> compare(instruction, at, false, true));
            s.define(v + "PCMPISTRM", (instruction, at) -> compare(instruction, at, false, false));
        }
    }

    private static Operation compare(Instruction instruction, Translation at, boolean explicit, boolean index) {
        VectorForm form = VectorForm.unaligned(instruction, at);
        int i = form.immediate;
        boolean words = (i & 1) != 0;
        int count = words ? 8 : 16;
        boolean wide = instruction.operandSize() == 8;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                int b = form.b.at(cpu);
                long[] v = cpu.floating.vector;
                int first = explicit ? length(cpu.r[Cpu.RAX], wide, count) : ending(v, form.d, words);
                int second = explicit ? length(cpu.r[Cpu.RDX], wide, count) : ending(v, b, words);
                int result = polarity(i, aggregate(v, form.d, b, first, second, i), second, count);
                if (index) {
                    int found = result == 0 ? count : (i & 0x40) != 0 ? 31 - Integer.numberOfLeadingZeros(result) : Integer.numberOfTrailingZeros(result);
                    cpu.set32(Cpu.RCX, found);
                } else {
                    mask(v, result, i);
                    if (form.vex) {
                        v[2] = 0;
                        v[3] = 0;
                    }
                }
                cpu.arithmeticFlags((result != 0 ? Flags.CF : 0) | (second < count ? Flags.ZF : 0) | (first < count ? Flags.SF : 0)
                    | ((result & 1) != 0 ? Flags.OF : 0));
            }
        };
    }

    private static int length(long register, boolean wide, int count) {
        long value = wide ? register : (int) register;
        return value > count || value < -count ? count : (int) Math.abs(value);
    }

    private static int ending(long[] v, int at, boolean words) {
        int count = words ? 8 : 16;
        for (int i = 0; i < count; i++) {
            if (element(v, at, i, words, false) == 0) {
                return i;
            }
        }
        return count;
    }

    private static int element(long[] v, int at, int i, boolean words, boolean signed) {
        if (words) {
            int x = (int) (v[at + (i >> 2)] >>> 16 * (i & 3));
            return signed ? (short) x : x & 0xFFFF;
        }
        int x = (int) (v[at + (i >> 3)] >>> 8 * (i & 7));
        return signed ? (byte) x : x & 0xFF;
    }

    /** @return a bit for each element of the second string */
    private static int aggregate(long[] v, int a, int b, int first, int second, int control) {
        boolean words = (control & 1) != 0;
        boolean signed = (control & 2) != 0;
        int count = words ? 8 : 16;
        int kind = control >> 2 & 3;
        int result = 0;
        for (int j = 0; j < count; j++) {
            boolean holds = switch (kind) {
                case EQUAL_ANY -> j < second && among(v, a, first, element(v, b, j, words, signed), words, signed);
                case RANGES -> j < second && inRanges(v, a, first, element(v, b, j, words, signed), words, signed);
                case EQUAL_EACH -> j < first && j < second ? element(v, a, j, words, signed) == element(v, b, j, words, signed)
                    : j >= first && j >= second;
                default -> begins(v, a, b, j, first, second, words);
            };
            result |= holds ? 1 << j : 0;
        }
        return result;
    }

    private static boolean among(long[] v, int a, int first, int value, boolean words, boolean signed) {
        for (int i = 0; i < first; i++) {
            if (element(v, a, i, words, signed) == value) {
                return true;
            }
        }
        return false;
    }

    private static boolean inRanges(long[] v, int a, int first, int value, boolean words, boolean signed) {
        for (int i = 0; i + 1 < first; i += 2) {
            if (element(v, a, i, words, signed) <= value && value <= element(v, a, i + 1, words, signed)) {
                return true;
            }
        }
        return false;
    }

    /** @return whether the first string stands at {@code j} of the second, as far as the register reaches */
    private static boolean begins(long[] v, int a, int b, int j, int first, int second, boolean words) {
        int count = words ? 8 : 16;
        for (int i = 0; i < first && j + i < count; i++) {
            if (j + i >= second || element(v, a, i, words, false) != element(v, b, j + i, words, false)) {
                return false;
            }
        }
        return true;
    }

    private static int polarity(int control, int result, int second, int count) {
        return switch (control >> 4 & 3) {
            case 1 -> result ^ (1 << count) - 1;
            case 3 -> result ^ (1 << second) - 1;
            default -> result;
        };
    }

    private static void mask(long[] v, int result, int control) {
        if ((control & 0x40) == 0) {
            v[0] = result;
            v[1] = 0;
            return;
        }
        boolean words = (control & 1) != 0;
        int perLong = words ? 4 : 8;
        int width = 64 / perLong;
        for (int k = 0; k < 2; k++) {
            long x = 0;
            for (int e = 0; e < perLong; e++) {
                x |= (result >> k * perLong + e & 1) != 0 ? -1L >>> 64 - width << e * width : 0;
            }
            v[k] = x;
        }
    }
}
