package com.vtsim.cpu.x87;

import java.math.BigInteger;
import java.util.function.IntFunction;

/** A power series with positive coefficients up to 1, summed in fixed point. */
final class Series {
    /** ∑ z^k / (k + 1)!: (e^z − 1) / z. */
    static final Series EXPONENTIAL = new Series(34, k -> factorial(k + 1));
    /** ∑ z^k / (2k + 1)!: of sine. */
    static final Series SINE = new Series(18, k -> factorial(2 * k + 1));
    /** ∑ z^k / (2k)!: of cosine. */
    static final Series COSINE = new Series(18, k -> factorial(2 * k));
    /** ∑ z^k / (2k + 1): of arc tangent and its hyperbolic kin. */
    static final Series ODD = new Series(28, k -> BigInteger.valueOf(2L * k + 1));

    private final long[] high;
    private final long[] low;

    private Series(int terms, IntFunction<BigInteger> divisor) {
        high = new long[terms];
        low = new long[terms];
        for (int k = 0; k < terms; k++) {
            BigInteger c = BigInteger.ONE.shiftLeft(127).divide(divisor.apply(k));
            high[k] = c.shiftRight(64).longValue();
            low[k] = c.longValue();
        }
    }

    private static BigInteger factorial(int n) {
        BigInteger product = BigInteger.ONE;
        for (int i = 2; i <= n; i++) {
            product = product.multiply(BigInteger.valueOf(i));
        }
        return product;
    }

    /**
     * Sums it.
     *
     * @param z           below 1; becomes a fraction
     * @param alternating whether odd terms are subtracted
     * @param sum         becomes the sum, normalised, never exactly 1
     */
    void sum(Wide z, boolean alternating, Wide sum) {
        z.toFraction();
        int last = terms(z.high);
        long h = high[last];
        long l = low[last];
        for (int k = last - 1; k >= 0; k--) {
            sum.product(h, l, z.high, z.low);
            if (alternating) {
                long borrow = Long.compareUnsigned(low[k], sum.low) < 0 ? 1 : 0;
                l = low[k] - sum.low;
                h = high[k] - sum.high - borrow;
            } else {
                l = low[k] + sum.low;
                h = high[k] + sum.high + (Long.compareUnsigned(l, sum.low) < 0 ? 1 : 0);
            }
        }
        if (h == Long.MIN_VALUE && l == 0) {
            l += alternating ? -1 : 1;
            h += alternating ? -1 : 0;
        }
        sum.high = h;
        sum.low = l;
        sum.negative = false;
        sum.fromUnits();
    }

    /** @return the last term that matters: z^k below 2^-128 does not */
    private int terms(long zHigh) {
        int zeros = Long.numberOfLeadingZeros(zHigh);
        return zeros == 0 ? high.length - 1 : Math.min(high.length - 1, 128 / zeros + 1);
    }
}
