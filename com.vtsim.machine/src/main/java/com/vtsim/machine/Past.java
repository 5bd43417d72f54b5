package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Recorder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/**
 * A machine's past while it is recorded: checkpoints, and what came from outside between them. Inputs that a part posted are repeated; any
 * other change gets a checkpoint of its own, a seam, which the run continues from when it comes there again. Machine thread.
 */
final class Past {
    /** Instructions between checkpoints: those that take about as long as it takes to compare the memory. */
    private static final long FEW = 10_000_000;
    private static final int MOST = 200;
    /** Bytes that are left to others. */
    private static final long RESERVE = 64 << 20;

    private final Chassis chassis;
    private final Keeper keeper;
    private final List<Checkpoint> checkpoints = new ArrayList<>();
    private final List<Input> inputs = new ArrayList<>();
    /** Inputs that have come and are taken at the next place where a run can be continued alike. */
    private final ArrayDeque<Input> arrived = new ArrayDeque<>();
    private PastRam ram;
    private long budget;
    private boolean on;
    private boolean anew;
    private boolean repeating;
    /** The latest checkpoint that the present has passed, and the next input that comes again. */
    private int place;
    private int cursor;
    private Moment end;
    /** Digest without RAM while nothing has happened since; null if something may have. */
    private String known;

    /**
     * A whole machine but for its RAM.
     *
     * @param poison  lines of RAM with errors
     * @param cursor  the first input after it
     * @param retired by processor
     * @param said    what the consoles had said
     * @param seam    whether the operator changed something just before
     */
    private record Checkpoint(Moment at, Snapshot rest, Map<Long, Long> poison, int cursor, Map<String, Long> retired, Map<String, Consoles.Said> said, boolean seam) { }

    /** What a part had the machine do when something came from outside. */
    private record Input(Moment at, Runnable action) { }

    Past(Chassis chassis, Keeper keeper) {
        this.chassis = chassis;
        this.keeper = keeper;
    }

    boolean on() {
        return on;
    }

    /** Whether what happens now has happened before, so that nobody outside is to hear of it again. */
    boolean repeating() {
        return repeating;
    }

    private Moment present() {
        return new Moment(chassis.clock.instructions(), chassis.clock.skipped());
    }

    void begin(long bytes) {
        if (chassis.settings.realtime()) {
            throw new OperatorException("a run that keeps to the wall clock cannot be repeated; create the machine without realtime=true");
        }
        for (Seat seat : chassis.seats.taken()) {
            if (!seat.part.irrevocable().isEmpty()) {
                throw new OperatorException("the past of machine " + chassis.settings.name() + " could not be repeated: " + seat.name + " " + seat.part.irrevocable());
            }
        }
        long needed = ram == null ? chassis.memory.ram().held() : ram.growth(chassis.memory.ram());
        if (needed + bytes > free()) {
            throw new OperatorException("recording may take %d MiB of host memory, and Java has %d MiB left; record with less (--memory) or start VTSim with VTSIM_JAVA_OPTS=-Xmx…"
                .formatted(needed + bytes >> 20, free() >> 20));
        }
        budget = bytes;
        if (!on) {
            on = true;
            startAnew();
        }
    }

    /** Bytes that Java may still take. */
    private static long free() {
        Runtime java = Runtime.getRuntime();
        return java.maxMemory() - java.totalMemory() + java.freeMemory();
    }

    void end() {
        on = false;
        clear();
        arrived.forEach(input -> input.action.run());
        arrived.clear();
    }

    private void clear() {
        checkpoints.clear();
        inputs.clear();
        ram = null;
        known = null;
        end = null;
    }

    private void startAnew() {
        anew = false;
        clear();
        ram = new PastRam(chassis.memory.ram());
        place = -1;
        cursor = 0;
        checkpoint(false);
    }

    /** The parts are others than they were, or time is. */
    void partsChanged() {
        anew = on;
    }

    Optional<Recorder.Recorded> recorded() {
        if (on) {
            settle();
        }
        if (!on) {
            return Optional.empty();
        }
        Moment now = present();
        return Optional.of(new Recorder.Recorded(checkpoints.get(0).at.instructions(), now.instructions(), Math.max(now.instructions(), end.instructions()),
            checkpoints.size(), inputs.size(), ram.bytes() + ram.copied()));
    }

    private void settle() {
        if (anew) {
            startAnew();
        }
    }

    // What comes from outside

    /** Carries out what may change the machine, while it rests or between two of its turns. */
    <T> T watch(Callable<T> action) throws Exception {
        if (!on || repeating) {
            return action.call();
        }
        settle();
        if (known == null) {
            known = digest();
        }
        chassis.memory.takeWritten();
        try {
            return action.call();
        } finally {
            String after = digest();
            boolean changed = chassis.memory.takeWritten() || !after.equals(known);
            known = after;
            if (on && changed) {
                changed();
            }
        }
    }

    private String digest() {
        return Digest.of(keeper.take().with(empty(chassis.memory.ram().poison().lines())));
    }

    private Ram empty(Map<Long, Long> poison) {
        Ram empty = chassis.memory.ram().empty();
        poison.forEach(empty.poison()::add);
        return empty;
    }

    /** The operator has changed the machine: what came after is not what will come. */
    void changed() {
        if (!on || repeating) {
            return;
        }
        known = null;
        if (checkpoints.isEmpty() || present().compareTo(checkpoints.get(0).at) < 0) {
            anew = true;
        }
        settle();
        if (on) {
            forgetFuture();
            checkpoint(true);
        }
    }

    private void forgetFuture() {
        while (inputs.size() > cursor) {
            inputs.remove(inputs.size() - 1);
        }
        while (checkpoints.size() > place + 1) {
            checkpoints.remove(checkpoints.size() - 1);
        }
        ram.dropAfter(place);
        end = present();
    }

    /** Takes what a part posted. @param running whether a run is on */
    void arrived(Runnable action, boolean running) {
        if (running) {
            arrived.add(new Input(null, action));
        } else {
            action.run();
            changed();
        }
    }

    // The run

    /** @return how many instructions may be executed until something recorded is due */
    long instructionsLeft() {
        Moment next = next();
        long now = chassis.clock.instructions();
        long left = next == null ? Long.MAX_VALUE : Math.max(0, next.instructions() - now);
        return repeating ? left : Math.min(left, Math.max(1, checkpoints.get(place).at.instructions() + interval() - now));
    }

    private long interval() {
        return FEW + ram.copied() / 2;
    }

    /** @return how far time may be skipped while all processors are halted: until something recorded is due */
    long restLeft() {
        Moment next = next();
        long now = chassis.clock.instructions();
        return next == null || next.instructions() != now ? Long.MAX_VALUE : chassis.clock.now() - chassis.clock.skipped() + next.skipped();
    }

    /** The next input or seam that comes again; null if there is none. */
    private Moment next() {
        int seam = nextSeam();
        if (seam >= 0 && cursor >= checkpoints.get(seam).cursor) {
            return checkpoints.get(seam).at;
        }
        return cursor < inputs.size() ? inputs.get(cursor).at : null;
    }

    private int nextSeam() {
        for (int i = place + 1; i < checkpoints.size(); i++) {
            if (checkpoints.get(i).seam) {
                return i;
            }
        }
        return -1;
    }

    /** Before processors execute, when all timers due have fired. @return whether anything has happened, so that the loop looks again */
    boolean turn(RunLoop loop) {
        settle();
        if (!on) {
            return true;
        }
        known = null;
        Moment now = present();
        if (!repeating && !arrived.isEmpty()) {
            forgetFuture();
            Input input = new Input(now, arrived.remove().action);
            inputs.add(input);
            take(loop, input);
            return true;
        }
        while (place + 1 < checkpoints.size() && passed(checkpoints.get(place + 1), now)) {
            place++;
        }
        Moment next = next();
        if (next != null && next.compareTo(now) <= 0) {
            again(loop, next, now);
            return true;
        }
        if (!repeating && now.instructions() >= checkpoints.get(place).at.instructions() + interval() && now.compareTo(end) >= 0) {
            checkpoint(false);
        }
        return false;
    }

    private boolean passed(Checkpoint each, Moment now) {
        return !each.seam && each.cursor <= cursor && each.at.compareTo(now) <= 0;
    }

    private void again(RunLoop loop, Moment next, Moment now) {
        if (!next.equals(now)) {
            String text = "the run did not go as recorded: it is at " + now.instructions() + " instructions, and what came at " + next.instructions() + " has not come";
            if (repeating) {
                throw new OperatorException(text);
            }
            chassis.reports.add("machine", text + "; recording has ended");
            end();
            return;
        }
        int seam = nextSeam();
        if (seam >= 0 && cursor >= checkpoints.get(seam).cursor) {
            put(seam);
        } else {
            take(loop, inputs.get(cursor));
        }
    }

    /** Whose turn it was depends on how often the loop has looked; what comes from outside begins a turn, then and when it comes again. */
    private void take(RunLoop loop, Input input) {
        cursor++;
        loop.turn(loop.turn(), chassis.settings.quantum());
        input.action.run();
    }

    // Checkpoints

    private void checkpoint(boolean seam) {
        if (ram.growth(chassis.memory.ram()) > free() - RESERVE) {
            chassis.reports.add("machine", "recording has ended: the guest uses more memory than Java has for a second copy of it");
            end();
            return;
        }
        Snapshot whole = keeper.take();
        ram.add(place, whole.ram());
        place++;
        checkpoints.add(place, new Checkpoint(present(), whole.with(null), Map.copyOf(whole.ram().poison().lines()), cursor, retired(), chassis.consoles.said(), seam));
        if (end == null || end.compareTo(present()) < 0) {
            end = present();
        }
        thin();
    }

    private Map<String, Long> retired() {
        return chassis.processors().stream().collect(Collectors.toMap(Processor::name, Processor::retired));
    }

    /** Forgets what is least missed: checkpoints that lie close together for how long ago they are; then the beginning. */
    private void thin() {
        while (checkpoints.size() > 2 && (ram.bytes() > budget || checkpoints.size() > MOST)) {
            int least = -1;
            double score = Double.MAX_VALUE;
            long now = present().instructions();
            for (int i = 1; i < checkpoints.size() - 1; i++) {
                double gap = checkpoints.get(i + 1).at.instructions() - checkpoints.get(i - 1).at.instructions();
                double each = gap / (1 + Math.abs(now - checkpoints.get(i).at.instructions()));
                if (i != place && !checkpoints.get(i).seam && each < score) {
                    score = each;
                    least = i;
                }
            }
            if (least >= 0 && checkpoints.size() > 8) {
                ram.merge(least);
                checkpoints.remove(least);
                place -= least < place ? 1 : 0;
            } else if (place > 0) {
                ram.dropFirst();
                checkpoints.remove(0);
                place--;
            } else {
                return;
            }
        }
    }

    /** Is at a checkpoint. */
    void put(int index) {
        Checkpoint to = checkpoints.get(index);
        keeper.put(to.rest.with(ram.at(index, empty(to.poison))));
        chassis.consoles.only(to.said);
        place = index;
        cursor = to.cursor;
        known = null;
    }

    // For those who go there

    /** Before the machine leaves the present: how far it has been. */
    void depart() {
        settle();
        if (!on) {
            throw new OperatorException("the past is not recorded any more");
        }
        if (end.compareTo(present()) < 0) {
            end = present();
        }
    }

    void repeating(boolean now) {
        repeating = now;
    }

    long first() {
        return checkpoints.get(0).at.instructions();
    }

    long last() {
        return Math.max(end.instructions(), chassis.clock.instructions());
    }

    /** @return the latest checkpoint with at most so many instructions */
    int before(long instructions) {
        int index = 0;
        while (index + 1 < checkpoints.size() && checkpoints.get(index + 1).at.instructions() <= instructions) {
            index++;
        }
        return index;
    }

    /** @return the latest checkpoint at which a processor had retired fewer than that; -1 if there is none */
    int before(String processor, long retired) {
        int index = checkpoints.size() - 1;
        while (index >= 0 && checkpoints.get(index).retired.getOrDefault(processor, Long.MAX_VALUE) >= retired) {
            index--;
        }
        return index;
    }

    long instructions(int index) {
        return checkpoints.get(index).at.instructions();
    }

    /** Adds a checkpoint at the present, so that places close to it are reached soon. */
    void mark() {
        if (present().compareTo(checkpoints.get(place).at) > 0 && (place + 1 == checkpoints.size() || present().compareTo(checkpoints.get(place + 1).at) < 0)) {
            checkpoint(false);
        }
    }
}
