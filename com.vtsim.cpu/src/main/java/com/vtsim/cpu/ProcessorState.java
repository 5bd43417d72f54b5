package com.vtsim.cpu;

import com.vtsim.api.machine.State;
import com.vtsim.cpu.engine.AddressMonitor;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.ExecutionState;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MsrState;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.trace.ProcessorTrace;
import com.vtsim.cpu.vmx.VmxState;
import java.util.Arrays;

/**
 * A processor's saved state.
 *
 * @param general   RAX … R15, as encoded
 * @param rip       offset in CS
 * @param rflags    RFLAGS
 * @param cpl       current privilege level
 * @param selectors ES … GS, LDTR, TR
 * @param bases     of the same, then GDTR, IDTR
 * @param limits    of the same
 * @param access    of ES … GS, LDTR, TR
 * @param control   CR0, CR2, CR3, CR4, EFER, XCR0, PKRU, A20 mask, state of the random-number generator,
 *                  monitored line, end of a timed wait and what ends it, processor trace, the 7 longs of the internal wrapping key
 * @param pdpte     the PDPTE registers
 * @param debug     DR0–DR7
 * @param msrs      model-specific registers
 * @param cr8       task priority where no local APIC holds it
 * @param floating  the x87, MMX, SSE and AVX units
 * @param execution the run loop
 * @param vmx       VMX operation
 */
record ProcessorState(long[] general, long rip, long rflags, int cpl, int[] selectors, long[] bases, long[] limits, int[] access,
        long[] control, long[] pdpte, long[] debug, MsrState msrs, int cr8, FloatingState.Saved floating, ExecutionState execution, VmxState vmx) {
    private static final int VERSION = 1;
    /** Where the processor trace begins in {@link #control}. */
    private static final int CONTROL = 12;
    /** Where the wrapping key is in it. */
    private static final int KEY = CONTROL + ProcessorTrace.SAVED;
    private static final int LDTR = 6, TR = 7, GDTR = 8, IDTR = 9;

    static State save(Cpu cpu) {
        Segments s = cpu.segments;
        SystemState system = cpu.system;
        int[] selectors = Arrays.copyOf(s.selector, 8);
        selectors[LDTR] = s.ldtSelector;
        selectors[TR] = s.taskSelector;
        long[] bases = Arrays.copyOf(s.base, 10);
        bases[LDTR] = s.ldtBase;
        bases[TR] = s.taskBase;
        bases[GDTR] = s.gdtBase;
        bases[IDTR] = s.idtBase;
        long[] limits = Arrays.copyOf(s.limit, 10);
        limits[LDTR] = s.ldtLimit;
        limits[TR] = s.taskLimit;
        limits[GDTR] = s.gdtLimit;
        limits[IDTR] = s.idtLimit;
        int[] access = Arrays.copyOf(s.access, 8);
        access[LDTR] = s.ldtAccess;
        access[TR] = s.taskAccess;
        long[] wait = cpu.execution.activity.save();
        long[] key = cpu.wrappingKey.save();
        long[] control = {system.cr0, system.cr2, system.cr3, system.cr4, system.efer, system.xcr0, system.pkru, system.a20Mask,
            cpu.randomState, cpu.monitor.armed(), wait[0], wait[1]};
        control = Arrays.copyOf(control, KEY + key.length);
        cpu.trace.save(control, CONTROL);
        System.arraycopy(key, 0, control, KEY, key.length);
        return State.of(cpu.cpuid.model.title, VERSION, new ProcessorState(Arrays.copyOf(cpu.r, 16), cpu.r[Cpu.RIP], cpu.rflags(),
            cpu.cpl, selectors, bases, limits, access, control, system.pdpte.clone(), system.dr.clone(), cpu.msrs.save(),
            system.localApic() == null ? system.cr8 : 0, cpu.floating.save(), cpu.execution.save(), cpu.vmx.save()));
    }

    static void restore(Cpu cpu, State state) {
        ProcessorState p = state.as(ProcessorState.class, cpu.cpuid.model.title, VERSION);
        Segments s = cpu.segments;
        SystemState system = cpu.system;
        System.arraycopy(p.general, 0, cpu.r, 0, 16);
        cpu.r[Cpu.RIP] = p.rip;
        cpu.arithmeticFlags((int) p.rflags & Flags.ARITHMETIC);
        cpu.systemFlags = (int) p.rflags & ~Flags.ARITHMETIC;
        cpu.cpl = p.cpl;
        System.arraycopy(p.selectors, 0, s.selector, 0, 6);
        System.arraycopy(p.bases, 0, s.base, 0, 6);
        System.arraycopy(p.limits, 0, s.limit, 0, 6);
        System.arraycopy(p.access, 0, s.access, 0, 6);
        s.ldtSelector = p.selectors[LDTR];
        s.ldtBase = p.bases[LDTR];
        s.ldtLimit = p.limits[LDTR];
        s.ldtAccess = p.access[LDTR];
        s.taskSelector = p.selectors[TR];
        s.taskBase = p.bases[TR];
        s.taskLimit = p.limits[TR];
        s.taskAccess = p.access[TR];
        s.gdtBase = p.bases[GDTR];
        s.gdtLimit = (int) p.limits[GDTR];
        s.idtBase = p.bases[IDTR];
        s.idtLimit = (int) p.limits[IDTR];
        system.cr0 = p.control[0];
        system.cr2 = p.control[1];
        system.cr3 = p.control[2];
        system.cr4 = p.control[3];
        system.efer = p.control[4];
        system.xcr0 = p.control[5];
        system.pkru = (int) p.control[6];
        system.a20Mask = p.control[7];
        cpu.randomState = p.control[8];
        cpu.monitor.restore(p.control.length > 9 ? p.control[9] : AddressMonitor.NONE);
        System.arraycopy(p.pdpte, 0, system.pdpte, 0, 4);
        System.arraycopy(p.debug, 0, system.dr, 0, 8);
        cpu.msrs.restore(p.msrs);
        system.cr8 = p.cr8;
        cpu.floating.restore(p.floating);
        cpu.execution.restore(p.execution);
        cpu.vmx.restore(p.vmx);
        if (p.control.length > 11) {
            cpu.execution.activity.restore(p.control[10], p.control[11]);
        }
        if (p.control.length > KEY) {
            cpu.wrappingKey.restore(Arrays.copyOfRange(p.control, KEY, p.control.length));
        }
        system.controlChanged();
        cpu.performance.restore();
        cpu.trace.restore(p.control, CONTROL);
    }
}
