package com.vtsim.cpu.x87;

import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.floating.Unpacked.Kind;
import java.math.BigInteger;

/** The arc tangent: a table of sixteenths, and a series for the rest. @sdm FPATAN—Partial Arctangent */
final class ArcTangentTable {
    private static final Wide PI = new Wide(1, 0xC90F_DAA2_2168_C234L, 0xC4C6_628B_80DC_1CD1L);
    private static final int STEPS = 16;
    /** Exponent below which processors take the quotient for the angle. */
    private static final int SMALL = -35;
    private static final int POINT = 160;
    /** n / 16, and its arc tangent. */
    private static final Wide[] TANGENT = new Wide[STEPS + 1], ARC = new Wide[STEPS + 1];

    static {
        for (int n = 1; n <= STEPS; n++) {
            TANGENT[n] = Wide.of(BigInteger.valueOf(n), 4);
            // Half of the angles by the addition theorem: atan(n/16) = π/4 − atan((16 − n) / (16 + n)).
            BigInteger quarter = arc(1, 5).shiftLeft(2).subtract(arc(1, 239));
            ARC[n] = Wide.of(n <= STEPS / 2 ? arc(n, STEPS) : quarter.subtract(arc(STEPS - n, STEPS + n)), POINT);
        }
    }

    private ArcTangentTable() { }

    /** @return atan(n/d) × 2^POINT */
    private static BigInteger arc(int n, int d) {
        BigInteger square = BigInteger.valueOf((long) n * n);
        BigInteger divisor = BigInteger.valueOf((long) d * d);
        BigInteger power = BigInteger.valueOf(n).shiftLeft(POINT).divide(BigInteger.valueOf(d));
        BigInteger sum = BigInteger.ZERO;
        for (int k = 0; power.signum() != 0; k++) {
            BigInteger term = power.divide(BigInteger.valueOf(2L * k + 1));
            sum = (k & 1) == 0 ? sum.add(term) : sum.subtract(term);
            power = power.multiply(square).divide(divisor);
        }
        return sum;
    }

    /** The registers of one computation. */
    static final class Work {
        private final Wide x = new Wide(), y = new Wide(), t = new Wide(), s = new Wide(), sum = new Wide();

        /** The unit's result becomes the angle of the point (b, a). */
        void angle(FloatUnit u) {
            Unpacked a = u.a;
            Unpacked b = u.b;
            boolean left = b.negative;
            if (a.kind == Kind.ZERO || b.kind == Kind.INFINITY && a.kind != Kind.INFINITY) {
                if (left) {
                    deliver(u, PI, 0, a.negative);
                } else {
                    u.result.zero(a.negative);
                }
            } else if (b.kind == Kind.ZERO || a.kind == Kind.INFINITY && b.kind != Kind.INFINITY) {
                deliver(u, PI, -1, a.negative);
            } else if (a.kind == Kind.INFINITY) {
                if (left) {
                    t.set(3);
                    t.multiply(t, PI);
                    deliver(u, t, -2, a.negative);
                } else {
                    deliver(u, PI, -2, a.negative);
                }
            } else {
                finite(u, a, b);
            }
        }

        private static void deliver(FloatUnit u, Wide value, int shift, boolean negative) {
            u.round(FloatFormat.EXTENDED, negative, value.exponent + shift, value.high, value.low | 1);
        }

        private void finite(FloatUnit u, Unpacked a, Unpacked b) {
            y.set(a);
            x.set(b);
            y.negative = false;
            x.negative = false;
            boolean steep = x.smaller(y);
            if (steep) {
                t.divide(x, y);
            } else {
                t.divide(y, x);
            }
            if (!steep && !b.negative && t.exponent < SMALL) {
                // The quotient stands for its arc tangent.
                t.cut();
                t.negative = a.negative;
                Transcendentals.deliver(u, t, false);
                Transcendentals.noteInexact(u);
                return;
            }
            arc();
            if (steep) {
                x.set(PI);
                x.exponent--;
                t.add(x, t, !b.negative);
            } else if (b.negative) {
                t.add(PI, t, true);
            }
            t.negative = a.negative;
            Transcendentals.deliver(u, t, true);
        }

        /** t = atan(t), t at most 1. */
        private void arc() {
            int n = t.exponent < -5 ? 0 : (int) ((t.high >>> 58 - t.exponent) + 1 >>> 1);
            if (n != 0) {
                s.add(t, TANGENT[n], true);
                x.multiply(t, TANGENT[n]);
                y.add(Transcendentals.ONE, x, false);
                if (s.zero()) {
                    t.set(ARC[n]);
                    return;
                }
                t.divide(s, y);
            }
            s.multiply(t, t);
            Series.ODD.sum(s, true, sum);
            t.multiply(t, sum);
            if (n != 0) {
                t.add(ARC[n], t, false);
            }
        }
    }
}
