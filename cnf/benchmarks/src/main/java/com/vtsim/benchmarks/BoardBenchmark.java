package com.vtsim.benchmarks;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.PortSpace;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What an access costs that leaves the processor's fast path, and what a hand-over does. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BoardBenchmark {
    private static final int LATCHES = 0xE0;
    private static final long DEVICE_MEMORY = 0xFF00_0000L;

    private Bench machine;
    private MemorySpace memory;
    private PortSpace ports;
    private long at;

    /** Puts the machine together; while nothing runs, its spaces may be used from here. */
    @Setup
    public void build() {
        machine = new Bench(Guest.NOTHING.rom(1));
        memory = machine.board.memory();
        ports = machine.board.ports();
    }

    /** Takes it apart. */
    @TearDown
    public void close() {
        machine.close();
    }

    /** RAM, a page after the other. */
    @Benchmark
    public long readRam() {
        at = at + 4104 & 0xF_FFF8;
        return memory.read(at, 8);
    }

    /** RAM, a page after the other. */
    @Benchmark
    public void writeRam() {
        at = at + 4104 & 0xF_FFF8;
        memory.write(at, 8, at);
    }

    /** A device's memory. */
    @Benchmark
    public long readDeviceMemory() {
        at = at + 4104 & 0xFFF8;
        return memory.read(DEVICE_MEMORY + at, 8);
    }

    /** A device's port. */
    @Benchmark
    public int readPort() {
        return ports.read(LATCHES, 4);
    }

    /** A port where nothing is. */
    @Benchmark
    public int readAbsentPort() {
        return ports.read(0x300, 1);
    }

    /** A processor hands over to another: saved, taken away, seated, restored, every part attached afresh. */
    @Benchmark
    public void handOver() {
        machine.swap();
    }
}
