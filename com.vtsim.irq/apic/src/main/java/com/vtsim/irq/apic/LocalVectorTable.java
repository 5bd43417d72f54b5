package com.vtsim.irq.apic;

import com.vtsim.api.register.RegisterFile;

/**
 * The sources of a local APIC's own interrupts: LINT0 and LINT1, the timer, performance counters, corrected machine checks and errors, each with an entry that says what
 * becomes of it. Machine thread only.
 *
 * @sdm Handling Local Interrupts
 */
final class LocalVectorTable {
    static final ApicRegister[] ENTRIES = {ApicRegister.LVT_CMCI, ApicRegister.LVT_TIMER, ApicRegister.LVT_THERMAL, ApicRegister.LVT_PERF,
        ApicRegister.LVT_LINT0, ApicRegister.LVT_LINT1, ApicRegister.LVT_ERROR};

    private static final int PERIODIC = 1;
    private static final int DEADLINE_MODE = 2;

    private final LocalApic apic;
    private final RegisterFile<ApicRegister> registers;
    private final MessageBus bus;
    final ApicTimer timer = new ApicTimer(this::timerExpired);
    /** Levels of LINT0 and LINT1. */
    final boolean[] pins = new boolean[2];

    LocalVectorTable(LocalApic apic, RegisterFile<ApicRegister> registers, MessageBus bus) {
        this.apic = apic;
        this.registers = registers;
        this.bus = bus;
    }

    /** The APIC is disabled by software: every entry is masked. */
    void mask() {
        for (ApicRegister entry : ENTRIES) {
            registers.set(entry, ApicRegister.MASKED, 1);
        }
    }

    /** @return delivery mode of an entry, or -1 while it is masked */
    int mode(ApicRegister entry) {
        long lvt = registers.get(entry);
        return ApicRegister.MASKED.isSet(lvt) ? -1 : (int) ApicRegister.MODE.of(lvt);
    }

    /** @return whether the 8259As ask for an acknowledge cycle through LINT0, which an APIC that is off passes on to INTR */
    boolean external() {
        return pins[0] && (!apic.on() || mode(ApicRegister.LVT_LINT0) == Delivery.EXTINT);
    }

    /** A LINT pin has this level. The caller evaluates INTR. */
    void pin(int pin, boolean level) {
        boolean rises = level && !pins[pin];
        pins[pin] = level;
        ApicRegister entry = pin == 0 ? ApicRegister.LVT_LINT0 : ApicRegister.LVT_LINT1;
        int mode = apic.on() ? mode(entry) : -1;
        if (!apic.on() && pin == 1 && rises) {
            apic.nmi();
        } else if (mode == Delivery.FIXED && pin == 0 && registers.isSet(entry, ApicRegister.LEVEL)) {
            level();
        } else if (rises && mode >= 0 && mode != Delivery.EXTINT) {
            bus.begin("LINT", pin);
            apic.accept(mode, (int) ApicRegister.VECTOR.of(registers.get(entry)), false);
        }
    }

    /** Requests the interrupt of LINT0 where that is level-triggered, high, and the last one has ended. */
    private void level() {
        long lvt = registers.get(ApicRegister.LVT_LINT0);
        boolean wanted = pins[0] && apic.enabled() && mode(ApicRegister.LVT_LINT0) == Delivery.FIXED && ApicRegister.LEVEL.isSet(lvt)
            && !ApicRegister.REMOTE_IRR.isSet(lvt);
        if (wanted) {
            registers.set(ApicRegister.LVT_LINT0, ApicRegister.REMOTE_IRR, 1);
            bus.begin("LINT", 0);
            apic.request((int) ApicRegister.VECTOR.of(lvt), true);
        }
    }

    /** A level-triggered interrupt has ended: if it was LINT0's, that may interrupt again. */
    void ended(int vector) {
        if (ApicRegister.VECTOR.of(registers.get(ApicRegister.LVT_LINT0)) == vector) {
            registers.set(ApicRegister.LVT_LINT0, ApicRegister.REMOTE_IRR, 0);
            level();
        }
    }

    /** The APIC's own sources: timer, errors. */
    void raise(ApicRegister entry, String source) {
        long lvt = registers.get(entry);
        if (!ApicRegister.MASKED.isSet(lvt)) {
            bus.begin(source, apic.id());
            apic.accept(Delivery.FIXED, (int) ApicRegister.VECTOR.of(lvt), false);
        }
    }

    private void timerExpired() {
        boolean periodic = registers.get(ApicRegister.LVT_TIMER, ApicRegister.TIMER_MODE) == PERIODIC;
        timer.elapsed(periodic ? registers.get(ApicRegister.INITIAL_COUNT) : 0);
        raise(ApicRegister.LVT_TIMER, "timer");
    }

    /** The mask flag is set when the interrupt is signalled. @sdm Handling Performance-Monitoring Interrupts */
    void performance() {
        long lvt = registers.get(ApicRegister.LVT_PERF);
        if (apic.on() && !ApicRegister.MASKED.isSet(lvt)) {
            registers.set(ApicRegister.LVT_PERF, ApicRegister.MASKED, 1);
            bus.begin("performance counter of", apic.id());
            apic.accept((int) ApicRegister.MODE.of(lvt), (int) ApicRegister.VECTOR.of(lvt), false);
        }
    }

    /** @sdm CMCI Local APIC Interface: no mask is set */
    void corrected() {
        long lvt = registers.get(ApicRegister.LVT_CMCI);
        if (apic.on() && !ApicRegister.MASKED.isSet(lvt)) {
            bus.begin("corrected machine checks of", apic.id());
            apic.accept((int) ApicRegister.MODE.of(lvt), (int) ApicRegister.VECTOR.of(lvt), false);
        }
    }

    /** @return whether the timer is in TSC-deadline mode */
    boolean deadlineMode() {
        return registers.get(ApicRegister.LVT_TIMER, ApicRegister.TIMER_MODE) == DEADLINE_MODE;
    }

    /** Software has written an entry. The caller evaluates INTR. */
    void written(ApicRegister entry, long old, long now) {
        if (!registers.isSet(ApicRegister.SVR, ApicRegister.ENABLE)) {
            registers.set(entry, ApicRegister.MASKED, 1);
        }
        if (entry == ApicRegister.LVT_TIMER) {
            boolean before = ApicRegister.TIMER_MODE.of(old) == DEADLINE_MODE;
            if (before != deadlineMode()) {
                timer.disarm();
            }
        } else if (entry == ApicRegister.LVT_LINT0) {
            if (!ApicRegister.LEVEL.isSet(now)) {
                registers.set(entry, ApicRegister.REMOTE_IRR, 0);
            }
            level();
        }
    }
}
