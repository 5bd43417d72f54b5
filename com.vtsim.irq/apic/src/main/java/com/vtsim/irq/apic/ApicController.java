package com.vtsim.irq.apic;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.irq.i8259.CascadedPair;
import com.vtsim.irq.i8259.InterruptNumbers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * A local APIC for each processor of the board, an I/O APIC, and behind them the pair of 8259As, whose INTR is LINT0 of every processor and
 * input 0 of the I/O APIC. ISA interrupt 0 is input 2. The processor that executes reaches its own APIC in its window.
 */
@Component(configurationPid = ApicController.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, InterruptController.class, MessageTarget.class, RegisterBlocks.class})
public final class ApicController implements InterruptController, MessageTarget, RegisterBlocks {
    /** The factory PID. */
    static final String PID = "com.vtsim.irq.apic";
    /** {@link #model}. */
    static final String MODEL = "apic";

    private static final int VERSION = 1;
    private static final int PAGE = 4096;
    private static final int TIMER_LINE = 0;
    private static final int TIMER_INPUT = 2;
    private static final int IMCR_SELECT = 0x22;
    private static final int IMCR = 0x70;

    private final String name;
    private final boolean imcr;
    private final boolean x2apic;
    private final MessageBus bus = new MessageBus();
    private final IoApic ioApic = new IoApic(bus);
    private final CascadedPair pair = new CascadedPair(this::legacyIntr);
    private final Map<Long, Registration> windows = new HashMap<>();
    private final Wires wires = new Wires();
    private LocalApic[] local = {};
    private Processor[] processors = {};
    private ApicState inherited;
    private boolean fromFirmware;
    /** Messages that wait for this controller to be attached, as {@link InterruptState#messages}. */
    private long[] handedOn = {};
    /** IMCR: which register port 22h selects, and whether INTR passes the local APIC. */
    private int imcrSelect;
    private boolean symmetric;
    private Board board;

    /**
     * Configuration of factory PID {@code com.vtsim.irq.apic}.
     */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default PART;

        /** Whether the board has an interrupt mode configuration register at ports 22h and 23h, and with it PIC mode after reset. */
        boolean imcr() default false;

        /** Whether firmware leaves the processors in x2APIC mode. */
        boolean x2apic() default false;
    }

    /**
     * State of the controller.
     *
     * @param local      by processor
     * @param io         the I/O APIC
     * @param pair       the 8259As
     * @param turn       of lowest-priority arbitration
     * @param imcrSelect port 22h
     * @param symmetric  IMCR
     */
    record ApicState(List<LocalApic.LocalState> local, IoApic.IoState io, CascadedPair.Pair pair, int turn, int imcrSelect, boolean symmetric) { }

    /** Made from its configuration. */
    @Activate
    public ApicController(Config config) {
        this(config.vtsim_name(), config.imcr(), config.x2apic());
    }

    /**
     * For machines put together in plain Java.
     *
     * @param imcr whether the board has an interrupt mode configuration register
     */
    public ApicController(String name, boolean imcr) {
        this(name, imcr, false);
    }

    /**
     * For machines put together in plain Java.
     *
     * @param imcr   whether the board has an interrupt mode configuration register
     * @param x2apic whether firmware leaves the processors in x2APIC mode
     */
    public ApicController(String name, boolean imcr, boolean x2apic) {
        this.name = name;
        this.imcr = imcr;
        this.x2apic = x2apic;
        symmetric = !imcr;
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
        windows.clear();
        List<Processor> found = board.findAll(Processor.class);
        int count = found.stream().mapToInt(p -> p.index() + 1).max().orElse(0);
        build(count);
        processors = new Processor[count];
        found.forEach(p -> processors[p.index()] = p);
        InterruptNumbers numbers = new InterruptNumbers(board.tracer(), board.clock());
        bus.attach(local, board.tracer(), numbers);
        for (int i = 0; i < count; i++) {
            if (processors[i] != null) {
                local[i].attach(board, processors[i]);
            }
        }
        ioApic.attach(board, numbers);
        mapWindows();
        board.memory().map(IoApic.BASE, PAGE, ioApic);
        if (imcr) {
            board.ports().map(IMCR_SELECT, 2, 1, new ImcrPorts());
        }
        for (int line = 0; line < Lines.COUNT; line++) {
            int input = input(line);
            if (input >= 0 && (fromFirmware || !board.lines().level(line))) {
                if (fromFirmware) {
                    ioApic.settle(input, board.lines().level(line));
                } else {
                    ioApic.pin(input, false, 0);
                }
            }
        }
        if (fromFirmware) {
            for (int i = 0; i < count; i++) {
                if (processors[i] != null) {
                    local[i].taskPriority(processors[i].taskPriority());
                }
            }
        }
        fromFirmware = false;
        pair.attach(board);
        board.lines().listen(wires);
        long[] messages = handedOn;
        handedOn = new long[0];
        for (long message : messages) {
            resume(message >>> 32, (int) message);
        }
    }

    /** A message that came up while another controller was there. */
    private void resume(long address, int data) {
        int destination = (int) (address >> 12) & 0xFF;
        bus.resume(destination < local.length ? local[destination].number(data & 0xFF) : 0);
        bus.send(address, data);
    }

    /** What the processors keep without local APICs stays with them. */
    @Override
    public void detach() {
        for (int i = 0; i < processors.length; i++) {
            if (processors[i] != null) {
                processors[i].taskPriority(local[i].taskPriority());
            }
        }
    }

    /** Makes the APICs of processors that have come; those of the others keep their state. */
    private void build(int count) {
        LocalApic[] now = new LocalApic[count];
        for (int i = 0; i < count; i++) {
            now[i] = i < local.length ? local[i] : new LocalApic(i, wires, bus);
            if (inherited != null && i < inherited.local.size()) {
                now[i].restore(inherited.local.get(i));
            }
        }
        if (fromFirmware && count > 0) {
            now[0].virtualWire();
        }
        local = now;
        inherited = null;
    }

    /** @return the I/O APIC's input of a line of the board, or -1 */
    private static int input(int line) {
        return line == TIMER_LINE ? TIMER_INPUT : line == TIMER_INPUT ? -1 : line;
    }

    private void mapWindows() {
        windows.keySet().removeIf(base -> {
            boolean stale = java.util.Arrays.stream(local).noneMatch(apic -> apic.window() == base);
            if (stale) {
                windows.get(base).close();
            }
            return stale;
        });
        for (LocalApic apic : local) {
            if (apic.window() >= 0) {
                windows.computeIfAbsent(apic.window(), base -> board.memory().map(base, PAGE, new LocalWindow(base)));
            }
        }
    }

    /** The local APIC whose registers an access at a window's base reaches, or null. */
    private LocalApic addressed(long base) {
        Processor running = board.running();
        LocalApic apic = local[running == null ? 0 : running.index()];
        return apic.window() == base ? apic : null;
    }

    private void legacyIntr(boolean level) {
        if (!symmetric) {
            if (processors.length > 0 && processors[0] != null) {
                processors[0].intr(level);
            }
            return;
        }
        for (LocalApic apic : local) {
            apic.pin(0, level);
        }
        ioApic.pin(0, level, 0);
    }

    @Override
    public void reset(Reset kind) {
        for (LocalApic apic : local) {
            apic.powerUp();
        }
        ioApic.reset();
        symmetric = !imcr;
        imcrSelect = 0;
        bus.turn(0);
        pair.reset();
        if (board != null) {
            mapWindows();
        }
    }

    @Override
    public void asFirmwareLeaves() {
        if (local.length > 0 && symmetric) {
            local[0].virtualWire();
        }
        if (x2apic) {
            for (LocalApic apic : local) {
                apic.base(apic.base() | LocalApic.EXTD);
            }
        }
    }

    @Override
    public int acknowledge(int processor) {
        return symmetric ? local[processor].acknowledge() : pair.acknowledge();
    }

    @Override
    public LocalApicPort localApic(int processor) {
        return processor < local.length ? local[processor] : null;
    }

    @Override
    public void nmi() {
        for (LocalApic apic : local) {
            apic.pin(1, true);
            apic.pin(1, false);
        }
    }

    /** @sdm Message Signalled Interrupts */
    @Override
    public void message(long address, int data) {
        bus.beginMessage(data & 0xFF);
        bus.send(address, data);
    }

    // State

    @Override
    public State save() {
        List<LocalApic.LocalState> states = new ArrayList<>();
        if (inherited != null) {
            states.addAll(inherited.local);
        }
        for (int i = states.size(); i < local.length; i++) {
            states.add(local[i].save());
        }
        return State.of(MODEL, VERSION, new ApicState(states, ioApic.save(), pair.save(), bus.turn(), imcrSelect, symmetric));
    }

    @Override
    public void restore(State state) {
        if (state.model().equals(FAMILY)) {
            InterruptState neutral = state.as(InterruptState.class, FAMILY, InterruptState.VERSION);
            pair.adopt(neutral);
            handedOn = neutral.messages().clone();
            ioApic.reset();
            for (LocalApic apic : local) {
                apic.powerUp();
            }
            symmetric = !imcr;
            fromFirmware = true;
            inherited = null;
            return;
        }
        ApicState saved = state.as(ApicState.class, MODEL, VERSION);
        IoApic.IoState before = ioApic.save();
        try {
            ioApic.restore(saved.io);
            for (LocalApic.LocalState each : saved.local) {
                new LocalApic(0, wires, bus).restore(each);
            }
        } catch (StateException e) {
            ioApic.restore(before);
            throw e;
        }
        pair.restore(saved.pair);
        bus.turn(Math.max(0, saved.turn));
        imcrSelect = saved.imcrSelect;
        symmetric = saved.symmetric;
        inherited = saved;
        handedOn = new long[0];
        fromFirmware = false;
    }

    /**
     * The 8259As as they are: they hear every line too, so what waits in the I/O APIC waits in their IRR, behind the masks the guest gave them.
     * Routes around them have no place there. Edge-triggered requests of the local APICs go on as messages.
     */
    @Override
    public Optional<State> neutral() {
        List<Long> messages = new ArrayList<>();
        for (long message : handedOn) {
            messages.add(message);
        }
        for (LocalApic apic : local) {
            apic.view().messages().forEach(messages::add);
        }
        return Optional.of(State.of(FAMILY, InterruptState.VERSION, pair.neutral(messages.stream().mapToLong(Long::longValue).toArray())));
    }

    @Override
    public List<String> leftBehind() {
        List<String> lines = new ArrayList<>();
        for (LocalApic apic : local) {
            String what = apic.view().leftBehind();
            if (!what.isEmpty()) {
                lines.add("cpu" + apic.id() + ": " + what);
            }
        }
        String inputs = IntStream.range(0, IoApicRegister.INPUTS).filter(input -> !IoApicRegister.MASK.isSet(ioApic.entry(input)))
            .mapToObj(Integer::toString).collect(Collectors.joining(" "));
        if (!inputs.isEmpty()) {
            lines.add("I/O APIC: routes of inputs " + inputs);
        }
        return lines;
    }

    // The operator

    @Override
    public List<Input> inputs() {
        List<Input> inputs = new ArrayList<>();
        List<Input> legacy = pair.inputs();
        for (int line = 0; line < Lines.COUNT; line++) {
            int input = input(line);
            long entry = input < 0 ? IoApicRegister.MASK.mask() : ioApic.entry(input);
            if (line < legacy.size() && IoApicRegister.MASK.isSet(entry)) {
                inputs.add(legacy.get(line));
                continue;
            }
            int vector = (int) IoApicRegister.INTVEC.of(entry);
            boolean set = !IoApicRegister.MASK.isSet(entry);
            boolean requested = false;
            boolean inService = false;
            for (LocalApic apic : local) {
                requested |= set && apic.requests(vector);
                inService |= set && apic.serves(vector);
            }
            inputs.add(new Input(line, set ? vector : -1, ioApic.asserted(input), !set, requested, inService, IoApicRegister.TRIGGER.isSet(entry)));
        }
        return inputs;
    }

    @Override
    public List<String> counts() {
        List<String> lines = new ArrayList<>(pair.numbers() == null ? List.of() : pair.numbers().describe());
        for (LocalApic apic : local) {
            lines.add(apic.view().counts());
        }
        return lines;
    }

    @Override
    public List<String> picture() {
        List<String> lines = new ArrayList<>();
        for (LocalApic apic : local) {
            lines.addAll(apic.view().picture());
        }
        return lines;
    }

    @Override
    public List<String> registers() {
        List<String> lines = new ArrayList<>();
        for (LocalApic apic : local) {
            lines.add(apic.view().describe());
        }
        pair.registers().forEach(line -> lines.add("8259A " + line));
        return lines;
    }

    @Override
    public List<Block> registerBlocks() {
        List<Block> blocks = new ArrayList<>();
        for (LocalApic apic : local) {
            blocks.add(new Block("Local APIC of cpu" + apic.id(), "memory", apic.window(), apic.registers().dump()));
        }
        blocks.add(new Block("I/O APIC (indirect)", "memory", IoApic.BASE, ioApic.registers().dump()));
        return blocks;
    }

    @Override
    public List<String> why(int vector) {
        List<String> lines = new ArrayList<>();
        for (LocalApic apic : local) {
            String line = apic.view().why(vector);
            if (line != null) {
                lines.add(line);
            }
        }
        for (int input = 0; input < IoApicRegister.INPUTS; input++) {
            long entry = ioApic.entry(input);
            if (IoApicRegister.INTVEC.of(entry) == vector && ioApic.asserted(input)) {
                lines.add("I/O APIC input " + input + " is asserted" + (IoApicRegister.MASK.isSet(entry) ? " but masked"
                    : IoApicRegister.REMOTE_IRR.isSet(entry) ? "; remote IRR is set: it was accepted and waits for its EOI" : ""));
            }
        }
        lines.addAll(pair.why(vector));
        return lines;
    }

    /** What the chips tell each other. */
    private final class Wires implements LocalApic.Chips, Lines.Sink {
        @Override
        public void ended(int vector) {
            ioApic.ended(vector);
        }

        @Override
        public int acknowledgeExternal() {
            return pair.acknowledge();
        }

        @Override
        public void intr(Processor processor, boolean level) {
            // In PIC mode INTR of the bootstrap processor passes its local APIC.
            if (symmetric || processor.index() != 0) {
                processor.intr(level);
            }
        }

        @Override
        public void moved() {
            mapWindows();
        }

        @Override
        public void line(int line, boolean level) {
            int input = input(line);
            boolean own = line >= CascadedPair.LINES && level && !ioApic.asserted(input);
            if (own) {
                pair.numbers().rise(line);
            }
            pair.line(line, level);
            if (input >= 0) {
                ioApic.pin(input, level, pair.numbers().raised(line));
            }
        }
    }

    private final class LocalWindow implements MmioDevice {
        private final long base;

        LocalWindow(long base) {
            this.base = base;
        }

        @Override
        public long read(int offset, int size) {
            LocalApic apic = addressed(base);
            return apic == null ? -1L : apic.load(offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            LocalApic apic = addressed(base);
            if (apic != null) {
                apic.store(offset, size, value);
            }
        }
    }

    /** Source: MultiProcessor Specification, PIC Mode. */
    private final class ImcrPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return port == IMCR_SELECT ? imcrSelect : imcrSelect == IMCR && symmetric ? 1 : 0;
        }

        @Override
        public void write(int port, int size, int value) {
            if (port == IMCR_SELECT) {
                imcrSelect = value & 0xFF;
            } else if (imcrSelect == IMCR) {
                symmetric = (value & 1) != 0;
                if (symmetric && processors.length > 0 && processors[0] != null) {
                    local[0].redrive();
                }
                legacyIntr(pair.intr());
            }
        }
    }
}
