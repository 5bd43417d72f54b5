package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Events that a VM entry injects, where their delivery is out of the ordinary. @sdm Event Injection; Details of Vectored-Event Injection */
class InjectionTest {
    /** A task gate in the IDT: the task switch exits, and names the event. @sdm Treatment of Task Switches */
    @ParameterizedTest
    @CsvSource({"0x80000040, 0x80000040, 0, 0", "0x80000b0d, 0x80000b0d, 0x1238, 0", "0x80000202, 0x80000202, 0, 0", "0x80000440, 0x80000440, 0, 2",
        "0x80000603, 0x80000603, 0, 1", "0x80000501, 0x80000501, 0, 1"})
    void anEventThroughATaskGateExitsWithTheEvent(String event, String vectoring, String code, int length) {
        try (VmxMachine m = new VmxMachine(true).flat()) {
            long vector = Long.decode(event) & 0xFF;
            m.poke(VmxMachine.TABLES + 0x28, 8, 0x0000_8905_3000_0067L);
            m.poke(VmxMachine.TABLES + 0x1000 + 8 * vector, 8, 0x0000_E500_0028_0000L);
            m.set(GUEST_RFLAGS, 0x202).set(ENTRY_INTERRUPTION, Long.decode(event)).set(ENTRY_ERROR_CODE, Long.decode(code)).set(ENTRY_LENGTH, length);
            m.run("bits 32\norg 0x40000\nnop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(9);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x28 | 3L << 30);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(Long.decode(vectoring));
            assertThat(m.get(IDT_VECTORING_CODE)).isEqualTo(Long.decode(code));
            if (length != 0) {
                assertThat(m.get(EXIT_LENGTH)).isEqualTo(length);
            }
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST);
        }
    }

    private static VmxMachine virtual8086(VmxMachine m) {
        m.flat().set(GUEST_RFLAGS, 0x2_3202).set(GUEST_RIP, 0x10);
        for (String name : new String[] {"ES", "CS", "SS", "DS", "FS", "GS"}) {
            m.set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), VmxMachine.GUEST >> 4).set(VmcsField.valueOf("GUEST_" + name + "_BASE"), VmxMachine.GUEST);
            m.set(VmcsField.valueOf("GUEST_" + name + "_LIMIT"), 0xFFFF).set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), 0xF3);
        }
        // A 32-bit handler of the monitor's for vector 31h, at linear 40040h, and its stack.
        m.poke(VmxMachine.TABLES + 0x2004, 4, 0x7000);
        m.poke(VmxMachine.TABLES + 0x2008, 4, 0x18);
        m.poke(VmxMachine.TABLES + 0x10, 8, 0x00CF_9B00_0000_FFFFL);
        m.poke(VmxMachine.TABLES + 0x1000 + 8 * 0x31, 8, 0x0004_EE00_0010_0040L);
        m.poke(VmxMachine.TABLES + 0x1000 + 8 * 13, 8, 0x0004_8E00_0010_0040L);
        return m.set(ENTRY_INTERRUPTION, 0x8000_0431L).set(ENTRY_LENGTH, 2);
    }

    /** At 10h the guest, at 20h the 8086 program's handler, at 40h the monitor's; each says so in EBX. */
    private static final String CODE = "bits 16\norg 0\ntimes 0x10 db 0x90\nhere: jmp here\ntimes 0x20 - ($ - $$) db 0x90\nmov bx, 0x86\nstop: jmp stop\n"
        + "times 0x40 - ($ - $$) db 0x90\nbits 32\nmov ebx, 0x386\nmov ecx, [esp]\nmov edx, [esp + 4]\ncpuid";

    @Test void aSoftwareInterruptOfAnIoplOf3GoesThroughTheIdt() {
        try (VmxMachine m = virtual8086(new VmxMachine(true))) {
            m.run(CODE);
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x386);
            assertThat(m.reg("rcx")).as("behind the instruction").isEqualTo(0x12);
        }
    }

    /** @sdm Software Interrupt Handling Methods While in Virtual-8086 Mode */
    @Test void theRedirectionBitmapSendsASoftwareInterruptToTheProgramItself() {
        try (VmxMachine m = virtual8086(new VmxMachine(true))) {
            m.set(GUEST_CR4, 0x2001).set(GUEST_TR_LIMIT, 0x200);
            m.poke(VmxMachine.TABLES + 0x2000 + 102, 2, 0x100);
            m.poke(0x31 * 4, 4, VmxMachine.GUEST >> 4 << 16 | 0x20);
            m.run(CODE);
            assertThat(m.exited()).as("it runs on in its handler").isFalse();
            assertThat(m.reg("rbx") & 0xFFFF).isEqualTo(0x86);
        }
    }

    @Test void anExternalInterruptIsNotRedirected() {
        try (VmxMachine m = virtual8086(new VmxMachine(true))) {
            m.set(GUEST_CR4, 0x2001).set(GUEST_TR_LIMIT, 0x200).set(ENTRY_INTERRUPTION, 0x8000_0031L);
            m.poke(VmxMachine.TABLES + 0x2000 + 102, 2, 0x100);
            m.run(CODE);
            assertThat(m.reg("rbx")).isEqualTo(0x386);
            assertThat(m.reg("rcx")).isEqualTo(0x10);
        }
    }

    @Test void aRealModeGuestTakesEventsThroughItsVectorTable() {
        try (VmxMachine m = new VmxMachine(true).real()) {
            m.poke(0x31 * 4, 4, VmxMachine.GUEST >> 4 << 16 | 0x20);
            m.set(GUEST_RFLAGS, 0x202).set(GUEST_RSP, 0x8000).set(ENTRY_INTERRUPTION, 0x8000_0031L);
            m.run("nop\ntimes 0x20 - ($ - $$) db 0x90\npop bx\npop cx\npop dx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx") & 0xFFFF).isZero();
            assertThat(m.reg("rcx") & 0xFFFF).isEqualTo(VmxMachine.GUEST >> 4);
            assertThat(m.reg("rdx") & 0xFFFF).isEqualTo(0x202);
        }
    }

    @Test void anInjectedNmiBlocksVirtualNmis() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.NMI_EXITING, Control.VIRTUAL_NMIS, Control.HLT_EXITING).set(ENTRY_INTERRUPTION, 0x8000_0202L).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(12);
            assertThat(m.reg("r15")).isEqualTo(2);
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isEqualTo(8);
        }
    }

    @Test void aPendingMonitorTrapExitsBeforeTheFirstInstruction() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0700L).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(37);
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST);
        }
    }

    @Test void theMonitorTrapFlagWaitsForTheEventNotForItsHandler() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.MONITOR_TRAP_FLAG).set(ENTRY_INTERRUPTION, 0x8000_0306L).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(37);
            assertThat(m.get(GUEST_RIP)).isEqualTo(0x48000 + 16 * 6);
        }
    }

    @Test void aSoftwareInterruptNeedsTheGatesPrivilegeAnExceptionDoesNot() {
        for (boolean software : new boolean[] {true, false}) {
            try (VmxMachine m = new VmxMachine(false)) {
                user(m).set(EXCEPTION_BITMAP, 1 << 13).on(Control.HLT_EXITING);
                m.set(ENTRY_INTERRUPTION, software ? 0x8000_0430L : 0x8000_0306L).set(ENTRY_LENGTH, software ? 2 : 0).run("nop");
                assertThat(m.get(EXIT_REASON)).isEqualTo(software ? 0 : 12);
                if (software) {
                    assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
                    assertThat(m.get(EXIT_ERROR_CODE)).isEqualTo(0x30 * 8 + 2);
                    assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0430L);
                }
            }
        }
    }

    private static VmxMachine user(VmxMachine m) {
        m.set(GUEST_CS_SELECTOR, 0x33).set(GUEST_CS_ACCESS, 0xA0FB).set(GUEST_SS_SELECTOR, 0x3B).set(GUEST_SS_ACCESS, 0xC0F3);
        for (String name : new String[] {"ES", "DS", "FS", "GS"}) {
            m.set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), 0x3B).set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), 0xC0F3);
        }
        return m;
    }
}
