package com.vtsim.irq.apic;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.Tracer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A board for APICs: processors of which there are only pins, lines and time in a test's hand, and who executes. */
final class Bench implements Board, Lines, PortSpace, Tracer, Clock {
    static final long LOCAL = 0xFEE0_0000L;

    final List<String> events = new ArrayList<>();
    final List<Pins> cpus = new ArrayList<>();
    ApicController irq;
    /** The processor that executes. */
    int running;
    private final Map<String, long[]> kept = new HashMap<>();
    private final Map<Long, MmioDevice> windows = new HashMap<>();
    private final Map<Integer, PortDevice> devices = new HashMap<>();
    private final List<Alarm> alarms = new ArrayList<>();
    private final boolean[] levels = new boolean[COUNT];
    private final Space space = new Space();
    private boolean tracing;
    private Sink sink;
    private long now;

    Bench(int processors) {
        this(processors, new ApicController("irq", false));
    }

    Bench(int processors, ApicController controller) {
        for (int i = 0; i < processors; i++) {
            cpus.add(new Pins(i));
        }
        attach(controller);
    }

    /** Attaches a controller in place of the present one, as the machine does. */
    Bench attach(ApicController controller) {
        irq = controller;
        sink = null;
        devices.clear();
        windows.clear();
        alarms.clear();
        controller.attach(this);
        for (int i = 0; i < 2 * COUNT; i++) {
            if (sink != null && levels[i % COUNT] == i >= COUNT) {
                sink.line(i % COUNT, i >= COUNT);
            }
        }
        return this;
    }

    /** A controller that takes over what the present one leaves. */
    Bench swapped() {
        ApicController next = new ApicController("irq", false);
        next.restore(irq.save());
        return attach(next);
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

    int in(int port) {
        return read(port, 1);
    }

    void out(int port, int value) {
        write(port, 1, value);
    }

    void line(int line, boolean level) {
        if (levels[line] != level) {
            levels[line] = level;
            sink.line(line, level);
        }
    }

    void raise(int line) {
        line(line, true);
    }

    void lower(int line) {
        line(line, false);
    }

    void pulse(int line) {
        raise(line);
        lower(line);
    }

    /** Lets time pass, and what is due happen. */
    void pass(long nanos) {
        long until = now + nanos;
        while (true) {
            Alarm next = alarms.stream().min(Comparator.comparingLong(a -> a.due)).orElse(null);
            if (next == null || next.due > until) {
                now = until;
                return;
            }
            now = Math.max(now, next.due);
            next.due = Long.MAX_VALUE;
            next.action.run();
        }
    }

    void trace() {
        tracing = true;
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
    public String machine() {
        return "bench";
    }

    @Override
    public MemorySpace memory() {
        return space;
    }

    @Override
    public PortSpace ports() {
        return this;
    }

    @Override
    public Clock clock() {
        return this;
    }

    @Override
    public Lines lines() {
        return this;
    }

    @Override
    public Tracer tracer() {
        return this;
    }

    @Override
    public <T> Optional<T> find(Class<T> type) {
        return findAll(type).stream().findFirst();
    }

    @Override
    public <T> List<T> findAll(Class<T> type) {
        return cpus.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void post(Runnable action) {
        throw new AssertionError();
    }

    @Override
    public void reset(Reset kind) {
        throw new AssertionError();
    }

    @Override
    public void stop(Stop stop) {
        throw new AssertionError();
    }

    @Override
    public void report(String text) {
        events.add("report " + text);
    }

    @Override
    public Driver driver(int line, String pin) {
        throw new AssertionError("an interrupt controller drives no line");
    }

    @Override
    public void listen(Sink newSink) {
        sink = newSink;
    }

    @Override
    public boolean level(int line) {
        return levels[line];
    }

    @Override
    public int read(int port, int size) {
        return devices.get(port).read(port, size);
    }

    @Override
    public void write(int port, int size, int value) {
        devices.get(port).write(port, size, value);
    }

    @Override
    public Registration map(int base, int length, int width, PortDevice device) {
        for (int i = 0; i < length; i++) {
            devices.put(base + i, device);
        }
        return () -> { };
    }

    @Override
    public List<Range> ranges() {
        return List.of();
    }

    @Override
    public boolean wants(String kind) {
        return tracing;
    }

    @Override
    public long[] numbers(String of, int length) {
        return kept.computeIfAbsent(of, name -> new long[length]);
    }

    @Override
    public void event(String kind, String text) {
        events.add(kind + " " + text);
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public long instructions() {
        return now;
    }

    @Override
    public long rate() {
        return SECOND;
    }

    @Override
    public Timer timer(String name, Runnable action) {
        Alarm alarm = new Alarm(action);
        alarms.add(alarm);
        return alarm;
    }

    private static final class Alarm implements Timer {
        private final Runnable action;
        private long due = Long.MAX_VALUE;

        Alarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void at(long nanos) {
            due = nanos;
        }

        @Override
        public void cancel() {
            due = Long.MAX_VALUE;
        }

        @Override
        public long deadline() {
            return due;
        }
    }

    private final class Space implements MemorySpace {
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
        public void read(long hpa, byte[] into, int offset, int length) {
            throw new AssertionError();
        }

        @Override
        public void write(long hpa, byte[] from, int offset, int length) {
            throw new AssertionError();
        }

        @Override
        public MemoryPage page(long hpa) {
            return null;
        }

        @Override
        public Registration mapRom(long base, byte[] image) {
            throw new AssertionError();
        }

        @Override
        public Registration mapRam(long base, byte[] content) {
            throw new AssertionError();
        }

        @Override
        public void route(long base, long length, boolean readsRam, boolean writesRam) {
            throw new AssertionError();
        }

        @Override
        public long ramSize() {
            return 0;
        }

        @Override
        public List<Region> regions() {
            return List.of();
        }

        @Override
        public Registration observe(MapObserver observer) {
            throw new AssertionError();
        }
    }
}
