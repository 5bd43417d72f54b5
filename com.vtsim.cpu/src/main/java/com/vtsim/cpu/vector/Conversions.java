package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.high;
import static com.vtsim.cpu.vector.FloatArithmetic.joined;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked.Kind;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Conversions between integers and floating-point formats, and rounding to integral values. @sdm CVTPS2PD and the other CVT instructions; ROUNDPS */
final class Conversions {
    private static final int R = FloatingState.RESULT;
    private static final long LOW = 0xFFFF_FFFFL;
    private final SimdUnit unit;

    private Conversions(SimdUnit unit) {
        this.unit = unit;
    }

    static void define(Semantics s, SimdUnit unit) {
        Conversions group = new Conversions(unit);
        group.packed(s);
        group.scalars(s);
        group.mmx(s);
        group.roundings(s);
    }

    private void both(Semantics s, String name, OperationFactory factory) {
        s.define(name, factory);
        s.define("V" + name, factory);
    }

    private void both(Semantics s, String name, FloatArithmetic.FloatKernel kernel) {
        both(s, name, (instruction, at) -> FloatArithmetic.operation(VectorForm.of(instruction, at), unit, kernel));
    }

    // Packed

    private void packed(Semantics s) {
        both(s, "CVTDQ2PS", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = joined(singleOf(u, (int) v[b + i]), singleOf(u, high(v[b + i])));
            }
        });
        both(s, "CVTDQ2PD", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = Double.doubleToRawLongBits((int) (v[b + (i >> 1)] >>> 32 * (i & 1)));
            }
        });
        both(s, "CVTPS2PD", (u, v, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[R + i] = widened(u, (int) (v[b + (i >> 1)] >>> 32 * (i & 1)));
            }
        });
        both(s, "CVTPS2DQ", (u, v, a, b, n) -> toIntegers(u, v, b, n, u.unit.rounding));
        both(s, "CVTTPS2DQ", (u, v, a, b, n) -> toIntegers(u, v, b, n, FloatUnit.TRUNCATE));
        narrowing(s, "CVTPD2PS", Conversions::narrowed);
        narrowing(s, "CVTPD2DQ", (u, x) -> (int) integerOf(u, x, 32, u.unit.rounding));
        narrowing(s, "CVTTPD2DQ", (u, x) -> (int) integerOf(u, x, 32, FloatUnit.TRUNCATE));
    }

    private static void toIntegers(SimdUnit u, long[] v, int b, int n, int rounding) {
        for (int i = 0; i < n; i++) {
            long x = v[b + i];
            v[R + i] = joined((int) integerOf(u, (int) x, 32, rounding), (int) integerOf(u, high(x), 32, rounding));
        }
    }

    /** From 64 bits to 32. */
    private interface Narrowing {
        int of(SimdUnit u, long x);
    }

    /** Packed 64-bit numbers become 32-bit ones in the lower half of a register. */
    private void narrowing(Semantics s, String name, Narrowing f) {
        both(s, name, (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            int sources = form.b.size / 8;
            return FloatArithmetic.operation(form, unit, (u, v, a, b, n) -> {
                long low = joined(f.of(u, v[b]), f.of(u, v[b + 1]));
                v[R + 1] = sources == 4 ? joined(f.of(u, v[b + 2]), f.of(u, v[b + 3])) : 0;
                v[R] = low;
            });
        });
    }

    // Single numbers

    private static int singleOf(SimdUnit u, long x) {
        if (u.host) {
            float r = x;
            if (!u.imprecise && ((long) r != x || x == Long.MAX_VALUE)) {
                u.noteInexact();
            }
            return Float.floatToRawIntBits(r);
        }
        u.unit.begin();
        u.unit.a.finite(x < 0, 63, x < 0 ? -x : x);
        u.unit.round(FloatFormat.SINGLE);
        u.note(u.unit.flags);
        return u.unit.result.toSingle();
    }

    private static long doubleOf(SimdUnit u, long x) {
        if (u.host) {
            double r = x;
            if (!u.imprecise && ((long) r != x || x == Long.MAX_VALUE)) {
                u.noteInexact();
            }
            return Double.doubleToRawLongBits(r);
        }
        u.unit.begin();
        u.unit.a.finite(x < 0, 63, x < 0 ? -x : x);
        u.unit.round(FloatFormat.DOUBLE);
        u.note(u.unit.flags);
        return u.unit.result.toDouble();
    }

    private static long widened(SimdUnit u, int x) {
        if (SimdUnit.plain(x)) {
            return Double.doubleToRawLongBits(Float.intBitsToFloat(x));
        }
        if (SimdUnit.nan(x)) {
            u.nan(x, x);
            return (long) x << 32 & Long.MIN_VALUE | 0x7FF8_0000_0000_0000L | (x & 0x7F_FFFFL) << 29;
        }
        u.unit.begin();
        u.unit.a.single(x);
        u.unit.noteDenormal(u.unit.a);
        u.note(u.unit.flags);
        u.unit.a.denormal = false;
        return u.unit.a.toDouble();
    }

    private static int narrowed(SimdUnit u, long x) {
        if (u.host && u.imprecise && SimdUnit.plain(x)) {
            int r = Float.floatToRawIntBits((float) Double.longBitsToDouble(x));
            if (SimdUnit.ample(r) || x << 1 == 0) {
                return r;
            }
        }
        if (SimdUnit.nan(x)) {
            u.nan(x, x);
            return (int) (x >>> 32) & Integer.MIN_VALUE | 0x7FC0_0000 | (int) (x >>> 29) & 0x7F_FFFF;
        }
        u.unit.begin();
        u.unit.a.doubleBits(x);
        u.unit.noteDenormal(u.unit.a);
        u.unit.round(FloatFormat.SINGLE);
        u.note(u.unit.flags);
        return u.unit.result.toSingle();
    }

    /** @return a double as a signed integer, the integer indefinite where it does not fit */
    private static long integerOf(SimdUnit u, long x, int bits, int rounding) {
        if (u.host && u.imprecise && rounding == FloatUnit.TRUNCATE) {
            double value = Double.longBitsToDouble(x);
            double limit = bits == 32 ? 0x1p31 : 0x1p63;
            if (value < limit && value > -limit) {
                return (long) value;
            }
        }
        u.unit.a.doubleBits(x);
        return integer(u, bits, rounding);
    }

    private static long integerOf(SimdUnit u, int x, int bits, int rounding) {
        if (u.host && u.imprecise && rounding == FloatUnit.TRUNCATE) {
            float value = Float.intBitsToFloat(x);
            float limit = bits == 32 ? 0x1p31f : 0x1p63f;
            if (value < limit && value > -limit) {
                return (long) value;
            }
        }
        u.unit.a.single(x);
        return integer(u, bits, rounding);
    }

    private static long integer(SimdUnit u, int bits, int rounding) {
        FloatUnit unit = u.unit;
        if (unit.a.denormal && u.denormalsAreZeros) {
            return 0;
        }
        unit.begin();
        int before = unit.rounding;
        unit.rounding = rounding;
        long result = unit.toInteger(bits);
        unit.rounding = before;
        u.note(unit.flags);
        return result;
    }

    private void scalars(Semantics s) {
        for (String v : new String[] {"", "V"}) {
            for (String t : new String[] {"", "T"}) {
                s.define(v + "CVT" + t + "SS2SI", this::toGeneral);
                s.define(v + "CVT" + t + "SD2SI", this::toGeneral);
            }
            s.define(v + "CVTSI2SS", this::fromGeneral);
            s.define(v + "CVTSI2SD", this::fromGeneral);
            s.define(v + "CVTSS2SD", (instruction, at) -> toDouble(VectorForm.of(instruction, at)));
            s.define(v + "CVTSD2SS", (instruction, at) -> toSingle(VectorForm.of(instruction, at)));
        }
    }

    private Operation toGeneral(Instruction instruction, Translation at) {
        Operand.Register to = (Operand.Register) instruction.operand(0);
        int d = to.number();
        int bits = to.size() * 8;
        boolean vex = instruction.vectorLength() != 0;
        Source from = Source.of(instruction.operand(1), at, 1);
        boolean single = instruction.mnemonic().contains("SS");
        boolean truncates = instruction.mnemonic().contains("CVTT");
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                if (vex) {
                    cpu.floating.avx();
                } else {
                    cpu.floating.sse();
                }
                long x = from.low(cpu);
                unit.begin(cpu.floating.mxcsr);
                int rounding = truncates ? FloatUnit.TRUNCATE : unit.unit.rounding;
                long result = single ? integerOf(unit, (int) x, bits, rounding) : integerOf(unit, x, bits, rounding);
                unit.end(cpu);
                cpu.r[d] = bits == 32 ? result & LOW : result;
            }
        };
    }

    private Operation fromGeneral(Instruction instruction, Translation at) {
        int count = instruction.operands().size();
        Operand source = instruction.operand(count - 1);
        Datum from = Datum.of(source, at);
        boolean narrow = source.size() == 4;
        boolean single = instruction.mnemonic().endsWith("SS");
        boolean vex = instruction.vectorLength() != 0;
        int d = Moves.index(instruction.operand(0));
        int a = count == 3 ? Moves.index(instruction.operand(1)) : d;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                if (vex) {
                    cpu.floating.avx();
                } else {
                    cpu.floating.sse();
                }
                long x = from.read(cpu);
                x = narrow ? (int) x : x;
                unit.begin(cpu.floating.mxcsr);
                long result = single ? singleOf(unit, x) & LOW : doubleOf(unit, x);
                unit.end(cpu);
                long[] v = cpu.floating.vector;
                v[d + 1] = v[a + 1];
                v[d] = single ? v[a] & ~LOW | result : result;
                if (vex) {
                    v[d + 2] = 0;
                    v[d + 3] = 0;
                }
            }
        };
    }

    private Operation toDouble(VectorForm form) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                int x = (int) form.b.low(cpu);
                unit.begin(cpu.floating.mxcsr);
                long result = widened(unit, x);
                unit.end(cpu);
                long[] v = cpu.floating.vector;
                v[form.d + 1] = v[form.a + 1];
                v[form.d] = result;
                form.finish(v);
            }
        };
    }

    private Operation toSingle(VectorForm form) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                long x = form.b.low(cpu);
                unit.begin(cpu.floating.mxcsr);
                int result = narrowed(unit, x);
                unit.end(cpu);
                long[] v = cpu.floating.vector;
                v[form.d + 1] = v[form.a + 1];
                v[form.d] = v[form.a] & ~LOW | result & LOW;
                form.finish(v);
            }
        };
    }

    // MMX

    private void mmx(Semantics s) {
        s.define("CVTPI2PS", (instruction, at) -> fromMmx(instruction, at, true));
        s.define("CVTPI2PD", (instruction, at) -> fromMmx(instruction, at, false));
        for (String t : new String[] {"", "T"}) {
            s.define("CVT" + t + "PS2PI", this::toMmx);
            s.define("CVT" + t + "PD2PI", this::toMmx);
        }
    }

    private Operation fromMmx(Instruction instruction, Translation at, boolean single) {
        int d = Moves.index(instruction.operand(0));
        Mmx.Place from = new Mmx.Place(instruction.operand(1), at);
        // From memory no MMX register is touched, and x87 state stays.
        boolean transition = !from.inMemory();
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.sse();
                if (transition) {
                    Mmx.check(cpu);
                }
                long x = from.read(cpu);
                if (transition) {
                    // Also if an exception follows, as on silicon.
                    Mmx.enter(cpu.floating);
                }
                unit.begin(cpu.floating.mxcsr);
                long low = single ? joined(singleOf(unit, (int) x), singleOf(unit, high(x))) : doubleOf(unit, (int) x);
                unit.end(cpu);
                long[] v = cpu.floating.vector;
                v[d] = low;
                if (!single) {
                    v[d + 1] = doubleOf(unit, high(x));
                }
            }
        };
    }

    private Operation toMmx(Instruction instruction, Translation at) {
        int d = Mmx.register(instruction.operand(0));
        Source from = Source.of(instruction.operand(1), at, instruction.operand(1).size() == 16 ? 16 : 1);
        boolean single = instruction.mnemonic().contains("PS");
        boolean truncates = instruction.mnemonic().contains("CVTT");
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.sse();
                Mmx.check(cpu);
                int b = from.at(cpu);
                Mmx.enter(cpu.floating);
                long[] v = cpu.floating.vector;
                unit.begin(cpu.floating.mxcsr);
                int rounding = truncates ? FloatUnit.TRUNCATE : unit.unit.rounding;
                int low = (int) (single ? integerOf(unit, (int) v[b], 32, rounding) : integerOf(unit, v[b], 32, rounding));
                int high = (int) (single ? integerOf(unit, high(v[b]), 32, rounding) : integerOf(unit, v[b + 1], 32, rounding));
                unit.end(cpu);
                Mmx.set(cpu.floating, d, joined(low, high));
            }
        };
    }

    // Rounding to integral values

    private void roundings(Semantics s) {
        both(s, "ROUNDPD", (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return FloatArithmetic.operation(form, unit, FloatArithmetic.packedDouble(new Integral(form.immediate)));
        });
        both(s, "ROUNDPS", (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return FloatArithmetic.operation(form, unit, FloatArithmetic.packedSingle(new Integral(form.immediate)));
        });
        both(s, "ROUNDSD", (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new FloatArithmetic.ScalarDouble(form, unit, new Integral(form.immediate));
        });
        both(s, "ROUNDSS", (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            return new FloatArithmetic.ScalarSingle(form, unit, new Integral(form.immediate));
        });
    }

    /** Rounds b to an integral value, by the immediate's rounding mode or MXCSR's. */
    private static final class Integral extends FloatFunction {
        private final boolean byMxcsr;
        private final boolean precise;
        private final int mode;

        Integral(int immediate) {
            mode = immediate & 3;
            byMxcsr = (immediate & 4) != 0;
            precise = (immediate & 8) == 0;
        }

        @Override
        long of(SimdUnit u, long a, long b) {
            if (SimdUnit.nan(b)) {
                return u.nan(b, b);
            }
            u.unit.a.doubleBits(b);
            return round(u) ? u.unit.result.toDouble() : b;
        }

        @Override
        int of(SimdUnit u, int a, int b) {
            if (SimdUnit.nan(b)) {
                return u.nan(b, b);
            }
            u.unit.a.single(b);
            return round(u) ? u.unit.result.toSingle() : b;
        }

        /** @return whether the unit has the result; else it is the operand */
        private boolean round(SimdUnit u) {
            FloatUnit unit = u.unit;
            if (unit.a.kind != Kind.FINITE) {
                return false;
            }
            if (unit.a.denormal && u.denormalsAreZeros) {
                unit.result.zero(unit.a.negative);
                return true;
            }
            unit.begin();
            int before = unit.rounding;
            unit.rounding = byMxcsr ? before : mode;
            unit.roundToIntegral(precise);
            unit.rounding = before;
            u.note(unit.flags);
            return true;
        }
    }
}
