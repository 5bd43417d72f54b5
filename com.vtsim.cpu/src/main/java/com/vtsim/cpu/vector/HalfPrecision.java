package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.high;
import static com.vtsim.cpu.vector.FloatArithmetic.joined;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Half precision, a format for storage: denormal halves are numbers like others whatever MXCSR says. @sdm VCVTPH2PS; VCVTPS2PH */
final class HalfPrecision {
    private static final int R = FloatingState.RESULT;
    private final SimdUnit unit;

    private HalfPrecision(SimdUnit unit) {
        this.unit = unit;
    }

    static void define(Semantics s, SimdUnit unit) {
        HalfPrecision group = new HalfPrecision(unit);
        s.define("VCVTPH2PS", (instruction, at) -> FloatArithmetic.operation(VectorForm.of(instruction, at), unit, (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                long halves = v[b + (i >> 1)] >>> 32 * (i & 1);
                v[R + i] = joined(single(u, (int) halves & 0xFFFF), single(u, (int) (halves >>> 16) & 0xFFFF));
            }
        }));
        s.define("VCVTPS2PH", group::narrow);
    }

    private static int single(SimdUnit u, int half) {
        boolean nan = (half & 0x7FFF) > 0x7C00;
        if (nan) {
            u.note((half & 0x200) == 0 ? FloatUnit.INVALID : 0);
            return half << 16 & Integer.MIN_VALUE | 0x7FC0_0000 | (half & 0x3FF) << 13;
        }
        u.unit.a.half(half);
        return u.unit.a.toSingle();
    }

    private static long half(SimdUnit u, int x, int rounding) {
        if (SimdUnit.nan(x)) {
            u.nan(x, x);
            return x >>> 16 & 0x8000 | 0x7E00 | x >>> 13 & 0x3FF;
        }
        FloatUnit unit = u.unit;
        boolean flushes = unit.flushToZero;
        int before = unit.rounding;
        unit.begin();
        unit.flushToZero = false;
        unit.rounding = rounding;
        unit.a.single(x);
        unit.noteDenormal(unit.a);
        unit.round(FloatFormat.HALF);
        u.note(unit.flags);
        if ((unit.flags & ~unit.masked & FloatUnit.UNDERFLOW) != 0 && unit.a.denormal) {
            // A denormal single is inexact as a half whether or not the underflow is masked.
            u.note(FloatUnit.PRECISION);
        }
        unit.flushToZero = flushes;
        unit.rounding = before;
        return unit.result.toHalf();
    }

    private Operation narrow(Instruction instruction, Translation at) {
        int from = Moves.index(instruction.operand(1));
        int longs = instruction.vectorLength() / 8;
        int i = (int) ((Operand.Immediate) instruction.operand(2)).value();
        boolean memory = instruction.operand(0) instanceof Operand.Memory;
        MemoryRef to = memory ? at.memory(instruction, 0) : null;
        int d = memory ? 0 : Moves.index(instruction.operand(0));
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.avx();
                long[] v = cpu.floating.vector;
                unit.begin(cpu.floating.mxcsr);
                int rounding = (i & 4) != 0 ? unit.unit.rounding : i & 3;
                v[R] = 0;
                v[R + 1] = 0;
                for (int k = 0; k < longs; k++) {
                    long pair = half(unit, (int) v[from + k], rounding) | half(unit, high(v[from + k]), rounding) << 16;
                    v[R + (k >> 1)] |= pair << 32 * (k & 1);
                }
                unit.end(cpu);
                if (memory && longs == 2) {
                    to.store64(cpu, v[R]);
                } else if (memory) {
                    Moves.store(cpu, to, 0, v[R], v[R + 1]);
                } else {
                    v[d] = v[R];
                    v[d + 1] = v[R + 1];
                    v[d + 2] = 0;
                    v[d + 3] = 0;
                }
            }
        };
    }
}
