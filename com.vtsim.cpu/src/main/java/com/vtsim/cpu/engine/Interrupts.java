package com.vtsim.cpu.engine;

/** Delivery of exceptions and interrupts through the interrupt-vector table, the IDT's gates and task gates. */
public final class Interrupts {
    private final Cpu cpu;

    Interrupts(Cpu cpu) {
        this.cpu = cpu;
    }

    /** What raised the event; decides on privilege checks, the EXT bit and the saved RF. */
    public enum Source {
        /** INTR or NMI. */
        EXTERNAL,
        /** A fault, trap or abort. */
        EXCEPTION,
        /** INT n. */
        SOFTWARE,
        /** INT3 or INTO. */
        SOFTWARE_EXCEPTION,
        /** ICEBP. */
        PRIVILEGED_SOFTWARE
    }

    /**
     * Delivers an event: pushes the return frame and transfers control. {@code r[RIP]} is where execution is to resume.
     * A fault during delivery is the guest's and thrown; {@link Execution} makes double and triple faults of it.
     *
     * @param vector    0–255
     * @param errorCode pushed, or {@link GuestFault#NO_CODE}
     */
    public void deliver(int vector, int errorCode, Source source) {
        throw cpu.fault(vector, errorCode);
    }
}
