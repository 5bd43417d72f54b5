package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Semantics;

/** MMX, SSE, AVX and their kin, one class a group. */
public final class VectorInstructions {
    private VectorInstructions() { }

    /** Gives every vector instruction its meaning. */
    public static void define(Semantics s) {
        SimdUnit unit = new SimdUnit();
        Moves.define(s);
        PartMoves.define(s);
        Elements.define(s);
        Logic.define(s);
        PackedIntegers.define(s);
        Shuffles.define(s);
        FloatArithmetic.define(s, unit);
        Conversions.define(s, unit);
        Reciprocals.define(s);
        Blends.define(s);
        DotProducts.define(s, unit);
        StringCompare.define(s);
        Aes.define(s);
        KeyLocker.define(s);
        Sha.define(s);
        Permutes.define(s);
        MaskedMoves.define(s);
        Fused.define(s, unit);
        HalfPrecision.define(s, unit);
        StateImages.define(s);
        ExtendedStates.define(s);
    }
}
