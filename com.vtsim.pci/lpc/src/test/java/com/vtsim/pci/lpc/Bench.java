package com.vtsim.pci.lpc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.Tracer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A board for one device whose time the test moves by hand, to the nanosecond; no instruction runs on it. */
public final class Bench implements Board, Clock, Lines, PortSpace, Tracer {
    /** Resets the device asked for. */
    public final List<Reset> resets = new ArrayList<>();
    /** Trace events, {@code kind text}. */
    public final List<String> events = new ArrayList<>();
    /** Every change of a line, {@code time line level}. */
    public final List<String> changes = new ArrayList<>();
    /** State of the A20 pin of each processor. */
    public final boolean[] a20;
    private final Map<Integer, PortDevice> devices = new HashMap<>();
    private final Map<String, Alarm> timers = new TreeMap<>();
    private final Map<String, Output> outputs = new HashMap<>();
    private final ConcurrentLinkedQueue<Runnable> posted = new ConcurrentLinkedQueue<>();
    private final List<Processor> processors = new ArrayList<>();
    private final List<MemorySpace.Region> regions;
    private final long ram;
    private long now;

    /** A board with 16 MiB of RAM and a processor. */
    public Bench() {
        this(1, 16L << 20, 0);
    }

    /** A board with some processors and RAM below and above 4 GiB. */
    public Bench(int processors, long low, long high) {
        a20 = new boolean[processors];
        for (int i = 0; i < processors; i++) {
            a20[i] = true;
            this.processors.add(new Pins(i));
        }
        ram = low + high;
        regions = new ArrayList<>();
        regions.add(new MemorySpace.Region(0, 0xA0000, "ram", "board"));
        regions.add(new MemorySpace.Region(0x10_0000, low - 0x10_0000, "ram", "board"));
        if (high > 0) {
            regions.add(new MemorySpace.Region(1L << 32, high, "ram", "board"));
        }
    }

    /** Attaches a part and returns it. */
    public <P extends Part> P attach(P part) {
        part.attach(this);
        return part;
    }

    /** Takes a part off the board and puts another in its place, with the state carried over. */
    public <P extends Part> P replace(Part old, P successor) {
        State state = old.save();
        old.detach();
        timers.clear();
        devices.clear();
        successor.restore(state);
        return attach(successor);
    }

    /** Lets virtual time come to {@code nanos}; what is due happens in order. */
    public void until(long nanos) {
        while (true) {
            Alarm next = null;
            for (Alarm alarm : timers.values()) {
                if (alarm.deadline <= nanos && (next == null || alarm.deadline < next.deadline)) {
                    next = alarm;
                }
            }
            if (next == null) {
                break;
            }
            now = Math.max(now, next.deadline);
            next.deadline = Long.MAX_VALUE;
            next.action.run();
        }
        now = Math.max(now, nanos);
    }

    /** Lets some time pass. */
    public void pass(long nanos) {
        until(now + nanos);
    }

    /** Lets some time pass without any timer: a device whose timers do not run on time must still tell the truth when asked. */
    public void skip(long nanos) {
        now += nanos;
    }

    /** @return when the next timer is due */
    public long due() {
        return timers.values().stream().mapToLong(Alarm::deadline).min().orElse(Long.MAX_VALUE);
    }

    /** Runs what was posted. @return whether there was any */
    public boolean runPosted() {
        boolean any = false;
        for (Runnable r = posted.poll(); r != null; r = posted.poll()) {
            r.run();
            any = true;
        }
        return any;
    }

    public int in(int port) {
        return read(port, 1);
    }

    public void out(int port, int value) {
        write(port, 1, value);
    }

    @Override
    public String machine() {
        return "bench";
    }

    @Override
    public MemorySpace memory() {
        return new Ram();
    }

    @Override
    public PortSpace ports() {
        return this;
    }

    @Override
    public Clock clock() {
        return this;
    }

    @Override
    public Lines lines() {
        return this;
    }

    @Override
    public Tracer tracer() {
        return this;
    }

    @Override
    public <T> Optional<T> find(Class<T> type) {
        return findAll(type).stream().findFirst();
    }

    @Override
    public <T> List<T> findAll(Class<T> type) {
        return processors.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void post(Runnable action) {
        posted.add(action);
    }

    @Override
    public void reset(Reset kind) {
        resets.add(kind);
    }

    @Override
    public void stop(Stop stop) {
        throw new AssertionError("no legacy device stops the machine");
    }

    @Override
    public void report(String text) {
        events.add("report " + text);
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public long instructions() {
        return 0;
    }

    @Override
    public long rate() {
        return 1_000_000_000;
    }

    @Override
    public Timer timer(String name, Runnable action) {
        Alarm alarm = new Alarm(action);
        timers.put(name, alarm);
        return alarm;
    }

    @Override
    public Driver driver(int line, String pin) {
        return outputs.computeIfAbsent(line + pin, k -> new Output(line));
    }

    @Override
    public void listen(Sink sink) {
        throw new AssertionError("no legacy device hears lines");
    }

    @Override
    public boolean level(int line) {
        return outputs.values().stream().anyMatch(o -> o.line == line && o.level);
    }

    @Override
    public int read(int port, int size) {
        PortDevice device = devices.get(port);
        return device == null ? 0xFF : device.read(port, 1);
    }

    @Override
    public void write(int port, int size, int value) {
        PortDevice device = devices.get(port);
        if (device != null) {
            device.write(port, 1, value);
        }
    }

    @Override
    public Registration map(int base, int length, int width, PortDevice device) {
        for (int i = 0; i < length; i++) {
            devices.put(base + i, device);
        }
        return () -> { };
    }

    @Override
    public List<Range> ranges() {
        return List.of();
    }

    @Override
    public boolean wants(String kind) {
        return true;
    }

    @Override
    public void event(String kind, String text) {
        events.add(kind + " " + text);
    }

    private static final class Alarm implements Timer {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        Alarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void at(long nanos) {
            deadline = nanos;
        }

        @Override
        public void cancel() {
            deadline = Long.MAX_VALUE;
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }

    private final class Output implements Driver {
        private final int line;
        private boolean level;

        Output(int line) {
            this.line = line;
        }

        @Override
        public void set(boolean asserted) {
            if (level != asserted) {
                level = asserted;
                changes.add(now + " " + line + " " + (asserted ? 1 : 0));
            }
        }

        @Override
        public boolean level() {
            return level;
        }
    }

    /** The pins of a processor that a keyboard controller reaches. */
    private final class Pins implements Processor {
        private final int index;

        Pins(int index) {
            this.index = index;
        }

        @Override
        public String name() {
            return "cpu" + index;
        }

        @Override
        public String model() {
            return "pins";
        }

        @Override
        public int index() {
            return index;
        }

        @Override
        public void a20(boolean enabled) {
            a20[index] = enabled;
        }

        @Override
        public void attach(Board board) { }

        @Override
        public void reset(Reset kind) { }

        @Override
        public void restore(State state) { }

        @Override
        public State save() {
            throw new AssertionError();
        }

        @Override
        public Outcome run(long budget) {
            throw new AssertionError();
        }

        @Override
        public long retired() {
            return 0;
        }

        @Override
        public void leave() { }

        @Override
        public boolean idle() {
            return true;
        }

        @Override
        public void intr(boolean asserted) { }

        @Override
        public void nmi() { }

        @Override
        public void init() { }

        @Override
        public void startup(int vector) { }

        @Override
        public void enter(EntryState state) { }
    }

    /** Sizes only. */
    private final class Ram implements MemorySpace {
        @Override
        public long ramSize() {
            return ram;
        }

        @Override
        public List<Region> regions() {
            return regions;
        }

        @Override
        public long read(long hpa, int size) {
            throw new AssertionError();
        }

        @Override
        public void write(long hpa, int size, long value) {
            throw new AssertionError();
        }

        @Override
        public void read(long hpa, byte[] into, int offset, int length) {
            throw new AssertionError();
        }

        @Override
        public void write(long hpa, byte[] from, int offset, int length) {
            throw new AssertionError();
        }

        @Override
        public MemoryPage page(long hpa) {
            throw new AssertionError();
        }

        @Override
        public Registration map(long base, long length, MmioDevice device) {
            throw new AssertionError();
        }

        @Override
        public Registration mapRom(long base, byte[] image) {
            throw new AssertionError();
        }

        @Override
        public Registration mapRam(long base, byte[] content) {
            throw new AssertionError();
        }

        @Override
        public void route(long base, long length, boolean readsRam, boolean writesRam) {
            throw new AssertionError();
        }

        @Override
        public Registration observe(MapObserver observer) {
            throw new AssertionError();
        }
    }
}
