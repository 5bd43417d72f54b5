package com.vtsim.cpu.engine;

/**
 * Brings events into the guest: to its handler, to VMX, or, where the delivery itself faults, what the manual makes of the two.
 *
 * @sdm Interrupt and Exception Handling; Double Fault Exception (#DF)
 */
public final class Deliveries {
    private static final int VECTOR_DB = 1, VECTOR_DF = 8, VECTOR_PF = 14, VECTOR_MC = MachineChecks.VECTOR;
    /** Faults of one delivery from which on it may be an endless one. */
    private static final int SERIAL = 4;

    private final Cpu cpu;
    private final Execution execution;
    private final FaultChain chain;
    /** Instructions executed at the latest delivery, and virtual time of the first of those since which none has been executed. */
    private long executed = -1;
    private long closedSince;
    /** The exception whose delivery goes on in the next run. */
    private int heldVector;
    private int heldCode;
    private long heldInformation;

    Deliveries(Cpu cpu, Execution execution) {
        this.cpu = cpu;
        this.execution = execution;
        this.chain = new FaultChain(cpu);
    }

    /** @return what happened in the latest chain of faults, in words */
    public FaultChain chain() {
        return chain;
    }

    /** Delivers the exception that an instruction, or a delivery outside of the loop, has raised. */
    void exception(GuestFault fault) {
        if (fault.vector == GuestFault.VM_EXIT) {
            cpu.vmx.leave();
        } else if (fault.vector != GuestFault.FROZEN && (fault.vector != VECTOR_MC || cpu.machineChecks.raise(fault.information))) {
            deliver(fault.vector, fault.errorCode, fault.information, Interrupts.Source.EXCEPTION);
        }
    }

    /** Delivers the machine check that is pending, unless it stops the processor. */
    void machineCheck() {
        if (cpu.machineChecks.takes()) {
            deliver(VECTOR_MC, GuestFault.NO_CODE, 0, Interrupts.Source.EXCEPTION);
        }
    }

    /** Delivers #DB. @param status bits of DR6 */
    void debug(long status) {
        deliver(VECTOR_DB, GuestFault.NO_CODE, status, Interrupts.Source.EXCEPTION);
    }

    /** Delivers an interrupt or an NMI. */
    void external(int vector) {
        deliver(vector, GuestFault.NO_CODE, 0, Interrupts.Source.EXTERNAL);
    }

    /** @param information CR2 of a page fault, DR6 bits of a debug exception */
    private void deliver(int vector, int errorCode, long information, Interrupts.Source source) {
        if (!cpu.vmx.nonRoot || !cpu.vmx.events.takes(vector, errorCode, information, source)) {
            deliver(vector, errorCode, information, source, 0, true);
        }
    }

    /** Delivers the event that a VM entry injects: CR2 and DR6 stay. @param length of the instruction that a software event stands for */
    public void inject(int vector, int errorCode, Interrupts.Source source, int length) {
        deliver(vector, errorCode, 0, source, length, false);
    }

    private void deliver(int vector, int errorCode, long information, Interrupts.Source source, int length, boolean latching) {
        boolean latches = latching;
        int faults = 0;
        closedFor();
        int eventVector = vector;
        int eventCode = errorCode;
        long eventInformation = information;
        Interrupts.Source eventSource = source;
        chain.begin(vector, errorCode, information, source, execution.retired());
        if (source == Interrupts.Source.EXCEPTION) {
            execution.countException();
        }
        while (true) {
            try {
                if (eventSource == Interrupts.Source.EXCEPTION && latches) {
                    latch(eventVector, eventInformation);
                }
                transfer(eventVector, eventCode, eventSource, latches ? 0 : length);
                if (cpu.vmx.nonRoot) {
                    cpu.vmx.events.delivered();
                }
                return;
            } catch (GuestFault second) {
                if (second.atNext) {
                    cpu.r[Cpu.RIP] = cpu.next;
                }
                if (second.vector == GuestFault.VM_EXIT) {
                    cpu.vmx.leave();
                    return;
                }
                if (second.vector == VECTOR_MC && !cpu.machineChecks.raise(second.information)) {
                    return;
                }
                if (cpu.vmx.nonRoot && cpu.vmx.events.takesWhileDelivering(second)) {
                    return;
                }
                latches = true;
                chain.add(second);
                int next = eventSource == Interrupts.Source.EXCEPTION ? FaultChain.combine(eventVector, second.vector) : second.vector;
                if (next == FaultChain.TRIPLE) {
                    triple();
                    return;
                }
                boolean doubled = next == VECTOR_DF && second.vector != VECTOR_DF;
                if (doubled && second.vector == VECTOR_PF) {
                    cpu.system.cr2 = second.information;
                }
                eventVector = next;
                eventCode = doubled ? 0 : second.errorCode;
                eventInformation = second.information;
                eventSource = Interrupts.Source.EXCEPTION;
                if (cpu.vmx.nonRoot && cpu.vmx.events.takesNested(eventVector, eventCode, eventInformation, doubled)) {
                    return;
                }
                if (++faults >= SERIAL && endless(eventVector, eventCode, eventInformation)) {
                    return;
                }
            }
        }
    }

    /**
     * A delivery that faults serially may do so for ever, as #AC does on a stack that is not aligned; no event is recognized meanwhile. Time
     * passes, a monitor that asks for it is notified, and the machine's other parts get their turn.
     *
     * @return whether the delivery is over for now
     */
    private boolean endless(int vector, int errorCode, long information) {
        execution.countException();
        if (cpu.vmx.nonRoot && notified()) {
            return true;
        }
        if (!execution.spentAll()) {
            return false;
        }
        hold(vector, errorCode, information);
        return true;
    }

    private void hold(int vector, int errorCode, long information) {
        heldVector = vector;
        heldCode = errorCode;
        heldInformation = information;
        execution.events |= Event.DELIVERING;
    }

    /** Takes a delivery up again that {@link #endless} has put off. */
    void goOn() {
        if (cpu.vmx.nonRoot) {
            cpu.vmx.events.takesNested(heldVector, heldCode, heldInformation, false);
        }
        deliver(heldVector, heldCode, heldInformation, Interrupts.Source.EXCEPTION, 0, true);
    }

    /** Exits if the monitor wants to be notified that no event has been recognized for so long. @return whether it did */
    boolean notified() {
        return cpu.vmx.boundary.notified(closedFor());
    }

    /** @return virtual nanoseconds for which deliveries have followed each other without an instruction between them */
    private long closedFor() {
        long now = cpu.clock == null ? 0 : cpu.clock.now();
        long count = execution.retired() - execution.uncounted();
        if (count != executed) {
            executed = count;
            closedSince = now;
        }
        return now - closedSince;
    }

    /** @return for {@link ExecutionState} */
    long[] save() {
        return (execution.events & Event.DELIVERING) == 0 ? new long[0] : new long[] {heldVector, heldCode, heldInformation};
    }

    /** Adopts what was saved. */
    void restore(long[] held) {
        if (held.length == 3) {
            hold((int) held[0], (int) held[1], held[2]);
        }
    }

    private void triple() {
        chain.shutdown();
        if (cpu.vmx.nonRoot) {
            cpu.vmx.events.tripleFault();
        } else {
            execution.activity.shutdown();
        }
    }

    private void transfer(int vector, int errorCode, Interrupts.Source source, int length) {
        long from = cpu.r[Cpu.RIP];
        boolean traced = (execution.events & Event.TRACE) != 0;
        long linear = traced ? execution.linearIp() : 0;
        if (traced) {
            cpu.trace.delivering();
        }
        cpu.next = from;
        cpu.interrupts.transfer(vector, errorCode, source, from + length);
        cpu.r[Cpu.RIP] = cpu.next;
        if (execution.branchRecords.on()) {
            execution.branchRecords.taken(BranchRecords.FAR, from, cpu.next);
        }
        if (traced) {
            cpu.trace.delivered(linear);
        }
    }

    /** Leaves what the exception says in CR2 or DR6. */
    private void latch(int vector, long information) {
        if (vector == VECTOR_PF) {
            cpu.system.cr2 = information;
        } else if (vector == VECTOR_DB) {
            cpu.system.dr[6] = cpu.system.dr[6] & ~0xFL | information;
            cpu.msrs.debugException();
        }
    }
}
