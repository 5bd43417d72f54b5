package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.RunLimits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CPUID and model-specific registers as a guest in 64-bit mode sees them. */
class SystemRegistersTest {

    /** A guest without handlers: an exception ends in shutdown. */
    private static SmallMachine guest(String source) {
        return SmallMachine.wide(source + "\nhlt\n");
    }

    private static long[] cpuid(int leaf, int subleaf) {
        try (SmallMachine m = guest("mov eax, " + (leaf & 0xFFFF_FFFFL) + "\nmov ecx, " + subleaf + "\ncpuid")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            return new long[] {m.reg("rax"), m.reg("rbx"), m.reg("rcx"), m.reg("rdx")};
        }
    }

    private static boolean has(Feature feature) {
        return (cpuid(feature.leaf, feature.subleaf)[feature.register.ordinal()] >> feature.bit & 1) != 0;
    }

    /** @sdm CPUID—CPU Identification: vendor identification string */
    @Test void vendorIsGenuineIntel() {
        long[] answer = cpuid(0, 0);
        ByteBuffer text = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        text.putInt((int) answer[1]).putInt((int) answer[3]).putInt((int) answer[2]);
        assertThat(new String(text.array(), StandardCharsets.US_ASCII)).isEqualTo("GenuineIntel");
    }

    /** @sdm The Processor Brand String Method */
    @Test void brandStringNamesVtsim() {
        ByteBuffer text = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        for (int leaf = 0x8000_0002; leaf <= 0x8000_0004; leaf++) {
            for (long part : cpuid(leaf, 0)) {
                text.putInt((int) part);
            }
        }
        assertThat(new String(text.array(), StandardCharsets.US_ASCII)).isEqualTo("VTSim virtual processor" + "\0".repeat(25));
    }

    /** @sdm CPUID—CPU Identification: signature in EDX after reset is CPUID.01H:EAX */
    @Test void signatureIsWhatResetLeavesInEdx() {
        Cpu cpu = new Cpu();
        ResetState.reset(cpu);
        assertThat(cpuid(1, 0)[0]).isEqualTo(cpu.r[Cpu.RDX]);
    }

    /**
     * The manual gives 0 where no update has been loaded, which no PC of the announced model is left with by its firmware: kernels refuse the deadline
     * timer to that model below revision 22h, since silicon needs the update for it. So it reads as if firmware had loaded one; software finds it as the
     * manual says: write 0, execute CPUID, read. Until that CPUID what was written is there.
     *
     * @sdm Determining the Signature of an Update
     */
    @Test void theRevisionOfTheUpdateComesWithCpuid() {
        String asked = "mov ecx, 0x8B\nxor eax, eax\nxor edx, edx\nwrmsr\n%s\nmov ecx, 0x8B\nrdmsr\n";
        try (SmallMachine m = guest(asked.formatted("mov eax, 1\ncpuid"))) {
            m.runToHalt();
            assertThat(m.reg("rdx")).isEqualTo(0x28);
            assertThat(m.reg("rax")).isZero();
        }
        try (SmallMachine m = guest(asked.formatted("mov eax, 0\ncpuid"))) {
            m.runToHalt();
            assertThat(m.reg("rdx")).isZero();
        }
    }

    /** A bit of CR4 exists with its feature. @sdm Control Registers (CR4) */
    @ParameterizedTest
    @ValueSource(strings = {"VME", "DE", "PSE", "PGE", "MCE", "UMIP", "FSGSBASE", "SMEP", "PKU", "VMX", "XSAVE", "FXSR"})
    void controlBitsExistWithTheirFeature(String name) {
        Feature feature = Feature.valueOf(name);
        try (SmallMachine m = guest("mov rax, cr4\nmov rcx, " + feature.controlBits4 + "\nor rax, rcx\nmov cr4, rax")) {
            assertThat(m.runToHalt()).isEqualTo(has(feature) ? Outcome.IDLE : Outcome.SHUTDOWN);
        }
    }

    /** @sdm CPUID—CPU Identification: leaves 15H and 07H, 80000008H */
    @Test void timeStampCounterRunsAtTheAnnouncedFrequency() throws InterruptedException {
        long[] answer = cpuid(0x15, 0);
        long frequency = answer[2] * answer[1] / answer[0];
        try (SmallMachine m = guest("rdtsc\nmov ebx, eax\nmov ecx, 1000000\nagain: loop again\nrdtsc\nsub eax, ebx\nstop: jmp stop")) {
            m.board().run(RunLimits.instructions(1_000_100));
            long rate = m.board().call(() -> m.board().clock().rate());
            double expected = 1_000_002 * (double) frequency / rate;
            assertThat((double) m.reg("rax")).isBetween(expected * 0.999, expected * 1.001);
        }
    }

    /** @sdm Time-Stamp Counter Adjustment */
    @Test void writingTheTimeStampCounterShowsInTscAdjust() throws InterruptedException {
        try (SmallMachine m = guest("""
                mov     ecx, 100
        again:  loop    again
                mov     ecx, 0x10
                mov     edx, 0x100
                xor     eax, eax
                wrmsr
                mov     ecx, 0x3b
                rdmsr
                mov     ebx, edx
                xor     eax, eax
                xor     edx, edx
                wrmsr
                mov     ecx, 0x10
                rdmsr
        stop:   jmp     stop
        """)) {
            m.board().run(RunLimits.instructions(200));
            assertThat(m.reg("rbx")).isEqualTo(0xFF).as("100:00000000h less the little that had passed");
            assertThat(m.reg("rdx")).isZero();
        }
    }

    /** Reset values. @sdm Architectural MSRs; Page Attribute Table (PAT); MTRRs */
    @ParameterizedTest
    @CsvSource({"277, 0007040600070406", "fe, 508", "c0000102, 0", "1b, fee00900, ", "8b, 2800000000", "17b, ffffffffffffffff", "3a, 0"})
    void resetValue(String address, String value) {
        try (SmallMachine m = guest("mov ecx, 0x" + address + "\nrdmsr\nshl rdx, 32\nor rax, rdx")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            long expected = Long.parseUnsignedLong(value, 16);
            // The enable bit of IA32_APIC_BASE is 0 where the machine has no local APIC.
            assertThat(m.reg("rax")).isEqualTo(address.equals("1b") ? expected & ~0x800 : expected);
        }
    }

    /** Guests here start as behind firmware, which has turned memory types on. @sdm MTRR Considerations: after reset all memory is uncacheable */
    @Test void memoryTypeRangesAreOffAfterReset() {
        Cpu cpu = new Cpu();
        ResetState.reset(cpu);
        assertThat(cpu.msrs.read(0x2FF)).isTrue();
        assertThat(cpu.msrs.value).isZero();
    }

    /** What can be written and what is #GP(0). @sdm Architectural MSRs; MTRRs; Page Attribute Table (PAT); Initializing IA-32e Mode */
    @ParameterizedTest
    @CsvSource({
        "277, 0706050401000001, true", "277, 0000000000000002, false", "277, 0300000000000000, false",
        "2ff, c06, true", "2ff, 100, false", "2ff, 2, false",
        "200, ff_ffff_f006, true", "200, 100_0000_0000, false", "200, 106, false", "200, 3, false",
        "201, ff_ffff_f800, true", "201, 400, false", "20f, 800, true", "210, 0, false",
        "250, 0606060606060606, true", "250, 0706060606060606, false", "26f, 0505050505050505, true",
        "fe, 0, false", "179, 0, false", "17a, f, true", "17a, 10, false", "401, 0, true", "401, 1, false", "400, ffff, true", "410, 0, false",
        "174, ffffffff, true", "174, 1_0000_0000, false", "175, 8000_0000_0000, false", "176, ffff_8000_0000_0000, true",
        "c0000080, d01, true", "c0000080, 2, false", "c0000080, 400, false",
        "c0000082, 7fff_ffff_ffff, true", "c0000082, 8000_0000_0000, false", "c0000084, 1_0000_0000, false",
        "c0000100, 8000_0000_0000, false", "c0000101, ffff_ffff_ffff_ffff, true", "c0000102, 0100_0000_0000_0000, false",
        "c0000103, ffffffff, true", "c0000103, 1_0000_0000, false",
        "1b, fee0_0000, false", "8b, 0, true", "79, 1234, true", "802, 0, false", "6e0, 0, false", "12345, 0, false"})
    void writing(String address, String digits, boolean legal) {
        long value = Long.parseUnsignedLong(digits.replace("_", ""), 16);
        try (SmallMachine m = guest("mov ecx, 0x" + address + "\nmov eax, " + (value & 0xFFFF_FFFFL) + "\nmov edx, " + (value >>> 32) + "\nwrmsr")) {
            assertThat(m.runToHalt()).isEqualTo(legal ? Outcome.IDLE : Outcome.SHUTDOWN);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"79", "12345", "802", "6e0", "c0000104"})
    void readingWhatIsNotThereIsAFault(String address) {
        try (SmallMachine m = guest("mov ecx, 0x" + address + "\nrdmsr")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
        }
    }

    @Test void theOperatorReadsAndWritesThemByAddress() {
        try (SmallMachine m = guest("")) {
            m.reg("msr:c0000082", 0x1234);
            assertThat(m.reg("msr:c0000082")).isEqualTo(0x1234);
            assertThat(m.reg("msr:c0000080")).isEqualTo(0x500);
            assertThatThrownBy(() -> m.reg("msr:12345")).hasStackTraceContaining("there is no model-specific register 12345h");
            assertThatThrownBy(() -> m.reg("msr:277", 2)).hasStackTraceContaining("msr:277 cannot hold 2h");
        }
    }
}
