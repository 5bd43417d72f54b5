package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.high;
import static com.vtsim.cpu.vector.FloatArithmetic.joined;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;

/**
 * Dot products: multiplications, then two rounds of additions, each rounded and each with exceptions of its own. Of two
 * NaNs to be added each element of the result prefers another, as on silicon; the manual leaves that open.
 *
 * @sdm DPPS; DPPD
 */
final class DotProducts {
    private static final FloatFunction PRODUCT = new FloatFunction.Product();
    private static final FloatFunction SUM = new FloatFunction.Sum(false);

    private DotProducts() { }

    static void define(Semantics s, SimdUnit unit) {
        OperationFactory singles = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new Singles(form, unit);
        };
        OperationFactory doubles = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new Doubles(form, unit);
        };
        s.define("DPPS", singles);
        s.define("VDPPS", singles);
        s.define("DPPD", doubles);
        s.define("VDPPD", doubles);
    }

    private static final class Doubles extends Operation {
        private final VectorForm form;
        private final SimdUnit u;

        Doubles(VectorForm form, SimdUnit u) {
            this.form = form;
            this.u = u;
        }

        @Override
        public void execute(Cpu cpu) {
            form.check(cpu);
            long[] v = cpu.floating.vector;
            int b = form.b.at(cpu);
            int i = form.immediate;
            u.begin(cpu.floating.mxcsr);
            long low = (i & 0x10) != 0 ? PRODUCT.of(u, v[form.a], v[b]) : 0;
            long high = (i & 0x20) != 0 ? PRODUCT.of(u, v[form.a + 1], v[b + 1]) : 0;
            u.end(cpu);
            long first = SUM.of(u, low, high);
            long second = SUM.of(u, high, low);
            u.end(cpu);
            v[form.d] = (i & 1) != 0 ? first : 0;
            v[form.d + 1] = (i & 2) != 0 ? second : 0;
            form.finish(v);
        }
    }

    private static final class Singles extends Operation {
        private static final int R = FloatingState.RESULT;
        private final VectorForm form;
        private final SimdUnit u;

        Singles(VectorForm form, SimdUnit u) {
            this.form = form;
            this.u = u;
        }

        private int product(int bit, int a, int b) {
            return (form.immediate & bit) != 0 ? PRODUCT.of(u, a, b) : 0;
        }

        @Override
        public void execute(Cpu cpu) {
            form.check(cpu);
            long[] v = cpu.floating.vector;
            int b = form.b.at(cpu);
            int a = form.a;
            u.begin(cpu.floating.mxcsr);
            for (int i = 0; i < form.longs; i++) {
                int bits = (i & 1) == 0 ? 0x10 : 0x40;
                v[R + i] = joined(product(bits, (int) v[a + i], (int) v[b + i]), product(bits << 1, high(v[a + i]), high(v[b + i])));
            }
            u.end(cpu);
            for (int i = 0; i < form.longs; i++) {
                int low = (int) v[R + i];
                int high = high(v[R + i]);
                v[R + i] = joined(SUM.of(u, high, low), SUM.of(u, low, high));
            }
            u.end(cpu);
            for (int i = 0; i < form.longs; i += 2) {
                long low = v[R + i];
                long high = v[R + i + 1];
                v[R + i] = joined(SUM.of(u, (int) low, (int) high), SUM.of(u, high(low), high(high)));
                v[R + i + 1] = joined(SUM.of(u, (int) high, (int) low), SUM.of(u, high(high), high(low)));
            }
            u.end(cpu);
            for (int i = 0; i < form.longs; i++) {
                int bits = (i & 1) == 0 ? 1 : 4;
                v[form.d + i] = joined(chosen(bits, (int) v[R + i]), chosen(bits << 1, high(v[R + i])));
            }
            form.finish(v);
        }

        private int chosen(int bit, int sum) {
            return (form.immediate & bit) != 0 ? sum : 0;
        }
    }
}
