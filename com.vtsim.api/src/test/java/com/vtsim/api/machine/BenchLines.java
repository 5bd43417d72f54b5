package com.vtsim.api.machine;

import java.util.List;

/** A bench for interrupt controllers: lines that a test drives by hand. */
public class BenchLines extends BenchBoard {
    private final boolean[] levels = new boolean[COUNT];
    private Sink sink;

    /** @param processors what the controller finds on the board */
    public BenchLines(List<? extends Processor> processors) {
        super(processors);
    }

    /** Attaches a part as the machine does: then it hears the level of every line, low ones first. @return the part */
    public <P extends Part> P attach(P part) {
        sink = null;
        unplug();
        part.attach(this);
        for (int i = 0; i < 2 * COUNT; i++) {
            if (sink != null && levels[i % COUNT] == i >= COUNT) {
                sink.line(i % COUNT, i >= COUNT);
            }
        }
        return part;
    }

    /** Drives a line. */
    public final void line(int line, boolean level) {
        if (levels[line] != level) {
            levels[line] = level;
            if (sink != null) {
                sink.line(line, level);
            }
        }
    }

    /** Drives a line high. */
    public final void raise(int line) {
        line(line, true);
    }

    /** Drives a line low. */
    public final void lower(int line) {
        line(line, false);
    }

    /** Wants trace events from now on. */
    public final void trace() {
        tracing = true;
    }

    @Override
    public void listen(Sink newSink) {
        sink = newSink;
    }

    @Override
    public boolean level(int line) {
        return levels[line];
    }
}
