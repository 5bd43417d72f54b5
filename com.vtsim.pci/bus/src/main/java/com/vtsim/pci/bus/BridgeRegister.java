package com.vtsim.pci.bus;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** The Type 1 configuration space header. Source: PCI-to-PCI Bridge Architecture Specification, Configuration Space; PCI Express Base Specification, Type 1 Configuration Space Header. */
enum BridgeRegister implements Register {
    VID(at(0x00, 2).ro(0xFFFF).title("Vendor Identification")),
    DID(at(0x02, 2).ro(0xFFFF).title("Device Identification")),
    PCICMD(at(0x04, 2).rw(0x0547).title("PCI Command")),
    PCISTS(at(0x06, 2).ro(0x0018).rw1c(0xF900).reset(0x0010).title("PCI Status")),
    RID(at(0x08, 1).ro(0xFF).title("Revision Identification")),
    PI(at(0x09, 1).constant(0x00).title("Programming Interface")),
    SCC(at(0x0A, 1).constant(0x04).title("Sub Class Code")),
    BCC(at(0x0B, 1).constant(0x06).title("Base Class Code")),
    CLS(at(0x0C, 1).rw(0xFF).title("Cache Line Size")),
    PLT(at(0x0D, 1).constant(0).title("Primary Latency Timer")),
    HTYPE(at(0x0E, 1).ro(0xFF).reset(0x01).title("Header Type")),
    PBUS(at(0x18, 1).rw(0xFF).title("Primary Bus Number")),
    SBUS(at(0x19, 1).rw(0xFF).title("Secondary Bus Number")),
    SUBBUS(at(0x1A, 1).rw(0xFF).title("Subordinate Bus Number")),
    SLT(at(0x1B, 1).constant(0).title("Secondary Latency Timer")),
    IOBASE(at(0x1C, 1).rw(0xF0).title("I/O Base")),                                            // 16-bit decoding
    IOLIMIT(at(0x1D, 1).rw(0xF0).title("I/O Limit")),
    SECSTS(at(0x1E, 2).rw1c(0xF900).title("Secondary Status")),
    MBASE(at(0x20, 2).rw(0xFFF0).title("Memory Base")),
    MLIMIT(at(0x22, 2).rw(0xFFF0).title("Memory Limit")),
    PMBASE(at(0x24, 2).rw(0xFFF0).ro(0x0001).reset(0x0001).title("Prefetchable Memory Base")), // 64-bit decoding
    PMLIMIT(at(0x26, 2).rw(0xFFF0).ro(0x0001).reset(0x0001).title("Prefetchable Memory Limit")),
    PMBU32(at(0x28, 4).rw(0xFFFF_FFFF).title("Prefetchable Memory Base Upper 32 Bits")),
    PMLU32(at(0x2C, 4).rw(0xFFFF_FFFF).title("Prefetchable Memory Limit Upper 32 Bits")),
    IOBU16(at(0x30, 2).constant(0).title("I/O Base Upper 16 Bits")),
    IOLU16(at(0x32, 2).constant(0).title("I/O Limit Upper 16 Bits")),
    CAPPTR(at(0x34, 1).ro(0xFF).title("Capabilities Pointer")),
    INTLN(at(0x3C, 1).rw(0xFF).title("Interrupt Line")),
    INTPN(at(0x3D, 1).ro(0xFF).title("Interrupt Pin")),
    BCTRL(at(0x3E, 2).rw(0x005F).title("Bridge Control"));

    /** PCICMD: port accesses are forwarded. */
    static final Field IO_SPACE = Field.bit(0);
    /** PCICMD: memory accesses are forwarded. */
    static final Field MEMORY_SPACE = Field.bit(1);
    /** PCICMD: requests from below are forwarded. */
    static final Field BUS_MASTER = Field.bit(2);
    /** PCICMD: errors may be reported. */
    static final Field SERR_ENABLE = Field.bit(8);
    /** PCICMD: INTx is held back. */
    static final Field INTERRUPT_DISABLE = Field.bit(10);
    /** PCISTS: INTx is pending. */
    static final Field INTERRUPT_STATUS = Field.bit(3);
    /** SECSTS: a request ended with nobody there. */
    static final Field RECEIVED_MASTER_ABORT = Field.bit(13);
    /** SECSTS: an error message came from below. */
    static final Field RECEIVED_SYSTEM_ERROR = Field.bit(14);
    /** BCTRL: error messages are forwarded. */
    static final Field SERR_FORWARD = Field.bit(1);
    /** BCTRL: of each KiB of ports only the first 256 are forwarded. */
    static final Field ISA_ENABLE = Field.bit(2);
    /** BCTRL: the frame buffer A0000h–BFFFFh and the ports of a VGA are forwarded. */
    static final Field VGA_ENABLE = Field.bit(3);
    /** BCTRL: the ports of a VGA are decoded by 16 bits, without aliases. */
    static final Field VGA_16_BIT = Field.bit(4);
    /** BCTRL: the secondary bus is held in reset. */
    static final Field SECONDARY_RESET = Field.bit(6);

    private final Layout layout;

    BridgeRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
