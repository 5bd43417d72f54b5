package com.vtsim.benchmarks;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.cpu.X86Processor;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import com.vtsim.pci.nvme.NvmeController;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Commands through the NVMe controller, the guest halted meanwhile: what the controller, its DMA and the host's page cache take. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DiskBenchmark {
    private static final long BAR = 0xC000_0000L;
    private static final long ADMIN = 0x10_0000;
    private static final long SUBMISSIONS = 0x12_0000;
    private static final long COMPLETIONS = 0x13_0000;
    private static final long LIST = 0x14_0000;
    private static final long DATA = 0x20_0000;
    private static final int ENTRIES = 64;
    private static final int BATCH = 32;
    private static final int WRITE = 1;
    private static final int READ = 2;
    private static final int BLOCK = 512;

    /** KiB of a command. */
    @Param({"4", "128"})
    public int size;

    private Backplane board;
    private MemorySpace memory;
    private Path disk;
    private int at;

    /** Puts the machine together: a controller with one pair of queues, a page list that all commands use. */
    @Setup
    public void build() throws IOException, InterruptedException {
        disk = Files.createTempFile("vtsim", ".disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.write(new byte[16 << 20]);
        }
        board = Backplane.of("bench", 16 << 20);
        board.add(new X86Processor("cpu0", 0));
        board.add(new HostBridge("host", "q35", "1af4:1100"));
        NvmeController nvme = new NvmeController("nvme0", "00:04.0", "bench", BLOCK, disk.toString());
        board.add(nvme);
        Path halt = Files.write(Files.createTempFile("vtsim", ".bin"), new byte[] {(byte) 0xFA, (byte) 0xF4});
        board.load("flat", halt, Map.of("address", "0x7000"));
        Files.delete(halt);
        memory = board.memory();
        board.call(() -> {
            nvme.configWrite(0x10, 4, (int) BAR);
            nvme.configWrite(0x04, 2, 6);
            put(0x24, 4, 0x000F_000F);
            put(0x28, 8, ADMIN);
            put(0x30, 8, ADMIN + 0x1000);
            put(0x14, 4, 0x0046_0001);
            command(ADMIN, 0x05, 0, COMPLETIONS, ENTRIES - 1 << 16 | 1, 1, 0);
            command(ADMIN + 64, 0x01, 0, SUBMISSIONS, ENTRIES - 1 << 16 | 1, 1 << 16 | 1, 0);
            put(0x1000, 4, 2);
            for (int i = 0; i < 32; i++) {
                memory.write(LIST + 8 * i, 8, DATA + 4096L * (i + 1));
            }
            return null;
        });
        pass();
    }

    private void put(int offset, int width, long value) {
        memory.write(BAR + offset, width, value);
    }

    private void command(long where, int opcode, int namespace, long prp1, int dword10, int dword11, int dword12) {
        memory.write(where, 4, opcode);
        memory.write(where + 4, 4, namespace);
        memory.write(where + 24, 8, prp1);
        memory.write(where + 32, 8, LIST);
        memory.write(where + 40, 4, dword10);
        memory.write(where + 44, 4, dword11);
        memory.write(where + 48, 4, dword12);
    }

    private void pass() throws InterruptedException {
        board.run(new RunLimits(Long.MAX_VALUE, 200_000, null));
    }

    /** Takes it apart. */
    @TearDown
    public void close() throws IOException {
        board.close();
        Files.delete(disk);
    }

    private long batch(int opcode) throws InterruptedException {
        int blocks = size * 1024 / BLOCK;
        for (int i = 0; i < BATCH; i++) {
            command(SUBMISSIONS + 64L * ((at + i) % ENTRIES), opcode, 1, DATA, i * blocks, 0, blocks - 1);
        }
        at = (at + BATCH) % ENTRIES;
        put(0x1008, 4, at);
        pass();
        put(0x100C, 4, at);
        return memory.read(COMPLETIONS + 16L * ((at + ENTRIES - 1) % ENTRIES) + 12, 4);
    }

    /** Commands a second. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long read() throws InterruptedException {
        return batch(READ);
    }

    /** Commands a second. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long write() throws InterruptedException {
        return batch(WRITE);
    }
}
