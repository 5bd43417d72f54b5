package com.vtsim.irq.pic;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemorySpace;
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

/** A board for an interrupt controller: ports, lines a test drives by hand, and the INTR pin of processor 0. */
final class Bench implements Board, Lines, PortSpace, Tracer {
    final List<String> events = new ArrayList<>();
    final Pin cpu = new Pin(0);
    private final Pin other = new Pin(1);
    private final Map<Integer, PortDevice> devices = new HashMap<>();
    private final boolean[] levels = new boolean[COUNT];
    private boolean tracing;
    private Sink sink;

    /** Attaches a part as the machine does: then it hears the level of every line, low ones first. */
    <P extends Part> P attach(P part) {
        sink = null;
        devices.clear();
        part.attach(this);
        for (int i = 0; i < 2 * COUNT; i++) {
            if (sink != null && levels[i % COUNT] == i >= COUNT) {
                sink.line(i % COUNT, i >= COUNT);
            }
        }
        return part;
    }

    /** Drives a line. */
    void line(int line, boolean level) {
        if (levels[line] != level) {
            levels[line] = level;
            if (sink != null) {
                sink.line(line, level);
            }
        }
    }

    void raise(int line) {
        line(line, true);
    }

    void lower(int line) {
        line(line, false);
    }

    void trace() {
        tracing = true;
    }

    int in(int port) {
        return read(port, 1);
    }

    void out(int port, int value) {
        write(port, 1, value);
    }

    @Override
    public String machine() {
        return "bench";
    }

    @Override
    public MemorySpace memory() {
        throw new AssertionError();
    }

    @Override
    public PortSpace ports() {
        return this;
    }

    @Override
    public Clock clock() {
        return new Clock() {
            @Override
            public long now() {
                return 0;
            }

            @Override
            public long instructions() {
                return 0;
            }

            @Override
            public long rate() {
                return SECOND;
            }

            @Override
            public Timer timer(String name, Runnable action) {
                throw new AssertionError("the 8259As have no timer");
            }
        };
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
        return List.of(cpu, other).stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void post(Runnable action) {
        throw new AssertionError();
    }

    @Override
    public void reset(Reset kind) {
        throw new AssertionError();
    }

    @Override
    public void stop(Stop stop) {
        throw new AssertionError();
    }

    @Override
    public void report(String text) {
        events.add("report " + text);
    }

    @Override
    public Driver driver(int line, String pin) {
        throw new AssertionError("an interrupt controller drives no line");
    }

    @Override
    public void listen(Sink sink) {
        this.sink = sink;
    }

    @Override
    public boolean level(int line) {
        return levels[line];
    }

    @Override
    public int read(int port, int size) {
        return devices.get(port).read(port, size);
    }

    @Override
    public void write(int port, int size, int value) {
        devices.get(port).write(port, size, value);
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
        return tracing;
    }

    @Override
    public void event(String kind, String text) {
        events.add(kind + " " + text);
    }

    /** A processor of which only INTR is wired. */
    static final class Pin implements Processor {
        private final int index;
        boolean intr;

        Pin(int index) {
            this.index = index;
        }

        @Override
        public void intr(boolean asserted) {
            intr = asserted;
        }

        @Override
        public String name() {
            return "cpu" + index;
        }

        @Override
        public String model() {
            return "pin";
        }

        @Override
        public int index() {
            return index;
        }

        @Override
        public void attach(Board board) { }

        @Override
        public void reset(Reset kind) { }

        @Override
        public State save() {
            throw new AssertionError();
        }

        @Override
        public void restore(State state) { }

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
        public void nmi() { }

        @Override
        public void init() { }

        @Override
        public void startup(int vector) { }

        @Override
        public void a20(boolean enabled) { }

        @Override
        public void enter(EntryState state) { }
    }
}
