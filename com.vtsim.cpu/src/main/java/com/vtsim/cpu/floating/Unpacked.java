package com.vtsim.cpu.floating;

/** A floating-point datum taken apart; reused, so that arithmetic allocates nothing. */
public final class Unpacked {
    /** What a datum is. */
    public enum Kind {
        /** Zero of either sign. */
        ZERO,
        /** Finite and not zero; {@link #significand} is normalised also where the datum was denormal. */
        FINITE,
        /** Infinity. */
        INFINITY,
        /** Quiet NaN. */
        QUIET,
        /** Signalling NaN. */
        SIGNALLING,
        /** An encoding of the double extended format that is no number: pseudo-infinity, pseudo-NaN, unnormal. */
        UNSUPPORTED
    }

    /** What it is. */
    public Kind kind = Kind.ZERO;
    /** Whether the sign bit is set. */
    public boolean negative;
    /** Unbiased: the value is {@code significand / 2^63 × 2^exponent}. */
    public int exponent;
    /** For finite numbers bit 63 is set; for NaNs bits 62:0 are the fraction, left-aligned, bit 63 set. */
    public long significand;
    /** Whether the datum was denormal (a pseudo-denormal of the double extended format included). */
    public boolean denormal;

    /** Copies another. */
    public void set(Unpacked other) {
        kind = other.kind;
        negative = other.negative;
        exponent = other.exponent;
        significand = other.significand;
        denormal = other.denormal;
    }

    /** @return whether it is a NaN of either sort */
    public boolean isNan() {
        return kind == Kind.QUIET || kind == Kind.SIGNALLING;
    }

    /** Becomes a zero. */
    public void zero(boolean sign) {
        kind = Kind.ZERO;
        negative = sign;
        exponent = 0;
        significand = 0;
        denormal = false;
    }

    /** Becomes an infinity. */
    public void infinity(boolean sign) {
        kind = Kind.INFINITY;
        negative = sign;
        exponent = 0;
        significand = Long.MIN_VALUE;
        denormal = false;
    }

    /** Becomes the QNaN floating-point indefinite. */
    public void indefinite() {
        kind = Kind.QUIET;
        negative = true;
        exponent = 0;
        significand = 0xC000_0000_0000_0000L;
        denormal = false;
    }

    /** Becomes a finite number that need not be normalised; a zero if the magnitude is 0. */
    public void finite(boolean sign, int unbiased, long magnitude) {
        if (magnitude == 0) {
            zero(sign);
            return;
        }
        int shift = Long.numberOfLeadingZeros(magnitude);
        kind = Kind.FINITE;
        negative = sign;
        exponent = unbiased - shift;
        significand = magnitude << shift;
        denormal = false;
    }

    /** Takes a binary32 apart. */
    public void single(int bits) {
        unpack(bits < 0, bits >>> 23 & 0xFF, 0xFF, (long) bits << 41 >>> 1, 127);
    }

    /** Takes a binary64 apart. */
    public void doubleBits(long bits) {
        unpack(bits < 0, (int) (bits >>> 52) & 0x7FF, 0x7FF, bits << 12 >>> 1, 1023);
    }

    /** Takes a binary16 apart. */
    public void half(int bits) {
        unpack((bits & 0x8000) != 0, bits >>> 10 & 0x1F, 0x1F, (long) bits << 54 >>> 1, 15);
    }

    /** @param fraction left-aligned in bits 62:0 */
    private void unpack(boolean sign, int biased, int most, long fraction, int bias) {
        denormal = false;
        if (biased == most) {
            negative = sign;
            exponent = 0;
            significand = fraction | Long.MIN_VALUE;
            kind = fraction == 0 ? Kind.INFINITY : (fraction & 1L << 62) != 0 ? Kind.QUIET : Kind.SIGNALLING;
        } else if (biased == 0) {
            finite(sign, 1 - bias, fraction);
            denormal = fraction != 0;
        } else {
            kind = Kind.FINITE;
            negative = sign;
            exponent = biased - bias;
            significand = fraction | Long.MIN_VALUE;
        }
    }

    /** Takes a double extended apart. @param signAndExponent 16 bits */
    public void extended(int signAndExponent, long bits) {
        boolean sign = (signAndExponent & 0x8000) != 0;
        int biased = signAndExponent & 0x7FFF;
        denormal = false;
        negative = sign;
        if (biased == 0) {
            finite(sign, -16382, bits);
            denormal = bits != 0;
        } else if (bits >= 0) {
            kind = Kind.UNSUPPORTED;
            significand = bits;
            exponent = biased - 16383;
        } else if (biased == 0x7FFF) {
            exponent = 0;
            significand = bits;
            kind = bits == Long.MIN_VALUE ? Kind.INFINITY : (bits & 1L << 62) != 0 ? Kind.QUIET : Kind.SIGNALLING;
        } else {
            kind = Kind.FINITE;
            exponent = biased - 16383;
            significand = bits;
        }
    }

    /** @return binary32 of a value that was rounded to it */
    public int toSingle() {
        return (int) pack(23, 127, 0xFF);
    }

    /** @return binary64 of a value that was rounded to it */
    public long toDouble() {
        return pack(52, 1023, 0x7FF);
    }

    /** @return binary16 of a value that was rounded to it */
    public int toHalf() {
        return (int) pack(10, 15, 0x1F);
    }

    private long pack(int fractionBits, int bias, int most) {
        int exponentBits = 32 - Integer.numberOfLeadingZeros(most);
        long sign = negative ? 1L << fractionBits + exponentBits : 0;
        switch (kind) {
            case ZERO -> {
                return sign;
            }
            case FINITE -> {
                int biased = exponent + bias;
                if (biased <= 0) {
                    return sign | significand >>> 63 - fractionBits + 1 - biased;
                }
                return sign | (long) biased << fractionBits | (significand & Long.MAX_VALUE) >>> 63 - fractionBits;
            }
            default -> {
                return sign | (long) most << fractionBits | (significand & Long.MAX_VALUE) >>> 63 - fractionBits;
            }
        }
    }

    /** @return sign and biased exponent, 16 bits, of a value that was rounded to double extended */
    public int extendedExponent() {
        int sign = negative ? 0x8000 : 0;
        return switch (kind) {
            case ZERO -> sign;
            case FINITE -> sign | Math.max(exponent + 16383, 0);
            case UNSUPPORTED -> sign | exponent + 16383;
            default -> sign | 0x7FFF;
        };
    }

    /** @return significand of a value that was rounded to double extended */
    public long extendedSignificand() {
        if (kind == Kind.FINITE && exponent + 16383 <= 0) {
            return significand >>> 1 - (exponent + 16383);
        }
        return significand;
    }
}
