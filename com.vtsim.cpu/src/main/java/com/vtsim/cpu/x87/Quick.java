package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.floating.FloatUnit;

/**
 * The common case of arithmetic: normal operands, normal result, 64 bits, round to nearest, PE masked. Each method returns false,
 * and has changed nothing, where the case is not that one.
 */
final class Quick {
    private static final int MODE = 0xF20, COMMON = 0x320;
    private static final int BIAS = 16383, MOST = 0x7FFE, SIGN = 0x8000;

    private Quick() { }

    /** @return whether the control word asks for the common case */
    static boolean usable(FloatingState f) {
        return (f.control & MODE) == COMMON;
    }

    static boolean normal(int exponent, long significand) {
        return significand < 0 && (exponent & 0x7FFF) != 0x7FFF && (exponent & 0x7FFF) != 0;
    }

    /** @return whether a binary64 is normal: {@link #exponent} and {@link #significand} can take it apart */
    static boolean normal(long bits) {
        int biased = (int) (bits >>> 52) & 0x7FF;
        return biased != 0 && biased != 0x7FF;
    }

    static int exponent(long bits) {
        return (int) (bits >>> 48) & SIGN | ((int) (bits >>> 52) & 0x7FF) + BIAS - 1023;
    }

    static long significand(long bits) {
        return Long.MIN_VALUE | bits << 11;
    }

    /** Rounds {@code high:low}, bit 127 set, and stores it. */
    private static boolean store(FloatingState f, int to, int sign, int biased, long high, long low) {
        int exponent = biased;
        long rounded = high;
        int status = f.status & ~X87Operation.C1;
        if (low != 0) {
            status |= FloatUnit.PRECISION;
            if (low < 0 && (low != Long.MIN_VALUE || (high & 1) != 0)) {
                status |= X87Operation.C1;
                if (++rounded == 0) {
                    rounded = Long.MIN_VALUE;
                    exponent++;
                }
            }
        }
        if (exponent <= 0 || exponent > MOST) {
            return false;
        }
        f.status = status;
        f.exponent[to] = sign | exponent;
        f.significand[to] = rounded;
        return true;
    }

    static boolean multiply(FloatingState f, int to, int ea, long ma, int eb, long mb) {
        long high = Math.multiplyHigh(ma, mb) + ma + mb;
        long low = ma * mb;
        int exponent = (ea & 0x7FFF) + (eb & 0x7FFF) - BIAS + 1;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            exponent--;
        }
        return store(f, to, (ea ^ eb) & SIGN, exponent, high, low);
    }

    /** a + b; give b the other sign to subtract. */
    static boolean add(FloatingState f, int to, int ea, long ma, int eb, long mb) {
        int distance = (ea & 0x7FFF) - (eb & 0x7FFF);
        if (distance < 0 || distance == 0 && Long.compareUnsigned(ma, mb) < 0) {
            return ordered(f, to, eb, mb, ea, ma, -distance);
        }
        return ordered(f, to, ea, ma, eb, mb, distance);
    }

    private static boolean ordered(FloatingState f, int to, int ea, long ma, int eb, long mb, int distance) {
        if (distance > 63) {
            return false;
        }
        long high = mb >>> distance;
        long low = distance == 0 ? 0 : mb << 64 - distance;
        int exponent = ea & 0x7FFF;
        if (((ea ^ eb) & SIGN) == 0) {
            long sum = ma + high;
            if (Long.compareUnsigned(sum, ma) < 0) {
                low = sum << 63 | low >>> 1 | low & 1;
                sum = sum >>> 1 | Long.MIN_VALUE;
                exponent++;
            }
            return store(f, to, ea & SIGN, exponent, sum, low);
        }
        high = ma - high - (low != 0 ? 1 : 0);
        low = -low;
        if (high == 0) {
            return false;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift != 0) {
            high = high << shift | low >>> 64 - shift;
            low <<= shift;
        }
        return store(f, to, ea & SIGN, exponent - shift, high, low);
    }

    /** @return whether a number is normal as binary64 before it is rounded to it, but not the largest */
    static boolean fitsDouble(int exponent, long significand) {
        int biased = (exponent & 0x7FFF) - BIAS + 1023;
        return significand < 0 && biased > 0 && biased < 0x7FE;
    }

    /** @return the number as binary64, rounded to nearest; sets C1 and PE */
    static long toDouble(FloatingState f, int exponent, long significand) {
        int biased = (exponent & 0x7FFF) - BIAS + 1023;
        long bits = (long) (exponent & SIGN) << 48 | (long) biased << 52 | significand << 1 >>> 12;
        int rest = (int) significand & 0x7FF;
        int status = f.status & ~X87Operation.C1;
        if (rest != 0) {
            status |= FloatUnit.PRECISION;
            if (rest > 0x400 || rest == 0x400 && (bits & 1) != 0) {
                status |= X87Operation.C1;
                bits++;
            }
        }
        f.status = status;
        return bits;
    }
}
