package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;

/** What a rare instruction does, as a lambda; hot ones are classes of {@link Operation} themselves. */
@FunctionalInterface
interface Action {
    /** Does it. */
    void run(Cpu cpu);

    /** @return an operation that does it */
    static Operation of(Action action) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                action.run(cpu);
            }
        };
    }
}
