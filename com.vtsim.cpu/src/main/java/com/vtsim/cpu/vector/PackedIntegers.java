package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.Swar.H16;
import static com.vtsim.cpu.vector.Swar.H32;
import static com.vtsim.cpu.vector.Swar.H64;
import static com.vtsim.cpu.vector.Swar.H8;
import static com.vtsim.cpu.vector.Swar.LOW;
import static com.vtsim.cpu.vector.Swar.unsignedWord;
import static com.vtsim.cpu.vector.Swar.word;

import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.Operand;

/**
 * Arithmetic, comparison and logic on packed integers that stays within 64 bits, in MMX, XMM and YMM registers.
 *
 * @sdm PADDB/PADDW/PADDD/PADDQ and the other packed integer instructions
 */
final class PackedIntegers {
    private static final String[] SUFFIXES = {"B", "W", "D", "Q"};
    private static final long[] HIGH = {H8, H16, H32, H64};

    private PackedIntegers() { }

    /** A function of lanes of any width. */
    private interface ByWidth {
        long of(long a, long b, long h, int w);
    }

    static void define(Semantics s) {
        frequent(s);
        byWidth(s, "PADDS", 0, 1, Swar::addSigned);
        byWidth(s, "PADDUS", 0, 1, Swar::addUnsigned);
        byWidth(s, "PSUBS", 0, 1, Swar::subtractSigned);
        byWidth(s, "PSUBUS", 0, 1, Swar::subtractUnsigned);
        byWidth(s, "PCMPGT", 3, 3, Swar::greater);
        byWidth(s, "PAVG", 0, 1, Swar::average);
        byWidth(s, "PMINU", 1, 2, (a, b, h, w) -> Swar.select(Swar.below(a, b, h, w), a, b));
        byWidth(s, "PMAXU", 1, 2, (a, b, h, w) -> Swar.select(Swar.below(a, b, h, w), b, a));
        byWidth(s, "PMINS", 0, 2, (a, b, h, w) -> Swar.select(Swar.greater(a, b, h, w), b, a));
        byWidth(s, "PMAXS", 0, 2, (a, b, h, w) -> Swar.select(Swar.greater(a, b, h, w), a, b));
        byWidth(s, "PABS", 0, 2, (a, b, h, w) -> Swar.absolute(b, h, w));
        byWidth(s, "PSIGN", 0, 2, Swar::sign);
        byWidth(s, "PCMPEQ", 3, 3, Swar::equal);
        lanes(s, "PMULHRSW", PackedIntegers::multiplyRounded);
        lanes(s, "PMADDUBSW", PackedIntegers::multiplyAddBytes);
        lanes(s, "PMULDQ", (a, b) -> (long) (int) a * (int) b);
        lanes(s, "PMULLD", (a, b) -> (long) ((int) (a >>> 32) * (int) (b >>> 32)) << 32 | (int) a * (int) b & LOW);
        lanes(s, "PSADBW", PackedIntegers::absoluteDifferences);
        shifts(s, "PSLL", 1, Swar::shiftLeft);
        shifts(s, "PSRL", 1, Swar::shiftRight);
        shifts(s, "PSRA", 1, Swar::shiftArithmetic);
    }

    /** Each with a loop of its own: one that is shared calls its function through a table, several times an instruction. */
    private static void frequent(Semantics s) {
        sums(s);
        comparisons(s);
        products(s);
    }

    private static void sums(Semantics s) {
        both(s, "PADDB", (a, b) -> Swar.add(a, b, H8), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.add(v[a + i], v[b + i], H8);
            }
        });
        both(s, "PADDW", (a, b) -> Swar.add(a, b, H16), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.add(v[a + i], v[b + i], H16);
            }
        });
        both(s, "PADDD", (a, b) -> Swar.add(a, b, H32), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.add(v[a + i], v[b + i], H32);
            }
        });
        both(s, "PADDQ", (a, b) -> a + b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[a + i] + v[b + i];
            }
        });
        both(s, "PSUBB", (a, b) -> Swar.subtract(a, b, H8), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.subtract(v[a + i], v[b + i], H8);
            }
        });
        both(s, "PSUBW", (a, b) -> Swar.subtract(a, b, H16), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.subtract(v[a + i], v[b + i], H16);
            }
        });
        both(s, "PSUBD", (a, b) -> Swar.subtract(a, b, H32), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.subtract(v[a + i], v[b + i], H32);
            }
        });
        both(s, "PSUBQ", (a, b) -> a - b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[a + i] - v[b + i];
            }
        });
    }

    private static void comparisons(Semantics s) {
        both(s, "PCMPEQB", (a, b) -> Swar.equal(a, b, H8, 8), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.equal(v[a + i], v[b + i], H8, 8);
            }
        });
        both(s, "PCMPEQW", (a, b) -> Swar.equal(a, b, H16, 16), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.equal(v[a + i], v[b + i], H16, 16);
            }
        });
        both(s, "PCMPEQD", (a, b) -> Swar.equal(a, b, H32, 32), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.equal(v[a + i], v[b + i], H32, 32);
            }
        });
        both(s, "PCMPGTB", (a, b) -> Swar.greater(a, b, H8, 8), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.greater(v[a + i], v[b + i], H8, 8);
            }
        });
        both(s, "PCMPGTW", (a, b) -> Swar.greater(a, b, H16, 16), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.greater(v[a + i], v[b + i], H16, 16);
            }
        });
        both(s, "PCMPGTD", (a, b) -> Swar.greater(a, b, H32, 32), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.greater(v[a + i], v[b + i], H32, 32);
            }
        });
        both(s, "PMINUB", (a, b) -> Swar.select(Swar.below(a, b, H8, 8), a, b), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.select(Swar.below(v[a + i], v[b + i], H8, 8), v[a + i], v[b + i]);
            }
        });
        both(s, "PMAXUB", (a, b) -> Swar.select(Swar.below(a, b, H8, 8), b, a), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.select(Swar.below(v[a + i], v[b + i], H8, 8), v[b + i], v[a + i]);
            }
        });
    }

    private static void products(Semantics s) {
        both(s, "PMULLW", PackedIntegers::multiplyLow, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = multiplyLow(v[a + i], v[b + i]);
            }
        });
        both(s, "PMULHW", PackedIntegers::multiplyHigh, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = multiplyHigh(v[a + i], v[b + i]);
            }
        });
        both(s, "PMULHUW", PackedIntegers::multiplyHighUnsigned, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = multiplyHighUnsigned(v[a + i], v[b + i]);
            }
        });
        both(s, "PMADDWD", PackedIntegers::multiplyAdd, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = multiplyAdd(v[a + i], v[b + i]);
            }
        });
        both(s, "PMULUDQ", (a, b) -> (a & LOW) * (b & LOW), (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = (v[a + i] & LOW) * (v[b + i] & LOW);
            }
        });
    }

    private static void byWidth(Semantics s, String name, int first, int last, ByWidth f) {
        for (int i = first; i <= last; i++) {
            long h = HIGH[i];
            int w = 8 << i;
            lanes(s, name + SUFFIXES[i], (a, b) -> f.of(a, b, h, w));
        }
    }

    private static void lanes(Semantics s, String name, Kernel.Lanes f) {
        both(s, name, f, Kernel.each(f));
    }

    private static void both(Semantics s, String name, Kernel.Lanes f, Kernel kernel) {
        s.define(name, Mmx.orVector(f, kernel));
        s.define("V" + name, VectorForm.factory(kernel));
    }

    /** Shifts by an immediate or by the low 64 bits of a register or memory operand. */
    private static void shifts(Semantics s, String name, int first, ByWidth f) {
        for (int i = first; i <= 3 && (i < 3 || !name.equals("PSRA")); i++) {
            long h = HIGH[i];
            int w = 8 << i;
            Kernel.Lanes lanes = (a, count) -> f.of(a, count, h, w);
            Kernel byRegister = (v, d, a, b, n) -> {
                long count = v[b];
                for (int k = 0; k < n; k++) {
                    v[d + k] = f.of(v[a + k], count, h, w);
                }
            };
            VectorForm.ByImmediate byImmediate = name.equals("PSLL") ? count -> left(count, h, w)
                : name.equals("PSRL") ? count -> right(count, h, w) : count -> arithmetic(count, h, w);
            String mnemonic = name + SUFFIXES[i];
            s.define(mnemonic, Mmx.orVector(lanes, byRegister));
            s.define(mnemonic, "Nq,Ib", (instruction, at) -> {
                int count = (int) ((Operand.Immediate) instruction.operand(1)).value() & 0xFF;
                return Mmx.operation(instruction, at, (a, b) -> f.of(a, count, h, w));
            });
            s.define(mnemonic, "Udq,Ib", VectorForm.byImmediate(byImmediate));
            s.define("V" + mnemonic, VectorForm.factory(byRegister));
            s.define("V" + mnemonic, "Hx,Ux,Ib", VectorForm.byImmediate(byImmediate));
        }
    }

    private static Kernel left(int count, long h, int w) {
        long mask = Swar.shiftLeft(-1L, count, h, w);
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[b + i] << count & mask;
            }
        };
    }

    private static Kernel right(int count, long h, int w) {
        long mask = Swar.shiftRight(-1L, count, h, w);
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[b + i] >>> count & mask;
            }
        };
    }

    private static Kernel arithmetic(int count, long h, int w) {
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.shiftArithmetic(v[b + i], count, h, w);
            }
        };
    }

    private static long multiplyLow(long a, long b) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 16 | word(a, i) * word(b, i) & 0xFFFF;
        }
        return result;
    }

    private static long multiplyHigh(long a, long b) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 16 | word(a, i) * word(b, i) >>> 16;
        }
        return result;
    }

    private static long multiplyHighUnsigned(long a, long b) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 16 | unsignedWord(a, i) * unsignedWord(b, i) >>> 16;
        }
        return result;
    }

    private static long multiplyRounded(long a, long b) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 16 | (word(a, i) * word(b, i) >> 14) + 1 >> 1 & 0xFFFF;
        }
        return result;
    }

    private static long multiplyAdd(long a, long b) {
        int low = word(a, 0) * word(b, 0) + word(a, 1) * word(b, 1);
        int high = word(a, 2) * word(b, 2) + word(a, 3) * word(b, 3);
        return (long) high << 32 | low & LOW;
    }

    /** Unsigned bytes of a times signed bytes of b. */
    private static long multiplyAddBytes(long a, long b) {
        long result = 0;
        for (int i = 48; i >= 0; i -= 16) {
            int low = ((int) (a >>> i) & 0xFF) * (byte) (b >>> i);
            int high = ((int) (a >>> i + 8) & 0xFF) * (byte) (b >>> i + 8);
            result = result << 16 | Math.max(-32768, Math.min(32767, low + high)) & 0xFFFF;
        }
        return result;
    }

    private static long absoluteDifferences(long a, long b) {
        int sum = 0;
        for (int i = 0; i < 64; i += 8) {
            sum += Math.abs(((int) (a >>> i) & 0xFF) - ((int) (b >>> i) & 0xFF));
        }
        return sum;
    }
}
