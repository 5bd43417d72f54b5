package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Control and status words. @sdm FLDCW; FSTCW; FSTSW; FCLEX; FINIT */
final class Control {
    private Control() { }

    /** What it does. */
    @FunctionalInterface
    interface Step {
        void apply(Cpu cpu, FloatingState f);
    }

    static void define(Semantics s) {
        s.define("FLDCW", (i, at) -> {
            MemoryRef m = at.memory(i, 0);
            return of(true, (cpu, f) -> f.loadControl(m.load16(cpu)));
        });
        s.define("FNSTCW", (i, at) -> {
            MemoryRef m = at.memory(i, 0);
            return of(false, (cpu, f) -> m.store16(cpu, f.control));
        });
        s.define("FNSTSW", Control::storeStatus);
        s.define("FNCLEX", factory((cpu, f) -> f.clearExceptions()));
        s.define("FNINIT", factory((cpu, f) -> f.initialise()));
        s.define("FNENI", factory((cpu, f) -> { }));
        s.define("FNDISI", factory((cpu, f) -> { }));
        s.define("FNSETPM", factory((cpu, f) -> { }));
        s.define("WAIT", (i, at) -> new Waiting());
    }

    private static OperationFactory factory(Step step) {
        return (i, at) -> of(false, step);
    }

    /** @return an operation that leaves the pointers alone */
    static Operation of(boolean waits, Step step) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                FloatingState f = cpu.floating;
                f.x87();
                if (waits) {
                    f.awaitExceptions();
                }
                step.apply(cpu, f);
            }
        };
    }

    private static Operation storeStatus(Instruction i, Translation at) {
        if (i.operand(0) instanceof Operand.Register) {
            return of(false, (cpu, f) -> cpu.set16(Cpu.RAX, f.statusWord()));
        }
        MemoryRef m = at.memory(i, 0);
        return of(false, (cpu, f) -> m.store16(cpu, f.statusWord()));
    }
}
