package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/** The function can tag its requests with a PASID. Machine thread only. Source: PCI Express Base Specification, PASID Extended Capability. */
public final class ProcessAddressSpaces extends Capability {
    private static final Field ENABLE = Field.bit(0);
    private static final Field EXECUTE = Field.bit(1);
    private static final Field PRIVILEGED = Field.bit(2);
    private static final Field WIDTH = Field.bits(12, 8);

    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        CAP(at(0x04, 2).ro(0x1F06).title("PASID Capability")),
        CTL(at(0x06, 2).rw(0x0007).title("PASID Control"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /**
     * @param width      bits of a PASID, 1–20
     * @param execute    whether it can ask for execution
     * @param privileged whether it can ask in privileged mode
     */
    public ProcessAddressSpaces(int width, boolean execute, boolean privileged) {
        super("PASID", 0x001B, 1, 8);
        registers.strap(Row.CAP, WIDTH.in(width) | (execute ? EXECUTE.mask() : 0) | (privileged ? PRIVILEGED.mask() : 0));
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    /** A permission that the function cannot ask for cannot be enabled. */
    private void written(Row register, long old, long now, long written) {
        if (register == Row.CTL) {
            registers.set(Row.CTL, now & (registers.get(Row.CAP) | ENABLE.mask()) & 7);
        }
    }

    /** @return whether requests may carry a PASID */
    public boolean enabled() {
        return registers.isSet(Row.CTL, ENABLE);
    }

    /** @return whether a request may ask for execution */
    public boolean mayExecute() {
        return enabled() && registers.isSet(Row.CTL, EXECUTE);
    }

    /** @return whether a request may be in privileged mode */
    public boolean mayBePrivileged() {
        return enabled() && registers.isSet(Row.CTL, PRIVILEGED);
    }

    /** @return bits of a PASID */
    public int width() {
        return (int) registers.get(Row.CAP, WIDTH);
    }
}
