package com.vtsim.cpu.engine;

/** Bits of {@link Execution#events}: reasons not to go straight to the next block. */
final class Event {
    /** Leave the run; a breakpoint of the operator was met; PAUSE gives up the turn. */
    static final int LEAVE = 1, OPERATOR = 1 << 12, SPIN = 1 << 13;
    /** Not executing: HLT or MWAIT, shutdown, waiting for a start-up message. */
    static final int HALTED = 1 << 1, SHUTDOWN = 1 << 9, WAIT_FOR_SIPI = 1 << 7;
    /** What the pins and the local APIC signal. INTR only while it can be taken. */
    static final int INTR = 1 << 2, NMI = 1 << 3, INIT = 1 << 4, SIPI = 1 << 8;
    /** The instruction before this one was STI or loaded SS. */
    static final int SHADOW = 1 << 5;
    /** One instruction at a time; a debug trap awaits delivery; there are breakpoints. */
    static final int STEP = 1 << 6, DEBUG = 1 << 11, WATCH = 1 << 10;
    /** VMX operation has something to say before the next instruction. */
    static final int VM = 1 << 14;
    /** {@link #HALTED} ends with a store to the monitored line; with an interrupt too, though EFLAGS.IF is 0. */
    static final int MWAIT = 1 << 15, MASKED_INTR_ENDS_WAIT = 1 << 16;
    /** A machine check is to be taken; one has stopped the processor, in VMX non-root operation too. */
    static final int MACHINE_CHECK = 1 << 17, DEAD = 1 << 18;
    /** Where execution goes is traced. */
    static final int TRACE = 1 << 19;
    /** The delivery of an event that faults again and again is to go on. */
    static final int DELIVERING = 1 << 20;
    /** Those that are state, as opposed to what follows from other state. */
    static final int SAVED = HALTED | NMI | INIT | SHADOW | WAIT_FOR_SIPI | SIPI | SHUTDOWN | DEBUG | SPIN | MWAIT | MASKED_INTR_ENDS_WAIT
        | MACHINE_CHECK | DEAD | DELIVERING;

    private Event() { }
}
