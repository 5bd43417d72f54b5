package com.vtsim.cpu.vmx;

import com.vtsim.api.machine.Clock;
import com.vtsim.cpu.engine.Cpu;

/**
 * Counts down while a VM runs, and makes it exit.
 *
 * @sdm VMX-Preemption Timer
 */
final class PreemptionTimer {
    /** It counts once for so many ticks of the time-stamp counter, as a power of two. */
    static final int SHIFT = 5;

    private final Vmx vmx;
    private final Cpu cpu;
    private Clock.Timer timer;
    /** When it expires, in ticks of the time-stamp counter. */
    private long deadline;

    PreemptionTimer(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
    }

    void attach(Clock clock) {
        timer = clock.timer("vmx", () -> vmx.boundary.attend(Boundary.TIMER));
    }

    /** Starts to count from a value. */
    void start(long value) {
        deadline = (cpu.msrs.timeStamp() >>> SHIFT) + value << SHIFT;
        resume();
    }

    /** Goes on to the deadline. */
    void resume() {
        long ticks = deadline - cpu.msrs.timeStamp();
        if (ticks <= 0) {
            vmx.boundary.attend(Boundary.TIMER);
        } else {
            timer.at(cpu.clock.now() + Clock.nanosFor(ticks, cpu.cpuid.tscFrequency));
        }
    }

    void stop() {
        if (timer != null) {
            timer.cancel();
        }
    }

    /** @return what is left to count */
    long left() {
        return Math.max(0, deadline - cpu.msrs.timeStamp() >> SHIFT);
    }

    long deadline() {
        return deadline;
    }

    void deadline(long ticks) {
        deadline = ticks;
    }
}
