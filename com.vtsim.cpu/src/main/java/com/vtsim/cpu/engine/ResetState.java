package com.vtsim.cpu.engine;

import java.util.Arrays;

/**
 * Register values after power-on, RESET and INIT.
 *
 * @sdm Processor State After Reset; First Instruction Executed
 */
public final class ResetState {
    private static final int DATA = Segments.PRESENT | Segments.NON_SYSTEM | Segments.WRITABLE | Segments.ACCESSED;

    private ResetState() { }

    /** Power-on or RESET. */
    public static void reset(Cpu cpu) {
        init(cpu);
        cpu.system.cr0 = SystemState.CR0_CD | SystemState.CR0_NW | SystemState.CR0_ET;
        cpu.system.xcr0 = 1;
        cpu.system.pkru = 0;
        cpu.system.a20Mask = -1L;
        cpu.floating.reset();
        cpu.wrappingKey.reset();
        cpu.msrs.reset();
        cpu.vmx.reset();
        cpu.system.controlChanged();
        cpu.execution.reset();
        cpu.performance.reset();
        cpu.trace.reset();
    }

    /** INIT: caches, MTRRs, x87 and SSE state and the time-stamp counter keep what they have. */
    public static void init(Cpu cpu) {
        SystemState system = cpu.system;
        Segments segments = cpu.segments;
        Arrays.fill(cpu.r, 0);
        cpu.r[Cpu.RDX] = cpu.cpuid.model.signature;
        cpu.r[Cpu.RIP] = 0xFFF0;
        cpu.arithmeticFlags(0);
        cpu.systemFlags = Flags.ONE;
        cpu.cpl = 0;
        system.cr0 = system.cr0 & (SystemState.CR0_CD | SystemState.CR0_NW) | SystemState.CR0_ET;
        system.cr2 = 0;
        system.cr3 = 0;
        system.cr4 = 0;
        system.efer = 0;
        Arrays.fill(system.pdpte, 0);
        Arrays.fill(system.dr, 0);
        system.dr[6] = 0xFFFF_0FF0L;
        system.dr[7] = 0x400;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            segments.selector[i] = 0;
            segments.base[i] = 0;
            segments.limit[i] = 0xFFFF;
            segments.access[i] = DATA;
        }
        segments.selector[Cpu.CS] = 0xF000;
        segments.base[Cpu.CS] = 0xFFFF_0000L;
        segments.access[Cpu.CS] = DATA;
        cpu.monitor.disarm();
        segments.gdtBase = 0;
        segments.gdtLimit = 0xFFFF;
        segments.idtBase = 0;
        segments.idtLimit = 0xFFFF;
        segments.ldtSelector = 0;
        segments.ldtBase = 0;
        segments.ldtLimit = 0xFFFF;
        segments.ldtAccess = Segments.PRESENT | 2;
        segments.taskSelector = 0;
        segments.taskBase = 0;
        segments.taskLimit = 0xFFFF;
        segments.taskAccess = Segments.PRESENT | 0xB;
        system.controlChanged();
        cpu.execution.traps.registersChanged();
    }

    /** Start-up message: real mode at {@code vector << 12}. */
    static void startUp(Cpu cpu, int vector) {
        cpu.segments.selector[Cpu.CS] = vector << 8;
        cpu.segments.base[Cpu.CS] = (long) vector << 12;
        cpu.segments.limit[Cpu.CS] = 0xFFFF;
        cpu.segments.access[Cpu.CS] = DATA;
        cpu.r[Cpu.RIP] = 0;
        cpu.segments.modeChanged();
    }
}
