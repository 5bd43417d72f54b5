package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part that retires instructions: what the run loop and the pins of other parts need of it. Machine thread only.
 */
@ConsumerType
public interface Processor extends Part {
    /** @return 0 for the bootstrap processor, then 1, 2, … */
    int index();

    /**
     * Executes instructions until {@code budget} of them have retired, or earlier for another outcome. Pending events are
     * taken first. Exact: after {@link Outcome#BUDGET} precisely {@code budget} instructions have retired. The delivery of
     * an exception counts as one, in place of the instruction that faulted; a repeated string instruction counts as one for
     * every 4096 iterations or part of them, and may be interrupted in between.
     *
     * @param budget at least 1
     */
    Outcome run(long budget);

    /** @return instructions retired since power-on; exact also when a device asks in mid-block */
    long retired();

    /** Makes {@link #run} return after the current instruction; no effect outside of it. */
    void leave();

    /** @return whether it would execute nothing if run: halted, waiting for SIPI or shut down, and no event pending that ends it */
    boolean idle();

    /** The INTR pin: level, driven by the interrupt controller; acknowledged through the controller. */
    void intr(boolean asserted);

    /** An edge on the NMI pin. */
    void nmi();

    /** INIT: as an INIT message or the INIT# pin. */
    void init();

    /** @param vector of a start-up message: execution begins at {@code vector << 12} if the processor waits for it */
    void startup(int vector);

    /** @param enabled whether address bit 20 is passed (A20M# deasserted) */
    void a20(boolean enabled);

    /** @return task-priority class (CR8), 0–15, as the processor keeps it where no local APIC does: a local APIC that comes to a running guest takes it */
    default int taskPriority() {
        return 0;
    }

    /** A local APIC has gone and leaves its task-priority class, 0–15, with the processor. */
    default void taskPriority(int priority) { }

    /** Puts it in the state a boot loader hands over in. */
    void enter(EntryState state);

    /** @return the operator's breakpoint that stopped {@link #run} with {@link Outcome#BREAKPOINT} last; null if none has, or it is there no more */
    default Met met() {
        return null;
    }

    /**
     * A breakpoint that stopped a run.
     *
     * @param number its number on this processor
     * @param text   one line
     * @param before whether the run stopped before what was waited for, rather than after the instruction that did it
     */
    record Met(int number, String text, boolean before) { }

    /** Ends of {@link #run}. */
    enum Outcome {
        /** The budget is used up. */
        BUDGET,
        /** Somebody called {@link #leave}. */
        LEFT,
        /** {@link #idle}. */
        IDLE,
        /** After PAUSE: it waits for another processor, whose turn may come now. */
        SPINNING,
        /** Triple fault: the platform resets. The first fault of the chain is kept. */
        SHUTDOWN,
        /** A breakpoint or watchpoint of the operator, before the instruction or after the access. */
        BREAKPOINT
    }
}
