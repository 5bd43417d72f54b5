package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.AccessControl;
import com.vtsim.api.pci.Capabilities;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.ExpressRegister;
import com.vtsim.api.pci.Msi;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PciHost.Span;
import com.vtsim.api.pci.PciSlot;
import com.vtsim.api.pci.PowerManagement;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * A bridge: a root port, a port of a switch, or a bridge to conventional PCI. It forwards configuration requests by bus number, memory and port accesses
 * by window, and requests and interrupt pins from below. A root port and a switch's lower port have a slot.
 * Source: PCI-to-PCI Bridge Architecture Specification; PCI Express Base Specification, Type 1 Configuration Space Header.
 */
@Component(configurationPid = "com.vtsim.pci.bridge", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, PciSlot.class, RegisterBlocks.class})
public final class Bridge implements PciFunction, PciSlot, RegisterBlocks {
    private static final int VERSION = 2;
    private static final int OWN = 0x40;
    private static final int VENDOR = 0x8086;
    /** LINKCAP: surprise-down and link-active reporting. */
    private static final int REPORTS = 0x0018_0000;

    private final String name;
    private final PciAddress address;
    private final BridgeKind kind;
    private final int behind;
    private final int number;
    private final boolean hotPlug;
    private final RegisterFile<BridgeRegister> header = new RegisterFile<>(BridgeRegister.class, this::written);
    private final Windows windows = new Windows(header);
    private final Capabilities capabilities;
    private final PowerManagement power = new PowerManagement(true);
    private final Msi msi = new Msi(1);
    private final PciExpress express;
    private final ErrorReporting errors;
    private final AccessControl access = new AccessControl();
    private final Slot slot;
    private final Containment containment = new Containment(this::followContainment, this::followEvents);
    private final Wakes wakes;
    private boolean errorPending;
    /** What the port interrupts for beside its slot and errors. */
    private boolean interrupting;
    private HostBridge host;

    /** A configuration of a bridge. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "rp1";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:1c.0";

        /** @return {@code root-port}, {@code switch-up}, {@code switch-down} or {@code pci-bridge} */
        String kind() default "root-port";

        /** @return bus number that functions behind it have in their {@link PciFunction#ADDRESS}, 1–255; firmware that finds no other numbers gives it this one */
        int behind() default 1;

        /** @return number of its slot, 0–8191 */
        int slot() default 1;

        /** @return whether cards may come and go while the machine runs */
        boolean hotplug() default true;

        /** @return whether its device has several functions; to be set in function 0 */
        boolean multifunction() default false;
    }

    private record BridgeState(RegisterState header, RegisterState own, String occupant, boolean errorPending, int[] wakes) { }

    private enum None implements Register {
        ;

        @Override
        public com.vtsim.api.register.Layout layout() {
            throw new AssertionError("an enum without constants");
        }
    }

    /** Made from a configuration. */
    @Activate
    public Bridge(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address(), config.kind(), config.behind(), config.slot(), config.hotplug(), config.multifunction());
    }

    /**
     * @param name    the part's name
     * @param address bus:device.function
     * @param kind    as in the configuration
     * @param behind  bus number in the configured addresses of what is behind it
     * @param number  of its slot
     */
    public Bridge(String name, String address, String kind, int behind, int number, boolean hotPlug, boolean multifunction) {
        this.name = name;
        this.address = PciAddress.parse(address);
        this.kind = BridgeKind.named(kind);
        this.behind = behind;
        this.number = number;
        if (behind < 1 || behind > 255 || behind == this.address.bus()) {
            throw new IllegalArgumentException("behind is a bus number from 1 to 255 other than the bridge's own, not " + behind);
        }
        if (number < 0 || number > 0x1FFF) {
            throw new IllegalArgumentException("slot is 0 to 8191, not " + number);
        }
        this.hotPlug = hotPlug && this.kind.hasLink();
        express = PciExpress.port(this.kind.type(), this::expressWritten);
        slot = new Slot(express.file(), this.hotPlug, containment::isTriggered, new Events());
        wakes = new Wakes(express.file());
        errors = this.kind == BridgeKind.ROOT_PORT ? ErrorReporting.rootPort(0) : ErrorReporting.endpoint();
        capabilities = new Capabilities(this, new RegisterFile<>(None.class, (register, old, now, written) -> { }), this::follow);
        capabilities.add(express, OWN);
        capabilities.add(msi);
        capabilities.add(power);
        capabilities.add(errors);
        if (this.kind.hasLink()) {
            capabilities.add(access);
            capabilities.add(containment);
        }
        strap(multifunction);
    }

    private void strap(boolean multifunction) {
        header.strap(BridgeRegister.VID, VENDOR);
        header.strap(BridgeRegister.DID, kind == BridgeKind.ROOT_PORT ? 0x2940 + 2 * address.function() : kind == BridgeKind.PCI ? 0x0330 : 0x3500 + kind.type());
        header.strap(BridgeRegister.RID, 0x02);
        header.strap(BridgeRegister.HTYPE, multifunction ? 0x81 : 0x01);
        header.strap(BridgeRegister.CAPPTR, capabilities.pointer());
        header.strap(BridgeRegister.INTPN, 1 + (address.function() & 3));
        RegisterFile<ExpressRegister> file = express.file();
        if (kind.hasLink()) {
            file.strap(ExpressRegister.DEVCAP2, file.get(ExpressRegister.DEVCAP2) | ExpressRegister.ARI_FORWARDING.mask());
            file.strap(ExpressRegister.CAP, file.get(ExpressRegister.CAP) | ExpressRegister.SLOT_IMPLEMENTED.mask());
            file.strap(ExpressRegister.SLOTCAP, (long) number << 19 | (hotPlug ? Slot.HOT_PLUG : 0) | 25 << 7);
            file.strap(ExpressRegister.SLOTCTL, hotPlug ? 0x01C0 : 0);                             // power on, indicators: power on, attention off
            file.strap(ExpressRegister.LINKCAP, file.get(ExpressRegister.LINKCAP) | REPORTS | (long) number << 24);
        }
    }

    /** What happens in the slot, to the port and to those behind it. */
    private final class Events implements Slot.Surroundings {
        @Override
        public void link(boolean up, boolean powered) {
            rerouted();
            if (up) {
                resetBelow(powered ? Reset.COLD : Reset.WARM);
            }
        }

        @Override
        public void interrupt(boolean wanted) {
            follow();
            if (wanted) {
                msi.raise(0);
            }
        }
    }

    private void expressWritten(ExpressRegister register, long old, long now, long written) {
        slot.written(register, old, now);
        if (register == ExpressRegister.DEVCTL2) {
            express.file().set(register, now & ~(kind.hasLink() ? 0 : ExpressRegister.ARI_FORWARDING.mask()));
        } else if (register == ExpressRegister.ROOTSTA) {
            wakes.follow();
        }
        followEvents();
    }

    private void followContainment() {
        if (slot != null) {
            slot.followLink();
        }
    }

    private void followEvents() {
        boolean wanted = wakes != null && (wakes.interrupting() || containment.interrupting());
        if (wanted != interrupting) {
            interrupting = wanted;
            driveIntx();
            if (wanted) {
                msi.raise(0);
            }
        }
    }

    /** A function below wakes the platform. */
    void wake(int sourceId) {
        if (kind == BridgeKind.ROOT_PORT) {
            wakes.add(sourceId);
            followEvents();
        }
    }

    /** @return whether what is a device number elsewhere belongs to the function number on its link */
    boolean forwardsFunctions() {
        return express.file().isSet(ExpressRegister.DEVCTL2, ExpressRegister.ARI_FORWARDING);
    }

    private void resetBelow(Reset reset) {
        if (host != null) {
            host.topology().below(this).forEach(function -> function.reset(reset));
        }
    }

    private void rerouted() {
        if (host != null) {
            host.rerouted(this);
        }
    }

    private void written(BridgeRegister register, long old, long now, long written) {
        switch (register) {
            case BCTRL -> {
                if (BridgeRegister.SECONDARY_RESET.isSet(now & ~old)) {
                    resetBelow(Reset.WARM);
                }
                rerouted();
            }
            case PCICMD -> {
                driveIntx();
                rerouted();
            }
            case SBUS, SUBBUS, IOBASE, IOLIMIT, MBASE, MLIMIT, PMBASE, PMLIMIT, PMBU32, PMLU32 -> {
                if (old != now) {
                    rerouted();
                }
            }
            default -> { }
        }
    }

    /** Power state, messages or events have changed. */
    private void follow() {
        driveIntx();
        rerouted();
    }

    private void driveIntx() {
        boolean wanted = slot.interrupting() || errorPending || interrupting;
        header.set(BridgeRegister.PCISTS, BridgeRegister.INTERRUPT_STATUS, wanted && !capabilities.sendsMessages() ? 1 : 0);
        if (host != null) {
            host.interrupt(this, (int) header.get(BridgeRegister.INTPN),
                    wanted && !capabilities.sendsMessages() && !header.isSet(BridgeRegister.PCICMD, BridgeRegister.INTERRUPT_DISABLE));
        }
    }

    // The way through

    BridgeKind kind() {
        return kind;
    }

    /** @return number of the bus behind it as the guest has it, 0 if it has none */
    int secondary() {
        return (int) header.get(BridgeRegister.SBUS);
    }

    /** @return whether configuration requests for a bus go this way */
    boolean leadsTo(int bus) {
        return secondary() != 0 && bus >= secondary() && bus <= header.get(BridgeRegister.SUBBUS);
    }

    /** Gives it bus numbers and closes its windows. */
    void number(int primary, int secondary, int subordinate) {
        header.set(BridgeRegister.IOBASE, 0xF0);
        header.set(BridgeRegister.MBASE, 0xFFF0);
        header.set(BridgeRegister.PMBASE, 0xFFF1);
        header.set(BridgeRegister.PBUS, primary);
        header.set(BridgeRegister.SBUS, secondary);
        header.set(BridgeRegister.SUBBUS, subordinate);
    }

    @Override
    public boolean isLinkUp() {
        return (!kind.hasLink() || slot.isLinkUp()) && power.state() == 0 && !header.isSet(BridgeRegister.BCTRL, BridgeRegister.SECONDARY_RESET);
    }

    /** A request for what is behind it found nobody. */
    void masterAbort() {
        header.raise(BridgeRegister.SECSTS, BridgeRegister.RECEIVED_MASTER_ABORT.mask());
    }

    boolean forwardsRequests() {
        return isLinkUp() && header.isSet(BridgeRegister.PCICMD, BridgeRegister.BUS_MASTER);
    }

    /** @return what of a range goes through its windows, or null */
    Span forwarded(boolean ports, Span span) {
        return isLinkUp() ? windows.through(ports, span) : null;
    }

    /** @return whether an access to an address is its own to forward, whether the link is up or not */
    boolean claims(boolean ports, Span span) {
        return power.state() == 0 && windows.through(ports, span) != null;
    }

    /** It finds a request unsupported. @param posted whether the request has no completion */
    void unsupported(boolean posted, int... tlp) {
        send(capabilities.unsupported(posted, header.isSet(BridgeRegister.PCICMD, BridgeRegister.SERR_ENABLE), tlp));
    }

    private void send(ErrorReporting.Severity severity) {
        if (severity != null && host != null && !(kind.hasLink() && containment.contains(severity, Containment.Reason.OWN, 0))) {
            boolean serr = severity != ErrorReporting.Severity.CORRECTABLE && header.isSet(BridgeRegister.PCICMD, BridgeRegister.SERR_ENABLE);
            header.raise(BridgeRegister.PCISTS, serr ? 0x4000 : 0);
            host.error(this, severity);
        }
    }

    /** @return whether access control services let a request from below through */
    boolean admits(int sourceId, boolean translated) {
        boolean forged = access.enables(AccessControl.SOURCE_VALIDATION) && !leadsTo(sourceId >> 8);
        if (!forged && !(translated && access.enables(AccessControl.TRANSLATION_BLOCKING))) {
            return true;
        }
        boolean serr = header.isSet(BridgeRegister.PCICMD, BridgeRegister.SERR_ENABLE);
        send(capabilities.detected(true, ErrorReporting.ACS_VIOLATION, serr, 0, sourceId << 16));
        return false;
    }

    /** An error message comes from below, or from the port itself. @return whether it is forwarded */
    boolean error(ErrorReporting.Severity severity, int sourceId, boolean fromBelow) {
        if (fromBelow) {
            header.raise(BridgeRegister.SECSTS, severity == ErrorReporting.Severity.CORRECTABLE ? 0 : BridgeRegister.RECEIVED_SYSTEM_ERROR.mask());
            Containment.Reason reason = severity == ErrorReporting.Severity.FATAL ? Containment.Reason.FATAL : Containment.Reason.NONFATAL;
            if (kind.hasLink() && containment.contains(severity, reason, sourceId)) {
                return false;
            }
            if (!header.isSet(BridgeRegister.BCTRL, BridgeRegister.SERR_FORWARD)) {
                return false;
            }
        }
        if (kind == BridgeKind.ROOT_PORT && errors.received(severity, sourceId)) {
            errorPending = true;
            driveIntx();
            msi.raise(0);
        }
        return true;
    }

    // The slot

    @Override
    public int behind() {
        return behind;
    }

    @Override
    public int number() {
        return number;
    }

    @Override
    public boolean isHotPluggable() {
        return hotPlug;
    }

    @Override
    public Optional<String> occupant() {
        String now = host == null ? "" : host.topology().occupant(this);
        return now.isEmpty() ? Optional.empty() : Optional.of(now);
    }

    @Override
    public boolean isPowered() {
        return slot.isPowered();
    }

    @Override
    public String indicators() {
        return slot.indicators();
    }

    @Override
    public void pressButton() {
        slot.press();
    }

    Slot slot() {
        return slot;
    }

    // The part

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return kind.word();
    }

    @Override
    public PciAddress address() {
        return address;
    }

    @Override
    public int configRead(int offset, int size) {
        return offset < OWN ? (int) header.load(offset, size) : capabilities.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        if (offset < OWN) {
            header.store(offset, size, value);
        } else {
            capabilities.write(offset, size, value);
            errorPending &= errors.isPending();
            driveIntx();
        }
    }

    @Override
    public void attach(Board board) {
        host = board.find(HostBridge.class).orElse(null);
        capabilities.attach(board, host);
        if (host != null) {
            host.follow(this, new PciHost.Follower() {
                @Override
                public void rerouted() { }

                @Override
                public boolean mayRequest() {
                    return header.isSet(BridgeRegister.PCICMD, BridgeRegister.BUS_MASTER) && power.state() == 0;
                }

                @Override
                public void unsupported(boolean posted, int... tlp) {
                    Bridge.this.unsupported(posted, tlp);
                }
            });
        }
        driveIntx();
    }

    @Override
    public void reset(Reset kindOfReset) {
        header.reset(kindOfReset);
        capabilities.reset(kindOfReset);
        errorPending = false;
        wakes.clear();
        interrupting = false;
        slot.adopt(slot.occupant());
        slot.recall(slot.occupant());
        driveIntx();
        rerouted();
    }

    @Override
    public State save() {
        return State.of(model(), VERSION, new BridgeState(header.save(), capabilities.save(), slot.occupant(), errorPending, wakes.save()));
    }

    @Override
    public void restore(State state) {
        BridgeState saved = state.as(BridgeState.class, model(), VERSION);
        RegisterState before = header.save();
        header.restore(saved.header());
        try {
            capabilities.restore(saved.own());
        } catch (StateException e) {
            header.restore(before);
            throw e;
        }
        slot.recall(saved.occupant());
        errorPending = saved.errorPending();
        wakes.restore(saved.wakes());
        interrupting = wakes.interrupting() || containment.interrupting();
    }

    @Override
    public List<Block> registerBlocks() {
        List<RegisterFile.Value> all = new ArrayList<>(header.dump());
        all.addAll(capabilities.dump());
        return List.of(new Block("Bridge", "configuration", 0, all));
    }
}
