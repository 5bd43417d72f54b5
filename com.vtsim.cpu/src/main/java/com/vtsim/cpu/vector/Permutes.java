package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * What AVX and AVX2 add to shuffles: permutations, broadcasts, 128-bit lanes in and out, shifts by variable counts, VZEROUPPER.
 *
 * @sdm VPERMILPS; VPERM2F128; VPERMD; VPERMQ; VBROADCAST; VPBROADCAST; VINSERTF128; VEXTRACTF128; VPSLLVW/VPSLLVD/VPSLLVQ; VZEROUPPER; VZEROALL
 */
final class Permutes {
    private Permutes() { }

    static void define(Semantics s) {
        inLanes(s);
        acrossLanes(s);
        broadcasts(s);
        shifts(s);
        s.define("VZEROUPPER", (instruction, at) -> zero(at, 2));
        s.define("VZEROALL", (instruction, at) -> zero(at, 0));
    }

    private static void inLanes(Semantics s) {
        s.define("VPERMILPS", "Vx,Wx,Ib", VectorForm.byImmediate(Shuffles::shuffleDoublewords));
        s.define("VPERMILPD", "Vx,Wx,Ib", VectorForm.byImmediate(i -> (v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long low = v[b + k + (i >> k & 1)];
                v[d + k + 1] = v[b + k + (i >> k + 1 & 1)];
                v[d + k] = low;
            }
        }));
        s.define("VPERMILPS", "Vx,Hx,Wx", VectorForm.factory((v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long a1 = v[a + k + 1];
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = doubleword(a0, a1, (int) b0) | doubleword(a0, a1, (int) (b0 >>> 32)) << 32;
                v[d + k + 1] = doubleword(a0, a1, (int) b1) | doubleword(a0, a1, (int) (b1 >>> 32)) << 32;
            }
        }));
        s.define("VPERMILPD", "Vx,Hx,Wx", VectorForm.factory((v, d, a, b, n) -> {
            for (int k = 0; k < n; k += 2) {
                long a0 = v[a + k];
                long a1 = v[a + k + 1];
                long b0 = v[b + k];
                long b1 = v[b + k + 1];
                v[d + k] = (b0 & 2) == 0 ? a0 : a1;
                v[d + k + 1] = (b1 & 2) == 0 ? a0 : a1;
            }
        }));
    }

    private static long doubleword(long x0, long x1, int i) {
        return ((i & 2) == 0 ? x0 : x1) >>> 32 * (i & 1) & Swar.LOW;
    }

    /** @return one of the eight doublewords of a register */
    private static long doubleword(long[] v, int at, int i) {
        return v[at + (i >> 1 & 3)] >>> 32 * (i & 1) & Swar.LOW;
    }

    private static void acrossLanes(Semantics s) {
        Kernel byIndex = (v, d, a, b, n) -> {
            for (int i = 0; i < 4; i++) {
                v[FloatingState.RESULT + i] = doubleword(v, b, (int) v[a + i]) | doubleword(v, b, (int) (v[a + i] >>> 32)) << 32;
            }
            copy(v, d);
        };
        s.define("VPERMD", VectorForm.factory(byIndex));
        s.define("VPERMPS", VectorForm.factory(byIndex));
        for (String name : new String[] {"VPERMQ", "VPERMPD"}) {
            s.define(name, VectorForm.byImmediate(i -> (v, d, a, b, n) -> {
                for (int k = 0; k < 4; k++) {
                    v[FloatingState.RESULT + k] = v[b + (i >> 2 * k & 3)];
                }
                copy(v, d);
            }));
        }
        for (String type : new String[] {"F", "I"}) {
            s.define("VPERM2" + type + "128", VectorForm.byImmediate(i -> (v, d, a, b, n) -> {
                for (int k = 0; k < 4; k++) {
                    int control = i >> 4 * (k >> 1);
                    int from = ((control & 2) == 0 ? a : b) + 2 * (control & 1) + (k & 1);
                    v[FloatingState.RESULT + k] = (control & 8) != 0 ? 0 : v[from];
                }
                copy(v, d);
            }));
            s.define("VINSERT" + type + "128", VectorForm.byImmediate(i -> (v, d, a, b, n) -> {
                int into = 2 * (i & 1);
                long low = v[b];
                long high = v[b + 1];
                v[d + 2 - into] = v[a + 2 - into];
                v[d + 3 - into] = v[a + 3 - into];
                v[d + into] = low;
                v[d + into + 1] = high;
            }));
            s.define("VEXTRACT" + type + "128", Permutes::extract);
        }
    }

    private static void copy(long[] v, int d) {
        for (int i = 0; i < 4; i++) {
            v[d + i] = v[FloatingState.RESULT + i];
        }
    }

    private static Operation extract(Instruction instruction, Translation at) {
        int from = Moves.index(instruction.operand(1)) + 2 * ((int) ((Operand.Immediate) instruction.operand(2)).value() & 1);
        if (instruction.operand(0) instanceof Operand.Memory m) {
            MemoryRef to = at.memory(m);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.floating.avx();
                    Moves.store(cpu, to, 0, cpu.floating.vector[from], cpu.floating.vector[from + 1]);
                }
            };
        }
        int d = Moves.index(instruction.operand(0));
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.avx();
                long[] v = cpu.floating.vector;
                v[d] = v[from];
                v[d + 1] = v[from + 1];
                v[d + 2] = 0;
                v[d + 3] = 0;
            }
        };
    }

    /** Makes a long of the lowest datum. */
    private interface Repeat {
        long of(long x);
    }

    private static void broadcasts(Semantics s) {
        broadcast(s, "VPBROADCASTB", x -> (x & 0xFF) * 0x0101_0101_0101_0101L);
        broadcast(s, "VPBROADCASTW", x -> (x & 0xFFFF) * 0x0001_0001_0001_0001L);
        broadcast(s, "VPBROADCASTD", x -> (x & Swar.LOW) * 0x1_0000_0001L);
        broadcast(s, "VBROADCASTSS", x -> (x & Swar.LOW) * 0x1_0000_0001L);
        broadcast(s, "VPBROADCASTQ", x -> x);
        broadcast(s, "VBROADCASTSD", x -> x);
        for (String type : new String[] {"F", "I"}) {
            s.define("VBROADCAST" + type + "128", VectorForm.factory((v, d, a, b, n) -> {
                v[d] = v[b];
                v[d + 1] = v[b + 1];
                v[d + 2] = v[d];
                v[d + 3] = v[d + 1];
            }));
        }
    }

    private static void broadcast(Semantics s, String name, Repeat f) {
        s.define(name, VectorForm.factory((v, d, a, b, n) -> {
            long x = f.of(v[b]);
            for (int i = 0; i < n; i++) {
                v[d + i] = x;
            }
        }));
    }

    private static void shifts(Semantics s) {
        s.define("VPSLLVD", VectorForm.factory(Kernel.each((a, b) -> left((int) a, (int) b) | left((int) (a >>> 32), (int) (b >>> 32)) << 32)));
        s.define("VPSRLVD", VectorForm.factory(Kernel.each((a, b) -> right((int) a, (int) b) | right((int) (a >>> 32), (int) (b >>> 32)) << 32)));
        s.define("VPSRAVD", VectorForm.factory(Kernel.each((a, b) ->
            arithmetic((int) a, (int) b) | arithmetic((int) (a >>> 32), (int) (b >>> 32)) << 32)));
        s.define("VPSLLVQ", VectorForm.factory(Kernel.each((a, b) -> Long.compareUnsigned(b, 64) < 0 ? a << b : 0)));
        s.define("VPSRLVQ", VectorForm.factory(Kernel.each((a, b) -> Long.compareUnsigned(b, 64) < 0 ? a >>> b : 0)));
    }

    private static long left(int x, int count) {
        return Integer.compareUnsigned(count, 32) < 0 ? x << count & Swar.LOW : 0;
    }

    private static long right(int x, int count) {
        return Integer.compareUnsigned(count, 32) < 0 ? x >>> count & Swar.LOW : 0;
    }

    private static long arithmetic(int x, int count) {
        return x >> (Integer.compareUnsigned(count, 32) < 0 ? count : 31) & Swar.LOW;
    }

    /** Outside 64-bit mode the upper eight registers are left alone. */
    private static Operation zero(Translation at, int first) {
        int registers = at.code64() ? 16 : 8;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.avx();
                long[] v = cpu.floating.vector;
                for (int i = 0; i < registers * FloatingState.LONGS; i += FloatingState.LONGS) {
                    for (int k = first; k < FloatingState.LONGS; k++) {
                        v[i + k] = 0;
                    }
                }
            }
        };
    }
}
