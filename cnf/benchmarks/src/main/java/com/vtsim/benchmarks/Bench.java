package com.vtsim.benchmarks;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.cpu.X86Processor;
import com.vtsim.ept.EptUnit;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.testdev.TestDevices;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A machine with one processor, 16 MiB of RAM and an exit port. */
final class Bench implements AutoCloseable {
    private static final long MEMORY = 16 << 20;

    final Backplane board = Backplane.of("bench", MEMORY);
    private X86Processor processor = new X86Processor("cpu0", 0);

    Bench(byte[] rom) {
        board.add(new EptUnit("ept"));
        board.add(processor);
        board.add(new TestDevices("test"));
        try {
            Path file = Files.createTempFile("vtsim", ".rom");
            try {
                Files.write(file, rom);
                board.load("rom", file, Map.of());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Power on, until the guest ends. @return instructions it took */
    long run() throws InterruptedException {
        board.reset(Reset.COLD);
        long before = board.status().instructions();
        Stop stop = board.run(RunLimits.NONE);
        if (stop.cause() != Stop.Cause.POWER_OFF) {
            throw new IllegalStateException("the guest did not end: " + stop + board.status().reports());
        }
        return board.status().instructions() - before;
    }

    /** What the machine's thread has taken of the host's processor. */
    long processorNanos() {
        return board.call(() -> ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());
    }

    /** One processor leaves, another takes its place and state. */
    void swap() {
        board.remove(processor);
        processor = new X86Processor("cpu0", 0);
        board.add(processor);
        if (!board.part("cpu0").orElseThrow().carried().equals("state")) {
            throw new IllegalStateException("the state was not carried over");
        }
    }

    @Override
    public void close() {
        board.close();
    }
}
