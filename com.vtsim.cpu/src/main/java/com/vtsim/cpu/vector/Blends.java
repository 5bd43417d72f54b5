package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Blends by immediate or register, tests of all bits or signs, sign and zero extensions.
 *
 * @sdm PBLENDVB; BLENDVPS; BLENDVPD; BLENDPS; BLENDPD; PBLENDW; VPBLENDD; PTEST; VTESTPS/VTESTPD; PMOVSX; PMOVZX
 */
final class Blends {
    private static final long SINGLES = Swar.H32;

    private Blends() { }

    static void define(Semantics s) {
        byRegister(s, "PBLENDVB", 8);
        byRegister(s, "BLENDVPS", 32);
        byRegister(s, "BLENDVPD", 64);
        for (String v : new String[] {"", "V"}) {
            s.define(v + "BLENDPS", VectorForm.byImmediate(i -> byImmediate(i, 32, 8)));
            s.define(v + "BLENDPD", VectorForm.byImmediate(i -> byImmediate(i, 64, 8)));
            // Both 128-bit lanes use the same eight bits.
            s.define(v + "PBLENDW", VectorForm.byImmediate(i -> byImmediate(i | i << 8, 16, 16)));
            s.define(v + "PTEST", (instruction, at) -> test(instruction, at, -1L));
            extensions(s, v + "PMOVSX", true);
            extensions(s, v + "PMOVZX", false);
        }
        s.define("VPBLENDD", VectorForm.byImmediate(i -> byImmediate(i, 32, 8)));
        s.define("VTESTPS", (instruction, at) -> test(instruction, at, SINGLES));
        s.define("VTESTPD", (instruction, at) -> test(instruction, at, Long.MIN_VALUE));
    }

    private static void byRegister(Semantics s, String name, int width) {
        long h = Swar.high(width);
        OperationFactory factory = (instruction, at) -> {
            VectorForm form = VectorForm.of(instruction, at);
            int m = Moves.index(instruction.operand(instruction.operands().size() - 1));
            return form.operation((v, d, a, b, n) -> {
                for (int i = 0; i < n; i++) {
                    v[d + i] = Swar.select(Swar.spread(v[m + i], h, width), v[b + i], v[a + i]);
                }
            });
        };
        s.define(name, factory);
        s.define("V" + name, factory);
    }

    private static Kernel byImmediate(int immediate, int width, int bits) {
        long[] masks = new long[4];
        for (int i = 0; i < Math.min(bits, 256 / width); i++) {
            if ((immediate >> i & 1) != 0) {
                masks[i * width / 64] |= -1L >>> 64 - width << i * width % 64;
            }
        }
        if (width == 16) {
            masks[2] = masks[0];
            masks[3] = masks[1];
        }
        return (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = Swar.select(masks[i], v[b + i], v[a + i]);
            }
        };
    }

    private static Operation test(Instruction instruction, Translation at, long bits) {
        VectorForm form = VectorForm.of(instruction, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                form.check(cpu);
                int b = form.b.at(cpu);
                long[] v = cpu.floating.vector;
                long both = 0;
                long alone = 0;
                for (int i = 0; i < form.longs; i++) {
                    both |= v[form.d + i] & v[b + i];
                    alone |= ~v[form.d + i] & v[b + i];
                }
                cpu.arithmeticFlags(((both & bits) == 0 ? 0x40 : 0) | ((alone & bits) == 0 ? 1 : 0));
            }
        };
    }

    private static void extensions(Semantics s, String name, boolean signed) {
        s.define(name + "BW", VectorForm.factory(extension(8, 16, signed)));
        s.define(name + "BD", VectorForm.factory(extension(8, 32, signed)));
        s.define(name + "BQ", VectorForm.factory(extension(8, 64, signed)));
        s.define(name + "WD", VectorForm.factory(extension(16, 32, signed)));
        s.define(name + "WQ", VectorForm.factory(extension(16, 64, signed)));
        s.define(name + "DQ", VectorForm.factory(extension(32, 64, signed)));
    }

    private static Kernel extension(int from, int to, boolean signed) {
        int perLong = 64 / to;
        long mask = -1L >>> 64 - to;
        return (v, d, a, b, n) -> {
            long s0 = v[b];
            long s1 = v[b + 1];
            for (int k = 0; k < n; k++) {
                long result = 0;
                for (int e = perLong - 1; e >= 0; e--) {
                    int bit = (k * perLong + e) * from;
                    long x = (bit < 64 ? s0 : s1) >>> bit << 64 - from;
                    x = signed ? x >> 64 - from : x >>> 64 - from;
                    result = to == 64 ? x : result << to | x & mask;
                }
                v[d + k] = result;
            }
        };
    }
}
