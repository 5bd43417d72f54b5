package com.vtsim.cpu.engine;

import com.vtsim.api.machine.Processor.Outcome;

/**
 * What is recognized between two instructions, the event of the highest priority first.
 *
 * @sdm Priority Among Concurrent Events
 */
final class Recognition {
    private static final int VECTOR_NMI = 2;

    private final Cpu cpu;
    private final Execution execution;

    Recognition(Cpu cpu, Execution execution) {
        this.cpu = cpu;
        this.execution = execution;
    }

    /**
     * Takes the event of the highest priority.
     *
     * @return why the run ends, or null to execute the next instruction
     */
    Outcome next() {
        while (true) {
            if ((execution.events & Event.OPERATOR) != 0) {
                execution.events &= ~Event.OPERATOR;
                return Outcome.BREAKPOINT;
            }
            if ((execution.events & Event.LEAVE) != 0) {
                execution.events &= ~Event.LEAVE;
                return Outcome.LEFT;
            }
            if ((execution.events & Event.SPIN) != 0) {
                execution.events &= ~Event.SPIN;
                return Outcome.SPINNING;
            }
            if ((execution.events & Event.SHUTDOWN) != 0 && (!cpu.vmx.nonRoot || execution.dead())) {
                return Outcome.SHUTDOWN;
            }
            if ((execution.events & Event.DELIVERING) != 0) {
                execution.events &= ~Event.DELIVERING;
                execution.deliveries.goOn();
                if ((execution.events & Event.DELIVERING) != 0) {
                    return null;
                }
                continue;
            }
            if ((execution.events & Event.MACHINE_CHECK) != 0) {
                execution.activity.awake(Event.MACHINE_CHECK);
                execution.deliveries.machineCheck();
                continue;
            }
            if ((execution.events & Event.INIT) != 0 && !cpu.vmx.boundary.blocksInit() && (execution.traps.pending() & SystemState.DR6_BT) == 0) {
                execution.pins.takeInit();
                continue;
            }
            if ((execution.events & Event.WAIT_FOR_SIPI) != 0) {
                if ((execution.events & Event.SIPI) == 0) {
                    return Outcome.IDLE;
                }
                execution.pins.takeStartup();
                continue;
            }
            boolean delivered = takeInterrupt();
            if (delivered) {
                continue;
            }
            if ((execution.events & (Event.HALTED | Event.SHUTDOWN)) != 0) {
                return Outcome.IDLE;
            }
            return (execution.events & Event.WATCH) != 0 && execution.traps.beforeInstruction() ? Outcome.BREAKPOINT : null;
        }
    }

    /** @return whether an event was delivered */
    private boolean takeInterrupt() {
        boolean guest = cpu.vmx.nonRoot;
        if ((execution.events & Event.VM) != 0 && cpu.vmx.boundary.beforeTraps()) {
            return true;
        }
        if ((execution.events & Event.DEBUG) != 0 && !execution.movSsShadow) {
            if (guest && execution.deliveries.notified()) {
                return true;
            }
            execution.activity.awake(Event.DEBUG);
            execution.deliveries.debug(execution.traps.take());
            return true;
        }
        boolean nmiBlocked = execution.pins.nmiBlocked();
        boolean blocked = nmiBlocked && !cpu.vmx.boundary.virtualNmis() || execution.movSsShadow;
        if ((execution.events & Event.VM) != 0 && cpu.vmx.boundary.beforeNmi(nmiBlocked || execution.movSsShadow)) {
            return true;
        }
        if ((execution.events & Event.NMI) != 0 && !blocked) {
            execution.events &= ~Event.NMI;
            if (guest && cpu.vmx.boundary.nmi()) {
                return true;
            }
            execution.activity.awake(Event.SHUTDOWN);
            execution.pins.blockNmis(true);
            execution.deliveries.external(VECTOR_NMI);
            return true;
        }
        if ((execution.events & Event.VM) != 0 && cpu.vmx.boundary.interruptWindow((execution.events & Event.SHADOW) == 0 && (cpu.systemFlags & Flags.IF) != 0)) {
            return true;
        }
        if ((execution.events & Event.INTR) != 0 && cpu.controller != null && (execution.events & Event.SHUTDOWN) == 0 && cpu.vmx.boundary.interruptExits()) {
            cpu.vmx.boundary.externalInterrupt();
            return true;
        }
        if ((execution.events & (Event.INTR | Event.SHADOW | Event.SHUTDOWN)) == Event.INTR && cpu.controller != null) {
            execution.activity.awake(0);
            execution.deliveries.external(cpu.controller.acknowledge(cpu.index));
            return true;
        }
        return false;
    }
}
