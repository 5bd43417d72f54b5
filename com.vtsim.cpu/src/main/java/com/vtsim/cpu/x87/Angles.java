package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.floating.Unpacked.Kind;
import com.vtsim.cpu.isa.Instruction;

/**
 * Trigonometry. Arguments are reduced by the 66-bit π that processors have, exactly.
 *
 * @sdm FSIN; FCOS; FSINCOS; FPTAN; Approximation of Pi
 */
final class Angles {
    /** π/2 × 2^65: 66 bits. */
    private static final long QUARTER_HIGH = 0x3, QUARTER_LOW = 0x243F_6A88_85A3_08D3L;

    /** Exponents below which processors take the operand for its sine, and one a little smaller for its tangent. */
    private static final int TINY = -68, SMALL = -33;

    private Angles() { }

    /** Which function; TAN and SINCOS push a second result. */
    private enum Function { SIN, COS, TAN, SINCOS }

    static void define(Semantics s) {
        s.define("FSIN", (i, at) -> new Trigonometric(Function.SIN, i, at));
        s.define("FCOS", (i, at) -> new Trigonometric(Function.COS, i, at));
        s.define("FPTAN", (i, at) -> new Trigonometric(Function.TAN, i, at));
        s.define("FSINCOS", (i, at) -> new Trigonometric(Function.SINCOS, i, at));
        s.define("FPATAN", ArcTangent::new);
    }

    private static final class Trigonometric extends X87Operation {
        private final Function function;
        private final boolean pushes;
        private final Wide angle = new Wide(), square = new Wide(), sine = new Wide(), cosine = new Wide();
        private final Unpacked second = new Unpacked(), other = new Unpacked();
        private int quadrant;

        Trigonometric(Function function, Instruction i, Translation at) {
            super(i, at);
            this.function = function;
            this.pushes = function == Function.TAN || function == Function.SINCOS;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            f.status &= ~C2;
            boolean missing = empty(f, 0);
            boolean over = !missing && pushes && !empty(f, 7);
            if (missing || over) {
                stackFaulted(cpu, f, over);
                return;
            }
            prepare(f);
            FloatUnit u = f.unit;
            read(f, 0, u.a);
            if (u.a.kind == Kind.FINITE && u.a.exponent >= 63) {
                f.status = f.status & ~C1 | C2;
                return;
            }
            if (!number(u.a)) {
                nan(u);
                second.set(u.result);
            } else if (u.a.kind == Kind.INFINITY) {
                u.flags |= FloatUnit.INVALID;
                u.result.indefinite();
                second.indefinite();
            } else {
                u.noteDenormal(u.a);
                compute(u);
            }
            if (complete(cpu, f, f.top) && pushes) {
                push(f);
                write(f, f.top, second);
            }
        }

        private void stackFaulted(Cpu cpu, FloatingState f, boolean over) {
            if (stackFault(cpu, f, over)) {
                writeIndefinite(f, f.top);
                if (pushes) {
                    push(f);
                    writeIndefinite(f, f.top);
                }
            }
        }

        private void compute(FloatUnit u) {
            if (u.a.kind == Kind.ZERO) {
                second.finite(false, 0, Long.MIN_VALUE);
                u.result.set(function == Function.COS ? second : u.a);
                return;
            }
            boolean negative = u.a.negative;
            if (u.a.exponent < TINY) {
                tiny(u);
                return;
            }
            reduce(u.a);
            square.multiply(angle, angle);
            Series.COSINE.sum(square, true, cosine);
            square.multiply(angle, angle);
            Series.SINE.sum(square, true, sine);
            sine.multiply(sine, angle);
            switch (function) {
                case SIN -> deliverSine(u, negative);
                case COS -> deliverCosine(u);
                case TAN -> {
                    tangent(negative);
                    Transcendentals.deliver(u, square, true);
                    second.finite(false, 0, Long.MIN_VALUE);
                }
                default -> {
                    deliverSine(u, negative);
                    second.set(u.result);
                    deliverCosine(u);
                    swap(u);
                }
            }
        }

        /** The operand stands for its sine and tangent, 1 for its cosine. */
        private void tiny(FloatUnit u) {
            second.finite(false, 0, Long.MIN_VALUE);
            if (function == Function.COS) {
                Transcendentals.deliverInexact(u, second);
            } else {
                Transcendentals.deliverInexact(u, u.a);
            }
        }

        private void swap(FloatUnit u) {
            other.set(u.result);
            u.result.set(second);
            second.set(other);
        }

        private void deliverSine(FloatUnit u, boolean negative) {
            Wide w = (quadrant & 1) == 0 ? sine : cosine;
            boolean sign = w.negative;
            w.negative = sign != negative != ((quadrant & 2) != 0);
            Transcendentals.deliver(u, w, true);
            w.negative = sign;
        }

        private void deliverCosine(FloatUnit u) {
            Wide w = (quadrant & 1) == 0 ? cosine : sine;
            boolean sign = w.negative;
            w.negative = sign != ((quadrant + 1 & 2) != 0);
            Transcendentals.deliver(u, w, true);
            w.negative = sign;
        }

        private void tangent(boolean negative) {
            if (angle.exponent < SMALL) {
                square.set(angle);
                square.decrement();
                square.negative ^= negative;
                return;
            }
            sine.cut();
            cosine.cut();
            if ((quadrant & 1) == 0) {
                square.divide(sine, cosine);
            } else {
                square.divide(cosine, sine);
                square.negative = !square.negative;
            }
            square.negative ^= negative;
        }

        /** angle = |x| − n π/2, at most π/4 in magnitude; quadrant = n modulo 4. */
        private void reduce(Unpacked from) {
            angle.set(from);
            angle.negative = false;
            quadrant = 0;
            if (from.exponent < -1) {
                return;
            }
            long high = 0;
            long low = from.significand;
            int n = 0;
            for (int i = from.exponent + 2; i > 0; i--) {
                high = high << 1 | low >>> 63;
                low <<= 1;
                n <<= 1;
                if (high > QUARTER_HIGH || high == QUARTER_HIGH && Long.compareUnsigned(low, QUARTER_LOW) >= 0) {
                    long borrow = Long.compareUnsigned(low, QUARTER_LOW) < 0 ? 1 : 0;
                    low -= QUARTER_LOW;
                    high -= QUARTER_HIGH + borrow;
                    n |= 1;
                }
            }
            long twiceHigh = high << 1 | low >>> 63;
            boolean nearer = twiceHigh > QUARTER_HIGH || twiceHigh == QUARTER_HIGH && Long.compareUnsigned(low << 1, QUARTER_LOW) > 0;
            if (nearer) {
                long borrow = Long.compareUnsigned(QUARTER_LOW, low) < 0 ? 1 : 0;
                low = QUARTER_LOW - low;
                high = QUARTER_HIGH - high - borrow;
                n++;
            }
            quadrant = n & 3;
            angle.integer(nearer, 62, high, low);
        }
    }

    /** FPATAN: the angle of the point (ST(0), ST(1)). */
    private static final class ArcTangent extends X87Operation {
        private final ArcTangentTable.Work work = new ArcTangentTable.Work();

        ArcTangent(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            int destination = physical(f, 1);
            if (!readBoth(cpu, f, destination)) {
                return;
            }
            FloatUnit u = f.unit;
            if (number(u.a) && number(u.b)) {
                u.noteDenormal(u.a);
                u.noteDenormal(u.b);
                work.angle(u);
            } else {
                nans(u);
            }
            if (complete(cpu, f, destination)) {
                pop(f);
            }
        }
    }
}
