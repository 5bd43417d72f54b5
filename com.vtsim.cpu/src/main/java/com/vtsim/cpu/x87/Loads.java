package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Loads and constants. @sdm FLD; FILD; FBLD; FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ */
final class Loads {
    private Loads() { }

    static void define(Semantics s) {
        s.define("FLD", Loads::load);
        s.define("FILD", (i, at) -> new Number(Source.integer(i), i, at));
        s.define("FBLD", Decimal::new);
        constant(s, "FLD1", 0x3FFF, Long.MIN_VALUE, 0);
        constant(s, "FLDZ", 0, 0, 0);
        // Significands cut to 64 bits, and whether the rest is more than half.
        constant(s, "FLDL2T", 0x4000, 0xD49A_784B_CD1B_8AFEL, 1);
        constant(s, "FLDL2E", 0x3FFF, 0xB8AA_3B29_5C17_F0BBL, 2);
        constant(s, "FLDPI", 0x4000, 0xC90F_DAA2_2168_C234L, 2);
        constant(s, "FLDLG2", 0x3FFD, 0x9A20_9A84_FBCF_F798L, 2);
        constant(s, "FLDLN2", 0x3FFE, 0xB172_17F7_D1CF_79ABL, 2);
    }

    private static void constant(Semantics s, String name, int exponent, long cut, int rest) {
        s.define(name, (i, at) -> new Constant(exponent, cut, rest, i, at));
    }

    private static X87Operation load(Instruction i, Translation at) {
        if (i.operand(0) instanceof Operand.Register r) {
            return new Copy(r.number(), i, at);
        }
        return ((Operand.Memory) i.operand(0)).size() == 10 ? new Extended(i, at) : new Number(Source.real(i), i, at);
    }

    /** Pushes bits as they are, or notes a stack overflow. */
    private static void pushBits(X87Operation operation, Cpu cpu, FloatingState f, int exponent, long significand) {
        boolean over = !X87Operation.empty(f, 7);
        if (over) {
            if (operation.stackFault(cpu, f, true)) {
                X87Operation.push(f);
                X87Operation.writeIndefinite(f, f.top);
            }
            return;
        }
        f.status &= ~X87Operation.C1;
        X87Operation.push(f);
        int p = f.top;
        f.exponent[p] = exponent;
        f.significand[p] = significand;
        f.valid |= 1 << p;
    }

    /** A number that becomes double extended: exact, but it may be a signalling NaN or denormal. */
    private static final class Number extends X87Operation {
        private final Source source;

        Number(Source source, Instruction i, Translation at) {
            super(i, at);
            this.source = source;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            long bits = source.load(cpu, memory);
            if (source == Source.DOUBLE && Quick.normal(bits)) {
                pushBits(this, cpu, f, Quick.exponent(bits), Quick.significand(bits));
                return;
            }
            Unpacked a = f.unit.a;
            source.unpack(bits, a);
            if (a.isNan() || a.denormal) {
                special(cpu, f);
            } else {
                pushBits(this, cpu, f, a.extendedExponent(), a.extendedSignificand());
            }
        }

        private void special(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            if (!empty(f, 7)) {
                pushBits(this, cpu, f, 0, 0);
                return;
            }
            f.status &= ~C1;
            prepare(f);
            if (u.a.denormal) {
                u.flags |= FloatUnit.DENORMAL;
                u.result.set(u.a);
            } else {
                nan(u);
            }
            if ((raise(cpu, f, u.flags) & FloatUnit.INVALID) == 0) {
                push(f);
                write(f, f.top, u.result);
            }
        }
    }

    /** 80 bits, unchanged. */
    private static final class Extended extends X87Operation {
        Extended(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            long linear = memory.readable(cpu, 10);
            long significand = cpu.memory.load64(linear, memory.segment);
            int exponent = cpu.memory.load16(linear + 8, memory.segment);
            pushBits(this, cpu, f, exponent, significand);
        }
    }

    private static final class Copy extends X87Operation {
        private final int from;

        Copy(int from, Instruction i, Translation at) {
            super(i, at);
            this.from = from;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            if (empty(f, from)) {
                if (stackFault(cpu, f, false)) {
                    push(f);
                    writeIndefinite(f, f.top);
                }
                return;
            }
            int p = physical(f, from);
            pushBits(this, cpu, f, f.exponent[p], f.significand[p]);
        }
    }

    private static final class Constant extends X87Operation {
        private final int exponent;
        private final long cut;
        private final int rest;

        /** @param rest 0: exact; 1: less than half is missing; 2: more than half */
        Constant(int exponent, long cut, int rest, Instruction i, Translation at) {
            super(i, at);
            this.exponent = exponent;
            this.cut = cut;
            this.rest = rest;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            int rounding = f.control >> 10 & 3;
            boolean up = rest != 0 && (rounding == FloatUnit.UP || rounding == FloatUnit.NEAREST && rest == 2);
            pushBits(this, cpu, f, exponent, up ? cut + 1 : cut);
        }
    }

    /** Eighteen packed digits and a sign; digits above 9 count what they are. */
    private static final class Decimal extends X87Operation {
        Decimal(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            long linear = memory.readable(cpu, 10);
            long low = cpu.memory.load64(linear, memory.segment);
            int high = cpu.memory.load16(linear + 8, memory.segment);
            long value = (high >> 4 & 0xF) * 10L + (high & 0xF);
            for (int shift = 60; shift >= 0; shift -= 4) {
                value = value * 10 + (low >>> shift & 0xF);
            }
            Unpacked a = f.unit.a;
            a.finite(high >>> 15 != 0, 63, value);
            pushBits(this, cpu, f, a.extendedExponent(), a.extendedSignificand());
        }
    }
}
