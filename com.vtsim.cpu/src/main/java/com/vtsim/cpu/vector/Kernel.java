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

    /** @return the kernel that applies a function to each long */
    static Kernel each(Lanes f) {
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = f.of(v[a + i], v[b + i]);
            }
        };
    }
}
