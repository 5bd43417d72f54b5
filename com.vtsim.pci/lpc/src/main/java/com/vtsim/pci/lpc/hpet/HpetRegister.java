package com.vtsim.pci.lpc.hpet;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The registers of the event timer block. Source: IA-PC HPET (High Precision Event Timers) Specification 1.0a, Memory Mapped Registers; number
 * of timers, sizes and routes as in the Intel I/O Controller Hub 9 (ICH9) Family Datasheet, High Precision Event Timer Registers.
 */
enum HpetRegister implements Register {
    GCAP_ID(at(0x000, 8).constant(0x0429_B17F_8086_A301L).title("General Capabilities and Identification")),   // 69,841,279 fs, 4 timers, 64 bits
    GEN_CONF(at(0x010, 8).rw(0x3).title("General Configuration")),
    GINTR_STA(at(0x020, 8).rw1c(0xF).title("General Interrupt Status")),
    MAIN_CNT(at(0x0F0, 8).rw(-1L).title("Main Counter Value")),
    TIM0_CONF(at(0x100, 8).rw(0x7F4E).ro(0x00F0_0000_0000_8030L).reset(0x00F0_0000_0000_8030L).title("Timer 0 Configuration and Capabilities")),
    TIM0_COMP(at(0x108, 8).rw(-1L).reset(-1L).title("Timer 0 Comparator Value")),
    TIM0_FSB(at(0x110, 8).rw(-1L).title("Timer 0 FSB Interrupt Route")),
    TIM1_CONF(at(0x120, 8).rw(0x7E06).ro(0x00F0_0000_0000_8000L).reset(0x00F0_0000_0000_8000L).title("Timer 1 Configuration and Capabilities")),
    TIM1_COMP(at(0x128, 8).rw(0xFFFF_FFFFL).reset(0xFFFF_FFFFL).title("Timer 1 Comparator Value")),
    TIM1_FSB(at(0x130, 8).rw(-1L).title("Timer 1 FSB Interrupt Route")),
    TIM2_CONF(at(0x140, 8).rw(0x7E06).ro(0x00F0_0800_0000_8000L).reset(0x00F0_0800_0000_8000L).title("Timer 2 Configuration and Capabilities")),
    TIM2_COMP(at(0x148, 8).rw(0xFFFF_FFFFL).reset(0xFFFF_FFFFL).title("Timer 2 Comparator Value")),
    TIM2_FSB(at(0x150, 8).rw(-1L).title("Timer 2 FSB Interrupt Route")),
    TIM3_CONF(at(0x160, 8).rw(0x7E06).ro(0x00F0_1000_0000_8000L).reset(0x00F0_1000_0000_8000L).title("Timer 3 Configuration and Capabilities")),
    TIM3_COMP(at(0x168, 8).rw(0xFFFF_FFFFL).reset(0xFFFF_FFFFL).title("Timer 3 Comparator Value")),
    TIM3_FSB(at(0x170, 8).rw(-1L).title("Timer 3 FSB Interrupt Route"));

    /** Timers. */
    static final int TIMERS = 4;
    /** GEN_CONF: the main counter runs and interrupts are allowed. */
    static final Field ENABLE_CNF = Field.bit(0);
    /** GEN_CONF: timers 0 and 1 take the places of 8254 and RTC. */
    static final Field LEG_RT_CNF = Field.bit(1);
    /** TIMn_CONF: level-triggered. */
    static final Field INT_TYPE_CNF = Field.bit(1);
    /** TIMn_CONF: interrupts. */
    static final Field INT_ENB_CNF = Field.bit(2);
    /** TIMn_CONF: periodic. */
    static final Field TYPE_CNF = Field.bit(3);
    /** TIMn_CONF: the next write to the comparator of a periodic timer sets the comparator too. */
    static final Field VAL_SET_CNF = Field.bit(6);
    /** TIMn_CONF: a 64-bit timer works with 32 bits. */
    static final Field MODE32_CNF = Field.bit(8);
    /** TIMn_CONF: input of the I/O APIC. */
    static final Field INT_ROUTE_CNF = Field.bits(13, 9);
    /** TIMn_CONF: delivered as a message. */
    static final Field FSB_EN_CNF = Field.bit(14);
    /** TIMn_CONF: inputs that can be chosen. */
    static final Field INT_ROUTE_CAP = Field.bits(63, 32);

    private static final HpetRegister[] CONFIGURATIONS = {TIM0_CONF, TIM1_CONF, TIM2_CONF, TIM3_CONF};
    private static final HpetRegister[] COMPARATORS = {TIM0_COMP, TIM1_COMP, TIM2_COMP, TIM3_COMP};
    private static final HpetRegister[] ROUTES = {TIM0_FSB, TIM1_FSB, TIM2_FSB, TIM3_FSB};

    private final Layout layout;

    HpetRegister(Layout layout) {
        this.layout = layout;
    }

    static HpetRegister configuration(int timer) {
        return CONFIGURATIONS[timer];
    }

    static HpetRegister comparator(int timer) {
        return COMPARATORS[timer];
    }

    static HpetRegister route(int timer) {
        return ROUTES[timer];
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
