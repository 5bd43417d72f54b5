package com.vtsim.api.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A board for one part: its ports, and time in the test's hand, to the nanosecond; no instruction runs on it. What a part of the kind under test has no
 * business with (memory, lines, resets) fails the test; a bench for a kind of part overrides what that kind uses.
 */
public class BenchBoard implements Board, Clock, Lines, PortSpace, Tracer {
    /** Reports and trace events: {@code report text}, {@code kind text}. */
    public final List<String> events = new ArrayList<>();
    /** Whether trace events are wanted. */
    protected boolean tracing;
    private final List<? extends Processor> processors;
    private final Map<Integer, PortDevice> devices = new HashMap<>();
    private final Map<String, Alarm> timers = new TreeMap<>();
    private long now;

    /** @param processors what parts find on the board */
    public BenchBoard(List<? extends Processor> processors) {
        this.processors = processors;
    }

    private static AssertionError unexpected(String what) {
        return new AssertionError("a part of this kind " + what);
    }

    /** Forgets what a part has mapped and scheduled, for a successor to be attached. */
    protected void unplug() {
        devices.clear();
        timers.clear();
    }

    /** Lets virtual time come to {@code nanos}; what is due happens in order. */
    public final void until(long nanos) {
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

    /** Lets some time pass, and what is due happen. */
    public final void pass(long nanos) {
        until(now + nanos);
    }

    /** Lets some time pass without any timer: a device whose timers do not run on time must still tell the truth when asked. */
    public final void skip(long nanos) {
        now += nanos;
    }

    /** @return when the next timer is due, in nanoseconds; {@link Long#MAX_VALUE}: none is set */
    public final long due() {
        return timers.values().stream().mapToLong(Alarm::deadline).min().orElse(Long.MAX_VALUE);
    }

    /** @return a byte read from a port */
    public final int in(int port) {
        return read(port, 1);
    }

    /** Writes a byte to a port. */
    public final void out(int port, int value) {
        write(port, 1, value);
    }

    @Override
    public String machine() {
        return "bench";
    }

    @Override
    public MemorySpace memory() {
        return new NoMemory();
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
        throw unexpected("posts nothing");
    }

    @Override
    public void reset(Reset kind) {
        throw unexpected("resets nothing");
    }

    @Override
    public void stop(Stop stop) {
        throw unexpected("stops no machine");
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
        return SECOND;
    }

    @Override
    public Timer timer(String name, Runnable action) {
        Alarm alarm = new Alarm(action);
        timers.put(name, alarm);
        return alarm;
    }

    @Override
    public Driver driver(int line, String pin) {
        throw unexpected("drives no line");
    }

    @Override
    public void listen(Sink sink) {
        throw unexpected("hears no line");
    }

    @Override
    public boolean level(int line) {
        throw unexpected("asks for no line");
    }

    /** Reads of an empty port give all ones. */
    @Override
    public int read(int port, int size) {
        PortDevice device = devices.get(port);
        return device == null ? 0xFF : device.read(port, size);
    }

    @Override
    public void write(int port, int size, int value) {
        PortDevice device = devices.get(port);
        if (device != null) {
            device.write(port, size, value);
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
        return tracing;
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
}
