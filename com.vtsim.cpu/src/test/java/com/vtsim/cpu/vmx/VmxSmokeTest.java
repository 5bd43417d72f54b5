package com.vtsim.cpu.vmx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VmxSmokeTest {
    @Test void aGuestRunsAndCpuidExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.run("mov ebx, 5\nwhere: cpuid\nhlt");
            if (!m.exited()) {
                System.out.println(m.cpu.why() + " rip " + Long.toHexString(m.reg("rip")) + " " + m.cpu.vmxWhy());
            }
            assertThat(m.exited()).isTrue();
            assertThat(m.get(VmcsField.EXIT_REASON)).isEqualTo(10);
            assertThat(m.get(VmcsField.EXIT_LENGTH)).isEqualTo(2);
            assertThat(m.get(VmcsField.GUEST_RIP)).isEqualTo(m.guestSymbol("where"));
            assertThat(m.reg("rbx")).isEqualTo(5);
        }
    }

    @Test void aRealModeGuestRunsUnrestricted() {
        try (VmxMachine m = new VmxMachine(true).real()) {
            m.run("mov bx, 5\nwhere: cpuid\nhlt");
            if (!m.exited()) {
                System.out.println(m.cpu.why() + " rip " + Long.toHexString(m.reg("rip")) + " " + m.cpu.vmxWhy());
            }
            assertThat(m.exited()).isTrue();
            assertThat(m.get(VmcsField.EXIT_REASON)).isEqualTo(10);
        }
    }
}
