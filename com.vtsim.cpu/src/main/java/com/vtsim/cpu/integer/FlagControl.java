package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;

/** Flags set and moved. @sdm CLC; STC; CMC; CLD; STD; LAHF; SAHF */
final class FlagControl {
    private static final int LOW = Flags.CF | Flags.PF | Flags.AF | Flags.ZF | Flags.SF;

    private FlagControl() { }

    static void define(Semantics s) {
        s.define("CLC", (i, at) -> Action.of(cpu -> cpu.cf(false)));
        s.define("STC", (i, at) -> Action.of(cpu -> cpu.cf(true)));
        s.define("CMC", (i, at) -> Action.of(cpu -> cpu.cf(!cpu.cf())));
        s.define("CLD", (i, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.systemFlags &= ~Flags.DF;
            }
        });
        s.define("STD", (i, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.systemFlags |= Flags.DF;
            }
        });
        s.define("LAHF", (i, at) -> Action.of(cpu -> cpu.setByte(Cpu.RAX, 8, cpu.arithmeticFlags() & LOW | Flags.ONE)));
        s.define("SAHF", (i, at) -> Action.of(cpu ->
            cpu.arithmeticFlags(cpu.arithmeticFlags() & Flags.OF | cpu.byteOf(Cpu.RAX, 8) & LOW)));
        // Undocumented, but there since the 8086: AL becomes FFh or 0 as CF says.
        s.define("SALC", (i, at) -> Action.of(cpu -> cpu.setByte(Cpu.RAX, 0, cpu.cf() ? 0xFF : 0)));
    }
}
