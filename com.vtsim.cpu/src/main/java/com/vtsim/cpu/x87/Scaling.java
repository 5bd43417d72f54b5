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

/** Square root, rounding to integers, and exponents apart from significands. @sdm FSQRT; FRNDINT; FSCALE; FXTRACT */
final class Scaling {
    /** Beyond every exponent's reach, whatever it is added to. */
    private static final int FAR = 1 << 17;

    private Scaling() { }

    static void define(Semantics s) {
        s.define("FSQRT", (i, at) -> new One(i, at) {
            @Override
            void compute(FloatingState f) {
                f.unit.squareRoot(Arithmetic.format(f));
            }
        });
        s.define("FRNDINT", (i, at) -> new One(i, at) {
            @Override
            void compute(FloatingState f) {
                f.unit.noteDenormal(f.unit.a);
                f.unit.roundToIntegral(true);
            }
        });
        s.define("FSCALE", (i, at) -> new Two(i, at) {
            @Override
            void compute(FloatingState f) {
                scale(f.unit);
            }
        });
        s.define("FXTRACT", Extract::new);
    }

    /** ST(0) becomes a function of itself. */
    abstract static class One extends X87Operation {
        One(Instruction i, Translation at) {
            super(i, at);
        }

        /** Sets the unit's result from its a, a number. */
        abstract void compute(FloatingState f);

        @Override
        final void perform(Cpu cpu, FloatingState f) {
            if (empty(f, 0)) {
                if (stackFault(cpu, f, false)) {
                    writeIndefinite(f, f.top);
                }
                return;
            }
            prepare(f);
            FloatUnit u = f.unit;
            read(f, 0, u.a);
            if (number(u.a)) {
                compute(f);
            } else {
                nan(u);
            }
            complete(cpu, f, f.top);
        }
    }

    /** ST(0) becomes a function of itself (a) and ST(1) (b). */
    abstract static class Two extends X87Operation {
        Two(Instruction i, Translation at) {
            super(i, at);
        }

        /** Sets the unit's result from its a and b, both numbers. */
        abstract void compute(FloatingState f);

        /** Before anything else. */
        void before(FloatingState f) { }

        /** After the result is stored. */
        void after(FloatingState f) { }

        @Override
        final void perform(Cpu cpu, FloatingState f) {
            before(f);
            if (empty(f, 0) || empty(f, 1)) {
                if (stackFault(cpu, f, false)) {
                    writeIndefinite(f, f.top);
                }
                return;
            }
            prepare(f);
            FloatUnit u = f.unit;
            read(f, 0, u.a);
            read(f, 1, u.b);
            boolean numbers = number(u.a) && number(u.b);
            if (numbers) {
                compute(f);
            } else {
                nans(u);
            }
            if (complete(cpu, f, f.top) && numbers) {
                after(f);
            }
        }
    }

    private static void scale(FloatUnit u) {
        Unpacked a = u.a;
        Unpacked b = u.b;
        boolean indeterminate = b.kind == Kind.INFINITY && (b.negative ? a.kind == Kind.INFINITY : a.kind == Kind.ZERO);
        if (indeterminate) {
            u.flags |= FloatUnit.INVALID;
            u.result.indefinite();
            return;
        }
        u.noteDenormal(a);
        u.noteDenormal(b);
        if (a.kind != Kind.FINITE || b.kind == Kind.ZERO) {
            u.result.set(a);
        } else if (b.kind == Kind.INFINITY) {
            if (b.negative) {
                u.result.zero(a.negative);
            } else {
                u.result.infinity(a.negative);
            }
        } else {
            int by = b.exponent < 0 ? 0 : b.exponent > 16 ? FAR : (int) (b.significand >>> 63 - b.exponent);
            scaleBy(u, b.negative ? -by : by);
        }
    }

    private static void scaleBy(FloatUnit u, int by) {
        u.a.exponent += by;
        u.round(FloatFormat.EXTENDED);
        Unpacked result = u.result;
        if (result.kind != Kind.FINITE) {
            return;
        }
        // Where even the adjusted exponent is out of reach.
        if (result.exponent > FloatFormat.EXTENDED.greatest()) {
            result.infinity(result.negative);
            u.flags |= FloatUnit.PRECISION;
            u.roundedUp = true;
        } else if ((u.flags & ~u.masked & FloatUnit.UNDERFLOW) != 0 && result.exponent < FloatFormat.EXTENDED.least()) {
            result.zero(result.negative);
            u.flags |= FloatUnit.PRECISION;
            u.roundedUp = false;
        }
    }

    /** The exponent replaces ST(0), the significand is pushed. */
    private static final class Extract extends X87Operation {
        Extract(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            boolean over = !empty(f, 0) && !empty(f, 7);
            if (over || empty(f, 0)) {
                if (stackFault(cpu, f, over)) {
                    writeIndefinite(f, f.top);
                    push(f);
                    writeIndefinite(f, f.top);
                }
                return;
            }
            prepare(f);
            FloatUnit u = f.unit;
            Unpacked a = u.a;
            read(f, 0, a);
            if (!number(a)) {
                nan(u);
                a.set(u.result);
            } else if (a.kind == Kind.ZERO) {
                u.flags |= FloatUnit.ZERO_DIVIDE;
                u.result.infinity(true);
            } else if (a.kind == Kind.INFINITY) {
                u.result.infinity(false);
            } else {
                u.noteDenormal(a);
                u.result.finite(a.exponent < 0, 63, Math.abs(a.exponent));
                a.exponent = 0;
            }
            if (complete(cpu, f, f.top)) {
                push(f);
                write(f, f.top, a);
            }
        }
    }
}
