package com.vtsim.pci.lpc;

import com.vtsim.api.machine.BenchBoard;
import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.NoMemory;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

/** A board for one legacy device; it notes every change of a line. */
public final class Bench extends BenchBoard {
    /** Resets the device asked for. */
    public final List<Reset> resets = new ArrayList<>();
    /** Every change of a line, {@code time line level}. */
    public final List<String> changes = new ArrayList<>();
    /** What the device finds on the board. */
    public final List<HaltedProcessor> processors;
    private final Map<String, Output> outputs = new HashMap<>();
    private final ConcurrentLinkedQueue<Runnable> posted = new ConcurrentLinkedQueue<>();
    private final List<MemorySpace.Region> regions;
    private final long ram;

    /** A board with 16 MiB of RAM and a processor. */
    public Bench() {
        this(1, 16L << 20, 0);
    }

    /** A board with some processors and RAM below and above 4 GiB. */
    public Bench(int processors, long low, long high) {
        this(IntStream.range(0, processors).mapToObj(HaltedProcessor::new).toList(), low, high);
    }

    private Bench(List<HaltedProcessor> processors, long low, long high) {
        super(processors);
        this.processors = processors;
        tracing = true;
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
        unplug();
        successor.restore(state);
        return attach(successor);
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

    @Override
    public MemorySpace memory() {
        return new Ram();
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
    public Driver driver(int line, String pin) {
        return outputs.computeIfAbsent(line + pin, k -> new Output(line));
    }

    @Override
    public boolean level(int line) {
        return outputs.values().stream().anyMatch(o -> o.line == line && o.level);
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
                changes.add(now() + " " + line + " " + (asserted ? 1 : 0));
            }
        }

        @Override
        public boolean level() {
            return level;
        }
    }

    /** Sizes only. */
    private final class Ram extends NoMemory {
        @Override
        public long ramSize() {
            return ram;
        }

        @Override
        public List<Region> regions() {
            return regions;
        }
    }
}
