package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Invalidation of caches, which memory here does not need, and of translations, which it does.
 *
 * @sdm INVD; WBINVD; WBNOINVD; INVLPG; INVPCID
 */
final class Caches {
    private Caches() { }

    static void define(Semantics s) {
        for (String name : new String[] {"INVD", "WBINVD", "WBNOINVD"}) {
            s.define(name, (instruction, at) -> Effect.last(Effect.privileged(cpu -> { })));
        }
        s.define("INVLPG", (instruction, at) -> {
            MemoryRef page = at.memory(instruction, 0);
            long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
            // Neither limit nor type of the segment is checked, nor whether the address is canonical.
            return Effect.last(Effect.privileged(cpu -> cpu.translation.flushPage(cpu.segBase[page.segment] + page.offset(cpu) & mask)));
        });
        s.define("INVPCID", Caches::invalidateContext);
    }

    private static Operation invalidateContext(Instruction instruction, Translation at) {
        int register = ((Operand.Register) instruction.operand(0)).number();
        MemoryRef low = at.memory(instruction, 1);
        MemoryRef high = low.plus(8);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        return Effect.last(Effect.privileged(cpu -> {
            long type = cpu.r[register] & mask;
            long context = low.load64(cpu);
            long linear = high.load64(cpu);
            boolean named = type <= 1;
            boolean wrong = Long.compareUnsigned(type, 3) > 0 || context >>> 12 != 0
                || named && context != 0 && (cpu.system.cr4 & SystemState.CR4_PCIDE) == 0
                || type == 0 && !cpu.memory.paging().canonical(linear);
            if (wrong) {
                throw cpu.protection(0);
            }
            switch ((int) type) {
                case 0 -> cpu.translation.flushPage((int) context, linear);
                case 1 -> cpu.translation.flushContext((int) context);
                case 2 -> cpu.translation.flushContexts();
                default -> cpu.translation.flushLocal();
            }
        }));
    }
}
