package com.vtsim.machine;

import com.vtsim.api.machine.TraceEvent;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The recorder of trace events: the last 100,000. */
final class Trace {
    private static final int MOST = 100_000;

    private final VirtualClock clock;
    private final ArrayDeque<TraceEvent> events = new ArrayDeque<>();
    private final Map<String, long[]> numbers = new HashMap<>();
    private List<String> kinds = List.of();
    private boolean muted;
    /** Whether accesses to ports and registers are recorded; read on every access. */
    boolean accesses;

    Trace(VirtualClock clock) {
        this.clock = clock;
    }

    void kinds(List<String> prefixes) {
        kinds = List.copyOf(prefixes);
        accesses = wants("port.read") || wants("port.write") || wants("mmio.read") || wants("mmio.write");
    }

    /** Records nothing for a while. */
    void mute(boolean now) {
        muted = now;
    }

    boolean wants(String kind) {
        if (muted) {
            return false;
        }
        for (int i = 0; i < kinds.size(); i++) {
            if (kind.startsWith(kinds.get(i))) {
                return true;
            }
        }
        return false;
    }

    void event(String part, String kind, String text) {
        if (wants(kind)) {
            record(part, kind, text);
        }
    }

    /** Records whatever kinds are asked for. */
    void record(String part, String kind, String text) {
        if (events.size() == MOST) {
            events.removeFirst();
        }
        events.addLast(new TraceEvent(clock.instructions(), clock.now(), part, kind, text));
    }

    void access(String part, String kind, long address, int size, long value) {
        if (wants(kind)) {
            record(part, kind, "%x %d bytes %x".formatted(address, size, value));
        }
    }

    /** @return what {@link com.vtsim.api.machine.Tracer#numbers} promises to a part */
    long[] numbers(String part, String of, int length) {
        return numbers.computeIfAbsent(part + " " + of, key -> new long[length]);
    }

    List<TraceEvent> events() {
        return List.copyOf(events);
    }
}
