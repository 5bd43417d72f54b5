package com.vtsim.cpu.floating;

/**
 * A binary floating-point format: how far a rounded significand and its exponent reach.
 *
 * @param precision bits of the significand, the leading one included
 * @param least     smallest unbiased exponent of a normal number
 * @param greatest  largest unbiased exponent of a finite number
 * @sdm Real Number and Floating-Point Formats
 */
public record FloatFormat(int precision, int least, int greatest) {
    /** binary16. */
    public static final FloatFormat HALF = new FloatFormat(11, -14, 15);
    /** binary32. */
    public static final FloatFormat SINGLE = new FloatFormat(24, -126, 127);
    /** binary64. */
    public static final FloatFormat DOUBLE = new FloatFormat(53, -1022, 1023);
    /** Double extended. */
    public static final FloatFormat EXTENDED = new FloatFormat(64, -16382, 16383);
    /** Double extended's exponent with the significand that precision control cuts to 24 bits. */
    public static final FloatFormat EXTENDED_24 = new FloatFormat(24, -16382, 16383);
    /** Double extended's exponent with the significand that precision control cuts to 53 bits. */
    public static final FloatFormat EXTENDED_53 = new FloatFormat(53, -16382, 16383);
}
