package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/** The device serial number. Machine thread only. Source: PCI Express Base Specification, Device Serial Number Extended Capability. */
public final class SerialNumber extends Capability {
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, (register, old, now, written) -> { });

    private enum Row implements Register {
        LOW(at(0x04, 4).ro(0xFFFF_FFFF).title("Serial Number, Lower")),
        HIGH(at(0x08, 4).ro(0xFFFF_FFFF).title("Serial Number, Upper"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** @param number EUI-64 */
    public SerialNumber(long number) {
        super("DSN", 0x0003, 1, 12);
        registers.strap(Row.LOW, number & 0xFFFF_FFFFL);
        registers.strap(Row.HIGH, number >>> 32);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }
}
