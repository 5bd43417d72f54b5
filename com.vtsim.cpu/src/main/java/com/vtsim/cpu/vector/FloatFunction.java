package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.high;
import static com.vtsim.cpu.vector.FloatArithmetic.joined;
import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;
import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;

import com.vtsim.cpu.engine.FloatingState;

/**
 * A floating-point function of two numbers, as bits, in double and single precision; those of one use the second.
 * Each tries the host's arithmetic first, which gives the result for ordinary operands if MXCSR has its usual value.
 */
abstract class FloatFunction {
    private static final int R = FloatingState.RESULT;
    /** Exponents between which the error of a host's result is a number too. */
    private static final long LEAST = 0x080L << 52, GREATEST = 0x780L << 52;

    abstract long of(SimdUnit u, long a, long b);

    abstract int of(SimdUnit u, int a, int b);

    /** Computes {@link FloatingState#RESULT}; the frequent functions have this loop themselves, for the compiler's sake. */
    void packedDoubles(SimdUnit u, long[] v, int a, int b, int n) {
        for (int i = 0; i < n; i++) {
            v[R + i] = of(u, v[a + i], v[b + i]);
        }
    }

    /** As {@link #packedDoubles}. */
    void packedSingles(SimdUnit u, long[] v, int a, int b, int n) {
        for (int i = 0; i < n; i++) {
            v[R + i] = joined(of(u, (int) v[a + i], (int) v[b + i]), of(u, high(v[a + i]), high(v[b + i])));
        }
    }

    private static boolean middling(long x) {
        long e = x & Long.MAX_VALUE;
        return e >= LEAST && e <= GREATEST;
    }

    private static boolean middling(int x) {
        int e = x & Integer.MAX_VALUE;
        return e >= 0x2000_0000 && e <= 0x7000_0000;
    }

    /** Addition and subtraction. */
    static final class Sum extends FloatFunction {
        private final int operation;
        private final long sign;

        Sum(boolean subtracts) {
            operation = subtracts ? SimdUnit.SUBTRACT : SimdUnit.ADD;
            sign = subtracts ? Long.MIN_VALUE : 0;
        }

        @Override
        long of(SimdUnit u, long a, long b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.plain(b)) {
                double x = longBitsToDouble(a);
                double y = longBitsToDouble(b ^ sign);
                double sum = x + y;
                long r = doubleToRawLongBits(sum);
                if (u.imprecise) {
                    if (SimdUnit.plain(r)) {
                        return r;
                    }
                } else if (middling(r) || r << 1 == 0) {
                    double part = sum - x;
                    if (x - (sum - part) + (y - part) != 0) {
                        u.noteInexact();
                    }
                    return r;
                }
            }
            return u.software(operation, a, b);
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.plain(b)) {
                float x = intBitsToFloat(a);
                float y = intBitsToFloat(b ^ (int) (sign >> 32));
                float sum = x + y;
                int r = floatToRawIntBits(sum);
                if (u.imprecise) {
                    if (SimdUnit.plain(r)) {
                        return r;
                    }
                } else if (middling(r) || r << 1 == 0) {
                    float part = sum - x;
                    if (x - (sum - part) + (y - part) != 0) {
                        u.noteInexact();
                    }
                    return r;
                }
            }
            return u.software(operation, a, b);
        }

        @Override
        void packedDoubles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = of(u, v[a + i], v[b + i]);
            }
        }

        @Override
        void packedSingles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(of(u, (int) v[a + i], (int) v[b + i]), of(u, high(v[a + i]), high(v[b + i])));
            }
        }
    }

    /** Multiplication. */
    static final class Product extends FloatFunction {
        @Override
        long of(SimdUnit u, long a, long b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.plain(b)) {
                double x = longBitsToDouble(a);
                double y = longBitsToDouble(b);
                long r = doubleToRawLongBits(x * y);
                if (u.imprecise ? SimdUnit.ample(r) : middling(r)) {
                    if (!u.imprecise && Math.fma(x, y, -longBitsToDouble(r)) != 0) {
                        u.noteInexact();
                    }
                    return r;
                }
                if (x == 0 || y == 0) {
                    return r;
                }
            }
            return u.software(SimdUnit.MULTIPLY, a, b);
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.plain(b)) {
                float x = intBitsToFloat(a);
                float y = intBitsToFloat(b);
                int r = floatToRawIntBits(x * y);
                if (u.imprecise ? SimdUnit.ample(r) : middling(r)) {
                    if (!u.imprecise && (double) x * y != intBitsToFloat(r)) {
                        u.noteInexact();
                    }
                    return r;
                }
                if (x == 0 || y == 0) {
                    return r;
                }
            }
            return u.software(SimdUnit.MULTIPLY, a, b);
        }

        @Override
        void packedDoubles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = of(u, v[a + i], v[b + i]);
            }
        }

        @Override
        void packedSingles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(of(u, (int) v[a + i], (int) v[b + i]), of(u, high(v[a + i]), high(v[b + i])));
            }
        }
    }

    /** Division. */
    static final class Quotient extends FloatFunction {
        @Override
        long of(SimdUnit u, long a, long b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.normal(b)) {
                double x = longBitsToDouble(a);
                double y = longBitsToDouble(b);
                long r = doubleToRawLongBits(x / y);
                if (u.imprecise ? SimdUnit.ample(r) : middling(r) && middling(a)) {
                    if (!u.imprecise && Math.fma(longBitsToDouble(r), y, -x) != 0) {
                        u.noteInexact();
                    }
                    return r;
                }
                if (x == 0) {
                    return r;
                }
            }
            return u.software(SimdUnit.DIVIDE, a, b);
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            if (u.host && SimdUnit.plain(a) && SimdUnit.normal(b)) {
                float x = intBitsToFloat(a);
                float y = intBitsToFloat(b);
                int r = floatToRawIntBits(x / y);
                if (u.imprecise ? SimdUnit.ample(r) : middling(r)) {
                    if (!u.imprecise && (double) intBitsToFloat(r) * y != x) {
                        u.noteInexact();
                    }
                    return r;
                }
                if (x == 0) {
                    return r;
                }
            }
            return u.software(SimdUnit.DIVIDE, a, b);
        }
    }

    /** Square root. */
    static final class Root extends FloatFunction {
        @Override
        long of(SimdUnit u, long a, long b) {
            if (u.host && SimdUnit.normal(b) && b > 0 && (u.imprecise || middling(b))) {
                double x = longBitsToDouble(b);
                double root = Math.sqrt(x);
                if (!u.imprecise && Math.fma(root, root, -x) != 0) {
                    u.noteInexact();
                }
                return doubleToRawLongBits(root);
            }
            return u.software(SimdUnit.ROOT, a, b);
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            if (u.host && SimdUnit.normal(b) && b > 0) {
                double x = intBitsToFloat(b);
                float root = (float) Math.sqrt(x);
                if (!u.imprecise && (double) root * root != x) {
                    u.noteInexact();
                }
                return floatToRawIntBits(root);
            }
            return u.software(SimdUnit.ROOT, a, b);
        }
    }

    /** The lesser or greater; the second operand where either is a NaN or both are zeros. */
    static final class Extreme extends FloatFunction {
        private final int wanted;

        Extreme(boolean greatest) {
            wanted = greatest ? 1 : -1;
        }

        @Override
        long of(SimdUnit u, long a, long b) {
            int order = u.compare(a, b, true);
            long r = order == wanted ? a : b;
            return u.denormalsAreZeros && SimdUnit.denormal(r) ? r & Long.MIN_VALUE : r;
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            int order = u.compare(a, b, true);
            int r = order == wanted ? a : b;
            return u.denormalsAreZeros && SimdUnit.denormal(r) ? r & Integer.MIN_VALUE : r;
        }

        @Override
        void packedDoubles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = of(u, v[a + i], v[b + i]);
            }
        }

        @Override
        void packedSingles(SimdUnit u, long[] v, int a, int b, int n) {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(of(u, (int) v[a + i], (int) v[b + i]), of(u, high(v[a + i]), high(v[b + i])));
            }
        }
    }

    /** A comparison giving all ones or zeros. */
    static final class Comparison extends FloatFunction {
        /** For each low 4 bits of a predicate: bit 0 below, bit 1 equal, bit 2 above, bit 3 unordered. */
        private static final int[] HOLDS = {2, 1, 3, 8, 13, 14, 12, 7, 10, 9, 11, 0, 5, 6, 4, 15};
        /** Predicates 0–15 that signal for quiet NaNs; 16–31 do the contrary. */
        private static final int SIGNALS = 0x6666;
        private final int holds;
        private final boolean signals;

        Comparison(int predicate) {
            holds = HOLDS[predicate & 15];
            signals = (SIGNALS >> (predicate & 15) & 1) != 0 ^ (predicate & 16) != 0;
        }

        @Override
        long of(SimdUnit u, long a, long b) {
            return -(holds >> u.compare(a, b, signals) + 1 & 1);
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            return -(holds >> u.compare(a, b, signals) + 1 & 1);
        }
    }
}
