package com.vtsim.cpu;

import com.vtsim.cpu.engine.Semantics;

/** All the instruction groups the processor has. */
final class InstructionGroups {
    private InstructionGroups() { }

    /** @return the meaning of every instruction; each processor has its own, since its cache of factories is not shared between threads */
    static Semantics semantics() {
        Semantics semantics = new Semantics();
        return semantics;
    }
}
