package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Near branches out of the code segment, which user mode on the host cannot show. */
class NearBranchesTest {
    private static final int GP = 13;

    /**
     * The branch faults, not its target: IP on the handler's stack is the branch's, and SP is as if it had not begun.
     *
     * @sdm JMP—Jump; CALL—Call Procedure; Jcc; RET (Real-Address Mode Exceptions)
     */
    @ParameterizedTest
    @ValueSource(strings = {
        "db 0x66, 0xE9, 0x00, 0x00, 0x02, 0x00",        // JMP rel32
        "db 0x66, 0xE8, 0x00, 0x00, 0x02, 0x00",        // CALL rel32
        "db 0x66, 0x0F, 0x84, 0x00, 0x00, 0x02, 0x00",  // JZ rel32
        "db 0x66, 0xFF, 0xE3",                          // JMP EBX
        "db 0x66, 0xFF, 0xD3",                          // CALL EBX
        "db 0x66, 0xC3",                                // RET to a doubleword
        "db 0x66, 0xC2, 0x08, 0x00",                    // RET 8
    })
    void aTargetBeyondTheLimitIsTheBranchsFault(String branch) {
        try (SmallMachine m = SmallMachine.real("""
                mov     ebx, 0x20000
                push    ebx
                xor     ax, ax
        branch: %s
                hlt
        gp:     pop     dx
                pop     si
                pop     di
                hlt
        """.formatted(branch))) {
            m.poke(4 * GP, 4, SmallMachine.ORIGIN >> 4 << 16 | m.symbol("gp"));
            m.runToHalt();
            assertThat(m.reg("rdx") & 0xFFFF).as("IP pushed").isEqualTo(m.symbol("branch"));
            assertThat(m.reg("rsi") & 0xFFFF).as("CS pushed").isEqualTo(SmallMachine.ORIGIN >> 4);
            assertThat(m.reg("rsp") & 0xFFFF).isEqualTo(0x9000 - 4);
            assertThat(m.peek(0x9000 - 4, 4)).as("what was on the stack").isEqualTo(0x20000);
        }
    }

    /** With a 16-bit operand size the target has 16 bits. */
    @Test void sixteenBitBranchesWrapInTheirSegment() {
        try (SmallMachine m = SmallMachine.flat("""
                mov     byte [0x0123], 0xF4
                mov     ebx, 0x12340123
                jmp     bx
        """)) {
            m.runToHalt();
            assertThat(m.reg("rip")).isEqualTo(0x0124);
        }
    }

    /** RDRAND is deterministic, so that a run is, and never fails. */
    @Test void randomNumbersRepeatWithTheMachine() {
        String source = """
                rdrand  rax
                setc    cl
                rdseed  rbx
                hlt
        """;
        try (SmallMachine one = SmallMachine.wide(source); SmallMachine two = SmallMachine.wide(source)) {
            one.runToHalt();
            two.runToHalt();
            assertThat(one.reg("rax")).isEqualTo(two.reg("rax")).isNotEqualTo(one.reg("rbx"));
            assertThat(one.reg("rcx") & 0xFF).isEqualTo(1);
        }
    }
}
