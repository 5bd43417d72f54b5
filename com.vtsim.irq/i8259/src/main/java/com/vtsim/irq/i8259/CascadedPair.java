package com.vtsim.irq.i8259;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.machine.Tracer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The two cascaded 8259As of a PC: master at ports 20h/21h, slave at A0h/A1h on the master's IR2, trigger modes at
 * 4D0h/4D1h. Lines 0–15 of the board are its inputs but for line 2, the cascade. Machine thread only.
 */
public final class CascadedPair {
    /** Inputs. */
    public static final int LINES = 16;

    private static final int CASCADE = 2;
    private static final int FLOATING = 0xFF;
    /** Inputs of each chip that may be level-triggered: not the timer, the keyboard, the cascade, the clock, the coprocessor. */
    private static final int MASTER_ELCR = 0xF8;
    private static final int SLAVE_ELCR = 0xDE;
    private static final String ACK = "irq.ack";
    private static final String EOI = "irq.eoi";

    private final I8259a master = new I8259a(true);
    private final I8259a slave = new I8259a(false);
    private final Intr output;
    private Board board;
    private Tracer tracer;
    private InterruptNumbers numbers;
    private boolean intr;
    private boolean adopted;

    /** The INTR wire of the pair. */
    @FunctionalInterface
    public interface Intr {
        /** It changes, or falls and rises within an acknowledge cycle. */
        void level(boolean asserted);
    }

    /**
     * State of the pair.
     *
     * @param master the chip at 20h
     * @param slave  the chip at A0h
     */
    public record Pair(I8259a.Chip master, I8259a.Chip slave) { }

    /** @param output hears of INTR */
    public CascadedPair(Intr output) {
        this.output = output;
    }

    /** Maps the ports and takes the levels of the lines. Hand on what the lines' sink hears to {@link #line} from then on. */
    public void attach(Board newBoard) {
        board = newBoard;
        tracer = board.tracer();
        numbers = new InterruptNumbers(tracer, board.clock());
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
        intr = master.out();
        output.level(intr);
    }

    /** Power-on; lines that are high are edges for it. */
    public void reset() {
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

    /** A line of the board has this level. */
    public void line(int line, boolean level) {
        if (line < LINES && line != CASCADE && level != ((chip(line).input() >> (line & 7) & 1) != 0)) {
            if (level) {
                numbers.rise(line);
            }
            input(line, level);
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
        level(master.out());
    }

    private void level(boolean asserted) {
        if (intr != asserted) {
            intr = asserted;
            output.level(asserted);
        }
    }

    /** @return the numbers of the interrupts; null before {@link #attach} */
    public InterruptNumbers numbers() {
        return numbers;
    }

    /** @return INTR */
    public boolean intr() {
        return intr;
    }

    /** The interrupt-acknowledge cycle. @return the vector, 0–255 */
    public int acknowledge() {
        int level = master.acknowledge();
        level(false);
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
        if (spurious && numbers != null) {
            numbers.spurious();
        } else if (numbers != null) {
            numbers.acknowledged(line);
        }
        if (tracer != null && tracer.wants(ACK)) {
            tracer.event(ACK, (spurious ? "" : "#" + numbers.serving(line) + " ") + "line " + line + " vector " + Integer.toHexString(vector) + "h" + (spurious ? " spurious" : ""));
        }
        return vector;
    }

    /** @return each input with its state */
    public List<InterruptController.Input> inputs() {
        List<InterruptController.Input> inputs = new ArrayList<>(LINES);
        for (int line = 0; line < LINES; line++) {
            I8259a chip = chip(line);
            int ir = line & 7;
            inputs.add(new InterruptController.Input(line, chip.initialised() ? chip.vector(ir) : -1, bit(chip.input(), ir), bit(chip.imr(), ir),
                    bit(chip.irr(), ir), bit(chip.isr(), ir), bit(chip.elcr(), ir)));
        }
        return inputs;
    }

    /** @return where a vector stands, one line for each input it belongs to */
    public List<String> why(int vector) {
        List<String> lines = new ArrayList<>();
        for (InterruptController.Input input : inputs()) {
            if (input.vector() == vector && (input.requested() || input.inService())) {
                lines.add("8259A line " + input.line() + ": " + (!input.requested() ? "in service, not ended by an EOI yet"
                    : input.masked() ? "requested, but masked by IMR" : intr ? "requested; INTR is asserted: the processor has not taken it"
                    : "requested; held by what is in service or by the cascade"));
            }
        }
        return lines;
    }

    /** @return the registers in words */
    public List<String> registers() {
        return List.of("master = " + master.describe(), "slave = " + slave.describe());
    }

    private static boolean bit(int value, int bit) {
        return (value >> bit & 1) != 0;
    }

    /** @return the state of both chips */
    public Pair save() {
        return new Pair(master.save(), slave.save());
    }

    /** Adopts the state of both chips. */
    public void restore(Pair pair) {
        master.restore(pair.master);
        slave.restore(pair.slave);
    }

    /**
     * Adopts what another model of the family left: the pair it had itself, register by register, or what follows from its inputs.
     *
     * @throws StateException if the state is malformed; nothing has changed then
     */
    public void adopt(InterruptState state) {
        for (int length : new int[] {state.masked().length, state.requested().length, state.inService().length,
                state.level().length, state.vector().length}) {
            if (length != Lines.COUNT) {
                throw new StateException("state of " + InterruptController.FAMILY + " has " + length + " lines, expected " + Lines.COUNT);
            }
        }
        if (state.pair().length == 2 * I8259a.WORDS) {
            adoptPair(state);
            return;
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

    private void adoptPair(InterruptState state) {
        try {
            restore(new Pair(I8259a.chip(state.pair(), 0), I8259a.chip(state.pair(), I8259a.WORDS)));
        } catch (IllegalArgumentException e) {
            throw new StateException("state of " + InterruptController.FAMILY + " has an impossible 8259A: " + e.getMessage());
        }
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

    /** @return what another model can adopt: each input, and the registers of the pair. @param messages that wait, as {@link InterruptState#messages} */
    public InterruptState neutral(long[] messages) {
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
        int[] pair = Arrays.copyOf(master.words(), 2 * I8259a.WORDS);
        System.arraycopy(slave.words(), 0, pair, I8259a.WORDS, I8259a.WORDS);
        return new InterruptState(masked, requested, inService, level, vector, pair, messages);
    }

    private void ended(I8259a chip, int level) {
        if (level >= 0 && tracer.wants(EOI)) {
            int line = chip == master ? level : 8 + level;
            tracer.event(EOI, (line == CASCADE ? "" : "#" + numbers.serving(line) + " ") + "line " + line);
        }
    }

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
