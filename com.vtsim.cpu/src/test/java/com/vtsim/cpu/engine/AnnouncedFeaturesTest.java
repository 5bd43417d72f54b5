package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every bit that CPUID announces has an instruction or an effect here that shows it, and what a model does not announce is #UD, #GP or the
 * older meaning. RBX is 1 where the effect is there.
 *
 * @sdm CPUID—CPU Identification
 */
class AnnouncedFeaturesTest {
    /** Without its feature the instruction means something older, or the effect is not an instruction. */
    private static final Set<Feature> NO_FAULT_WITHOUT = EnumSet.of(Feature.BMI1, Feature.LZCNT, Feature.PREFETCHW, Feature.WBNOINVD, Feature.ERMS);
    private static final Map<Feature, String> EFFECTS = new EnumMap<>(Feature.class);

    private static final String SSE_ON = "mov rax, cr4\nor rax, 0x600\nmov cr4, rax\n";
    private static final String AVX_ON = SSE_ON + "mov rax, cr4\nor rax, 0x40000\nmov cr4, rax\nxor ecx, ecx\nxor edx, edx\nmov eax, 7\nxsetbv\n";

    private static void effect(Feature feature, String source) {
        EFFECTS.put(feature, source + "\n");
    }

    private static String cr4(int bit) {
        return "mov rax, cr4\nbts rax, " + bit + "\nmov cr4, rax\nmov rax, cr4\nbt rax, " + bit + "\nsetc bl";
    }

    private static String msr(int address, int mask) {
        return "mov ecx, " + address + "\nrdmsr\ntest eax, " + mask + "\nsetnz bl";
    }

    private static String readable(int address) {
        return "mov ecx, " + address + "\nrdmsr\nmov bl, 1";
    }

    private static String equal(String source, String register, long value) {
        return source + "\nmov rcx, " + value + "\ncmp " + register + ", rcx\nsete bl";
    }

    static {
        effect(Feature.FPU, equal("fninit\nfld1\nfistp dword [0x30000]\nmov eax, [0x30000]", "rax", 1));
        effect(Feature.VME, cr4(0));
        effect(Feature.DE, cr4(3));
        effect(Feature.PSE, cr4(4));
        effect(Feature.TSC, "rdtsc\nmov bl, 1");
        effect(Feature.MSR, readable(0x10));
        effect(Feature.PAE, "mov rax, cr4\nbt rax, 5\nsetc bl");
        effect(Feature.MCE, cr4(6));
        effect(Feature.CX8, "xor eax, eax\nxor edx, edx\nmov ecx, 7\nmov ebx, 1\ncmpxchg8b [0x30000]\nmov eax, [0x30004]\ncmp eax, 7\nsete bl");
        effect(Feature.APIC, msr(0x1B, 0x800));
        effect(Feature.SEP, "mov ecx, 0x175\nmov eax, 0x1000\nxor edx, edx\nwrmsr\nrdmsr\ntest eax, eax\nsetnz bl");
        effect(Feature.MTRR, msr(0xFE, 0xFF));
        effect(Feature.PGE, cr4(7));
        effect(Feature.MCA, msr(0x179, 0xFF));
        effect(Feature.CMOV, "mov eax, 1\ncmp eax, 1\ncmovz ebx, eax");
        effect(Feature.PAT, msr(0x277, 6));
        effect(Feature.PSE36, "mov bl, 1");
        effect(Feature.CLFSH, "clflush [0x30000]\nmov bl, 1");
        effect(Feature.MMX, equal("mov eax, 5\nmovd mm0, eax\npaddd mm0, mm0\nmovd eax, mm0", "rax", 10));
        effect(Feature.FXSR, SSE_ON + "fninit\nfxsave [0x30000]\nmov ax, [0x30000]\ncmp ax, 0x37F\nsete bl");
        effect(Feature.SSE, SSE_ON + equal("mov eax, 9\ncvtsi2ss xmm0, eax\nsqrtss xmm0, xmm0\ncvtss2si eax, xmm0", "rax", 3));
        effect(Feature.SSE2, SSE_ON + equal("mov eax, 9\ncvtsi2sd xmm0, eax\nsqrtsd xmm0, xmm0\ncvtsd2si eax, xmm0", "rax", 3));
        effect(Feature.SSE3, SSE_ON + "movddup xmm0, xmm1\nmov bl, 1");
        effect(Feature.PCLMULQDQ, SSE_ON + equal("mov eax, 3\nmovq xmm0, rax\npclmulqdq xmm0, xmm0, 0\nmovq rax, xmm0", "rax", 5));
        effect(Feature.MONITOR, "mov eax, 0x30000\nxor ecx, ecx\nxor edx, edx\nmonitor\nmov [0x30000], eax\nmwait\nmov bl, 1");
        effect(Feature.VMX, msr(0x480, -1));
        effect(Feature.SSSE3, SSE_ON + "pabsb xmm0, xmm1\nmov bl, 1");
        effect(Feature.FMA, AVX_ON + "vfmadd132sd xmm0, xmm1, xmm2\nmov bl, 1");
        effect(Feature.CX16, "xor eax, eax\nxor edx, edx\nmov ecx, 7\nmov ebx, 1\ncmpxchg16b [0x30000]\nmov eax, [0x30008]\ncmp eax, 7\nsete bl");
        effect(Feature.PDCM, readable(0x345).replace("mov bl, 1", "test eax, 0x2000\nsetnz bl"));
        effect(Feature.PCID, cr4(17));
        effect(Feature.SSE4_1, SSE_ON + "pmulld xmm0, xmm1\nmov bl, 1");
        effect(Feature.SSE4_2, equal("xor eax, eax\ncrc32 eax, al", "rax", 0));
        effect(Feature.X2APIC, msr(0x1B, 0x800));
        effect(Feature.MOVBE, equal("mov dword [0x30000], 0x01020304\nmovbe eax, [0x30000]", "rax", 0x04030201));
        effect(Feature.POPCNT, equal("mov eax, 0xF0F\npopcnt eax, eax", "rax", 8));
        effect(Feature.TSC_DEADLINE, readable(0x6E0));
        effect(Feature.AES, SSE_ON + "aesenc xmm0, xmm1\nmov bl, 1");
        effect(Feature.XSAVE, cr4(18) + "\nxor ecx, ecx\nxgetbv");
        effect(Feature.AVX, AVX_ON + "vaddpd ymm0, ymm1, ymm2\nmov bl, 1");
        effect(Feature.F16C, AVX_ON + "vcvtph2ps ymm0, xmm1\nmov bl, 1");
        effect(Feature.RDRAND, "rdrand rax\nsetc bl");
        effect(Feature.FSGSBASE, cr4(16) + "\nrdfsbase rax");
        effect(Feature.TSC_ADJUST, readable(0x3B));
        effect(Feature.BMI1, "xor eax, eax\ntzcnt ecx, eax\ncmp ecx, 32\nsete bl");
        effect(Feature.AVX2, AVX_ON + "vpaddd ymm0, ymm1, ymm2\nmov bl, 1");
        effect(Feature.FDP_EXCPTN_ONLY, "fninit\nmov eax, 0x30000\nfld dword [rax]\nfnstenv [0x30100]\nmov eax, [0x30114]\ntest eax, eax\nsetz bl");
        effect(Feature.SMEP, cr4(20));
        effect(Feature.BMI2, equal("mov ecx, 0xF0\nmov eax, 0x35\npext eax, eax, ecx", "rax", 3));
        effect(Feature.ERMS, equal("mov ecx, 100\nmov edi, 0x30000\nrep stosb", "rdi", 0x30064));
        effect(Feature.INVPCID, "xor eax, eax\nmov qword [0x30000], 0\nmov qword [0x30008], 0\nmov eax, 2\ninvpcid rax, [0x30000]\nmov bl, 1");
        effect(Feature.ZERO_FCS_FDS, "fninit\nfld1\nfnstenv [0x30100]\nmov ax, [0x30110]\ntest ax, ax\nsetz bl");
        effect(Feature.RDSEED, "rdseed rax\nsetc bl");
        effect(Feature.ADX, "xor eax, eax\nadcx eax, eax\nmov bl, 1");
        effect(Feature.SMAP, cr4(21) + "\nstac\nclac");
        effect(Feature.CLFLUSHOPT, "clflushopt [0x30000]\nmov bl, 1");
        effect(Feature.CLWB, "clwb [0x30000]\nmov bl, 1");
        effect(Feature.SHA, SSE_ON + "sha1nexte xmm0, xmm1\nmov bl, 1");
        effect(Feature.UMIP, cr4(11));
        effect(Feature.PKU, cr4(22) + "\nxor ecx, ecx\nrdpkru");
        effect(Feature.WAITPKG, "xor ecx, ecx\nxor eax, eax\nxor edx, edx\ntpause ecx\nmov bl, 1");
        // CR4.LA57 cannot change in 64-bit mode: the width of linear addresses that leaf 80000008H gives is what shows.
        effect(Feature.LA57, "mov eax, 0x80000008\ncpuid\ncmp ah, 57\nmov ebx, 0\nsete bl");
        effect(Feature.RDPID, "rdpid rax\nmov bl, 1");
        effect(Feature.SERIALIZE, "serialize\nmov bl, 1");
        effect(Feature.ARCH_CAPABILITIES, msr(0x10A, 1));
        effect(Feature.PTWRITE, "ptwrite rax\nmov bl, 1");
        effect(Feature.INTEL_PT, readable(0x570));
        effect(Feature.XSAVEOPT, AVX_ON + "xsaveopt [0x30000]\nmov bl, 1");
        effect(Feature.XSAVEC, AVX_ON + "xsavec [0x30000]\nmov bl, 1");
        effect(Feature.XGETBV1, cr4(18) + "\nmov ecx, 1\nxgetbv");
        effect(Feature.XSAVES, AVX_ON + "xsaves [0x30000]\nmov bl, 1");
        effect(Feature.LAHF64, "mov ah, 0xD5\nsahf\nlahf\ncmp ah, 0xD7\nsete bl");
        effect(Feature.LZCNT, "xor eax, eax\nlzcnt ecx, eax\ncmp ecx, 32\nsete bl");
        effect(Feature.PREFETCHW, "prefetchw [0x30000]\nmov bl, 1");
        effect(Feature.SYSCALL, "mov ecx, 0xC0000080\nrdmsr\nor eax, 1\nwrmsr\nrdmsr\ntest eax, 1\nsetnz bl");
        effect(Feature.NX, "mov ecx, 0xC0000080\nrdmsr\nor eax, 0x800\nwrmsr\nrdmsr\ntest eax, 0x800\nsetnz bl");
        // Entry 1 of the directory pointer table maps 1 GByte from 0.
        effect(Feature.PAGE1GB, "mov dword [0x30000], 77\nmov qword [0x2008], 0x83\nmov eax, [0x40030000]\ncmp eax, 77\nsete bl");
        effect(Feature.RDTSCP, "rdtscp\nmov bl, 1");
        effect(Feature.LONG_MODE, "mov rax, 0x100000000\nbt rax, 32\nsetc bl");
        effect(Feature.INVARIANT_TSC, "mov bl, 1");
        effect(Feature.KL, SSE_ON + "bts rax, 19\nmov cr4, rax\nxor eax, eax\nloadiwkey xmm1, xmm2\nencodekey128 ecx, eax\nmov bl, 1");
        effect(Feature.WBNOINVD, "wbnoinvd\nmov bl, 1");
    }

    private static SmallMachine run(CpuModel model, String source) {
        SmallMachine m = SmallMachine.wide("xor ebx, ebx\n" + source + "hlt\n", model);
        m.board().add(new PlainApic(m.cpu));
        m.board().settle();
        return m;
    }

    @ParameterizedTest
    @EnumSource(Feature.class)
    void whatIsAnnouncedWorksAndWhatIsNotDoesNot(Feature feature) {
        assertThat(EFFECTS).as("an effect for each").containsKey(feature);
        for (CpuModel model : CpuModel.values()) {
            try (SmallMachine m = run(model, EFFECTS.get(feature))) {
                Outcome outcome = m.run(100_000);
                boolean shown = outcome == Outcome.IDLE && (m.reg("rbx") & 0xFF) == 1;
                if (model.has(feature)) {
                    assertThat(shown).as("%s of %s: %s, rbx = %x", feature, model.title, outcome, m.reg("rbx")).isTrue();
                } else if (!NO_FAULT_WITHOUT.contains(feature) && feature != Feature.LA57) {
                    assertThat(outcome).as("%s is not of %s", feature, model.title).isEqualTo(Outcome.SHUTDOWN);
                }
            }
        }
    }

    private static final String ASK = "mov eax, %d\nmov ecx, %d\ncpuid\nmov [0x30000], eax\nmov [0x30004], ebx\nmov [0x30008], ecx\nmov [0x3000C], edx\n";

    private static int[] ask(CpuModel model, int leaf, int subleaf) {
        try (SmallMachine m = run(model, ASK.formatted(leaf & 0xFFFF_FFFFL, subleaf))) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            int[] answer = new int[4];
            for (int i = 0; i < 4; i++) {
                answer[i] = (int) m.peek(0x30000 + 4 * i, 4);
            }
            return answer;
        }
    }

    /** No bit is announced but those of the features, and OSXSAVE, OSPKE and HTT, which depend on the system: this one is new and has one processor. */
    @ParameterizedTest
    @EnumSource(CpuModel.class)
    void everyBitHasAName(CpuModel model) {
        int[][] words = {{1, 0, 2}, {1, 0, 3}, {7, 0, 1}, {7, 0, 2}, {7, 0, 3}, {0xD, 1, 0}, {0x8000_0001, 0, 2}, {0x8000_0001, 0, 3}, {0x8000_0007, 0, 3},
            {0x8000_0008, 0, 1}};
        for (int[] word : words) {
            int named = 0;
            for (Feature feature : Feature.values()) {
                boolean here = feature.leaf == word[0] && feature.subleaf == word[1] && feature.register.ordinal() == word[2];
                named |= here && model.has(feature) ? 1 << feature.bit : 0;
            }
            assertThat(ask(model, word[0], word[1])[word[2]]).as("leaf %x.%d, word %d", word[0], word[1], word[2]).isEqualTo(named);
        }
    }

    /** The instructions of the level, as the x86-64 psABI lists them. */
    @Test void thePsAbiLevels() {
        Set<Feature> second = EnumSet.of(Feature.CX16, Feature.LAHF64, Feature.POPCNT, Feature.SSE3, Feature.SSE4_1, Feature.SSE4_2, Feature.SSSE3);
        Set<Feature> third = EnumSet.of(Feature.AVX, Feature.AVX2, Feature.BMI1, Feature.BMI2, Feature.F16C, Feature.FMA, Feature.LZCNT, Feature.MOVBE, Feature.XSAVE);
        assertThat(CpuModel.X86_64_V2.features()).containsAll(second).doesNotContainAnyElementsOf(third);
        assertThat(CpuModel.X86_64_V3.features()).containsAll(second).containsAll(third);
        assertThat(CpuModel.of("x86-64-v2")).isSameAs(CpuModel.X86_64_V2);
        assertThat(CpuModel.of("x86-64-v9")).isNull();
    }

    /** Older processors ignore the prefix of LZCNT and TZCNT: bit 4 is the lowest and the highest that is set. */
    @ParameterizedTest
    @CsvSource({"lzcnt, X86_64_V2, 4", "lzcnt, X86_64_V3, 27", "tzcnt, X86_64_V2, 4", "tzcnt, X86_64_V3, 4"})
    void anIgnoredPrefix(String mnemonic, CpuModel model, long result) {
        try (SmallMachine m = run(model, "mov eax, 0x10\nmov ecx, 99\n" + mnemonic + " ecx, eax\n")) {
            m.runToHalt();
            assertThat(m.reg("rcx")).isEqualTo(result);
        }
    }

    /** EDX after reset is the signature. Leaves that do not exist answer as the highest basic one. */
    @ParameterizedTest
    @CsvSource({"X86_64_V2, 0x206C2, 0x16", "X86_64_V3, 0x306C3, 0x19"})
    void identity(CpuModel model, int signature, int last) {
        assertThat(ask(model, 1, 0)[0]).isEqualTo(signature);
        assertThat(ask(model, 0, 0)).containsExactly(last, 0x756E_6547, 0x6C65_746E, 0x4965_6E69);
        assertThat(ask(model, 0x8000_0000, 0)[0]).isEqualTo(0x8000_0008);
        assertThat(ask(model, 0x1F, 0)).containsExactly(ask(model, last, 0));
        assertThat(ask(model, 0x8000_0009, 0)).containsExactly(ask(model, last, 0));
        assertThat(ask(model, 0x4000_0000, 0)).containsExactly(ask(model, last, 0));
    }

    /** Levels, sizes (ways x partitions x line x sets) and ends of the cache leaf; the type 0 ends it. @sdm Deterministic Cache Parameters Leaf */
    @Test void caches() {
        long[] sizes = {32 << 10, 32 << 10, 256 << 10, 8 << 20};
        int[] types = {0x21, 0x22, 0x43, 0x63};
        for (int i = 0; i < 4; i++) {
            int[] cache = ask(CpuModel.X86_64_V3, 4, i);
            assertThat(cache[0] & 0xFF).isEqualTo(types[i]);
            long ways = (cache[1] >>> 22) + 1;
            assertThat(ways * ((cache[1] >>> 12 & 0x3FF) + 1) * ((cache[1] & 0xFFF) + 1) * (cache[2] + 1L)).isEqualTo(sizes[i]);
        }
        assertThat(ask(CpuModel.X86_64_V3, 4, 4)[0] & 0x1F).isZero();
    }

    /** A level of threads and one of cores, then none; the subleaf comes back. @sdm Extended Topology Enumeration Leaf */
    @Test void topology() {
        assertThat(ask(CpuModel.X86_64_V3, 0xB, 0)).containsExactly(0, 1, 0x100, 0);
        assertThat(ask(CpuModel.X86_64_V3, 0xB, 1)).containsExactly(0, 1, 0x201, 0);
        assertThat(ask(CpuModel.X86_64_V3, 0xB, 2)).containsExactly(0, 0, 2, 0);
    }

    /** The time-stamp counter is crystal x EBX / EAX; base and maximum frequency in MHz are the same. */
    @Test void frequencies() {
        int[] crystal = ask(CpuModel.X86_64_V3, 0x15, 0);
        assertThat((long) crystal[2] * crystal[1] / crystal[0]).isEqualTo(1_000_000_000L);
        assertThat(ask(CpuModel.X86_64_V3, 0x16, 0)).containsExactly(1000, 1000, 100, 0);
    }

    /** Sizes for what XCR0 holds and for all that it can; without XSAVE there is nothing. @sdm Processor Extended State Enumeration Main Leaf */
    @Test void extendedState() {
        assertThat(ask(CpuModel.X86_64_V3, 0xD, 0)).containsExactly(0x207, 576, 2696, 0);
        assertThat(ask(CpuModel.X86_64_V3, 0xD, 2)).containsExactly(256, 576, 0, 0);
        assertThat(ask(CpuModel.X86_64_V3, 0xD, 9)).containsExactly(8, 2688, 0, 0);
        assertThat(ask(CpuModel.X86_64_V3, 0xD, 3)).containsExactly(0, 0, 0, 0);
        assertThat(ask(CpuModel.X86_64_V2, 0xD, 0)).containsExactly(0, 0, 0, 0);
    }
}
