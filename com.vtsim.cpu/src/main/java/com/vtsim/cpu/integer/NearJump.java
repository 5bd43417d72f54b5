package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** A near branch relative to the next instruction. */
abstract class NearJump extends Operation {
    private final long target;
    private final long targetMask;
    private final boolean wide;

    NearJump(Instruction instruction, Translation at) {
        Operand.Relative relative = (Operand.Relative) instruction.operand(0);
        target = at.end() + relative.displacement();
        targetMask = Place.mask(instruction.operandSize());
        wide = at.code64();
    }

    @Override
    public final boolean endsBlock() {
        return true;
    }

    /** Goes to the target, or raises #GP(0) where it must not. */
    final void take(Cpu cpu) {
        cpu.next = destination(cpu);
    }

    /** @return the target, not checked */
    final long destinationUnchecked(Cpu cpu) {
        return cpu.r[Cpu.RIP] + target & targetMask;
    }

    /** @return the target, checked */
    final long destination(Cpu cpu) {
        long from = cpu.r[Cpu.RIP];
        long to = from + target & targetMask;
        // With the same bits 63:47 as a canonical address the target is canonical, with 5-level paging too.
        if (wide ? (to ^ from) >>> 47 != 0 : to > cpu.segments.limit[Cpu.CS]) {
            return cpu.branchTarget(to);
        }
        return to;
    }

}
