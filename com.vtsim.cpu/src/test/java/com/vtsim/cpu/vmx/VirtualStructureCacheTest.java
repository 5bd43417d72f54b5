package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Paging-structure caches of a guest. It uses a page, makes its page-directory-pointer entry reference another directory, has the monitor
 * invalidate something, and uses a second page for the first time: 1 by the directory before, 2 by the one since.
 *
 * @sdm Caching Translation Information (VPIDs and EPT): Information That May Be Cached; Operations that Invalidate Cached Mappings
 */
class VirtualStructureCacheTest {
    private static final long PML4 = 0x60_0000, PDPT = 0x60_1000, FIRST = 0x60_2000, SECOND = 0x60_3000;
    private static final long DESCRIPTOR = 0x60_7000;

    private static VmxMachine machine(boolean ept, int vpid) {
        VmxMachine m = new VmxMachine(true).set(GUEST_CR3, PML4).on(Control.SECONDARY_CONTROLS);
        if (ept) {
            m.ept();
        }
        if (vpid != 0) {
            m.on(Control.ENABLE_VPID).set(VPID, vpid);
        }
        m.poke(0x20_0000, 8, 1);
        m.poke(0x40_0000, 8, 2);
        m.poke(PML4, 8, PDPT | 7);
        m.poke(PDPT, 8, FIRST | 7);
        for (int i = 0; i < 4; i++) {
            m.poke(FIRST + 8 * i, 8, (long) i << 21 | 0x87);
            m.poke(SECOND + 8 * i, 8, (long) i << 21 | 0x87);
        }
        m.poke(FIRST + 16, 8, 0x20_0087);
        m.poke(DESCRIPTOR, 8, vpid);
        m.poke(DESCRIPTOR + 8, 8, 0x40_0000);
        m.poke(DESCRIPTOR + 16, 8, 9);
        m.poke(DESCRIPTOR + 32, 8, VmxMachine.EPT | 6 | 3 << 3);
        return m;
    }

    private static long seen(VmxMachine m, String monitor, String guest) {
        m.runUnder("mov edx, 0x4402\nvmread rax, rdx\ncmp eax, 18\njne finish\n" + monitor.replace("; ", "\n") + "\nskip\nfinish: hlt",
            "mov rbx, [0x200000]\nmov qword [0x601000], 0x603007\n" + guest.replace("; ", "\n") + "\nmov rdi, [0x400000]\ncpuid");
        assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        return m.reg("rdi");
    }

    @ParameterizedTest
    @CsvSource({
        "true, 5, nop, vmcall, 1", "false, 5, nop, vmcall, 1",
        // Without a VPID every transition drops them.
        "true, 0, nop, vmcall, 2", "false, 0, nop, vmcall, 2", "true, 0, nop, nop, 1",
        // INVVPID: an address, a virtual processor, all, all but global pages; another virtual processor.
        "true, 5, 'xor eax, eax; invvpid rax, [0x607000]', vmcall, 2", "true, 5, 'mov eax, 1; invvpid rax, [0x607000]', vmcall, 2",
        "true, 5, 'mov eax, 2; invvpid rax, [0x607000]', vmcall, 2", "true, 5, 'mov eax, 3; invvpid rax, [0x607000]', vmcall, 2",
        "true, 5, 'mov eax, 1; invvpid rax, [0x607010]', vmcall, 1", "false, 5, 'mov eax, 1; invvpid rax, [0x607000]', vmcall, 2",
        // INVEPT drops combined mappings.
        "true, 5, 'mov eax, 1; invept rax, [0x607020]', vmcall, 2", "true, 5, 'mov eax, 2; invept rax, [0x607020]', vmcall, 2",
        "false, 5, 'mov eax, 2; invept rax, [0x607020]', vmcall, 1",
        // What the guest does.
        "true, 5, nop, 'invlpg [0x600000]', 2", "true, 5, nop, 'mov rax, cr3; mov cr3, rax', 2",
    })
    void theyAreDroppedAsTranslationsAre(boolean ept, int vpid, String monitor, String guest, long directory) {
        try (VmxMachine m = machine(ept, vpid)) {
            // CR3 loads and stores do not exit: the TRUE registers let these controls be 0.
            m.off(Control.CR3_LOAD_EXITING, Control.CR3_STORE_EXITING);
            assertThat(seen(m, monitor, guest)).isEqualTo(directory);
        }
    }

    /** What was cached in HLAT paging serves HLAT paging only: turned off, the walk begins at CR3. */
    @Test void hlatPagingHasItsOwn() {
        try (VmxMachine m = machine(true, 5).on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).set(HLATP, PML4).set(GUEST_CR3, 0x1000)) {
            assertThat(seen(m, "nop", "vmcall")).as("cached in HLAT paging").isEqualTo(1);
        }
        try (VmxMachine m = machine(true, 5).on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).set(HLATP, PML4).set(GUEST_CR3, 0x1000)) {
            assertThat(seen(m, "mov edx, 0x2034; xor eax, eax; vmwrite rdx, rax", "vmcall")).as("by the structures at CR3").isEqualTo(2);
        }
    }

    /** Guest-paging verification asks for every entry of a walk: none is left out. */
    @Test void verifiedPagingIsWalkedWhole() {
        try (VmxMachine m = machine(true, 5).on(Control.TERTIARY_CONTROLS, Control.GUEST_PAGING_VERIFICATION)) {
            assertThat(seen(m, "nop", "vmcall")).isEqualTo(2);
        }
    }
}
