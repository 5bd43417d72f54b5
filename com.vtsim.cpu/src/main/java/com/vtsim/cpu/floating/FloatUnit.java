package com.vtsim.cpu.floating;

import com.vtsim.cpu.floating.Unpacked.Kind;

/**
 * IEEE 754 arithmetic in software, with the exceptions x86 detects: the exact slow path beside the host's own arithmetic,
 * and the only path of the x87. Reads {@link #a}, {@link #b} (and {@link #c}), leaves the result in {@link #result}
 * and what happened in {@link #flags}. Allocates nothing.
 *
 * @sdm Floating-Point Exceptions; Rounding; Overview of Floating-Point Exceptions
 */
public final class FloatUnit {
    /** Exceptions, in their places in MXCSR and the x87 status word. */
    public static final int INVALID = 1, DENORMAL = 2, ZERO_DIVIDE = 4, OVERFLOW = 8, UNDERFLOW = 16, PRECISION = 32;
    /** Rounding control, as encoded. */
    public static final int NEAREST = 0, DOWN = 1, UP = 2, TRUNCATE = 3;
    /** Added to or taken from the exponent of an x87 result whose overflow or underflow is not masked. */
    private static final int BIAS_ADJUST = 24576;

    /** Operands. */
    public final Unpacked a = new Unpacked(), b = new Unpacked(), c = new Unpacked();
    /** Result. */
    public final Unpacked result = new Unpacked();
    /** Rounding control. */
    public int rounding;
    /** Denormal operands are zeros (MXCSR.DAZ). */
    public boolean denormalsAreZeros;
    /** Tiny results are zeros where underflow is masked (MXCSR.FTZ). */
    public boolean flushToZero;
    /** Exceptions that are masked, as bits. */
    public int masked = 0x3F;
    /** Whether overflow and underflow that are not masked deliver a result with its exponent adjusted (x87 registers). */
    public boolean adjusts;
    /** Exceptions of the latest operation. */
    public int flags;
    /** Whether the latest rounding went away from zero (C1). */
    public boolean roundedUp;
    /** The number that is rounded next. */
    private final Significand exact = new Significand();

    // Rounding

    /** Rounds {@link #exact} / 2<sup>127</sup> × 2<sup>exponent</sup> to a format. The number need not be normalised; zero is exact. */
    private void round(FloatFormat format, boolean negative, int exponent) {
        if (exact.isZero()) {
            result.zero(negative);
            return;
        }
        int e = exponent - exact.normalise();
        long mostHigh = exact.high;
        long mostLow = exact.low;
        int unbounded = cut(format.precision(), negative);
        boolean tiny = e + unbounded < format.least();
        if (tiny) {
            if ((masked & UNDERFLOW) == 0) {
                flags |= UNDERFLOW;
                finish(negative, e + unbounded + (adjusts ? BIAS_ADJUST : 0));
                return;
            }
            if (flushToZero) {
                flags |= UNDERFLOW | PRECISION;
                result.zero(negative);
                return;
            }
            exact.set(mostHigh, mostLow);
            flags &= ~PRECISION;
            roundedUp = false;
            denormalise(format, negative, e);
            return;
        }
        if (e + unbounded > format.greatest()) {
            overflow(format, negative, e + unbounded);
            return;
        }
        finish(negative, e + unbounded);
    }

    private void finish(boolean negative, int exponent) {
        result.kind = Kind.FINITE;
        result.negative = negative;
        result.exponent = exponent;
        result.significand = exact.high;
        result.denormal = false;
    }

    /** Rounds the number (bit 127 set, or a denormal's leading zeros) to its top {@code precision} bits. @return 1 if that carried into a new leading bit */
    private int cut(int precision, boolean negative) {
        long unit = 1L << 64 - precision;
        long rest = exact.high & unit - 1;
        boolean inexact = (rest | exact.low) != 0;
        if (!inexact) {
            return 0;
        }
        flags |= PRECISION;
        boolean away;
        if (rounding == NEAREST) {
            long half = precision == 64 ? 0 : unit >>> 1;
            int side = precision == 64 ? Long.compareUnsigned(exact.low, Long.MIN_VALUE) : rest != half ? Long.compareUnsigned(rest, half) : exact.low != 0 ? 1 : 0;
            away = side > 0 || side == 0 && (exact.high & unit) != 0;
        } else {
            away = rounding == (negative ? DOWN : UP);
        }
        exact.high &= -unit;
        exact.low = 0;
        roundedUp = away;
        if (away) {
            exact.high += unit;
            if (exact.high == 0) {
                exact.high = Long.MIN_VALUE;
                return 1;
            }
        }
        return 0;
    }

    private void denormalise(FloatFormat format, boolean negative, int exponent) {
        exact.shiftRight((long) format.least() - exponent);
        int carried = cut(format.precision(), negative);
        if ((flags & PRECISION) != 0) {
            flags |= UNDERFLOW;
        }
        if (exact.high == 0) {
            result.zero(negative);
            return;
        }
        int shift = Long.numberOfLeadingZeros(exact.high);
        exact.high <<= shift;
        finish(negative, format.least() + carried - shift);
    }

    private void overflow(FloatFormat format, boolean negative, int exponent) {
        flags |= OVERFLOW;
        if ((masked & OVERFLOW) == 0) {
            finish(negative, exponent - (adjusts ? BIAS_ADJUST : 0));
            return;
        }
        flags |= PRECISION;
        boolean toInfinity = rounding == NEAREST || rounding == (negative ? DOWN : UP);
        roundedUp = toInfinity;
        if (toInfinity) {
            result.infinity(negative);
        } else {
            exact.high = -1L << 64 - format.precision();
            finish(negative, format.greatest());
        }
    }

    /** Rounds {@link #a} to a format: a conversion. NaNs are the caller's to quieten. */
    public void round(FloatFormat format) {
        if (a.kind != Kind.FINITE) {
            result.set(a);
            return;
        }
        exact.set(a.significand, 0);
        round(format, a.negative, a.exponent);
    }

    /**
     * result = {@code (upper:lower) / 2^127 × 2^exponent}, rounded; the lowest bit of {@code lower} is sticky. The number need not be
     * normalised; zero is exact.
     */
    public void round(FloatFormat format, boolean negative, int exponent, long upper, long lower) {
        exact.set(upper, lower);
        round(format, negative, exponent);
    }

    // Operands

    /** Begins an operation: clears {@link #flags}. */
    public void begin() {
        flags = 0;
        roundedUp = false;
    }

    /** Applies DAZ to an operand and notes a denormal one; for operations that signal DE. */
    public void noteDenormal(Unpacked operand) {
        if (operand.denormal) {
            if (denormalsAreZeros) {
                operand.zero(operand.negative);
            } else {
                flags |= DENORMAL;
            }
        }
    }

    private void invalid() {
        flags |= INVALID;
        result.indefinite();
    }

    // Operations on finite numbers, zeros and infinities; NaNs are chosen by the caller, whose rules differ (x87, SSE)

    /** result = a + b. */
    public void add(FloatFormat format) {
        noteDenormal(a);
        noteDenormal(b);
        sum(format, a, b.kind, b.negative, b.exponent, b.significand);
    }

    /** result = a − b. */
    public void subtract(FloatFormat format) {
        noteDenormal(a);
        noteDenormal(b);
        sum(format, a, b.kind, !b.negative, b.exponent, b.significand);
    }

    private void sum(FloatFormat format, Unpacked x, Kind yKind, boolean yNegative, int yExponent, long ySignificand) {
        if (x.kind == Kind.INFINITY || yKind == Kind.INFINITY) {
            if (x.kind == yKind && x.negative != yNegative) {
                flags &= ~DENORMAL;
                invalid();
            } else {
                result.infinity(x.kind == Kind.INFINITY ? x.negative : yNegative);
            }
            return;
        }
        if (x.kind == Kind.ZERO && yKind == Kind.ZERO) {
            result.zero(x.negative == yNegative ? x.negative : rounding == DOWN);
            return;
        }
        if (x.kind == Kind.ZERO) {
            exact.set(ySignificand, 0);
            round(format, yNegative, yExponent);
            return;
        }
        if (yKind == Kind.ZERO) {
            exact.set(x.significand, 0);
            round(format, x.negative, x.exponent);
            return;
        }
        sumOfFinite(format, x.negative, x.exponent, x.significand, 0, yNegative, yExponent, ySignificand, 0);
    }

    /** Both not zero; significands of 128 bits with the leading bit set. */
    private void sumOfFinite(FloatFormat format, boolean xNegative, int xExponent, long xHigh, long xLow,
            boolean yNegative, int yExponent, long yHigh, long yLow) {
        boolean swap = yExponent > xExponent || yExponent == xExponent
            && (Long.compareUnsigned(yHigh, xHigh) > 0 || yHigh == xHigh && Long.compareUnsigned(yLow, xLow) > 0);
        if (swap) {
            sumOfFinite(format, yNegative, yExponent, yHigh, yLow, xNegative, xExponent, xHigh, xLow);
            return;
        }
        exact.set(yHigh, yLow);
        // One bit of head room for the carry.
        exact.shiftRight((long) xExponent - yExponent + 1);
        long bigHigh = xHigh >>> 1;
        long bigLow = xHigh << 63 | xLow >>> 1 | xLow & 1;
        if (xNegative == yNegative) {
            long sumLow = bigLow + exact.low;
            long carry = Long.compareUnsigned(sumLow, bigLow) < 0 ? 1 : 0;
            exact.high = bigHigh + exact.high + carry;
            exact.low = sumLow;
        } else {
            long borrow = Long.compareUnsigned(bigLow, exact.low) < 0 ? 1 : 0;
            exact.high = bigHigh - exact.high - borrow;
            exact.low = bigLow - exact.low;
            if (exact.isZero()) {
                result.zero(rounding == DOWN);
                return;
            }
        }
        round(format, xNegative, xExponent + 1);
    }

    /** result = a × b. */
    public void multiply(FloatFormat format) {
        noteDenormal(a);
        noteDenormal(b);
        boolean negative = a.negative != b.negative;
        if (a.kind == Kind.INFINITY || b.kind == Kind.INFINITY) {
            if (a.kind == Kind.ZERO || b.kind == Kind.ZERO) {
                flags &= ~DENORMAL;
                invalid();
            } else {
                result.infinity(negative);
            }
            return;
        }
        if (a.kind == Kind.ZERO || b.kind == Kind.ZERO) {
            result.zero(negative);
            return;
        }
        exact.product(a.significand, b.significand);
        round(format, negative, a.exponent + b.exponent + 1);
    }

    /** result = a / b. */
    public void divide(FloatFormat format) {
        noteDenormal(a);
        noteDenormal(b);
        boolean negative = a.negative != b.negative;
        if (a.kind == b.kind && (a.kind == Kind.INFINITY || a.kind == Kind.ZERO)) {
            flags &= ~DENORMAL;
            invalid();
            return;
        }
        if (a.kind == Kind.INFINITY) {
            result.infinity(negative);
            return;
        }
        if (b.kind == Kind.ZERO) {
            flags = flags & ~DENORMAL | ZERO_DIVIDE;
            result.infinity(negative);
            return;
        }
        if (a.kind == Kind.ZERO || b.kind == Kind.INFINITY) {
            result.zero(negative);
            return;
        }
        exact.quotient(a.significand, b.significand);
        round(format, negative, a.exponent - b.exponent);
    }

    /** result = √a. */
    public void squareRoot(FloatFormat format) {
        if (a.kind == Kind.ZERO) {
            result.set(a);
            return;
        }
        if (a.negative) {
            if (a.denormal && denormalsAreZeros) {
                result.zero(true);
                return;
            }
            invalid();
            return;
        }
        noteDenormal(a);
        if (a.kind != Kind.FINITE) {
            result.set(a);
            return;
        }
        exact.root(a.significand, (a.exponent & 1) != 0);
        round(format, false, a.exponent >> 1);
    }

    /** result = a × b + c, rounded once; {@code negateProduct} and {@code negateAddend} make the other forms. */
    public void multiplyAdd(FloatFormat format, boolean negateProduct, boolean negateAddend) {
        boolean productNegative = a.negative != b.negative != negateProduct;
        boolean addendNegative = c.negative != negateAddend;
        boolean infiniteByZero = a.kind == Kind.INFINITY && zeroish(b) || b.kind == Kind.INFINITY && zeroish(a);
        boolean infiniteProduct = a.kind == Kind.INFINITY || b.kind == Kind.INFINITY;
        if (infiniteByZero || infiniteProduct && c.kind == Kind.INFINITY && productNegative != addendNegative) {
            invalid();
            return;
        }
        noteDenormal(a);
        noteDenormal(b);
        noteDenormal(c);
        if (infiniteProduct || c.kind == Kind.INFINITY) {
            result.infinity(infiniteProduct ? productNegative : addendNegative);
            return;
        }
        if (a.kind == Kind.ZERO || b.kind == Kind.ZERO) {
            if (c.kind == Kind.ZERO) {
                result.zero(productNegative == addendNegative ? productNegative : rounding == DOWN);
            } else {
                exact.set(c.significand, 0);
                round(format, addendNegative, c.exponent);
            }
            return;
        }
        exact.product(a.significand, b.significand);
        int exponent = a.exponent + b.exponent + 1 - exact.normalise();
        if (c.kind == Kind.ZERO) {
            round(format, productNegative, exponent);
            return;
        }
        sumOfFinite(format, productNegative, exponent, exact.high, exact.low, addendNegative, c.exponent, c.significand, 0);
    }

    private boolean zeroish(Unpacked operand) {
        return operand.kind == Kind.ZERO || operand.denormal && denormalsAreZeros;
    }

    /** Rounds {@link #a} to an integral value in the same format; sets PE if that changed it and {@code signal}. */
    public void roundToIntegral(boolean signal) {
        result.set(a);
        if (a.kind != Kind.FINITE || a.exponent >= 63) {
            return;
        }
        long magnitude = integral(a.exponent);
        int inexact = flags & PRECISION;
        if (!signal) {
            flags &= ~PRECISION;
        }
        result.finite(a.negative, 63, magnitude);
        if (inexact == 0) {
            result.set(a);
        }
    }

    /** @return |a| rounded to an integer; PE set if that changed it. a is finite and below 2^63 */
    private long integral(int exponent) {
        exact.set(a.significand, 0);
        // Integer part in the upper half, fraction in the lower.
        exact.shiftRight(63L - exponent);
        long whole = exact.high;
        long fraction = exact.low;
        if (fraction == 0) {
            return whole;
        }
        flags |= PRECISION;
        boolean away;
        if (rounding == NEAREST) {
            int side = Long.compareUnsigned(fraction, Long.MIN_VALUE);
            away = side > 0 || side == 0 && (whole & 1) != 0;
        } else {
            away = rounding == (a.negative ? DOWN : UP);
        }
        roundedUp = away;
        return away ? whole + 1 : whole;
    }

    /**
     * @param bits 16, 32 or 64
     * @return a as a signed integer, rounded; INVALID alone is set, and the integer indefinite returned, where it does not fit
     */
    public long toInteger(int bits) {
        long indefinite = -1L << bits - 1;
        if (a.kind == Kind.ZERO) {
            return 0;
        }
        if (a.kind != Kind.FINITE || a.exponent > 63) {
            flags |= INVALID;
            return indefinite;
        }
        if (a.exponent == 63) {
            if (bits == 64 && a.negative && a.significand == Long.MIN_VALUE) {
                return indefinite;
            }
            flags |= INVALID;
            return indefinite;
        }
        int before = flags;
        long magnitude = integral(a.exponent);
        long limit = a.negative ? 1L << bits - 1 : (1L << bits - 1) - 1;
        if (Long.compareUnsigned(magnitude, limit) > 0) {
            flags = before | INVALID;
            roundedUp = false;
            return indefinite;
        }
        return a.negative ? -magnitude : magnitude;
    }

    /** @return -1, 0 or 1 as a is below, equal to or above b; neither is a NaN */
    public int compare() {
        boolean aZero = zeroish(a);
        boolean bZero = zeroish(b);
        if (aZero || bZero) {
            return aZero ? bZero ? 0 : b.negative ? 1 : -1 : a.negative ? -1 : 1;
        }
        if (a.negative != b.negative) {
            return a.negative ? -1 : 1;
        }
        int magnitude;
        if (a.kind == Kind.INFINITY || b.kind == Kind.INFINITY) {
            magnitude = a.kind == b.kind ? 0 : a.kind == Kind.INFINITY ? 1 : -1;
        } else if (a.exponent != b.exponent) {
            magnitude = Integer.compare(a.exponent, b.exponent);
        } else {
            magnitude = Long.compareUnsigned(a.significand, b.significand);
        }
        return Integer.signum(a.negative ? -magnitude : magnitude);
    }
}
