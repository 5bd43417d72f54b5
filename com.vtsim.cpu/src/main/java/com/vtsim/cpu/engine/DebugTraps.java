package com.vtsim.cpu.engine;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;

/**
 * Debug exceptions in the making, the operator's stops, and alignment checks, which watch accesses in the same way.
 *
 * @sdm Debug Exceptions; Alignment Check Exception (#AC)
 */
public final class DebugTraps {
    private static final int VECTOR_AC = 17;

    private final Cpu cpu;
    private final Execution execution;
    private final Breakpoints breakpoints;
    /** DR6 bits of traps that await their delivery. */
    private long pending;
    /** Set by an event that was delivered inside an instruction (INT n): its single-step trap is not taken. */
    private boolean stepSuppressed;

    DebugTraps(Cpu cpu, Execution execution) {
        this.cpu = cpu;
        this.execution = execution;
        this.breakpoints = new Breakpoints(cpu);
    }

    /** @return debug registers' and operator's breakpoints */
    public Breakpoints breakpoints() {
        return breakpoints;
    }

    /** @return DR6 bits of debug traps that await their delivery */
    public long pending() {
        return pending;
    }

    /** @return the same, and they are pending no more */
    long take() {
        long status = pending;
        pending = 0;
        return status;
    }

    /** Nothing is pending any more. */
    void forget() {
        pending = 0;
    }

    /** Traps with these DR6 bits after the current instruction: task switch with T set, ICEBP's kin. */
    public void trap(long status) {
        pending |= status;
        execution.raise(Event.DEBUG);
    }

    /** INT n and its kin were delivered by the current instruction: no single-step trap follows it. */
    public void suppressStep() {
        stepSuppressed = true;
    }

    /**
     * One instruction has been executed on its own.
     *
     * @param step       whether EFLAGS.TF was set before it and it completed
     * @param afterMovSs whether the instruction before it loaded SS
     * @param loadsSs    whether it did so itself
     */
    void executed(boolean step, boolean afterMovSs, boolean loadsSs) {
        if (step && !stepSuppressed) {
            pending |= SystemState.DR6_BS;
        }
        stepSuppressed = false;
        if (pending == 0) {
            return;
        }
        if (afterMovSs && loadsSs && pending == SystemState.DR6_BS) {
            pending = 0;
        } else {
            execution.events |= Event.DEBUG;
        }
    }

    /**
     * Code breakpoints at the next instruction: the operator's stop the run, the guest's are delivered.
     *
     * @return whether to stop for the operator
     */
    boolean beforeInstruction() {
        long linear = execution.linearIp();
        if (!breakpoints.near(linear)) {
            return false;
        }
        if (breakpoints.operatorStop(linear, execution.retired())) {
            return true;
        }
        if ((cpu.systemFlags & Flags.RF) == 0) {
            long status = breakpoints.instruction(linear);
            if (status != 0) {
                execution.deliveries.debug(status);
            }
        }
        return false;
    }

    /** DR7 or a debug address changed. */
    public void registersChanged() {
        breakpoints.changed();
        watch();
        breakpoints.watchPages();
        execution.endBlock();
    }

    private void watch() {
        execution.events = breakpoints.any() ? execution.events | Event.WATCH : execution.events & ~Event.WATCH;
    }

    /** @return whether accesses to the page have to be looked at one by one: a data breakpoint lies in it, or alignment is checked */
    boolean watches(long linear) {
        return breakpoints.dataNear(linear) || alignmentChecked();
    }

    boolean alignmentChecked() {
        return (cpu.system.cr0 & SystemState.CR0_AM) != 0 && cpu.cpl == 3 && (cpu.systemFlags & Flags.AC) != 0;
    }

    /** Raises #AC if alignment is checked and the access is not aligned. */
    void checkAlignment(long linear, int size) {
        if ((linear & size - 1) != 0 && alignmentChecked()) {
            throw cpu.fault(VECTOR_AC, 0);
        }
    }

    /** Compares an access on a watched page with the data breakpoints. */
    void dataAccess(long linear, int size, boolean write) {
        if (!breakpoints.dataNear(linear) && !breakpoints.dataNear(linear + size - 1)) {
            return;
        }
        long status = breakpoints.data(linear, size, write);
        if (status != 0) {
            trap(status);
        }
        if (breakpoints.operatorData(linear, size, write)) {
            execution.raise(Event.OPERATOR);
        }
    }

    /** Compares a port access with the breakpoints. */
    public void portAccess(int port, int size) {
        if ((execution.events & Event.WATCH) == 0) {
            return;
        }
        long status = breakpoints.port(port, size);
        if (status != 0) {
            trap(status);
        }
        if (breakpoints.operatorPort(port, size)) {
            execution.raise(Event.OPERATOR);
        }
    }

    /** A VM has left for a reason. */
    public void vmExit(int reason, String title) {
        if (breakpoints.operatorVmx(Breakpoint.Kind.VM_EXIT, reason, "VM exit, " + title)) {
            execution.raise(Event.OPERATOR);
        }
    }

    /** A field of the current VMCS is written. */
    public void vmwrite(int encoding, String name, long value) {
        if (breakpoints.operatorVmx(Breakpoint.Kind.VMWRITE, encoding, "VMWRITE of " + name + " = " + Long.toHexString(value) + "h")) {
            execution.raise(Event.OPERATOR);
        }
    }

    /** As after power-on. */
    void reset() {
        pending = 0;
        stepSuppressed = false;
        watch();
    }

    /** Adopts a saved state. */
    void restore(ExecutionState state) {
        pending = state.pendingDebug();
        registersChanged();
    }
}
