package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.Swar.LOW;
import static com.vtsim.cpu.vector.Swar.unsignedWord;
import static com.vtsim.cpu.vector.Swar.word;

import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.Operand;

/**
 * What moves lanes about within 128 bits: unpacking, packing, shuffles, byte shifts, horizontal sums.
 *
 * @sdm PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ; PACKSSWB/PACKSSDW; PACKUSWB; PSHUFB; PSHUFD; SHUFPS; PALIGNR; PHADDW/PHADDD
 */
final class Shuffles {
    private Shuffles() { }

    static void define(Semantics s) {
        unpackBytesAndWords(s);
        unpackDoublewords(s);
        unpackQuadwords(s);
        duplicate(s);
        pack(s);
        shuffle(s);
        horizontal(s);
        shiftBytes(s);
        s.define("PHMINPOSUW", VectorForm.factory(Shuffles::leastWord));
        s.define("VPHMINPOSUW", VectorForm.factory(Shuffles::leastWord));
        both(s, "MPSADBW", i -> (v, d, a, b, n) -> slidingDifferences(v, d, a, b, n, i));
    }

    private static void both(Semantics s, String name, Kernel kernel) {
        s.define(name, VectorForm.factory(kernel));
        s.define("V" + name, VectorForm.factory(kernel));
    }

    private static void both(Semantics s, String name, VectorForm.ByImmediate kernels) {
        s.define(name, VectorForm.byImmediate(kernels));
        s.define("V" + name, VectorForm.byImmediate(kernels));
    }

    private static void withMmx(Semantics s, String name, Kernel.Lanes mmx, Kernel kernel) {
        s.define(name, Mmx.orVector(mmx, kernel));
        s.define("V" + name, VectorForm.factory(kernel));
    }

    // Unpack

    private static long bytes(long a, long b) {
        return spreadBytes(a & LOW) | spreadBytes(b & LOW) << 8;
    }

    private static long spreadBytes(long x) {
        long y = (x | x << 16) & 0x0000_FFFF_0000_FFFFL;
        return (y | y << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    private static long words(long a, long b) {
        return spreadWords(a & LOW) | spreadWords(b & LOW) << 16;
    }

    private static long spreadWords(long x) {
        return (x | x << 16) & 0x0000_FFFF_0000_FFFFL;
    }

    private static long doublewords(long a, long b) {
        return a & LOW | b << 32;
    }

    private static long highDoublewords(long a, long b) {
        return a >>> 32 | b & ~LOW;
    }

    private static void unpackBytesAndWords(Semantics s) {
        withMmx(s, "PUNPCKLBW", Shuffles::bytes,
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a0 = v[a + k];
                    long b0 = v[b + k];
                    v[d + k] = bytes(a0, b0);
                    v[d + k + 1] = bytes(a0 >>> 32, b0 >>> 32);
                }
            });
        withMmx(s, "PUNPCKHBW", (a, b) -> bytes(a >>> 32, b >>> 32),
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a1 = v[a + k + 1];
                    long b1 = v[b + k + 1];
                    v[d + k] = bytes(a1, b1);
                    v[d + k + 1] = bytes(a1 >>> 32, b1 >>> 32);
                }
            });
        withMmx(s, "PUNPCKLWD", Shuffles::words,
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a0 = v[a + k];
                    long b0 = v[b + k];
                    v[d + k] = words(a0, b0);
                    v[d + k + 1] = words(a0 >>> 32, b0 >>> 32);
                }
            });
        withMmx(s, "PUNPCKHWD", (a, b) -> words(a >>> 32, b >>> 32),
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a1 = v[a + k + 1];
                    long b1 = v[b + k + 1];
                    v[d + k] = words(a1, b1);
                    v[d + k + 1] = words(a1 >>> 32, b1 >>> 32);
                }
            });
    }

    private static void unpackDoublewords(Semantics s) {
        Kernel lowDoublewords = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long b0 = v[b + k];
                v[d + k] = doublewords(a0, b0);
                v[d + k + 1] = highDoublewords(a0, b0);
            }
        };
        Kernel highDoublewords = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a1 = v[a + k + 1];
                long b1 = v[b + k + 1];
                v[d + k] = doublewords(a1, b1);
                v[d + k + 1] = highDoublewords(a1, b1);
            }
        };
        withMmx(s, "PUNPCKLDQ", Shuffles::doublewords, lowDoublewords);
        withMmx(s, "PUNPCKHDQ", Shuffles::highDoublewords, highDoublewords);
        both(s, "UNPCKLPS", lowDoublewords);
        both(s, "UNPCKHPS", highDoublewords);
    }

    private static void unpackQuadwords(Semantics s) {
        Kernel low = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long b0 = v[b + k];
                v[d + k] = a0;
                v[d + k + 1] = b0;
            }
        };
        Kernel high = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a1 = v[a + k + 1];
                long b1 = v[b + k + 1];
                v[d + k] = a1;
                v[d + k + 1] = b1;
            }
        };
        both(s, "PUNPCKLQDQ", low);
        both(s, "PUNPCKHQDQ", high);
        both(s, "UNPCKLPD", low);
        both(s, "UNPCKHPD", high);
    }

    private static void duplicate(Semantics s) {
        Kernel even = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = doublewords(b0, b0);
                v[d + k + 1] = doublewords(b1, b1);
            }
        };
        Kernel odd = (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = highDoublewords(b0, b0);
                v[d + k + 1] = highDoublewords(b1, b1);
            }
        };
        both(s, "MOVSLDUP", even);
        both(s, "MOVSHDUP", odd);
        both(s, "MOVDDUP", (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                v[d + k] = b0;
                v[d + k + 1] = b0;
            }
        });
    }

    // Pack

    private static long signedBytes(long x) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 8 | Math.max(-128, Math.min(127, word(x, i))) & 0xFF;
        }
        return result;
    }

    private static long unsignedBytes(long x) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 8 | Math.max(0, Math.min(255, word(x, i)));
        }
        return result;
    }

    private static long signedWords(long x) {
        return limit((int) x, -32768, 32767) | (long) limit((int) (x >>> 32), -32768, 32767) << 16;
    }

    private static long unsignedWords(long x) {
        return limit((int) x, 0, 65535) | (long) limit((int) (x >>> 32), 0, 65535) << 16;
    }

    private static int limit(int value, int least, int greatest) {
        return Math.max(least, Math.min(greatest, value)) & 0xFFFF;
    }

    /** Packs a long into its lower half. */
    private interface Packing {
        long of(long x);
    }

    private static void pack(Semantics s) {
        pack(s, "PACKSSWB", Shuffles::signedBytes);
        pack(s, "PACKUSWB", Shuffles::unsignedBytes);
        pack(s, "PACKSSDW", Shuffles::signedWords);
        pack(s, "PACKUSDW", Shuffles::unsignedWords);
    }

    private static void pack(Semantics s, String name, Packing p) {
        withMmx(s, name, (a, b) -> p.of(a) | p.of(b) << 32,
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a0 = v[a + k];
                    long a1 = v[a + k + 1];
                    long b0 = v[b + k];
                    long b1 = v[b + k + 1];
                    v[d + k] = p.of(a0) | p.of(a1) << 32;
                    v[d + k + 1] = p.of(b0) | p.of(b1) << 32;
                }
            });
    }

    // Shuffles

    private static long doubleword(long x0, long x1, int i) {
        return ((i & 2) == 0 ? x0 : x1) >>> 32 * (i & 1) & LOW;
    }

    private static long shuffleWords(long x, int order) {
        long result = 0;
        for (int i = 3; i >= 0; i--) {
            result = result << 16 | unsignedWord(x, order >> 2 * i & 3);
        }
        return result;
    }

    private static long shuffleBytes(long x0, long x1, long control) {
        long result = 0;
        for (int i = 56; i >= 0; i -= 8) {
            int c = (int) (control >>> i) & 0xFF;
            long picked = c >= 0x80 ? 0 : ((c & 8) == 0 ? x0 : x1) >>> 8 * (c & 7) & 0xFF;
            result = result << 8 | picked;
        }
        return result;
    }

    static Kernel shuffleDoublewords(int i) {
        return (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = doubleword(b0, b1, i) | doubleword(b0, b1, i >> 2) << 32;
                v[d + k + 1] = doubleword(b0, b1, i >> 4) | doubleword(b0, b1, i >> 6) << 32;
            }
        };
    }

    private static void shuffle(Semantics s) {
        both(s, "PSHUFD", Shuffles::shuffleDoublewords);
        both(s, "PSHUFLW", i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = shuffleWords(b0, i);
                v[d + k + 1] = b1;
            }
        });
        both(s, "PSHUFHW", i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = b0;
                v[d + k + 1] = shuffleWords(b1, i);
            }
        });
        s.define("PSHUFW", (instruction, at) -> {
            int i = immediate(instruction.operand(2));
            return Mmx.operation(instruction, at, (a, b) -> shuffleWords(b, i));
        });
        both(s, "SHUFPS", i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long a1 = v[a + k + 1];
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = doubleword(a0, a1, i) | doubleword(a0, a1, i >> 2) << 32;
                v[d + k + 1] = doubleword(b0, b1, i >> 4) | doubleword(b0, b1, i >> 6) << 32;
            }
        });
        // Each 128-bit lane has two bits of its own.
        both(s, "SHUFPD", i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long low = v[a + k + (i >> k & 1)];
                v[d + k + 1] = v[b + k + (i >> k + 1 & 1)];
                v[d + k] = low;
            }
        });
        withMmx(s, "PSHUFB", (a, b) -> shuffleBytes(a, a, b),
            (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long a0 = v[a + k];
                    long a1 = v[a + k + 1];
                    long b0 = v[b + k];
                    long b1 = v[b + k + 1];
                    v[d + k] = shuffleBytes(a0, a1, b0);
                    v[d + k + 1] = shuffleBytes(a0, a1, b1);
                }
            });
    }

    private static int immediate(Operand operand) {
        return (int) ((Operand.Immediate) operand).value() & 0xFF;
    }

    // Shifts by bytes

    /** @return 8 bytes, {@code bytes} above the lowest of the 16 of x1:x0; zeros come from above */
    private static long shiftedRight(long x0, long x1, int bytes) {
        if (bytes >= 16) {
            return 0;
        }
        if (bytes >= 8) {
            return x1 >>> 8 * (bytes - 8);
        }
        return bytes == 0 ? x0 : x0 >>> 8 * bytes | x1 << 64 - 8 * bytes;
    }

    /** @return bytes {@code from…from+7} of a:b; zeros come from above */
    private static long aligned(long a0, long a1, long b0, long b1, int from) {
        if (from < 8) {
            return shiftedRight(b0, b1, from);
        } else if (from < 16) {
            return shiftedRight(b1, a0, from - 8);
        } else if (from < 24) {
            return shiftedRight(a0, a1, from - 16);
        }
        return shiftedRight(a1, 0, from - 24);
    }

    private static void shiftBytes(Semantics s) {
        both(s, "PSRLDQ", i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = shiftedRight(b0, b1, i);
                v[d + k + 1] = shiftedRight(b1, 0, i);
            }
        });
        both(s, "PSLLDQ", i -> {
            int from = Math.max(16 - i, 0);
            return (v, d, a, b, n) -> {
                for (int k = 0; k < n; k += 2) {
                    long b0 = v[b + k];
                    long b1 = v[b + k + 1];
                    v[d + k] = aligned(b0, b1, 0, 0, from);
                    v[d + k + 1] = aligned(b0, b1, 0, 0, from + 8);
                }
            };
        });
        VectorForm.ByImmediate align = i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long a1 = v[a + k + 1];
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = aligned(a0, a1, b0, b1, i);
                v[d + k + 1] = aligned(a0, a1, b0, b1, i + 8);
            }
        };
        both(s, "PALIGNR", align);
        s.define("PALIGNR", "Pq,Qq,Ib", (instruction, at) -> {
            int i = immediate(instruction.operand(2));
            return Mmx.operation(instruction, at, (a, b) -> i >= 8 ? i >= 16 ? 0 : a >>> 8 * (i - 8) : shiftedRight(b, a, i));
        });
    }

    // Horizontal sums and differences, each with its neighbour

    /** Combines neighbours of a long into its lower half. */
    private static void horizontal(Semantics s) {
        pack(s, "PHADDW", x -> word(x, 0) + word(x, 1) & 0xFFFF | (word(x, 2) + word(x, 3) & 0xFFFFL) << 16);
        pack(s, "PHADDD", x -> (int) x + (int) (x >>> 32) & LOW);
        pack(s, "PHADDSW", x -> limit(word(x, 0) + word(x, 1), -32768, 32767) | (long) limit(word(x, 2) + word(x, 3), -32768, 32767) << 16);
        pack(s, "PHSUBW", x -> word(x, 0) - word(x, 1) & 0xFFFF | (word(x, 2) - word(x, 3) & 0xFFFFL) << 16);
        pack(s, "PHSUBD", x -> (int) x - (int) (x >>> 32) & LOW);
        pack(s, "PHSUBSW", x -> limit(word(x, 0) - word(x, 1), -32768, 32767) | (long) limit(word(x, 2) - word(x, 3), -32768, 32767) << 16);
    }

    private static void leastWord(long[] v, int d, int a, int b, int n) {
        int least = 0x1_0000;
        int at = 0;
        for (int i = 0; i < 8; i++) {
            int word = unsignedWord(v[b + (i >> 2)], i & 3);
            if (word < least) {
                least = word;
                at = i;
            }
        }
        v[d] = least | (long) at << 16;
        v[d + 1] = 0;
    }

    private static int byteAt(long x0, long x1, int i) {
        return (int) ((i & 8) == 0 ? x0 >>> 8 * i : x1 >>> 8 * (i & 7)) & 0xFF;
    }

    private static void slidingDifferences(long[] v, int d, int a, int b, int n, int immediate) {
        for (int k = 0; k < n; k += 2) {
            int control = immediate >> 3 * (k >> 1);
            int from = control & 4;
            int block = (control & 3) * 4;
            long low = differences(v, a + k, b + k, from, block);
            long high = differences(v, a + k, b + k, from + 4, block);
            v[d + k] = low;
            v[d + k + 1] = high;
        }
    }

    private static long differences(long[] v, int a, int b, int from, int block) {
        long result = 0;
        for (int word = 3; word >= 0; word--) {
            int sum = 0;
            for (int i = 0; i < 4; i++) {
                sum += Math.abs(byteAt(v[a], v[a + 1], from + word + i) - byteAt(v[b], v[b + 1], block + i));
            }
            result = result << 16 | sum;
        }
        return result;
    }
}
