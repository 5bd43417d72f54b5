package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Waits of user mode for a store or a time. RBX has the flags once a wait has ended, R8 and R9 the time-stamp counter before and after it;
 * it runs at 1 GHz, one tick an instruction.
 *
 * @sdm UMONITOR—User Level Set Up Monitor Address; UMWAIT—User Level Monitor Wait; TPAUSE—Timed PAUSE
 */
class UserWaitTest {
    private static final int LINE = 0x2_0040;

    private static SmallMachine guest(long limit, String monitor, long ticks, String wait) {
        return SmallMachine.wide("""
                mov     ecx, 0xE1
                mov     eax, %d
                xor     edx, edx
                wrmsr
                xor     ebx, ebx
                %s
                rdtsc
                shl     rdx, 32
                or      rax, rdx
                mov     r8, rax
                mov     r9, %d
                add     rax, r9
                mov     rdx, rax
                shr     rdx, 32
                xor     r9d, r9d
                mov     ecx, 1
                stc
                %s ecx
                pushfq
                pop     rbx
                rdtsc
                shl     rdx, 32
                or      rax, rdx
                mov     r9, rax
                cli
                hlt
                """.formatted(limit, monitor, ticks, wait));
    }

    private static final String MONITOR = "mov rdi, " + (LINE + 8) + "\numonitor rdi\n";

    private static void run(SmallMachine m) throws InterruptedException {
        m.board().run(RunLimits.instructions(100_000));
    }

    /** The deadline ends it with CF 0, the system's limit with CF 1; the other flags become 0. */
    @ParameterizedTest
    @CsvSource({"0, 5000, 5000, 0", "2000, 5000, 2000, 1", "9000, 5000, 5000, 0"})
    void aTimeEndsTheWait(long limit, long ticks, long passed, long carry) throws InterruptedException {
        for (String wait : new String[] {"tpause", "umwait"}) {
            try (SmallMachine m = guest(limit, MONITOR, ticks, wait)) {
                run(m);
                assertThat(m.reg("r9") - m.reg("r8")).as("%s: some instructions come before and after", wait).isBetween(passed, passed + 20);
                assertThat(m.reg("rbx") & 0x8D5).isEqualTo(carry);
            }
        }
    }

    /** A deadline that has passed is none to wait for. */
    @Test void nothingIsLeftToWaitFor() throws InterruptedException {
        try (SmallMachine m = guest(0, "", -1, "tpause")) {
            run(m);
            assertThat(m.reg("r9") - m.reg("r8")).isBetween(1L, 20L);
        }
    }

    @ParameterizedTest
    @CsvSource({"umwait, 1", "tpause, 0"})
    void aStoreEndsTheWaitOfUmwait(String wait, int ended) {
        try (SmallMachine m = guest(0, MONITOR, 1_000_000_000L, wait)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isZero();
            m.poke(LINE, 1, 1);
            m.runToHalt();
            assertThat(m.reg("rbx") != 0).isEqualTo(ended == 1);
        }
    }

    /** Without a monitored line, or where it has been written since, UMWAIT does not wait. */
    @ParameterizedTest
    @ValueSource(strings = {"", MONITOR + "mov [rdi], al\n"})
    void umwaitNeedsAMonitor(String monitor) {
        try (SmallMachine m = guest(0, monitor, 1_000_000_000L, "umwait")) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isNotZero();
            assertThat(m.reg("rbx") & 0x8D5).isZero();
        }
    }

    /** An interrupt ends it though EFLAGS.IF is 0. */
    @ParameterizedTest
    @ValueSource(strings = {"umwait", "tpause"})
    void aMaskedInterruptEndsTheWait(String wait) {
        try (SmallMachine m = guest(0, MONITOR, 1_000_000_000L, wait)) {
            m.runToHalt();
            m.board().call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.runToHalt();
            assertThat(m.reg("rbx")).isNotZero();
        }
    }

    @Test void theWaitIsPartOfTheState() throws InterruptedException {
        try (SmallMachine m = guest(2000, MONITOR, 5000, "umwait")) {
            m.runToHalt();
            State state = m.board().call(m.cpu::save);
            m.board().call(() -> {
                m.cpu.reset(Reset.COLD);
                m.cpu.restore(state);
                return null;
            });
            run(m);
            assertThat(m.reg("rbx") & 0x8D5).isEqualTo(1);
            assertThat(m.reg("r9") - m.reg("r8")).isBetween(2000L, 2020L);
        }
    }

    /** Reserved bits of the operand and of IA32_UMWAIT_CONTROL; CR4.TSD outside of level 0, where there is no fault without it. */
    @ParameterizedTest
    @CsvSource({"'mov ecx, 2; tpause ecx', 0, #GP(0000)", "'mov ecx, 0x80000000; umwait ecx', 0, #GP(0000)",
        "'mov rax, cr4; or eax, 4; mov cr4, rax; xor ecx, ecx; tpause ecx', 0, -",
        "'mov ecx, 0xE1; mov eax, 2; xor edx, edx; wrmsr', 0, #GP(0000)", "'mov ecx, 0xE1; xor eax, eax; mov edx, 1; wrmsr', 0, #GP(0000)",
        "'mov rdi, 0x800000000000; umonitor rdi', 0, #GP(0000)", "'mov edi, 0x40000000; umonitor rdi', 3, #PF(0004)",
        "'mov edi, 0x20000; umonitor rdi; xor eax, eax; xor edx, edx; xor ecx, ecx; tpause ecx; umwait ecx; hlt', 3, #GP(0000)",
        "'umonitor edi', 0, -"})
    void whatIsNotAllowed(String source, int cpl, String fault) {
        try (SmallMachine m = SmallMachine.wide(source.replace("; ", "\n") + "\nhlt")) {
            for (int i = 0; i < 2; i++) {
                m.poke(0x1000 + 0x1000 * i, 8, m.peek(0x1000 + 0x1000 * i, 8) | 4);
            }
            m.poke(0x3000, 8, m.peek(0x3000, 8) | 4);
            m.reg("cpl", cpl);
            boolean none = "-".equals(fault);
            assertThat(m.runToHalt()).isEqualTo(none ? Outcome.IDLE : Outcome.SHUTDOWN);
            if (!none) {
                assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: " + fault);
            }
        }
    }

    /** The counter must be readable for the level that waits. */
    @Test void timeStampDisableForbidsItToUsers() {
        try (SmallMachine m = SmallMachine.wide("xor ecx, ecx\ntpause ecx\nhlt")) {
            for (int i = 0; i < 3; i++) {
                m.poke(0x1000 + 0x1000 * i, 8, m.peek(0x1000 + 0x1000 * i, 8) | 4);
            }
            m.reg("cr4", m.reg("cr4") | 4);
            m.reg("cpl", 3);
            m.runToHalt();
            assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: #GP(0000)");
            assertThat(m.reg("rip")).isEqualTo(SmallMachine.ORIGIN + 2);
        }
    }
}
