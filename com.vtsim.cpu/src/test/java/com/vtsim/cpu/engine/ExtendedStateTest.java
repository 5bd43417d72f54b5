package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import org.junit.jupiter.api.Test;

/** Saving and restoring of x87, SSE and AVX state. Expected images are the manual's; which fields stay was seen on a Sapphire Rapids. */
class ExtendedStateTest {
    private static final long AREA = 0x20000;
    private static final String ENABLE = """
            mov     rax, cr4
            or      eax, 0x40600
            mov     cr4, rax
            xor     ecx, ecx
            xor     edx, edx
            mov     eax, 7
            xsetbv
            mov     rbp, 0x20000
    """;

    private static SmallMachine guest(String source) {
        SmallMachine m = SmallMachine.wide(ENABLE + source);
        for (int i = 0; i < 1024; i += 8) {
            m.poke(AREA + i, 8, i >= 512 && i < 576 ? 0 : 0xAAAA_AAAA_AAAA_AAAAL);
        }
        return m;
    }

    /** All bits of YMM0 set, MXCSR 1F81h, x87 as FNINIT leaves it. */
    private static final String FILL = """
            fninit
            vzeroall
            mov     dword [0x500], 0x1F81
            ldmxcsr [0x500]
            vpcmpeqd xmm0, xmm0, xmm0
            vinsertf128 ymm0, ymm0, xmm0, 1
    """;

    /** @sdm FXSAVE: layout in 64-bit mode */
    @Test void fxsaveWritesTheImageAndLeavesTheLast96Bytes() {
        try (SmallMachine m = guest(FILL + """
                fld1
                fxsave64 [rbp]
                hlt
        """)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.peek(AREA, 2)).as("FCW").isEqualTo(0x37F);
            assertThat(m.peek(AREA + 2, 2)).as("FSW, TOP 7").isEqualTo(0x3800);
            assertThat(m.peek(AREA + 4, 1)).as("abridged tags").isEqualTo(0x80);
            assertThat(m.peek(AREA + 24, 4)).as("MXCSR").isEqualTo(0x1F81);
            assertThat(m.peek(AREA + 28, 4)).as("MXCSR_MASK").isEqualTo(0xFFFF);
            assertThat(m.peek(AREA + 32, 8)).as("ST0").isEqualTo(0x8000_0000_0000_0000L);
            assertThat(m.peek(AREA + 40, 2)).as("ST0").isEqualTo(0x3FFF);
            assertThat(m.peek(AREA + 160, 8)).as("XMM0").isEqualTo(-1L);
            assertThat(m.peek(AREA + 176, 8)).as("XMM1").isZero();
            assertThat(m.peek(AREA + 416, 8)).as("available to software").isEqualTo(0xAAAA_AAAA_AAAA_AAAAL);
        }
    }

    /** @sdm FXRSTOR: #GP(0) for reserved bits of MXCSR; LDMXCSR */
    @Test void reservedBitsOfMxcsrAreRefused() {
        for (String instruction : new String[] {"fxrstor64 [rbp]", "ldmxcsr [rbp + 24]"}) {
            try (SmallMachine m = guest("mov dword [rbp + 24], 0x11F80\n" + instruction + "\nhlt\n")) {
                assertThat(m.runToHalt()).as(instruction).isEqualTo(Outcome.SHUTDOWN);
            }
        }
    }

    /** @sdm XSAVE: the header's XSTATE_BV keeps what was not asked for; MXCSR goes with SSE or AVX */
    @Test void xsaveWritesWhatIsAskedForAlone() {
        try (SmallMachine m = guest("""
                fninit
                vzeroall
                mov     qword [rbp + 512], 1
                mov     eax, 4
                xsave64 [rbp]
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.peek(AREA + 512, 8)).as("XSTATE_BV").isEqualTo(1);
            assertThat(m.peek(AREA, 2)).as("FCW").isEqualTo(0xAAAA);
            assertThat(m.peek(AREA + 24, 4)).as("MXCSR").isEqualTo(0x1F80);
            assertThat(m.peek(AREA + 160, 8)).as("XMM0").isEqualTo(0xAAAA_AAAA_AAAA_AAAAL);
            assertThat(m.peek(AREA + 576, 8)).as("YMM0, high").isZero();
        }
    }

    /** @sdm XSAVEOPT: the init optimization */
    @Test void xsaveoptLeavesComponentsThatAreInTheirInitialState() {
        try (SmallMachine m = guest("fninit\nvzeroall\nmov eax, 7\nxsaveopt64 [rbp]\nhlt\n")) {
            m.runToHalt();
            assertThat(m.peek(AREA + 512, 8)).isZero();
            assertThat(m.peek(AREA + 576, 8)).as("YMM0, high").isEqualTo(0xAAAA_AAAA_AAAA_AAAAL);
            assertThat(m.peek(AREA + 24, 4)).as("MXCSR").isEqualTo(0x1F80);
        }
    }

    /** @sdm XSAVEC: XCOMP_BV, and XSTATE_BV[1] where MXCSR is not 1F80h */
    @Test void xsavecWritesTheCompactedFormat() {
        try (SmallMachine m = guest("""
                vzeroall
                mov     dword [0x500], 0x1F81
                ldmxcsr [0x500]
                mov     eax, 6
                xsavec64 [rbp]
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.peek(AREA + 512, 8)).isEqualTo(2);
            assertThat(m.peek(AREA + 520, 8)).isEqualTo(0x8000_0000_0000_0006L);
            assertThat(m.peek(AREA + 24, 4)).as("MXCSR").isEqualTo(0x1F81);
            assertThat(m.peek(AREA + 160, 8)).as("XMM0").isZero();
        }
    }

    /** @sdm XRSTOR; XRSTORS */
    @Test void everyFormatRestoresWhatItSaved() {
        String[][] pairs = {{"xsave64", "xrstor64"}, {"xsaveopt64", "xrstor64"}, {"xsavec64", "xrstor64"}, {"xsaves64", "xrstors64"},
            {"xsave", "xrstor"}};
        for (String[] pair : pairs) {
            try (SmallMachine m = guest(FILL + "mov eax, 7\n" + pair[0] + " [rbp]\nvzeroall\nmov dword [0x500], 0x1F80\nldmxcsr [0x500]\n"
                + pair[1] + """
                     [rbp]
                    vmovdqu [0x600], ymm0
                    vmovdqu [0x620], ymm1
                    stmxcsr [0x500]
                    hlt
            """)) {
                assertThat(m.runToHalt()).as(pair[0]).isEqualTo(Outcome.IDLE);
                assertThat(m.peek(0x600, 8) & m.peek(0x608, 8) & m.peek(0x610, 8) & m.peek(0x618, 8)).as(pair[0]).isEqualTo(-1L);
                assertThat(m.peek(0x620, 8) | m.peek(0x638, 8)).as(pair[0]).isZero();
                assertThat(m.peek(0x500, 4)).as(pair[0]).isEqualTo(0x1F81);
            }
        }
    }

    /** @sdm XRSTOR: a component whose XSTATE_BV bit is 0 takes its initial configuration; MXCSR of the standard format is loaded all the same */
    @Test void whatTheHeaderDoesNotHaveBecomesInitial() {
        try (SmallMachine m = guest(FILL + """
                mov     dword [rbp + 24], 0x1F90
                mov     eax, 6
                xrstor64 [rbp]
                vmovdqu [0x600], ymm0
                stmxcsr [0x500]
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.peek(0x600, 8) | m.peek(0x618, 8)).isZero();
            assertThat(m.peek(0x500, 4)).isEqualTo(0x1F90);
        }
    }

    /** @sdm Standard Form of XRSTOR; Compacted Form of XRSTOR: what raises #GP(0) */
    @Test void badHeadersAreRefused() {
        String[] bad = {"mov qword [rbp + 512], 8", "mov qword [rbp + 520], 1", "mov qword [rbp + 528], 1",
            "mov rcx, 0x8000000000000008\nmov [rbp + 520], rcx", "mov rcx, 0x8000000000000001\nmov [rbp + 520], rcx\nmov qword [rbp + 512], 2",
            "add rbp, 32", "mov dword [rbp + 24], 0x80001F80"};
        for (String change : bad) {
            try (SmallMachine m = guest("mov dword [rbp + 24], 0x1F80\n" + change + "\nmov eax, 7\nxrstor64 [rbp]\nhlt\n")) {
                assertThat(m.runToHalt()).as(change).isEqualTo(Outcome.SHUTDOWN);
            }
        }
    }

    /** @sdm XSETBV: bit 0 must be 1, AVX needs SSE, what is not there cannot be set */
    @Test void illegalValuesOfXcr0AreRefused() {
        for (int value : new int[] {0, 2, 5, 0x1F, 0x8007}) {
            try (SmallMachine m = guest("xor ecx, ecx\nxor edx, edx\nmov eax, " + value + "\nxsetbv\nhlt\n")) {
                assertThat(m.runToHalt()).as(Integer.toHexString(value)).isEqualTo(Outcome.SHUTDOWN);
            }
        }
    }

    /** @sdm Detection of AVX Instructions: without XCR0.AVX they raise #UD, and XSAVE without CR4.OSXSAVE does */
    @Test void availabilityFollowsXcr0AndCr4() {
        try (SmallMachine m = guest("mov eax, 3\nxor edx, edx\nxor ecx, ecx\nxsetbv\nvzeroall\nhlt\n")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
        }
        try (SmallMachine m = guest("mov rax, cr4\nand eax, 0xFFFBFFFF\nmov cr4, rax\nxsave64 [rbp]\nhlt\n")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
        }
    }

    /** @sdm CPUID leaf 0DH: sizes and offsets; leaf 1: OSXSAVE */
    @Test void cpuidDescribesTheArea() {
        try (SmallMachine m = guest("""
                mov     eax, 1
                cpuid
                mov     [0x700], ecx
                mov     [0x704], edx
                mov     eax, 0xD
                xor     ecx, ecx
                cpuid
                mov     [0x708], eax
                mov     [0x70C], ebx
                mov     [0x710], ecx
                mov     eax, 0xD
                mov     ecx, 2
                cpuid
                mov     [0x714], eax
                mov     [0x718], ebx
                mov     eax, 0xD
                mov     ecx, 1
                cpuid
                mov     [0x71C], eax
                mov     [0x720], ebx
                mov     ecx, 0
                xgetbv
                mov     [0x724], eax
                hlt
        """)) {
            m.runToHalt();
            long features = 1L << 28 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 20 | 1 << 19 | 1 << 12 | 1 << 9 | 1 << 1 | 1 << 29;
            assertThat(m.peek(0x700, 4) & features).as("AVX, OSXSAVE, XSAVE, AES, SSE4, FMA, SSSE3, PCLMULQDQ, F16C").isEqualTo(features);
            assertThat(m.peek(0x704, 4) >>> 23 & 0xF).as("MMX, FXSR, SSE, SSE2").isEqualTo(0xF);
            assertThat(m.peek(0x708, 4) & 7).isEqualTo(7);
            assertThat(m.peek(0x70C, 4)).as("of what XCR0 enables").isEqualTo(832);
            assertThat(m.peek(0x710, 4)).as("of everything").isGreaterThanOrEqualTo(832);
            assertThat(m.peek(0x714, 4)).isEqualTo(256);
            assertThat(m.peek(0x718, 4)).isEqualTo(576);
            assertThat(m.peek(0x71C, 4)).as("XSAVEOPT, XSAVEC, XGETBV1, XSAVES").isEqualTo(0xF);
            assertThat(m.peek(0x720, 4)).isEqualTo(832);
            assertThat(m.peek(0x724, 4)).isEqualTo(7);
        }
    }
}
