package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A guest that reads and writes a VMCS without exits. @sdm VMCS Shadowing; VMREAD; VMWRITE; VMPTRLD */
class VmcsShadowTest {
    private static final long SHADOW = 0x34000, READS = 0x35000, WRITES = 0x36000;

    private static VmxMachine machine() {
        VmxMachine m = new VmxMachine(false).on(Control.SECONDARY_CONTROLS, Control.VMCS_SHADOWING);
        m.poke(SHADOW, 4, Capabilities.REVISION | 1L << 31);
        return m.set(VMCS_LINK, SHADOW).set(VMREAD_BITMAP, READS).set(VMWRITE_BITMAP, WRITES);
    }

    @Test void fieldsOfTheShadowAreReadAndWritten() {
        try (VmxMachine m = machine()) {
            m.run("mov eax, 0x681e\nmov ebx, 0x1234\nvmwrite rax, rbx\nvmread rcx, rax\npushfq\npop rsi\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rcx")).isEqualTo(0x1234);
            assertThat(m.reg("rsi") & 0x8D5).isZero();
            long inShadow = m.board.call(() -> m.vmcs.read(SHADOW, GUEST_RIP));
            assertThat(inShadow).isEqualTo(0x1234);
        }
    }

    @Test void bitmapsAskForExits() {
        try (VmxMachine m = machine()) {
            m.poke(READS + 0x681E / 8, 1, 1 << 6);
            m.run("mov eax, 0x681e\nmov ebx, 0x1234\nvmwrite rax, rbx\nhere: vmread rcx, rax");
            assertThat(m.get(EXIT_REASON)).isEqualTo(23);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
        try (VmxMachine m = machine()) {
            m.poke(WRITES + 0x681E / 8, 1, 1 << 6);
            m.run("mov eax, 0x681e\nvmread rcx, rax\nhere: vmwrite rax, rcx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(25);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    /** Bits 63:15 of the encoding are beyond the bitmaps. */
    @Test void encodingsBeyondTheBitmapsExit() {
        try (VmxMachine m = machine()) {
            m.run("mov eax, 0x8000\nvmread rcx, rax");
            assertThat(m.get(EXIT_REASON)).isEqualTo(23);
        }
    }

    @Test void withoutALinkTheyFail() {
        try (VmxMachine m = machine().set(VMCS_LINK, -1)) {
            m.run("mov eax, 0x681e\nvmread rcx, rax\npushfq\npop rsi\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rsi") & 0x8D5).isEqualTo(1);
        }
    }

    /** IA32_VMX_MISC bit 29: VMWRITE takes every field, so that a monitor can leave exit information in the shadow of its guest's. */
    @Test void exitInformationIsWritten() {
        try (VmxMachine m = machine()) {
            m.run("mov eax, 0x4402\nmov ebx, 0x30\nvmwrite rax, rbx\npushfq\npop rsi\nvmread rdi, rax\ncpuid");
            assertThat(m.reg("rsi") & 0x8D5).isZero();
            assertThat(m.reg("rdi")).isEqualTo(0x30);
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("msr:485") >> 29 & 1).isEqualTo(1);
        }
    }

    /** It can be current, for VMREAD and VMWRITE of its monitor, but not be entered. */
    @Test void aShadowIsNotEntered() {
        try (VmxMachine m = machine()) {
            m.poke(0x37000, 8, SHADOW);
            m.monitor("vmptrld [0x37000]\njbe bad\nvmlaunch");
            assertThat(m.reg("rbx") & 0x8D5).isEqualTo(1);
        }
    }
}
