package com.vtsim.cpu.engine;

import com.vtsim.cpu.vmx.ExitReason;

/**
 * What reaches the processor from outside: INTR, NMI, INIT and start-up messages, each latched as its kind is.
 *
 * @sdm Interrupts; Initialization; MP Initialization Protocol Algorithm
 */
public final class Pins {
    private final Cpu cpu;
    private final Execution execution;
    private boolean intr;
    private boolean nmiBlocked;
    private int startupVector;

    Pins(Cpu cpu, Execution execution) {
        this.cpu = cpu;
        this.execution = execution;
    }

    /** See {@link com.vtsim.api.machine.Processor#intr}. */
    public void intr(boolean asserted) {
        intr = asserted;
        if (asserted) {
            execution.activity.interruptPending();
        }
        execution.flagsChanged();
    }

    /** @return the level of INTR */
    boolean intr() {
        return intr;
    }

    /** An edge on the NMI pin: latched until it is taken. */
    public void nmi() {
        execution.raise(Event.NMI);
    }

    /** @return whether NMIs (in a guest with virtual NMIs, those) are blocked: one was taken and no IRET executed since */
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    /** Blocks NMIs, or not. */
    public void blockNmis(boolean blocked) {
        nmiBlocked = blocked;
    }

    /** IRET has been executed: NMIs are taken again. */
    void unblockNmi() {
        if (cpu.vmx.boundary.iretUnblocks(nmiBlocked)) {
            nmiBlocked = false;
            if ((execution.events & (Event.NMI | Event.VM)) != 0) {
                execution.endBlock();
            }
        }
    }

    /** @return whether a pending NMI can be taken, the shadow of MOV SS left aside */
    boolean nmiReady() {
        return (execution.events & Event.NMI) != 0 && (!nmiBlocked || cpu.vmx.boundary.virtualNmis());
    }

    /** INIT. */
    public void init() {
        execution.raise(Event.INIT);
        if (cpu.vmx.boundary.blocksInit() && execution.activity.tells()) {
            execution.activity.tell("INIT is held back: VMX root operation");
        }
    }

    /** Start-up message; ignored unless the processor waits for one. */
    public void startup(int vector) {
        if ((execution.events & (Event.WAIT_FOR_SIPI | Event.INIT)) != 0) {
            startupVector = vector;
            execution.events |= Event.SIPI;
        } else if (execution.activity.tells()) {
            execution.activity.tell(String.format("start-up message %02xh has no effect: it does not wait for one", vector));
        }
    }

    /** Takes INIT. */
    void takeInit() {
        if (cpu.vmx.nonRoot) {
            execution.events &= ~Event.INIT;
            cpu.vmx.leave(ExitReason.INIT, 0);
            return;
        }
        long from = execution.linearIp();
        if ((execution.events & Event.TRACE) != 0) {
            cpu.trace.delivering();
        }
        ResetState.init(cpu);
        if (cpu.system.localApic() != null) {
            cpu.system.localApic().init();
        }
        execution.initialised();
        nmiBlocked = false;
        if (cpu.index != 0) {
            execution.events |= Event.WAIT_FOR_SIPI;
        }
        if (execution.activity.tells()) {
            execution.activity.tell(cpu.index == 0 ? "INIT: begins at the reset vector" : "INIT: waits for a start-up message");
        }
        cpu.trace.initialised(from, cpu.index != 0);
        execution.flagsChanged();
    }

    /** Takes a start-up message. */
    void takeStartup() {
        execution.events &= ~Event.SIPI;
        if (cpu.vmx.nonRoot) {
            cpu.vmx.leave(ExitReason.SIPI, startupVector);
            return;
        }
        execution.events &= ~Event.WAIT_FOR_SIPI;
        ResetState.startUp(cpu, startupVector);
        if (execution.activity.tells()) {
            execution.activity.tell(String.format("start-up message %02xh: begins at %05xh", startupVector, startupVector << 12));
        }
        cpu.trace.startedUp();
    }

    int startupVector() {
        return startupVector;
    }

    /** Adopts a saved state. */
    void restore(ExecutionState state) {
        intr = state.intrPin();
        nmiBlocked = state.nmiBlocked();
        startupVector = state.startupVector();
    }
}
