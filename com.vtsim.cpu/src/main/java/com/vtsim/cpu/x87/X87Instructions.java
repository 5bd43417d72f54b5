package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Semantics;

/** Every x87 instruction; FXSAVE and EMMS are the vector unit's. */
public final class X87Instructions {
    private X87Instructions() { }

    /** Defines them all. */
    public static void define(Semantics s) {
        Control.define(s);
        Environment.define(s);
        Loads.define(s);
        Stores.define(s);
        Arithmetic.define(s);
        Comparisons.define(s);
        Movements.define(s);
        Scaling.define(s);
        Remainders.define(s);
        Transcendentals.define(s);
    }
}
