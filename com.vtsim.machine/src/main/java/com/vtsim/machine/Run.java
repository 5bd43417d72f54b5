package com.vtsim.machine;

import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.concurrent.CompletableFuture;

/** A run in progress. */
final class Run {
    /** Instructions retired since power-on at which it ends. */
    final long lastInstruction;
    /** Virtual time at which it ends. */
    final long deadline;
    /** Awaited text, or null. */
    final String until;
    /** Whether it waits for a missing part from the beginning rather than end at once. */
    final boolean patient;
    final CompletableFuture<Stop> ended = new CompletableFuture<>();
    /** The missing part it waits for, or null. */
    String parked;
    /** Whether an instruction has been executed. */
    boolean underWay;

    Run(RunLimits limits, long instructions, long now, boolean patient) {
        lastInstruction = limits.instructions() > Long.MAX_VALUE - instructions ? Long.MAX_VALUE : instructions + limits.instructions();
        deadline = limits.nanos() > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + limits.nanos();
        until = limits.until();
        this.patient = patient;
    }

    /** What is left of its limits. */
    RunLimits left(long instructions, long now) {
        return new RunLimits(lastInstruction == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(1, lastInstruction - instructions),
                deadline == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(1, deadline - now), until);
    }
}
