package com.vtsim.api.pci;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterFile;

/**
 * The PCI Express capability of an endpoint or a port. An endpoint has function-level reset: the function is reset as by a warm reset.
 * Machine thread only. Source: PCI Express Base Specification, PCI Express Capability Structure.
 */
public final class PciExpress extends Capability {
    private static final int ENDPOINT = 0x0;
    private static final int INTEGRATED_ENDPOINT = 0x9;
    private static final int PCI_BRIDGE = 0x7;
    private static final int ROLE_BASED_ERRORS = 0x0000_8000;
    private static final int FUNCTION_LEVEL_RESET = 0x1000_0000;
    /** 8 GT/s, four lanes. */
    private static final int LINK = 0x43;
    private static final int SPEEDS = 0x0E;
    /** DEVCAP2: TLP prefixes from end to end, as PASIDs need; at most two of them. */
    private static final int PREFIXES = 0x0080_0000 | 0x0020_0000;

    private final Port port;
    private final RegisterFile<ExpressRegister> registers = new RegisterFile<>(ExpressRegister.class, this::written);

    /** What a port does with writes to its link, slot and root registers. */
    @FunctionalInterface
    public interface Port {
        /** A register of the structure has been written. */
        void written(ExpressRegister register, long old, long now, long written);
    }

    private PciExpress(int type, Port port) {
        super("PCIE", 0x10, 0x3C);
        this.port = port;
        registers.strap(ExpressRegister.CAP, ExpressRegister.TYPE.in(type) | 2);
        registers.strap(ExpressRegister.DEVCAP, ROLE_BASED_ERRORS);
        registers.strap(ExpressRegister.DEVCAP2, type == PCI_BRIDGE ? 0 : PREFIXES);
    }

    /** An endpoint on a link: behind a root port or a switch. */
    public static PciExpress endpoint() {
        PciExpress made = new PciExpress(ENDPOINT, (register, old, now, written) -> { });
        made.registers.strap(ExpressRegister.DEVCAP, ROLE_BASED_ERRORS | FUNCTION_LEVEL_RESET);
        return made.link();
    }

    /** An endpoint within the root complex, on bus 0: no link. */
    public static PciExpress integratedEndpoint() {
        PciExpress made = new PciExpress(INTEGRATED_ENDPOINT, (register, old, now, written) -> { });
        made.registers.strap(ExpressRegister.DEVCAP, ROLE_BASED_ERRORS | FUNCTION_LEVEL_RESET);
        return made;
    }

    /** What a function at an address is: an integrated endpoint on bus 0, an endpoint elsewhere. */
    public static PciExpress at(PciAddress address) {
        return address.bus() == 0 ? integratedEndpoint() : endpoint();
    }

    /**
     * A port of a root complex, switch or bridge.
     *
     * @param type 4 root port, 5 upstream, 6 downstream port of a switch, 7 bridge to PCI
     */
    public static PciExpress port(int type, Port port) {
        return new PciExpress(type, port).link();
    }

    private PciExpress link() {
        registers.strap(ExpressRegister.LINKCAP, LINK);
        registers.strap(ExpressRegister.LINKSTA, LINK);
        registers.strap(ExpressRegister.LINKCAP2, SPEEDS);
        registers.strap(ExpressRegister.LINKCTL2, LINK & 0xF);
        return this;
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    /** @return its registers, for the port or the device around them */
    public RegisterFile<ExpressRegister> file() {
        return registers;
    }

    private void written(ExpressRegister register, long old, long now, long written) {
        if (register == ExpressRegister.DEVCTL) {
            registers.set(ExpressRegister.DEVCTL, now & 0x7FFF);
            if (ExpressRegister.INITIATE_RESET.isSet(written) && (registers.get(ExpressRegister.DEVCAP) & FUNCTION_LEVEL_RESET) != 0 && function() != null) {
                function().reset(Reset.WARM);
            }
        }
        port.written(register, old, now, written);
    }
}
