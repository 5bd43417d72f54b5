package com.vtsim.cpu.engine;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Tracer;

/**
 * Whether the processor executes, and what it waits for where it does not: HLT, MWAIT, UMWAIT, TPAUSE, shutdown, start-up message.
 *
 * @sdm HLT—Halt; MWAIT—Monitor Wait; UMWAIT—User Level Monitor Wait; TPAUSE—Timed PAUSE; Guest Non-Register State
 */
public final class Activity {
    private static final int ACTIVE = 0, HLT = 1, SHUTDOWN = 2, WAIT_FOR_SIPI = 3;
    private static final long NEVER = Long.MAX_VALUE;
    /** Kind of trace event. */
    private static final String CHANGES = "cpu.activity";

    private final Cpu cpu;
    private final Execution execution;
    private Clock.Timer timer;
    private Tracer tracer;
    /** Virtual time at which the user's wait ends, or {@link #NEVER}; whether the system's limit ends it, not the instruction's. */
    private long until = NEVER;
    private boolean limited;

    Activity(Cpu cpu, Execution execution) {
        this.cpu = cpu;
        this.execution = execution;
    }

    /** The clock that ends timed waits, and who is told of changes. */
    public void attach(Clock clock, Tracer told) {
        tracer = told;
        timer = clock.timer("wait", this::timeUp);
        wait(until, limited);
    }

    /** Halts until an event. */
    public void halt() {
        execution.raise(Event.HALTED);
        if (tells()) {
            String why = (execution.events & Event.MWAIT) != 0 ? "waits for a store" : until != NEVER ? "waits for the time" : "halted";
            tell(why + String.format(" at %x, interrupts %s", execution.linearIp(), (cpu.systemFlags & Flags.IF) != 0 ? "enabled" : "disabled"));
        }
    }

    /** @return whether somebody wants to know when the processor begins or ceases to execute */
    boolean tells() {
        return tracer != null && tracer.wants(CHANGES);
    }

    /** One line about such a change, or a message that has come to nothing. */
    void tell(String text) {
        tracer.event(CHANGES, text);
    }

    /**
     * MWAIT: halts until the monitored line is written or an event comes; not at all if the line has been written already.
     *
     * @param masked whether an interrupt ends the wait although EFLAGS.IF is 0
     */
    public void waitForStore(boolean masked) {
        if (cpu.monitor.armed() == AddressMonitor.NONE || masked && execution.pins.intr()) {
            cpu.monitor.disarm();
            return;
        }
        execution.events |= Event.MWAIT | (masked ? Event.MASKED_INTR_ENDS_WAIT : 0);
        halt();
    }

    /**
     * UMWAIT, TPAUSE: clears the arithmetic flags and halts until an event (an interrupt, though masked, is one), the deadline, or the
     * limit that IA32_UMWAIT_CONTROL sets: CF becomes 1 then.
     *
     * @param deadline value of the time-stamp counter
     * @param store    whether a store to the monitored line is an event, and the lack of one that there is nothing to wait for
     */
    public void waitUntil(long deadline, boolean store) {
        cpu.arithmeticFlags(0);
        long now = cpu.msrs.timeStamp();
        long limit = cpu.msrs.userWaitLimit();
        boolean limits = limit != 0 && Long.compareUnsigned(now + limit, deadline) < 0;
        boolean written = store && cpu.monitor.armed() == AddressMonitor.NONE;
        if (written || execution.pins.intr() || Long.compareUnsigned(deadline, now) <= 0) {
            cpu.monitor.disarm();
            return;
        }
        wait(cpu.msrs.due(limits ? now + limit : deadline), limits);
        execution.events |= Event.MASKED_INTR_ENDS_WAIT | (store ? Event.MWAIT : 0);
        halt();
    }

    private void wait(long virtualTime, boolean byLimit) {
        until = virtualTime;
        limited = byLimit;
        if (timer != null && until != NEVER) {
            timer.at(until);
        }
    }

    private void timeUp() {
        if (until != NEVER) {
            boolean carry = limited;
            awake(0);
            cpu.cf(carry);
        }
    }

    /** @return virtual time at which a timed wait ends, and 1 if the system's limit is what ends it */
    public long[] save() {
        return new long[] {until, limited ? 1 : 0};
    }

    /** Adopts what was saved. */
    public void restore(long virtualTime, long byLimit) {
        wait(virtualTime, byLimit != 0);
    }

    /** As after power-on. */
    void reset() {
        if (timer != null) {
            timer.cancel();
        }
        until = NEVER;
    }

    /** The monitored line has been written. */
    void monitored() {
        if ((execution.events & Event.MWAIT) != 0) {
            awake(0);
        }
    }

    /** INTR is asserted, whether it can be taken or not. */
    void interruptPending() {
        if ((execution.events & Event.MASKED_INTR_ENDS_WAIT) != 0) {
            awake(0);
        }
    }

    /** HLT, MWAIT and their kin, and the events given, are over. MWAIT needs another MONITOR then. */
    void awake(int over) {
        if (until != NEVER) {
            reset();
        }
        if ((execution.events & (Event.HALTED | Event.MWAIT)) != 0 && tells()) {
            tell("executes again");
        }
        if ((execution.events & Event.MWAIT) != 0) {
            cpu.monitor.disarm();
        }
        execution.events &= ~(Event.HALTED | Event.MWAIT | Event.MASKED_INTR_ENDS_WAIT | over);
    }

    /** @return what an operation throws to halt before itself: it executes again after the next event */
    GuestFault freeze() {
        halt();
        return cpu.fault(GuestFault.FROZEN, GuestFault.NO_CODE);
    }

    /** PAUSE: with several processors the turn goes to the next, or two that wait for each other in step would never meet. */
    public void spin() {
        if (cpu.cpuid.processors > 1) {
            execution.raise(Event.SPIN);
        }
    }

    /** The processor stops, as after a triple fault. */
    public void shutdown() {
        execution.raise(Event.SHUTDOWN);
        if (tells()) {
            tell("shut down");
        }
    }

    /** Makes a waiting processor run, as a loader's entry does. */
    public void wake() {
        awake(Event.WAIT_FOR_SIPI | Event.SIPI | Event.SHUTDOWN | Event.DEAD);
    }

    /** @return activity state as a VMCS numbers it: active, HLT, shutdown, wait-for-SIPI; MWAIT and its kin have none of their own and are active */
    public int state() {
        int events = execution.events;
        boolean halted = (events & (Event.HALTED | Event.MWAIT | Event.MASKED_INTR_ENDS_WAIT)) == Event.HALTED;
        return (events & Event.WAIT_FOR_SIPI) != 0 ? WAIT_FOR_SIPI : (events & Event.SHUTDOWN) != 0 ? SHUTDOWN : halted ? HLT : ACTIVE;
    }

    /** Sets the activity state; pending traps and the shadows of STI and MOV SS are forgotten. */
    public void state(int state) {
        awake(Event.WAIT_FOR_SIPI | Event.SHUTDOWN | Event.SHADOW | Event.DEBUG);
        execution.forgetShadow();
        execution.traps.forget();
        execution.raise(state == WAIT_FOR_SIPI ? Event.WAIT_FOR_SIPI : state == SHUTDOWN ? Event.SHUTDOWN : state == HLT ? Event.HALTED : 0);
    }

    /** @return whether it waits for a start-up message */
    public boolean waitsForStartup() {
        return (execution.events & Event.WAIT_FOR_SIPI) != 0;
    }

    /** @return see {@link com.vtsim.api.machine.Processor#idle} */
    public boolean idle() {
        int events = execution.events;
        if ((events & Event.SHUTDOWN) != 0 && (!cpu.vmx.nonRoot || execution.dead())) {
            return true;
        }
        if ((events & Event.MACHINE_CHECK) != 0) {
            return false;
        }
        if ((events & Event.INIT) != 0 && !cpu.vmx.boundary.blocksInit()) {
            return false;
        }
        if ((events & Event.WAIT_FOR_SIPI) != 0) {
            return (events & Event.SIPI) == 0;
        }
        boolean intr = (events & (Event.INTR | Event.SHUTDOWN)) == Event.INTR && cpu.controller != null;
        return (events & (Event.HALTED | Event.SHUTDOWN)) != 0 && !execution.pins.nmiReady() && !intr && (events & Event.DEBUG) == 0
            && !cpu.vmx.boundary.endsHalt();
    }
}
