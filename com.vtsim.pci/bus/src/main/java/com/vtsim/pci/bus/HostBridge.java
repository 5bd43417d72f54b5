package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.Tracer;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.HeaderRegister;
import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.ResetControl;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The host bridge, function 00:00.0, and the root bus: configuration mechanism #1 and the memory-mapped one, the map of memory below
 * 1 MiB, INTx wires on their way to the interrupt router, upstream requests.
 * Source: Intel 3 Series Express Chipset Family Datasheet, DRAM Controller Registers (D0:F0); PCI Local Bus Specification, Configuration Mechanism #1.
 */
@Component(configurationPid = "com.vtsim.pci.bus", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciHost.class, PciFunction.class, RegisterBlocks.class})
public final class HostBridge implements PciHost, PciFunction, RegisterBlocks {
    private static final int VERSION = 1;
    private static final int CONFADD = 0xCF8;
    private static final int CONFDATA = 0xCFC;
    private static final int RST_CNT = 0xCF9;
    private static final int ENABLE = 0x8000_0000;

    private final String name;
    private final Chipset chipset;
    private final RegisterFile<HostRegister> registers = new RegisterFile<>(HostRegister.class, this::written);
    private final ConfigSpace config;
    private final Topology topology = new Topology();
    private final Aborts aborts = new Aborts(topology, this);
    private final InterruptPins pins = new InterruptPins(topology);
    private final Map<PciFunction, List<? extends PciFunction>> virtual = new IdentityHashMap<>();
    private final Map<PciFunction, Follower> followers = new IdentityHashMap<>();
    private final Translators translators = new Translators();
    private final HubSpace hub = new HubSpace();
    private int address;
    private boolean poison;
    private Board board;
    private int generation;
    private boolean arranged;
    private Tracer tracer;
    private ResetControl resetControl;
    /** A function's request is at memory, rather than one of the processor. */
    private PciFunction requesting;
    private Registration window;
    private long windowAt;
    private long windowLength;

    /** A configuration of the host bridge. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "host";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:00.0";

        /** @return {@code q35} or {@code gm45} */
        String chipset() default "q35";

        /** @return subsystem vendor and device, hexadecimal. The default is what firmware built for virtual machines looks for; a board's maker has another. */
        String subsystem() default "1af4:1100";
    }

    private record HostState(ConfigState config, int address) { }

    /** Made from a configuration. */
    @Activate
    public HostBridge(Config config) {
        this(config.vtsim_name(), config.chipset(), config.subsystem());
    }

    /**
     * @param name      the part's name
     * @param chipset   {@code q35} or {@code gm45}
     * @param subsystem vendor and device, hexadecimal: {@code 1af4:1100}
     */
    public HostBridge(String name, String chipset, String subsystem) {
        this.name = name;
        this.chipset = Chipset.named(chipset);
        if (!subsystem.matches("[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")) {
            throw new IllegalArgumentException("subsystem is vendor:device, four hexadecimal digits each, not '" + subsystem + "'");
        }
        config = new ConfigSpace(this, this.chipset.identity(Integer.parseUnsignedInt(subsystem.replace(":", ""), 16)), registers)
                .command(0x0140, 0x0006).status(0x0080).capability(0x09, 0xE0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return chipset.model();
    }

    @Override
    public PciAddress address() {
        return new PciAddress(0, 0, 0);
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
    }

    private void written(HostRegister register, long old, long now, long written) {
        switch (register) {
            case PCIEXBAR -> mapWindow();
            case MCHBAR -> hub.map(board, now);
            case PAM0, PAM1, PAM2, PAM3, PAM4, PAM5, PAM6 -> route(register);
            case SMRAM -> {
                if (HostRegister.D_LCK.isSet(now)) {
                    registers.set(register, HostRegister.D_OPEN.with(now, 0));
                }
                routeSmram();
            }
            case ESMRAMC -> {
                if (registers.isSet(HostRegister.SMRAM, HostRegister.D_LCK)) {
                    registers.set(register, old);
                }
            }
            case LAC -> {
                if (old != now) {
                    routeHole();
                }
            }
            default -> { }
        }
    }

    private void routeAll() {
        for (int i = HostRegister.PAM0.ordinal(); i <= HostRegister.PAM6.ordinal(); i++) {
            route(HostRegister.values()[i]);
        }
        routeSmram();
        if (registers.isSet(HostRegister.LAC, HostRegister.HEN)) {
            routeHole();
        }
    }

    /** Each PAM register has two halves of 16 KiB, but for PAM0, whose upper half is the last 64 KiB below 1 MiB. */
    private void route(HostRegister pam) {
        long value = registers.get(pam);
        if (pam == HostRegister.PAM0) {
            route(0xF_0000, 0x1_0000, value >> 4);
        } else {
            long base = 0xC_0000 + (pam.ordinal() - HostRegister.PAM1.ordinal()) * 0x8000L;
            route(base, 0x4000, value);
            route(base + 0x4000, 0x4000, value >> 4);
        }
    }

    private void route(long base, long length, long attributes) {
        if (board != null) {
            board.memory().route(base, length, (attributes & 1) != 0, (attributes & 2) != 0);
        }
    }

    /** With no processor in system management mode the range is RAM only while it is open. */
    private void routeSmram() {
        route(0xA_0000, 0x2_0000, registers.isSet(HostRegister.SMRAM, HostRegister.D_OPEN) ? 3 : 0);
    }

    private void routeHole() {
        route(0xF0_0000, 0x10_0000, registers.isSet(HostRegister.LAC, HostRegister.HEN) ? 0 : 3);
    }

    private void mapWindow() {
        long value = registers.get(HostRegister.PCIEXBAR);
        int code = (int) HostRegister.LENGTH.of(value);
        long length = code == 3 || !HostRegister.PCIEXBAREN.isSet(value) ? 0 : 0x1000_0000L >> code;
        long base = value & 0xF_FC00_0000L & -Math.max(length, 1);
        if (board == null || base == windowAt && length == windowLength) {
            return;
        }
        if (window != null) {
            window.close();
            window = null;
        }
        windowAt = base;
        windowLength = length;
        if (length != 0) {
            window = board.memory().map(base, length, new Ecam());
        }
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        board.memory().onPoison(line -> poison = true);
        generation++;
        tracer = board.tracer();
        resetControl = board.find(ResetControl.class).orElse(null);
        List<PciFunction> present = new ArrayList<>(board.findAll(PciFunction.class));
        virtual.keySet().removeIf(function -> present.stream().noneMatch(each -> each == function));
        virtual.values().forEach(present::addAll);
        topology.scan(board, present);
        arranged = true;
        followers.keySet().removeIf(function -> present.stream().noneMatch(each -> each == function));
        translators.scan(board);
        hub.attach(board, registers.get(HostRegister.MCHBAR));
        strapMemory();
        config.attach(board);
        board.ports().map(CONFADD, 4, 4, new AddressPort());
        board.ports().map(CONFDATA, 4, 4, new DataPort());
        board.memory().unanswered((where, size, write) -> {
            if (requesting == null) {
                aborts.memory(where, size, write);
            } else {
                missed(requesting, where, write);
            }
        });
        board.ports().unanswered(aborts::port);
        window = null;
        windowAt = 0;
        windowLength = 0;
        mapWindow();
        routeAll();
        pins.attach(board.find(InterruptRouter.class).orElse(null), present);
        lookIntoSlots();
        followers.values().forEach(Follower::rerouted);
        complain();
    }

    /** What a running machine's slots find changed they take note of when the run goes on: until then a card may be replaced by its successor. */
    private void lookIntoSlots() {
        List<Bridge> bridges = board.findAll(Bridge.class);
        if (board.clock().now() == 0) {
            bridges.forEach(bridge -> bridge.slot().adopt(topology.occupant(bridge)));
        } else if (bridges.stream().anyMatch(bridge -> !bridge.slot().occupant().equals(topology.occupant(bridge)))) {
            board.clock().timer("slots", () -> bridges.forEach(bridge -> bridge.slot().detect(topology.occupant(bridge)))).at(board.clock().now());
        }
    }

    /** Parts come one by one: what is wrong counts when the run goes on. */
    private void complain() {
        if (!topology.mistakes().isEmpty()) {
            board.clock().timer("mistakes", () -> topology.mistakes().forEach(board::report)).at(board.clock().now());
        }
    }

    /** The sizes that memory initialisation would have left. */
    private void strapMemory() {
        long low = 0;
        for (MemorySpace.Region region : board.memory().regions()) {
            if (region.kind().equals("ram") && region.owner().equals("board") && region.base() < 1L << 32) {
                low = Math.max(low, region.base() + region.length());
            }
        }
        long size = board.memory().ramSize();
        registers.strap(HostRegister.TOLUD, low >> 20 << 4);
        registers.strap(HostRegister.TSEGMB, low);
        registers.strap(HostRegister.GBSM, low);
        registers.strap(HostRegister.TOM, size >> 26);
        registers.strap(HostRegister.TOUUD, size > low ? (1L << 32) + size - low >> 20 : low >> 20);
    }

    @Override
    public void reset(Reset kind) {
        boolean hole = registers.isSet(HostRegister.LAC, HostRegister.HEN);
        address = 0;
        translators.forget();
        config.reset(kind);
        mapWindow();
        hub.map(board, registers.get(HostRegister.MCHBAR));
        routeAll();
        if (hole) {
            routeHole();
        }
    }

    /** The window of configuration space where reset puts it, and RAM below 1 MiB where no image lies. */
    @Override
    public void asFirmwareLeaves() {
        topology.number();
        generation++;
        registers.store(HostRegister.PCIEXBAR.layout().offset(), 8, 0xE000_0001L);
        registers.store(HostRegister.PAM0.layout().offset(), 1, 0x30);
        for (int offset = HostRegister.PAM1.layout().offset(); offset <= HostRegister.PAM6.layout().offset(); offset++) {
            registers.store(offset, 1, 0x33);
        }
    }

    @Override
    public State save() {
        return State.of(model(), VERSION, new HostState(config.save(), address));
    }

    @Override
    public void restore(State state) {
        HostState saved = state.as(HostState.class, model(), VERSION);
        config.restore(saved.config());
        address = saved.address();
    }

    @Override
    public List<PciFunction> functions() {
        return topology.functions();
    }

    @Override
    public Optional<PciFunction> function(PciAddress where) {
        return Optional.ofNullable(topology.find(where));
    }

    @Override
    public PciAddress address(PciFunction function) {
        return topology.address(function);
    }

    @Override
    public Optional<PciFunction> bridge(PciFunction function) {
        return Optional.ofNullable(topology.above(function));
    }

    @Override
    public Span reach(PciFunction function, boolean ports, long base, long length) {
        return topology.reach(function, ports, new Span(base, length));
    }

    @Override
    public void follow(PciFunction function, Follower follower) {
        followers.put(function, follower);
    }

    @Override
    public void interrupt(PciFunction function, int pin, boolean asserted) {
        pins.drive(function, pin, asserted);
    }

    @Override
    public void appear(PciFunction physical, List<? extends PciFunction> functions) {
        virtual.put(physical, List.copyOf(functions));
        if (arranged) {
            List<PciFunction> present = new ArrayList<>(board.findAll(PciFunction.class));
            virtual.values().forEach(present::addAll);
            topology.scan(board, present);
            generation++;
        }
    }

    /** A message goes up from bridge to bridge as far as they forward it. */
    @Override
    public void error(PciFunction function, ErrorReporting.Severity severity) {
        int sourceId = topology.sourceId(function);
        if (function instanceof Bridge port && port.kind() == BridgeKind.ROOT_PORT) {
            port.error(severity, sourceId, false);
        }
        for (Bridge above = topology.above(function); above != null && above.error(severity, sourceId, true); ) {
            above = topology.above(above);
        }
    }

    @Override
    public void wake(PciFunction function) {
        Bridge above = topology.above(function);
        if (above != null && topology.linked(function)) {
            topology.top(above).wake(topology.sourceId(function));
        }
    }

    /** A function's request is about to reach memory, or null: has done so. */
    void requesting(PciFunction function) {
        requesting = function;
    }

    /** A function's request has met nobody: the root port it came through finds it unsupported. */
    void missed(PciFunction function, long address, boolean posted) {
        Bridge above = topology.above(function);
        Bridge top = above == null ? null : topology.top(above);
        if (top != null && top.kind() == BridgeKind.ROOT_PORT) {
            top.unsupported(posted, posted ? 0x4000_0001 : 1, topology.sourceId(function) << 16 | 0xF, (int) address & ~3);
        }
    }

    /** A function behind a bridge finds a request unsupported, unless it is a virtual one: it answers for itself only. */
    void unsupported(PciFunction function, boolean posted, int... tlp) {
        Follower follower = followers.get(function);
        if (follower != null && virtual.values().stream().noneMatch(functions -> functions.contains(function))) {
            follower.unsupported(posted, tlp);
        }
    }

    /** A request of the processor has come back unsupported. */
    void masterAbort() {
        config.readFailed(false);
    }

    /** A read of a function has come back without data. */
    void failed(PciFunction function) {
        Follower follower = followers.get(function);
        if (follower != null) {
            follower.failed();
        }
    }

    /** A read of a function has come back poisoned. */
    void poisoned(PciFunction function) {
        Follower follower = followers.get(function);
        if (follower != null) {
            follower.poisoned();
        }
    }

    Topology topology() {
        return topology;
    }

    /** @return whether a function may send requests: bus-master enable, power state */
    boolean mayRequest(PciFunction function) {
        Follower follower = followers.get(function);
        return follower != null ? follower.mayRequest()
                : HeaderRegister.BUS_MASTER.isSet(function.configRead(HeaderRegister.PCICMD.layout().offset(), 2));
    }

    /** A bridge decodes otherwise, or its buses have other numbers. */
    void rerouted(Bridge bridge) {
        generation++;
        if (arranged) {
            for (PciFunction function : topology.below(bridge)) {
                Follower follower = followers.get(function);
                if (follower != null) {
                    follower.rerouted();
                }
            }
        }
    }

    @Override
    public Upstream upstream(PciFunction function) {
        return new Requester(function, this, -1);
    }

    @Override
    public Upstream upstream(PciFunction function, int sourceId) {
        return new Requester(function, this, sourceId & 0xFFFF);
    }

    Board board() {
        return board;
    }

    /** @return whether a read of memory since the latest question has met an uncorrectable error */
    boolean metPoison() {
        boolean met = poison;
        poison = false;
        return met;
    }

    /** Counts attachments: 0 before the first. */
    int generation() {
        return generation;
    }

    Translators translators() {
        return translators;
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("DRAM Controller", "configuration", 0, config.dump()));
    }

    private int read(int sourceId, int offset, int size) {
        PciFunction function = topology.at(sourceId);
        if (function == null) {
            aborts.configuration(topology.towards(sourceId >> 8 & 0xFF), sourceId, offset, false);
        }
        int value = function == null ? -1 >>> 32 - 8 * size : function.configRead(offset, size);
        if (tracer.wants("pci.config")) {
            tracer.event("pci.config", String.format("%s %03x -> %0" + 2 * size + "x", PciAddress.of(sourceId), offset, value));
        }
        return value;
    }

    private void write(int sourceId, int offset, int size, int value) {
        if (tracer.wants("pci.config")) {
            tracer.event("pci.config", String.format("%s %03x <- %0" + 2 * size + "x", PciAddress.of(sourceId), offset, value));
        }
        PciFunction function = topology.at(sourceId);
        if (function == null) {
            aborts.configuration(topology.towards(sourceId >> 8 & 0xFF), sourceId, offset, true);
        } else {
            function.configWrite(offset, size, value);
        }
    }

    /** CF8h: taken as a double word only. */
    private final class AddressPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            if (size == 4) {
                return address;
            }
            return port == RST_CNT && resetControl != null ? resetControl.resetControl() : (1 << 8 * size) - 1;
        }

        @Override
        public void write(int port, int size, int value) {
            if (size == 4) {
                address = value & 0x80FF_FFFC;
            } else if (port == RST_CNT && resetControl != null) {
                resetControl.resetControl(value & 0xFF);
            }
        }
    }

    /** CFCh–CFFh: the register that CF8h names, if its bit 31 is set. */
    private final class DataPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            return (address & ENABLE) == 0 ? -1 >>> 32 - 8 * size : HostBridge.this.read(address >> 8 & 0xFFFF, address & 0xFC | port & 3, size);
        }

        @Override
        public void write(int port, int size, int value) {
            if ((address & ENABLE) != 0) {
                HostBridge.this.write(address >> 8 & 0xFFFF, address & 0xFC | port & 3, size, value);
            }
        }
    }

    /** The memory-mapped mechanism: bus 27:20, device 19:15, function 14:12, register 11:0. */
    private final class Ecam implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            if (size == 8) {
                return read(offset, 4) | read(offset + 4, 4) << 32;
            }
            return HostBridge.this.read(offset >>> 12, offset & 0xFFF, size) & 0xFFFF_FFFFL;
        }

        @Override
        public void write(int offset, int size, long value) {
            HostBridge.this.write(offset >>> 12, offset & 0xFFF, Math.min(size, 4), (int) value);
            if (size == 8) {
                HostBridge.this.write(offset >>> 12, (offset & 0xFFF) + 4, 4, (int) (value >> 32));
            }
        }
    }
}
