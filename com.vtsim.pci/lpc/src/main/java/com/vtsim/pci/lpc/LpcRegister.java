package com.vtsim.pci.lpc;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** Configuration registers of the LPC bridge from 40h on. Source: Intel I/O Controller Hub 9 (ICH9) Family Datasheet, LPC Interface Bridge Registers (D31:F0). */
enum LpcRegister implements Register {
    PMBASE(at(0x40, 4).rw(0x0000_FF80).ro(0x1).reset(0x0000_0001).title("ACPI Base Address")),
    ACPI_CNTL(at(0x44, 1).rw(0x87).title("ACPI Control")),
    GPIOBASE(at(0x48, 4).rw(0x0000_FF80).ro(0x1).reset(0x0000_0001).title("GPIO Base Address")),
    GC(at(0x4C, 1).rw(0x11).title("GPIO Control")),
    PIRQA_ROUT(at(0x60, 1).rw(0x8F).reset(0x80).title("PIRQA Routing Control")),
    PIRQB_ROUT(at(0x61, 1).rw(0x8F).reset(0x80).title("PIRQB Routing Control")),
    PIRQC_ROUT(at(0x62, 1).rw(0x8F).reset(0x80).title("PIRQC Routing Control")),
    PIRQD_ROUT(at(0x63, 1).rw(0x8F).reset(0x80).title("PIRQD Routing Control")),
    SIRQ_CNTL(at(0x64, 1).rw(0xC3).ro(0x3C).reset(0x10).title("Serial IRQ Control")),
    PIRQE_ROUT(at(0x68, 1).rw(0x8F).reset(0x80).title("PIRQE Routing Control")),
    PIRQF_ROUT(at(0x69, 1).rw(0x8F).reset(0x80).title("PIRQF Routing Control")),
    PIRQG_ROUT(at(0x6A, 1).rw(0x8F).reset(0x80).title("PIRQG Routing Control")),
    PIRQH_ROUT(at(0x6B, 1).rw(0x8F).reset(0x80).title("PIRQH Routing Control")),
    LPC_IBDF(at(0x6C, 2).rw(0xFFFF).reset(0x00F8).title("IOxAPIC Bus:Device:Function")),
    LPC_IO_DEC(at(0x80, 2).rw(0x1377).title("I/O Decode Ranges")),
    LPC_EN(at(0x82, 2).rw(0x3F0F).title("LPC I/F Enables")),
    GEN1_DEC(at(0x84, 4).rw(0x00FC_FFFD).title("LPC I/F Generic Decode Range 1")),
    GEN2_DEC(at(0x88, 4).rw(0x00FC_FFFD).title("LPC I/F Generic Decode Range 2")),
    GEN3_DEC(at(0x8C, 4).rw(0x00FC_FFFD).title("LPC I/F Generic Decode Range 3")),
    GEN4_DEC(at(0x90, 4).rw(0x00FC_FFFD).title("LPC I/F Generic Decode Range 4")),
    GEN_PMCON_1(at(0xA0, 2).rw(0x0587).ro(0x0200).rw1s(0x0010).reset(0x0200).title("General PM Configuration 1")),  // PWRBTN_LVL: not pressed
    GEN_PMCON_2(at(0xA2, 1).rw(0x80).rw1cs(0x1B).title("General PM Configuration 2")),
    GEN_PMCON_3(at(0xA4, 2).rws(0x003D).rw1cs(0x0002).title("General PM Configuration 3")),
    GEN_PMCON_LOCK(at(0xA6, 1).rw1s(0x06).title("General PM Configuration Lock")),
    PMIR(at(0xAC, 4).rw(0x0010_0300).title("Power Management Initialization")),
    GPI_ROUT(at(0xB8, 4).rw(0xFFFF_FFFF).title("GPI Route Control")),
    FWH_SEL1(at(0xD0, 4).rw(0x0FFF_FFFF).reset(0x0011_2233).title("Firmware Hub Select 1")),
    FWH_SEL2(at(0xD4, 2).rw(0xFFFF).reset(0x4567).title("Firmware Hub Select 2")),
    FWH_DEC_EN1(at(0xD8, 2).rw(0x7FCF).ro(0x8000).reset(0xFFCF).title("Firmware Hub Decode Enable 1")),
    BIOS_CNTL(at(0xDC, 1).rw(0x0D).rw1s(0x02).title("BIOS Control")),
    FDLEN(at(0xE2, 1).constant(0x0C).title("Feature Detection Capability Length")),
    FDVER(at(0xE3, 1).constant(0x10).title("Feature Detection Version")),
    FDVCT(at(0xE4, 8).constant(0).title("Feature Vector")),
    RCBA(at(0xF0, 4).rw(0xFFFF_C001).title("Root Complex Base Address"));

    /** ACPI_CNTL: the block at PMBASE is mapped. */
    static final Field ACPI_EN = Field.bit(7);
    /** ACPI_CNTL: 0 to 2 are IRQ9 to IRQ11, 4 to 7 are lines 20 to 23. */
    static final Field SCI_IRQ_SEL = Field.bits(2, 0);
    /** PIRQx_ROUT: not routed to the 8259A pair. */
    static final Field IRQEN_OFF = Field.bit(7);
    /** PIRQx_ROUT: which interrupt of the 8259A pair. */
    static final Field IR = Field.bits(3, 0);
    /** RCBA: the window is mapped. */
    static final Field EN = Field.bit(0);

    private static final LpcRegister[] ROUTING = {
        PIRQA_ROUT, PIRQB_ROUT, PIRQC_ROUT, PIRQD_ROUT, PIRQE_ROUT, PIRQF_ROUT, PIRQG_ROUT, PIRQH_ROUT
    };

    private final Layout layout;

    LpcRegister(Layout layout) {
        this.layout = layout;
    }

    /** @param pirq 0 (A) to 7 (H) */
    static LpcRegister routing(int pirq) {
        return ROUTING[pirq];
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
