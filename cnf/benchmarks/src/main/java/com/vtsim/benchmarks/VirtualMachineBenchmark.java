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

/**
 * The guests of {@link InterpreterBenchmark} without VMX and in a virtual machine with EPT and VPID, and one that does nothing but leave it
 * and enter it again: the second figure is guest instructions per second, or for EXITS round trips.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(1)
public class VirtualMachineBenchmark {
    private static final int PART = 50;

    /** Which program. */
    @Param({"EXITS", "INTEGER", "COPY", "SIEVE", "CALLS"})
    public Guest guest;

    /** Whether it runs in a virtual machine. */
    @Param({"true", "false"})
    public boolean virtual;

    private Bench machine;

    /** What the guest did, beside operations. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Done {
        /** Instructions, or round trips. */
        public long things;
    }

    /** Puts the machine together. */
    @Setup
    public void build() {
        int rounds = Math.max(1, guest.rounds / PART);
        machine = new Bench(virtual || guest == Guest.EXITS ? guest.virtual(rounds) : guest.rom(rounds));
    }

    /** Takes it apart. */
    @TearDown
    public void close() {
        machine.close();
    }

    /** From power-on to the guest's end. */
    @Benchmark
    public long run(Done done) throws InterruptedException {
        long count = machine.run();
        done.things += guest == Guest.EXITS ? guest.rounds / PART : count;
        return count;
    }
}
