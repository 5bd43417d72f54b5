package com.vtsim.benchmarks;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.Upstream;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import com.vtsim.vtd.RemappingHardware;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a device's request costs on its way through the bus and the remapping unit. */
@org.openjdk.jmh.annotations.State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RemappingBenchmark {
    private static final long UNIT = 0xFED9_0000L;
    private static final long ROOT = 0x10_0000;
    private static final long CONTEXT = 0x10_1000;
    private static final long TABLE = 0x10_2000;
    private static final long INTERRUPTS = 0x12_0000;
    private static final long BUFFER = 0x40_0000;
    private static final int DEVICE = 0x28;
    /** More than the IOTLB holds. */
    private static final int PAGES = 2048;
    private static final int CHUNK = 4096;
    private static final long SET_ROOT = 0x4000_0000L;
    private static final long TRANSLATE = 0x8000_0000L;
    private static final long SET_INTERRUPTS = 0x0100_0000L;
    private static final long REMAP = 0x0200_0000L;

    /** Remapping: off, with a page that the IOTLB has, with pages that it never has. */
    @Param({"off", "hit", "miss"})
    public String remapping;

    private final byte[] data = new byte[CHUNK];
    private final Endpoint device = new Endpoint();
    private Backplane board;
    private int page;
    private int mask;
    private long base;
    private long messages;

    /** A function that sends requests; takes no messages but its own board's. */
    private static final class Endpoint implements PciFunction, MessageTarget {
        private Upstream upstream;
        private long messages;

        private record Nothing() { }

        @Override
        public PciAddress address() {
            return PciAddress.of(DEVICE);
        }

        @Override
        public int configRead(int offset, int size) {
            return offset == 4 ? 6 : 0;
        }

        @Override
        public void configWrite(int offset, int size, int value) { }

        @Override
        public void message(long address, int value) {
            messages++;
        }

        @Override
        public String name() {
            return "endpoint";
        }

        @Override
        public String model() {
            return "endpoint";
        }

        @Override
        public void attach(Board newBoard) {
            upstream = newBoard.find(PciHost.class).map(host -> host.upstream(this)).orElse(null);
        }

        @Override
        public void reset(Reset kind) { }

        @Override
        public State save() {
            return State.of(model(), 1, new Nothing());
        }

        @Override
        public void restore(State state) { }
    }

    /** Puts the machine together; while nothing runs, its device may be used from here. */
    @Setup
    public void build() {
        board = Backplane.of("bench", 64 << 20);
        for (Part part : new Part[] {new HostBridge("host", "q35", "1af4:1100"), new RemappingHardware("vtd0", "server"), device}) {
            board.add(part);
        }
        MemorySpace memory = board.memory();
        memory.write(ROOT, 8, CONTEXT | 1);
        memory.write(CONTEXT + DEVICE * 16, 8, TABLE | 1);
        memory.write(CONTEXT + DEVICE * 16 + 8, 8, 1 << 8 | 1);
        memory.write(TABLE, 8, TABLE + 0x1000 | 3);
        for (int each = 0; each < PAGES; each++) {
            memory.write(TABLE + 0x1000 + each / 512 * 8, 8, TABLE + 0x2000 + each / 512 * 0x1000 | 3);
            memory.write(TABLE + 0x2000 + each * 8L, 8, BUFFER + each * 0x1000L | 3);
        }
        for (int each = 0; each < 2048; each++) {
            memory.write(INTERRUPTS + each * 16L, 8, 0x31_0001);
            memory.write(INTERRUPTS + each * 16L + 8, 8, 1 << 18 | DEVICE);
        }
        memory.write(UNIT + 0x20, 8, ROOT);
        memory.write(UNIT + 0xB8, 8, INTERRUPTS | 10);
        if (!remapping.equals("off")) {
            memory.write(UNIT + 0x18, 4, SET_ROOT);
            memory.write(UNIT + 0x18, 4, TRANSLATE | SET_INTERRUPTS);
            memory.write(UNIT + 0x18, 4, TRANSLATE | REMAP);
        }
        base = remapping.equals("off") ? BUFFER : 0;
        messages = remapping.equals("off") ? 0xFEE0_0000L : 0xFEE0_0010L;
        mask = remapping.equals("miss") ? PAGES - 1 : 0;
    }

    /** Takes it apart. */
    @TearDown
    public void close() {
        board.close();
    }

    /** 4 KiB into memory. */
    @Benchmark
    public boolean writePage() {
        page = page + 1 & mask;
        return device.upstream.write(address(), data, 0, CHUNK);
    }

    /** 8 bytes from memory: what is not copying. */
    @Benchmark
    public boolean readWord() {
        page = page + 1 & mask;
        return device.upstream.read(address(), data, 0, 8);
    }

    private long address() {
        return base + page * 0x1000L;
    }

    /** A message-signalled interrupt; the interrupt-entry cache has 256 entries. */
    @Benchmark
    public boolean message() {
        page = page + 1 & mask;
        return device.upstream.message(messages | page << 5, 0);
    }
}
