package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Instructions without effect on what a program computes: no caches are modelled and memory is ordered as the program is.
 *
 * @sdm NOP; PAUSE; PREFETCHh; CLFLUSH; CLFLUSHOPT; CLWB; MFENCE; LFENCE; SFENCE; UD
 */
final class Hints {
    private Hints() { }

    static void define(Semantics s) {
        for (String name : new String[] {"NOP", "ENDBR32", "ENDBR64", "PREFETCHNTA", "PREFETCHT0", "PREFETCHT1", "PREFETCHT2",
            "PREFETCHW", "MFENCE", "LFENCE", "SFENCE"}) {
            s.define(name, (i, at) -> nothing());
        }
        s.define("PAUSE", (i, at) -> Action.of(cpu -> cpu.execution.activity.spin()));
        for (String name : new String[] {"UD0", "UD1", "UD2"}) {
            s.define(name, (i, at) -> null);
        }
        for (String name : new String[] {"CLFLUSH", "CLFLUSHOPT", "CLWB"}) {
            s.define(name, Hints::flushLine);
        }
    }

    static Operation nothing() {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) { }
        };
    }

    /** Checked like a load of one byte. */
    private static Operation flushLine(Instruction instruction, Translation at) {
        MemoryRef m = at.memory(instruction, 0);
        return Action.of(m::load8);
    }
}
