package com.vtsim.pci.lpc.rtc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.pci.lpc.hpet.Hpet;
import com.vtsim.pci.lpc.hpet.LegacySource;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The MC146818 clock of a PC with 256 bytes of battery-backed memory: index and data at 70h/71h, the upper 128 bytes at
 * 72h/73h, both again at 74h–77h. Drives line 8. Section titles are those of Motorola's data sheet "MC146818".
 * <p>
 * Time follows the virtual clock; the registers are brought up to date when someone looks, and an alarm on the clock is
 * set only while an interrupt is enabled and not yet signalled.
 */
@Component(configurationPid = RealTimeClock.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = Part.class)
public final class RealTimeClock implements Part, PortDevice, LegacySource {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.rtc";
    /** {@link #model}. */
    static final String MODEL = "mc146818";
    /** Date and time at virtual time 0 where the configuration says nothing: fixed, so that runs repeat. */
    static final String DEFAULT_BASE = "2026-01-01T00:00:00";

    private static final int VERSION = 1;
    private static final int A = 0x0A;
    private static final int B = 0x0B;
    private static final int C = 0x0C;
    private static final int D = 0x0D;
    private static final int DIVIDER = 0x70;
    private static final int DIVIDER_RUNS = 0x20;
    private static final int UIP = 0x80;
    private static final int SET = 0x80;
    private static final int PIE = 0x40;
    private static final int AIE = 0x20;
    private static final int UIE = 0x10;
    private static final int IRQF = 0x80;
    private static final int PF = 0x40;
    private static final int AF = 0x20;
    private static final int UF = 0x10;
    /** "Update cycle": 1984 µs at 32.768 kHz, and UIP rises 244 µs before it. */
    private static final long UPDATE = 1_984_000;
    private static final long UIP_WINDOW = 244_000 + UPDATE;
    /** "Divider control": the first update cycle begins half a second after the divider is let go. */
    private static final long FIRST_UPDATE = Clock.SECOND / 2 + UPDATE;
    /** Every second of a day: more need not be looked at to find a daily alarm. */
    private static final long DAY = 86_400;

    private final String name;
    private final LocalDateTime start;
    private final byte[] cells = new byte[256];
    private int index;
    private int upper;
    private boolean nmiMasked;
    private boolean filled;
    private int processors;
    private long divider;
    private long updates;
    private long periods;
    private Board board;
    private Clock clock;
    private Lines.Driver irq8;
    /** The event timer drives line 8 instead: wiring, not state. */
    private boolean displaced;
    private Clock.Timer alarm;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.rtc}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "rtc";

        /** Date and time at virtual time 0, ISO 8601 without zone. */
        String rtc_base() default DEFAULT_BASE;
    }

    /** Made from its configuration. */
    @Activate
    public RealTimeClock(Config config) {
        this(config.vtsim_name(), config.rtc_base());
    }

    RealTimeClock(String name, String base) {
        this.name = name;
        try {
            start = LocalDateTime.parse(base).withNano(0);
        } catch (DateTimeException e) {
            throw new OperatorException("rtc.base is '" + base + "', expected a date and time such as " + DEFAULT_BASE, e);
        }
        powerOn();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public void attach(Board board) {
        this.board = board;
        clock = board.clock();
        displaced = board.find(Hpet.class).filter(Hpet::legacyReplacement).isPresent();
        irq8 = board.lines().driver(8, "IRQ#");
        alarm = clock.timer("IRQ#", this::drive);
        board.ports().map(0x70, 8, 1, this);
        describeMachine();
        drive();
    }

    @Override
    public void reset(Reset kind) {
        if (kind == Reset.COLD) {
            powerOn();
            if (board != null) {
                describeMachine();
            }
        } else {
            // "RESET": PIE, AIE, UIE, SQWE, PF, AF, UF and IRQF become 0; the clock and the memory know nothing of it.
            catchUp();
            cells[B] &= (byte) ~(PIE | AIE | UIE | 0x08);
            cells[C] = 0;
            index = 0;
            upper = 0;
            nmiMasked = false;
        }
        if (board != null) {
            drive();
        }
    }

    private void powerOn() {
        Arrays.fill(cells, (byte) 0);
        cells[A] = 0x26;
        cells[B] = 0x02;
        cells[D] = (byte) 0x80;
        index = 0;
        upper = 0;
        nmiMasked = false;
        filled = false;
        processors = 0;
        divider = 0;
        updates = 0;
        periods = 0;
        Calendar.set(cells, start);
    }

    /** Writes what firmware reads, once: afterwards the bytes are the guest's. Processors may come one by one. */
    private void describeMachine() {
        if (!filled) {
            describeMemory();
            filled = true;
        }
        int present = board.findAll(Processor.class).size();
        if (present != processors) {
            processors = present;
            cells[Cmos.CPUS] = (byte) Math.max(0, present - 1);
        }
    }

    private void describeMemory() {
        long low = 0;
        long high = 0;
        for (MemorySpace.Region region : board.memory().regions()) {
            if (!region.kind().equals("ram")) {
                continue;
            }
            if (region.base() < Cmos.FOUR_GIB) {
                low = Math.max(low, Math.min(region.base() + region.length(), Cmos.FOUR_GIB));
            } else {
                high += region.length();
            }
        }
        Cmos.fill(cells, low == 0 ? board.memory().ramSize() : low, high);
    }

    @Override
    public int read(int port, int size) {
        return switch (port & 3) {
            case 0 -> port == 0x74 ? index : 0xFF;
            case 1 -> readCell(index);
            case 2 -> upper;
            default -> cells[0x80 | upper] & 0xFF;
        };
    }

    @Override
    public void write(int port, int size, int value) {
        switch (port & 3) {
            case 0 -> {
                index = value & 0x7F;
                if (port == 0x70) {
                    nmiMasked = (value & 0x80) != 0;
                }
            }
            case 1 -> writeCell(index, value & 0xFF);
            case 2 -> upper = value & 0x7F;
            default -> cells[0x80 | upper] = (byte) value;
        }
    }

    /** @return whether bit 7 of port 70h holds non-maskable interrupts back */
    public boolean nmiMasked() {
        return nmiMasked;
    }

    private int readCell(int cell) {
        catchUp();
        if (cell == A) {
            return cells[A] & 0x7F | (updating() ? UIP : 0);
        }
        int value = cells[cell] & 0xFF;
        if (cell == C) {
            cells[C] = 0;
            drive();
        }
        return value;
    }

    private void writeCell(int cell, int value) {
        catchUp();
        switch (cell) {
            case A -> writeA(value & 0x7F);
            case B -> {
                cells[B] = (byte) ((value & SET) != 0 ? value & ~UIE : value);
                signal();
                drive();
            }
            case C, D -> { }
            default -> {
                cells[cell] = (byte) value;
                if (cell <= 5) {
                    drive();
                }
            }
        }
    }

    private void writeA(int value) {
        boolean ran = runs();
        boolean sameRate = (cells[A] & 0x0F) == (value & 0x0F);
        cells[A] = (byte) value;
        if (!ran && runs()) {
            divider = clock.now() + FIRST_UPDATE - Clock.SECOND;
            updates = 0;
            periods = periodsNow();
        } else if (!sameRate) {
            periods = periodsNow();
        }
        drive();
    }

    private boolean runs() {
        return (cells[A] & DIVIDER) == DIVIDER_RUNS;
    }

    private boolean set() {
        return (cells[B] & SET) != 0;
    }

    private boolean updating() {
        return runs() && !set() && Clock.SECOND - Math.floorMod(clock.now() - divider, Clock.SECOND) <= UIP_WINDOW;
    }

    /** "Periodic interrupt selection", Hz; 0 for none. */
    private int rate() {
        int select = cells[A] & 0x0F;
        return select == 0 ? 0 : select < 3 ? 512 >> select : 65_536 >> select;
    }

    /** Edges of the periodic output since the divider started. */
    private long periodsNow() {
        return rate() == 0 || !runs() ? 0 : Clock.ticksIn(Math.max(0, clock.now() - divider), rate());
    }

    /** Brings time and flags up to now. */
    private void catchUp() {
        if (clock == null || !runs()) {
            return;
        }
        long seconds = Math.max(0, Math.floorDiv(clock.now() - divider, Clock.SECOND));
        if (seconds > updates) {
            if (!set()) {
                update(seconds - updates);
            }
            updates = seconds;
        }
        long now = periodsNow();
        if (now > periods) {
            cells[C] |= PF;
        }
        periods = now;
        signal();
    }

    private void update(long seconds) {
        cells[C] |= UF;
        long looked = Math.min(seconds, DAY);
        // Further back than a day the alarm would have matched the same way.
        Calendar.add(cells, seconds - looked);
        if (seconds > 4 && (cells[C] & AF) != 0) {
            Calendar.add(cells, looked);
            return;
        }
        for (long i = 0; i < looked; i++) {
            Calendar.tick(cells);
            if (Calendar.alarm(cells)) {
                cells[C] |= AF;
            }
        }
    }

    private void signal() {
        int flags = cells[C] & (PF | AF | UF);
        cells[C] = (byte) (flags | ((flags & cells[B]) != 0 ? IRQF : 0));
    }

    @Override
    public void displaced(boolean now) {
        displaced = now;
        if (board != null) {
            drive();
        }
    }

    /** Puts IRQF on the wire and sets the alarm to the next instant that may raise it. */
    private void drive() {
        catchUp();
        boolean asserted = (cells[C] & IRQF) != 0;
        irq8.set(asserted && !displaced);
        long next = Long.MAX_VALUE;
        if (!asserted && runs()) {
            if ((cells[B] & (UIE | AIE)) != 0 && !set()) {
                next = divider + (updates + 1) * Clock.SECOND;
            }
            if ((cells[B] & PIE) != 0 && rate() != 0) {
                next = Math.min(next, divider + Clock.nanosFor(periods + 1, rate()));
            }
        }
        if (next == Long.MAX_VALUE) {
            alarm.cancel();
        } else {
            alarm.at(next);
        }
    }

    /** @return date, time and control registers, for the operator; machine thread only */
    public List<String> registers() {
        catchUp();
        return List.of("time = " + Calendar.text(cells),
                "A = %02x B = %02x C = %02x D = %02x".formatted(cells[A], cells[B], cells[C], cells[D]));
    }

    @Override
    public State save() {
        if (board != null) {
            catchUp(); // two clocks in the same condition save the same, whenever they were last looked at
        }
        return State.of(MODEL, VERSION, new Saved(cells, index, upper, nmiMasked, filled, processors, divider, updates, periods));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, MODEL, VERSION);
        System.arraycopy(saved.cells, 0, cells, 0, cells.length);
        index = saved.index;
        upper = saved.upper;
        nmiMasked = saved.nmiMasked;
        filled = saved.filled;
        processors = saved.processors;
        divider = saved.divider;
        updates = saved.updates;
        periods = saved.periods;
    }

    /**
     * State of the clock.
     *
     * @param cells   registers and memory, 256 bytes
     * @param filled  whether memory size and boot order have been written
     * @param processors the number that has been written
     * @param divider virtual time the divider chain counts from, nanoseconds
     * @param updates seconds of the divider chain that are accounted for
     * @param periods edges of the periodic output that are accounted for
     */
    record Saved(byte[] cells, int index, int upper, boolean nmiMasked, boolean filled, int processors, long divider,
            long updates, long periods) {
        Saved {
            if (cells.length != 256 || (index & ~0x7F) != 0 || (upper & ~0x7F) != 0) {
                throw new IllegalArgumentException("the clock needs 256 bytes and indices below 80h");
            }
        }
    }
}
