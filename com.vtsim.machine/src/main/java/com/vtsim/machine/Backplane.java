package com.vtsim.machine;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Recorder;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.TraceEvent;
import com.vtsim.machine.load.Image;
import com.vtsim.machine.load.ImageLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;

/**
 * A machine. In the framework {@code MachineComponent} makes one for each configuration; a unit test makes a small one itself:
 * <pre>
 * Backplane machine = Backplane.of("t", 16 &lt;&lt; 20);
 * machine.add(new Pic(…));
 * machine.ports().write(0x20, 1, 0x11);
 * machine.run(RunLimits.instructions(1000));
 * </pre>
 * While nothing runs, a test may use {@link #memory}, {@link #ports}, {@link #clock} and {@link #lines} on its own thread; what a
 * part throws then comes out of the call.
 */
public final class Backplane implements Machine, AutoCloseable {
    /** Framework threads wait so long for a part to hand over its state. */
    private static final long HAND_OVER_SECONDS = 30;

    private final Settings settings;
    private final Worker worker;
    private final Chassis chassis;
    private final LongSupplier wall;
    private final Keeper keeper;
    private final MemorySpace memory;
    private final PortSpace ports;
    private final Clock clock;
    private final Lines lines;
    private final Past past;
    private final Travel travel;
    private final Recorder recorder;

    /** A machine without parts. */
    public Backplane(Settings settings) {
        this(settings, System::nanoTime);
    }

    /** @param wall nanoseconds that pass in the world */
    Backplane(Settings settings, LongSupplier wall) {
        this.settings = settings;
        this.wall = wall;
        worker = new Worker(settings, wall);
        chassis = worker.chassis();
        keeper = new Keeper(chassis, worker.loop());
        past = new Past(chassis, keeper);
        travel = new Travel(chassis, worker.loop(), past);
        recorder = new RecorderView(worker, past, travel);
        chassis.record(past);
        worker.loop().record(past, travel);
        memory = chassis.operatorMemory();
        ports = new PortView(chassis.ports, chassis.operator);
        clock = new ClockView(chassis.clock, chassis.operator);
        lines = new LineView(chassis.wiring, chassis.operator);
    }

    /** A machine without parts, with default settings. */
    public static Backplane of(String name, long memory) {
        return new Backplane(Settings.of(name, memory));
    }

    /** Seats a part, attaches all parts afresh and waits for that. */
    public void add(Part part) {
        add(part, "", "");
        settle();
    }

    /**
     * Seats a part that takes over what its predecessor of the same name left.
     *
     * @param pid    factory PID of its configuration
     * @param bundle symbolic name and version of its bundle
     */
    public void add(Part part, String pid, String bundle) {
        worker.callBriefly(() -> chassis.arrive(new Seat.Arrival(part, pid, bundle)), HAND_OVER_SECONDS);
    }

    /** Takes a part off the board and waits until it has handed over its state; no effect if it is not there. */
    public void remove(Part part) {
        worker.callBriefly(() -> chassis.leave(part, wall.getAsLong()), HAND_OVER_SECONDS);
    }

    /** Waits until every part is attached. */
    public void settle() {
        look(() -> null);
    }

    /** @return what it was made with */
    public Settings settings() {
        return settings;
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public Status status() {
        return look(() -> {
            Run run = worker.run();
            Stop stop = worker.lastStop();
            String missing = run == null ? null : chassis.seats.missing();
            if (missing != null) {
                stop = Stop.of(Stop.Cause.PARKED, missing + " is missing");
            }
            return new Status(run != null && missing == null, stop, chassis.clock.instructions(), chassis.clock.now(), chassis.reports.lines());
        });
    }

    @Override
    public List<PartInfo> parts() {
        return look(() -> {
            List<PartInfo> parts = new ArrayList<>();
            for (Seat seat : chassis.seats.all()) {
                parts.add(seat.info());
            }
            return parts;
        });
    }

    @Override
    public Optional<PartInfo> part(String name) {
        return look(() -> Optional.ofNullable(chassis.seats.seat(name)).map(Seat::info));
    }

    @Override
    public Stop run(RunLimits limits) throws InterruptedException {
        Run run = worker.begin(limits, false);
        try {
            return ended(run);
        } catch (InterruptedException e) {
            pause();
            throw e;
        }
    }

    /** Waits for missing parts from the beginning, as one that parks in mid-run does. */
    @Override
    public void start(RunLimits limits) {
        worker.begin(limits, true);
    }

    @Override
    public Stop await() throws InterruptedException {
        Run run = worker.run();
        return run == null ? worker.lastStop() : ended(run);
    }

    private Stop ended(Run run) throws InterruptedException {
        if (worker.here()) {
            throw new IllegalStateException("the machine's thread cannot wait for itself");
        }
        try {
            return run.ended.get();
        } catch (ExecutionException | CancellationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void pause() {
        travel.cancel();
        Run run = worker.run();
        if (run == null) {
            return;
        }
        worker.post(() -> {
            if (worker.run() == run) {
                chassis.askStop(Stop.of(Stop.Cause.PAUSED, ""));
            }
        });
        if (!worker.here()) {
            CompletableFuture<Stop> ended = run.ended;
            ended.join();
        }
    }

    @Override
    public void reset(Reset kind) {
        change(() -> {
            chassis.reset(kind);
            worker.loop().turn(0, settings.quantum());
        });
    }

    @Override
    public String load(String kind, Path file, Map<String, String> options) {
        Image checked = ImageLoader.read(kind, file, options, look(memory::regions));
        if (checked.entry() == null) {
            return load(checked);
        }
        // A memory map tells what firmware has switched on as well, which is done only after the file has proved good.
        List<MemorySpace.Region> regions = call(() -> {
            chassis.asFirmwareLeaves();
            return memory.regions();
        });
        return load(ImageLoader.read(kind, file, options, regions));
    }

    private String load(Image image) {
        change(() -> chassis.loads.load(image));
        return image.summary();
    }

    @Override
    public void save(Path file) {
        look(() -> {
            SnapshotFile.write(keeper.take(), name(), file);
            return null;
        });
    }

    @Override
    public void restore(Path file) {
        Snapshot snapshot = SnapshotFile.read(file, chassis.operator);
        look(() -> {
            resting();
            keeper.put(snapshot);
            past.partsChanged();
            return null;
        });
    }

    private void resting() {
        if (worker.run() != null) {
            throw new OperatorException("machine " + name() + " is running; pause it first");
        }
    }

    @Override
    public String digest() {
        return look(() -> Digest.of(keeper.take()));
    }

    @Override
    public <T> T call(Callable<T> action) {
        return worker.call(() -> {
            chassis.settle();
            return past.watch(action);
        });
    }

    /** As {@link #call}, for what changes nothing, or says so itself. */
    private <T> T look(Callable<T> action) {
        return worker.call(() -> {
            chassis.settle();
            return action.call();
        });
    }

    /** As {@link #call}, for what changes the machine in ways that only its memory shows. */
    private void change(Runnable action) {
        look(() -> {
            action.run();
            past.changed();
            return null;
        });
    }

    @Override
    public <T> Optional<T> find(Class<T> type) {
        return look(() -> chassis.seats.find(type));
    }

    @Override
    public <T> List<T> findAll(Class<T> type) {
        return look(() -> chassis.seats.findAll(type));
    }

    @Override
    public void input(String console, byte[] bytes) {
        look(() -> {
            List<Console> all = chassis.seats.findAll(Console.class);
            Console to = all.stream().filter(each -> each.name().equals(console)).findFirst().orElseThrow(() ->
                OperatorException.unknown("console of machine " + name(), console, all.stream().map(Console::name).toList()));
            if (past.on() && bytes.length > 0) {
                past.arrived(() -> to.input(bytes), worker.run() != null);
            } else {
                to.input(bytes);
            }
            return null;
        });
    }

    @Override
    public Recorder recorder() {
        return recorder;
    }

    @Override
    public MemorySpace memory() {
        return memory;
    }

    @Override
    public PortSpace ports() {
        return ports;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Lines lines() {
        return lines;
    }

    @Override
    public Map<String, String> transcripts() {
        return look(chassis.consoles::transcripts);
    }

    @Override
    public Registration listen(ConsoleListener listener) {
        return chassis.consoles.listen(listener);
    }

    @Override
    public void dismiss(String part) {
        call(() -> {
            chassis.dismiss(part);
            return null;
        });
    }

    @Override
    public void trace(List<String> kinds) {
        look(() -> {
            chassis.trace.kinds(kinds);
            return null;
        });
    }

    @Override
    public List<TraceEvent> events() {
        return look(chassis.trace::events);
    }

    /** Ends the machine: a run stops, the parts let go of what they hold of the host. */
    @Override
    public void close() {
        worker.close("the machine is being removed", chassis::dismantle);
    }

    /**
     * Ends the machine as {@link #close} does, and leaves it for a successor to {@link #awaken}.
     *
     * @param snapshot file to write
     */
    Hibernation hibernate(Path snapshot) {
        return call(() -> {
            Run run = worker.run();
            SnapshotFile.write(keeper.take(), name(), snapshot);
            RunLimits left = run == null ? null : run.left(chassis.clock.instructions(), chassis.clock.now());
            Hibernation all = new Hibernation(snapshot, chassis.seats.present(), left, worker.lastStop(), chassis.consoles.said());
            worker.close("the machine's own bundle is being replaced; it goes on with the next", chassis::dismantle);
            return all;
        });
    }

    /**
     * Goes on where a predecessor was, if every part of it is there; what does not fit is reported, and the machine starts new.
     *
     * @return whether the predecessor's things are used up
     */
    boolean awaken(Hibernation kept) {
        if (!call(chassis.seats::present).containsAll(kept.parts())) {
            return false;
        }
        try {
            Snapshot snapshot = SnapshotFile.read(kept.snapshot(), chassis.operator);
            call(() -> {
                keeper.put(snapshot);
                chassis.seats.taken().forEach(seat -> seat.carried = "state");
                worker.lastStop(kept.stop());
                if (kept.limits() != null) {
                    worker.begin(kept.limits(), true);
                }
                chassis.consoles.said(kept.said());
                return null;
            });
        } catch (OperatorException e) {
            chassis.reports.add("machine", "cannot go on where its predecessor was: " + e.getMessage());
        }
        return true;
    }
}
