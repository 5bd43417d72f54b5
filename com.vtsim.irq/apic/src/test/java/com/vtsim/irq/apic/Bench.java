package com.vtsim.irq.apic;

import com.vtsim.api.machine.BenchLines;
import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.NoMemory;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A board for APICs: processors of which there are only pins, lines and time in a test's hand, and who executes. */
final class Bench extends BenchLines {
    static final long LOCAL = 0xFEE0_0000L;

    final List<Pins> cpus;
    ApicController irq;
    /** The processor that executes. */
    int running;
    private final Map<String, long[]> kept = new HashMap<>();
    private final Map<Long, MmioDevice> windows = new HashMap<>();
    private final Space space = new Space();

    Bench(int processors) {
        this(processors, new ApicController("irq", false));
    }

    Bench(int processors, ApicController controller) {
        this(IntStream.range(0, processors).mapToObj(Pins::new).toList(), controller);
    }

    private Bench(List<Pins> cpus, ApicController controller) {
        super(cpus);
        this.cpus = cpus;
        plug(controller);
    }

    /** Attaches a controller in place of the present one, as the machine does. */
    Bench plug(ApicController controller) {
        irq = controller;
        windows.clear();
        attach(controller);
        return this;
    }

    /** A controller that takes over what the present one leaves. */
    Bench swapped() {
        ApicController next = new ApicController("irq", false);
        next.restore(irq.save());
        return plug(next);
    }

    /** Enables every local APIC by software, spurious vector FFh. */
    Bench enabled() {
        for (int i = 0; i < cpus.size(); i++) {
            set(i, ApicRegister.SVR, 0x1FF);
        }
        return this;
    }

    // Guests

    long get(int cpu, ApicRegister register) {
        running = cpu;
        return read(LOCAL + register.layout().offset(), 4);
    }

    void set(int cpu, ApicRegister register, long value) {
        running = cpu;
        write(LOCAL + register.layout().offset(), 4, value);
    }

    /** Sends an IPI through xAPIC registers. */
    void ipi(int cpu, int destination, int low) {
        set(cpu, ApicRegister.ICR_HIGH, (long) destination << 24);
        set(cpu, ApicRegister.ICR_LOW, low);
    }

    /** @return the vector a processor takes, or -1 if INTR is not asserted */
    int take(int cpu) {
        return cpus.get(cpu).intr ? irq.acknowledge(cpu) : -1;
    }

    void eoi(int cpu) {
        set(cpu, ApicRegister.EOI, 0);
    }

    /** Reads a register of the I/O APIC. */
    int io(int index) {
        write(IoApic.BASE, 4, index);
        return (int) read(IoApic.BASE + 0x10, 4);
    }

    void io(int index, int value) {
        write(IoApic.BASE, 4, index);
        write(IoApic.BASE + 0x10, 4, value & 0xFFFF_FFFFL);
    }

    /** Writes a redirection entry. */
    void route(int input, int low, int destination) {
        io(0x11 + 2 * input, destination << 24);
        io(0x10 + 2 * input, low);
    }

    boolean remoteIrr(int input) {
        return (io(0x10 + 2 * input) >> 14 & 1) != 0;
    }

    /** Programs the 8259As as firmware does: vectors 08h and 70h, everything open. */
    void legacy() {
        out(0x20, 0x11);
        out(0x21, 0x08);
        out(0x21, 0x04);
        out(0x21, 0x01);
        out(0xA0, 0x11);
        out(0xA1, 0x70);
        out(0xA1, 0x02);
        out(0xA1, 0x01);
        out(0x21, 0);
        out(0xA1, 0);
    }

    void pulse(int line) {
        raise(line);
        lower(line);
    }

    long read(long hpa, int size) {
        MmioDevice device = windows.get(hpa & -4096L);
        return device == null ? -1L >>> 64 - 8 * size : device.read((int) hpa & 0xFFF, size) & -1L >>> 64 - 8 * size;
    }

    void write(long hpa, int size, long value) {
        MmioDevice device = windows.get(hpa & -4096L);
        if (device != null) {
            device.write((int) hpa & 0xFFF, size, value);
        }
    }

    // Board

    @Override
    public Processor running() {
        return running < 0 ? null : cpus.get(running);
    }

    @Override
    public MemorySpace memory() {
        return space;
    }

    @Override
    public long[] numbers(String of, int length) {
        return kept.computeIfAbsent(of, name -> new long[length]);
    }

    @Override
    public long instructions() {
        return now();
    }

    private final class Space extends NoMemory {
        @Override
        public Registration map(long base, long length, MmioDevice device) {
            windows.put(base, device);
            return () -> windows.remove(base, device);
        }

        @Override
        public long read(long hpa, int size) {
            return Bench.this.read(hpa, size);
        }

        @Override
        public void write(long hpa, int size, long value) {
            Bench.this.write(hpa, size, value);
        }

        @Override
        public MemoryPage page(long hpa) {
            return null;
        }
    }
}
