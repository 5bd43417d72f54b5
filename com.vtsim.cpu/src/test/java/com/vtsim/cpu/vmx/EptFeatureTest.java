package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes beyond plain EPT: each control is set, and its effect seen. @sdm The Extended Page Table Mechanism (EPT); VM Functions */
class EptFeatureTest {
    /** Entry of the EPT page directory for 2 MiB at 200000h, and of the guest's own. */
    private static final long ENTRY = VmxMachine.EPT + 0x2008, GUEST_ENTRY = 0x3008;
    private static final long INFORMATION = 0x33000, LOG = 0x33000, LIST = 0x33000;
    private static final int LINEAR = 1 << 7, FINAL = 1 << 8, USER = 1 << 9, WRITABLE = 1 << 10, NO_EXECUTE = 1 << 11;

    private static VmxMachine machine(Control... controls) {
        VmxMachine m = new VmxMachine(true).ept().on(controls);
        m.poke(0x20_0000, 8, 1);
        m.poke(0x40_0000, 8, 2);
        return m;
    }

    /** @sdm Exit Qualification for EPT Violations: bits 11:9 */
    @ParameterizedTest
    @CsvSource({"0x87, 0x600", "0x83, 0x400", "0x85, 0x200", "0x81, 0x000", "0x8000000000000083, 0xC00"})
    void aViolationTellsAboutThePage(String entry, String advanced) {
        try (VmxMachine m = machine(Control.ENTRY_LOAD_EFER)) {
            m.set(GUEST_EFER, 0xD00);
            m.poke(GUEST_ENTRY, 8, 0x20_0000 | Long.parseUnsignedLong(entry.substring(2), 16));
            m.poke(ENTRY, 8, 0);
            m.run("mov rbx, [0x200000]");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(1 | LINEAR | FINAL | Integer.decode(advanced));
        }
    }

    private static VmxMachine modeBased(long page, long rights) {
        VmxMachine m = machine(Control.MODE_BASED_EXECUTE);
        for (long at : new long[] {VmxMachine.EPT, VmxMachine.EPT + 0x1000, VmxMachine.EPT + 0x2000}) {
            m.poke(at, 8, m.peek(at, 8) | 1 << 10);
        }
        m.poke(GUEST_ENTRY, 8, 0x20_0000 | page);
        m.poke(ENTRY, 8, 0x20_00B0 | rights);
        m.poke(0x20_0000, 2, 0xA20F);
        return m;
    }

    /** Bit 2 is for supervisor-mode linear addresses, bit 10 for user-mode ones. @sdm Mode-Based Execute Control for EPT */
    @ParameterizedTest
    @CsvSource({"0x87, 0x403, 10, 0", "0x87, 0x007, 48, 0x7BC", "0x83, 0x007, 10, 0", "0x83, 0x403, 48, 0x5DC"})
    void executionIsControlledByMode(String page, String rights, int reason, String qualification) {
        try (VmxMachine m = modeBased(Integer.decode(page), Integer.decode(rights))) {
            m.run("mov eax, 0x200000\njmp rax");
            assertThat(m.get(EXIT_REASON)).isEqualTo(reason);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(Integer.decode(qualification).longValue());
        }
    }

    @Test void withoutModeBasedControlBit10MeansNothing() {
        try (VmxMachine m = machine()) {
            m.poke(ENTRY, 8, 0x20_04B3);
            m.run("mov eax, 0x200000\njmp rax");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(4 | 3 << 3 | LINEAR | FINAL | USER | WRITABLE);
        }
    }

    private static VmxMachine converting(long entry) {
        VmxMachine m = machine(Control.EPT_VIOLATION_VE).set(VE_INFORMATION, INFORMATION).set(EPTP_INDEX, 7);
        m.poke(ENTRY, 8, entry);
        return m;
    }

    /** @sdm Virtualization Exceptions: Virtualization-Exception Information */
    @Test void aViolationBecomesAVirtualizationException() {
        try (VmxMachine m = converting(0x20_00B5)) {
            m.run("mov [0x200010], rbx");
            assertThat(m.exited()).isFalse();
            assertThat(m.reg("r15")).isEqualTo(20);
            assertThat(m.reg("r14")).isEqualTo(VmxMachine.GUEST);
            assertThat(m.peek(INFORMATION, 4)).isEqualTo(48);
            assertThat(m.peek(INFORMATION + 4, 4)).isEqualTo(0xFFFF_FFFFL);
            assertThat(m.peek(INFORMATION + 8, 8)).isEqualTo(2 | 5 << 3 | LINEAR | FINAL | USER | WRITABLE);
            assertThat(m.peek(INFORMATION + 16, 8)).isEqualTo(0x20_0010);
            assertThat(m.peek(INFORMATION + 24, 8)).isEqualTo(0x20_0010);
            assertThat(m.peek(INFORMATION + 32, 2)).isEqualTo(7);
        }
    }

    /** Suppressed by the entry that is not present, or by the one that maps the page; or the area is in use. @sdm Convertible EPT Violations */
    @Test void aViolationThatIsNotConvertedExits() {
        for (long entry : new long[] {1L << 63, 0x20_00B5 | 1L << 63}) {
            try (VmxMachine m = converting(entry)) {
                m.run("mov [0x200010], rbx");
                assertThat(m.get(EXIT_REASON)).isEqualTo(48);
                assertThat(m.peek(INFORMATION, 8)).isZero();
            }
        }
        try (VmxMachine m = converting(0)) {
            m.poke(INFORMATION + 4, 4, 1);
            m.run("mov [0x200010], rbx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
        }
        // While an event is delivered none is converted.
        try (VmxMachine m = converting(0)) {
            m.set(GUEST_RSP, 0x20_0800).run("int3");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0603L);
        }
    }

    @Test void theExceptionBitmapHasASay() {
        try (VmxMachine m = converting(0)) {
            m.set(EXCEPTION_BITMAP, 1 << 20).run("mov [0x200010], rbx");
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0314L);
        }
    }

    private static VmxMachine logging(int index) {
        return machine(Control.ENABLE_PML).set(PML_ADDRESS, LOG).set(PML_INDEX, index).set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6);
    }

    /** The guest's paging structures are written too, with accessed and dirty flags on. @sdm Page-Modification Logging */
    /** EPT's type in place of the range registers', and with ignore-PAT alone. @sdm Memory Type Used for Translated Guest-Physical Addresses */
    @Test void eptGivesTheMemoryType() {
        String[] explained = {"memory type WB: EPT says WB, PAT entry 0 is WB", "memory type WT: EPT says WB, PAT entry 1 is WT",
            "memory type UC: EPT says UC, PAT entry 0 is WB", "memory type WB: EPT says WB and ignores PAT (PAT entry 1 is WT)"};
        int[][] cases = {{6 << 3, 0}, {6 << 3, 1 << 3}, {0, 0}, {6 << 3 | 1 << 6, 1 << 3}};
        for (int i = 0; i < cases.length; i++) {
            try (VmxMachine m = new VmxMachine(true).ept()) {
                m.memoryTypes = 0;
                m.poke(VmxMachine.EPT + 0x2008, 8, 0x20_0087 | cases[i][0]);
                m.poke(0x3008, 8, 0x20_0087 | cases[i][1]);
                m.on(Control.BUS_LOCK_DETECTION).run("lock inc dword [0x200000]\nhere: jmp here");
                boolean cached = explained[i].contains("type WB");
                assertThat(m.exited()).as(explained[i]).isEqualTo(!cached);
                if (cached) {
                    var walk = m.board.call(() -> m.cpu.walk(0x20_0000));
                    assertThat(walk.get(walk.size() - 1)).isEqualTo(explained[i]);
                }
            }
        }
    }

    @Test void pagesThatBecomeDirtyAreLogged() {
        try (VmxMachine m = logging(5)) {
            m.run("mov rbx, [0x200000]\nmov [0x201018], rbx\nmov [0x202000], rbx\nmov [0x400000], rbx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.get(PML_INDEX)).isEqualTo(2);
            assertThat(m.peek(LOG + 8 * 5, 8)).isEqualTo(0x1000);
            assertThat(m.peek(LOG + 8 * 4, 8)).isEqualTo(0x20_1000);
            assertThat(m.peek(LOG + 8 * 3, 8)).isEqualTo(0x40_0000);
            assertThat(m.peek(ENTRY, 8) & 0x300).isEqualTo(0x300);
        }
    }

    @Test void aFullLogExitsBeforeTheAccess() {
        try (VmxMachine m = logging(0)) {
            m.run("mov rbx, [0x200000]\nwrites: mov [0x200000], rcx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(62);
            assertThat(m.get(PML_INDEX)).isEqualTo(0xFFFF);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("writes"));
            assertThat(m.peek(0x20_0000, 8)).isEqualTo(1);
            assertThat(m.peek(ENTRY, 8) & 0x200).isZero();
        }
    }

    /** The log has 512 entries: an index of 512 is as full as one that has wrapped. @sdm Page-Modification Logging */
    @Test void anIndexBehindTheLogIsAFullLog() {
        try (VmxMachine m = logging(512)) {
            m.run("mov [0x200000], rcx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(62);
            assertThat(m.get(PML_INDEX)).isEqualTo(512);
            assertThat(m.peek(LOG + 8 * 512, 8)).as("behind the log").isZero();
        }
        try (VmxMachine m = logging(511)) {
            m.run("mov [0x200000], rcx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }

    private static VmxMachine subPages(long permissions) {
        VmxMachine m = machine(Control.SUB_PAGE_WRITE).set(SPPTP, 0x8_8000);
        m.poke(ENTRY, 8, 0x8_6000 | 7);
        m.poke(0x8_6000, 8, 0x20_0031 | 1L << 61);
        m.poke(0x8_6008, 8, 0x20_1031);
        m.poke(0x8_8000, 8, 0x8_9001);
        m.poke(0x8_9000, 8, 0x8_A001);
        m.poke(0x8_A008, 8, 0x8_B001);
        m.poke(0x8_B000, 8, permissions);
        m.poke(0x8_B008, 8, permissions);
        return m;
    }

    /** @sdm Sub-Page Write Permissions */
    @Test void subPagesOfAPageAreWritable() {
        for (String second : new String[] {"0x200000", "0x2000fc", "0x2001f8", "0x201080"}) {
            try (VmxMachine m = subPages(1 << 2)) {
                m.run("mov rbx, [0x200000]\nmov [0x200080], rbx\nmov [0x2000f8], rbx\nsecond: mov [" + second + "], rbx\ncpuid");
                assertThat(m.get(EXIT_REASON)).as(second).isEqualTo(48);
                assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("second"));
                assertThat(m.peek(0x20_0080, 8)).isEqualTo(1);
                assertThat(m.peek(0x20_00F8, 8)).isEqualTo(1);
            }
        }
    }

    /** @sdm Exit Qualification for SPP-Related Events: bit 11 is 1 for a miss, 0 for a misconfiguration */
    @Test void whatIsWrongWithTheSubPageTableExits() {
        try (VmxMachine m = subPages(2)) {
            m.run("mov [0x200080], rbx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(66);
            assertThat(m.get(EXIT_QUALIFICATION)).isZero();
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x20_0080);
            assertThat(m.get(GUEST_LINEAR_ADDRESS)).isEqualTo(0x20_0080);
        }
        for (long entry : new long[] {0, 0x8_B000}) {
            try (VmxMachine m = subPages(4)) {
                m.poke(0x8_A008, 8, entry);
                m.run("mov [0x200080], rbx");
                assertThat(m.get(EXIT_REASON)).isEqualTo(66);
                assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x800);
            }
        }
        try (VmxMachine m = subPages(4)) {
            m.poke(0x8_A008, 8, 0x8_B003);
            m.run("mov [0x200080], rbx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(66);
            assertThat(m.get(EXIT_QUALIFICATION)).isZero();
        }
    }

    private static VmxMachine functions() {
        VmxMachine m = machine(Control.ENABLE_VM_FUNCTIONS).set(VMFUNC_CTLS, 1).set(EPTP_LIST, LIST);
        m.poke(LIST + 8, 8, 0x8_801E);
        m.poke(LIST + 16, 8, 0x8_8017);
        m.poke(0x8_8000, 8, 0x8_9007);
        m.poke(0x8_9000, 8, 0x8_A007);
        m.poke(0x8_A000, 8, 0xB7);
        m.poke(0x8_A008, 8, 0x40_00B7);
        return m;
    }

    /** @sdm VM Functions: EPTP Switching */
    @Test void theGuestSwitchesPointers() {
        try (VmxMachine m = functions()) {
            m.on(Control.EPT_VIOLATION_VE).set(VE_INFORMATION, 0x35000);
            m.run("mov rbx, [0x200000]\nxor eax, eax\nmov ecx, 1\nvmfunc\nmov rsi, [0x200000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(1);
            assertThat(m.reg("rsi")).isEqualTo(2);
            assertThat(m.get(EPTP)).isEqualTo(0x8_801E);
            assertThat(m.get(EPTP_INDEX)).isEqualTo(1);
        }
    }

    @Test void otherFunctionsAndPointersExit() {
        for (String registers : new String[] {"xor eax, eax\nmov ecx, 2", "xor eax, eax\nmov ecx, 512", "mov eax, 1\nxor ecx, ecx"}) {
            try (VmxMachine m = functions()) {
                m.run(registers + "\nhere: vmfunc");
                assertThat(m.get(EXIT_REASON)).as(registers).isEqualTo(59);
                assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
                assertThat(m.get(EXIT_LENGTH)).isEqualTo(3);
            }
        }
    }

    /** Only functions 0 to 63 can be. @sdm VM Functions: General Operation of the VMFUNC Instruction */
    @Test void functionsAbove63AreUndefined() {
        for (String leaf : new String[] {"64", "0x80000000", "0xffffffff"}) {
            try (VmxMachine m = functions()) {
                m.set(EXCEPTION_BITMAP, 1 << 6).run("mov eax, " + leaf + "\nmov ecx, 1\nhere: vmfunc");
                assertThat(m.get(EXIT_REASON)).as(leaf).isZero();
                assertThat(m.get(EXIT_INTERRUPTION) & 0xFF).isEqualTo(6);
                assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
            }
        }
    }

    /** Another EPT would translate where a trace's output goes. @sdm VM Functions: EPTP Switching */
    @Test void aSwitchExitsWhileATraceUsesTheGuestsAddresses() {
        for (boolean traces : new boolean[] {true, false}) {
            try (VmxMachine m = functions()) {
                m.on(Control.PT_USES_GUEST_PHYSICAL, Control.LOAD_RTIT_CTL, Control.CLEAR_RTIT_CTL).set(GUEST_RTIT_CTL, traces ? 0x200D : 0);
                m.msr(0x560, 0x60_0000).msr(0x561, 0xFFF);
                m.run("xor eax, eax\nmov ecx, 1\nhere: vmfunc\ncpuid");
                assertThat(m.get(EXIT_REASON)).isEqualTo(traces ? 59 : 10);
                assertThat(m.get(EPTP) == 0x8_801E).as("switched").isNotEqualTo(traces);
            }
        }
    }

    /** Loads of PDPTE registers are reads, though other accesses to paging structures count as writes. @sdm Accessed and Dirty Flags for EPT */
    @Test void pdptesAreReadNotWritten() {
        try (VmxMachine m = machine().flat().on(Control.ENTRY_LOAD_EFER).set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6)) {
            m.poke(0x20_0000, 8, 0x3001);
            m.poke(ENTRY, 8, 0x20_00B1);
            m.run("bits 32\norg 0x40000\nmov eax, 0x2020\nmov cr4, eax\nmov eax, 0x200000\nmov cr3, eax\nmov eax, 0x80000031\nmov cr0, eax\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.peek(ENTRY, 8) & 0x300).isEqualTo(0x100);
        }
    }

    /** With accessed and dirty flags an access to a paging structure counts as a read and a write. @sdm Exit Qualification for EPT Violations: bits 0 and 1 */
    @Test void aWalkThatMayNotWriteViolates() {
        try (VmxMachine m = machine().set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6).set(GUEST_CR3, 0x20_0000)) {
            m.poke(0x20_0000, 8, 0x2007);
            m.poke(ENTRY, 8, 0x20_00B5);
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(3 | 5 << 3 | LINEAR);
        }
    }

    /** @sdm VMX Capability Reporting Facility: IA32_VMX_EPT_VPID_CAP, IA32_VMX_VMFUNC */
    @Test void capabilitiesSayWhatWorks() {
        try (VmxMachine m = machine()) {
            assertThat(m.reg("msr:48c")).isEqualTo(0x0001_0F01_0673_41C1L);
            assertThat(m.reg("msr:491")).isEqualTo(1);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            assertThat(m.reg("msr:491")).isZero();
            assertThat(m.reg("msr:48b") >>> 32 & (1 << 13 | 1 << 17 | 1 << 18 | 1 << 22 | 1 << 23)).isZero();
        }
    }

    /** The pointer in the list has another walk length than the current one. @sdm EPTP Switching */
    @Test void aSwitchKeepsTheWalkLength() {
        try (VmxMachine m = functions()) {
            m.poke(LIST + 8, 8, 0x8_8026);
            m.run("xor eax, eax\nmov ecx, 1\nvmfunc");
            assertThat(m.get(EXIT_REASON)).isEqualTo(59);
        }
    }

    /** The guest's paging structures in 4-KByte pages of their own from 200000h on, which EPT lets it read. */
    private static VmxMachine paging(long structures, Control... controls) {
        VmxMachine m = machine(Control.TERTIARY_CONTROLS).on(controls).set(GUEST_CR3, 0x20_0000);
        m.poke(ENTRY, 8, 0x8_6000 | 7);
        for (int i = 0; i < 3; i++) {
            m.poke(0x8_6000 + 8 * i, 8, 0x20_0031 + 0x1000 * i | structures);
        }
        m.poke(0x20_0000, 8, 0x20_1007);
        m.poke(0x20_1000, 8, 0x20_2007);
        m.poke(0x20_2000, 8, 0x87);
        m.poke(0x20_2010, 8, 0x40_0087);
        return m;
    }

    /** A leaf's bit 58 lets accessed and dirty flags be set where software may not write. @sdm EPT Violations: EPT paging-write control */
    @Test void guestPagingWritesWhereTheGuestMayNot() {
        try (VmxMachine m = paging(0, Control.PAGING_WRITE_CONTROL)) {
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x20_0000);
        }
        try (VmxMachine m = paging(1L << 58)) {
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).as("bit 58 means nothing without the control").isEqualTo(48);
        }
        for (long flags : new long[] {0, 1 << 6}) {
            try (VmxMachine m = paging(1L << 58, Control.PAGING_WRITE_CONTROL).set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | flags)) {
                m.run("mov rbx, [0x400000]\ncpuid");
                assertThat(m.get(EXIT_REASON)).isEqualTo(10);
                assertThat(m.peek(0x20_2010, 8) & 0x20).as("accessed").isEqualTo(0x20);
            }
        }
        try (VmxMachine m = paging(1L << 58, Control.PAGING_WRITE_CONTROL)) {
            m.poke(0x8_6000, 8, 0x20_0034 | 1L << 58);
            m.run("nop");
            assertThat(m.get(EXIT_REASON)).as("not readable").isEqualTo(49);
        }
    }

    /** A page whose leaf has bit 57 is reached through structures only whose leaves have bit 58. @sdm EPT Violations: guest-paging verification; bit 15 */
    @Test void guestPagingIsVerified() {
        for (int outlaw = -1; outlaw < 3; outlaw++) {
            try (VmxMachine m = paging(1L << 58, Control.PAGING_WRITE_CONTROL, Control.GUEST_PAGING_VERIFICATION)) {
                if (outlaw >= 0) {
                    m.poke(0x8_6000 + 8 * outlaw, 8, 0x20_0037 + 0x1000 * outlaw);
                }
                m.poke(VmxMachine.EPT + 0x2010, 8, 0x40_00B7 | 1L << 57);
                m.run("mov rbx, [0x400000]\ncpuid");
                assertThat(m.get(EXIT_REASON)).isEqualTo(outlaw < 0 ? 10 : 48);
                if (outlaw >= 0) {
                    assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(1 | 7 << 3 | LINEAR | FINAL | USER | WRITABLE | 1 << 15);
                    assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(0x40_0000);
                }
            }
        }
        try (VmxMachine m = paging(1L << 58, Control.PAGING_WRITE_CONTROL)) {
            m.poke(0x8_6008, 8, 0x20_1037);
            m.poke(VmxMachine.EPT + 0x2010, 8, 0x40_00B7 | 1L << 57);
            m.run("mov rbx, [0x400000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).as("bit 57 means nothing without the control").isEqualTo(10);
        }
    }
}
