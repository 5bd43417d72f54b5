package com.vtsim.pci.nvme;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** Registers of the controller in its region 0; the doorbells follow from 1000h on. Source: NVM Express Base Specification 1.4, Controller Registers. */
enum ControllerRegister implements Register {
    /** 1,024 entries a queue, contiguous; ready within 5 s; subsystem reset; NVM command set; pages of 4 KiB. */
    CAP(at(0x00, 8).constant(0x0000_0030_0A01_03FFL).title("Controller Capabilities")),
    VS(at(0x08, 4).constant(0x0001_0400).title("Version")),
    INTMS(at(0x0C, 4).rw1s(0xFFFF_FFFF).title("Interrupt Mask Set")),
    INTMC(at(0x10, 4).rw1c(0xFFFF_FFFF).title("Interrupt Mask Clear")),
    CC(at(0x14, 4).rw(0x00FF_FFF1).title("Controller Configuration")),
    CSTS(at(0x1C, 4).ro(0x0000_000F).rw1c(0x0000_0010).title("Controller Status")),
    NSSR(at(0x20, 4).wo(0xFFFF_FFFFL).title("NVM Subsystem Reset")),
    AQA(at(0x24, 4).rw(0x0FFF_0FFF).title("Admin Queue Attributes")),
    ASQ(at(0x28, 8).rw(0xFFFF_FFFF_FFFF_F000L).title("Admin Submission Queue Base Address")),
    ACQ(at(0x30, 8).rw(0xFFFF_FFFF_FFFF_F000L).title("Admin Completion Queue Base Address"));

    /** CC: enable. */
    static final Field EN = Field.bit(0);
    /** CC: I/O command set selected. */
    static final Field CSS = Field.bits(6, 4);
    /** CC: memory page size, 2 to the power of 12 and this. */
    static final Field MPS = Field.bits(10, 7);
    /** CC: arbitration mechanism selected. */
    static final Field AMS = Field.bits(13, 11);
    /** CC: shutdown notification. */
    static final Field SHN = Field.bits(15, 14);
    /** CC: size of an entry of an I/O submission queue, a power of two. */
    static final Field IOSQES = Field.bits(19, 16);
    /** CC: size of an entry of an I/O completion queue, a power of two. */
    static final Field IOCQES = Field.bits(23, 20);
    /** CSTS: ready. */
    static final Field RDY = Field.bit(0);
    /** CSTS: controller fatal status. */
    static final Field CFS = Field.bit(1);
    /** CSTS: shutdown status. */
    static final Field SHST = Field.bits(3, 2);
    /** CSTS: the subsystem has been reset. */
    static final Field NSSRO = Field.bit(4);
    /** NSSR: "NVMe" resets the subsystem. */
    static final long RESET_WORD = 0x4E56_4D65L;
    /** AQA: entries of the admin submission queue, less one. */
    static final Field ASQS = Field.bits(11, 0);
    /** AQA: entries of the admin completion queue, less one. */
    static final Field ACQS = Field.bits(27, 16);

    /** Entries of the largest queue. */
    static final int MOST_ENTRIES = 1024;

    private final Layout layout;

    ControllerRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
