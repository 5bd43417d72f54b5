package com.vtsim.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Whole guests on the interpreter; the second figure of each is guest instructions per second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class InterpreterBenchmark {
    /** Shorter than a comparison's runs. */
    private static final int PART = 50;

    /** Which program. */
    @Param({"INTEGER", "COPY", "SIEVE", "CALLS"})
    public Guest guest;

    private Bench machine;

    /** Instructions of the guest, beside operations. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Retired {
        /** By the runs so far. */
        public long instructions;
    }

    /** Puts the machine together. */
    @Setup
    public void build() {
        machine = new Bench(guest.rom(Math.max(1, guest.rounds / PART)));
    }

    /** Takes it apart. */
    @TearDown
    public void close() {
        machine.close();
    }

    /** From power-on to the guest's end. */
    @Benchmark
    public long run(Retired retired) throws InterruptedException {
        long count = machine.run();
        retired.instructions += count;
        return count;
    }
}
