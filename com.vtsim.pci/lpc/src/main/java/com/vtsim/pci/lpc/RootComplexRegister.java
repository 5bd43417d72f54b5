package com.vtsim.pci.lpc;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The window at RCBA: which pins the bridge's functions use, to which PIRQ they go, and straps. Source: Intel I/O Controller Hub 9 (ICH9)
 * Family Datasheet, Chipset Configuration Registers. HPTC is not there, as there is no HPET to switch on.
 */
enum RootComplexRegister implements Register {
    D31IP(at(0x3100, 4).rw(0x0FFF_FFF0).reset(0x0324_3200).title("Device 31 Interrupt Pin")),
    D29IP(at(0x3108, 4).rw(0x0000_FFFF).reset(0x0000_4321).title("Device 29 Interrupt Pin")),
    D28IP(at(0x310C, 4).rw(0x00FF_FFFF).reset(0x0021_4321).title("Device 28 Interrupt Pin")),
    D27IP(at(0x3110, 4).rw(0x0000_000F).reset(0x0000_0001).title("Device 27 Interrupt Pin")),
    D26IP(at(0x3114, 4).rw(0x0000_FFFF).reset(0x0000_4321).title("Device 26 Interrupt Pin")),
    D25IP(at(0x3118, 4).rw(0x0000_000F).reset(0x0000_0001).title("Device 25 Interrupt Pin")),
    D31IR(at(0x3140, 2).rw(0x7777).reset(0x3210).title("Device 31 Interrupt Route")),
    D29IR(at(0x3144, 2).rw(0x7777).reset(0x3210).title("Device 29 Interrupt Route")),
    D28IR(at(0x3146, 2).rw(0x7777).reset(0x3210).title("Device 28 Interrupt Route")),
    D27IR(at(0x3148, 2).rw(0x7777).reset(0x3210).title("Device 27 Interrupt Route")),
    D26IR(at(0x314C, 2).rw(0x7777).reset(0x3210).title("Device 26 Interrupt Route")),
    D25IR(at(0x3150, 2).rw(0x7777).reset(0x3210).title("Device 25 Interrupt Route")),
    OIC(at(0x31FE, 2).rw(0x03FF).title("Other Interrupt Control")),
    RC(at(0x3400, 4).rw(0x0000_0007).title("RTC Configuration")),
    GCS(at(0x3410, 4).rw(0x0000_0EE4).rw1s(0x0000_0001).reset(0x0000_0C00).title("General Control and Status")),   // BBS: boot from LPC
    FD(at(0x3418, 4).rw(0x001F_FFFE).title("Function Disable")),
    CG(at(0x341C, 4).rw(0xFFFF_FFFF).title("Clock Gating"));

    /** GCS: the watchdog's second timeout does not reset the platform. */
    static final Field NO_REBOOT = Field.bit(5);

    private final Layout layout;

    RootComplexRegister(Layout layout) {
        this.layout = layout;
    }

    /** @return the route register of a device, or null if its pins are not routed by one */
    static RootComplexRegister route(int device) {
        return switch (device) {
            case 31 -> D31IR;
            case 29 -> D29IR;
            case 28 -> D28IR;
            case 27 -> D27IR;
            case 26 -> D26IR;
            case 25 -> D25IR;
            default -> null;
        };
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
