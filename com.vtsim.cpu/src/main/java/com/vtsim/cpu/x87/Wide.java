package com.vtsim.cpu.x87;

import com.vtsim.cpu.floating.Unpacked;
import java.math.BigInteger;

/**
 * A number with 128 bits of significand, truncated after every operation: what transcendental functions compute in. Processors
 * keep 67 bits; {@link #cut} does so where it was found out by measurement. Reused; allocates nothing.
 */
final class Wide {
    /** Whether it is below zero. */
    boolean negative;
    /** The value is {@code (high:low) / 2^127 × 2^exponent}. */
    int exponent;
    /** Significand; bit 63 of {@code high} is set unless the number is zero. */
    long high, low;

    Wide() { }

    /** A positive constant. */
    Wide(int exponent, long high, long low) {
        this.exponent = exponent;
        this.high = high;
        this.low = low;
    }

    /** @return {@code value / 2^point} as a constant */
    static Wide of(BigInteger value, int point) {
        Wide w = new Wide();
        int shift = value.bitLength() - 128;
        BigInteger top = shift >= 0 ? value.shiftRight(shift) : value.shiftLeft(-shift);
        w.high = top.shiftRight(64).longValue();
        w.low = top.longValue();
        w.exponent = value.bitLength() - 1 - point;
        return w;
    }

    void set(Wide other) {
        negative = other.negative;
        exponent = other.exponent;
        high = other.high;
        low = other.low;
    }

    /** Becomes a finite number. */
    void set(Unpacked from) {
        negative = from.negative;
        exponent = from.exponent;
        high = from.significand;
        low = 0;
    }

    /** Becomes an integer. */
    void set(int value) {
        negative = value < 0;
        high = Math.abs((long) value);
        low = 0;
        exponent = 63;
        normalise();
    }

    /** Becomes {@code ±(upper:lower) / 2^127 × 2^unbiased}, not zero. */
    void integer(boolean sign, int unbiased, long upper, long lower) {
        negative = sign;
        exponent = unbiased;
        high = upper;
        low = lower;
        normalise();
    }

    /** Becomes the next number of smaller magnitude. */
    void decrement() {
        if (low-- == 0) {
            high--;
        }
        // A power of two has lost its leading bit; what comes in below is a one as well.
        if (high >= 0) {
            normalise();
            low |= 1;
        }
    }

    /** Cuts the significand to the 67 bits in which processors keep intermediate results. */
    void cut() {
        low &= -1L << 61;
    }

    boolean zero() {
        return (high | low) == 0;
    }

    private void normalise() {
        if (high == 0) {
            high = low;
            low = 0;
            exponent -= 64;
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift > 0 && shift < 64) {
            high = high << shift | low >>> 64 - shift;
            low <<= shift;
            exponent -= shift;
        }
    }

    /** Becomes a × b. */
    void multiply(Wide a, Wide b) {
        int e = a.exponent + b.exponent + 1;
        boolean sign = a.negative != b.negative;
        product(a.high, a.low, b.high, b.low);
        exponent = e;
        negative = sign;
        normalise();
    }

    /** high:low = upper half of the product of two 128-bit numbers, up to a few units too low. */
    void product(long aHigh, long aLow, long bHigh, long bLow) {
        long top = upper(aHigh, bHigh);
        long middle = aHigh * bHigh;
        long cross = upper(aHigh, bLow);
        long sum = middle + cross;
        if (Long.compareUnsigned(sum, cross) < 0) {
            top++;
        }
        cross = upper(aLow, bHigh);
        long total = sum + cross;
        if (Long.compareUnsigned(total, cross) < 0) {
            top++;
        }
        // What the lower halves of the cross products carry.
        long x = aHigh * bLow;
        long y = aLow * bHigh;
        long z = x + y;
        long carry = Long.compareUnsigned(z, x) < 0 ? 1 : 0;
        long lowest = upper(aLow, bLow);
        carry += Long.compareUnsigned(z + lowest, z) < 0 ? 1 : 0;
        low = total + carry;
        if (Long.compareUnsigned(low, carry) < 0) {
            top++;
        }
        high = top;
    }

    private static long upper(long x, long y) {
        return Math.multiplyHigh(x, y) + (x >> 63 & y) + (y >> 63 & x);
    }

    /** Becomes a / b; b is not zero and not this. */
    void divide(Wide a, Wide b) {
        negative = a.negative != b.negative;
        exponent = a.exponent - b.exponent;
        long rHigh = a.high;
        long rLow = a.low;
        long qHigh = 0;
        long qLow = 0;
        boolean carry = false;
        for (int i = 0; i < 128; i++) {
            qHigh = qHigh << 1 | qLow >>> 63;
            qLow <<= 1;
            if (carry || notBelow(rHigh, rLow, b.high, b.low)) {
                long borrow = Long.compareUnsigned(rLow, b.low) < 0 ? 1 : 0;
                rLow -= b.low;
                rHigh -= b.high + borrow;
                qLow |= 1;
            }
            carry = rHigh < 0;
            rHigh = rHigh << 1 | rLow >>> 63;
            rLow <<= 1;
        }
        high = qHigh;
        low = qLow;
        normalise();
        if (carry || (rHigh | rLow) != 0) {
            low |= 1;
        }
    }

    private static boolean notBelow(long aHigh, long aLow, long bHigh, long bLow) {
        int order = Long.compareUnsigned(aHigh, bHigh);
        return order > 0 || order == 0 && Long.compareUnsigned(aLow, bLow) >= 0;
    }

    /** @return whether the magnitude is below the other's; neither is zero */
    boolean smaller(Wide other) {
        return exponent < other.exponent || exponent == other.exponent && !notBelow(high, low, other.high, other.low);
    }

    /** Becomes a + b, or a − b. */
    void add(Wide a, Wide b, boolean subtract) {
        boolean bNegative = b.negative != subtract;
        if (b.zero()) {
            set(a);
            return;
        }
        if (a.zero()) {
            set(b);
            negative = bNegative;
            return;
        }
        if (a.smaller(b)) {
            sum(bNegative, b.exponent, b.high, b.low, a.negative, a.exponent, a.high, a.low);
        } else {
            sum(a.negative, a.exponent, a.high, a.low, bNegative, b.exponent, b.high, b.low);
        }
    }

    /** The first is not smaller. */
    private void sum(boolean aNegative, int aExponent, long aHigh, long aLow, boolean bNegative, int bExponent, long bHigh, long bLow) {
        long by = (long) aExponent - bExponent;
        long yHigh = by >= 64 ? 0 : bHigh >>> by;
        long yLow = by >= 128 ? 0 : by >= 64 ? bHigh >>> by - 64 : by == 0 ? bLow : bLow >>> by | bHigh << 64 - by;
        negative = aNegative;
        exponent = aExponent;
        if (aNegative == bNegative) {
            low = aLow + yLow;
            long carry = Long.compareUnsigned(low, aLow) < 0 ? 1 : 0;
            high = aHigh + yHigh + carry;
            boolean over = carry == 0 ? Long.compareUnsigned(high, aHigh) < 0 : Long.compareUnsigned(high, aHigh) <= 0;
            if (over) {
                low = low >>> 1 | high << 63;
                high = high >>> 1 | Long.MIN_VALUE;
                exponent++;
            }
        } else {
            long borrow = Long.compareUnsigned(aLow, yLow) < 0 ? 1 : 0;
            low = aLow - yLow;
            high = aHigh - yHigh - borrow;
            if (!zero()) {
                normalise();
            }
        }
    }

    /** Shifts a number below 1 right so that high:low become its magnitude × 2^128. */
    void toFraction() {
        long by = -1L - exponent;
        if (by >= 128) {
            high = 0;
            low = 0;
        } else if (by >= 64) {
            low = high >>> by - 64;
            high = 0;
        } else if (by > 0) {
            low = low >>> by | high << 64 - by;
            high >>>= by;
        }
        exponent = -1;
    }

    /** Undoes {@link #toFraction} for a sum of a series: high:low × 2^-127. */
    void fromUnits() {
        exponent = 0;
        normalise();
    }
}
