package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.cpu.engine.TraceDecoder;
import com.vtsim.cpu.trace.PacketText;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processor trace and VMX: controls, entries, exits, and output to guest-physical memory.
 *
 * @sdm Intel Processor Trace: VMX Operation; Intel PT Uses Guest Physical Addresses
 */
class VmxTraceTest {
    private static final long OUTPUT = 0x600000;
    /** TraceEn, OS, User, BranchEn. */
    private static final long TRACE = 0x200D;

    private static VmxMachine output(VmxMachine m, long mask) {
        return m.msr(0x560, OUTPUT).msr(0x561, mask);
    }

    private static byte[] bytes(VmxMachine m, long address, int count) {
        byte[] bytes = new byte[count];
        m.board.call(() -> {
            m.board.memory().read(address, bytes, 0, count);
            return null;
        });
        return bytes;
    }

    private static byte[] trace(VmxMachine m, long address) {
        return bytes(m, address, (int) (m.reg("msr:561") >>> 32));
    }

    private static List<String> packets(VmxMachine m) {
        List<String> all = PacketText.of(trace(m, OUTPUT));
        return all.subList(all.indexOf("PSBEND") + 1, all.size());
    }

    /** From the guest's first instruction to the exit. */
    @Test void theControlIsLoadedSavedAndCleared() {
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.on(Control.LOAD_RTIT_CTL, Control.CLEAR_RTIT_CTL).set(GUEST_RTIT_CTL, TRACE);
            m.run("lea rax, [there]\njmp rax\nthere: cpuid");
            assertThat(m.exited()).isTrue();
            assertThat(m.get(GUEST_RTIT_CTL)).isEqualTo(TRACE);
            assertThat(m.reg("msr:570")).isZero();
            String there = Long.toHexString(m.guestSymbol("there"));
            assertThat(PacketText.of(trace(m, OUTPUT))).containsExactly("PSB", "PIP 1000 NR", "VMCS 31000", "CBR 10", "PSBEND", "MODE.Exec 64", "TIP.PGE 40000",
                "TIP " + there, "FUP " + there, "TIP.PGD");
        }
    }

    /** Without the controls the trace goes on in the monitor, and what the guest has written stays. */
    @Test void withoutTheControlsTheTraceGoesOn() {
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.on(Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS);
            m.run("mov ecx, 0x570\nmov eax, 0x200d\nxor edx, edx\nwrmsr\nexits: cpuid");
            assertThat(m.get(GUEST_RTIT_CTL)).isEqualTo(TRACE);
            assertThat(m.reg("msr:570")).isEqualTo(TRACE);
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE " + Long.toHexString(m.guestSymbol("exits")),
                "FUP " + Long.toHexString(m.guestSymbol("exits")), "PIP 1000", "TIP " + Long.toHexString(m.symbol("exited")));
        }
    }

    private static List<String> across(VmxMachine m) {
        m.msr(0x570, TRACE);
        m.run("nop\ncpuid");
        assertThat(m.exited()).isTrue();
        List<String> all = packets(m);
        return all.subList(all.indexOf("TIP 40000") - 1, all.size());
    }

    private static String exited(VmxMachine m) {
        return "TIP " + Long.toHexString(m.symbol("exited"));
    }

    /** A trace of monitor and guest: VMPTRLD, entry, exit. */
    @Test void entriesAndExitsTellWhoRuns() {
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            assertThat(across(m)).containsExactly("PIP 1000 NR", "TIP 40000", "FUP 40001", "PIP 1000", exited(m));
            assertThat(packets(m)).contains("VMCS 31000");
        }
    }

    /** No PIP by entry or exit, no NR in the guest's. */
    @Test void vmxIsConcealed() {
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.on(Control.ENTRY_CONCEAL_VMX_FROM_PT);
            assertThat(across(m)).endsWith("TIP 40000", "FUP 40001", "PIP 1000", exited(m)).doesNotContain("PIP 1000 NR");
        }
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.on(Control.EXIT_CONCEAL_VMX_FROM_PT);
            assertThat(across(m)).containsExactly("PIP 1000 NR", "TIP 40000", "FUP 40001", exited(m));
        }
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.on(Control.SECONDARY_CONTROLS, Control.CONCEAL_VMX_FROM_PT, Control.LOAD_RTIT_CTL, Control.CLEAR_RTIT_CTL).set(GUEST_RTIT_CTL, TRACE);
            m.run("mov rax, cr3\nmov cr3, rax\ncpuid");
            assertThat(PacketText.of(trace(m, OUTPUT))).containsExactly("PSB", "PIP 1000", "CBR 10", "PSBEND", "MODE.Exec 64", "TIP.PGE 40000", "PIP 1000",
                "FUP 40006", "TIP.PGD");
        }
    }

    /** An entry that fails its checks falls through; one that fails for the guest's state ends in the monitor. */
    @Test void failedEntries() {
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.msr(0x570, TRACE);
            m.set(PINBASED_CTLS, 0).run("nop");
            assertThat(m.failed()).isTrue();
            assertThat(packets(m)).endsWith("TIP " + Long.toHexString(m.symbol("failed")));
        }
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.msr(0x570, TRACE);
            m.set(GUEST_RFLAGS, 0).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(0x8000_0021L);
            assertThat(packets(m)).endsWith(exited(m));
        }
    }

    private static VmxMachine guestPhysical(VmxMachine m) {
        m.ept().on(Control.PT_USES_GUEST_PHYSICAL, Control.LOAD_RTIT_CTL, Control.CLEAR_RTIT_CTL).set(GUEST_RTIT_CTL, TRACE);
        // Guest-physical 600000h … 7FFFFFh is a table of 4-KByte pages.
        m.poke(VmxMachine.EPT + 0x2018, 8, VmxMachine.EPT + 0x3000 | 7);
        return m;
    }

    private static void map(VmxMachine m, int page, long hostPhysical) {
        m.poke(VmxMachine.EPT + 0x3000 + 8 * page, 8, hostPhysical | 0x37);
    }

    private static final String BRANCHES = "mov ebp, 3000\nmany: lea rax, [there]\njmp rax\nthere: dec ebp\njnz many\ncpuid";

    /** Two pages of output, one of them elsewhere. */
    @Test void outputIsGuestPhysical() {
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            map(m, 0, 0x900000);
            map(m, 1, 0x905000);
            map(m, 2, 0x906000);
            m.run(BRANCHES.replace("3000", "1000"));
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(bytes(m, OUTPUT, 4096)).containsOnly(0);
            assertThat(PacketText.of(bytes(m, 0x900000, 4096)).subList(0, 7)).containsExactly("PSB", "PIP 1000 NR", "VMCS 31000", "CBR 10", "PSBEND", "MODE.Exec 64",
                "TIP.PGE 40000");
        }
    }

    /** An exit before the first instruction, whose qualification says that no instruction is to blame; the guest then goes on as if nothing were. */
    @Test void anOutputPageThatIsNotThereExits() {
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            m.run(BRANCHES);
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).as("asynchronous, a write, nothing allowed").isEqualTo(0x1_0002L);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(OUTPUT);
            assertThat(m.get(GUEST_RIP)).isEqualTo(0x40000);
            assertThat(m.get(GUEST_RTIT_CTL)).isEqualTo(TRACE);
            assertThat(m.reg("msr:561") >>> 32).isZero();
            map(m, 0, 0x900000);
            m.resume();
            assertThat(m.get(EXIT_REASON)).as("before the page is full").isEqualTo(48);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(OUTPUT + 0x1000);
            assertThat(m.get(EXIT_INTERRUPTION)).isZero();
            assertThat(m.reg("msr:561") >>> 32).isBetween(4096L - 512, 4095L);
            for (int i = 1; i < 16; i++) {
                map(m, i, 0x900000 + 0x1000 * i);
            }
            m.resume();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }

    /** Bytes of a trace that was stopped by exits again and again are those of a guest that ran on, but for the exits. */
    @Test void nothingIsLostByExits() throws Exception {
        TraceDecoder decoder = TraceDecoder.build(folder);
        assumeTrue(decoder != null, "gcc and libipt-dev are there");
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            m.run(BRANCHES);
            for (int i = 0; i < 16 && m.get(EXIT_REASON) == 48; i++) {
                assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(OUTPUT + 0x1000 * i);
                map(m, i, 0x900000 + 0x1000 * i);
                m.resume();
            }
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            List<String> decoded = decoder.decode(trace(m, 0x900000), bytes(m, 0, 0x100000));
            assertThat(decoded).hasSize(1 + 4 * 3000).allMatch(line -> line.length() == 5);
        }
    }

    @TempDir
    static Path folder;

    /** Tables are guest-physical as well, and read. */
    @Test void aTableThatIsNotThereExits() {
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0x7F)) {
            m.set(GUEST_RTIT_CTL, TRACE | 1 << 8).run("cpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(48);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x1_0001L);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(OUTPUT);
            map(m, 0, 0x900000);
            map(m, 8, 0x908000);
            m.poke(0x900000, 8, OUTPUT + 0x8000);
            m.resume();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.peek(0x908000, 2)).isEqualTo(0x8202);
        }
    }

    @Test void aMisconfigurationAndAFullLogExit() {
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            m.poke(VmxMachine.EPT + 0x3000, 8, 0x900000 | 2);
            m.run("cpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(49);
            assertThat(m.get(GUEST_PHYSICAL_ADDRESS)).isEqualTo(OUTPUT);
        }
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            map(m, 0, 0x900000);
            m.on(Control.ENABLE_PML).set(PML_ADDRESS, 0x70000).set(PML_INDEX, 511).set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6);
            m.run("cpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            boolean logged = false;
            for (long i = m.get(PML_INDEX) + 1; i < 512; i++) {
                logged |= m.peek(0x70000 + 8 * i, 8) == OUTPUT;
            }
            assertThat(logged).isTrue();
        }
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            map(m, 0, 0x900000);
            m.on(Control.ENABLE_PML).set(PML_ADDRESS, 0x70000).set(PML_INDEX, 0xFFFF).set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6);
            m.run("cpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(62);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x1_0000L);
        }
    }

    /** Output to the APIC-access page: an access that no instruction makes. */
    @Test void theApicAccessPageIsNoOutput() {
        try (VmxMachine m = output(guestPhysical(new VmxMachine(true)), 0xFFFF)) {
            map(m, 0, 0x900000);
            m.on(Control.VIRTUALIZE_APIC_ACCESSES).set(APIC_ACCESS, 0x900000).run("cpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x1_F000L);
        }
    }

    /** Monitor and guest, decoded together: every instruction but those that made the guest exit. */
    @Test void aTraceAcrossEntriesAndExitsIsDecoded() throws Exception {
        TraceDecoder decoder = TraceDecoder.build(folder);
        assumeTrue(decoder != null, "gcc and libipt-dev are there");
        try (VmxMachine m = output(new VmxMachine(false), 0xFFFF)) {
            m.msr(0x570, TRACE);
            m.board.call(() -> {
                m.cpu.history(10_000);
                return null;
            });
            m.runUnder("inc r9d\ncmp r9d, 7\nje over\nskip\nover: xor eax, eax\nxor edx, edx\nmov ecx, 0x570\nends: wrmsr\nhlt",
                "mov ebx, 4\nagain: call f\nexits1: cpuid\ndec ebx\njnz again\nud2\nf: test ebx, 1\njz even\nnop\neven: lea rax, [exits2]\njmp rax\nexits2: vmcall\nret");
            List<Long> exits = List.of(m.guestSymbol("exits1"), m.guestSymbol("exits2"));
            List<String> executed = m.board.call(() -> m.cpu.history()).stream().map(line -> line.address()).filter(address -> !exits.contains(address))
                .map(Long::toHexString).toList();
            assertThat(executed).contains("40000").hasSizeGreaterThan(500);
            assertThat(decoder.decode(trace(m, OUTPUT), bytes(m, 0, 0x100000))).isEqualTo(executed.subList(0, executed.size() - 2));
        }
    }
}
