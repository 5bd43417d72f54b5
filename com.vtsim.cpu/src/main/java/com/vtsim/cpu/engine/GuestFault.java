package com.vtsim.cpu.engine;

/**
 * The control transfer of a guest's fault, from where it is noticed to where it is delivered. Each processor has one,
 * reused; it has no stack trace and is no error of VTSim.
 */
public final class GuestFault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /** {@link #errorCode} where the exception pushes none. */
    public static final int NO_CODE = -1;
    /** {@link #vector} where no exception but a VM exit is under way: {@link Cpu#vmx} knows why. */
    public static final int VM_EXIT = -2;

    /** {@link #vector} where there is no exception: the processor waits for an interrupt before this instruction. */
    static final int FROZEN = -1;

    /** Exception vector, 0–31. */
    public int vector;
    /** Error code, or {@link #NO_CODE}. */
    public int errorCode;
    /** CR2 for a page fault (not yet stored); the debug status bits (DR6) for a debug exception. */
    public long information;

    /**
     * Whether it occurred after the context had changed, so that {@link Cpu#next} and not the instruction's own address is where
     * execution resumes: in the new task of a task switch.
     */
    public boolean atNext;

    GuestFault() {
        super(null, null, false, false);
    }

    @Override
    public String getMessage() {
        return "guest exception " + vector + (errorCode == NO_CODE ? "" : " error code " + Integer.toHexString(errorCode));
    }
}
