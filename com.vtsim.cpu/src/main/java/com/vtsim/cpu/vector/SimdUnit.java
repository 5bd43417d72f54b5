package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;

/**
 * One floating-point instruction under way: collects what its lanes signal and, at its end, sets MXCSR or raises #XM.
 * Where MXCSR has its usual value the host's arithmetic does the work, else the software unit. One for each processor.
 *
 * @sdm SIMD Floating-Point Exceptions; SIMD Floating-Point Exception Conditions
 */
final class SimdUnit {
    static final int ADD = 0, SUBTRACT = 1, MULTIPLY = 2, DIVIDE = 3, ROOT = 4;
    /** Signs of a NaN's being quiet. */
    static final long QUIET64 = 1L << 51;
    static final int QUIET32 = 1 << 22;
    private static final int BEFORE = FloatUnit.INVALID | FloatUnit.DENORMAL | FloatUnit.ZERO_DIVIDE;
    private static final int DAZ = 1 << 6, FTZ = 1 << 15;
    private static final int CONTROL = 0xFFC0;
    /** To nearest, all exceptions masked, denormals as they are. */
    private static final int USUAL = FloatingState.MXCSR_INIT;

    /** Software arithmetic with MXCSR's rounding and masks. */
    final FloatUnit unit = new FloatUnit();
    /** Whether results that are rounded to nearest, of ordinary operands, are right. */
    boolean host;
    /** Whether PE is set already, so that nobody need find out whether a result is exact. */
    boolean imprecise;
    /** Denormal operands are zeros. */
    boolean denormalsAreZeros;
    private int mxcsr;
    private int configured = -1;
    private int before;
    private int after;

    /** Begins an instruction. */
    void begin(int control) {
        mxcsr = control;
        before = 0;
        after = 0;
        imprecise = (control & FloatUnit.PRECISION) != 0;
        if ((control & CONTROL) != configured) {
            configure(control);
        }
    }

    private void configure(int control) {
        configured = control & CONTROL;
        host = configured == USUAL;
        denormalsAreZeros = (control & DAZ) != 0;
        unit.denormalsAreZeros = denormalsAreZeros;
        unit.flushToZero = (control & FTZ) != 0;
        unit.rounding = control >> 13 & 3;
        unit.masked = control >> 7 & 0x3F;
    }

    /** Ends an instruction whose results are computed but not stored: sets flags in MXCSR, or raises #XM (without CR4.OSXMMEXCPT #UD). */
    void end(Cpu cpu) {
        if ((before | after) != 0) {
            signal(cpu);
        }
    }

    private void signal(Cpu cpu) {
        int unmasked = ~(mxcsr >> 7);
        if ((before & unmasked) != 0) {
            cpu.floating.mxcsr |= before;
            throw raise(cpu);
        }
        cpu.floating.mxcsr |= before | after;
        if ((after & unmasked) != 0) {
            throw raise(cpu);
        }
    }

    private static GuestFault raise(Cpu cpu) {
        return (cpu.system.cr4 & SystemState.CR4_OSXMMEXCPT) != 0 ? cpu.fault(19, GuestFault.NO_CODE) : cpu.undefined();
    }

    /** Notes exceptions, as MXCSR flags. */
    void note(int flags) {
        before |= flags & BEFORE;
        after |= flags & ~BEFORE;
    }

    /** Notes an inexact result. */
    void noteInexact() {
        after |= FloatUnit.PRECISION;
    }

    // What a datum is

    /** @return whether it is normal: neither zero, denormal, infinite nor NaN */
    static boolean normal(long x) {
        return (x + (1L << 52) & 0x7FE0_0000_0000_0000L) != 0;
    }

    static boolean normal(int x) {
        return (x + (1 << 23) & 0x7F00_0000) != 0;
    }

    /** @return whether it is normal and so large that it cannot have been rounded up from a tiny result */
    static boolean ample(long x) {
        long magnitude = x & Long.MAX_VALUE;
        return magnitude > 1L << 52 && magnitude < 0x7FF0_0000_0000_0000L;
    }

    static boolean ample(int x) {
        int magnitude = x & Integer.MAX_VALUE;
        return magnitude > 1 << 23 && magnitude < 0x7F80_0000;
    }

    /** @return whether it is normal or zero */
    static boolean plain(long x) {
        return (x + (1L << 52) & 0x7FE0_0000_0000_0000L) != 0 || x << 1 == 0;
    }

    static boolean plain(int x) {
        return (x + (1 << 23) & 0x7F00_0000) != 0 || x << 1 == 0;
    }

    static boolean nan(long x) {
        return (x & Long.MAX_VALUE) > 0x7FF0_0000_0000_0000L;
    }

    static boolean nan(int x) {
        return (x & Integer.MAX_VALUE) > 0x7F80_0000;
    }

    static boolean denormal(long x) {
        return (x & 0x7FF0_0000_0000_0000L) == 0 && x << 1 != 0;
    }

    static boolean denormal(int x) {
        return (x & 0x7F80_0000) == 0 && x << 1 != 0;
    }

    // NaNs

    /** @return the NaN of two operands, one of which is a NaN; notes a signalling one */
    long nan(long a, long b) {
        if (nan(a) && (a & QUIET64) == 0 || nan(b) && (b & QUIET64) == 0) {
            note(FloatUnit.INVALID);
        }
        return (nan(a) ? a : b) | QUIET64;
    }

    int nan(int a, int b) {
        if (nan(a) && (a & QUIET32) == 0 || nan(b) && (b & QUIET32) == 0) {
            note(FloatUnit.INVALID);
        }
        return (nan(a) ? a : b) | QUIET32;
    }

    // Arithmetic in software

    /** @return the result of an operation on two operands (roots: on b) */
    long software(int operation, long a, long b) {
        long first = operation == ROOT ? b : a;
        if (nan(first) || nan(b)) {
            return nan(first, b);
        }
        unit.a.doubleBits(first);
        unit.b.doubleBits(b);
        return compute(operation, FloatFormat.DOUBLE).toDouble();
    }

    int software(int operation, int a, int b) {
        int first = operation == ROOT ? b : a;
        if (nan(first) || nan(b)) {
            return nan(first, b);
        }
        unit.a.single(first);
        unit.b.single(b);
        return compute(operation, FloatFormat.SINGLE).toSingle();
    }

    private Unpacked compute(int operation, FloatFormat format) {
        unit.begin();
        switch (operation) {
            case ADD -> unit.add(format);
            case SUBTRACT -> unit.subtract(format);
            case MULTIPLY -> unit.multiply(format);
            case DIVIDE -> unit.divide(format);
            default -> unit.squareRoot(format);
        }
        note(unit.flags);
        return unit.result;
    }

    /** @return −1, 0, 1 as a is below, equal to or above b, or 2 where one is a NaN; notes what a comparison signals */
    int compare(long a, long b, boolean signalsQuiet) {
        if (nan(a) || nan(b)) {
            boolean signals = signalsQuiet || nan(a) && (a & QUIET64) == 0 || nan(b) && (b & QUIET64) == 0;
            note(signals ? FloatUnit.INVALID : 0);
            return 2;
        }
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        if (denormal(a) || denormal(b)) {
            if (!denormalsAreZeros) {
                note(FloatUnit.DENORMAL);
            } else {
                x = denormal(a) ? 0 : x;
                y = denormal(b) ? 0 : y;
            }
        }
        return x < y ? -1 : x > y ? 1 : 0;
    }

    int compare(int a, int b, boolean signalsQuiet) {
        if (nan(a) || nan(b)) {
            boolean signals = signalsQuiet || nan(a) && (a & QUIET32) == 0 || nan(b) && (b & QUIET32) == 0;
            note(signals ? FloatUnit.INVALID : 0);
            return 2;
        }
        float x = Float.intBitsToFloat(a);
        float y = Float.intBitsToFloat(b);
        if (denormal(a) || denormal(b)) {
            if (!denormalsAreZeros) {
                note(FloatUnit.DENORMAL);
            } else {
                x = denormal(a) ? 0 : x;
                y = denormal(b) ? 0 : y;
            }
        }
        return x < y ? -1 : x > y ? 1 : 0;
    }
}
