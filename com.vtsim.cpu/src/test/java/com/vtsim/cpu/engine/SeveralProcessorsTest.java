package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Processors that share memory, in real mode, all at the same code. The first is entered as by a loader, the others get a start-up
 * message on their pin.
 *
 * @sdm Locked Atomic Operations; Handling Self- and Cross-Modifying Code; Multiple-Processor (MP) Initialization
 */
class SeveralProcessorsTest {
    private static final int CODE = 0x8000, COUNTER = 0x7000, DONE = 0x7004;
    private static final int INCREMENTS = 1_000_000;

    /** A machine that has run to the halt of every processor. */
    private record Outcome(long counter, List<Long> retired, String digest, Stop.Cause cause, long at7008) { }

    private static Outcome run(int processors, long quantum, String source) throws InterruptedException {
        try (Backplane board = new Backplane(Settings.of("several", 4 << 20).quantum(quantum))) {
            List<X86Processor> all = new ArrayList<>();
            for (int i = 0; i < processors; i++) {
                X86Processor processor = new X86Processor("cpu" + i, i);
                all.add(processor);
                board.add(processor);
            }
            board.settle();
            byte[] code = Assembler.assemble("bits 16\norg 0\n" + source, 0).bytes();
            board.call(() -> {
                board.memory().write(CODE, code, 0, code.length);
                all.get(0).enter(new EntryState(EntryState.Mode.REAL, 0, Map.of("cs", (long) CODE >> 4)));
                // As firmware leaves it: memory type ranges on, write-back by default.
                all.forEach(each -> each.register("msr:2ff", 0x806));
                for (X86Processor other : all.subList(1, processors)) {
                    other.startup(CODE >> 12);
                }
                return null;
            });
            Stop stop = board.run(RunLimits.instructions(40_000_000));
            return new Outcome(board.call(() -> board.memory().read(COUNTER, 4)), board.call(() -> all.stream().map(X86Processor::retired).toList()),
                board.digest(), stop.cause(), board.call(() -> board.memory().read(0x7008, 4)));
        }
    }

    private static String counting(int processors, String increment) {
        return "mov ecx, " + INCREMENTS / processors + "\nagain: " + increment + "\ndec ecx\njnz again\nlock inc dword [" + DONE + "]\ncli\nhlt\n";
    }

    private static final String LOCKED = "lock inc dword [0x7000]";
    private static final String UNLOCKED = "mov eax, [0x7000]\ninc eax\nmov [0x7000], eax";

    @ParameterizedTest
    @CsvSource({"2, 10000", "4, 10000", "4, 7", "4, 1", "8, 101"})
    void lockedIncrementsAreAllThere(int processors, long quantum) throws InterruptedException {
        Outcome outcome = run(processors, quantum, counting(processors, LOCKED));
        assertThat(outcome.cause).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.counter).isEqualTo(INCREMENTS);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void incrementsInThreeInstructionsGetLost(int processors) throws InterruptedException {
        Outcome outcome = run(processors, 1001, counting(processors, UNLOCKED));
        assertThat(outcome.cause).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.counter).isBetween((long) INCREMENTS / processors, INCREMENTS - 1L);
    }

    @Test void aRunIsTheSameBitForBit() throws InterruptedException {
        Outcome first = run(4, 1001, counting(4, UNLOCKED));
        assertThat(run(4, 1001, counting(4, UNLOCKED))).isEqualTo(first);
    }

    @Test void theQuantumMakesADifference() throws InterruptedException {
        assertThat(run(4, 77, counting(4, UNLOCKED)).counter).isNotEqualTo(run(4, 1001, counting(4, UNLOCKED)).counter);
    }

    /** Code another processor executes is changed: from the next time on it executes the new one. */
    @ParameterizedTest
    @ValueSource(longs = {1, 13, 1000})
    void codeModifiedByAnotherProcessorIsSeen(long quantum) throws InterruptedException {
        Outcome outcome = run(2, quantum, """
                mov     eax, 1
                lock    xadd [0x7000], eax
                test    eax, eax
                jnz     second
                ; The first to come executes PATCH until it leaves its loop.
                xor     ebx, ebx
        again:  inc     ebx
        patch:  jmp     short again
                mov     [0x7008], ebx
                hlt
        second: mov     ecx, 3000
        wait:   loop    wait
                mov     word [cs:patch], 0x9090
                hlt
        """);
        assertThat(outcome.cause).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.at7008).isGreaterThan(1000);
    }

    /** Neither waits for the end of the other's quantum. */
    @Test void processorsWaitForEachOtherWithPause() throws InterruptedException {
        Outcome outcome = run(2, 1_000_000, """
                mov     eax, 1
                lock    xadd [0x7000], eax
                mov     ecx, 500
                mov     ebx, eax
        again:  mov     edx, [0x7008]
                and     edx, 1
                cmp     edx, ebx
                je      mine
                pause
                jmp     again
        mine:   inc     dword [0x7008]
                dec     ecx
                jnz     again
                hlt
        """);
        assertThat(outcome.cause).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.at7008).isEqualTo(1000);
        assertThat(outcome.retired.stream().mapToLong(Long::longValue).sum()).isLessThan(50_000);
    }

    /** One waits for the other's store and does not execute meanwhile. */
    @Test void aStoreByAnotherProcessorEndsMwait() throws InterruptedException {
        Outcome outcome = run(2, 1000, """
                mov     eax, 1
                lock    xadd [0x7000], eax
                test    eax, eax
                jnz     second
                mov     ax, 0x7080
                xor     ecx, ecx
                monitor
                mwait
                mov     eax, [0x7080]
                mov     [0x7008], eax
                hlt
        second: mov     cx, 30000
        wait:   loop    wait
                mov     dword [0x7080], 77
                hlt
        """);
        assertThat(outcome.cause).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.at7008).isEqualTo(77);
        assertThat(outcome.retired.stream().mapToLong(Long::longValue).min().orElseThrow()).isLessThan(20);
    }
}
