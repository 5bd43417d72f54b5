package com.vtsim.cpu.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults, their error codes and frames, transfers between privilege levels, modes and tasks, as a guest sees them.
 *
 * @sdm Protection; Interrupt and Exception Handling; Task Management; 8086 Emulation; Debug
 */
class SystemGuestTest {
    @TestFactory
    Stream<DynamicTest> everyCaseComesOutAsOnTheReference() {
        List<String> actual = GuestRun.run(GuestRun.rom()).lines().toList();
        List<String> expected = expected();
        return IntStream.range(0, expected.size()).mapToObj(i -> DynamicTest.dynamicTest(name(expected.get(i)),
            () -> assertThat(i < actual.size() ? actual.get(i) : "the guest did not get here: " + actual.get(actual.size() - 1))
                .isEqualTo(expected.get(i))));
    }

    /** Where Bochs 2.7 does something else than the manual says: its line, whose reason stands at the head of expected.txt. */
    private static final Map<String, String> OTHERWISE = Map.of(
        "double fault", "E00000008 00000000 0000001A 00000008 00010046 |00008FCC 00000010 00000010 00000010 00000010 00000017",
        "sgdt user umip", "E0000000D 00000000 00000005 00000008 00010046 |00008FCC 00000010 00000010 00000010 00000010 00000017",
        "smsw user umip", "E0000000D 00000000 00000005 00000008 00010046 |00008FCC 00000010 00000010 00000010 00000010 00000017",
        "str user umip", "E0000000D 00000000 00000005 00000008 00010046 |00008FCC 00000010 00000010 00000010 00000010 00000017",
        "dr6 after general detect", "ok FFFF6FF0 00000046 00009000 00000010 00000008",
        "dr7 fixed bits", "ok FFFF0C00 00000046 00009000 00000010 00000008",
        "wrmsr tsc aux reserved", "ok 0000000000000000 0000000000000046 0000000000009000 0000000000000010 00000000000000D8");

    @Test void theReferenceIsWhatBochsWrites(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(References.bochsIsInstalled(), "SKIPPED: Bochs is not installed");
        List<String> bochs = References.bochs(GuestRun.rom(), "corei7_haswell_4770", folder);
        List<String> expected = expected();
        assertThat(bochs).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            String name = name(expected.get(i));
            String reference = OTHERWISE.containsKey(name) ? name + ": " + OTHERWISE.get(name) : expected.get(i).strip();
            assertThat(bochs.get(i).strip()).isEqualTo(reference);
        }
    }

    @Test void aRunInPiecesWritesTheSame() {
        byte[] rom = GuestRun.rom();
        assertThat(GuestRun.run(rom, 1, processor -> { })).isEqualTo(GuestRun.run(rom));
    }

    @Test void aProcessorThatIsResetAndRestoredGoesOnAsIfNothingHadHappened() {
        byte[] rom = GuestRun.rom();
        String carried = GuestRun.run(rom, 17, processor -> {
            State state = processor.save();
            processor.reset(Reset.COLD);
            processor.restore(state);
        });
        assertThat(carried).isEqualTo(GuestRun.run(rom));
    }

    private static String name(String line) {
        return line.substring(0, Math.max(0, line.indexOf(':')));
    }

    private static List<String> expected() {
        List<String> lines = new ArrayList<>(SystemGuest.text("expected.txt").lines().toList());
        lines.removeIf(line -> line.startsWith("#"));
        return lines;
    }
}
