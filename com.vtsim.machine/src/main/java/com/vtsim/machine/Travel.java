package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Recorder.Hit;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.Optional;

/** Ways through a machine's past: each puts a checkpoint and repeats the run from there. Machine thread, while no run is on. */
final class Travel {
    /** So many instructions before a place a checkpoint is left: who steps back there steps back again. */
    private static final long NEAR = 100_000;
    /** A search looks up now and then. */
    private static final long STRETCH = 10_000_000;

    private final Chassis chassis;
    private final RunLoop loop;
    private final Past past;
    /** Asked for on another thread. */
    private volatile boolean cancelled;
    /** The processor that is watched, the instruction of it that is sought, and where the machine was when it had retired; -1 for not yet. */
    private Processor watched;
    private long sought;
    private long place;
    private Found found;

    /** A breakpoint on the way. @param at instructions where the machine is to be for it */
    private record Found(long at, boolean before, Hit hit) { }

    Travel(Chassis chassis, RunLoop loop, Past past) {
        this.chassis = chassis;
        this.loop = loop;
        this.past = past;
    }

    /** Ends a journey that is under way: the machine is then where it was. Any thread. */
    void cancel() {
        cancelled = true;
    }

    private long present() {
        return chassis.clock.instructions();
    }

    void go(long target) {
        past.depart();
        if (target < past.first() || target > past.last()) {
            throw new OperatorException("instruction " + target + " is not in what is recorded: " + past.first() + " to " + past.last());
        }
        journey(() -> {
            reach(target);
            return null;
        });
    }

    Optional<Hit> back() {
        past.depart();
        return journey(() -> {
            long from = present();
            long end = from;
            for (int i = past.before(from); i >= 0; i--) {
                past.put(i);
                found = null;
                repeat(end, from);
                if (found != null) {
                    Found last = found;
                    stand(last);
                    return Optional.of(last.hit);
                }
                end = Math.min(from, past.instructions(i) + 1); // what waits for the first instruction behind a checkpoint is met on coming from before
            }
            past.put(0);
            return Optional.empty();
        });
    }

    boolean before(String name, long retired) {
        past.depart();
        Processor processor = chassis.processors().stream().filter(each -> each.name().equals(name)).findFirst()
            .orElseThrow(() -> new OperatorException("machine " + chassis.settings.name() + " has no processor " + name));
        int index = past.before(name, retired);
        if (index < 0) {
            return false;
        }
        return journey(() -> {
            long from = present();
            long last = past.last();
            past.put(index);
            watched = processor;
            sought = retired;
            place = -1;
            while (place < 0 && present() < last) {
                section(Math.min(last, present() + STRETCH));
            }
            watched = null;
            reach(place < 0 ? from : place - 1);
            return place >= 0;
        });
    }

    private interface Way<T> {
        T walk();
    }

    /** All or nothing: who is interrupted is where he was. */
    private <T> T journey(Way<T> way) {
        long from = present();
        cancelled = false;
        past.repeating(true);
        chassis.mute(true);
        try {
            return way.walk();
        } catch (OperatorException e) {
            cancelled = false;
            reach(from);
            throw e;
        } finally {
            watched = null;
            found = null;
            chassis.running(false);
            past.repeating(false);
            chassis.mute(false);
        }
    }

    private void reach(long target) {
        past.put(past.before(target));
        if (target - present() > 2 * NEAR) {
            repeat(target - NEAR, 0);
            past.mark();
        }
        repeat(target, 0);
    }

    /** Is where a breakpoint was met, as if the run had stopped there. */
    private void stand(Found at) {
        if (!at.before) {
            reach(at.at);
            return;
        }
        past.put(past.before(at.at));
        while (present() <= at.at) {
            Stop stop = section(at.at + 1);
            if (stop.cause() == Stop.Cause.BREAKPOINT && present() == at.at) {
                return;
            }
        }
        reach(at.at);
    }

    /** Repeats the run up to an instruction. @param from breakpoints that are met before it are noted; 0 for none */
    private void repeat(long target, long from) {
        while (present() < target) {
            Stop stop = section(target);
            if (stop.cause() == Stop.Cause.BREAKPOINT && from > 0) {
                note(stop.text(), from);
            }
        }
    }

    private Stop section(long target) {
        Run run = new Run(RunLimits.instructions(target - present()), present(), chassis.clock.now(), false);
        long before = present();
        long skipped = chassis.clock.skipped();
        loop.begin(run);
        while (!run.ended.isDone()) {
            if (cancelled) {
                loop.cancel(run, Stop.of(Stop.Cause.PAUSED, ""));
                throw new OperatorException("interrupted; the machine is where it was");
            }
            if (loop.turn(run) > 0) {
                loop.cancel(run, Stop.of(Stop.Cause.PARKED, ""));
                throw new OperatorException("the run does not go as recorded: it waits at " + present() + " instructions");
            }
        }
        Stop stop = run.ended.join();
        if (present() == before && chassis.clock.skipped() == skipped && stop.cause() != Stop.Cause.BREAKPOINT) {
            throw new OperatorException("the run does not go as recorded: it ends at " + present() + " instructions, " + stop.cause());
        }
        return stop;
    }

    private void note(String name, long from) {
        Processor.Met met = chassis.processors().stream().filter(each -> each.name().equals(name)).findFirst().map(Processor::met).orElse(null);
        if (met == null) {
            return; // the run loop's own words: a triple fault
        }
        long at = met.before() ? present() : present() - 1;
        if (at < from) {
            found = new Found(at, met.before(), new Hit(name, met.number(), met.text()));
        }
    }

    /** A processor has executed. */
    void executed(Processor processor) {
        if (processor == watched && place < 0 && processor.retired() >= sought) {
            place = present() - (processor.retired() - sought);
        }
    }
}
