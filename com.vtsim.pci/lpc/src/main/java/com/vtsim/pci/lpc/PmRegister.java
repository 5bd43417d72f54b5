package com.vtsim.pci.lpc;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The power management block at PMBASE. Source: Intel I/O Controller Hub 9 (ICH9) Family Datasheet, Power Management I/O Registers, and from 60h on
 * System Management TCO Registers.
 */
enum PmRegister implements Register {
    PM1_STS(at(0x00, 2).rw1c(0x8021).rw1cs(0x4F10).title("Power Management 1 Status")),
    PM1_EN(at(0x02, 2).rw(0x4021).rws(0x0500).title("Power Management 1 Enable")),
    PM1_CNT(at(0x04, 4).rw(0x0000_1C03).wo(0x0000_2004).title("Power Management 1 Control")),
    PM1_TMR(at(0x08, 4).ro(0x00FF_FFFF).title("Power Management 1 Timer")),
    PROC_CNT(at(0x10, 4).rw(0x0000_01FE).title("Processor Control")),
    GPE0_STS(at(0x20, 8).rw1cs(0x0000_0001_FFFF_7FFFL).title("General Purpose Event 0 Status")),
    GPE0_EN(at(0x28, 8).rws(0x0000_0001_FFFF_7FFFL).title("General Purpose Event 0 Enables")),
    SMI_EN(at(0x30, 4).rw(0x0006_685F).wo(0x0000_0080).ro(0x0000_0020).reset(0x0000_0020).title("SMI Control and Enable")),  // APMC_EN stays 1
    SMI_STS(at(0x34, 4).rw1c(0x0C11_FC7C).title("SMI Status")),
    ALT_GP_SMI_EN(at(0x38, 2).rw(0xFFFF).title("Alternate GPI SMI Enable")),
    ALT_GP_SMI_STS(at(0x3A, 2).rw1c(0xFFFF).title("Alternate GPI SMI Status")),
    GPE_CNTL(at(0x42, 1).rw(0x02).title("General Purpose Event Control")),
    DEVACT_STS(at(0x44, 2).rw1c(0x13C1).title("Device Activity Status")),
    PM2_CNT(at(0x50, 1).rw(0x01).title("Power Management 2 Control")),
    TCO_RLD(at(0x60, 2).ro(0x03FF).reset(0x0004).title("TCO Timer Reload and Current Value")),
    TCO_DAT_IN(at(0x62, 1).rw(0xFF).title("TCO Data In")),
    TCO_DAT_OUT(at(0x63, 1).rw(0xFF).title("TCO Data Out")),
    TCO1_STS(at(0x64, 2).rw1c(0x0008).title("TCO1 Status")),
    TCO2_STS(at(0x66, 2).rw1cs(0x0002).title("TCO2 Status")),
    TCO1_CNT(at(0x68, 2).rw(0x0A00).rw1s(0x1000).reset(0x0800).title("TCO1 Control")),          // halted, as firmware leaves it
    TCO2_CNT(at(0x6A, 2).rw(0x003E).reset(0x0008).title("TCO2 Control")),
    TCO_MESSAGE1(at(0x6C, 1).rw(0xFF).title("TCO Message 1")),
    TCO_MESSAGE2(at(0x6D, 1).rw(0xFF).title("TCO Message 2")),
    TCO_WDCNT(at(0x6E, 1).rw(0xFF).title("TCO Watchdog Status")),
    SW_IRQ_GEN(at(0x70, 1).rw(0x03).reset(0x03).title("Software IRQ Generation")),
    TCO_TMR(at(0x72, 2).rw(0x03FF).reset(0x0004).title("TCO Timer Initial Value"));

    /** PM1_STS and PM1_EN: bit 23 of the timer has toggled. */
    static final Field TMROF = Field.bit(0);
    /** PM1_STS and PM1_EN: what raises an SCI: timer, global, power button, RTC. */
    static final long SCI_CAUSES = 0x0521;
    /** PM1_STS: woken. */
    static final Field WAK_STS = Field.bit(15);
    /** PM1_CNT: events raise an SCI; else they would raise an SMI. */
    static final Field SCI_EN = Field.bit(0);
    /** PM1_CNT: which sleep state. */
    static final Field SLP_TYP = Field.bits(12, 10);
    /** PM1_CNT: go to sleep. */
    static final Field SLP_EN = Field.bit(13);
    /** SMI_STS: port B2h was written. */
    static final Field APM_STS = Field.bit(5);

    /** TCO1_STS: the timer has run out. */
    static final Field TIMEOUT = Field.bit(3);
    /** TCO2_STS: it has run out twice. */
    static final Field SECOND_TO_STS = Field.bit(1);
    /** TCO1_CNT: the timer does not count. */
    static final Field TCO_TMR_HLT = Field.bit(11);

    private final Layout layout;

    PmRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
