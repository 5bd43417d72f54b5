package com.vtsim.api.irq;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a processor needs of its local APIC beyond INTR: model-specific registers and the task priority of CR8.
 * Machine thread only.
 */
@ConsumerType
public interface LocalApicPort {
    /** @return IA32_APIC_BASE */
    long base();

    /** Writes IA32_APIC_BASE. @return false if the value is reserved or the transition is not allowed: #GP(0) */
    boolean base(long value);

    /** @return CR8: task-priority class, 0–15 */
    int taskPriority();

    /** Writes CR8, 0–15. */
    void taskPriority(int value);

    /** @return whether the register (MSR 800h–8FFh) can be read now; the value is then in {@link #value} */
    boolean readX2apic(int msr);

    /** @return the value of the latest successful {@link #readX2apic} */
    long value();

    /** Writes an x2APIC register. @return false for #GP(0) */
    boolean writeX2apic(int msr, long value);

    /** @return IA32_TSC_DEADLINE */
    long tscDeadline();

    /**
     * Writes IA32_TSC_DEADLINE. The processor writes the same value again when its time-stamp counter has been set.
     *
     * @param value 0 disarms
     * @param due   virtual time, nanoseconds, at which the processor's time-stamp counter reaches the value
     */
    void tscDeadline(long value, long due);

    /** A performance counter has overflowed: signals what the LVT's performance entry says, and masks the entry. */
    default void performanceInterrupt() { }

    /** @return whether there is an LVT entry for corrected machine-check errors (CMCI) */
    default boolean hasCorrectedErrors() {
        return false;
    }

    /** Corrected machine-check errors have reached their threshold: signals what the LVT's CMCI entry says. */
    default void correctedErrors() { }

    /** The processor has taken an INIT: the state after INIT reset, which leaves the APIC's ID, base and mode. */
    void init();

    /** @return the initial APIC ID, as CPUID announces it */
    int id();
}
