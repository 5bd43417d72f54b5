package com.vtsim.cpu.floating;

/** A number of 128 bits on its way to be rounded; where more was lost to its right than it holds, its lowest bit is sticky. Allocates nothing. */
final class Significand {
    /** Bits 127:64. */
    long high;
    /** Bits 63:0. */
    long low;

    void set(long upper, long lower) {
        high = upper;
        low = lower;
    }

    boolean isZero() {
        return (high | low) == 0;
    }

    /** Shifts left until the leading bit is bit 127; the number is not zero. @return by how many bits */
    int normalise() {
        int shift = high != 0 ? Long.numberOfLeadingZeros(high) : 64 + Long.numberOfLeadingZeros(low);
        shiftLeft(shift);
        return shift;
    }

    private void shiftLeft(int by) {
        if (by >= 64) {
            high = low << by - 64;
            low = 0;
        } else if (by > 0) {
            high = high << by | low >>> 64 - by;
            low <<= by;
        }
    }

    /** Shifts right; what falls out sticks to the lowest bit. */
    void shiftRight(long by) {
        if (by == 0) {
            return;
        }
        if (by >= 128) {
            low = (high | low) != 0 ? 1 : 0;
            high = 0;
        } else if (by >= 64) {
            long lost = low | (by == 64 ? 0 : high << 128 - by);
            low = (by == 64 ? high : high >>> by - 64) | (lost != 0 ? 1 : 0);
            high = 0;
        } else {
            long lost = low << 64 - by;
            low = low >>> by | high << 64 - by | (lost != 0 ? 1 : 0);
            high >>>= by;
        }
    }

    /** The product of two normalised numbers of 64 bits; the leading bit is bit 127 or 126. */
    void product(long x, long y) {
        high = Math.multiplyHigh(x, y) + (x >> 63 & y) + (y >> 63 & x);
        low = x * y;
    }

    /** high:low = x / y × 2^127 for normalised x and y, between 2^126 and 2^128: 66 bits of quotient and a sticky bit. */
    void quotient(long x, long y) {
        boolean larger = Long.compareUnsigned(x, y) >= 0;
        long whole = larger ? 1 : 0;
        long fraction = divideUp(larger ? x - y : x, y);
        long rest = remainder;
        boolean carry = rest < 0;
        rest <<= 1;
        long last = carry || Long.compareUnsigned(rest, y) >= 0 ? 1 : 0;
        if (last != 0) {
            rest -= y;
        }
        high = whole << 63 | fraction >>> 1;
        low = fraction << 63 | last << 62 | (rest != 0 ? 1 : 0);
    }

    /** Of the latest {@link #divideUp}. */
    private long remainder;

    /** @return {@code x × 2^64 / y} for x below y, whose bit 63 is set: two digits of 32 bits */
    private long divideUp(long x, long y) {
        long upper = y >>> 32;
        long lower = y & 0xFFFF_FFFFL;
        long first = digit(x, upper, lower);
        long rest = (x << 32) - first * y;
        long second = digit(rest, upper, lower);
        remainder = (rest << 32) - second * y;
        return first << 32 | second;
    }

    /** @return {@code x × 2^32 / (upper:lower)}, which is below 2^32 */
    private static long digit(long x, long upper, long lower) {
        long digit = Long.divideUnsigned(x, upper);
        long rest = x - digit * upper;
        while (digit >>> 32 != 0 || Long.compareUnsigned(digit * lower, rest << 32) > 0) {
            digit--;
            rest += upper;
            if (rest >>> 32 != 0) {
                break;
            }
        }
        return digit;
    }

    /** high:low = square root: 65 bits and a sticky bit. An estimate, one step of Newton's, then what is missing to the exact integer. */
    void root(long significand, boolean odd) {
        long radicand = odd ? significand : significand >>> 1;
        long radicandLow = odd ? 0 : significand << 63;
        long root = (long) (Math.sqrt((radicand >>> 1) * 2.0) * 0x1p31) << 1 | Long.MIN_VALUE;
        square(root, radicand, radicandLow);
        double excess = high * 0x1p64 + (low >>> 1) * 2.0;
        long better = root + (long) (excess / ((root >>> 1) * 4.0));
        boolean wrapped = better >= 0;
        root = wrapped ? excess > 0 ? -1L : Long.MIN_VALUE : better;
        square(root, radicand, radicandLow);
        while (high < 0) {
            root--;
            addTwice(root);
        }
        // While the remainder exceeds 2 × root.
        while (high > 1 || high == (root >>> 63) && Long.compareUnsigned(low, root << 1) > 0) {
            subtractTwice(root);
            root++;
        }
        boolean half = high != 0 || Long.compareUnsigned(low, root) > 0;
        boolean exact = (high | low) == 0;
        high = root;
        low = (half ? Long.MIN_VALUE : 0) | (exact ? 0 : 1);
    }

    /** high:low = radicand − root². */
    private void square(long root, long radicand, long radicandLow) {
        long upper = Math.multiplyHigh(root, root) + 2 * root;
        long lower = root * root;
        high = radicand - upper - (Long.compareUnsigned(radicandLow, lower) < 0 ? 1 : 0);
        low = radicandLow - lower;
    }

    /** high:low += 2 root + 1. */
    private void addTwice(long root) {
        long add = root << 1 | 1;
        low += add;
        high += (root >>> 63) + (Long.compareUnsigned(low, add) < 0 ? 1 : 0);
    }

    /** high:low −= 2 root + 1. */
    private void subtractTwice(long root) {
        long by = root << 1 | 1;
        long borrow = Long.compareUnsigned(low, by) < 0 ? 1 : 0;
        low -= by;
        high -= (root >>> 63) + borrow;
    }
}
