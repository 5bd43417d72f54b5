package com.vtsim.cpu.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

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
