package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.high;
import static com.vtsim.cpu.vector.FloatArithmetic.joined;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;

/** Multiplication and addition rounded once. @sdm VFMADD132PD/VFMADD213PD/VFMADD231PD and their kin */
final class Fused {
    private static final int R = FloatingState.RESULT;
    private final SimdUnit unit;

    private Fused(SimdUnit unit) {
        this.unit = unit;
    }

    static void define(Semantics s, SimdUnit unit) {
        Fused group = new Fused(unit);
        group.all(s, "VFMADD", new Function(false, false));
        group.all(s, "VFMSUB", new Function(false, true));
        group.all(s, "VFNMADD", new Function(true, false));
        group.all(s, "VFNMSUB", new Function(true, true));
        Function add = new Function(false, false);
        Function subtract = new Function(false, true);
        for (String order : new String[] {"132", "213", "231"}) {
            group.packed(s, "VFMADDSUB", order, subtract, add);
            group.packed(s, "VFMSUBADD", order, add, subtract);
        }
    }

    /** ±(x × y) ± z. */
    private static final class Function {
        private final boolean negatesProduct;
        private final boolean negatesAddend;

        Function(boolean negatesProduct, boolean negatesAddend) {
            this.negatesProduct = negatesProduct;
            this.negatesAddend = negatesAddend;
        }

        long of(SimdUnit u, long x, long y, long z) {
            if (u.host && u.imprecise && SimdUnit.plain(x) && SimdUnit.plain(y) && SimdUnit.plain(z)) {
                double a = Double.longBitsToDouble(negatesProduct ? x ^ Long.MIN_VALUE : x);
                double c = Double.longBitsToDouble(negatesAddend ? z ^ Long.MIN_VALUE : z);
                long r = Double.doubleToRawLongBits(Math.fma(a, Double.longBitsToDouble(y), c));
                if (SimdUnit.ample(r)) {
                    return r;
                }
            }
            if (SimdUnit.nan(x) || SimdUnit.nan(y) || SimdUnit.nan(z)) {
                return nan(u, x, y, z);
            }
            u.unit.a.doubleBits(x);
            u.unit.b.doubleBits(y);
            u.unit.c.doubleBits(z);
            software(u, FloatFormat.DOUBLE);
            return u.unit.result.toDouble();
        }

        int of(SimdUnit u, int x, int y, int z) {
            if (u.host && u.imprecise && SimdUnit.plain(x) && SimdUnit.plain(y) && SimdUnit.plain(z)) {
                float a = Float.intBitsToFloat(negatesProduct ? x ^ Integer.MIN_VALUE : x);
                float c = Float.intBitsToFloat(negatesAddend ? z ^ Integer.MIN_VALUE : z);
                int r = Float.floatToRawIntBits(Math.fma(a, Float.intBitsToFloat(y), c));
                if (SimdUnit.ample(r)) {
                    return r;
                }
            }
            if (SimdUnit.nan(x) || SimdUnit.nan(y) || SimdUnit.nan(z)) {
                return nan(u, x, y, z);
            }
            u.unit.a.single(x);
            u.unit.b.single(y);
            u.unit.c.single(z);
            software(u, FloatFormat.SINGLE);
            return u.unit.result.toSingle();
        }

        private void software(SimdUnit u, FloatFormat format) {
            FloatUnit unit = u.unit;
            unit.begin();
            unit.multiplyAdd(format, negatesProduct, negatesAddend);
            u.note(unit.flags);
        }

        /** The first NaN of factor, factor, addend. */
        private static long nan(SimdUnit u, long x, long y, long z) {
            long first = SimdUnit.nan(x) || SimdUnit.nan(y) ? u.nan(x, y) : z;
            return u.nan(first, z);
        }

        private static int nan(SimdUnit u, int x, int y, int z) {
            int first = SimdUnit.nan(x) || SimdUnit.nan(y) ? u.nan(x, y) : z;
            return u.nan(first, z);
        }
    }

    private void all(Semantics s, String name, Function f) {
        for (String order : new String[] {"132", "213", "231"}) {
            packed(s, name, order, f, f);
            scalar(s, name + order, order, f);
        }
    }

    /** @param even of even elements; @param odd of odd ones */
    private void packed(Semantics s, String name, String order, Function even, Function odd) {
        s.define(name + order + "PD", factory(order, (u, v, x, y, z, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = ((i & 1) == 0 ? even : odd).of(u, v[x + i], v[y + i], v[z + i]);
            }
        }));
        s.define(name + order + "PS", factory(order, (u, v, x, y, z, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(even.of(u, (int) v[x + i], (int) v[y + i], (int) v[z + i]), odd.of(u, high(v[x + i]), high(v[y + i]), high(v[z + i])));
            }
        }));
    }

    private void scalar(Semantics s, String name, String order, Function f) {
        s.define(name + "SD", factory(order, (u, v, x, y, z, n) -> v[R] = f.of(u, v[x], v[y], v[z]), 8));
        s.define(name + "SS", factory(order, (u, v, x, y, z, n) -> v[R] = f.of(u, (int) v[x], (int) v[y], (int) v[z]), 4));
    }

    /** Computes {@link FloatingState#RESULT} from factors and addend. */
    private interface Triple {
        void on(SimdUnit u, long[] v, int x, int y, int z, int n);
    }

    private OperationFactory factory(String order, Triple f) {
        return factory(order, f, 0);
    }

    /** @param scalar bytes of the result, 0 for the whole register */
    private OperationFactory factory(String order, Triple f, int scalar) {
        return (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    form.check(cpu);
                    long[] v = cpu.floating.vector;
                    int b = form.b.at(cpu);
                    unit.begin(cpu.floating.mxcsr);
                    switch (order) {
                        case "132" -> f.on(unit, v, form.d, b, form.a, form.longs);
                        case "213" -> f.on(unit, v, form.a, form.d, b, form.longs);
                        default -> f.on(unit, v, form.a, b, form.d, form.longs);
                    }
                    unit.end(cpu);
                    if (scalar == 0) {
                        for (int i = 0; i < form.longs; i++) {
                            v[form.d + i] = v[R + i];
                        }
                    } else {
                        v[form.d] = scalar == 8 ? v[R] : v[form.d] & ~Swar.LOW | v[R] & Swar.LOW;
                    }
                    form.finish(v);
                }
            };
        };
    }
}
