package com.vtsim.irq.apic;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;

/**
 * The local APIC's timer: counts down the core crystal clock, divided, or waits for the time-stamp counter.
 *
 * @sdm APIC Timer; TSC-Deadline Mode
 */
final class ApicTimer {
    /** Frequency of the core crystal clock in Hz, as CPUID leaf 15h announces it. */
    static final long FREQUENCY = 25_000_000L;

    private final Runnable expired;
    private Clock clock;
    private Clock.Timer alarm;
    /** Whether it counts. */
    private boolean counting;
    /** Count at {@link #start}. */
    private long count;
    /** Crystal ticks when the count began. */
    private long start;
    private int divisor = 2;
    private long deadline;
    private long due;

    /**
     * State of the timer.
     *
     * @param counting whether it counts down
     * @param count    what it counted from
     * @param start    when, in ticks of the crystal clock since power-on
     * @param divisor  1 to 128
     * @param deadline IA32_TSC_DEADLINE, 0 if not armed
     * @param due      when that is, in virtual nanoseconds
     */
    record TimerState(boolean counting, long count, long start, int divisor, long deadline, long due) { }

    /** @param expired runs when the time has come, on the machine's thread */
    ApicTimer(Runnable expired) {
        this.expired = expired;
    }

    void attach(Board board, String name) {
        clock = board.clock();
        alarm = clock.timer(name, expired);
        arm();
    }

    private void arm() {
        if (alarm == null) {
            return;
        }
        if (deadline != 0) {
            alarm.at(due);
        } else if (counting) {
            alarm.at(Clock.nanosFor(start + count * divisor, FREQUENCY));
        } else {
            alarm.cancel();
        }
    }

    private long ticks() {
        return clock == null ? 0 : Clock.ticksIn(clock.now(), FREQUENCY);
    }

    /** A new initial count: 0 stops it. */
    void count(long initial) {
        counting = initial != 0;
        count = initial;
        start = ticks();
        arm();
    }

    /** @return the current count */
    long current() {
        return counting ? Math.max(0, count - (ticks() - start) / divisor) : 0;
    }

    /** A new divisor: the count goes on from where it is. */
    void divisor(int value) {
        count = current();
        start = ticks();
        divisor = value;
        arm();
    }

    /** @return IA32_TSC_DEADLINE */
    long deadline() {
        return deadline;
    }

    /** @param when virtual nanoseconds */
    void deadline(long value, long when) {
        deadline = value;
        due = when;
        arm();
    }

    boolean running() {
        return counting || deadline != 0;
    }

    /** Stops it in every mode. */
    void disarm() {
        counting = false;
        count = 0;
        deadline = 0;
        arm();
    }

    /** The alarm rang. @param reload the count of a periodic timer, 0 for the other modes */
    void elapsed(long reload) {
        if (deadline != 0) {
            deadline = 0;
        } else {
            start += count * divisor;
            count = reload;
            counting = reload != 0;
        }
        arm();
    }

    void reset() {
        divisor = 2;
        disarm();
    }

    TimerState save() {
        return new TimerState(counting, count, start, divisor, deadline, due);
    }

    void restore(TimerState state) {
        counting = state.counting;
        count = state.count;
        start = state.start;
        divisor = state.divisor;
        deadline = state.deadline;
        due = state.due;
    }
}
