package com.vtsim.irq.i8259;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Tracer;
import java.util.ArrayList;
import java.util.List;

/**
 * The numbers by which a trace follows interrupts from pin or message to their end, and how often each line was delivered. The board keeps them, so that
 * they go on when another controller takes the seat. No state of the machine: guests cannot see them, digests and snapshots do not have them.
 */
public final class InterruptNumbers {
    /** Deliveries of one line in a {@link #WINDOW} that make a storm: a hundred thousand a second. */
    public static final int STORM = 1000;
    /** Virtual nanoseconds. */
    public static final long WINDOW = 10_000_000;

    private static final String RAISE = "irq.raise";
    private static final String STORMS = "irq.storm";

    private final Tracer tracer;
    private final Clock clock;
    private final long[] last;
    private final long[] raised;
    private final long[] serving;
    private final long[] counts;
    private final long[] storms;
    private final long[] windows;
    private final long[] inWindow;
    private final long[] spurious;

    /** @param clock virtual time */
    public InterruptNumbers(Tracer tracer, Clock clock) {
        this.tracer = tracer;
        this.clock = clock;
        last = tracer.numbers("last", 1);
        raised = tracer.numbers("raised", Lines.COUNT);
        serving = tracer.numbers("serving", Lines.COUNT);
        counts = tracer.numbers("counts", Lines.COUNT);
        storms = tracer.numbers("storms", Lines.COUNT);
        windows = tracer.numbers("windows", Lines.COUNT);
        inWindow = tracer.numbers("in window", Lines.COUNT);
        spurious = tracer.numbers("spurious", 1);
    }

    /** @return the number of a new interrupt */
    public long next() {
        return ++last[0];
    }

    /** A line has risen. */
    public void rise(int line) {
        raised[line] = next();
        if (tracer.wants(RAISE)) {
            tracer.event(RAISE, "#" + raised[line] + " line " + line);
        }
    }

    /** @return the number of a line's latest interrupt */
    public long raised(int line) {
        return raised[line];
    }

    /** @return the number of a line's interrupt that the 8259A has in service */
    long serving(int line) {
        return serving[line];
    }

    /** A line's interrupt is on its way to a processor. */
    public void delivered(int line) {
        counts[line]++;
        long now = clock.now();
        if (now - windows[line] >= WINDOW) {
            windows[line] = now;
            inWindow[line] = 0;
        }
        if (++inWindow[line] == STORM) {
            storms[line]++;
            if (tracer.wants(STORMS)) {
                tracer.event(STORMS, "line " + line + ": " + STORM + " interrupts in " + (now - windows[line]) / 1000 + " us");
            }
        }
    }

    void acknowledged(int line) {
        serving[line] = raised[line];
        delivered(line);
    }

    void spurious() {
        spurious[0]++;
    }

    /** @return in words, lines that have interrupted, with their storms, and the 8259As' spurious interrupts */
    public List<String> describe() {
        List<String> words = new ArrayList<>();
        for (int line = 0; line < Lines.COUNT; line++) {
            if (counts[line] > 0) {
                words.add("line " + line + ": " + counts[line] + " interrupts" + (storms[line] == 0 ? "" : ", " + storms[line] + " storms"));
            }
        }
        if (spurious[0] > 0) {
            words.add("8259A: " + spurious[0] + " spurious interrupts");
        }
        return words;
    }
}
