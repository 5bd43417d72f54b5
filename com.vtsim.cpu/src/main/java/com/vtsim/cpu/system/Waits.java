package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Feature;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Waiting for a store, or for a time.
 *
 * @sdm MONITOR—Set Up Monitor Address; MWAIT—Monitor Wait; UMONITOR—User Level Set Up Monitor Address; UMWAIT—User Level Monitor Wait; TPAUSE—Timed
 *      PAUSE
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
        s.define("UMONITOR", Waits::userMonitor);
        s.define("UMWAIT", (instruction, at) -> userWait(instruction, true));
        s.define("TPAUSE", (instruction, at) -> userWait(instruction, false));
    }

    private static Operation userMonitor(Instruction instruction, Translation at) {
        int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
        int register = ((Operand.Register) instruction.operand(0)).number();
        MemoryRef line = at.memory(new Operand.Memory(segment, register, Operand.Memory.NONE, 1, 0, instruction.addressSize(), 1));
        return Effect.last(cpu -> {
            checkUserWait(cpu);
            watch(cpu, line);
        });
    }

    /** The deadline is EDX:EAX; bit 0 of the operand asks for the lighter sleep, which is the same here. */
    private static Operation userWait(Instruction instruction, boolean store) {
        int register = ((Operand.Register) instruction.operand(0)).number();
        return Effect.last(cpu -> {
            checkUserWait(cpu);
            boolean hidden = (cpu.system.cr4 & SystemState.CR4_TSD) != 0 && cpu.cpl != 0;
            if (hidden || (cpu.get32(register) & ~1) != 0) {
                throw cpu.protection(0);
            }
            long deadline = (long) cpu.get32(Cpu.RDX) << 32 | cpu.get32(Cpu.RAX) & 0xFFFF_FFFFL;
            cpu.execution.activity.waitUntil(cpu.vmx.shown.ownTimeStamp(deadline), store);
        });
    }

    private static void checkUserWait(Cpu cpu) {
        if (!cpu.cpuid.has(Feature.WAITPKG) || cpu.vmx.shown.forbidsUserWait()) {
            throw cpu.undefined();
        }
    }

    /** Checked as a load of a byte is. */
    private static void watch(Cpu cpu, MemoryRef line) {
        long linear = line.readable(cpu, 1);
        if (cpu.memory.paging().canonical(linear)) {
            // First, or the APIC-access page of a VM would see a load.
            cpu.monitor.watch(linear);
        }
        cpu.memory.load8(linear, line.segment);
    }

    private static Operation monitor(Instruction instruction, Translation at) {
        int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
        MemoryRef line = at.memory(new Operand.Memory(segment, Cpu.RAX, Operand.Memory.NONE, 1, 0, instruction.addressSize(), 1));
        return Effect.last(cpu -> {
            checkAllowed(cpu);
            if (cpu.get32(Cpu.RCX) != 0) {
                throw cpu.protection(0);
            }
            watch(cpu, line);
        });
    }

    private static void checkAllowed(Cpu cpu) {
        if (cpu.cpl != 0 || !cpu.cpuid.has(Feature.MONITOR)) {
            throw cpu.undefined();
        }
    }
}
