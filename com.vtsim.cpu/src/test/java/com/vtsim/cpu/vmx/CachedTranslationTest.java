package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.LogicalProcessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What stays cached over exits and entries, and what an invalidation drops. The guest reads a page, exits, the monitor changes an
 * entry and invalidates something, and the guest reads the page again. 1 stands for the page first mapped, 2 for the one mapped since.
 *
 * @sdm Caching Translation Information (VPIDs and EPT): Operations that Invalidate Cached Mappings; INVEPT; INVVPID
 */
class CachedTranslationTest {
    private static final String PAGING = "mov qword [0x3008], 0x400087\n";
    private static final String EPT = "mov qword [0x82008], 0x4000b7\n";
    private static final String INVEPT = "mov eax, %d\ninvept rax, [0x7000]\njbe bad\n";
    private static final String INVVPID = "mov eax, %d\ninvvpid rax, [0x7000]\njbe bad\n";

    private static VmxMachine machine(boolean ept, int vpid) {
        VmxMachine m = new VmxMachine(true);
        if (ept) {
            m.ept();
        }
        if (vpid != 0) {
            m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_VPID).set(VPID, vpid);
        }
        m.poke(0x20_0000, 8, 1);
        m.poke(0x40_0000, 8, 2);
        return m;
    }

    private static long seen(VmxMachine m, String change, String guest) {
        m.runUnder("mov edx, 0x4402\nvmread rax, rdx\ncmp eax, 18\njne finish\n" + change + "skip\nfinish: hlt",
            "mov rbx, [0x200000]\nvmcall\n" + guest + "\nlast: mov rsi, [0x200000]\ncpuid");
        assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        assertThat(m.reg("rbx")).isEqualTo(1);
        return m.reg("rsi");
    }

    private static String invalidation(String what) {
        String[] words = what.split(" ");
        int type = Integer.parseInt(words[1]);
        long first = Long.decode(words[2]);
        String descriptor = "mov rax, " + first + "\nmov [0x7000], rax\nmov rax, " + (words.length > 3 ? words[3] : "0") + "\nmov [0x7008], rax\n";
        return descriptor + (words[0].equals("invept") ? INVEPT : INVVPID).formatted(type);
    }

    @ParameterizedTest
    @CsvSource({
        // Combined mappings go by EPT pointer and by VPID, guest-physical mappings by EPT pointer alone.
        "true, 5, ept, '', 1",
        "true, 0, ept, '', 1",
        "true, 5, ept, invept 2 0, 2",
        "true, 5, ept, invept 1 0x8001e, 2",
        "true, 5, ept, invept 1 0x8101e, 1",
        "true, 5, ept, invvpid 1 5, 1",
        "true, 5, ept, invvpid 2 0, 1",
        "true, 5, paging, '', 1",
        "true, 5, paging, invept 2 0, 2",
        "true, 5, paging, invept 1 0x8001e, 2",
        "true, 5, paging, invept 1 0x8101e, 1",
        "true, 5, paging, invvpid 0 5 0x200008, 2",
        "true, 5, paging, invvpid 0 5 0x600000, 1",
        "true, 5, paging, invvpid 0 6 0x200000, 1",
        "true, 5, paging, invvpid 1 5, 2",
        "true, 5, paging, invvpid 1 6, 1",
        "true, 5, paging, invvpid 2 0, 2",
        "true, 5, paging, invvpid 3 5, 2",
        // VPID 0000h is dropped with each entry and exit, guest-physical mappings are not.
        "true, 0, paging, '', 2",
        "false, 0, paging, '', 2",
        // Linear mappings: EPT has no say.
        "false, 5, paging, '', 1",
        "false, 5, paging, invept 2 0, 1",
        "false, 5, paging, invvpid 1 5, 2",
    })
    void theMonitorInvalidates(boolean ept, int vpid, String change, String what, int page) {
        try (VmxMachine m = machine(ept, vpid)) {
            String invalidation = what.isEmpty() ? "" : invalidation(what);
            assertThat(seen(m, (change.equals("ept") ? EPT : PAGING) + invalidation, "nop")).isEqualTo(page);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "paging, 'invlpg [0x200000]', 2",
        "paging, 'mov rax, cr3; mov cr3, rax', 2",
        "paging, 'mov rax, cr4; xor eax, 0x80; mov cr4, rax', 2",
        "paging, 'invlpg [0x600000]', 1",
        // What the guest does leaves guest-physical mappings alone.
        "ept, 'invlpg [0x200000]', 1",
        "ept, 'mov rax, cr3; mov cr3, rax', 1",
    })
    void theGuestInvalidates(String change, String what, int page) {
        try (VmxMachine m = machine(true, 5)) {
            assertThat(seen(m, change.equals("ept") ? EPT : PAGING, what.replace("; ", "\n"))).isEqualTo(page);
        }
    }

    /** @sdm Global Pages; INVVPID: single-context, retaining globals */
    @Test void invvpidTypeThreeKeepsGlobalPages() {
        for (int type = 1; type <= 3; type += 2) {
            try (VmxMachine m = machine(true, 5)) {
                m.poke(0x3008, 8, 0x20_0187);
                m.set(GUEST_CR4, 0x20A0);
                assertThat(seen(m, PAGING + invalidation("invvpid " + type + " 5"), "nop")).isEqualTo(type == 1 ? 2 : 1);
            }
        }
    }

    /** Another VPID has translations of its own; those of the first wait for its return. */
    @Test void anotherVirtualProcessorHasItsOwnTranslations() {
        try (VmxMachine m = machine(true, 5)) {
            assertThat(seen(m, PAGING + "xor edx, edx\nmov eax, 6\nvmwrite rdx, rax\n", "nop")).isEqualTo(2);
        }
        try (VmxMachine m = machine(true, 5)) {
            String turn = "xor edx, edx\nvmread rax, rdx\nxor eax, 3\nvmwrite rdx, rax\n";
            assertThat(seen(m, PAGING + turn, "mov rdi, [0x200000]\nvmcall")).isEqualTo(1);
            assertThat(m.reg("rdi")).isEqualTo(2);
        }
    }

    /** Another EPT pointer has guest-physical and combined mappings of its own. */
    @Test void anotherPointerHasItsOwnTranslations() {
        try (VmxMachine m = machine(true, 5)) {
            m.poke(0x8_3000, 8, VmxMachine.EPT + 0x1000 | 7);
            String other = "mov edx, 0x201a\nmov eax, 0x8301e\nvmwrite rdx, rax\n";
            assertThat(seen(m, EPT + other, "nop")).isEqualTo(2);
        }
    }

    /** An access that the cached mapping does not allow looks at the structures again. @sdm Operations that Invalidate Cached Mappings */
    @Test void moreRightsNeedNoInvalidation() {
        try (VmxMachine m = machine(true, 5)) {
            m.poke(0x8_2008, 8, 0x20_00B5);
            m.runUnder("mov edx, 0x4402\nvmread rax, rdx\ncmp eax, 48\njne finish\nmov qword [0x82008], 0x4000b7\nvmresume\nfinish: hlt",
                "mov rbx, [0x200000]\nmov [0x200008], rbx\nmov rsi, [0x200000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.peek(0x40_0008, 8)).isEqualTo(1);
            assertThat(m.reg("rsi")).isEqualTo(2);
        }
    }

    /** Uses are counted by kind, with what was used and what a walk would give. */
    @Test void staleUsesAreReported() {
        try (VmxMachine m = machine(true, 5)) {
            m.board.call(() -> {
                m.cpu.countStale(true);
                return null;
            });
            assertThat(seen(m, EPT, "mov rax, [0x201000]\nmov rax, [0x200008]")).isEqualTo(1);
            // The guest has 2-MByte pages, whose first 4 KiB alone were cached; 201000h is walked for, by the new entry.
            assertThat(m.board.call(m.cpu::stale)).containsExactly(
                new LogicalProcessor.Stale("combined", 0x20_0000, 0x20_0000, 0x40_0000, 5, 0, VmxMachine.EPT, 2, m.guestSymbol("last")));
        }
        try (VmxMachine m = machine(true, 5)) {
            m.board.call(() -> {
                m.cpu.countStale(true);
                return null;
            });
            assertThat(seen(m, EPT, "invlpg [0x200000]")).isEqualTo(1);
            assertThat(m.board.call(m.cpu::stale)).extracting(LogicalProcessor.Stale::kind).containsExactly("guest-physical");
        }
    }

    /** The monitor's own translations have VPID 0000h: kept while the guest has one of its own, dropped if it has none. */
    @Test void theMonitorsTranslationsAreKept() {
        for (int vpid : new int[] {0, 5}) {
            try (VmxMachine m = machine(true, vpid)) {
                m.runUnder("mov edx, 0x4402\nvmread rax, rdx\ncmp eax, 18\njne finish\nmov rdi, [0x200000]\nmov qword [0x3008], 0x400087\nskip\n"
                    + "finish: mov rsi, [0x200000]\nhlt", "vmcall\ncpuid");
                assertThat(m.reg("rdi")).isEqualTo(1);
                assertThat(m.reg("rsi")).isEqualTo(vpid == 0 ? 2 : 1);
            }
        }
    }
}
