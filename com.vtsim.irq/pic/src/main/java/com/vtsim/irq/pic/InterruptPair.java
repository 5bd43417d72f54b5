package com.vtsim.irq.pic;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.irq.i8259.CascadedPair;
import com.vtsim.irq.i8259.I8259a;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The two cascaded 8259As of a PC as the machine's interrupt controller. Drives INTR of processor 0. Messages have no receiver here; since
 * one that has local APICs may come at any time, they wait for it.
 */
@Component(configurationPid = InterruptPair.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, InterruptController.class, MessageTarget.class})
public final class InterruptPair implements InterruptController, MessageTarget {
    /** The factory PID. */
    static final String PID = "com.vtsim.irq.pic";
    /** {@link #model}. */
    static final String MODEL = "i8259a";

    private static final String RAISE = "irq.raise";
    private static final int VERSION = 2;
    private static final int VERSION_WITHOUT_MESSAGES = 1;

    private final String name;
    private final CascadedPair pair = new CascadedPair(this::intr);
    private final HeldMessages held = new HeldMessages();
    private Processor processor;
    private Board board;

    /**
     * State of the part.
     *
     * @param master   the chip at 20h
     * @param slave    the chip at A0h
     * @param messages as {@link InterruptState#messages}
     */
    record PairState(I8259a.Chip master, I8259a.Chip slave, long[] messages) { }

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

    /** For machines put together in plain Java. */
    public InterruptPair(String name) {
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
    public void attach(Board newBoard) {
        board = newBoard;
        processor = null;
        for (Processor p : board.findAll(Processor.class)) {
            if (p.index() == 0) {
                processor = p;
            } else {
                // Another model may have left it asserted.
                p.intr(false);
            }
        }
        pair.attach(board);
        board.lines().listen(pair::line);
    }

    private void intr(boolean asserted) {
        if (processor != null) {
            processor.intr(asserted);
        }
    }

    @Override
    public void reset(Reset kind) {
        pair.reset();
        held.clear();
    }

    @Override
    public void message(long address, int data) {
        int vector = data & 0xFF;
        if (board != null && !held.has(address, data)) {
            long number = pair.numbers().next();
            board.tracer().numbers("pending of cpu" + (address >> 12 & 0xFF), 256)[vector] = number;
            if (board.tracer().wants(RAISE)) {
                board.tracer().event(RAISE, "#" + number + " message, vector " + Integer.toHexString(vector) + "h, waits: no local APIC");
            }
        }
        if (!held.add(address, data)) {
            board.report("an interrupt message is lost: there is no local APIC, and " + HeldMessages.MOST + " others wait for one already");
        }
    }

    @Override
    public int acknowledge(int index) {
        return pair.acknowledge();
    }

    @Override
    public LocalApicPort localApic(int index) {
        return null;
    }

    @Override
    public void nmi() {
        if (processor != null) {
            processor.nmi();
        }
    }

    @Override
    public List<String> why(int vector) {
        List<String> lines = new ArrayList<>(pair.why(vector));
        if (held.has(vector)) {
            lines.add("message: sent, but there is no local APIC to take it");
        }
        return lines;
    }

    @Override
    public List<Input> inputs() {
        return pair.inputs();
    }

    @Override
    public List<String> counts() {
        return pair.numbers() == null ? List.of() : pair.numbers().describe();
    }

    @Override
    public List<String> registers() {
        List<String> lines = new ArrayList<>(pair.registers());
        if (!held.isEmpty()) {
            lines.add("messages that wait for a local APIC = " + held);
        }
        return lines;
    }

    @Override
    public State save() {
        CascadedPair.Pair chips = pair.save();
        return State.of(MODEL, VERSION, new PairState(chips.master(), chips.slave(), held.save()));
    }

    @Override
    public void restore(State state) {
        if (state.model().equals(FAMILY)) {
            InterruptState neutral = state.as(InterruptState.class, FAMILY, InterruptState.VERSION);
            pair.adopt(neutral);
            held.restore(neutral.messages());
        } else if (state.version() == VERSION_WITHOUT_MESSAGES) {
            pair.restore(state.as(CascadedPair.Pair.class, MODEL, VERSION_WITHOUT_MESSAGES));
            held.clear();
        } else {
            PairState saved = state.as(PairState.class, MODEL, VERSION);
            pair.restore(new CascadedPair.Pair(saved.master, saved.slave));
            held.restore(saved.messages);
        }
    }

    @Override
    public Optional<State> neutral() {
        return Optional.of(State.of(FAMILY, InterruptState.VERSION, pair.neutral(held.save())));
    }
}
