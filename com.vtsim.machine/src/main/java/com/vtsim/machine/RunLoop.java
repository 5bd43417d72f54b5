package com.vtsim.machine;

import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.Stop;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Who executes next, and for how long. Processors take turns of a quantum; a turn ends early at a timer, a limit, or where
 * somebody asks. Everything here follows from the machine's state alone, so that two runs are the same.
 */
final class RunLoop {
    /** What {@link #turn} returns when nothing will happen until something comes from outside. */
    static final long FOR_EVER = Long.MAX_VALUE;
    /** Longest stay in a processor, so that a pause or a swap need not wait: some milliseconds. */
    private static final long CAP = 1 << 18;
    /** A timer that is due again and again at one instant would hang the machine. */
    private static final int MOST_AT_ONCE = 1_000_000;

    private final Chassis chassis;
    private final VirtualClock clock;
    private final Pace pace;
    private final LongSupplier wall;
    private int turn;
    private long quantumLeft;
    private Past past;
    private Travel travel;

    RunLoop(Chassis chassis, LongSupplier wallClock) {
        this.chassis = chassis;
        clock = chassis.clock;
        wall = wallClock;
        pace = chassis.settings.realtime() ? new Pace(wallClock, clock) : null;
        quantumLeft = chassis.settings.quantum();
    }

    /** What records the run, and who repeats it. */
    void record(Past recorded, Travel traveller) {
        past = recorded;
        travel = traveller;
    }

    /** Index of the processor whose turn it is. */
    int turn() {
        return turn;
    }

    /** Instructions left of its turn. */
    long quantumLeft() {
        return quantumLeft;
    }

    /** Sets whose turn it is, as a snapshot has it. */
    void turn(int index, long left) {
        turn = index;
        quantumLeft = left;
    }

    void begin(Run run) {
        chassis.takeStop();
        chassis.consoles.await(run.until);
        chassis.running(true);
        if (pace != null) {
            pace.anchor();
        }
    }

    private void end(Run run, Stop stop) {
        chassis.running(false);
        chassis.consoles.await(null);
        run.parked = null;
        run.ended.complete(stop);
    }

    /** Ends a run from outside. */
    void cancel(Run run, Stop stop) {
        end(run, stop);
    }

    /** Input or a task has come while the machine waited: time has passed meanwhile. */
    void awake(Run run) {
        if (pace != null && run.parked == null) {
            clock.advanceTo(Math.min(pace.virtualNow(), clock.next()));
        }
    }

    /**
     * Goes on by one step.
     *
     * @return wall nanoseconds to wait for a task before the next step; 0 to go on at once
     */
    long turn(Run run) {
        Stop stop = stop(run);
        if (stop != null) {
            end(run, stop);
            return 0;
        }
        String missing = chassis.missing();
        if (missing != null) {
            if (!run.underWay && !run.patient) {
                end(run, Stop.of(Stop.Cause.PARKED, missing + " is missing"));
                return 0;
            }
            run.parked = missing;
            return FOR_EVER;
        }
        long held = chassis.held(wall);
        if (held > 0) {
            run.parked = "a successor";
            return held;
        }
        if (run.parked != null) {
            run.parked = null;
            if (pace != null) {
                pace.anchor();
            }
        }
        chassis.wiring.dropOrphans(chassis.seats::present);
        Reset reset = chassis.takeReset();
        if (reset != null) {
            chassis.reset(reset);
            turn(0, chassis.settings.quantum());
            return 0;
        }
        if (fire()) {
            return 0;
        }
        if (past.on() && past.turn(this)) {
            return 0;
        }
        long wait = pace == null ? 0 : pace.ahead();
        return wait > 0 ? wait : execute(run);
    }

    private Stop stop(Run run) {
        Stop asked = chassis.takeStop();
        if (asked != null) {
            return asked;
        }
        String trouble = chassis.trouble();
        if (trouble != null) {
            return Stop.of(Stop.Cause.FAILED, trouble);
        }
        if (clock.instructions() >= run.lastInstruction) {
            return Stop.of(Stop.Cause.INSTRUCTIONS, "");
        }
        return clock.now() >= run.deadline ? Stop.of(Stop.Cause.DEADLINE, "") : null;
    }

    /** Fires what is due. @return whether anything was */
    private boolean fire() {
        int fired = 0;
        for (VirtualClock.Alarm alarm = clock.due(); alarm != null; alarm = clock.due()) {
            try {
                if (++fired > MOST_AT_ONCE) {
                    throw new IllegalStateException("timer " + alarm.name + " is due again and again at one instant");
                }
                alarm.action.run();
            } catch (RuntimeException | Error e) {
                chassis.failed(alarm.owner.name, "timer " + alarm.name, e);
                return true;
            }
        }
        return fired > 0;
    }

    private long execute(Run run) {
        List<Processor> processors = chassis.processors();
        for (int i = 0; i < processors.size(); i++) {
            if (turn >= processors.size()) {
                turn(0, chassis.settings.quantum());
            } else if (quantumLeft <= 0) {
                pass(processors.size());
            }
            Processor processor = processors.get(turn);
            if (!idle(processor)) {
                step(run, processor, processors.size());
                return 0;
            }
            pass(processors.size());
        }
        return sleep(run);
    }

    private void pass(int count) {
        turn = (turn + 1) % count;
        quantumLeft = chassis.settings.quantum();
    }

    private boolean idle(Processor processor) {
        try {
            return processor.idle();
        } catch (RuntimeException | Error e) {
            chassis.failed(processor.name(), "idle", e);
            return true;
        }
    }

    private void step(Run run, Processor processor, int count) {
        long budget = Math.min(CAP, run.lastInstruction - clock.instructions());
        budget = Math.min(budget, clock.instructionsUntil(Math.min(run.deadline, clock.next())));
        if (pace != null) {
            budget = Math.min(budget, pace.slice());
        }
        if (count > 1) {
            budget = Math.min(budget, quantumLeft);
        }
        if (past.on()) {
            budget = Math.min(budget, Math.max(1, past.instructionsLeft()));
        }
        run.underWay = true;
        Processor.Outcome outcome;
        clock.begin(processor, budget);
        try {
            outcome = processor.run(budget);
        } catch (RuntimeException | Error e) {
            outcome = Processor.Outcome.LEFT;
            chassis.failed(processor.name(), "execution", e);
        }
        long used = clock.end();
        travel.executed(processor);
        if (count > 1) {
            quantumLeft -= used;
        }
        switch (outcome) {
            case BREAKPOINT -> chassis.askStop(Stop.of(Stop.Cause.BREAKPOINT, processor.name()));
            case SHUTDOWN -> shutdown(processor);
            case IDLE, SPINNING -> {
                if (count > 1) {
                    pass(count);
                }
            }
            default -> { }
        }
    }

    private void shutdown(Processor processor) {
        chassis.reports.add(processor.name(), "triple fault");
        if (chassis.settings.stopOnShutdown()) {
            chassis.askStop(Stop.of(Stop.Cause.BREAKPOINT, processor.name() + " has shut down: triple fault"));
        } else {
            chassis.askReset(Reset.WARM);
        }
    }

    /** Every processor is halted. */
    private long sleep(Run run) {
        long next = clock.next();
        if (next == Long.MAX_VALUE && !chassis.settings.waitWhenIdle() && (!past.on() || past.restLeft() == Long.MAX_VALUE)) {
            chassis.askStop(Stop.of(Stop.Cause.IDLE, ""));
            return 0;
        }
        long until = Math.min(next, run.deadline);
        if (past.on()) {
            until = Math.min(until, past.restLeft());
        }
        if (pace != null) {
            clock.advanceTo(Math.min(until, pace.virtualNow()));
            return until == Long.MAX_VALUE ? FOR_EVER : Math.max(0, until - clock.now());
        }
        if (until == Long.MAX_VALUE) {
            return FOR_EVER;
        }
        clock.advanceTo(until);
        return 0;
    }
}
