package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Semantics;

/**
 * RCPPS and RSQRTPS: the manual bounds their error only; these are the values of Intel's processors, which round the
 * function in the middle of each of 2048 intervals to 12 bits. They signal nothing and heed no control bit.
 *
 * @sdm RCPPS; RSQRTPS
 */
final class Reciprocals {
    private static final int MANTISSA = 0x7F_FFFF, INFINITY = 0x7F80_0000, SIGN = Integer.MIN_VALUE, QUIET = 1 << 22;
    private static final int INDEFINITE = 0xFFC0_0000;
    /** Fractions of 1/x for x in [1, 2), by the fraction's top 11 bits. */
    private static final int[] RECIPROCAL = new int[2048];
    /** Fractions of 1/√x: for x in [½, 1), then for x in [1, 2), by the fraction's top 10 bits. */
    private static final int[] ROOT = new int[2048];

    static {
        for (int i = 0; i < 2048; i++) {
            RECIPROCAL[i] = fraction(8192 / (1 + (i + 0.5) / 2048));
        }
        for (int i = 0; i < 1024; i++) {
            double middle = 1 + (i + 0.5) / 1024;
            ROOT[i] = fraction(4096 / Math.sqrt(middle / 2));
            ROOT[1024 + i] = fraction(8192 / Math.sqrt(middle));
        }
    }

    private Reciprocals() { }

    private static int fraction(double value) {
        return ((int) Math.rint(value) - 4096) << 11;
    }

    /** A function of a single. */
    private interface Single {
        int of(int x);
    }

    static void define(Semantics s) {
        define(s, "RCP", Reciprocals::reciprocal);
        define(s, "RSQRT", Reciprocals::root);
    }

    private static void define(Semantics s, String name, Single f) {
        Kernel packed = Kernel.each((a, b) -> FloatArithmetic.joined(f.of((int) b), f.of((int) (b >>> 32))));
        Kernel scalar = (v, d, a, b, n) -> {
            int low = f.of((int) v[b]);
            v[d + 1] = v[a + 1];
            v[d] = v[a] & ~Swar.LOW | low & Swar.LOW;
        };
        for (String v : new String[] {"", "V"}) {
            s.define(v + name + "PS", VectorForm.factory(packed));
            s.define(v + name + "SS", VectorForm.factory(scalar));
        }
    }

    static int reciprocal(int x) {
        int sign = x & SIGN;
        int exponent = x >>> 23 & 0xFF;
        if (exponent == 0) {
            return sign | INFINITY;
        } else if (exponent == 0xFF) {
            return (x & MANTISSA) != 0 ? x | QUIET : sign;
        }
        int result = 253 - exponent;
        return result <= 0 ? sign : sign | result << 23 | RECIPROCAL[(x & MANTISSA) >> 12];
    }

    static int root(int x) {
        int exponent = x >>> 23 & 0xFF;
        if (SimdUnit.nan(x)) {
            return x | QUIET;
        } else if (exponent == 0) {
            return x & SIGN | INFINITY;
        } else if (x < 0) {
            return INDEFINITE;
        } else if (exponent == 0xFF) {
            return 0;
        }
        // An odd biased exponent is an even power of two.
        int half = exponent - 127 + 1 >> 1;
        int index = (exponent & 1) << 10 | (x & MANTISSA) >> 13;
        int result = (exponent & 1) != 0 ? 126 - (exponent - 127 >> 1) : 127 - half;
        return result << 23 | ROOT[index];
    }
}
