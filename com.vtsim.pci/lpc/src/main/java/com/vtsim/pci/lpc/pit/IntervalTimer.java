package com.vtsim.pci.lpc.pit;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
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
public final class IntervalTimer implements Part, PortDevice {
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

    IntervalTimer(String name) {
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

    /** Brings counter 0 up to now, puts OUT on the wire and sets the alarm to the next pulse that may change it. */
    private void drive() {
        Counter counter = counters[0];
        counter.advance(pulses());
        irq0.set(counter.out());
        long quiet = counter.quiet();
        if (quiet == Counter.FOREVER) {
            alarm.cancel();
        } else {
            alarm.at(Clock.nanosFor(counter.pulse() + quiet + 1, FREQUENCY));
        }
    }

    @Override
    public int read(int port, int size) {
        if (port == PORT_B) {
            long now = pulses();
            counters[2].advance(now);
            return portB | (now / REFRESH % 2 != 0 ? 0x10 : 0) | (counters[2].out() ? 0x20 : 0);
        }
        if (port == CONTROL) {
            return 0xFF;
        }
        Counter counter = counters[port & 3];
        counter.advance(pulses());
        return counter.read();
    }

    @Override
    public void write(int port, int size, int value) {
        long now = pulses();
        if (port == PORT_B) {
            portB = value & 0x0F;
            counters[2].advance(now);
            counters[2].gate((value & 1) != 0);
        } else if (port == CONTROL) {
            control(value & 0xFF, now);
        } else {
            Counter counter = counters[port & 3];
            counter.advance(now);
            counter.write(value & 0xFF);
        }
        drive();
    }

    private void control(int word, long now) {
        if (word >> 6 < 3) {
            Counter counter = counters[word >> 6];
            counter.advance(now);
            if ((word & 0x30) == 0) {
                counter.latch();
            } else {
                counter.control(word);
            }
            return;
        }
        for (int i = 0; i < 3; i++) {
            if ((word >> 1 + i & 1) != 0) {
                counters[i].advance(now);
                if ((word & 0x20) == 0) {
                    counters[i].latch();
                }
                if ((word & 0x10) == 0) {
                    counters[i].latchStatus();
                }
            }
        }
    }

    /** @return a line for each counter, for the operator; machine thread only */
    public List<String> registers() {
        for (Counter counter : counters) {
            counter.advance(pulses());
        }
        return List.of("counter 0 = " + counters[0].describe(), "counter 1 = " + counters[1].describe(),
                "counter 2 = " + counters[2].describe(), "port 61h = " + Integer.toHexString(portB));
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
