package com.vtsim.shell.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What stands on the screen while a machine runs in the foreground. */
@Timeout(30)
final class ConsolePrinterTest {
    private static final String ERASE = "\r\u001b[K";

    private final StubMachine stub = new StubMachine();

    @Test void progressIsErasedBeforeTheGuestSpeaksAndNotDrawnOnItsLine() throws Exception {
        PipedInputStream screen = new PipedInputStream();
        PrintStream out = new PrintStream(new PipedOutputStream(screen), true, StandardCharsets.UTF_8);
        ConsolePrinter printer = new ConsolePrinter(stub.machine, "");
        printer.to(out, "");
        printer.progress(() -> "42%");
        assertThat(read(screen, 3)).isEqualTo("42%");
        printer.output("com1", 'o');
        printer.output("com1", '\n');
        String said = read(screen, ERASE.length() + 2);
        // The line may have been drawn again before the guest spoke.
        assertThat(said).startsWith(ERASE);
        while (!said.contains("o\n")) {
            said += read(screen, 1);
        }
        assertThat(said.replace(ERASE + "42%", "")).isEqualTo(ERASE + "o\n");
        printer.close();
    }

    @Test void progressSaysHowFarAndHowFast() {
        long[] wall = {0};
        Progress progress = new Progress(stub.machine, () -> wall[0]);
        wall[0] = 1_000_000;
        assertThat(progress.get()).isEqualTo("m: 1,000 instructions, 0 MIPS, 2 us");
        stub.machine.status();
    }

    private static String read(PipedInputStream screen, int count) throws Exception {
        return new String(screen.readNBytes(count), StandardCharsets.UTF_8);
    }
}
