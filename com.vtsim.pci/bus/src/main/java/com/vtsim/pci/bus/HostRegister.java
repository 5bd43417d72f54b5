package com.vtsim.pci.bus;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * Configuration registers of the host bridge from 40h on. Source: Intel 3 Series Express Chipset Family Datasheet, DRAM Controller
 * Registers (D0:F0); the Mobile Intel 4 Series has the same layout. Devices 1 to 3 of the hub (graphics, management engine) are not there.
 */
enum HostRegister implements Register {
    EPBAR(at(0x40, 8).rw(0xF_FFFF_F001L).title("Egress Port Base Address")),
    MCHBAR(at(0x48, 8).rw(0xF_FFFF_C001L).title("MCH Memory Mapped Register Range Base")),
    GGC(at(0x52, 2).constant(0x0002).title("Graphics Control")),                               // IVD: no graphics device
    DEVEN(at(0x54, 4).constant(0x0000_0001).title("Device Enable")),                           // D0EN
    PCIEXBAR(at(0x60, 8).rw(0xF_FC00_0007L).reset(0xE000_0000L).title("PCI Express Register Range Base Address")),
    DMIBAR(at(0x68, 8).rw(0xF_FFFF_F001L).title("Root Complex Register Range Base Address")),
    PAM0(at(0x90, 1).rw(0x30).title("Programmable Attribute Map 0")),                          // F0000h-FFFFFh
    PAM1(at(0x91, 1).rw(0x33).title("Programmable Attribute Map 1")),                          // C0000h-C7FFFh
    PAM2(at(0x92, 1).rw(0x33).title("Programmable Attribute Map 2")),
    PAM3(at(0x93, 1).rw(0x33).title("Programmable Attribute Map 3")),
    PAM4(at(0x94, 1).rw(0x33).title("Programmable Attribute Map 4")),
    PAM5(at(0x95, 1).rw(0x33).title("Programmable Attribute Map 5")),
    PAM6(at(0x96, 1).rw(0x33).title("Programmable Attribute Map 6")),                          // E8000h-EFFFFh
    LAC(at(0x97, 1).rw(0x80).title("Legacy Access Control")),                                  // HEN
    REMAPBASE(at(0x98, 2).rw(0x03FF).reset(0x03FF).title("Remap Base Address")),
    REMAPLIMIT(at(0x9A, 2).rw(0x03FF).title("Remap Limit Address")),
    SMRAM(at(0x9D, 1).ro(0x07).rw(0x68).rw1s(0x10).locks(0x10, 0x48).reset(0x02).title("System Management RAM Control")),
    ESMRAMC(at(0x9E, 1).ro(0x38).rw(0x87).rw1c(0x40).reset(0x38).title("Extended System Management RAM Control")),
    TOM(at(0xA0, 2).rw(0x03FF).title("Top of Memory")),                                        // 64 MiB units
    TOUUD(at(0xA2, 2).rw(0xFFFF).title("Top of Upper Usable DRAM")),                           // 1 MiB units
    GBSM(at(0xA4, 4).rw(0xFFF0_0000).title("Graphics Base of Stolen Memory")),
    TSEGMB(at(0xAC, 4).rw(0xFFF0_0000).title("TSEG Memory Base")),
    TOLUD(at(0xB0, 2).rw(0xFFF0).title("Top of Low Usable DRAM")),                             // 15:4 are address 31:20
    SKPD(at(0xDC, 4).rw(0xFFFF_FFFF).title("Scratchpad Data")),
    CAPID0(at(0xE2, 2).constant(0x010B).title("Capability Identifier")),                       // version 1, 11 bytes
    CAPID0_LO(at(0xE4, 4).constant(0).title("Capabilities"));

    /** PCIEXBAR: the window is mapped. */
    static final Field PCIEXBAREN = Field.bit(0);
    /** PCIEXBAR: 0 is 256 MiB, 1 is 128 MiB, 2 is 64 MiB. */
    static final Field LENGTH = Field.bits(2, 1);
    /** SMRAM: the compatible range A0000h–BFFFFh is open to all. */
    static final Field D_OPEN = Field.bit(6);
    /** SMRAM: locked until reset. */
    static final Field D_LCK = Field.bit(4);
    /** LAC: F00000h–FFFFFFh is a hole. */
    static final Field HEN = Field.bit(7);

    private final Layout layout;

    HostRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
