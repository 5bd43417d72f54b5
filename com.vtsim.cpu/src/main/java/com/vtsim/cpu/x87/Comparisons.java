package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Comparisons and classification. @sdm FCOM; FUCOM; FICOM; FCOMI; FTST; FXAM */
final class Comparisons {
    private static final int CODES = X87Operation.C0 | X87Operation.C2 | X87Operation.C3;

    private Comparisons() { }

    static void define(Semantics s) {
        s.define("FCOM", (i, at) -> codes(i, at, 0, false));
        s.define("FCOMP", (i, at) -> codes(i, at, 1, false));
        s.define("FCOMPP", (i, at) -> new Between(1, 2, false, false, i, at));
        s.define("FUCOM", (i, at) -> codes(i, at, 0, true));
        s.define("FUCOMP", (i, at) -> codes(i, at, 1, true));
        s.define("FUCOMPP", (i, at) -> new Between(1, 2, true, false, i, at));
        s.define("FICOM", (i, at) -> new WithMemory(Source.integer(i), false, i, at));
        s.define("FICOMP", (i, at) -> new WithMemory(Source.integer(i), true, i, at));
        s.define("FCOMI", (i, at) -> new Between(stack(i), 0, false, true, i, at));
        s.define("FCOMIP", (i, at) -> new Between(stack(i), 1, false, true, i, at));
        s.define("FUCOMI", (i, at) -> new Between(stack(i), 0, true, true, i, at));
        s.define("FUCOMIP", (i, at) -> new Between(stack(i), 1, true, true, i, at));
        s.define("FTST", Test::new);
        s.define("FXAM", Examine::new);
    }

    private static int stack(Instruction i) {
        return X87Operation.stack(i, i.operands().size() - 1);
    }

    private static X87Operation codes(Instruction i, Translation at, int pops, boolean quiet) {
        return i.operand(0) instanceof Operand.Memory ? new WithMemory(Source.real(i), pops == 1, i, at)
            : new Between(stack(i), pops, quiet, false, i, at);
    }

    /** Compares the unit's a and b. @return C0, C2, C3 as of FCOM; exceptions in the unit's flags */
    private static int compare(FloatUnit u, boolean quiet) {
        Unpacked a = u.a;
        Unpacked b = u.b;
        if (!X87Operation.number(a) || !X87Operation.number(b)) {
            boolean bothQuiet = quietOrNumber(a) && quietOrNumber(b);
            if (!quiet || !bothQuiet) {
                u.flags |= FloatUnit.INVALID;
            }
            return CODES;
        }
        u.noteDenormal(a);
        u.noteDenormal(b);
        int order = u.compare();
        return order > 0 ? 0 : order < 0 ? X87Operation.C0 : X87Operation.C3;
    }

    private static boolean quietOrNumber(Unpacked operand) {
        return operand.kind == Unpacked.Kind.QUIET || X87Operation.number(operand);
    }

    /** Notes the outcome in the condition codes. @return whether the stack may be popped */
    private static boolean finish(X87Operation operation, Cpu cpu, FloatingState f, int codes, int flags) {
        f.status = f.status & ~(CODES | X87Operation.C1) | codes;
        return operation.raise(cpu, f, flags) == 0;
    }

    private static final class WithMemory extends X87Operation {
        private final Source source;
        private final boolean pops;

        WithMemory(Source source, boolean pops, Instruction i, Translation at) {
            super(i, at);
            this.source = source;
            this.pops = pops;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            long bits = source.load(cpu, memory);
            prepare(f);
            int codes = CODES;
            int flags = STACK;
            if (!empty(f, 0)) {
                source.unpack(bits, u.b);
                read(f, 0, u.a);
                codes = compare(u, false);
                flags = u.flags;
            }
            if (finish(this, cpu, f, codes, flags) && pops) {
                pop(f);
            }
        }
    }

    private static final class Between extends X87Operation {
        private final int other;
        private final int pops;
        private final boolean quiet;
        private final boolean toFlags;

        Between(int other, int pops, boolean quiet, boolean toFlags, Instruction i, Translation at) {
            super(i, at);
            this.other = other;
            this.pops = pops;
            this.quiet = quiet;
            this.toFlags = toFlags;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            prepare(f);
            int codes = CODES;
            int flags = STACK;
            if (!empty(f, 0) && !empty(f, other)) {
                read(f, 0, u.a);
                read(f, other, u.b);
                codes = compare(u, quiet);
                flags = u.flags;
            }
            boolean done;
            if (toFlags) {
                done = raise(cpu, f, flags) == 0;
                if ((flags & SF) != 0) {
                    f.status &= ~C1;
                }
                cpu.arithmeticFlags(((codes & C0) != 0 ? Flags.CF : 0) | ((codes & C2) != 0 ? Flags.PF : 0) | ((codes & C3) != 0 ? Flags.ZF : 0));
            } else {
                done = finish(this, cpu, f, codes, flags);
            }
            if (done && pops > 0) {
                pop(f);
                if (pops > 1) {
                    pop(f);
                }
            }
        }
    }

    private static final class Test extends X87Operation {
        Test(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            prepare(f);
            int codes = CODES;
            int flags = STACK;
            if (!empty(f, 0)) {
                read(f, 0, u.a);
                u.b.zero(false);
                codes = compare(u, false);
                flags = u.flags;
            }
            finish(this, cpu, f, codes, flags);
        }
    }

    private static final class Examine extends X87Operation {
        Examine(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            Unpacked a = f.unit.a;
            read(f, 0, a);
            int codes = empty(f, 0) ? C3 | C0 : switch (a.kind) {
                case UNSUPPORTED -> 0;
                case QUIET, SIGNALLING -> C0;
                case INFINITY -> C2 | C0;
                case ZERO -> C3;
                default -> a.denormal ? C3 | C2 : C2;
            };
            f.status = f.status & ~(CODES | C1) | codes | ((f.exponent[f.top] & 0x8000) != 0 ? C1 : 0);
        }
    }
}
