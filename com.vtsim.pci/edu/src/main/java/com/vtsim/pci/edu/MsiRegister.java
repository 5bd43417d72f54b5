package com.vtsim.pci.edu;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** The MSI capability, one vector, 64-bit address. Source: PCI Local Bus Specification, MSI Capability Structure. */
enum MsiRegister implements Register {
    MC(at(0x42, 2).rw(0x0071).ro(0x0080).reset(0x0080).title("Message Control")),
    MA(at(0x44, 4).rw(0xFFFF_FFFC).title("Message Address")),
    MUA(at(0x48, 4).rw(0xFFFF_FFFF).title("Message Upper Address")),
    MD(at(0x4C, 2).rw(0xFFFF).title("Message Data"));

    /** Where the capability lies. */
    static final int AT = 0x40;
    /** MC: messages in place of the pin. */
    static final Field ENABLE = Field.bit(0);

    private final Layout layout;

    MsiRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
