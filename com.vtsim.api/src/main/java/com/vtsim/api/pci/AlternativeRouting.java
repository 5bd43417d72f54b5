package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Alternative routing-ID interpretation: the device has up to 256 functions, and what is a device number elsewhere is the upper part of a function number.
 * No function groups. Machine thread only. Source: PCI Express Base Specification, ARI Extended Capability.
 */
public final class AlternativeRouting extends Capability {
    /** Its identifier. */
    public static final int ID = 0x000E;

    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, (register, old, now, written) -> { });

    private enum Row implements Register {
        CAP(at(0x04, 2).ro(0xFF00).title("ARI Capability")),
        CTL(at(0x06, 2).constant(0).title("ARI Control"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** @param next number of the next physical function, 0 if this is the last */
    public AlternativeRouting(int next) {
        super("ARI", ID, 1, 8);
        registers.strap(Row.CAP, (long) next << 8);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }
}
