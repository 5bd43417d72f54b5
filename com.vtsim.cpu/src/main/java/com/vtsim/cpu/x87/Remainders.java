package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.floating.Unpacked.Kind;
import com.vtsim.cpu.isa.Instruction;

/** Partial remainders, with the low three bits of the quotient. @sdm FPREM—Partial Remainder; FPREM1—Partial Remainder */
final class Remainders {
    private Remainders() { }

    static void define(Semantics s) {
        s.define("FPREM", (i, at) -> new Remainder(false, i, at));
        s.define("FPREM1", (i, at) -> new Remainder(true, i, at));
    }

    private static final class Remainder extends Scaling.Two {
        private final boolean nearest;
        /** Of the execution under way: quotient, whether there is more to do, whether there is a remainder at all. */
        private long quotient;
        private boolean partial;
        private boolean valid;

        Remainder(boolean nearest, Instruction i, Translation at) {
            super(i, at);
            this.nearest = nearest;
        }

        @Override
        void compute(FloatingState f) {
            FloatUnit u = f.unit;
            Unpacked a = u.a;
            Unpacked b = u.b;
            quotient = 0;
            partial = false;
            valid = true;
            if (a.kind == Kind.INFINITY || b.kind == Kind.ZERO) {
                u.flags |= FloatUnit.INVALID;
                valid = false;
                u.result.indefinite();
                return;
            }
            u.noteDenormal(a);
            u.noteDenormal(b);
            if (a.kind == Kind.ZERO || b.kind == Kind.INFINITY) {
                u.result.set(a);
                return;
            }
            int difference = a.exponent - b.exponent;
            if (difference < (nearest ? -1 : 0)) {
                u.round(FloatFormat.EXTENDED);
            } else if (difference >= 64) {
                partial = true;
                // As many steps as processors take: 32 to 63 bits of the quotient.
                int steps = difference & 0x1F | 0x20;
                divide(u, steps, difference - steps);
            } else {
                divide(u, difference, 0);
            }
        }

        /** Subtracts multiples of b, {@code steps + 1} bits of quotient; the lowest multiple is 2^scale × b. */
        private void divide(FloatUnit u, int steps, int scale) {
            Unpacked a = u.a;
            Unpacked b = u.b;
            long y = b.significand;
            long r = a.significand;
            long q = 0;
            boolean carry = false;
            int exponent = b.exponent + scale;
            if (steps < 0) {
                // a is below b, but not below half of it.
                exponent--;
            } else {
                for (int n = steps; ; n--) {
                    q <<= 1;
                    if (carry || Long.compareUnsigned(r, y) >= 0) {
                        r -= y;
                        q |= 1;
                    }
                    if (n == 0) {
                        break;
                    }
                    carry = r < 0;
                    r <<= 1;
                }
            }
            boolean negative = a.negative;
            if (nearest && scale == 0 && roundsUp(r, y, q, steps < 0)) {
                // b - r; where a's exponent is one below, b is twice its significand.
                r = steps < 0 ? (y - r) + y : y - r;
                q++;
                negative = !negative;
            }
            quotient = q;
            if (r == 0) {
                u.result.zero(a.negative);
            } else {
                u.round(FloatFormat.EXTENDED, negative, exponent, r, 0);
            }
        }

        private static boolean roundsUp(long r, long y, long q, boolean half) {
            int order = half ? Long.compareUnsigned(r, y) : r < 0 ? 1 : Long.compareUnsigned(r << 1, y);
            return order > 0 || order == 0 && (q & 1) != 0;
        }

        @Override
        void before(FloatingState f) {
            f.status &= ~C2;
        }

        @Override
        void after(FloatingState f) {
            if (!valid) {
                return;
            }
            f.status &= ~(C0 | C1 | C3);
            if (partial) {
                f.status |= C2;
            } else {
                f.status |= ((quotient & 4) != 0 ? C0 : 0) | ((quotient & 2) != 0 ? C3 : 0) | ((quotient & 1) != 0 ? C1 : 0);
            }
        }
    }
}
