package com.vtsim.cpu;

import com.vtsim.api.machine.EntryState;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.ResetState;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.SystemState;
import java.util.Map;

/** Puts a processor where a boot loader leaves it. */
final class Entry {
    private static final int CODE = Segments.PRESENT | Segments.NON_SYSTEM | Segments.CODE | Segments.WRITABLE | Segments.ACCESSED;
    private static final int DATA = Segments.PRESENT | Segments.NON_SYSTEM | Segments.WRITABLE | Segments.ACCESSED;
    private static final int CODE_SELECTOR = 0x10;
    private static final int DATA_SELECTOR = 0x18;

    private Entry() { }

    static void enter(Cpu cpu, EntryState state) {
        ResetState.reset(cpu);
        cpu.execution.activity.wake();
        cpu.r[Cpu.RDX] = 0;
        cpu.systemFlags = Flags.ONE;
        switch (state.mode()) {
            case REAL -> real(cpu, state.registers());
            case PROTECTED -> flat(cpu, CODE | Segments.BIG | Segments.GRANULARITY);
            case LONG -> flat(cpu, CODE | Segments.LONG_CODE | Segments.GRANULARITY);
        }
        cpu.system.cr0 = SystemState.CR0_ET;
        switch (state.mode()) {
            case REAL -> { }
            case PROTECTED -> cpu.system.cr0 |= SystemState.CR0_PE;
            case LONG -> {
                cpu.system.cr0 |= SystemState.CR0_PE | SystemState.CR0_PG | SystemState.CR0_NE | SystemState.CR0_WP;
                cpu.system.cr4 = SystemState.CR4_PAE;
                cpu.system.efer = SystemState.EFER_LME | SystemState.EFER_LMA;
            }
        }
        RegisterView view = new RegisterView(cpu);
        for (Map.Entry<String, Long> register : state.registers().entrySet()) {
            if (!register.getKey().matches("[cdefgs]s")) {
                view.set(register.getKey(), register.getValue());
            }
        }
        cpu.r[Cpu.RIP] = state.entry();
        cpu.system.controlChanged();
    }

    /** Sets what firmware sets on every processor alike. */
    static void modelSpecific(Cpu cpu, Map<String, Long> registers) {
        RegisterView view = new RegisterView(cpu);
        registers.forEach((name, value) -> {
            if (name.startsWith("msr:")) {
                view.set(name, value);
            }
        });
    }

    private static void real(Cpu cpu, Map<String, Long> registers) {
        String[] names = {"es", "cs", "ss", "ds", "fs", "gs"};
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            int selector = (int) (long) registers.getOrDefault(names[i], 0L);
            segment(cpu, i, selector, (long) selector << 4, 0xFFFF, i == Cpu.CS ? CODE : DATA);
        }
    }

    private static void flat(Cpu cpu, int codeAccess) {
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            boolean code = i == Cpu.CS;
            segment(cpu, i, code ? CODE_SELECTOR : DATA_SELECTOR, 0, 0xFFFF_FFFFL,
                code ? codeAccess : DATA | Segments.BIG | Segments.GRANULARITY);
        }
    }

    private static void segment(Cpu cpu, int segment, int selector, long base, long limit, int access) {
        cpu.segments.selector[segment] = selector;
        cpu.segments.base[segment] = base;
        cpu.segments.limit[segment] = limit;
        cpu.segments.access[segment] = access;
    }
}
