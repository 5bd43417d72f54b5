package com.vtsim.irq.apic;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The local APIC's registers by their offset in the xAPIC window; an x2APIC MSR is at 800h plus a sixteenth of it.
 *
 * @sdm Local APIC Register Address Map; x2APIC Register Address Space
 */
enum ApicRegister implements Register {
    ID(at(0x020, 4).ro(0xFF00_0000).title("Local APIC ID")),
    VERSION(at(0x030, 4).constant(0x0106_0015).title("Local APIC Version")),                      // 7 LVT entries; EOI broadcast can be suppressed
    TPR(at(0x080, 4).rw(0xFF).title("Task Priority")),
    APR(at(0x090, 4).ro(0xFF).title("Arbitration Priority")),
    PPR(at(0x0A0, 4).ro(0xFF).title("Processor Priority")),
    EOI(at(0x0B0, 4).wo(0xFFFF_FFFF).title("End of Interrupt")),
    RRD(at(0x0C0, 4).ro(0xFFFF_FFFF).title("Remote Read")),
    LDR(at(0x0D0, 4).rw(0xFF00_0000).title("Logical Destination")),
    DFR(at(0x0E0, 4).rw(0xF000_0000).ro(0x0FFF_FFFF).reset(0xFFFF_FFFF).title("Destination Format")),
    SVR(at(0x0F0, 4).rw(0x13FF).reset(0xFF).title("Spurious Interrupt Vector")),
    ISR0(at(0x100, 4).ro(0xFFFF_FFFF).title("In-Service 31:0")),
    ISR1(at(0x110, 4).ro(0xFFFF_FFFF).title("In-Service 63:32")),
    ISR2(at(0x120, 4).ro(0xFFFF_FFFF).title("In-Service 95:64")),
    ISR3(at(0x130, 4).ro(0xFFFF_FFFF).title("In-Service 127:96")),
    ISR4(at(0x140, 4).ro(0xFFFF_FFFF).title("In-Service 159:128")),
    ISR5(at(0x150, 4).ro(0xFFFF_FFFF).title("In-Service 191:160")),
    ISR6(at(0x160, 4).ro(0xFFFF_FFFF).title("In-Service 223:192")),
    ISR7(at(0x170, 4).ro(0xFFFF_FFFF).title("In-Service 255:224")),
    TMR0(at(0x180, 4).ro(0xFFFF_FFFF).title("Trigger Mode 31:0")),
    TMR1(at(0x190, 4).ro(0xFFFF_FFFF).title("Trigger Mode 63:32")),
    TMR2(at(0x1A0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 95:64")),
    TMR3(at(0x1B0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 127:96")),
    TMR4(at(0x1C0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 159:128")),
    TMR5(at(0x1D0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 191:160")),
    TMR6(at(0x1E0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 223:192")),
    TMR7(at(0x1F0, 4).ro(0xFFFF_FFFF).title("Trigger Mode 255:224")),
    IRR0(at(0x200, 4).ro(0xFFFF_FFFF).title("Interrupt Request 31:0")),
    IRR1(at(0x210, 4).ro(0xFFFF_FFFF).title("Interrupt Request 63:32")),
    IRR2(at(0x220, 4).ro(0xFFFF_FFFF).title("Interrupt Request 95:64")),
    IRR3(at(0x230, 4).ro(0xFFFF_FFFF).title("Interrupt Request 127:96")),
    IRR4(at(0x240, 4).ro(0xFFFF_FFFF).title("Interrupt Request 159:128")),
    IRR5(at(0x250, 4).ro(0xFFFF_FFFF).title("Interrupt Request 191:160")),
    IRR6(at(0x260, 4).ro(0xFFFF_FFFF).title("Interrupt Request 223:192")),
    IRR7(at(0x270, 4).ro(0xFFFF_FFFF).title("Interrupt Request 255:224")),
    ESR(at(0x280, 4).ro(0xF0).title("Error Status")),
    LVT_CMCI(at(0x2F0, 4).rw(0x0001_07FF).ro(0x1000).reset(0x0001_0000).title("LVT Corrected Machine Check Interrupt")),
    ICR_LOW(at(0x300, 4).rw(0x000C_CFFF).ro(0x0003_1000).title("Interrupt Command 31:0")),
    ICR_HIGH(at(0x310, 4).rw(0xFF00_0000).title("Interrupt Command 63:32")),
    LVT_TIMER(at(0x320, 4).rw(0x0007_00FF).ro(0x1000).reset(0x0001_0000).title("LVT Timer")),
    LVT_THERMAL(at(0x330, 4).rw(0x0001_07FF).ro(0x1000).reset(0x0001_0000).title("LVT Thermal Sensor")),
    LVT_PERF(at(0x340, 4).rw(0x0001_07FF).ro(0x1000).reset(0x0001_0000).title("LVT Performance Monitoring Counters")),
    LVT_LINT0(at(0x350, 4).rw(0x0001_A7FF).ro(0x5000).reset(0x0001_0000).title("LVT LINT0")),
    LVT_LINT1(at(0x360, 4).rw(0x0001_A7FF).ro(0x5000).reset(0x0001_0000).title("LVT LINT1")),
    LVT_ERROR(at(0x370, 4).rw(0x0001_00FF).ro(0x1000).reset(0x0001_0000).title("LVT Error")),
    INITIAL_COUNT(at(0x380, 4).rw(0xFFFF_FFFF).title("Initial Count (for Timer)")),
    CURRENT_COUNT(at(0x390, 4).ro(0xFFFF_FFFF).title("Current Count (for Timer)")),
    DIVIDE(at(0x3E0, 4).rw(0x0B).title("Divide Configuration (for Timer)"));

    /** SVR: the APIC is enabled by software. */
    static final Field ENABLE = Field.bit(8);
    /** SVR: no focus processor checking. */
    static final Field NO_FOCUS = Field.bit(9);
    /** SVR: level-triggered interrupts are ended at the I/O APIC by software. */
    static final Field SUPPRESS_EOI = Field.bit(12);
    /** LVT and ICR: vector. */
    static final Field VECTOR = Field.bits(7, 0);
    /** LVT and ICR: delivery mode. */
    static final Field MODE = Field.bits(10, 8);
    /** ICR: logical rather than physical destination. */
    static final Field LOGICAL = Field.bit(11);
    /** LVT LINT: level-triggered interrupt accepted and not ended. */
    static final Field REMOTE_IRR = Field.bit(14);
    /** ICR: assert rather than de-assert. */
    static final Field ASSERT = Field.bit(14);
    /** LVT LINT and ICR: level-triggered. */
    static final Field LEVEL = Field.bit(15);
    /** LVT: masked. */
    static final Field MASKED = Field.bit(16);
    /** LVT timer: 0 one-shot, 1 periodic, 2 TSC-deadline. */
    static final Field TIMER_MODE = Field.bits(18, 17);
    /** ICR: destination shorthand. */
    static final Field SHORTHAND = Field.bits(19, 18);

    private final Layout layout;

    ApicRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
