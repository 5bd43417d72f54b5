package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Repeated string instructions, whose fast paths must not show.
 *
 * @sdm REP/REPE/REPZ/REPNE/REPNZ—Repeat String Operation Prefix
 */
class RepeatedStringsTest {
    private static final long AREA = 0x20_0000;
    private static final int LENGTH = 3 * 4096;

    @Test void aLongRepetitionIsSeveralInstructionsForTheRunLoop() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     edi, 0x200000
                mov     ecx, 10000
                mov     eax, 0x5A
        fill:   rep stosb
                hlt
        """)) {
            assertThat(m.run(4)).isEqualTo(Outcome.BUDGET);
            assertThat(m.reg("rip")).as("restarts itself").isEqualTo(m.symbol("fill"));
            assertThat(m.reg("rcx")).isEqualTo(10000 - 4096);
            assertThat(m.reg("rdi")).isEqualTo(AREA + 4096);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.retired()).isEqualTo(3 + 3 + 1);
            assertThat(m.reg("rcx")).isZero();
            assertThat(m.reg("rdi")).isEqualTo(AREA + 10000);
            assertThat(m.peek(AREA + 9999, 2)).isEqualTo(0x005A);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"movsb", "movsw", "movsd", "movsq"})
    void overlappingCopiesAreAsIfDoneOneByOne(String mnemonic) {
        int size = 1 << "bwdq".indexOf(mnemonic.charAt(4));
        try (SmallMachine m = SmallMachine.wide("""
                mov     rsi, [0x8000]
                mov     rdi, [0x8008]
                mov     rcx, [0x8010]
                bt      dword [0x8018], 0
                jnc     .up
                std
        .up:    rep %s
        .end:   jmp     .end
        """.formatted(mnemonic))) {
            SplittableRandom random = new SplittableRandom(7);
            for (int i = 0; i < 150; i++) {
                byte[] memory = new byte[LENGTH];
                random.nextBytes(memory);
                int from = 4096 - 40 + random.nextInt(60);
                int to = from + random.nextInt(50) - 25;
                boolean down = random.nextInt(4) == 0;
                int count = random.nextInt((down ? 3000 : 6000) / size);
                run(m, memory, from, to, count, down);
                for (int k = 0; k < count; k++) {
                    int step = down ? -k * size : k * size;
                    byte[] element = new byte[size];
                    System.arraycopy(memory, from + step, element, 0, size);
                    System.arraycopy(element, 0, memory, to + step, size);
                }
                byte[] after = new byte[LENGTH];
                m.board().call(() -> {
                    m.memory().read(AREA, after, 0, LENGTH);
                    return null;
                });
                assertThat(Arrays.mismatch(after, memory)).as("%s %d -> %d, %d, %s", mnemonic, from, to, count, down).isEqualTo(-1);
                assertThat(m.reg("rsi")).isEqualTo(AREA + from + (down ? -1L : 1L) * count * size);
            }
        }
    }

    private static void run(SmallMachine m, byte[] memory, int from, int to, int count, boolean down) {
        m.board().call(() -> {
            m.memory().write(AREA, memory, 0, LENGTH);
            return null;
        });
        m.poke(0x8000, 8, AREA + from);
        m.poke(0x8008, 8, AREA + to);
        m.poke(0x8010, 8, count);
        m.poke(0x8018, 8, down ? 1 : 0);
        m.reg("rflags", 2);
        m.reg("rip", SmallMachine.ORIGIN);
        assertThat(m.run(100)).isEqualTo(Outcome.BUDGET);
        assertThat(m.reg("rcx")).isZero();
    }

    @Test void anIndexWrapsWithItsAddressSize() {
        try (SmallMachine m = SmallMachine.real("""
                mov     ax, 0x3000
                mov     ds, ax
                mov     ax, 0x4000
                mov     es, ax
                mov     si, 0xFFF0
                xor     di, di
                mov     cx, 32
                rep movsb
                hlt
        """)) {
            for (int i = 0; i < 16; i++) {
                m.poke(0x3_FFF0 + i, 1, 0xA0 + i);
                m.poke(0x3_0000 + i, 1, 0xB0 + i);
            }
            m.runToHalt();
            assertThat(m.reg("rsi") & 0xFFFF).isEqualTo(16);
            for (int i = 0; i < 16; i++) {
                assertThat(m.peek(0x4_0000 + i, 1)).isEqualTo(0xA0 + i);
                assertThat(m.peek(0x4_0010 + i, 1)).isEqualTo(0xB0 + i);
            }
        }
    }

    /** @sdm Handling Self- and Cross-Modifying Code */
    @Test void codeWrittenByAStringInstructionIsExecutedAsWritten() {
        try (SmallMachine m = SmallMachine.wide("""
                call    target
                lea     rdi, [rel target]
                mov     eax, 0x90909090
                mov     ecx, 3
                rep stosd
                call    target
                hlt
        target: inc     rbx
                inc     rbx
                inc     rbx
                inc     rbx
                ret
        """)) {
            m.runToHalt();
            assertThat(m.reg("rbx")).as("the INCs of the second call have become NOPs").isEqualTo(4);
        }
    }

    /** The flags of CMPS and SCAS are those of the last comparison. */
    @Test void aScanStopsBehindWhatItLooksFor() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     edi, 0x200000
                mov     ecx, 20000
                mov     al, 7
                repne scasb
                setz    bl
                hlt
        """)) {
            m.poke(AREA + 9000, 1, 7);
            m.runToHalt();
            assertThat(m.reg("rdi")).isEqualTo(AREA + 9001);
            assertThat(m.reg("rcx")).isEqualTo(20000 - 9001);
            assertThat(m.reg("rbx") & 0xFF).isEqualTo(1);
        }
    }
}
