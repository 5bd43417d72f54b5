package com.vtsim.cpu.vector;

/** Arithmetic on all lanes of a long at once. {@code h} has the highest bit of each lane set, {@code w} is the lanes' width in bits. */
final class Swar {
    /** Highest bits of bytes, words, doublewords. */
    static final long H8 = 0x8080_8080_8080_8080L, H16 = 0x8000_8000_8000_8000L, H32 = 0x8000_0000_8000_0000L, H64 = Long.MIN_VALUE;
    /** The low half of a long. */
    static final long LOW = 0xFFFF_FFFFL;

    private Swar() { }

    /** @return the highest bits of lanes of a width */
    static long high(int w) {
        return switch (w) {
            case 8 -> H8;
            case 16 -> H16;
            case 32 -> H32;
            default -> H64;
        };
    }

    static long add(long a, long b, long h) {
        return (a & ~h) + (b & ~h) ^ (a ^ b) & h;
    }

    static long subtract(long a, long b, long h) {
        return (a | h) - (b & ~h) ^ (a ^ ~b) & h;
    }

    /** @return all ones in each lane whose highest bit is set in {@code x} */
    static long spread(long x, long h, int w) {
        return ((x & h) >>> w - 1) * (-1L >>> 64 - w);
    }

    static long equal(long a, long b, long h, int w) {
        long t = a ^ b;
        return spread(~((t & ~h) + ~h | t), h, w);
    }

    /** @return all ones where a is below b, unsigned */
    static long below(long a, long b, long h, int w) {
        long difference = subtract(a, b, h);
        return spread(~a & b | (~a | b) & difference, h, w);
    }

    /** @return all ones where a is greater than b, signed */
    static long greater(long a, long b, long h, int w) {
        return below(b ^ h, a ^ h, h, w);
    }

    static long select(long mask, long yes, long no) {
        return yes & mask | no & ~mask;
    }

    static long addUnsigned(long a, long b, long h, int w) {
        long sum = add(a, b, h);
        return sum | spread(a & b | (a | b) & ~sum, h, w);
    }

    static long subtractUnsigned(long a, long b, long h, int w) {
        return subtract(a, b, h) & ~below(a, b, h, w);
    }

    static long addSigned(long a, long b, long h, int w) {
        long sum = add(a, b, h);
        return select(spread(~(a ^ b) & (a ^ sum), h, w), limit(a, h, w), sum);
    }

    static long subtractSigned(long a, long b, long h, int w) {
        long difference = subtract(a, b, h);
        return select(spread((a ^ b) & (a ^ difference), h, w), limit(a, h, w), difference);
    }

    /** @return the greatest positive or least negative value, by the sign of each lane of a */
    private static long limit(long a, long h, int w) {
        return (((a & h) >>> w - 1)) + ~h;
    }

    static long average(long a, long b, long h, int w) {
        return (a | b) - (((a ^ b) & ~(h >>> w - 1)) >>> 1);
    }

    static long absolute(long a, long h, int w) {
        long negative = spread(a, h, w);
        return subtract(a ^ negative, negative, h);
    }

    /** @return a where b is positive, −a where it is negative, 0 where it is 0 */
    static long sign(long a, long b, long h, int w) {
        long negative = spread(b, h, w);
        return subtract(a ^ negative, negative, h) & ~equal(b, 0, h, w);
    }

    static long shiftLeft(long a, long count, long h, int w) {
        if (Long.compareUnsigned(count, w) >= 0) {
            return 0;
        }
        long lane = -1L >>> 64 - w;
        return a << count & (lane << count & lane) * (h >>> w - 1);
    }

    static long shiftRight(long a, long count, long h, int w) {
        if (Long.compareUnsigned(count, w) >= 0) {
            return 0;
        }
        return a >>> count & (-1L >>> 64 - w >>> count) * (h >>> w - 1);
    }

    static long shiftArithmetic(long a, long count, long h, int w) {
        long c = Long.compareUnsigned(count, w) >= 0 ? w - 1 : count;
        long sign = h >>> c;
        return subtract(shiftRight(a, c, h, w) ^ sign, sign, h);
    }

    /** @return the word of a long, sign-extended */
    static int word(long x, int i) {
        return (short) (x >>> 16 * i);
    }

    /** @return the word of a long, zero-extended */
    static int unsignedWord(long x, int i) {
        return (int) (x >>> 16 * i) & 0xFFFF;
    }
}
