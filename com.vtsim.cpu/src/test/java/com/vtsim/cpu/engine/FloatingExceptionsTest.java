package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import org.junit.jupiter.api.Test;

/** What the x87 does that user mode cannot show: CR0, FERR#, and the environment's formats in real mode. */
class FloatingExceptionsTest {
    /** Handlers of vectors 7 and 16 leave their number in BX and the interrupted IP in DX; the division leaves ZE unmasked and pending. */
    private static final String REAL = """
            xor     ax, ax
            mov     ds, ax
            mov     word [7 * 4], nm
            mov     word [7 * 4 + 2], cs
            mov     word [16 * 4], mf
            mov     word [16 * 4 + 2], cs
            fninit
            jmp     start
    nm:     mov     bx, 7
            pop     dx
            hlt
    mf:     mov     bx, 16
            pop     dx
            hlt
    divide: mov     word [0x500], 0x37B
            fldcw   [0x500]
            fld1
            fldz
            fdivp   st1, st0
            ret
    start:
    """;

    private static SmallMachine guest(String source) {
        return SmallMachine.real(REAL + source);
    }

    /** @sdm x87 FPU Floating-Point Exception Handling in Software */
    @Test void anUnmaskedExceptionIsRaisedByTheNextWaitingInstruction() {
        try (SmallMachine m = guest("""
                mov     eax, cr0
                or      al, 0x20
                mov     cr0, eax
                call    divide
                mov     cx, 1
                fnstsw  ax
        waits:  fld1
                hlt
        """)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx") & 0xFFFF).isEqualTo(16);
            assertThat(m.reg("rdx") & 0xFFFF).isEqualTo(m.symbol("waits"));
            assertThat(m.reg("rcx") & 0xFFFF).isEqualTo(1);
            assertThat(m.reg("rax") & 0x80FF).as("ES, B and ZE").isEqualTo(0x8084);
        }
    }

    /** @sdm MS-DOS Compatibility Sub-mode */
    @Test void withoutNumericErrorTheProcessorAssertsIrq13AndWaits() {
        try (SmallMachine m = guest("""
                call    divide
        waits:  fwait
                hlt
        """)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rip") & 0xFFFF).isEqualTo(m.symbol("waits"));
            assertThat(m.lineLevel(13)).isTrue();
            assertThat(m.reg("rbx") & 0xFFFF).isZero();
        }
    }

    /** @sdm MS-DOS Compatibility Sub-mode */
    @Test void aWriteToPortF0LetsTheHandlerUseTheUnit() {
        try (SmallMachine m = guest("""
                call    divide
                out     0xF0, al
                fld1
                fnclex
                fldz
                mov     bx, 1
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.reg("rbx") & 0xFFFF).isEqualTo(1);
            assertThat(m.lineLevel(13)).isFalse();
        }
    }

    /** @sdm Action Taken By x87 FPU and WAIT/FWAIT Instructions for EM, MP, and TS combinations */
    @Test void waitMindsTaskSwitchedOnlyWithMonitorCoprocessor() {
        assertThat(vectorWith(0x08, "fwait")).as("TS").isZero();
        assertThat(vectorWith(0x0A, "fwait")).as("TS and MP").isEqualTo(7);
        assertThat(vectorWith(0x04, "fwait")).as("EM").isZero();
        assertThat(vectorWith(0x04, "fninit")).as("EM").isEqualTo(7);
        assertThat(vectorWith(0x08, "fnstsw ax")).as("TS").isEqualTo(7);
        assertThat(vectorWith(0x02, "fld1")).as("MP").isZero();
    }

    private static long vectorWith(int bits, String instruction) {
        try (SmallMachine m = guest("mov eax, cr0\nand al, 0xF1\nor al, " + bits + "\nmov cr0, eax\n" + instruction + "\nhlt\n")) {
            m.runToHalt();
            return m.reg("rbx") & 0xFFFF;
        }
    }

    /** @sdm Real Mode x87 FPU State Image in Memory, 16-Bit Format; 32-Bit Format */
    @Test void realModeHasItsOwnFormats() {
        try (SmallMachine m = guest("""
                fld1
        last:   fldz
                fnstenv [0x600]
                o32 fnstenv [0x640]
                hlt
        """)) {
            m.runToHalt();
            long last = m.symbol("last");
            assertThat(m.peek(0x600, 8)).isEqualTo(last << 48 | 0x1FFFL << 32 | 0x3000L << 16 | 0x37F);
            assertThat(m.peek(0x608, 4)).isZero();
            assertThat(m.peek(0x640, 8)).isEqualTo(0xFFFF_3000_FFFF_037FL);
            assertThat(m.peek(0x648, 8)).isEqualTo((0xFFFF_0000L | last) << 32 | 0xFFFF_1FFFL);
        }
    }

    /** @sdm CPUID—CPU Identification */
    @Test void cpuidAnnouncesTheUnit() {
        try (SmallMachine m = guest("""
                mov     eax, 1
                cpuid
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.reg("rdx") & 0x8001).as("FPU and CMOV").isEqualTo(0x8001);
        }
    }
}
