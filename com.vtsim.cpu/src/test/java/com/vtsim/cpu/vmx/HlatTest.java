package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.LogicalProcessor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Linear addresses are translated by structures of the monitor's. The guest's own map 2 MiB at 200000h to themselves, those of HLAT paging map
 * them to 400000h; the first quadwords there are 1 and 2.
 *
 * @sdm 4-Level Paging and 5-Level Paging: Ordinary Paging and HLAT Paging; Restart of HLAT Paging
 */
class HlatTest {
    /** PML4, page-directory-pointer table, page directory and page table of HLAT paging. */
    private static final long PML4 = 0x60_0000, PDPT = 0x60_1000, PD = 0x60_2000, PT = 0x60_3000;
    private static final long RESTART = 1 << 11;
    private static final int HLAT = 1 << 7;
    /** Where both dimensions have another mapping of the data if the prefix is bit 63. */
    private static final String HIGH = "mov rcx, 0xffffffff80200000\n";

    private static VmxMachine machine(Control... controls) {
        VmxMachine m = new VmxMachine(true).ept().on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).on(controls).set(HLATP, PML4);
        m.poke(0x20_0000, 8, 1);
        m.poke(0x40_0000, 8, 2);
        m.poke(0x20_1000, 8, 1);
        m.poke(0x40_1000, 8, 2);
        m.poke(PML4, 8, PDPT | 7);
        m.poke(PDPT, 8, PD | 7);
        m.poke(PD, 8, 0x87);
        m.poke(PD + 8, 8, PT | 7);
        m.poke(PD + 0x18, 8, PML4 | 0x87);
        for (int i = 0; i < 512; i++) {
            m.poke(PT + 8 * i, 8, 0x40_0007 + 0x1000L * i);
        }
        return m;
    }

    private static VmxMachine ran(VmxMachine m, String source) {
        m.run(source + "\ncpuid");
        assertThat(m.get(EXIT_REASON)).as("CPUID").isEqualTo(10);
        return m;
    }

    @Test void aPrefixOfNoBitsIsEveryAddress() {
        try (VmxMachine m = ran(machine(), "mov rsi, [0x200000]")) {
            assertThat(m.reg("rsi")).isEqualTo(2);
        }
        try (VmxMachine m = ran(machine().off(Control.ENABLE_HLAT), "mov rsi, [0x200000]")) {
            assertThat(m.reg("rsi")).as("without the control").isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16})
    void anyOtherPrefixIsBit63(int size) {
        try (VmxMachine m = machine().set(HLAT_PREFIX_SIZE, size)) {
            // The guest's own: FFFF_FFFF_8020_0000h to 200000h. HLAT paging's: to 400000h.
            m.poke(0x1FF8, 8, 0x2007);
            m.poke(0x2FF0, 8, 0x3007);
            m.poke(PML4 + 0xFF8, 8, PDPT | 7);
            m.poke(PDPT + 0xFF0, 8, PD | 7);
            ran(m, HIGH + "mov rsi, [rcx]\nmov rdi, [0x200000]");
            assertThat(m.reg("rsi")).isEqualTo(2);
            assertThat(m.reg("rdi")).isEqualTo(1);
        }
    }

    /** Entries of every level restart the walk; rights of those before do not count, and they are not accessed. */
    @ParameterizedTest
    @ValueSource(longs = {PML4, PDPT, PD + 8, PT})
    void bit11RestartsTheWalk(long entry) {
        try (VmxMachine m = machine()) {
            m.poke(entry, 8, m.peek(entry, 8) & ~6L | RESTART);
            ran(m, "mov rsi, [0x200000]\nmov [0x200008], rsi");
            assertThat(m.reg("rsi")).isEqualTo(1);
            assertThat(m.peek(0x20_0008, 8)).isEqualTo(1);
            assertThat(m.peek(entry, 8) & 0x20).as("accessed").isZero();
            assertThat(m.peek(0x3008, 8) & 0x60).as("accessed and dirty, in the guest's own").isEqualTo(0x60);
        }
    }

    @Test void bit11IsIgnoredInOrdinaryPaging() {
        try (VmxMachine m = machine()) {
            m.poke(PD + 8, 8, RESTART | 1);
            m.poke(0x3008, 8, 0x40_0087 | RESTART);
            ran(m, "mov rsi, [0x200000]");
            assertThat(m.reg("rsi")).isEqualTo(2);
        }
    }

    /** A page table's entry that restarts makes 4-KByte translations of a large page, a page directory's entry does not. */
    @ParameterizedTest
    @CsvSource({"0x603000, 2, 1", "0x602008, 2, 2"})
    void theLevelOfTheRestartLimitsThePageSize(String entry, long first, long second) {
        try (VmxMachine m = machine()) {
            m.poke(Long.decode(entry), 8, RESTART | 1);
            m.poke(PT + 8, 8, RESTART | 1);
            ran(m, "mov rsi, [0x200000]\nmov rsi, [0x201000]\nmov qword [0x3008], 0x400087\ninvlpg [0x200000]\nmov rsi, [0x200000]\nmov rdi, [0x201000]");
            assertThat(m.reg("rsi")).isEqualTo(first);
            assertThat(m.reg("rdi")).isEqualTo(second);
        }
    }

    /** @sdm Page-Fault Exceptions: HLAT flag, bit 7 of the error code */
    @ParameterizedTest
    @CsvSource({
        "0x602008, 0, 0x80, an entry that is not present",
        "0x603000, 0, 0x80, an entry that is not present",
        "0x600008, 0x600087, 0x89, a reserved bit",
        "0x602008, 0x4000000000000087, 0, no reserved bit",
        "0x602008, 0x402087, 0x89, a reserved bit",
        "0x603000, 0x10000400007, 0x89, beyond the physical-address width",
        "0x602008, 0x800, 0x80, bit 11 means nothing where P is 0",
    })
    void faultsOfHlatPagingSaySo(String entry, String value, String code, String what) {
        try (VmxMachine m = machine()) {
            m.poke(Long.decode(entry), 8, Long.decode(value));
            m.run((entry.equals("0x600008") ? "mov rcx, 0x8000000000\n" : "mov rcx, 0x200000\n") + "mov rsi, [rcx]\ncpuid");
            assertThat(m.reg("r15")).as(what).isEqualTo(Integer.decode(code) == 0 ? 0 : 14);
            if (Integer.decode(code) != 0) {
                assertThat(m.reg("r14")).as(what).isEqualTo(Integer.decode(code).longValue());
                assertThat(m.reg("cr2")).isEqualTo(m.reg("rcx"));
            }
        }
    }

    /** Violations of rights, and faults after a restart, do not. */
    @Test void otherFaultsDoNot() {
        try (VmxMachine m = machine()) {
            m.set(GUEST_CR0, 0x8001_0033L);
            m.poke(PT, 8, 0x40_0005);
            m.run("mov [0x200000], rsi");
            assertThat(m.reg("r15")).isEqualTo(14);
            assertThat(m.reg("r14")).isEqualTo(3);
        }
        try (VmxMachine m = machine()) {
            m.poke(PT, 8, RESTART | 1);
            m.poke(0x3008, 8, 0);
            m.run("mov rsi, [0x200000]");
            assertThat(m.reg("r15")).isEqualTo(14);
            assertThat(m.reg("r14")).isZero();
        }
    }

    @Test void largePagesAndFlagsAreAsInOrdinaryPaging() {
        try (VmxMachine m = machine()) {
            m.poke(PD + 8, 8, 0x40_0087);
            m.poke(PDPT + 8, 8, 0x87);
            ran(m, "mov rsi, [0x200000]\nmov rdi, [0x40400000]\nmov [0x40400000], rdi");
            assertThat(m.reg("rsi")).isEqualTo(2);
            assertThat(m.reg("rdi")).isEqualTo(2);
            assertThat(m.peek(PML4, 8) & 0x60).isEqualTo(0x20);
            assertThat(m.peek(PD + 8, 8) & 0x60).isEqualTo(0x20);
            assertThat(m.peek(PDPT + 8, 8) & 0x60).isEqualTo(0x60);
        }
    }

    @Test void fiveLevelsAreWalked() {
        for (long restart : new long[] {0, RESTART}) {
            try (VmxMachine m = machine().set(HLATP, 0x60_4000).set(GUEST_CR3, 0x60_5000).set(GUEST_CR4, 0x3020)) {
                m.poke(0x60_4000, 8, PML4 | 7 | restart);
                m.poke(0x60_5000, 8, 0x1007);
                ran(m, "mov rsi, [0x200000]");
                assertThat(m.reg("rsi")).isEqualTo(restart == 0 ? 2 : 1);
            }
        }
    }

    @Test void pagingOf32BitsIsNeverManaged() {
        try (VmxMachine m = new VmxMachine(true).flat().on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).set(HLATP, PML4)
            .set(GUEST_CR0, 0x8000_0031L).set(GUEST_CR4, 0x2010).set(GUEST_CR3, 0x5000)) {
            m.poke(0x5000, 4, 0x87);
            m.run("bits 32\norg 0x40000\nmov esi, 7\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
        try (VmxMachine m = VmxMachine.host32(true).ept().on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).set(HLATP, PML4)
            .set(GUEST_PDPTE0, 0x3001)) {
            m.run("cpuid");
            assertThat(m.get(EXIT_REASON)).as("PAE paging").isEqualTo(10);
        }
    }

    /** The structures lie in guest-physical memory. */
    @Test void theStructuresAreWalkedThroughEpt() {
        try (VmxMachine m = machine()) {
            m.poke(VmxMachine.EPT + 0x2018, 8, 0);
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(PML4);
            assertThat(m.get(EXIT_QUALIFICATION) & 0x180).as("a paging structure").isEqualTo(0x80);
        }
    }

    /** What EPT says of the structures decides: HLAT's may be written for paging only, so they alone lead to a page with bit 57. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPageIsReachedThroughHlatPagingAlone(boolean restarted) {
        try (VmxMachine m = machine(Control.PAGING_WRITE_CONTROL, Control.GUEST_PAGING_VERIFICATION)) {
            m.poke(VmxMachine.EPT + 0x2018, 8, 0x60_00B1 | 1L << 58);
            m.poke(VmxMachine.EPT + 0x2010, 8, 0x40_00B7 | 1L << 57);
            m.poke(0x3008, 8, 0x40_0087);
            if (restarted) {
                m.poke(PT, 8, RESTART | 1);
            }
            m.run("mov rsi, [0x200000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(restarted ? 48 : 10);
            assertThat(m.get(EXIT_QUALIFICATION) >>> 15 & 1).isEqualTo(restarted ? 1 : 0);
            assertThat(m.peek(PML4, 8) & 0x20).as("accessed, though EPT lets software only read").isEqualTo(0x20);
        }
    }

    /** What was translated is used until the guest or the monitor invalidates it, as with ordinary paging. */
    @ParameterizedTest
    @CsvSource({"nop, 2", "invlpg [0x200000], 1", "'mov rax, cr3\nmov cr3, rax', 1"})
    void translationsAreCached(String invalidation, long seen) {
        try (VmxMachine m = machine()) {
            ran(m, "mov rsi, [0x200000]\nmov qword [0x603000], 0x200007\n" + invalidation + "\nmov rsi, [0x200000]");
            assertThat(m.reg("rsi")).isEqualTo(seen);
        }
    }

    /** No tag tells HLAT pointers apart: with a VPID a translation outlives the change of the pointer until INVVPID. */
    @ParameterizedTest
    @CsvSource({"false, 2", "true, 1"})
    void anotherPointerNeedsAnInvalidation(boolean invalidates, long seen) {
        try (VmxMachine m = machine(Control.ENABLE_VPID).set(VPID, 5)) {
            m.poke(0x60_8000, 8, 0x2007);
            m.poke(0x60_7000, 16 / 2, 5);
            m.runUnder("mov edx, 0x4402\nvmread rax, rdx\ncmp eax, 18\njne finish\nmov edx, 0x2040\nmov eax, 0x608000\nvmwrite rdx, rax\n"
                + (invalidates ? "mov eax, 1\ninvvpid rax, [0x607000]\n" : "") + "skip\nfinish: hlt", "mov rsi, [0x200000]\nvmcall\nmov rdi, [0x200000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rsi")).isEqualTo(2);
            assertThat(m.reg("rdi")).isEqualTo(seen);
        }
    }

    @Test void staleUsesAreReported() {
        try (VmxMachine m = machine()) {
            m.board.call(() -> {
                m.cpu.countStale(true);
                return null;
            });
            ran(m, "mov rsi, [0x200000]\nmov qword [0x603000], 0x200007\nlast: mov rsi, [0x200000]");
            assertThat(m.reg("rsi")).isEqualTo(2);
            assertThat(m.board.call(m.cpu::stale)).containsExactly(
                new LogicalProcessor.Stale("combined", 0x20_0000, 0x40_0000, 0x20_0000, 0, 0, VmxMachine.EPT, 1, m.guestSymbol("last")));
        }
    }

    @Test void theWalkIsShownWithItsRestart() {
        try (VmxMachine m = machine()) {
            m.poke(PT + 8, 8, RESTART | 1);
            m.start("hlt");
            m.proceedTo("launch");
            m.board.call(() -> {
                m.cpu.run(1);
                m.cpu.run(1);
                return null;
            });
            List<String> straight = m.board.call(() -> m.cpu.walk(0x20_0000));
            assertThat(straight).filteredOn(line -> !line.contains("EPT level") && !line.startsWith("memory type")).satisfiesExactly(
                line -> assertThat(line).contains("4-level paging"),
                line -> assertThat(line).isEqualTo("hlatp 0000000000600000  HLAT paging"),
                line -> assertThat(line).startsWith("PML4E 0000000000600000"), line -> assertThat(line).startsWith("PDPTE 0000000000601000"),
                line -> assertThat(line).startsWith("PDE   0000000000602008"), line -> assertThat(line).startsWith("PTE   0000000000603000"),
                line -> assertThat(line).isEqualTo("guest-physical 0000000000400000"), line -> assertThat(line).isEqualTo("physical 0000000000400000"));
            List<String> restarted = m.board.call(() -> m.cpu.walk(0x20_1000));
            assertThat(restarted).filteredOn(line -> !line.contains("EPT level") && !line.startsWith("memory type")).satisfiesExactly(
                line -> assertThat(line).contains("4-level paging"), line -> assertThat(line).startsWith("hlatp"),
                line -> assertThat(line).startsWith("PML4E"), line -> assertThat(line).startsWith("PDPTE"), line -> assertThat(line).startsWith("PDE"),
                line -> assertThat(line).startsWith("PTE   0000000000603008").endsWith("restart"),
                line -> assertThat(line).isEqualTo("cr3   0000000000001000  ordinary paging"),
                line -> assertThat(line).startsWith("PML4E 0000000000001000"), line -> assertThat(line).startsWith("PDPTE 0000000000002000"),
                line -> assertThat(line).startsWith("PDE   0000000000003008").contains("large page"),
                line -> assertThat(line).isEqualTo("guest-physical 0000000000201000"), line -> assertThat(line).isEqualTo("physical 0000000000201000"));
        }
    }

    /** @sdm Checks on VMX Controls: VM-Execution Control Fields */
    @ParameterizedTest
    @CsvSource({"0x600018, 0", "0x600001, 7", "0x600020, 7", "0x600800, 7", "0x10000600000, 7"})
    void thePointerIsChecked(String pointer, long error) {
        try (VmxMachine m = machine().set(HLATP, Long.decode(pointer))) {
            m.run("cpuid");
            assertThat(m.failed()).isEqualTo(error != 0);
            assertThat(m.get(VM_INSTRUCTION_ERROR)).isEqualTo(error);
        }
    }

    @Test void itIsAnnouncedWhereThereIsEpt() {
        try (VmxMachine m = machine()) {
            assertThat(m.reg("msr:492") & 2).isEqualTo(2);
            assertThat(m.reg("msr:48c") >>> 48 & 0x3F).as("largest prefix").isEqualTo(1);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            assertThat(m.reg("msr:492") & 2).isZero();
        }
    }
}
