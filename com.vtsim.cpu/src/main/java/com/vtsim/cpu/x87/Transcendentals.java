package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.floating.Unpacked.Kind;
import com.vtsim.cpu.isa.Instruction;

/**
 * Exponential and logarithms. Trigonometry is in {@link Angles}.
 *
 * @sdm F2XM1; FYL2X; FYL2XP1
 */
final class Transcendentals {
    static final Wide ONE = new Wide(0, Long.MIN_VALUE, 0);
    static final Wide TWO = new Wide(1, Long.MIN_VALUE, 0);
    /** ln 2, rounded to 67 bits as processors have it. */
    private static final Wide LN2 = new Wide(-1, 0xB172_17F7_D1CF_79ABL, 0xC000_0000_0000_0000L);
    /** 2 log2(e), rounded to 67 bits as processors have it. */
    private static final Wide TWO_LOG2E = new Wide(1, 0xB8AA_3B29_5C17_F0BBL, 0xC000_0000_0000_0000L);
    /** Significand of √2, cut. */
    private static final long SQRT2 = 0xB504_F333_F9DE_6484L;

    /** Exponent of the difference from 1 below which processors take the logarithm without a table. */
    private static final int NEAR_ONE = -3;

    /** Exponent of F2XM1's operand below which it is one multiplication. */
    private static final int SMALL = -68;

    private Transcendentals() { }

    static void define(Semantics s) {
        s.define("F2XM1", Exponential::new);
        s.define("FYL2X", (i, at) -> new Logarithm(false, i, at));
        s.define("FYL2XP1", (i, at) -> new Logarithm(true, i, at));
        Angles.define(s);
    }

    /** Rounds to the unit's result. @param inexact whether bits are missing that are not all 0 */
    static void deliver(FloatUnit u, Wide value, boolean inexact) {
        u.round(FloatFormat.EXTENDED, value.negative, value.exponent, value.high, value.low | (inexact ? 1 : 0));
    }

    /** Delivers a value that processors take for a result that is near to it: PE is set, C1 is not. */
    static void deliverInexact(FloatUnit u, Unpacked value) {
        u.a.set(value);
        u.round(FloatFormat.EXTENDED);
        noteInexact(u);
        u.roundedUp = false;
    }

    /** Sets PE, and UE if the result is denormal. @return whether it is */
    static boolean noteInexact(FloatUnit u) {
        boolean tiny = u.result.kind == Kind.FINITE && u.result.exponent < FloatFormat.EXTENDED.least();
        u.flags |= FloatUnit.PRECISION | (tiny ? FloatUnit.UNDERFLOW : 0);
        return tiny;
    }

    /** F2XM1: e^(x ln 2) − 1. */
    private static final class Exponential extends Scaling.One {
        private final Wide y = new Wide(), z = new Wide(), sum = new Wide();

        Exponential(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void compute(FloatingState f) {
            FloatUnit u = f.unit;
            Unpacked a = u.a;
            u.noteDenormal(a);
            if (a.kind == Kind.ZERO) {
                u.result.set(a);
            } else if (a.kind == Kind.INFINITY) {
                if (a.negative) {
                    u.result.finite(true, 0, Long.MIN_VALUE);
                } else {
                    u.result.set(a);
                }
            } else if (a.exponent >= 0) {
                outside(u, a);
            } else {
                y.set(a);
                y.multiply(y, LN2);
                if (a.exponent >= SMALL) {
                    y.cut();
                }
                z.set(y);
                Series.EXPONENTIAL.sum(z, a.negative, sum);
                y.multiply(y, sum);
                deliver(u, y, true);
            }
        }

        /** ±1 is exact; beyond, the result is undefined: processors leave the operand as it is. */
        private static void outside(FloatUnit u, Unpacked a) {
            u.result.set(a);
            u.flags |= FloatUnit.PRECISION;
            if (a.exponent == 0 && a.significand == Long.MIN_VALUE && a.negative) {
                u.result.exponent = -1;
            }
        }
    }

    /** FYL2X and FYL2XP1: ST(1) × log2 of ST(0), or of ST(0) + 1. */
    private static final class Logarithm extends X87Operation {
        private final boolean plusOne;
        private final Wide x = new Wide(), n = new Wide(), d = new Wide(), s = new Wide(), sum = new Wide();

        Logarithm(boolean plusOne, Instruction i, Translation at) {
            super(i, at);
            this.plusOne = plusOne;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            int destination = physical(f, 1);
            if (!readBoth(cpu, f, destination)) {
                return;
            }
            FloatUnit u = f.unit;
            if (!number(u.a) || !number(u.b)) {
                nans(u);
            } else if (plusOne) {
                ofSum(u);
            } else {
                ofValue(u);
            }
            if (complete(cpu, f, destination)) {
                pop(f);
            }
        }

        private static void invalid(FloatUnit u) {
            u.flags = FloatUnit.INVALID;
            u.result.indefinite();
        }

        /** a × log2(b). */
        private void ofValue(FloatUnit u) {
            Unpacked y = u.a;
            Unpacked b = u.b;
            if (b.negative && b.kind != Kind.ZERO) {
                invalid(u);
                return;
            }
            boolean one = b.kind == Kind.FINITE && b.exponent == 0 && b.significand == Long.MIN_VALUE;
            boolean zeroTimesInfinity = y.kind == Kind.ZERO && (b.kind == Kind.ZERO || b.kind == Kind.INFINITY) || y.kind == Kind.INFINITY && one;
            if (zeroTimesInfinity) {
                invalid(u);
                return;
            }
            boolean below = b.kind == Kind.ZERO || b.kind == Kind.FINITE && b.exponent < 0;
            boolean negative = y.negative != below;
            if (b.kind == Kind.ZERO && y.kind == Kind.FINITE) {
                u.flags |= FloatUnit.ZERO_DIVIDE;
                u.result.infinity(negative);
                return;
            }
            u.noteDenormal(y);
            u.noteDenormal(b);
            if (y.kind == Kind.INFINITY || b.kind == Kind.INFINITY || b.kind == Kind.ZERO) {
                u.result.infinity(negative);
            } else if (y.kind == Kind.ZERO || one) {
                u.result.zero(negative);
            } else {
                int k = b.exponent;
                b.exponent = 0;
                if (Long.compareUnsigned(b.significand, SQRT2) > 0) {
                    b.exponent = -1;
                    k++;
                }
                x.set(b);
                n.add(x, ONE, true);
                d.add(x, ONE, false);
                multiply(u, k);
            }
        }

        /** a × log2(b + 1). */
        private void ofSum(FloatUnit u) {
            Unpacked y = u.a;
            Unpacked b = u.b;
            boolean negative = y.negative != b.negative;
            boolean tooSmall = b.negative && b.kind == Kind.INFINITY;
            boolean zeroTimesInfinity = y.kind == Kind.INFINITY && b.kind == Kind.ZERO || y.kind == Kind.ZERO && b.kind == Kind.INFINITY;
            if (tooSmall || zeroTimesInfinity) {
                invalid(u);
                return;
            }
            u.noteDenormal(y);
            u.noteDenormal(b);
            if (y.kind == Kind.INFINITY || b.kind == Kind.INFINITY) {
                u.result.infinity(negative);
            } else if (y.kind == Kind.ZERO || b.kind == Kind.ZERO) {
                u.result.zero(negative);
            } else if (b.negative && b.exponent >= 0) {
                // Undefined: processors deliver the operand.
                u.result.set(b);
                u.flags |= FloatUnit.PRECISION;
            } else if (b.exponent < -1) {
                n.set(b);
                d.add(TWO, n, false);
                multiply(u, 0);
            } else {
                n.set(b);
                x.add(ONE, n, false);
                int k = x.exponent;
                x.exponent = 0;
                if (Long.compareUnsigned(x.high, SQRT2) > 0) {
                    x.exponent = -1;
                    k++;
                }
                n.add(x, ONE, true);
                d.add(x, ONE, false);
                multiply(u, k);
            }
        }

        /** s = half of ln((d + n) / (d - n)). */
        private void logarithm() {
            s.divide(n, d);
            n.multiply(s, s);
            Series.ODD.sum(n, false, sum);
            s.multiply(s, sum);
        }

        /** s = log2 of (d + n) / (d − n), with what processors cut on their way where that is near to 1: the sum, the product, the quotient. */
        private void nearOne() {
            d.cut();
            x.multiply(n, TWO_LOG2E);
            x.cut();
            s.divide(n, d);
            n.multiply(s, s);
            Series.ODD.sum(n, false, sum);
            s.divide(x, d);
            s.cut();
            s.multiply(s, sum);
        }

        /** Delivers a × (k + log2 of (d + n) / (d − n)), n and d such that n / d is small. */
        private void multiply(FloatUnit u, int k) {
            if (!n.zero()) {
                if (k == 0 && n.exponent < NEAR_ONE) {
                    nearOne();
                } else {
                    logarithm();
                    s.multiply(s, TWO_LOG2E);
                }
                if (k != 0) {
                    x.set(k);
                    s.add(x, s, false);
                }
            } else {
                s.set(k);
                if (k < 0) {
                    // As if a little more than 0 had been added: processors come out below.
                    s.decrement();
                }
            }
            s.cut();
            x.set(u.a);
            s.multiply(s, x);
            deliver(u, s, false);
            if ((u.flags & FloatUnit.PRECISION) == 0) {
                // What has been cut is forgotten, but for PE.
                noteInexact(u);
                u.roundedUp = false;
            }
        }
    }
}
