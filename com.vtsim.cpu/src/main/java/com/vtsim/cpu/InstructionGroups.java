package com.vtsim.cpu;

import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.hot.HotBlocks;
import com.vtsim.cpu.integer.IntegerInstructions;
import com.vtsim.cpu.system.SystemInstructions;
import com.vtsim.cpu.vector.VectorInstructions;
import com.vtsim.cpu.vmx.Intercepts;
import com.vtsim.cpu.vmx.VmxInstructions;
import com.vtsim.cpu.x87.X87Instructions;

/** All the instruction groups the processor has. */
final class InstructionGroups {
    private InstructionGroups() { }

    /** @return the meaning of every instruction; each processor has its own, since its cache of factories is not shared between threads */
    static Semantics semantics() {
        Semantics semantics = new Semantics();
        IntegerInstructions.define(semantics);
        SystemInstructions.define(semantics);
        VectorInstructions.define(semantics);
        X87Instructions.define(semantics);
        VmxInstructions.define(semantics);
        Intercepts.define(semantics);
        semantics.defineCompiler(new HotBlocks());
        return semantics;
    }
}
