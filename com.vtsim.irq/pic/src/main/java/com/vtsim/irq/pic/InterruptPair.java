package com.vtsim.irq.pic;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.irq.i8259.CascadedPair;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** The two cascaded 8259As of a PC as the machine's interrupt controller. Drives INTR of processor 0. */
@Component(configurationPid = InterruptPair.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, InterruptController.class})
public final class InterruptPair implements InterruptController {
    /** The factory PID. */
    static final String PID = "com.vtsim.irq.pic";
    /** {@link #model}. */
    static final String MODEL = "i8259a";

    private static final int VERSION = 1;

    private final String name;
    private final CascadedPair pair = new CascadedPair(this::intr);
    private Processor processor;

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
    public void attach(Board board) {
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
        return pair.why(vector);
    }

    @Override
    public List<Input> inputs() {
        return pair.inputs();
    }

    @Override
    public List<String> registers() {
        return pair.registers();
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, pair.save());
    }

    @Override
    public void restore(State state) {
        if (state.model().equals(FAMILY)) {
            pair.adopt(state.as(InterruptState.class, FAMILY, InterruptState.VERSION));
        } else {
            pair.restore(state.as(CascadedPair.Pair.class, MODEL, VERSION));
        }
    }

    @Override
    public Optional<State> neutral() {
        return Optional.of(State.of(FAMILY, InterruptState.VERSION, pair.neutral()));
    }
}
