package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;

/**
 * Model-specific registers, time stamps, CPUID, protection keys.
 *
 * @sdm RDMSR; WRMSR; RDTSC; RDTSCP; RDPMC; RDPID; CPUID; PTWRITE; RDPKRU; WRPKRU
 */
final class ModelSpecific {
    private ModelSpecific() { }

    static void define(Semantics s) {
        s.define("RDMSR", (instruction, at) -> Effect.plain(Effect.privileged(cpu -> {
            if (!cpu.msrs.read(cpu.get32(Cpu.RCX))) {
                throw cpu.protection(0);
            }
            pair(cpu, cpu.msrs.value);
        })));
        s.define("WRMSR", (instruction, at) -> Effect.last(Effect.privileged(cpu -> {
            long value = (long) cpu.get32(Cpu.RDX) << 32 | cpu.get32(Cpu.RAX) & 0xFFFF_FFFFL;
            if (!cpu.msrs.write(cpu.get32(Cpu.RCX), value)) {
                throw cpu.protection(0);
            }
        })));
        s.define("RDTSC", (instruction, at) -> Effect.plain(ModelSpecific::timeStamp));
        s.define("RDTSCP", (instruction, at) -> Effect.plain(cpu -> {
            timeStamp(cpu);
            cpu.set32(Cpu.RCX, (int) cpu.msrs.tscAux());
        }));
        s.define("RDPID", (instruction, at) -> {
            Slot to = Slot.of(instruction, 0, at);
            return Effect.plain(cpu -> to.write(cpu, cpu.msrs.tscAux()));
        });
        s.define("RDPMC", (instruction, at) -> Effect.plain(cpu -> pair(cpu, cpu.performance.read(cpu.get32(Cpu.RCX)))));
        s.define("CPUID", (instruction, at) -> Effect.plain(cpu -> {
            cpu.cpuid.ask(cpu.get32(Cpu.RAX), cpu.get32(Cpu.RCX));
            int[] answer = cpu.cpuid.answer;
            cpu.set32(Cpu.RAX, answer[0]);
            cpu.set32(Cpu.RBX, answer[1]);
            cpu.set32(Cpu.RCX, answer[2]);
            cpu.set32(Cpu.RDX, answer[3]);
        }));
        s.define("SERIALIZE", (instruction, at) -> Effect.last(cpu -> { }));
        s.define("PTWRITE", (instruction, at) -> {
            Slot from = Slot.of(instruction, 0, at);
            return instruction.operandSize() == 2 ? null : Effect.last(cpu -> {
                long value = from.read(cpu);
                cpu.trace.ptwrite(value, from.size);
            });
        });
        s.define("RDPKRU", (instruction, at) -> Effect.plain(cpu -> {
            checkKeys(cpu, false);
            pair(cpu, cpu.system.pkru & 0xFFFF_FFFFL);
        }));
        s.define("WRPKRU", (instruction, at) -> Effect.plain(cpu -> {
            checkKeys(cpu, true);
            cpu.system.pkru = cpu.get32(Cpu.RAX);
            cpu.translation.keysChanged();
        }));
    }

    private static void pair(Cpu cpu, long value) {
        cpu.set32(Cpu.RAX, (int) value);
        cpu.set32(Cpu.RDX, (int) (value >>> 32));
    }

    private static void timeStamp(Cpu cpu) {
        if ((cpu.system.cr4 & SystemState.CR4_TSD) != 0 && cpu.cpl != 0) {
            throw cpu.protection(0);
        }
        pair(cpu, cpu.msrs.visibleTimeStamp());
    }

    private static void checkKeys(Cpu cpu, boolean write) {
        if ((cpu.system.cr4 & SystemState.CR4_PKE) == 0) {
            throw cpu.undefined();
        }
        if (cpu.get32(Cpu.RCX) != 0 || write && cpu.get32(Cpu.RDX) != 0) {
            throw cpu.protection(0);
        }
    }
}
