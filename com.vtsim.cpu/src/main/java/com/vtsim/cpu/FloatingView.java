package com.vtsim.cpu;

import com.vtsim.cpu.engine.FloatingState;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** The registers of the x87, SSE and AVX units under the names an operator gives them; longer ones in pieces of 64 bits. */
final class FloatingView {
    private static final int EMPTY = 3, SPECIAL = 2, ZERO = 1, VALID = 0;

    /** Takes a register. */
    interface Sink {
        void add(String name, int bits, LongSupplier get, LongConsumer set);
    }

    private FloatingView() { }

    static void describe(FloatingState f, Sink to) {
        to.add("fcw", 16, () -> f.control, v -> f.control = (int) v & 0xFFFF);
        to.add("fsw", 16, () -> f.status | f.top << 11, v -> {
            f.status = (int) v & 0xFFFF & ~(7 << 11);
            f.top = (int) v >> 11 & 7;
        });
        to.add("ftw", 16, () -> tags(f), v -> f.valid = present(v));
        to.add("fop", 11, () -> f.lastOpcode, v -> f.lastOpcode = (int) v & 0x7FF);
        to.add("fcs", 16, () -> f.lastCs, v -> f.lastCs = (int) v & 0xFFFF);
        to.add("fip", 64, () -> f.lastIp, v -> f.lastIp = v);
        to.add("fds", 16, () -> f.lastDs, v -> f.lastDs = (int) v & 0xFFFF);
        to.add("fdp", 64, () -> f.lastDp, v -> f.lastDp = v);
        for (int i = 0; i < 8; i++) {
            int number = i;
            to.add("st" + i + ".significand", 64, () -> f.significand[f.top + number & 7], v -> f.significand[f.top + number & 7] = v);
            to.add("st" + i + ".exponent", 16, () -> f.exponent[f.top + number & 7], v -> f.exponent[f.top + number & 7] = (int) v & 0xFFFF);
        }
        to.add("mxcsr", 32, () -> f.mxcsr, v -> f.mxcsr = (int) v & FloatingState.MXCSR_MASK);
        for (int i = 0; i < 16 * FloatingState.LONGS; i++) {
            int place = i;
            to.add("ymm" + i / FloatingState.LONGS + ".q" + i % FloatingState.LONGS, 64, () -> f.vector[place], v -> f.vector[place] = v);
        }
    }

    /** The tag word as FSTENV stores it. */
    private static long tags(FloatingState f) {
        long tags = 0;
        for (int i = 0; i < 8; i++) {
            tags |= (long) tag(f, i) << 2 * i;
        }
        return tags;
    }

    private static int tag(FloatingState f, int physical) {
        if ((f.valid >> physical & 1) == 0) {
            return EMPTY;
        }
        int exponent = f.exponent[physical] & 0x7FFF;
        long significand = f.significand[physical];
        if (exponent == 0 && significand == 0) {
            return ZERO;
        }
        return exponent == 0x7FFF || significand >= 0 ? SPECIAL : VALID;
    }

    private static int present(long tags) {
        int present = 0;
        for (int i = 0; i < 8; i++) {
            present |= (tags >> 2 * i & 3) == EMPTY ? 0 : 1 << i;
        }
        return present;
    }
}
