package com.vtsim.api.machine;

/**
 * When a run ends by itself; each limit counts from the start of the run.
 *
 * @param instructions at most so many, or {@link Long#MAX_VALUE}
 * @param nanos        at most so much virtual time, or {@link Long#MAX_VALUE}
 * @param until        text on any console that ends the run, or null
 */
public record RunLimits(long instructions, long nanos, String until) {
    /** Runs until something else stops it. */
    public static final RunLimits NONE = new RunLimits(Long.MAX_VALUE, Long.MAX_VALUE, null);

    /** Checks the limits. */
    public RunLimits {
        if (instructions < 1 || nanos < 1 || until != null && until.isEmpty()) {
            throw new OperatorException("a run limit must be positive and its text not empty");
        }
    }

    /** A limit of instructions only. */
    public static RunLimits instructions(long count) {
        return new RunLimits(count, Long.MAX_VALUE, null);
    }
}
