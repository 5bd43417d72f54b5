package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Translation;

/** What a system instruction does, as a lambda. */
@FunctionalInterface
interface Effect {
    /** Does it. */
    void on(Cpu cpu);

    /** @return an operation that does it */
    static Operation plain(Effect effect) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                effect.on(cpu);
            }
        };
    }

    /** @return an operation that does it and ends its block, because it transfers control or changes what later instructions mean */
    static Operation last(Effect effect) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                effect.on(cpu);
            }

            @Override
            public boolean endsBlock() {
                return true;
            }
        };
    }

    /** @return an effect that raises #GP(0) unless CPL is 0 */
    static Effect privileged(Effect effect) {
        return cpu -> {
            if (cpu.cpl != 0) {
                throw cpu.protection(0);
            }
            effect.on(cpu);
        };
    }

    /** @return a factory for instructions of protected mode only: #UD in real and virtual-8086 mode */
    static OperationFactory protectedOnly(OperationFactory factory) {
        return (instruction, at) -> inProtectedMode(at) ? factory.create(instruction, at) : null;
    }

    /** @return whether the code runs in protected mode, not virtual-8086 mode */
    static boolean inProtectedMode(Translation at) {
        return at.is(Mode.PROTECTED) && !at.is(Mode.V86);
    }
}
