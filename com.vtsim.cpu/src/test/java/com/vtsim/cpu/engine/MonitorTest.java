package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A wait for a store, and what ends it. EBX is 1 once it has ended.
 *
 * @sdm MONITOR—Set Up Monitor Address; MWAIT—Monitor Wait
 */
class MonitorTest {
    private static final int LINE = 0x2_0040;

    private static SmallMachine guest(String between, int extensions) {
        return SmallMachine.wide("""
                xor     ebx, ebx
                mov     eax, %d
                xor     ecx, ecx
                xor     edx, edx
                monitor
                %s
                xor     eax, eax
                mov     ecx, %d
                mwait
                inc     ebx
                cli
                hlt
                """.formatted(LINE + 8, between, extensions));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "8, 8", "63, 1", "-3, 4"})
    void aStoreToTheLineEndsTheWait(int offset, int size) {
        try (SmallMachine m = guest("", 0)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isZero();
            assertThat(m.board().call(m.cpu::idle)).isTrue();
            m.poke(LINE + offset, size, 0);
            assertThat(m.board().call(m.cpu::idle)).isFalse();
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 64, 4096})
    void aStoreElsewhereDoesNot(int offset) {
        try (SmallMachine m = guest("", 0)) {
            m.runToHalt();
            m.poke(LINE + offset, 1, 1);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isZero();
        }
    }

    /** Also through translations that the TLB held before. */
    @Test void aStoreBetweenTheTwoLeavesNothingToWaitFor() {
        try (SmallMachine m = guest("mov [0x20050], eax\n", 0)) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
        try (SmallMachine m = SmallMachine.wide("mov [0x20050], eax\nmov eax, 0x20040\nxor ecx, ecx\nxor ebx, ebx\nmonitor\nmov [0x20050], eax\nmwait\ninc ebx\nhlt")) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
    }

    /** Without MONITOR, and again after a wait that has ended. */
    @Test void mwaitWaitsOnlyForWhatIsMonitored() {
        try (SmallMachine m = SmallMachine.wide("xor ecx, ecx\nxor ebx, ebx\nmwait\ninc ebx\nhlt")) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
    }

    /** ECX bit 0: an interrupt ends the wait, though masked. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1"})
    void anInterruptThatIsMasked(int extensions, long ended) {
        try (SmallMachine m = guest("", extensions)) {
            m.runToHalt();
            m.board().call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(ended);
        }
    }

    @Test void theWaitIsPartOfTheState() {
        try (SmallMachine m = guest("", 0)) {
            m.runToHalt();
            State state = m.board().call(m.cpu::save);
            m.board().call(() -> {
                m.cpu.reset(com.vtsim.api.machine.Reset.COLD);
                m.cpu.restore(state);
                return null;
            });
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isZero();
            m.poke(LINE, 4, 1);
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"'mov ecx, 1; monitor', 0, #GP(0000)", "'mov ecx, 2; mwait', 0, #GP(0000)", "'xor ecx, ecx; monitor', 3, #UD", "'xor ecx, ecx; mwait', 3, #UD",
        "'xor ecx, ecx; mov rax, 0x800000000000; monitor', 0, #GP(0000)", "'xor ecx, ecx; mov rax, 0x40000000; monitor', 0, #PF(0000)"})
    void whatIsNotAllowed(String source, int cpl, String fault) {
        try (SmallMachine m = SmallMachine.wide(source.replace("; ", "\n") + "\nhlt")) {
            for (int i = 0; cpl == 3 && i < 3; i++) {
                m.poke(0x1000 + 0x1000 * i, 8, m.peek(0x1000 + 0x1000 * i, 8) | 4);
            }
            m.reg("cpl", cpl);
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: " + fault);
        }
    }
}
