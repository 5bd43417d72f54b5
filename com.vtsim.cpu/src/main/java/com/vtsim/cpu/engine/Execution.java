package com.vtsim.cpu.engine;

/** The run loop of the processor: blocks, events between them, and faults. */
public final class Execution {
    private final Cpu cpu;

    Execution(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Leaves the block after the current operation: the mode, a mapping or a pin has changed. Operations that write control state call it. */
    public void endBlock() {
    }

    /** IF, TF or RF changed. */
    public void flagsChanged() {
    }

    /** No interrupt, debug trap or NMI (as the manual has it) before the instruction after this one has been executed: STI, MOV SS, POP SS. */
    public void shadow(boolean movSs) {
    }

    /** Halts until an event. */
    public void halt() {
    }

    /** Some linear address means something else from now on. */
    void translationsChanged() {
    }

    /** @return whether an operator's or a debug register's data breakpoint lies in the page */
    boolean watches(long linear) {
        return false;
    }

    /** Raises #AC if alignment is checked and the access is not aligned. */
    void checkAlignment(long linear, int size) {
    }

    /** Compares an access on a watched page with the data breakpoints. */
    void dataAccess(long linear, int size, boolean write) {
    }
}
