package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import org.junit.jupiter.api.Test;

/** 32-bit hosts, process contexts of hosts and guests, and exits that cannot complete. @sdm Loading Host State; VMX Aborts */
class HostTest {
    private static long abort(VmxMachine m) {
        return m.peek(VmxMachine.VMCS + 4, 4);
    }

    @Test void aHostOf32BitsRunsAGuestOf32Bits() {
        try (VmxMachine m = VmxMachine.host32(false)) {
            m.set(HOST_SYSENTER_EIP, 0x1234).run("mov ebx, 7\ncpuid");
            assertThat(m.exited()).isTrue();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(7);
            assertThat(m.reg("efer")).isZero();
            assertThat(m.reg("cr3")).isEqualTo(0x1800);
            assertThat(m.reg("msr:176")).isEqualTo(0x1234);
        }
    }

    @Test void aHostOf32BitsGoesOnAfterResuming() {
        try (VmxMachine m = VmxMachine.host32(false)) {
            m.run("vmcall\nmov ebx, 9\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(18);
            m.board.call(() -> {
                m.vmcs.write(VmxMachine.VMCS, GUEST_RIP, m.vmcs.read(VmxMachine.VMCS, GUEST_RIP) + 3);
                return null;
            });
            m.resume();
            assertThat(m.reg("rbx")).isEqualTo(9);
        }
    }

    @Test void pdptesOfTheHostThatAreWrongAbort() {
        try (VmxMachine m = VmxMachine.host32(false)) {
            m.poke(0x1900, 8, 0x3003);
            assertThat(m.set(HOST_CR3, 0x1900).run("cpuid")).isEqualTo(Outcome.SHUTDOWN);
            assertThat(abort(m)).isEqualTo(2);
        }
    }

    /** "The logical processor was in IA-32e mode before the VM exit, and host address-space size is 0." */
    @Test void aHostOf32BitsCannotTakeAGuestThatWentTo64Bits() {
        try (VmxMachine m = VmxMachine.host32(true).flat()) {
            m.on(Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS);
            Outcome outcome = m.run("bits 32\norg 0x40000\nmov eax, 0x2020\nmov cr4, eax\nmov eax, 0x1000\nmov cr3, eax\nmov ecx, 0xc0000080\nmov eax, 0x100\n"
                + "xor edx, edx\nwrmsr\nmov eax, 0x80000031\nmov cr0, eax\ncpuid");
            assertThat(outcome).isEqualTo(Outcome.SHUTDOWN);
            assertThat(abort(m)).isEqualTo(6);
        }
    }

    @Test void registersThatCannotBeStoredAbort() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.poke(0x33000, 8, 0x123);
            assertThat(m.set(EXIT_MSR_STORE_ADDRESS, 0x33000).set(EXIT_MSR_STORE_COUNT, 1).run("cpuid")).isEqualTo(Outcome.SHUTDOWN);
            assertThat(abort(m)).isEqualTo(1);
        }
    }

    /** IA32_FS_BASE may not be in an area that is loaded. */
    @Test void registersThatCannotBeLoadedAbort() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.poke(0x33000, 8, 0xC000_0100L);
            assertThat(m.set(EXIT_MSR_LOAD_ADDRESS, 0x33000).set(EXIT_MSR_LOAD_COUNT, 1).run("cpuid")).isEqualTo(Outcome.SHUTDOWN);
            assertThat(abort(m)).isEqualTo(4);
        }
    }

    @Test void hostAndGuestHaveProcessContextsOfTheirOwn() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(GUEST_CR4, 0x2_2020).set(GUEST_CR3, 0x1005).set(HOST_CR4, 0x2_2020).set(HOST_CR3, 0x1007);
            m.run("mov rbx, cr3\nmov rax, 0x8000000000001006\nmov cr3, rax\nmov rsi, cr3\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x1005);
            assertThat(m.reg("rsi")).as("bit 63 only says what is kept").isEqualTo(0x1006);
            assertThat(m.get(GUEST_CR3)).isEqualTo(0x1006);
            assertThat(m.reg("cr3")).isEqualTo(0x1007);
            assertThat(m.reg("cr4")).isEqualTo(0x2_2020);
        }
    }

    /** CR4.PCIDE cannot be set while CR3[11:0] is not 0, whoever owns the bit. @sdm Process-Context Identifiers (PCIDs) */
    @Test void aGuestTurnsProcessContextsOnByTheUsualRules() {
        for (long low : new long[] {0, 8}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.set(GUEST_CR3, 0x1000 | low).set(EXCEPTION_BITMAP, 1 << 13).run("mov rax, cr4\nor eax, 0x20000\nmov cr4, rax\ncpuid");
                assertThat(m.get(EXIT_REASON)).isEqualTo(low == 0 ? 10 : 0);
                assertThat(m.get(GUEST_CR4)).isEqualTo(low == 0 ? 0x2_2020 : 0x2020);
            }
        }
    }
}
