package com.vtsim.cpu.vector;

import java.util.SplittableRandom;

/** Data for vector instructions: the edges of every lane width and of the floating-point formats, and the common middle. */
final class VectorData {
    private static final int[] SINGLES = {0, 1, 2, 0x7F_FFFF, 0x40_0000, 0x80_0000, 0x80_0001, 0x3F80_0000, 0x3F80_0001, 0x3F7F_FFFF, 0x3F00_0000,
        0x4000_0000, 0x4040_0000, 0x3FC0_0000, 0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FBF_FFFF, 0x7FC0_0000, 0x7FC0_1234, 0x4F00_0000,
        0x4EFF_FFFF, 0x5F00_0000, 0x5EFF_FFFF, 0x4B00_0001, 0x3380_0000, 0x0080_0010, 0x0100_0000, 0x7F00_0000, 0x2000_0000, 0x1F80_0000,
        0x3F00_0001, 0x4020_0000, 0x477F_E000, 0x477F_F000, 0x3880_0000, 0x3380_0001, 0x387F_C000};
    private static final long[] DOUBLES = {0, 1, 2, 0xF_FFFF_FFFF_FFFFL, 0x8_0000_0000_0000L, 0x10_0000_0000_0000L, 0x10_0000_0000_0001L,
        0x3FF0_0000_0000_0000L, 0x3FF0_0000_0000_0001L, 0x3FEF_FFFF_FFFF_FFFFL, 0x3FE0_0000_0000_0000L, 0x4000_0000_0000_0000L,
        0x3FF8_0000_0000_0000L, 0x7FEF_FFFF_FFFF_FFFFL, 0x7FF0_0000_0000_0000L, 0x7FF0_0000_0000_0001L, 0x7FF7_FFFF_FFFF_FFFFL,
        0x7FF8_0000_0000_0000L, 0x7FF8_0000_0000_1234L, 0x41E0_0000_0000_0000L, 0x41DF_FFFF_FFC0_0000L, 0x41DF_FFFF_FFE0_0000L,
        0xC1E0_0000_0010_0000L, 0x43E0_0000_0000_0000L, 0x43DF_FFFF_FFFF_FFFFL, 0x4330_0000_0000_0001L, 0x3CA0_0000_0000_0000L,
        0x47EF_FFFF_E000_0000L, 0x47EF_FFFF_F000_0000L, 0x3810_0000_0000_0000L, 0x380F_FFFF_F000_0000L, 0x36A0_0000_0000_0000L,
        0x3690_0000_0000_0000L, 0x3FE0_0000_0000_0001L, 0x4004_0000_0000_0000L, 0x0020_0000_0000_0000L, 0x3800_0000_0000_0000L,
        0x2000_0000_0000_0000L, 0x1FF0_0000_0000_0000L, 0x7FE0_0000_0000_0000L};
    private final SplittableRandom random;

    VectorData(SplittableRandom random) {
        this.random = random;
    }

    /** Fills longs from an index on with one kind of data. */
    void fill(long[] x, int from, int count) {
        int kind = random.nextInt(12);
        for (int i = from; i < from + count; i++) {
            x[i] = value(kind);
        }
    }

    private long value(int kind) {
        return switch (kind) {
            case 0 -> random.nextLong();
            case 1, 2 -> single() & 0xFFFF_FFFFL | (long) single() << 32;
            case 3, 4 -> doubleBits();
            case 5, 6 -> Integer.toUnsignedLong(middlingSingle()) | (long) middlingSingle() << 32;
            case 7, 8 -> middlingDouble();
            case 9 -> edges(8);
            case 10 -> edges(16);
            default -> random.nextInt(8) == 0 ? 0 : edges(32);
        };
    }

    private int single() {
        int sign = random.nextBoolean() ? Integer.MIN_VALUE : 0;
        return random.nextInt(8) == 0 ? random.nextInt() : SINGLES[random.nextInt(SINGLES.length)] ^ sign;
    }

    private long doubleBits() {
        long sign = random.nextBoolean() ? Long.MIN_VALUE : 0;
        return random.nextInt(8) == 0 ? random.nextLong() : DOUBLES[random.nextInt(DOUBLES.length)] ^ sign;
    }

    /** Of few bits now and then, so that results are exact. */
    private int middlingSingle() {
        int bits = random.nextInt(4) == 0 ? 0xFFFF_0000 : -1;
        return (random.nextInt() & 0x807F_FFFF | 127 - 12 + random.nextInt(40) << 23) & bits;
    }

    private long middlingDouble() {
        long bits = random.nextInt(4) == 0 ? 0xFFFF_FF00_0000_0000L : -1;
        return (random.nextLong() & 0x800F_FFFF_FFFF_FFFFL | 1023L - 12 + random.nextInt(70) << 52) & bits;
    }

    private long edges(int width) {
        long result = 0;
        for (int i = 0; i < 64; i += width) {
            long lane = switch (random.nextInt(7)) {
                case 0 -> 0;
                case 1 -> 1;
                case 2 -> -1;
                case 3 -> 1L << width - 1;
                case 4 -> (1L << width - 1) - 1;
                case 5 -> random.nextInt(2 * width);
                default -> random.nextLong();
            };
            result |= (lane & -1L >>> 64 - width) << i;
        }
        return result;
    }

    /** @return MXCSR: its usual values, others with all masked, any */
    int mxcsr() {
        int flags = random.nextInt(64);
        return switch (random.nextInt(8)) {
            case 0, 1 -> 0x1F80 | flags & 0x1F | 0x20;
            case 2, 3 -> 0x1F80 | flags & 0x1F;
            case 4, 5 -> 0x1F80 | flags | (random.nextInt(4) << 13) | (random.nextInt(3) == 0 ? 0x8000 : 0) | (random.nextInt(3) == 0 ? 0x40 : 0);
            default -> random.nextInt(0x1_0000);
        };
    }
}
