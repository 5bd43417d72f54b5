package com.vtsim.pci.lpc.pit;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.pci.lpc.hpet.Hpet;
import com.vtsim.pci.lpc.hpet.LegacySource;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The 8254 of a PC at ports 40h–43h and the port that goes with it, 61h. Counter 0 drives line 0; counter 2 is gated
 * and heard at port 61h. Only counter 0 has an alarm on the clock: the others are worked out when someone looks.
 */
@Component(configurationPid = IntervalTimer.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = Part.class)
public final class IntervalTimer implements Part, PortDevice, LegacySource {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.pit";
    /** {@link #model}. */
    static final String MODEL = "i8254";
    /** CLK of all counters, Hz. */
    static final long FREQUENCY = 1_193_182;

    private static final int VERSION = 1;
    private static final int CONTROL = 0x43;
    private static final int PORT_B = 0x61;
    /** Pulses between two refresh requests: counter 1's count in every PC, about 15 µs. */
    private static final long REFRESH = 18;

    private final String name;
    private final Counter[] counters = {new Counter(), new Counter(), new Counter()};
    private int portB;
    /** The event timer drives line 0 instead: wiring, not state. */
    private boolean displaced;
    private Board board;
    private Clock clock;
    private Lines.Driver irq0;
    private Clock.Timer alarm;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.pit}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "pit";
    }

    /** Made from its configuration. */
    @Activate
    public IntervalTimer(Config config) {
        this(config.vtsim_name());
    }

    /** For machines put together in plain Java. */
    public IntervalTimer(String name) {
        this.name = name;
        powerOn(0);
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
        displaced = board.find(Hpet.class).filter(Hpet::legacyReplacement).isPresent();
        clock = board.clock();
        irq0 = board.lines().driver(0, "OUT0");
        alarm = clock.timer("OUT0", this::drive);
        board.ports().map(0x40, 4, 1, this);
        board.ports().map(PORT_B, 1, 1, this);
        drive();
    }

    @Override
    public void reset(Reset kind) {
        powerOn(board == null ? 0 : pulses());
        if (board != null) {
            drive();
        }
    }

    @Override
    public void displaced(boolean now) {
        displaced = now;
        if (board != null) {
            drive();
        }
    }

    private void powerOn(long pulse) {
        portB = 0;
        for (int i = 0; i < 3; i++) {
            counters[i].reset(i < 2);
            counters[i].advance(pulse);
        }
    }

    private long pulses() {
        return Clock.ticksIn(clock.now(), FREQUENCY);
    }

    /**
     * Brings counter 0 up to now and sets the alarm to the next pulse that may change OUT. Every change on the way reaches
     * the wire: where an instruction takes longer than a pulse, OUT goes low and high again between two of them.
     */
    private void drive() {
        Counter counter = counters[0];
        long now = pulses();
        long next = next(counter);
        while (next <= now) {
            counter.advance(next);
            irq0.set(counter.out() && !displaced);
            next = next(counter);
        }
        counter.advance(now);
        irq0.set(counter.out() && !displaced);
        long due = next == Long.MAX_VALUE ? Long.MAX_VALUE : Clock.nanosFor(next, FREQUENCY);
        if (due == Long.MAX_VALUE) {
            alarm.cancel();
        } else if (due != alarm.deadline()) {
            alarm.at(due);
        }
    }

    private static long next(Counter counter) {
        long quiet = counter.quiet();
        return quiet == Counter.FOREVER ? Long.MAX_VALUE : counter.pulse() + quiet + 1;
    }

    /** Brings a counter up to now. */
    private Counter current(int number) {
        if (number == 0) {
            drive();
        } else {
            counters[number].advance(pulses());
        }
        return counters[number];
    }

    @Override
    public int read(int port, int size) {
        if (port == PORT_B) {
            return portB | (pulses() / REFRESH % 2 != 0 ? 0x10 : 0) | (current(2).out() ? 0x20 : 0);
        }
        if (port == CONTROL) {
            return 0xFF;
        }
        return current(port & 3).read();
    }

    @Override
    public void write(int port, int size, int value) {
        if (port == PORT_B) {
            portB = value & 0x0F;
            current(2).gate((value & 1) != 0);
        } else if (port == CONTROL) {
            control(value & 0xFF);
        } else {
            current(port & 3).write(value & 0xFF);
        }
        drive();
    }

    private void control(int word) {
        if (word >> 6 < 3) {
            Counter counter = current(word >> 6);
            if ((word & 0x30) == 0) {
                counter.latch();
            } else {
                counter.control(word);
            }
            return;
        }
        for (int i = 0; i < 3; i++) {
            if ((word >> 1 + i & 1) != 0) {
                Counter counter = current(i);
                if ((word & 0x20) == 0) {
                    counter.latch();
                }
                if ((word & 0x10) == 0) {
                    counter.latchStatus();
                }
            }
        }
    }

    /** @return a line for each counter, for the operator; machine thread only */
    public List<String> registers() {
        return List.of("counter 0 = " + current(0).describe(), "counter 1 = " + current(1).describe(),
                "counter 2 = " + current(2).describe(), "port 61h = " + Integer.toHexString(portB));
    }

    @Override
    public State save() {
        if (board != null) {
            for (Counter counter : counters) {
                counter.advance(pulses()); // two timers in the same condition save the same, whenever they were last looked at
            }
        }
        return State.of(MODEL, VERSION, new Saved(counters[0].save(), counters[1].save(), counters[2].save(), portB));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, MODEL, VERSION);
        counters[0].restore(saved.counter0);
        counters[1].restore(saved.counter1);
        counters[2].restore(saved.counter2);
        portB = saved.portB;
    }

    /**
     * State of the timer.
     *
     * @param portB bits 3:0 of port 61h as written
     */
    record Saved(Counter.Saved counter0, Counter.Saved counter1, Counter.Saved counter2, int portB) { }
}
