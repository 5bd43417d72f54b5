package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Semantics;

/** Every integer instruction that does not touch system state. */
public final class IntegerInstructions {
    private IntegerInstructions() { }

    /** Defines them all; forms of MOV, PUSH, POP, JMP and CALL for segment registers and far pointers excepted. */
    public static void define(Semantics s) {
        s.definePairs(FlagsAndJump::of);
        Mov mov = new Mov();
        s.define("MOV", mov);
        s.define("MOVNTI", mov);
        s.define("ADD", new Add());
        s.define("ADC", new Adc());
        s.define("SUB", new Sub());
        s.define("SBB", new Sbb());
        s.define("CMP", new Cmp());
        s.define("AND", new And());
        s.define("OR", new Or());
        s.define("XOR", new Xor());
        s.define("TEST", new LogicalCompare());
        IncDec.define(s);
        Extensions.define(s);
        Shifts.define(s);
        Rotates.define(s);
        MultiplyDivide.define(s);
        Bits.define(s);
        BitFields.define(s);
        Decimal.define(s);
        Exchanges.define(s);
        Stack.define(s);
        Branches.define(s);
        ConditionalJumps.define(s);
        ConditionalMoves.define(s);
        Strings.define(s);
        FlagControl.define(s);
        Hints.define(s);
        s.define("BOUND", Bound::create);
    }
}
