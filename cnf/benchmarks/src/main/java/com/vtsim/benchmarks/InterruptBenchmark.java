package com.vtsim.benchmarks;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.cpu.X86Processor;
import com.vtsim.irq.apic.ApicController;
import com.vtsim.irq.pic.InterruptPair;
import com.vtsim.machine.Backplane;
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

/**
 * An interrupt from its source to its end, without the guest: raised on a wire or as a message, acknowledged as the processor does, ended by the
 * write a handler makes. With {@code -prof gc}: nothing is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class InterruptBenchmark {
    private static final int EDGE = 4, LEVEL = 17;
    private static final int MASTER = 0x20;
    private static final long LOCAL = 0xFEE0_0000L, EOI = LOCAL + 0xB0, ICR = LOCAL + 0x300, IO = 0xFEC0_0000L;
    private static final int MESSAGE = 0x51, SELF = 0x4_4052;

    private Backplane machine;
    private InterruptController controller;
    private ApicController apic;
    private MemorySpace memory;
    private PortSpace ports;
    private Lines.Driver edge;
    private Lines.Driver level;

    private void build(InterruptController of) {
        controller = of;
        machine = Backplane.of("bench", 16 << 20);
        machine.add(new X86Processor("cpu0", 0));
        machine.add(of);
        memory = machine.memory();
        ports = machine.ports();
        machine.call(() -> {
            of.asFirmwareLeaves();
            edge = machine.lines().driver(EDGE, "bench");
            level = machine.lines().driver(LEVEL, "bench");
            return null;
        });
    }

    /** The 8259A pair alone, vectors from 20h, everything open. */
    @State(Scope.Thread)
    public static class Pair {
        private final InterruptBenchmark board = new InterruptBenchmark();

        /** Firmware's work. */
        @Setup
        public void build() {
            board.build(new InterruptPair("irq"));
            int[][] words = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}, {0xA0, 0x11}, {0xA1, 0x28}, {0xA1, 2}, {0xA1, 1}, {0x21, 0}, {0xA1, 0}};
            for (int[] word : words) {
                board.ports.write(word[0], 1, word[1]);
            }
        }

        /** Takes it apart. */
        @TearDown
        public void close() {
            board.machine.close();
        }
    }

    /** APICs: input 4 edge-triggered with vector 34h, input 17 level-triggered with 35h. */
    @State(Scope.Thread)
    public static class Apics {
        private final InterruptBenchmark board = new InterruptBenchmark();

        /** Routes. */
        @Setup
        public void build() {
            board.apic = new ApicController("irq", false);
            board.build(board.apic);
            int[][] entries = {{0x18, 0x34}, {0x32, 0x8035}};
            for (int[] entry : entries) {
                board.memory.write(IO, 4, entry[0]);
                board.memory.write(IO + 0x10, 4, entry[1]);
            }
        }

        /** Takes it apart. */
        @TearDown
        public void close() {
            board.machine.close();
        }
    }

    private int taken(int expected) {
        int vector = controller.acknowledge(0);
        if (vector != expected) {
            throw new IllegalStateException("vector " + Integer.toHexString(vector) + "h");
        }
        return vector;
    }

    /** A line rises and falls; the request waits already. */
    @Benchmark
    public void raiseOn8259(Pair pair) {
        pair.board.edge.set(true);
        pair.board.edge.set(false);
    }

    /** A line rises, the processor acknowledges, the line falls, the handler ends it. */
    @Benchmark
    public int wholeOn8259(Pair pair) {
        InterruptBenchmark b = pair.board;
        b.edge.set(true);
        int vector = b.taken(0x20 + EDGE);
        b.edge.set(false);
        b.ports.write(MASTER, 1, 0x20);
        return vector;
    }

    /** A message whose vector is requested already. */
    @Benchmark
    public void raiseMessage(Apics apics) {
        apics.board.apic.message(LOCAL, MESSAGE);
    }

    /** A message, acknowledged and ended. */
    @Benchmark
    public int wholeMessage(Apics apics) {
        InterruptBenchmark b = apics.board;
        b.apic.message(LOCAL, MESSAGE);
        int vector = b.taken(MESSAGE);
        b.memory.write(EOI, 4, 0);
        return vector;
    }

    /** An edge on an input of the I/O APIC, acknowledged and ended. */
    @Benchmark
    public int wholeEdge(Apics apics) {
        InterruptBenchmark b = apics.board;
        b.edge.set(true);
        int vector = b.taken(0x34);
        b.edge.set(false);
        b.memory.write(EOI, 4, 0);
        return vector;
    }

    /** A level on an input of the I/O APIC, acknowledged and ended by an EOI message that clears remote IRR. */
    @Benchmark
    public int wholeLevel(Apics apics) {
        InterruptBenchmark b = apics.board;
        b.level.set(true);
        int vector = b.taken(0x35);
        b.level.set(false);
        b.memory.write(EOI, 4, 0);
        return vector;
    }

    /** An interprocessor interrupt to itself through the ICR, acknowledged and ended. */
    @Benchmark
    public int wholeInterprocessor(Apics apics) {
        InterruptBenchmark b = apics.board;
        b.memory.write(ICR, 4, SELF);
        int vector = b.taken(0x52);
        b.memory.write(EOI, 4, 0);
        return vector;
    }
}
