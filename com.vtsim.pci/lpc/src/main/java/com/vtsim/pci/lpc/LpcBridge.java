package com.vtsim.pci.lpc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.ResetControl;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The LPC bridge, function 00:1f.0: PIRQ routing, power management, reset control, the ports 92h and CF9h, the root complex window.
 * Source: Intel I/O Controller Hub 9 (ICH9) Family Datasheet, LPC Interface Bridge Registers (D31:F0).
 */
@Component(configurationPid = "com.vtsim.pci.lpc", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, InterruptRouter.class, ResetControl.class, RegisterBlocks.class})
public final class LpcBridge implements PciFunction, InterruptRouter, ResetControl, RegisterBlocks, A20Gate {
    private static final int VERSION = 1;
    private static final int PIRQS = 8;
    private static final int FIRST_PIRQ_LINE = 16;
    private static final int RST_CNT = 0xCF9;
    private static final int PORT92 = 0x92;
    private static final int RCBA_LENGTH = 0x4000;
    private static final int PM_LENGTH = 0x80;
    /** Interrupts of the 8259A pair that a PIRQ can be routed to: 3–7, 9–12, 14, 15. */
    private static final int ROUTABLE = 0xDEF8;

    private static final Field SYS_RST = Field.bit(1);
    private static final Field RST_CPU = Field.bit(2);
    private static final Field FULL_RST = Field.bit(3);
    private static final Field INIT_NOW = Field.bit(0);
    private static final Field ALT_A20_GATE = Field.bit(1);

    private final String name;
    private final String model;
    private final RegisterFile<LpcRegister> registers = new RegisterFile<>(LpcRegister.class, this::written);
    private final RegisterFile<RootComplexRegister> rootComplex = new RegisterFile<>(RootComplexRegister.class, this::routed);
    private final PowerManagement power = new PowerManagement(this::sci, this::noReboot);
    private final ConfigSpace config;
    private final int[] wires = new int[32];
    private final Lines.Driver[] pirqLines = new Lines.Driver[PIRQS];
    private final Lines.Driver[] isaLines = new Lines.Driver[16];
    private final Lines.Driver[] sciLines = new Lines.Driver[Lines.COUNT];
    private boolean sciLevel;
    private int resetControl;
    private int port92;
    private Board board;
    private Registration pmWindow;
    private Registration rcbaWindow;

    /** A configuration of the LPC bridge. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "lpc";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:1f.0";

        /** @return {@code q35} (ICH9) or {@code gm45} (ICH9M-E) */
        String chipset() default "q35";

        /** @return subsystem vendor and device, hexadecimal */
        String subsystem() default "1af4:1100";
    }

    private record LpcState(ConfigState config, RegisterState rootComplex, PowerManagement.PmState power, int[] wires, int resetControl, int port92) { }

    /** Made from a configuration. */
    @Activate
    public LpcBridge(Config config) {
        this(config.vtsim_name(), config.chipset(), config.subsystem());
    }

    /**
     * @param name      the part's name
     * @param chipset   {@code q35} or {@code gm45}
     * @param subsystem vendor and device, hexadecimal: {@code 1af4:1100}
     */
    public LpcBridge(String name, String chipset, String subsystem) {
        this.name = name;
        boolean desktop = chipset.equals("q35");
        if (!desktop && !chipset.equals("gm45")) {
            throw new IllegalArgumentException("chipset is q35 or gm45, not '" + chipset + "'");
        }
        if (!subsystem.matches("[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")) {
            throw new IllegalArgumentException("subsystem is vendor:device, four hexadecimal digits each, not '" + subsystem + "'");
        }
        int board = Integer.parseUnsignedInt(subsystem.replace(":", ""), 16);
        model = desktop ? "ich9-lpc" : "ich9m-lpc";
        config = new ConfigSpace(this, new ConfigSpace.Identity(0x8086, desktop ? 0x2918 : 0x2917, 0x02, 0x06_01_00, board >>> 16, board & 0xFFFF), registers)
                .multifunction().command(0x0140, 0x0007).status(0x0200).capability(0x09, 0xE0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return model;
    }

    @Override
    public PciAddress address() {
        return new PciAddress(0, 0x1F, 0);
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
    }

    private void written(LpcRegister register, long old, long now, long written) {
        switch (register) {
            case PMBASE -> mapPower();
            case ACPI_CNTL -> {
                mapPower();
                driveSci();
            }
            case RCBA -> mapRootComplex();
            case PIRQA_ROUT, PIRQB_ROUT, PIRQC_ROUT, PIRQD_ROUT, PIRQE_ROUT, PIRQF_ROUT, PIRQG_ROUT, PIRQH_ROUT -> drivePirqs();
            default -> { }
        }
    }

    private void routed(RootComplexRegister register, long old, long now, long written) {
        if (old != now) {
            drivePirqs();
        }
    }

    private void mapPower() {
        if (pmWindow != null) {
            pmWindow.close();
            pmWindow = null;
        }
        int base = (int) (registers.get(LpcRegister.PMBASE) & 0xFF80);
        if (board != null && base != 0 && registers.isSet(LpcRegister.ACPI_CNTL, LpcRegister.ACPI_EN)) {
            pmWindow = board.ports().map(base, PM_LENGTH, 4, power.block(base));
        }
    }

    private void mapRootComplex() {
        if (rcbaWindow != null) {
            rcbaWindow.close();
            rcbaWindow = null;
        }
        long value = registers.get(LpcRegister.RCBA);
        if (board != null && LpcRegister.EN.isSet(value)) {
            rcbaWindow = board.memory().map(value & 0xFFFF_C000L, RCBA_LENGTH, new RootComplexWindow());
        }
    }

    @Override
    public void wire(int device, int pin, boolean asserted) {
        int bit = 1 << pin;
        if (asserted != ((wires[device] & bit) != 0)) {
            wires[device] ^= bit;
            drivePirqs();
        }
    }

    /** The chipset's own devices are routed by the window at RCBA; a slot's pins go to PIRQE–PIRQH, one further for each slot. */
    @Override
    public int pirq(int device, int pin) {
        RootComplexRegister route = RootComplexRegister.route(device);
        return route == null ? 4 + (device + pin - 1 & 3) : (int) (rootComplex.get(route) >> 4 * (pin - 1) & 7);
    }

    @Override
    public int line(int pirq) {
        long routing = registers.get(LpcRegister.routing(pirq));
        int line = (int) LpcRegister.IR.of(routing);
        return LpcRegister.IRQEN_OFF.isSet(routing) || (ROUTABLE >> line & 1) == 0 ? -1 : line;
    }

    private void drivePirqs() {
        if (board == null) {
            return;
        }
        int asserted = 0;
        for (int device = 0; device < wires.length; device++) {
            for (int pin = 1; wires[device] != 0 && pin <= 4; pin++) {
                if ((wires[device] & 1 << pin) != 0) {
                    asserted |= 1 << pirq(device, pin);
                }
            }
        }
        int isa = 0;
        for (int pirq = 0; pirq < PIRQS; pirq++) {
            boolean level = (asserted & 1 << pirq) != 0;
            pirqLines[pirq].set(level);
            if (level && line(pirq) >= 0) {
                isa |= 1 << line(pirq);
            }
        }
        for (int line = 0; line < isaLines.length; line++) {
            if (isaLines[line] != null) {
                isaLines[line].set((isa & 1 << line) != 0);
            }
        }
    }

    private void sci(boolean asserted) {
        sciLevel = asserted;
        driveSci();
    }

    private void driveSci() {
        if (board == null) {
            return;
        }
        int select = (int) registers.get(LpcRegister.ACPI_CNTL, LpcRegister.SCI_IRQ_SEL);
        int line = select < 3 ? 9 + select : select > 3 ? 16 + select : -1;
        for (int i = 0; i < sciLines.length; i++) {
            if (sciLines[i] != null) {
                sciLines[i].set(sciLevel && i == line);
            }
        }
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        pmWindow = null;
        rcbaWindow = null;
        Lines lines = board.lines();
        for (int pirq = 0; pirq < PIRQS; pirq++) {
            pirqLines[pirq] = lines.driver(FIRST_PIRQ_LINE + pirq, "pirq");
        }
        for (int line = 0; line < isaLines.length; line++) {
            isaLines[line] = (ROUTABLE >> line & 1) != 0 ? lines.driver(line, "pirq") : null;
        }
        for (int line : new int[] {9, 10, 11, 20, 21, 22, 23}) {
            sciLines[line] = lines.driver(line, "sci");
        }
        config.attach(board);
        board.ports().map(PORT92, 1, 1, new Port92());
        if (board.find(PciHost.class).isEmpty()) {
            board.ports().map(RST_CNT, 1, 1, new ResetPort());
        }
        power.attach(board);
        mapPower();
        mapRootComplex();
        drivePirqs();
    }

    @Override
    public void reset(Reset kind) {
        java.util.Arrays.fill(wires, 0);
        config.reset(kind);
        rootComplex.reset(kind);
        power.reset(kind);
        resetControl = 0;
        port92 = 0;
        mapPower();
        mapRootComplex();
        drivePirqs();
    }

    /** The places that firmware for this chipset uses: power management at 600h, the root complex window at FED1_C000h, PIRQs on lines 10 and 11. */
    @Override
    public void asFirmwareLeaves() {
        registers.store(LpcRegister.PMBASE.layout().offset(), 4, 0x600);
        registers.store(LpcRegister.ACPI_CNTL.layout().offset(), 1, LpcRegister.ACPI_EN.mask());
        registers.store(LpcRegister.RCBA.layout().offset(), 4, 0xFED1_C001L);
        for (int pirq = 0; pirq < PIRQS; pirq++) {
            registers.store(LpcRegister.routing(pirq).layout().offset(), 1, (pirq & 3) < 2 ? 10 : 11);
        }
    }

    @Override
    public State save() {
        return State.of(model, VERSION, new LpcState(config.save(), rootComplex.save(), power.save(), wires, resetControl, port92));
    }

    @Override
    public void restore(State state) {
        LpcState saved = state.as(LpcState.class, model, VERSION);
        if (saved.wires().length != wires.length) {
            throw new StateException("state of " + model + " has " + saved.wires().length + " devices, expected " + wires.length);
        }
        LpcState before = new LpcState(config.save(), rootComplex.save(), power.save(), wires, resetControl, port92);
        try {
            adopt(saved);
        } catch (StateException e) {
            adopt(before);
            throw e;
        }
    }

    private void adopt(LpcState state) {
        config.restore(state.config());
        rootComplex.restore(state.rootComplex());
        power.restore(state.power());
        System.arraycopy(state.wires(), 0, wires, 0, wires.length);
        resetControl = state.resetControl();
        port92 = state.port92();
    }

    @Override
    public int resetControl() {
        return resetControl;
    }

    /** The reset comes when RST_CPU goes from 0 to 1: of the processors alone, of the platform, or with the power off and on again. */
    @Override
    public void resetControl(int value) {
        boolean rises = RST_CPU.isSet(value) && !RST_CPU.isSet(resetControl);
        resetControl = value & (int) (SYS_RST.mask() | RST_CPU.mask() | FULL_RST.mask());
        if (!rises) {
            return;
        }
        if (SYS_RST.isSet(value)) {
            board.reset(FULL_RST.isSet(value) ? Reset.COLD : Reset.WARM);
        } else {
            initProcessors();
        }
    }

    private boolean noReboot() {
        return rootComplex.isSet(RootComplexRegister.GCS, RootComplexRegister.NO_REBOOT);
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("LPC Interface Bridge", "configuration", 0, config.dump()),
                new Block("Power Management", "ports", pmWindow == null ? -1 : registers.get(LpcRegister.PMBASE) & 0xFF80, power.dump()),
                new Block("Chipset Configuration", "memory", rcbaWindow == null ? -1 : registers.get(LpcRegister.RCBA) & 0xFFFF_C000L, rootComplex.dump()));
    }

    @Override
    public boolean isA20High() {
        return ALT_A20_GATE.isSet(port92);
    }

    /** INIT# goes low; that sets ALT_A20_GATE, so that the processors find their first instruction. */
    private void initProcessors() {
        port92 |= ALT_A20_GATE.mask();
        board.findAll(Processor.class).forEach(Processor::init);
    }

    /** Port CF9h on a board without a host bridge. */
    private final class ResetPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            return resetControl();
        }

        @Override
        public void write(int port, int size, int value) {
            resetControl(value);
        }
    }

    /** ALT_A20_GATE, which is or'd with what the keyboard controller says, and INIT. */
    private final class Port92 implements PortDevice {
        @Override
        public int read(int port, int size) {
            return port92;
        }

        @Override
        public void write(int port, int size, int value) {
            int old = port92;
            port92 = value & 0x03;
            if (((old ^ value) & ALT_A20_GATE.mask()) != 0) {
                A20Gate.drive(board, LpcBridge.this);
            }
            if (INIT_NOW.isSet(value) && !INIT_NOW.isSet(old)) {
                initProcessors();
            }
        }
    }

    private final class RootComplexWindow implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return rootComplex.load(offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            rootComplex.store(offset, size, value);
        }
    }
}
