package com.vtsim.machine;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Processor;
import java.util.ArrayList;
import java.util.List;

/**
 * Virtual time: instructions at the configured rate plus what was skipped, and the timers in the order they are due.
 * Timers are few and armed often, so they stand in a sorted array and nothing is allocated.
 */
final class VirtualClock {
    private static final long NANOS_PER_MICRO = 1000;

    private final long mips;
    private final List<Alarm> alarms = new ArrayList<>();
    private Alarm[] armed = new Alarm[16];
    private int count;
    private long retired;
    private long skipped;
    private Processor running;
    private long runningFrom;
    private long horizon = Long.MAX_VALUE;

    /** @param mips instructions in a virtual microsecond, at least 1 */
    VirtualClock(long mips) {
        this.mips = mips;
    }

    long rate() {
        return mips * 1_000_000;
    }

    long instructions() {
        Processor processor = running;
        return processor == null ? retired : retired + processor.retired() - runningFrom;
    }

    long now() {
        return skipped + nanos(instructions());
    }

    private long nanos(long instructions) {
        return instructions / mips * NANOS_PER_MICRO + instructions % mips * NANOS_PER_MICRO / mips;
    }

    /** @return how many instructions from the present one on until {@code time} has come; 0 if it has */
    long instructionsUntil(long time) {
        if (time == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        long executing = time - skipped;
        if (executing <= 0) {
            return 0;
        }
        if (executing / NANOS_PER_MICRO >= Long.MAX_VALUE / mips - 1) {
            return Long.MAX_VALUE;
        }
        long rest = executing % NANOS_PER_MICRO * mips;
        long count = executing / NANOS_PER_MICRO * mips + (rest + NANOS_PER_MICRO - 1) / NANOS_PER_MICRO;
        return Math.max(0, count - instructions());
    }

    /** A processor begins to execute at most {@code budget} instructions. */
    void begin(Processor processor, long budget) {
        runningFrom = processor.retired();
        horizon = skipped + nanos(retired + budget);
        running = processor;
    }

    /** The processor has returned. @return instructions it has retired */
    long end() {
        long used = running.retired() - runningFrom;
        running = null;
        horizon = Long.MAX_VALUE;
        retired += used;
        return used;
    }

    /** @return the processor that executes at the moment, or null */
    Processor running() {
        return running;
    }

    /** Lets time pass without instructions. */
    void advanceTo(long time) {
        skipped += Math.max(0, time - now());
    }

    long skipped() {
        return skipped;
    }

    /** Sets both parts of time, as a snapshot has them. */
    void set(long instructions, long skippedNanos) {
        retired = instructions;
        skipped = skippedNanos;
    }

    /** @return when the next timer is due, or {@link Long#MAX_VALUE} */
    long next() {
        return count == 0 ? Long.MAX_VALUE : armed[0].deadline;
    }

    /** Takes the first timer that is due off the queue. @return null if none is */
    Alarm due() {
        if (count == 0 || armed[0].deadline > now()) {
            return null;
        }
        Alarm first = armed[0];
        remove(first);
        return first;
    }

    /** @return armed timers in the order they are due, for the operator */
    List<Alarm> armed() {
        return List.of(armed).subList(0, count);
    }

    Alarm timer(Owner owner, String name, Runnable action) {
        owner.check();
        for (Alarm a : alarms) {
            if (a.owner == owner && a.name.equals(name)) {
                throw new IllegalStateException(owner.name + " has two timers named " + name);
            }
        }
        Alarm alarm = new Alarm(this, owner, name, action);
        alarms.add(alarm);
        return alarm;
    }

    void withdrawParts() {
        alarms.removeIf(a -> !a.owner.lasts() && withdrawn(a));
    }

    void withdraw(Owner owner) {
        alarms.removeIf(a -> a.owner == owner && withdrawn(a));
    }

    private boolean withdrawn(Alarm alarm) {
        remove(alarm);
        alarm.withdrawn = true;
        return true;
    }

    private void insert(Alarm alarm) {
        if (count == armed.length) {
            armed = java.util.Arrays.copyOf(armed, 2 * count);
        }
        int at = count++;
        while (at > 0 && alarm.before(armed[at - 1])) {
            armed[at] = armed[at - 1];
            at--;
        }
        armed[at] = alarm;
        if (running != null && alarm.deadline < horizon) {
            running.leave();
        }
    }

    private void remove(Alarm alarm) {
        if (alarm.deadline == Long.MAX_VALUE) {
            return;
        }
        int at = 0;
        while (armed[at] != alarm) {
            at++;
        }
        count--;
        System.arraycopy(armed, at + 1, armed, at, count - at);
        armed[count] = null;
        alarm.deadline = Long.MAX_VALUE;
    }

    /** A timer. */
    static final class Alarm implements Clock.Timer {
        final Owner owner;
        final String name;
        final Runnable action;
        private final VirtualClock clock;
        private long deadline = Long.MAX_VALUE;
        private boolean withdrawn;

        private Alarm(VirtualClock clock, Owner owner, String name, Runnable action) {
            this.clock = clock;
            this.owner = owner;
            this.name = name;
            this.action = action;
        }

        private boolean before(Alarm other) {
            if (deadline != other.deadline) {
                return deadline < other.deadline;
            }
            int c = NaturalOrder.NAMES.compare(owner.name, other.owner.name);
            return c != 0 ? c < 0 : NaturalOrder.NAMES.compare(name, other.name) < 0;
        }

        @Override
        public void at(long nanos) {
            clock.remove(this);
            if (!withdrawn && nanos != Long.MAX_VALUE) {
                deadline = nanos;
                clock.insert(this);
            }
        }

        @Override
        public void cancel() {
            clock.remove(this);
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }
}
