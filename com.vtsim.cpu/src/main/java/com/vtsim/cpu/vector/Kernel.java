package com.vtsim.cpu.vector;

/**
 * What an instruction computes, register by register: longs {@code d…} from {@code a…} and {@code b…}, all indexes in one
 * array. The three may be the same; instructions with one source use {@code b}.
 */
@FunctionalInterface
interface Kernel {
    /** @param n longs of the destination: 2 or 4 */
    void on(long[] v, int d, int a, int b, int n);

    /** A function of two longs, lane by lane within them. */
    @FunctionalInterface
    interface Lanes {
        /** @return the result's long at the same place */
        long of(long a, long b);
    }

    /** A function of two 128-bit lanes, giving one long of the result. */
    @FunctionalInterface
    interface Half {
        /** @return a long of the result */
        long of(long a0, long a1, long b0, long b1);
    }

    /** @return the kernel that applies a function to each long */
    static Kernel each(Lanes f) {
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = f.of(v[a + i], v[b + i]);
            }
        };
    }

    /** @return the kernel that computes each 128-bit lane from those of the sources */
    static Kernel halves(Half low, Half high) {
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i += 2) {
                long a0 = v[a + i];
                long a1 = v[a + i + 1];
                long b0 = v[b + i];
                long b1 = v[b + i + 1];
                v[d + i] = low.of(a0, a1, b0, b1);
                v[d + i + 1] = high.of(a0, a1, b0, b1);
            }
        };
    }
}
