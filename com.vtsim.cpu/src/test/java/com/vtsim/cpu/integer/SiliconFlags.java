package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Flags;

/** Which flags are compared after an instruction. */
final class SiliconFlags {
    private final boolean intel;

    SiliconFlags(boolean intel) {
        this.intel = intel;
    }

    int compared(SiliconCase test) {
        return Flags.ARITHMETIC | Flags.DF;
    }
}
