package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.TraceEvent;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What consoles put out, and the events a machine records. */
class ConsolesTest {
    private final Backplane machine = Backplane.of("t", 1 << 20);
    private final CountingProcessor cpu = new CountingProcessor(0);
    private final FakeConsole com1 = new FakeConsole("com1");

    ConsolesTest() {
        machine.add(cpu);
        machine.add(com1);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** Prints one character of the text before each instruction. */
    private void printing(String text) {
        long from = cpu.retired();
        cpu.before = n -> {
            if (n - from < text.length()) {
                com1.print(text.substring((int) (n - from), (int) (n - from) + 1));
            }
            return true;
        };
    }

    private static RunLimits until(String text) {
        return new RunLimits(1000, Long.MAX_VALUE, text);
    }

    @Test
    void aRunEndsWhereTheTextIsComplete() throws InterruptedException {
        printing("aabaabaaac and more");
        assertThat(machine.run(until("aabaaa")).cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(cpu.retired()).isEqualTo(9);
        assertThat(machine.transcripts()).containsExactly(Map.entry("com1", "aabaabaaa"));
    }

    @Test
    void textFromBeforeTheRunDoesNotCount() throws InterruptedException {
        printing("login: ");
        machine.run(RunLimits.instructions(5));
        assertThat(machine.run(until("login")).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
    }

    @Test
    void transcriptsKeepTheLastMebibyte() {
        com1.print("lost");
        com1.print("x".repeat((1 << 20) - 7));
        com1.print("the end");
        String text = machine.transcripts().get("com1");
        assertThat(text.length()).isEqualTo(1 << 20);
        assertThat(text.substring(0, 4)).isEqualTo("xxxx");
        assertThat(text.substring(text.length() - 8)).isEqualTo("xthe end");
    }

    @Test
    void whatIsNotUtf8IsShownAByteACharacter() {
        com1.print("grün");
        assertThat(machine.transcripts().get("com1")).isEqualTo("grün");
        com1.print(new byte[] {(byte) 0xDB});
        assertThat(machine.transcripts().get("com1")).isEqualTo("grÃ¼nÛ");
    }

    @Test
    void listenersHearUntilTheyAreClosed() {
        StringBuilder heard = new StringBuilder();
        Registration listening = machine.listen((part, value) -> heard.append(part).append(':').append(value).append(' '));
        machine.listen((part, value) -> {
            throw new IllegalStateException("a listener of the operator that fails does not stop the machine");
        });
        com1.print(new byte[] {65, (byte) 200});
        listening.close();
        com1.print("x");
        assertThat(heard).hasToString("com1:65 com1:200 ");
    }

    @Test
    void aReplacedConsoleGoesOnInTheSameTranscript() {
        com1.print("one ");
        machine.remove(com1);
        FakeConsole next = new FakeConsole("com1");
        machine.add(next);
        next.print("two");
        assertThat(machine.transcripts().get("com1")).isEqualTo("one two");
    }

    @Test
    void onlyTheKindsAskedForAreRecorded() throws InterruptedException {
        machine.trace(List.of("irq", "port.write"));
        cpu.before = n -> {
            if (n == 10) {
                assertThat(cpu.board().tracer().wants("irq.raise")).isTrue();
                cpu.board().tracer().event("irq.raise", "line 4");
                cpu.board().tracer().event("cpu.fault", "not wanted");
                machine.ports().write(0x80, 1, 0x55);
                machine.ports().read(0x80, 1);
            }
            return true;
        };
        machine.run(RunLimits.instructions(20));
        assertThat(machine.events()).containsExactly(new TraceEvent(10, 10, "cpu0", "irq.raise", "line 4"),
            new TraceEvent(10, 10, "", "port.write", "80 1 bytes 55"));
        machine.trace(List.of());
        assertThat(cpu.board().tracer().wants("irq.raise")).isFalse();
    }
}
