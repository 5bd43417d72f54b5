package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The PCI Express capability structure, version 2; offsets count from its start. What a function is decides which capability bits read 1.
 * Source: PCI Express Base Specification, PCI Express Capability Structure.
 */
public enum ExpressRegister implements Register {
    /** Version, type, slot implemented, interrupt message number. */
    CAP(at(0x02, 2).ro(0x3FFF).title("PCI Express Capabilities")),
    /** Payload, function-level reset. */
    DEVCAP(at(0x04, 4).ro(0x1FFF_FFFF).title("Device Capabilities")),
    /** Error reporting enables, payload, read request size; bit 15 starts a function-level reset. */
    DEVCTL(at(0x08, 2).rw(0x7DFF).wo(0x8000).reset(0x2810).title("Device Control")),
    /** Errors detected. */
    DEVSTA(at(0x0A, 2).rw1c(0x000F).ro(0x0030).title("Device Status")),
    /** Speed, width, what the link can report, port number. */
    LINKCAP(at(0x0C, 4).ro(0xFF7F_FFFF).title("Link Capabilities")),
    /** Link disable, retrain. */
    LINKCTL(at(0x10, 2).rw(0x0FDB).wo(0x0020).title("Link Control")),
    /** Speed, width, data link layer active. */
    LINKSTA(at(0x12, 2).ro(0x3BFF).rw1c(0xC000).title("Link Status")),
    /** What the slot has. */
    SLOTCAP(at(0x14, 4).ro(0xFFFF_FFFF).title("Slot Capabilities")),
    /** Interrupt enables, indicators, power. */
    SLOTCTL(at(0x18, 2).rw(0x17FF).wo(0x0800).title("Slot Control")),
    /** Events, presence. */
    SLOTSTA(at(0x1A, 2).rw1c(0x011F).ro(0x00E0).title("Slot Status")),
    /** System error and PME interrupt enables. */
    ROOTCTL(at(0x1C, 2).rw(0x001F).title("Root Control")),
    /** Software visibility of configuration retries: none. */
    ROOTCAP(at(0x1E, 2).ro(0x0001).title("Root Capabilities")),
    /** Who asked for power. */
    ROOTSTA(at(0x20, 4).ro(0x0002_FFFF).rw1c(0x0001_0000).title("Root Status")),
    /** Completion timeouts. */
    DEVCAP2(at(0x24, 4).ro(0xFFFF_FFFF).title("Device Capabilities 2")),
    /** ARI forwarding is bit 5. */
    DEVCTL2(at(0x28, 2).rw(0x003F).title("Device Control 2")),
    /** Empty. */
    DEVSTA2(at(0x2A, 2).constant(0).title("Device Status 2")),
    /** Supported speeds. */
    LINKCAP2(at(0x2C, 4).ro(0x0000_01FE).title("Link Capabilities 2")),
    /** Target speed. */
    LINKCTL2(at(0x30, 2).rw(0x000F).title("Link Control 2")),
    /** De-emphasis. */
    LINKSTA2(at(0x32, 2).constant(0).title("Link Status 2")),
    /** Empty. */
    SLOTCAP2(at(0x34, 4).constant(0).title("Slot Capabilities 2")),
    /** Empty. */
    SLOTCTL2(at(0x38, 4).constant(0).title("Slot Control 2 and Status 2"));

    /** CAP: device or port type. */
    public static final Field TYPE = Field.bits(7, 4);
    /** CAP: the port has a slot. */
    public static final Field SLOT_IMPLEMENTED = Field.bit(8);
    /** DEVCTL: start a function-level reset. */
    public static final Field INITIATE_RESET = Field.bit(15);
    /** DEVSTA: requests are outstanding. */
    public static final Field TRANSACTIONS_PENDING = Field.bit(5);
    /** LINKCTL: the link is down. */
    public static final Field LINK_DISABLE = Field.bit(4);
    /** LINKSTA: the link is up. */
    public static final Field LINK_ACTIVE = Field.bit(13);
    /** DEVCAP2: a port can forward to functions above 7; DEVCTL2: it does. */
    public static final Field ARI_FORWARDING = Field.bit(5);
    /** SLOTCTL: the power controller switches the slot off. */
    public static final Field POWER_OFF = Field.bit(10);
    /** SLOTSTA: something is in the slot. */
    public static final Field PRESENCE = Field.bit(6);

    private final Layout layout;

    ExpressRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
