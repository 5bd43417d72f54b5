package com.vtsim.pci.nvme;

import com.vtsim.api.disk.Drives;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.Msi;
import com.vtsim.api.pci.MsiX;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PowerManagement;
import com.vtsim.api.pci.SerialNumber;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;

/**
 * A controller of NVM Express. A doorbell does no work: commands are carried out when the clock says so, a bounded number at a time, each from
 * its fetch to its completion at once. So nothing is ever half done when the controller is replaced, saved or reset.
 * Source: NVM Express Base Specification 1.4.
 */
@Component(configurationPid = "com.vtsim.pci.nvme", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, Drives.class, RegisterBlocks.class})
public final class NvmeController implements PciFunction, Drives, RegisterBlocks {
    static final int VENDOR = 0x1234;
    static final int SUBSYSTEM_VENDOR = 0x1AF4;
    private static final String MODEL = "nvme";
    private static final int VERSION = 2;
    private static final int DEVICE = 0x0108;
    private static final int WINDOW = 1 << 14;
    private static final int DOORBELLS = 0x1000;
    /** Nanoseconds from a doorbell to the first completion, and from one turn to the next. */
    private static final long LATENCY = 4_000;
    /** Commands and bytes of a turn; the command that passes the second is its last. */
    private static final int TURN_COMMANDS = 32;
    private static final long TURN_BYTES = 1 << 20;
    private static final long IDLE = -1;
    private static final int SHUTDOWN_COMPLETE = 2;

    private final String name;
    private final PciAddress address;
    private final Namespaces namespaces;
    private final RegisterFile<ControllerRegister> registers = new RegisterFile<>(ControllerRegister.class, this::written);
    private final MsiX messages = new MsiX(Queues.VECTORS, 4);
    private final Msi vectors = new Msi(32);
    private final ConfigSpace config;
    private final Memory memory = new Memory();
    private final Queues queues = new Queues(memory);
    private final Features features = new Features();
    private final Counters counters = new Counters();
    private final ErrorLog errors = new ErrorLog();
    private final AsyncEvents events = new AsyncEvents();
    private final LogPages logs;
    private final NvmCommands nvm;
    private final AdminCommands admin;
    private final Command command = new Command();
    private long due = IDLE;
    private Board board;
    private Clock.Timer turn;
    private Clock.Timer patience;

    /** A configuration of the controller. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "nvme0";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:04.0";

        /** @return a file for each namespace, {@code ro:} before it if it is read-only; an empty one is an inactive namespace */
        String[] files() default {};

        /** @return bytes of a block, 512 or 4096; Format NVM changes it until the part is made anew */
        int block_size() default 512;

        /** @return folder of the host for namespaces that the guest makes; empty: it cannot make any */
        String pool() default "";

        /** @return MiB that the namespaces in the folder may have together */
        int pool_capacity() default 1024;
    }

    private record NvmeState(ConfigState config, RegisterState registers, Queues.Saved queues, Features.Saved features, Counters.Saved counters, byte[] errors,
            AsyncEvents.Saved events, List<Integer> changed, long[] sizes, int[] formats, long due) { }

    /** Made from a configuration. @throws com.vtsim.api.machine.OperatorException if a file cannot be used */
    @Activate
    public NvmeController(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address(), config.vtsim_machine(), config.block_size(),
                config.pool().isBlank() ? null : new Pool(Path.of(config.pool()), (long) config.pool_capacity() << 20), config.files());
    }

    /**
     * @param name      the part's name
     * @param address   bus:device.function
     * @param machine   the machine's name: serial number and identifiers follow from it and the part's
     * @param blockSize bytes of a block, 512 or 4096
     * @param files     a file for each namespace
     * @throws com.vtsim.api.machine.OperatorException if a file cannot be used
     */
    public NvmeController(String name, String address, String machine, int blockSize, String... files) {
        this(name, address, machine, blockSize, null, files);
    }

    /** @param pool where the guest may make namespaces, or null */
    NvmeController(String name, String address, String machine, int blockSize, Pool pool, String... files) {
        if (blockSize != 512 && blockSize != 4096) {
            throw new IllegalArgumentException("block.size is 512 or 4096, not " + blockSize);
        }
        this.name = name;
        this.address = PciAddress.parse(address);
        config = new ConfigSpace(this, new ConfigSpace.Identity(VENDOR, DEVICE, 1, 0x01_08_02, SUBSYSTEM_VENDOR, 0x1100))
                .memory64(0, WINDOW, false, new Window()).memory(4, messages.windowSize(), false, messages.window())
                .add(new PowerManagement()).add(PciExpress.at(this.address)).add(vectors).add(messages).add(ErrorReporting.endpoint())
                .add(new SerialNumber(0x5654_5349_4E00_0000L | this.address.sourceId())).pin(1);
        namespaces = new Namespaces(files, blockSize, pool);
        logs = new LogPages(errors, counters, features, events, namespaces.isManaged());
        nvm = new NvmCommands(namespaces, memory, features, counters);
        admin = new AdminCommands(this, queues, memory, features, new Identify(namespaces, machine + "/" + name), logs, events,
                new Management(namespaces, memory, this::changed, this::report), namespaces.isManaged());
    }

    /** The component goes; a machine that had it has let it go already. */
    @Deactivate
    void close() {
        namespaces.close();
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
    public PciAddress address() {
        return address;
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    /** Bus mastering that begins finds work that waited for it. */
    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
        arm();
    }

    private void written(ControllerRegister register, long old, long now, long written) {
        switch (register) {
            case INTMS, INTMC -> {
                registers.set(ControllerRegister.INTMS, now);
                registers.set(ControllerRegister.INTMC, now);
                unmasked(old & ~now);
                drivePin();
            }
            case CC -> configured(old, now);
            case NSSR -> {
                registers.set(ControllerRegister.NSSR, 0);
                if (written == ControllerRegister.RESET_WORD) {
                    resetSubsystem();
                }
            }
            default -> { }
        }
    }

    private void configured(long old, long now) {
        if (ControllerRegister.EN.isSet(now) && !ControllerRegister.EN.isSet(old)) {
            enable(now);
        } else if (ControllerRegister.EN.isSet(old) && !ControllerRegister.EN.isSet(now)) {
            disable();
        }
        if (ControllerRegister.SHN.isSet(now) && !ControllerRegister.SHN.isSet(old)) {
            flush();
            registers.set(ControllerRegister.CSTS, ControllerRegister.SHST, SHUTDOWN_COMPLETE);
        }
    }

    /** Sizes, command set and arbitration must be ones that CAP announces; else the controller does not get ready and says that it has failed. */
    private void enable(long cc) {
        long submissions = registers.get(ControllerRegister.AQA, ControllerRegister.ASQS) + 1;
        long completions = registers.get(ControllerRegister.AQA, ControllerRegister.ACQS) + 1;
        boolean wrong = ControllerRegister.CSS.isSet(cc) || ControllerRegister.MPS.isSet(cc) || ControllerRegister.AMS.isSet(cc) || submissions < 2 || completions < 2;
        if (wrong) {
            fail("enabled with CC " + Long.toHexString(cc) + " and AQA " + Long.toHexString(registers.get(ControllerRegister.AQA)));
            return;
        }
        queues.begin(registers.get(ControllerRegister.ASQ), (int) submissions, registers.get(ControllerRegister.ACQ), (int) completions);
        registers.set(ControllerRegister.CSTS, ControllerRegister.RDY.in(1));
    }

    /** The controller level reset that the guest asks for: the admin queue's registers keep their values. */
    private void disable() {
        flush();
        forget();
        registers.set(ControllerRegister.CSTS, 0);
        registers.set(ControllerRegister.INTMS, 0);
        registers.set(ControllerRegister.INTMC, 0);
        drivePin();
    }

    /** All of the controller but its place on the bus: its link stays up. */
    private void resetSubsystem() {
        flush();
        forget();
        registers.reset(Reset.WARM);
        registers.raise(ControllerRegister.CSTS, ControllerRegister.NSSRO.mask());
        drivePin();
    }

    private void report(String what) {
        if (board != null) {
            board.report(what);
        }
    }

    /** A namespace has come, gone or changed: in the log, and told if the guest wants that. */
    private void changed(int namespace) {
        logs.namespaceChanged(namespace);
        if ((features.events() & 0x100) != 0) {
            events.raise(AsyncEvents.NAMESPACES_CHANGED);
        }
    }

    private void forget() {
        queues.clear();
        features.reset();
        events.clear();
        due = IDLE;
        if (turn != null) {
            turn.cancel();
            patience.cancel();
        }
    }

    /** Controller fatal status: nothing more is fetched until the guest resets the controller. */
    private void fail(String why) {
        registers.raise(ControllerRegister.CSTS, ControllerRegister.CFS.mask());
        if (board != null) {
            board.report("fatal: " + why);
        }
    }

    long configuration() {
        return registers.get(ControllerRegister.CC);
    }

    /** Makes durable all that was written. */
    Status flush() {
        try {
            namespaces.flush();
            return Status.SUCCESS;
        } catch (IOException e) {
            if (board != null) {
                board.report(e.getMessage());
            }
            return Status.WRITE_FAULT;
        }
    }

    private boolean isOperating() {
        return registers.isSet(ControllerRegister.CSTS, ControllerRegister.RDY) && !registers.isSet(ControllerRegister.CSTS, ControllerRegister.CFS) && config.isBusMaster();
    }

    private void ring(int index, int value) {
        Queues.Ring ring = (index & 1) == 0 ? queues.ringTail(index >> 1, value) : queues.ringHead(index >> 1, value);
        if (ring != Queues.Ring.GOOD) {
            errors.add(counters.error(), ErrorLog.NO_COMMAND, ErrorLog.NO_COMMAND, 0, 0xFFFF, 0, 0);
            events.raise(ring == Queues.Ring.NO_QUEUE ? AsyncEvents.INVALID_DOORBELL : AsyncEvents.INVALID_DOORBELL_VALUE);
        }
        drivePin();
        arm();
    }

    private void arm() {
        if (due == IDLE && turn != null && isOperating() && isWork()) {
            due = board.clock().now() + LATENCY;
            turn.at(due);
        }
    }

    private boolean isWork() {
        return queues.isWork() || (events.isDue() || events.isAborted()) && !queues.completion(0).isFull();
    }

    /** A turn: as many commands as fit. What is left waits for the next, so that no guest holds the machine up. */
    private void work() {
        due = IDLE;
        long before = nvm.effort();
        for (int i = 0; i < TURN_COMMANDS && nvm.effort() - before < TURN_BYTES && isOperating(); i++) {
            if (!tell() && !step()) {
                break;
            }
        }
        signal();
        arm();
    }

    /** Completes an event request, if one is due. */
    private boolean tell() {
        SubmissionQueue queue = queues.submission(0);
        if (queues.completion(0).isFull() || !events.isAborted() && !events.isDue()) {
            return false;
        }
        boolean posted = events.isAborted() ? queues.post(queue, events.takeAborted(), Status.ABORT_REQUESTED.field(), 0)
                : queues.post(queue, events.takeRequest(), Status.SUCCESS.field(), events.tell());
        if (!posted) {
            fail("a completion cannot be written");
        }
        return true;
    }

    /** Carries out a command. @return whether there was one */
    private boolean step() {
        SubmissionQueue queue = queues.next();
        if (queue == null) {
            return false;
        }
        if (!queues.fetch(queue, command)) {
            fail("submission queue " + queue.id + " cannot be read");
            return true;
        }
        command.result = 0;
        command.culprit = 0xFFFF;
        Status status = queue.id == 0 ? admin.execute(command) : nvm.execute(command);
        if (queues.submission(queue.id) != queue) {
            return true; // its data were for the controller's own registers, and reset it
        }
        if (status != Status.PENDING && !queues.post(queue, command.id(), noted(queue, status), command.result)) {
            fail("completion queue " + queue.completion + " cannot be written");
        }
        return true;
    }

    private int noted(SubmissionQueue queue, Status status) {
        if (status == Status.SUCCESS) {
            return 0;
        }
        errors.add(counters.error(), queue.id, command.id(), status.field(), command.culprit, command.startingBlock(), command.namespace());
        return status.field();
    }

    /** One message for each completion queue with news, unless it waits for more; the pin for all that the guest has been told of and has not taken. */
    private void signal() {
        long next = Long.MAX_VALUE;
        for (int id = 0; id <= Queues.MOST; id++) {
            CompletionQueue queue = queues.completion(id);
            if (queue == null || queue.news == 0) {
                continue;
            }
            if (waits(queue)) {
                next = Math.min(next, queue.deadline);
                continue;
            }
            queue.news = 0;
            queue.deadline = IDLE;
            queue.told = true;
            if (queue.interrupts && messages.enabled()) {
                messages.raise(queue.vector);
            } else if (queue.interrupts && !isMasked(queue.vector)) {
                vectors.raise(queue.vector & 31);
            }
        }
        if (next != Long.MAX_VALUE) {
            patience.at(next);
        }
        drivePin();
    }

    /** Interrupt coalescing, of which the admin queue has none. */
    private boolean waits(CompletionQueue queue) {
        long most = queue.id == 0 ? 0 : features.patience(queue.vector);
        long now = board.clock().now();
        if (most != 0 && queue.deadline == IDLE) {
            queue.deadline = now + most;
        }
        return most != 0 && queue.news < features.enough() && now < queue.deadline;
    }

    /** The masks of the controller are for pin and MSI; MSI-X has its own. */
    private boolean isMasked(int vector) {
        return (registers.get(ControllerRegister.INTMS) >> (vector & 31) & 1) != 0;
    }

    /** What waited for its mask to be cleared is told by a message. */
    private void unmasked(long which) {
        for (int id = 0; which != 0 && id <= Queues.MOST; id++) {
            CompletionQueue queue = queues.completion(id);
            if (queue != null && queue.interrupts && queue.told && (which >> (queue.vector & 31) & 1) != 0) {
                vectors.raise(queue.vector & 31);
            }
        }
    }

    private void drivePin() {
        boolean asserted = false;
        for (int id = 0; id <= Queues.MOST && !asserted; id++) {
            CompletionQueue queue = queues.completion(id);
            asserted = queue != null && queue.interrupts && queue.told && !isMasked(0);
        }
        config.interrupt(asserted);
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        memory.attach(board.find(PciHost.class).map(host -> host.upstream(this)).orElse(null));
        nvm.attach(board);
        String failure = namespaces.open();
        if (!failure.isEmpty()) {
            board.report(failure);
        }
        turn = board.clock().timer("turn", this::work);
        patience = board.clock().timer("patience", this::signal);
        config.attach(board);
        if (due != IDLE) {
            turn.at(due);
        } else {
            arm();
        }
        signal();
    }

    @Override
    public void detach() {
        flush();
        namespaces.close();
        turn = null;
        patience = null;
    }

    @Override
    public void reset(Reset kind) {
        flush();
        forget();
        registers.reset(kind);
        config.reset(kind);
        if (kind == Reset.COLD) {
            counters.clear();
            errors.clear();
        }
    }

    /** What the guest has written is on the host's medium before its state is told to anyone. */
    @Override
    public State save() {
        flush();
        return State.of(MODEL, VERSION, new NvmeState(config.save(), registers.save(), queues.save(), features.save(), counters.save(), errors.save(),
                events.save(), logs.saveChanged(), namespaces.sizes(), namespaces.formats(), due));
    }

    @Override
    public void restore(State state) {
        NvmeState before = save().as(NvmeState.class, MODEL, VERSION);
        NvmeState saved = state.as(NvmeState.class, MODEL, VERSION);
        try {
            adopt(saved);
        } catch (StateException e) {
            adopt(before);
            throw e;
        }
        notice(saved.sizes());
    }

    private void adopt(NvmeState saved) {
        config.restore(saved.config());
        registers.restore(saved.registers());
        queues.restore(saved.queues());
        features.restore(saved.features());
        counters.restore(saved.counters());
        errors.restore(saved.errors());
        events.restore(saved.events());
        logs.restoreChanged(saved.changed());
        namespaces.formats(saved.formats());
        due = saved.due();
    }

    /** A controller that takes over with other namespaces tells the guest so. */
    private void notice(long[] before) {
        long[] now = namespaces.sizes();
        boolean any = false;
        for (int i = 0; i < Math.max(before.length, now.length); i++) {
            if ((i < before.length ? before[i] : 0) != (i < now.length ? now[i] : 0)) {
                logs.namespaceChanged(i + 1);
                any = true;
            }
        }
        if (any && (features.events() & 0x100) != 0) {
            events.raise(AsyncEvents.NAMESPACES_CHANGED);
        }
    }

    @Override
    public List<Drive> drives() {
        return namespaces.drives();
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("NVM Express", "memory", config.base(0), registers.dump()), new Block("NVMe configuration", "configuration", 0, config.dump()));
    }

    /** Region 0: registers in double or quad words, then a doorbell for each queue, double words. */
    private final class Window implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return size < 4 && offset >= DOORBELLS ? 0 : registers.load(offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            if (offset >= DOORBELLS) {
                if (size == 4) {
                    ring(offset - DOORBELLS >> 2, (int) value & 0xFFFF);
                }
            } else if (size >= 4) {
                registers.store(offset, size, value);
            }
        }
    }
}
