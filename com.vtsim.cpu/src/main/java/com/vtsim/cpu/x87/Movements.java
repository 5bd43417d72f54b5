package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/** Instructions that move registers, the top of the stack, or a sign. @sdm FXCH; FCMOVcc; FFREE; FINCSTP; FDECSTP; FNOP; FCHS; FABS */
final class Movements {
    private Movements() { }

    /** What a rare instruction does. */
    @FunctionalInterface
    private interface Step {
        void apply(X87Operation operation, Cpu cpu, FloatingState f);
    }

    static void define(Semantics s) {
        s.define("FXCH", (i, at) -> {
            int other = X87Operation.stack(i, i.operands().size() - 1);
            return of(i, at, (o, cpu, f) -> exchange(o, cpu, f, other));
        });
        s.define("FFREE", (i, at) -> {
            int n = X87Operation.stack(i, 0);
            return of(i, at, (o, cpu, f) -> {
                f.valid &= ~(1 << X87Operation.physical(f, n));
                f.status &= ~X87Operation.C1;
            });
        });
        s.define("FFREEP", (i, at) -> {
            int n = X87Operation.stack(i, 0);
            return of(i, at, (o, cpu, f) -> {
                f.valid &= ~(1 << X87Operation.physical(f, n));
                f.status &= ~X87Operation.C1;
                X87Operation.pop(f);
            });
        });
        s.define("FINCSTP", (i, at) -> of(i, at, (o, cpu, f) -> turn(f, 1)));
        s.define("FDECSTP", (i, at) -> of(i, at, (o, cpu, f) -> turn(f, -1)));
        s.define("FNOP", (i, at) -> of(i, at, (o, cpu, f) -> { }));
        s.define("FCHS", (i, at) -> of(i, at, (o, cpu, f) -> sign(o, cpu, f, true)));
        s.define("FABS", (i, at) -> of(i, at, (o, cpu, f) -> sign(o, cpu, f, false)));
        String[] conditions = {"B", "NB", "E", "NE", "BE", "NBE", "U", "NU"};
        int[] codes = {2, 3, 4, 5, 6, 7, 10, 11};
        for (int n = 0; n < 8; n++) {
            int code = codes[n];
            s.define("FCMOV" + conditions[n], (i, at) -> move(i, at, code));
        }
    }

    private static X87Operation of(Instruction i, Translation at, Step step) {
        return new X87Operation(i, at) {
            @Override
            void perform(Cpu cpu, FloatingState f) {
                step.apply(this, cpu, f);
            }
        };
    }

    private static void turn(FloatingState f, int by) {
        f.top = f.top + by & 7;
        f.status &= ~X87Operation.C1;
    }

    private static void exchange(X87Operation operation, Cpu cpu, FloatingState f, int other) {
        int p = f.top;
        int q = X87Operation.physical(f, other);
        boolean noP = X87Operation.empty(f, 0);
        boolean noQ = X87Operation.empty(f, other);
        if (noP || noQ) {
            if (!operation.stackFault(cpu, f, false)) {
                return;
            }
            if (noP) {
                X87Operation.writeIndefinite(f, p);
            }
            if (noQ) {
                X87Operation.writeIndefinite(f, q);
            }
        }
        f.status &= ~X87Operation.C1;
        int exponent = f.exponent[p];
        long significand = f.significand[p];
        f.exponent[p] = f.exponent[q];
        f.significand[p] = f.significand[q];
        f.exponent[q] = exponent;
        f.significand[q] = significand;
    }

    private static void sign(X87Operation operation, Cpu cpu, FloatingState f, boolean change) {
        if (X87Operation.empty(f, 0)) {
            if (operation.stackFault(cpu, f, false)) {
                X87Operation.writeIndefinite(f, f.top);
            }
            return;
        }
        f.status &= ~X87Operation.C1;
        int e = f.exponent[f.top];
        f.exponent[f.top] = change ? e ^ 0x8000 : e & 0x7FFF;
    }

    private static X87Operation move(Instruction i, Translation at, int code) {
        int from = X87Operation.stack(i, 1);
        return of(i, at, (o, cpu, f) -> {
            if (X87Operation.empty(f, 0) || X87Operation.empty(f, from)) {
                if (o.stackFault(cpu, f, false)) {
                    X87Operation.writeIndefinite(f, f.top);
                }
                return;
            }
            if (cpu.condition(code)) {
                int p = X87Operation.physical(f, from);
                f.exponent[f.top] = f.exponent[p];
                f.significand[f.top] = f.significand[p];
            }
        });
    }
}
