package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.isa.Instruction;

/** Addition, subtraction, multiplication and division. @sdm FADD; FSUB; FSUBR; FMUL; FDIV; FDIVR */
final class Arithmetic {
    private static final FloatFormat[] FORMATS = {FloatFormat.EXTENDED_24, FloatFormat.EXTENDED, FloatFormat.EXTENDED_53, FloatFormat.EXTENDED};

    /** What is done with destination (a) and source (b). */
    private enum Kind { ADD, MUL, SUB, SUBR, DIV, DIVR }

    private Arithmetic() { }

    static void define(Semantics s) {
        for (Kind kind : Kind.values()) {
            s.define("F" + kind, (i, at) -> i.operands().size() == 1
                ? new WithMemory(kind, Source.real(i), i, at) : new Between(kind, false, i, at));
            s.define("F" + kind + "P", (i, at) -> new Between(kind, true, i, at));
            s.define("FI" + kind, (i, at) -> new WithMemory(kind, Source.integer(i), i, at));
        }
    }

    /** @return the format that precision control selects */
    static FloatFormat format(FloatingState f) {
        return FORMATS[f.control >> 8 & 3];
    }

    /** b is normal. @return whether it was the common case and is done */
    private static boolean quick(FloatingState f, Kind kind, int to, int ea, long ma, int eb, long mb) {
        if (!Quick.usable(f) || !Quick.normal(ea, ma)) {
            return false;
        }
        return switch (kind) {
            case ADD -> Quick.add(f, to, ea, ma, eb, mb);
            case MUL -> Quick.multiply(f, to, ea, ma, eb, mb);
            case SUB -> Quick.add(f, to, ea, ma, eb ^ 0x8000, mb);
            case SUBR -> Quick.add(f, to, ea ^ 0x8000, ma, eb, mb);
            default -> false;
        };
    }

    private static void compute(FloatingState f, Kind kind) {
        FloatUnit u = f.unit;
        if (!X87Operation.number(u.a) || !X87Operation.number(u.b)) {
            X87Operation.nans(u);
            return;
        }
        FloatFormat format = format(f);
        switch (kind) {
            case ADD -> u.add(format);
            case MUL -> u.multiply(format);
            case SUB, SUBR -> u.subtract(format);
            default -> u.divide(format);
        }
    }

    /** ST(0) with memory. */
    private static final class WithMemory extends X87Operation {
        private final Kind kind;
        private final Source source;
        private final boolean reversed;

        WithMemory(Kind kind, Source source, Instruction i, Translation at) {
            super(i, at);
            this.kind = kind;
            this.source = source;
            this.reversed = kind == Kind.SUBR || kind == Kind.DIVR;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            long bits = source.load(cpu, memory);
            if (empty(f, 0)) {
                if (stackFault(cpu, f, false)) {
                    writeIndefinite(f, f.top);
                }
                return;
            }
            if (source == Source.DOUBLE && Quick.normal(bits)
                && quick(f, kind, f.top, f.exponent[f.top], f.significand[f.top], Quick.exponent(bits), Quick.significand(bits))) {
                return;
            }
            prepare(f);
            source.unpack(bits, reversed ? u.a : u.b);
            read(f, 0, reversed ? u.b : u.a);
            compute(f, kind);
            complete(cpu, f, f.top);
        }
    }

    /** Two registers. */
    private static final class Between extends X87Operation {
        private final Kind kind;
        private final int destination;
        private final int left;
        private final int right;
        private final boolean pops;

        Between(Kind kind, boolean pops, Instruction i, Translation at) {
            super(i, at);
            boolean reversed = kind == Kind.SUBR || kind == Kind.DIVR;
            this.kind = kind;
            this.pops = pops;
            this.destination = stack(i, 0);
            int source = stack(i, 1);
            this.left = reversed ? source : destination;
            this.right = reversed ? destination : source;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            boolean stored;
            int l = physical(f, left);
            int r = physical(f, right);
            if ((f.valid >>> l & f.valid >>> r & 1) != 0 && Quick.normal(f.exponent[r], f.significand[r])
                && quick(f, kind == Kind.SUBR ? Kind.SUB : kind, physical(f, destination), f.exponent[l], f.significand[l], f.exponent[r], f.significand[r])) {
                stored = true;
            } else if (empty(f, left) || empty(f, right)) {
                stored = stackFault(cpu, f, false);
                if (stored) {
                    writeIndefinite(f, physical(f, destination));
                }
            } else {
                prepare(f);
                read(f, left, u.a);
                read(f, right, u.b);
                compute(f, kind);
                stored = complete(cpu, f, physical(f, destination));
            }
            if (stored && pops) {
                pop(f);
            }
        }
    }
}
