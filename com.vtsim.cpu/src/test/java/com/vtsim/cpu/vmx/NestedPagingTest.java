package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;

/** Guests under EPT. @sdm The Extended Page Table Mechanism (EPT); Exit Qualification for EPT Violations */
class NestedPagingTest {
    /** Entry of the last level's table for 2 MiB at 200000h. */
    private static final long ENTRY = VmxMachine.EPT + 0x2000 + 8;
    private static final int PERMISSIONS = 3, LINEAR = 1 << 7, FINAL = 1 << 8, USER_PAGE = 1 << 9, WRITABLE_PAGE = 1 << 10;

    private static VmxMachine machine() {
        return new VmxMachine(true).ept();
    }

    @Test void guestPhysicalIsMadeFinal() {
        try (VmxMachine m = machine()) {
            m.poke(ENTRY, 8, 0x40_0000 | 0xB7);
            m.poke(0x20_0000, 8, 0x11);
            m.poke(0x40_0000, 8, 0x22);
            m.run("mov rbx, [0x200000]\nmov byte [0x200008], 0x33\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x22);
            assertThat(m.peek(0x40_0008, 1)).isEqualTo(0x33);
            assertThat(m.peek(0x20_0008, 1)).isZero();
        }
    }

    /** The guest's page of 2 MiB is made of EPT pages of 4 KiB, two of which lie crosswise. */
    @Test void smallEptPagesUnderALargeGuestPage() {
        try (VmxMachine m = machine()) {
            m.poke(ENTRY, 8, 0x8_6000 | 7);
            for (int i = 0; i < 512; i++) {
                m.poke(0x8_6000 + 8L * i, 8, 0x20_0000L + i * 4096L | 0x37);
            }
            m.poke(0x8_6000, 8, 0x20_1000 | 0x37);
            m.poke(0x8_6008, 8, 0x20_0000 | 0x37);
            m.poke(0x8_6010, 8, 0);
            m.poke(0x20_0000, 8, 0x11);
            m.poke(0x20_1000, 8, 0x22);
            m.run("mov rbx, [0x200000]\nmov rcx, [0x201000]\nmov rdx, [0x200000]\nmov rdi, [0x200ffc]\nmov rax, [0x202000]");
            assertThat(m.reg("rbx")).isEqualTo(0x22);
            assertThat(m.reg("rcx")).isEqualTo(0x11);
            assertThat(m.reg("rdx")).isEqualTo(0x22);
            assertThat(m.reg("rdi")).isEqualTo(0x11L << 32);
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x20_2000);
        }
    }

    @Test void pagesOfAGigabyteAndFiveLevelsTranslate() {
        try (VmxMachine m = machine()) {
            m.poke(VmxMachine.EPT + 0x1000, 8, 0xB7);
            m.set(EPTP, VmxMachine.EPT + 0x3000 | 6 | 4 << 3);
            m.poke(VmxMachine.EPT + 0x3000, 8, VmxMachine.EPT | 7);
            m.poke(0x20_0000, 8, 0x33);
            m.run("mov rbx, [0x200000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x33);
        }
    }

    private static void violates(String guest, long entry, long access, long linear) {
        try (VmxMachine m = machine()) {
            m.poke(ENTRY, 8, entry);
            m.run(guest);
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(access | (entry & 7) << PERMISSIONS | LINEAR | FINAL | USER_PAGE | WRITABLE_PAGE);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(linear);
            assertThat(m.get(GUEST_LINEAR_ADDRESS)).isEqualTo(linear);
        }
    }

    @Test void rightsAreChecked() {
        violates("mov byte [0x200010], 1", 0x20_0000 | 0xB5, 2, 0x20_0010);
        violates("mov bl, [0x200010]", 0x20_0000 | 0xB4, 1, 0x20_0010);
        violates("mov rbx, 0x200020\njmp rbx", 0x20_0000 | 0xB3, 4, 0x20_0020);
        violates("mov bl, [0x200010]", 0, 1, 0x20_0010);
    }

    @Test void executeOnlyCodeRuns() {
        try (VmxMachine m = machine()) {
            m.poke(ENTRY, 8, 0x20_0000 | 0xB4);
            m.poke(0x20_0000, 2, 0xA20F);
            m.run("mov rbx, 0x200000\njmp rbx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.get(GUEST_RIP)).isEqualTo(0x20_0000);
        }
    }

    /** @sdm EPT Misconfigurations */
    @Test void misconfigurationsExit() {
        for (long entry : new long[] {0x20_0000 | 0xB2, 0x20_0000 | 0xB6, 0x20_0000 | 0x97, 0x20_1000 | 0xB7, 0x20_0000 | 0xB7 | 1L << 45}) {
            try (VmxMachine m = machine()) {
                m.poke(ENTRY, 8, entry);
                m.run("mov bl, [0x200010]");
                assertThat(m.get(EXIT_REASON)).as("%x", entry).isEqualTo(49);
                assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x20_0010);
            }
        }
    }

    /** The guest's page directory lies at 3000h; where EPT maps it nowhere, the walk itself violates. */
    @Test void theGuestsPagingStructuresAreWalkedThroughEpt() {
        try (VmxMachine m = machine()) {
            m.set(GUEST_CR3, 0x20_0000);
            m.poke(ENTRY, 8, 0);
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(1 | LINEAR);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x20_0000);
            assertThat(m.get(GUEST_LINEAR_ADDRESS)).isEqualTo(VmxMachine.GUEST);
        }
    }

    /** @sdm Accessed and Dirty Flags for EPT */
    @Test void accessedAndDirtyFlagsAreSet() {
        try (VmxMachine m = machine()) {
            m.set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6);
            m.run("mov bl, [0x200010]\nmov [0x400010], bl\ncpuid");
            assertThat(m.peek(ENTRY, 8) & 0x300).isEqualTo(0x100);
            assertThat(m.peek(ENTRY + 8, 8) & 0x300).isEqualTo(0x300);
            assertThat(m.peek(VmxMachine.EPT, 8) & 0x100).isEqualTo(0x100);
        }
    }

    @Test void anUnrestrictedGuestRunsInRealMode() {
        try (VmxMachine m = new VmxMachine(true).real()) {
            m.run("mov bx, 5\nwhere: cpuid\nhlt");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("where"));
        }
    }

    @Test void anUnrestrictedGuestMayEnterProtectedMode() {
        try (VmxMachine m = new VmxMachine(true).real()) {
            m.run("mov eax, cr0\nor al, 1\nmov cr0, eax\njmp short $+2\nmov ebx, cr0\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx") & 0xFF).isEqualTo(0x31);
        }
    }

    @Test void thePartIsReplacedUnderARunningGuest() {
        try (VmxMachine m = machine()) {
            m.start("xor ecx, ecx\nagain: inc rcx\nmov [0x200000], rcx\ncmp rcx, 20000\njne again\ncpuid");
            for (int i = 0; i < 5; i++) {
                m.proceed(5000);
                m.replaceEpt();
            }
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.peek(0x20_0000, 8)).isEqualTo(20000);
            assertThat(m.cpu.virtualization().orElseThrow().exits()).hasSize(1);
        }
    }

    /** A processor's state carries VMX operation, the guest and its controls. */
    @Test void aGuestIsSavedAndRestored() {
        try (VmxMachine m = machine()) {
            m.on(Control.MOV_DR_EXITING).start("mov ecx, 1000\nagain: loop again\nmov dr0, rax");
            m.proceed(1500);
            State state = m.board.call(m.cpu::save);
            m.board.call(() -> {
                m.cpu.reset(Reset.values()[0]);
                m.cpu.restore(state);
                return null;
            });
            m.board.settle();
            m.replaceEpt();
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(29);
            assertThat(m.exited()).isTrue();
        }
    }

    @Test void withoutThePartEptIsNotAnnounced() {
        try (VmxMachine m = new VmxMachine(false)) {
            assertThat(m.reg("msr:48b") >>> 32 & 0x82).isZero();
            assertThat(m.reg("msr:48c") & 0xFFFF_FFFFL).isZero();
        }
        try (VmxMachine m = machine()) {
            assertThat(m.reg("msr:48b") >>> 32 & 0x82).isEqualTo(0x82);
        }
    }
}
