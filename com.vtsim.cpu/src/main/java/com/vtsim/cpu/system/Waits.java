package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Feature;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Waiting for a store.
 *
 * @sdm MONITOR—Set Up Monitor Address; MWAIT—Monitor Wait
 */
final class Waits {
    private Waits() { }

    static void define(Semantics s) {
        s.define("MONITOR", Waits::monitor);
        s.define("MWAIT", (instruction, at) -> Effect.last(cpu -> {
            checkAllowed(cpu);
            int extensions = cpu.get32(Cpu.RCX);
            if ((extensions & ~1) != 0) {
                throw cpu.protection(0);
            }
            cpu.execution.activity.waitForStore(extensions == 1);
        }));
    }

    private static Operation monitor(Instruction instruction, Translation at) {
        int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
        MemoryRef line = at.memory(new Operand.Memory(segment, Cpu.RAX, Operand.Memory.NONE, 1, 0, instruction.addressSize(), 1));
        return Effect.last(cpu -> {
            checkAllowed(cpu);
            if (cpu.get32(Cpu.RCX) != 0) {
                throw cpu.protection(0);
            }
            // Checked as a load of a byte is.
            long linear = line.readable(cpu, 1);
            cpu.memory.load8(linear, line.segment);
            cpu.monitor.watch(linear);
        });
    }

    private static void checkAllowed(Cpu cpu) {
        if (cpu.cpl != 0 || !cpu.cpuid.has(Feature.MONITOR)) {
            throw cpu.undefined();
        }
    }
}
