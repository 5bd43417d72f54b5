package com.vtsim.irq.pic;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.machine.Tracer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The two cascaded 8259As of a PC: master at ports 20h/21h, slave at A0h/A1h on the master's IR2, trigger modes at
 * 4D0h/4D1h. Lines 0–15 of the board are its inputs but for line 2, the cascade. Drives INTR of processor 0.
 */
@Component(configurationPid = InterruptPair.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, InterruptController.class})
public final class InterruptPair implements InterruptController {
    /** The factory PID. */
    static final String PID = "com.vtsim.irq.pic";
    /** {@link #model}. */
    static final String MODEL = "i8259a";

    private static final int VERSION = 1;
    private static final int CASCADE = 2;
    private static final int LINES = 16;
    private static final int FLOATING = 0xFF;
    /** Inputs of each chip that may be level-triggered: not the timer, the keyboard, the cascade, the clock, the coprocessor. */
    private static final int MASTER_ELCR = 0xF8;
    private static final int SLAVE_ELCR = 0xDE;
    private static final String RAISE = "irq.raise";
    private static final String ACK = "irq.ack";
    private static final String EOI = "irq.eoi";

    private final String name;
    private final I8259a master = new I8259a(true);
    private final I8259a slave = new I8259a(false);
    private Board board;
    private Tracer tracer;
    private Processor processor;
    private boolean intr;
    private boolean adopted;

    /**
     * Configuration of factory PID {@code com.vtsim.irq.pic}.
     */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default PART;
    }

    /** Made from its configuration. */
    @Activate
    public InterruptPair(Config config) {
        this(config.vtsim_name());
    }

    InterruptPair(String name) {
        this.name = name;
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
        tracer = board.tracer();
        processor = null;
        for (Processor p : board.findAll(Processor.class)) {
            if (p.index() == 0) {
                processor = p;
            }
        }
        board.ports().map(0x20, 2, 1, new Ports(master));
        board.ports().map(0xA0, 2, 1, new Ports(slave));
        board.ports().map(0x4D0, 2, 1, new TriggerPorts());
        Lines lines = board.lines();
        for (int line = 0; line < LINES; line++) {
            if (adopted && line != CASCADE) {
                chip(line).settle(line & 7, lines.level(line));
            } else if (!lines.level(line)) {
                // What fell while this controller was away is not told again; what is high still, or rose, is.
                input(line, false);
            }
        }
        adopted = false;
        drive();
        lines.listen(this::line);
        if (processor != null) {
            processor.intr(master.out());
        }
        intr = master.out();
    }

    @Override
    public void reset(Reset kind) {
        master.reset();
        slave.reset();
        if (board != null) {
            for (int line = 0; line < LINES; line++) {
                if (line != CASCADE && board.lines().level(line)) {
                    chip(line).input(line & 7, true);
                }
            }
            drive();
        }
    }

    private void line(int line, boolean level) {
        if (line < LINES && line != CASCADE && level != ((chip(line).input() >> (line & 7) & 1) != 0)) {
            input(line, level);
            if (level && tracer.wants(RAISE)) {
                tracer.event(RAISE, "line " + line);
            }
        }
    }

    private void input(int line, boolean level) {
        if (line != CASCADE) {
            chip(line).input(line & 7, level);
            drive();
        }
    }

    private I8259a chip(int line) {
        return line < 8 ? master : slave;
    }

    private void drive() {
        boolean cascade = slave.out();
        if (cascade != ((master.input() >> CASCADE & 1) != 0)) {
            master.input(CASCADE, cascade);
        }
        if (intr != master.out()) {
            intr = master.out();
            if (processor != null) {
                processor.intr(intr);
            }
        }
    }

    @Override
    public int acknowledge(int processor) {
        int level = master.acknowledge();
        int line = level & 7;
        boolean spurious = level > 7;
        int vector;
        if (master.cascades(line)) {
            vector = FLOATING;
            if (slave.id() == line && slave.initialised()) {
                int below = slave.acknowledge();
                vector = slave.vector(below & 7);
                spurious |= below > 7;
                line = 8 | below & 7;
                // INT has fallen: the next request of the slave is a new edge for the master.
                master.input(CASCADE, false);
                slave.acknowledged();
            }
        } else {
            vector = master.vector(line);
        }
        master.acknowledged();
        drive();
        if (tracer != null && tracer.wants(ACK)) {
            tracer.event(ACK, "line " + line + " vector " + Integer.toHexString(vector) + "h" + (spurious ? " spurious" : ""));
        }
        return vector;
    }

    @Override
    public LocalApicPort localApic(int processor) {
        return null;
    }

    @Override
    public List<Input> inputs() {
        List<Input> inputs = new ArrayList<>(LINES);
        for (int line = 0; line < LINES; line++) {
            I8259a chip = chip(line);
            int ir = line & 7;
            inputs.add(new Input(line, chip.initialised() ? chip.vector(ir) : -1, bit(chip.input(), ir), bit(chip.imr(), ir),
                    bit(chip.irr(), ir), bit(chip.isr(), ir), bit(chip.elcr(), ir)));
        }
        return inputs;
    }

    @Override
    public List<String> registers() {
        return List.of("master = " + master.describe(), "slave = " + slave.describe());
    }

    private static boolean bit(int value, int bit) {
        return (value >> bit & 1) != 0;
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new Pair(master.save(), slave.save()));
    }

    @Override
    public void restore(State state) {
        if (state.model().equals(FAMILY)) {
            adopt(state.as(InterruptState.class, FAMILY, InterruptState.VERSION));
        } else {
            Pair pair = state.as(Pair.class, MODEL, VERSION);
            master.restore(pair.master);
            slave.restore(pair.slave);
        }
    }

    private void adopt(InterruptState state) {
        for (int length : new int[] {state.masked().length, state.requested().length, state.inService().length,
                state.level().length, state.vector().length}) {
            if (length != Lines.COUNT) {
                throw new StateException("state of " + FAMILY + " has " + length + " lines, expected " + Lines.COUNT);
            }
        }
        int inService = mask(state.inService());
        int level = mask(state.level()) & (MASTER_ELCR | SLAVE_ELCR << 8);
        int requested = mask(state.requested()) & ~(1 << CASCADE);
        int masterService = inService & 0xFF & ~(1 << CASCADE) | ((inService & 0xFF00) != 0 ? 1 << CASCADE : 0);
        int masked = mask(state.masked());
        slave.adopt(vectors(state.vector(), 8, 0x70), CASCADE, masked >> 8, inService >> 8, requested >> 8, level >> 8);
        // The cascade is open as long as something behind it is: another model has no such input to tell of.
        master.adopt(vectors(state.vector(), 0, 0x08), 1 << CASCADE,
                masked & 0xFF & ~(1 << CASCADE) | (masked >> 8 == 0xFF ? 1 << CASCADE : 0), masterService, requested & 0xFF, level & 0xFF);
        if (slave.out()) {
            master.input(CASCADE, true);
        }
        adopted = true;
    }

    /** The base a chip's vectors have in common, or what firmware sets. */
    private static int vectors(int[] vectors, int first, int firmware) {
        int base = -1;
        for (int line = first; line < first + 8; line++) {
            if (vectors[line] >= 0 && line != CASCADE) {
                int candidate = vectors[line] - (line - first);
                if ((candidate & ~0xF8) != 0 || base >= 0 && candidate != base) {
                    return firmware;
                }
                base = candidate;
            }
        }
        return base >= 0 ? base : firmware;
    }

    private static int mask(boolean[] bits) {
        int mask = 0;
        for (int line = 0; line < LINES; line++) {
            mask |= bits[line] ? 1 << line : 0;
        }
        return mask;
    }

    @Override
    public Optional<State> neutral() {
        boolean[] masked = new boolean[Lines.COUNT];
        boolean[] requested = new boolean[Lines.COUNT];
        boolean[] inService = new boolean[Lines.COUNT];
        boolean[] level = new boolean[Lines.COUNT];
        int[] vector = new int[Lines.COUNT];
        Arrays.fill(masked, true);
        Arrays.fill(vector, -1);
        boolean cut = bit(master.imr(), CASCADE);
        for (int line = 0; line < LINES; line++) {
            I8259a chip = chip(line);
            int ir = line & 7;
            masked[line] = bit(chip.imr(), ir) || line >= 8 && cut || !chip.initialised();
            requested[line] = bit(chip.irr(), ir) && line != CASCADE;
            inService[line] = bit(chip.isr(), ir) && line != CASCADE;
            level[line] = bit(chip.elcr(), ir);
            vector[line] = chip.initialised() ? chip.vector(ir) : -1;
        }
        return Optional.of(State.of(FAMILY, InterruptState.VERSION, new InterruptState(masked, requested, inService, level, vector)));
    }

    private void ended(I8259a chip, int level) {
        if (level >= 0 && tracer.wants(EOI)) {
            tracer.event(EOI, "line " + (chip == master ? level : 8 + level));
        }
    }

    /**
     * State of the pair.
     *
     * @param master the chip at 20h
     * @param slave  the chip at A0h
     */
    record Pair(I8259a.Chip master, I8259a.Chip slave) { }

    /** A chip's two ports; A0 of the port is A0 of the chip. */
    private final class Ports implements PortDevice {
        private final I8259a chip;

        Ports(I8259a chip) {
            this.chip = chip;
        }

        @Override
        public int read(int port, int size) {
            if (!chip.polling()) {
                return chip.read((port & 1) != 0);
            }
            int value = chip.polledRead();
            drive();
            chip.acknowledged();
            drive();
            return value;
        }

        @Override
        public void write(int port, int size, int value) {
            boolean before = chip.mcs80();
            ended(chip, chip.write((port & 1) != 0, value & 0xFF));
            drive();
            if (!before && chip.mcs80()) {
                board.report("8259A at " + (chip == master ? "20h" : "a0h") + " set to MCS-80 mode: the vector is the low byte of the call address");
            }
        }
    }

    /** ELCR1 and ELCR2. */
    private final class TriggerPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return (port & 1) == 0 ? master.elcr() : slave.elcr();
        }

        @Override
        public void write(int port, int size, int value) {
            if ((port & 1) == 0) {
                master.elcr(value & MASTER_ELCR);
            } else {
                slave.elcr(value & SLAVE_ELCR);
            }
            drive();
        }
    }
}
