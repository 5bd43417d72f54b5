package com.vtsim.machine;

import java.util.function.LongSupplier;

/** Keeps virtual time from running ahead of the wall clock. */
final class Pace {
    /** Ahead by less is not worth a wait. */
    private static final long SLACK = 1_000_000;
    /** Behind by more is given up: a machine that was slow does not race to catch up. */
    private static final long LATE = 100_000_000;

    private final LongSupplier wall;
    private final VirtualClock clock;
    private long wallThen;
    private long virtualThen;

    /** @param wall nanoseconds that pass in the world */
    Pace(LongSupplier wall, VirtualClock clock) {
        this.wall = wall;
        this.clock = clock;
    }

    /** From now on both clocks go together. */
    void anchor() {
        wallThen = wall.getAsLong();
        virtualThen = clock.now();
    }

    /** @return the virtual time it should be */
    long virtualNow() {
        return virtualThen + wall.getAsLong() - wallThen;
    }

    /** @return nanoseconds to wait for the wall clock; 0 if virtual time is not ahead */
    long ahead() {
        long ahead = clock.now() - virtualNow();
        if (ahead < -LATE) {
            anchor();
        }
        return ahead > SLACK ? ahead : 0;
    }

    /** @return instructions after which to look at the wall clock again: a virtual millisecond's */
    long slice() {
        return Math.max(1, clock.rate() / 1000);
    }
}
