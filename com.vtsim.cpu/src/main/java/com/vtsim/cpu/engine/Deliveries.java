package com.vtsim.cpu.engine;

/**
 * Brings events into the guest: to its handler, to VMX, or, where the delivery itself faults, what the manual makes of the two.
 *
 * @sdm Interrupt and Exception Handling; Double Fault Exception (#DF)
 */
public final class Deliveries {
    private static final int VECTOR_DB = 1, VECTOR_DF = 8, VECTOR_PF = 14, VECTOR_MC = MachineChecks.VECTOR;

    private final Cpu cpu;
    private final Execution execution;
    private final FaultChain chain;

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
            }
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
        long linear = execution.linearIp();
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
