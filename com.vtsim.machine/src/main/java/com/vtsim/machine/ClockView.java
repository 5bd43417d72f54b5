package com.vtsim.machine;

import com.vtsim.api.machine.Clock;

/** Virtual time as one owner sees it. */
final class ClockView implements Clock {
    private final VirtualClock clock;
    private final Owner owner;

    ClockView(VirtualClock clock, Owner owner) {
        this.clock = clock;
        this.owner = owner;
    }

    @Override
    public long now() {
        return clock.now();
    }

    @Override
    public long instructions() {
        return clock.instructions();
    }

    @Override
    public long rate() {
        return clock.rate();
    }

    @Override
    public Timer timer(String name, Runnable action) {
        return clock.timer(owner, name, action);
    }
}
