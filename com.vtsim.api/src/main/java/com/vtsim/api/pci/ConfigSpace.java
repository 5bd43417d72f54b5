package com.vtsim.api.pci;

import static com.vtsim.api.pci.HeaderRegister.BUS_MASTER;
import static com.vtsim.api.pci.HeaderRegister.CAPABILITIES_LIST;
import static com.vtsim.api.pci.HeaderRegister.CAPPTR;
import static com.vtsim.api.pci.HeaderRegister.INTERRUPT_DISABLE;
import static com.vtsim.api.pci.HeaderRegister.INTERRUPT_STATUS;
import static com.vtsim.api.pci.HeaderRegister.INTPN;
import static com.vtsim.api.pci.HeaderRegister.PCICMD;
import static com.vtsim.api.pci.HeaderRegister.PCISTS;
import static com.vtsim.api.pci.HeaderRegister.ROMBAR;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The configuration space of a function with a Type 0 header: identity, command and status, base addresses that map and move their windows,
 * capabilities list, INTx. A function builds one, says what it has, and passes it its configuration accesses; its own registers from 40h on are
 * a table of its own. It stands here, among the contracts, because functions live in many bundles and providers do not import providers.
 * Machine thread only.
 * <pre>
 * config = new ConfigSpace(this, new Identity(0x8086, 0x10D3, 0, 0x02_00_00), registers)
 *         .memory(0, 0x2_0000, false, window).ports(2, 0x20, 4, ports).add(new PowerManagement()).add(new Msi(4)).pin(1);
 * </pre>
 */
public final class ConfigSpace {
    private static final int OWN = 0x40;
    /** Bits of the command register that a PCI Express function has: no special cycles, write-and-invalidate, palette snooping or stepping. */
    private static final long EXPRESS_COMMANDS = 0x0547;

    private final PciFunction function;
    private final RegisterFile<HeaderRegister> header;
    private final Capabilities capabilities;
    private final BarWindow[] bars = new BarWindow[6];
    private final LongSupplier[] bases = new LongSupplier[6];
    private final PciHost.Follower follower = new PciHost.Follower() {
        @Override
        public void rerouted() {
            mapAll();
        }

        @Override
        public boolean mayRequest() {
            return isBusMaster();
        }

        @Override
        public void unsupported(boolean posted, int... tlp) {
            send(capabilities.unsupported(posted, isSerr(), tlp));
        }

        @Override
        public void failed() {
            readFailed(false);
        }

        @Override
        public void poisoned() {
            // Detected parity error, and where software wants to know of those, master data parity error.
            header.raise(PCISTS, 0x8000 | ((header.get(PCICMD) & 0x40) != 0 ? 0x100 : 0));
            detected(true, ErrorReporting.POISONED);
        }
    };
    private BarWindow rom;
    private long commandWritable = PCICMD.layout().replaced();
    private long commandFixed;
    private boolean intx;
    private Board board;
    private PciHost host;

    /**
     * What a function is.
     *
     * @param vendor          16 bits
     * @param device          16 bits
     * @param revision        8 bits
     * @param classCode       24 bits: base class, sub-class, programming interface
     * @param subsystemVendor 16 bits
     * @param subsystem       16 bits
     */
    public record Identity(int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystem) {
        /** Without a subsystem. */
        public Identity(int vendor, int device, int revision, int classCode) {
            this(vendor, device, revision, classCode, 0, 0);
        }
    }

    private enum None implements Register {
        ;

        @Override
        public com.vtsim.api.register.Layout layout() {
            throw new AssertionError("an enum without constants");
        }
    }

    /** A function without registers of its own. */
    public ConfigSpace(PciFunction function, Identity identity) {
        this(function, identity, new RegisterFile<>(None.class, (register, old, now, written) -> { }));
    }

    /**
     * @param function whose configuration space it is
     * @param own      the function's registers, by configuration offset, from 40h on; saved and reset with the header
     */
    public ConfigSpace(PciFunction function, Identity identity, RegisterFile<?> own) {
        this.function = function;
        capabilities = new Capabilities(function, own, this::follow);
        header = new RegisterFile<>(HeaderRegister.class, this::written);
        header.strap(HeaderRegister.VID, identity.vendor());
        header.strap(HeaderRegister.DID, identity.device());
        header.strap(HeaderRegister.RID, identity.revision());
        header.strap(HeaderRegister.PI, identity.classCode() & 0xFF);
        header.strap(HeaderRegister.SCC, identity.classCode() >> 8 & 0xFF);
        header.strap(HeaderRegister.BCC, identity.classCode() >> 16 & 0xFF);
        header.strap(HeaderRegister.SVID, identity.subsystemVendor());
        header.strap(HeaderRegister.SID, identity.subsystem());
    }

    /** The device has several functions: bit 7 of the header type. */
    public ConfigSpace multifunction() {
        header.strap(HeaderRegister.HTYPE, 0x80);
        return this;
    }

    /** @param pin 1 (INTA) to 4 (INTD) */
    public ConfigSpace pin(int pin) {
        header.strap(INTPN, pin);
        return this;
    }

    /** Which bits of the command register can be written, and which of the others read 1. */
    public ConfigSpace command(int writable, int fixed) {
        commandWritable = writable;
        commandFixed = fixed & ~writable;
        header.strap(PCICMD, commandFixed);
        return this;
    }

    /** Read-only bits of the status register that read 1: 66 MHz, fast back-to-back, DEVSEL timing. */
    public ConfigSpace status(int fixed) {
        header.strap(PCISTS, header.get(PCISTS) | fixed);
        return this;
    }

    /**
     * A 32-bit base address of a memory window.
     *
     * @param index 0–5
     * @param size  bytes, a power of two, 4096 to 1 GiB
     */
    public ConfigSpace memory(int index, long size, boolean prefetchable, MmioDevice window) {
        bars[index] = new BarWindow(checked(size, 4096), prefetchable ? 8 : 0, false, window, null, 0, null);
        header.strap(HeaderRegister.bar(index), bars[index].type());
        return this;
    }

    /**
     * A 64-bit base address of a memory window; takes the next index too.
     *
     * @param index 0–4
     * @param size  bytes, a power of two, 4096 to 1 GiB
     */
    public ConfigSpace memory64(int index, long size, boolean prefetchable, MmioDevice window) {
        bars[index] = new BarWindow(checked(size, 4096), prefetchable ? 0xC : 4, true, window, null, 0, null);
        header.strap(HeaderRegister.bar(index), bars[index].type());
        return this;
    }

    /**
     * A base address of ports. The device is called with port numbers, not offsets.
     *
     * @param index 0–5
     * @param size  ports, a power of two, 4 to 256
     * @param width widest access the device takes, 1, 2 or 4 bytes
     */
    public ConfigSpace ports(int index, int size, int width, PortDevice device) {
        bars[index] = new BarWindow(checked(size, 4), 1, false, null, device, width, null);
        header.strap(HeaderRegister.bar(index), bars[index].type());
        return this;
    }

    /**
     * A memory window whose base is not in this function's header: a virtual function's, placed by its physical function. The base address register reads 0.
     *
     * @param index 0–5
     * @param size  bytes, a power of two from 4096 on
     * @param base  where it is, 0 for nowhere; asked at each {@link #remap}
     */
    public ConfigSpace memory(int index, long size, MmioDevice window, LongSupplier base) {
        bars[index] = new BarWindow(checked(size, 4096), 0, false, window, null, 0, null);
        bases[index] = base;
        return this;
    }

    /** @param image of the expansion ROM; its length a power of two, at least 4096 */
    public ConfigSpace rom(byte[] image) {
        rom = new BarWindow(checked(image.length, 4096), 0, false, null, null, 0, image);
        return this;
    }

    private static long checked(long size, long least) {
        if (Long.bitCount(size) != 1 || size < least) {
            throw new IllegalArgumentException("a window of " + size + " bytes: a power of two from " + least + " on is wanted");
        }
        return size;
    }

    /**
     * Appends a capability to the list. Its identifier and link are kept here; what follows them (from {@code offset + 2} on) is in the function's table.
     *
     * @param id     8 bits: 01h power management, 05h MSI, 10h PCI Express, 11h MSI-X
     * @param offset 40h–FCh, a multiple of 4
     */
    public ConfigSpace capability(int id, int offset) {
        capabilities.link(id, offset);
        return listed();
    }

    /** Appends a capability structure with registers of its own, at the lowest place that is free: {@link Msi}, {@link MsiX}, {@link PciExpress} … */
    public ConfigSpace add(Capability capability) {
        capabilities.add(capability);
        return listed();
    }

    /** As {@link #add(Capability)}, at an offset: a multiple of 4. */
    public ConfigSpace add(Capability capability, int offset) {
        capabilities.add(capability, offset);
        return listed();
    }

    private ConfigSpace listed() {
        if (capabilities.find(PciExpress.class).isPresent()) {
            commandWritable &= EXPRESS_COMMANDS;
        }
        if (capabilities.pointer() != 0) {
            header.strap(CAPPTR, capabilities.pointer());
            status((int) CAPABILITIES_LIST.mask());
        }
        return this;
    }

    /** @return the structures */
    public Capabilities capabilities() {
        return capabilities;
    }

    /**
     * Appends an extended capability. Its header is kept here; what follows (from {@code offset + 4} on) is in the function's table.
     *
     * @param id      16 bits
     * @param version 4 bits
     * @param offset  100h for the first, a multiple of 4
     */
    public ConfigSpace extendedCapability(int id, int version, int offset) {
        capabilities.linkExtended(id, version, offset);
        return this;
    }

    /** As {@link PciFunction#configRead}. */
    public int read(int offset, int size) {
        return offset < OWN ? (int) header.load(offset, size) : capabilities.read(offset, size);
    }

    /** As {@link PciFunction#configWrite}. */
    public void write(int offset, int size, int value) {
        if (offset < OWN) {
            header.store(offset, size, value);
        } else {
            capabilities.write(offset, size, value);
        }
    }

    private void written(HeaderRegister register, long old, long now, long written) {
        switch (register) {
            case PCICMD -> {
                header.set(PCICMD, now & commandWritable | commandFixed);
                follow();
            }
            case BAR0, BAR1, BAR2, BAR3, BAR4, BAR5 -> {
                int index = register.ordinal() - HeaderRegister.BAR0.ordinal();
                header.set(register, barValue(index, now));
                map(index);
            }
            case ROMBAR -> {
                header.set(ROMBAR, rom == null ? 0 : now & (-rom.size() | 1));
                mapRom();
            }
            default -> { }
        }
    }

    private long barValue(int index, long now) {
        if (bases[index] != null) {
            return 0;
        }
        if (bars[index] != null) {
            return now & -bars[index].size() | bars[index].type();
        }
        return upperHalf(index) ? now & -bars[index - 1].size() >> 32 : 0;
    }

    private boolean upperHalf(int index) {
        return index > 0 && bars[index - 1] != null && bars[index - 1].wide();
    }

    /** @return the base address that a window is programmed to, whether it is enabled or not */
    public long base(int index) {
        if (bases[index] != null) {
            return bases[index].getAsLong();
        }
        long low = header.get(HeaderRegister.bar(index)) & -bars[index].size();
        return bars[index].wide() ? low | header.get(HeaderRegister.bar(index + 1)) << 32 : low;
    }

    /** Windows and pin follow the command register, the power state and whether messages are enabled. */
    private void follow() {
        mapAll();
        driveIntx();
    }

    /** Maps what is placed elsewhere where it is now: of a virtual function, when it has appeared, moved or gone. */
    public void remap() {
        if (host != null) {
            host.follow(function, follower);
        }
        mapAll();
    }

    private void mapAll() {
        for (int i = 0; i < bars.length; i++) {
            map(i);
        }
        mapRom();
    }

    private void map(int index) {
        if (upperHalf(index)) {
            map(index - 1);
            return;
        }
        BarWindow bar = bars[index];
        if (bar == null || board == null) {
            return;
        }
        boolean enabled = capabilities.awake() && (bases[index] != null || header.isSet(PCICMD, bar.isPorts() ? HeaderRegister.IO_SPACE : HeaderRegister.MEMORY_SPACE));
        bar.move(board, host, function, enabled ? base(index) : 0);
    }

    private void mapRom() {
        if (rom != null && board != null) {
            long value = header.get(ROMBAR);
            rom.move(board, host, function, (value & 1) != 0 && capabilities.awake() && header.isSet(PCICMD, HeaderRegister.MEMORY_SPACE) ? value & -rom.size() : 0);
        }
    }

    /** @return whether the function may send requests */
    public boolean isBusMaster() {
        return header.isSet(PCICMD, BUS_MASTER) && capabilities.awake();
    }

    /**
     * The function has detected an error: it is recorded, and reported to the root port above if software wants that.
     *
     * @param uncorrectable whether {@code error} is an uncorrectable one
     * @param error         one of the constants of {@link ErrorReporting}
     * @param header        the first four double words of the request
     * @return what was sent, or null
     */
    public ErrorReporting.Severity detected(boolean uncorrectable, int error, int... header) {
        ErrorReporting.Severity severity = capabilities.detected(uncorrectable, error, isSerr(), header);
        send(severity);
        return severity;
    }

    private boolean isSerr() {
        return (header.get(PCICMD) & 0x0100) != 0;
    }

    private void send(ErrorReporting.Severity severity) {
        if (severity == null) {
            return;
        }
        if (severity != ErrorReporting.Severity.CORRECTABLE && isSerr()) {
            header.raise(PCISTS, 0x4000);
        }
        if (host != null) {
            host.error(function, severity);
        }
    }

    /** A read of the function came back without data. @param aborted by the completer, rather than unsupported */
    public void readFailed(boolean aborted) {
        header.raise(PCISTS, aborted ? 0x1000 : 0x2000);
    }

    /** Asserts or releases the function's INTx pin: the status bit follows, and the wire unless the command register holds it back. */
    public void interrupt(boolean asserted) {
        intx = asserted;
        header.set(PCISTS, INTERRUPT_STATUS, asserted ? 1 : 0);
        driveIntx();
    }

    private void driveIntx() {
        int pin = (int) header.get(INTPN);
        if (host != null && pin != 0) {
            host.interrupt(function, pin, intx && !header.isSet(PCICMD, INTERRUPT_DISABLE) && capabilities.awake() && !capabilities.sendsMessages());
        }
    }

    /** To be called in the part's attach: maps the windows that are enabled and drives the interrupt pin. */
    public void attach(Board newBoard) {
        board = newBoard;
        host = newBoard.find(PciHost.class).orElse(null);
        for (BarWindow bar : bars) {
            if (bar != null) {
                bar.forget();
            }
        }
        if (rom != null) {
            rom.forget();
        }
        if (host != null) {
            host.follow(function, follower);
        }
        capabilities.attach(newBoard, host);
        follow();
    }

    /** To be called in the part's reset: header and own registers to their reset values, windows unmapped, interrupt released. */
    public void reset(Reset kind) {
        header.reset(kind);
        capabilities.reset(kind);
        mapAll();
        interrupt(false);
    }

    /** @return header and own registers */
    public ConfigState save() {
        return new ConfigState(header.save(), capabilities.save(), intx);
    }

    /** To be called in the part's restore. @throws StateException if it does not fit; nothing is then changed */
    public void restore(ConfigState state) {
        var before = header.save();
        header.restore(state.header());
        try {
            capabilities.restore(state.own());
        } catch (StateException e) {
            header.restore(before);
            throw e;
        }
        intx = state.intx();
    }

    /** @return every register, by offset, for the operator */
    public List<RegisterFile.Value> dump() {
        List<RegisterFile.Value> dump = new ArrayList<>(header.dump());
        dump.addAll(capabilities.dump());
        return dump;
    }
}
