package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Semantics;

/** The system instructions: all groups of this package. */
public final class SystemInstructions {
    private SystemInstructions() { }

    /** Says what each of them means. */
    public static void define(Semantics s) {
        SegmentLoads.define(s);
        Transfers.define(s);
        FastCalls.define(s);
        DescriptorTables.define(s);
        SelectorChecks.define(s);
        ControlRegisters.define(s);
        InterruptFlag.define(s);
        Ports.define(s);
        ModelSpecific.define(s);
        Caches.define(s);
        Waits.define(s);
    }
}
