package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** The Type 0 configuration space header, as every function has it. Source: PCI Local Bus Specification, Configuration Space Decoding and Configuration Space Organization. */
public enum HeaderRegister implements Register {
    /** 8086h: Intel. */
    VID(at(0x00, 2).ro(0xFFFF).title("Vendor Identification")),
    /** Chosen by the vendor. */
    DID(at(0x02, 2).ro(0xFFFF).title("Device Identification")),
    /** Which bits a function can write is its own. */
    PCICMD(at(0x04, 2).rw(0x077F).title("PCI Command")),
    /** Errors are rw1c, capabilities are ro. */
    PCISTS(at(0x06, 2).ro(0x06B8).rw1c(0xF900).title("PCI Status")),
    /** Stepping. */
    RID(at(0x08, 1).ro(0xFF).title("Revision Identification")),
    /** Lowest byte of the class code. */
    PI(at(0x09, 1).ro(0xFF).title("Programming Interface")),
    /** Middle byte of the class code. */
    SCC(at(0x0A, 1).ro(0xFF).title("Sub Class Code")),
    /** Highest byte of the class code. */
    BCC(at(0x0B, 1).ro(0xFF).title("Base Class Code")),
    /** No effect here. */
    CLS(at(0x0C, 1).rw(0xFF).title("Cache Line Size")),
    /** Reads 0: PCI Express has none. */
    MLT(at(0x0D, 1).title("Master Latency Timer")),
    /** Bit 7: the device has several functions. */
    HTYPE(at(0x0E, 1).ro(0xFF).title("Header Type")),
    /** Reads 0: no self test. */
    BIST(at(0x0F, 1).title("Built-in Self Test")),
    /** First base address. */
    BAR0(at(0x10, 4).rw(0xFFFF_FFFF).title("Base Address 0")),
    /** Second base address. */
    BAR1(at(0x14, 4).rw(0xFFFF_FFFF).title("Base Address 1")),
    /** Third base address. */
    BAR2(at(0x18, 4).rw(0xFFFF_FFFF).title("Base Address 2")),
    /** Fourth base address. */
    BAR3(at(0x1C, 4).rw(0xFFFF_FFFF).title("Base Address 3")),
    /** Fifth base address. */
    BAR4(at(0x20, 4).rw(0xFFFF_FFFF).title("Base Address 4")),
    /** Sixth base address. */
    BAR5(at(0x24, 4).rw(0xFFFF_FFFF).title("Base Address 5")),
    /** Of the board's maker. */
    SVID(at(0x2C, 2).ro(0xFFFF).title("Subsystem Vendor Identification")),
    /** Of the board's maker. */
    SID(at(0x2E, 2).ro(0xFFFF).title("Subsystem Identification")),
    /** Bit 0 enables. */
    ROMBAR(at(0x30, 4).rw(0xFFFF_FFFF).title("Expansion ROM Base Address")),
    /** Offset of the first capability. */
    CAPPTR(at(0x34, 1).ro(0xFF).title("Capabilities Pointer")),
    /** Firmware's note to drivers. */
    INTLN(at(0x3C, 1).rw(0xFF).title("Interrupt Line")),
    /** 1 (INTA) to 4 (INTD), 0 for none. */
    INTPN(at(0x3D, 1).ro(0xFF).title("Interrupt Pin"));

    /** PCICMD: the function answers to port accesses. */
    public static final Field IO_SPACE = Field.bit(0);
    /** PCICMD: the function answers to memory accesses. */
    public static final Field MEMORY_SPACE = Field.bit(1);
    /** PCICMD: the function may send requests. */
    public static final Field BUS_MASTER = Field.bit(2);
    /** PCICMD: INTx is held back. */
    public static final Field INTERRUPT_DISABLE = Field.bit(10);
    /** PCISTS: INTx is pending. */
    public static final Field INTERRUPT_STATUS = Field.bit(3);
    /** PCISTS: there is a capabilities list. */
    public static final Field CAPABILITIES_LIST = Field.bit(4);

    private static final HeaderRegister[] BARS = {BAR0, BAR1, BAR2, BAR3, BAR4, BAR5};

    private final Layout layout;

    HeaderRegister(Layout layout) {
        this.layout = layout;
    }

    /** @param index 0–5 */
    static HeaderRegister bar(int index) {
        return BARS[index];
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
