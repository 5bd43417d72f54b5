package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Virtual time: retired instructions at a configured rate, plus what was skipped while every processor was halted.
 * Exact within an instruction: a device that is read in mid-block sees the time of that instruction. Machine thread only.
 */
@ProviderType
public interface Clock {
    /** Nanoseconds of a second. */
    long SECOND = 1_000_000_000L;

    /** @return nanoseconds since power-on; never decreases */
    long now();

    /** @return instructions retired by all processors since power-on */
    long instructions();

    /** @return instructions in a virtual second while processors run */
    long rate();

    /**
     * Creates an unarmed timer. Of timers due at the same time the one whose part and name sort first goes first.
     *
     * @param name   unique within the part
     * @param action runs on the machine's thread when the time has come, between two instructions
     */
    Timer timer(String name, Runnable action);

    /**
     * @param ticks     a count of a counter that runs at {@code frequency}
     * @param frequency Hz, 1 to 4 GHz
     * @return the first nanosecond at which that many ticks have passed since time 0
     */
    static long nanosFor(long ticks, long frequency) {
        long seconds = ticks / frequency;
        long rest = ticks % frequency;
        return seconds * SECOND + (rest * SECOND + frequency - 1) / frequency;
    }

    /**
     * @param nanos     a time or a span
     * @param frequency Hz, 1 to 4 GHz
     * @return whole ticks of a counter at {@code frequency} in that time
     */
    static long ticksIn(long nanos, long frequency) {
        long seconds = nanos / SECOND;
        long rest = nanos % SECOND;
        return seconds * frequency + rest * frequency / SECOND;
    }

    /** An alarm on the machine's clock. */
    @ProviderType
    interface Timer {
        /** Arms it, in place of an earlier time. A time not in the future is due before the next instruction. */
        void at(long nanos);

        /** Disarms it. */
        void cancel();

        /** @return the time it is armed for, or {@link Long#MAX_VALUE} */
        long deadline();
    }
}
