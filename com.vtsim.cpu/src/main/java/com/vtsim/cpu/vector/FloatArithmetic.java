package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Addition to square root, minimum and maximum, comparisons, in packed and scalar, single and double precision.
 *
 * @sdm ADDPS; SUBPS; MULPS; DIVPS; SQRTPS; MINPS; MAXPS; CMPPS; COMISS; UCOMISS; ADDSUBPS; HADDPS; HSUBPS
 */
final class FloatArithmetic {
    private static final int R = FloatingState.RESULT;
    private static final long LOW = 0xFFFF_FFFFL;
    private final SimdUnit unit;

    private FloatArithmetic(SimdUnit unit) {
        this.unit = unit;
    }

    /** What a packed instruction computes, into {@link FloatingState#RESULT}. */
    @FunctionalInterface
    interface FloatKernel {
        void on(SimdUnit u, long[] v, int a, int b, int n);
    }

    static void define(Semantics s, SimdUnit unit) {
        FloatArithmetic group = new FloatArithmetic(unit);
        FloatFunction add = new FloatFunction.Sum(false);
        FloatFunction subtract = new FloatFunction.Sum(true);
        group.four(s, "ADD", add);
        group.four(s, "SUB", subtract);
        group.four(s, "MUL", new FloatFunction.Product());
        group.four(s, "DIV", new FloatFunction.Quotient());
        group.four(s, "SQRT", new FloatFunction.Root());
        group.four(s, "MIN", new FloatFunction.Extreme(false));
        group.four(s, "MAX", new FloatFunction.Extreme(true));
        group.comparisons(s);
        for (String v : new String[] {"", "V"}) {
            for (String type : new String[] {"SS", "SD"}) {
                s.define(v + "COMI" + type, (instruction, at) -> group.compareToFlags(instruction, at, true));
                s.define(v + "UCOMI" + type, (instruction, at) -> group.compareToFlags(instruction, at, false));
            }
        }
        group.both(s, "ADDSUBPD", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = ((i & 1) == 0 ? subtract : add).of(u, v[a + i], v[b + i]);
            }
        });
        group.both(s, "ADDSUBPS", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(subtract.of(u, (int) v[a + i], (int) v[b + i]), add.of(u, high(v[a + i]), high(v[b + i])));
            }
        });
        group.neighbours(s, "HADD", add);
        group.neighbours(s, "HSUB", subtract);
    }

    static long joined(int low, int high) {
        return low & LOW | (long) high << 32;
    }

    static int high(long x) {
        return (int) (x >>> 32);
    }

    private void four(Semantics s, String name, FloatFunction f) {
        both(s, name + "PD", packedDouble(f));
        both(s, name + "PS", packedSingle(f));
        for (String v : new String[] {"", "V"}) {
            s.define(v + name + "SD", (instruction, at) -> new ScalarDouble(VectorForm.of(instruction, at), unit, f));
            s.define(v + name + "SS", (instruction, at) -> new ScalarSingle(VectorForm.of(instruction, at), unit, f));
        }
    }

    private void both(Semantics s, String name, FloatKernel kernel) {
        OperationFactory factory = (instruction, at) -> operation(VectorForm.of(instruction, at), unit, kernel);
        s.define(name, factory);
        s.define("V" + name, factory);
    }

    static FloatKernel packedDouble(FloatFunction f) {
        return f::packedDoubles;
    }

    static FloatKernel packedSingle(FloatFunction f) {
        return f::packedSingles;
    }

    /** @return an operation that computes a whole register, which changes only if nothing is raised */
    static Operation operation(VectorForm form, SimdUnit unit, FloatKernel kernel) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                long[] v = cpu.floating.vector;
                int b = form.b.at(cpu);
                unit.begin(cpu.floating.mxcsr);
                kernel.on(unit, v, form.a, b, form.longs);
                unit.end(cpu);
                for (int i = 0; i < form.longs; i++) {
                    v[form.d + i] = v[R + i];
                }
                form.finish(v);
            }
        };
    }

    /** Operates on the lowest double; the rest of the low 128 bits is the first source's. */
    static final class ScalarDouble extends Operation {
        private final VectorForm form;
        private final SimdUnit unit;
        private final FloatFunction f;

        ScalarDouble(VectorForm form, SimdUnit unit, FloatFunction f) {
            this.form = form;
            this.unit = unit;
            this.f = f;
        }

        @Override
        public void execute(Cpu cpu) {
            form.check(cpu);
            long b = form.b.low(cpu);
            long[] v = cpu.floating.vector;
            unit.begin(cpu.floating.mxcsr);
            long result = f.of(unit, v[form.a], b);
            unit.end(cpu);
            v[form.d + 1] = v[form.a + 1];
            v[form.d] = result;
            form.finish(v);
        }
    }

    /** Operates on the lowest single. */
    static final class ScalarSingle extends Operation {
        private final VectorForm form;
        private final SimdUnit unit;
        private final FloatFunction f;

        ScalarSingle(VectorForm form, SimdUnit unit, FloatFunction f) {
            this.form = form;
            this.unit = unit;
            this.f = f;
        }

        @Override
        public void execute(Cpu cpu) {
            form.check(cpu);
            int b = (int) form.b.low(cpu);
            long[] v = cpu.floating.vector;
            unit.begin(cpu.floating.mxcsr);
            int result = f.of(unit, (int) v[form.a], b);
            unit.end(cpu);
            v[form.d + 1] = v[form.a + 1];
            v[form.d] = v[form.a] & ~LOW | result & LOW;
            form.finish(v);
        }
    }

    private void neighbours(Semantics s, String name, FloatFunction f) {
        both(s, name + "PD", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i += 2) {
                v[R + i] = f.of(u, v[a + i], v[a + i + 1]);
                v[R + i + 1] = f.of(u, v[b + i], v[b + i + 1]);
            }
        });
        both(s, name + "PS", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i += 2) {
                v[R + i] = joined(neighbours(u, f, v[a + i]), neighbours(u, f, v[a + i + 1]));
                v[R + i + 1] = joined(neighbours(u, f, v[b + i]), neighbours(u, f, v[b + i + 1]));
            }
        });
    }

    private static int neighbours(SimdUnit u, FloatFunction f, long x) {
        return f.of(u, (int) x, high(x));
    }

    private void comparisons(Semantics s) {
        OperationFactory packedDouble = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return operation(form, unit, packedDouble(comparison(form)));
        };
        OperationFactory packedSingle = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return operation(form, unit, packedSingle(comparison(form)));
        };
        OperationFactory scalarDouble = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new ScalarDouble(form, unit, comparison(form));
        };
        OperationFactory scalarSingle = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new ScalarSingle(form, unit, comparison(form));
        };
        s.define("CMPPD", packedDouble);
        s.define("VCMPPD", packedDouble);
        s.define("CMPPS", packedSingle);
        s.define("VCMPPS", packedSingle);
        s.define("CMPSD", "Vdq,Wq,Ib", scalarDouble);
        s.define("VCMPSD", scalarDouble);
        s.define("CMPSS", scalarSingle);
        s.define("VCMPSS", scalarSingle);
    }

    private static FloatFunction comparison(VectorForm form) {
        return new FloatFunction.Comparison(form.immediate & (form.vex ? 31 : 7));
    }

    private Operation compareToFlags(Instruction instruction, Translation at, boolean signals) {
        VectorForm form = VectorForm.of(instruction, at);
        boolean single = instruction.mnemonic().endsWith("SS");
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                long b = form.b.low(cpu);
                long a = cpu.floating.vector[form.d];
                unit.begin(cpu.floating.mxcsr);
                int order = single ? unit.compare((int) a, (int) b, signals) : unit.compare(a, b, signals);
                unit.end(cpu);
                // Unordered: ZF, PF and CF; below: CF; equal: ZF.
                cpu.arithmeticFlags(order == 2 ? 0x45 : order < 0 ? 1 : order == 0 ? 0x40 : 0);
            }
        };
    }
}
