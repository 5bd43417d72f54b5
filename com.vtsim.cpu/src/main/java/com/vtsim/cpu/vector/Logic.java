package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;

/**
 * Bitwise logic on registers of every width, by far the most frequent of it PXOR of a register with itself.
 *
 * @sdm PAND; PANDN; POR; PXOR; ANDPS; ANDNPS; ORPS; XORPS and their double-precision twins
 */
final class Logic {
    private Logic() { }

    static void define(Semantics s) {
        define(s, "AND", (a, b) -> a & b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[a + i] & v[b + i];
            }
        });
        define(s, "ANDN", (a, b) -> ~a & b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = ~v[a + i] & v[b + i];
            }
        });
        define(s, "OR", (a, b) -> a | b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[a + i] | v[b + i];
            }
        });
        define(s, "XOR", (a, b) -> a ^ b, (v, d, a, b, n) -> {
            for (int i = 0; i < n; i++) {
                v[d + i] = v[a + i] ^ v[b + i];
            }
        });
    }

    private static void define(Semantics s, String name, Kernel.Lanes mmx, Kernel kernel) {
        boolean xor = name.equals("XOR");
        for (String mnemonic : new String[] {"P" + name, name + "PS", name + "PD"}) {
            s.define("V" + mnemonic, VectorForm.factory(kernel));
            s.define(mnemonic, (instruction, at) -> {
                if (Mmx.isMmx(instruction)) {
                    return Mmx.operation(instruction, at, mmx);
                }
                VectorForm form = VectorForm.of(instruction, at);
                boolean clear = xor && instruction.operand(0).equals(instruction.operand(1));
                return clear ? new Clear(form.d) : form.operation(kernel);
            });
        }
    }

    private static final class Clear extends Operation {
        private final int d;

        Clear(int d) {
            this.d = d;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.sse();
            long[] v = cpu.floating.vector;
            v[d] = 0;
            v[d + 1] = 0;
        }
    }
}
