package com.vtsim.api.machine;

/**
 * Why a run ended.
 *
 * @param cause      the kind
 * @param text       one line for the operator; empty where the cause says it all
 * @param exitStatus what a guest asked the process to exit with (0–255), or -1
 */
public record Stop(Cause cause, String text, int exitStatus) {
    /** Kinds of end. */
    public enum Cause {
        /** The asked-for number of instructions has retired. */
        INSTRUCTIONS,
        /** The asked-for virtual deadline has come. */
        DEADLINE,
        /** The awaited text appeared on a console. */
        TEXT,
        /** Someone asked the machine to pause. */
        PAUSED,
        /** A breakpoint or watchpoint of the operator. */
        BREAKPOINT,
        /** The guest switched the power off or asked to exit. */
        POWER_OFF,
        /** Every processor is halted, and nothing scheduled will ever wake one. */
        IDLE,
        /** A part the machine cannot run without is missing. */
        PARKED,
        /** A part threw: a defect of VTSim; the text says where. */
        FAILED
    }

    /** A stop without exit status. */
    public static Stop of(Cause cause, String text) {
        return new Stop(cause, text, -1);
    }
}
