package com.vtsim.pci.lpc.pit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.lpc.Bench;
import com.vtsim.pci.lpc.SwapStorm;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against Intel's data sheet "8254 Programmable Interval Timer". The waveforms are its figures "Mode 0" to "Mode 5": for each
 * CLK pulse after the last write the counting element and OUT (a following {@code -} means low), seen through counter 2 with
 * read-back commands; {@code g0} and {@code g1} change GATE, {@code w3} writes a count, each before the next pulse.
 */
class IntervalTimerTest {
    private final Bench bench = new Bench();
    private IntervalTimer pit = bench.attach(new IntervalTimer("pit"));
    private long pulse;

    /** Lets CLK reach its next pulse. */
    private void clock(long pulses) {
        pulse += pulses;
        bench.until(Clock.nanosFor(pulse, IntervalTimer.FREQUENCY));
    }

    private void gate(int level) {
        bench.out(0x61, level);
    }

    /** Reads count and OUT of a counter that is programmed for its low byte only. */
    private String look(int counter) {
        bench.out(0x43, 0xC0 | 2 << counter);
        int status = bench.in(0x40 + counter);
        int count = bench.in(0x40 + counter);
        return count + ((status & 0x80) != 0 ? "" : "-");
    }

    @ParameterizedTest(name = "mode {0}, count {1}")
    @CsvSource({
        // Mode 0: Interrupt on Terminal Count
        "0, 4, 4- 3- 2- 1- 0 255 254",
        "0, 3, 3- 2- g0 2- 2- g1 1- 0 255",
        "0, 3, 3- 2- 1- w2 2- 1- 0 255",
        // GATE low while the count is written: it is loaded all the same, and OUT goes high N pulses after GATE
        "0, 2, g0 2- 2- g1 1- 0",
        // Mode 1: Hardware Retriggerable One-Shot
        "1, 3, g0 g1 3- 2- 1- 0 255 g0 g1 3- 2- 1- 0",
        "1, 3, g0 g1 3- 2- 1- g0 g1 3- 2- 1- 0",
        "1, 2, g0 g1 2- 1- w4 0 255 254 g0 g1 4- 3- 2- 1- 0",
        // the level of GATE has no effect on OUT
        "1, 3, g0 g1 3- g0 2- 1- 0 255",
        // Mode 2: Rate Generator
        "2, 3, 3 2 1- 3 2 1- 3",
        "2, 3, 3 2 g0 2 2 g1 3 2 1- 3",
        "2, 4, 4 3 w5 2 1- 5 4 3 2 1- 5",
        // GATE low during the output pulse sets OUT high at once; a trigger after a new count loads that
        "2, 3, 3 2 1- g0 1 g1 3 2 1- 3",
        "2, 4, 4 3 w6 g0 g1 6 5 4 3 2 1- 6",
        // Mode 3: Square Wave Mode
        "3, 4, 4 2 4- 2- 4 2 4- 2- 4",
        "3, 5, 4 2 0 4- 2- 4 2 0 4- 2- 4",
        "3, 4, 4 2 4- g0 4 4 g1 4 2 4- 2- 4",
        "3, 2, 2 2- 2 2- 2",
        "3, 3, 2 0 2- 2 0 2- 2",
        // a new count is used from the end of the half-cycle on
        "3, 4, 4 w6 2 6- 4- 2- 6 4 2 6-",
        "3, 6, 6 4 w4 g0 g1 4 2 4- 2- 4",
        // Mode 4: Software Triggered Strobe
        "4, 3, 3 2 1 0- 255 254 253",
        "4, 3, g0 3 3 g1 2 1 0- 255",
        "4, 3, 3 2 1 w2 2 1 0- 255",
        "4, 2, 2 1 0- g0 0 0 g1 255",
        // Mode 5: Hardware Triggered Strobe
        "5, 3, g0 g1 3 2 1 0- 255 g0 g1 3 2 1 0- 255",
        "5, 3, g0 g1 3 2 g0 g1 3 2 1 0- 255",
        "5, 3, g0 g1 3 2 w5 1 0- 255 g0 g1 5 4 3 2 1 0- 255",
        "5, 2, g0 g1 2 g0 1 0- 255",
    })
    void waveformIsTheDataSheets(int mode, int count, String waveform) {
        gate(1);
        bench.out(0x43, 0x90 | mode << 1);
        bench.out(0x42, count);
        for (String step : waveform.split(" ")) {
            char kind = step.charAt(0);
            if (kind == 'g') {
                gate(step.charAt(1) - '0');
            } else if (kind == 'w') {
                bench.out(0x42, Integer.parseInt(step.substring(1)));
            } else {
                clock(1);
                assertThat(look(2)).as("pulse %d of %s", pulse, waveform).isEqualTo(step);
            }
        }
    }

    /** Mode Definitions: OUT after the control word is low in mode 0 and high in the others. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void controlWordSetsOut(int mode) {
        bench.out(0x43, 0x90 | mode << 1);
        bench.out(0x43, 0xE8);
        assertThat(bench.in(0x42)).isEqualTo((mode == 0 ? 0 : 0x80) | 0x40 | 0x10 | mode << 1);
    }

    /** Mode 0: OUT goes high N + 1 pulses after the count is written, and the line with it. */
    @Test
    void terminalCountRaisesLine0() {
        bench.out(0x43, 0x30);
        bench.out(0x40, 0x10);
        bench.out(0x40, 0x27);
        clock(0x2710);
        assertThat(bench.level(0)).isFalse();
        clock(1);
        assertThat(bench.level(0)).isTrue();
    }

    /** Mode 2: line 0 rises once every N pulses, at the nanosecond of the pulse. */
    @Test
    void rateGeneratorInterruptsEveryPeriod() {
        bench.out(0x43, 0x34);
        bench.out(0x40, 1193 & 0xFF);
        bench.out(0x40, 1193 >> 8);
        bench.changes.clear();
        clock(5 * 1193 + 1);
        assertThat(bench.changes).hasSize(10);
        for (int i = 0; i < 5; i++) {
            long low = 1193L * (i + 1);
            assertThat(bench.changes.get(2 * i)).isEqualTo(Clock.nanosFor(low, IntervalTimer.FREQUENCY) + " 0 0");
            assertThat(bench.changes.get(2 * i + 1)).isEqualTo(Clock.nanosFor(low + 1, IntervalTimer.FREQUENCY) + " 0 1");
        }
    }

    /** Where an instruction takes longer than the low pulse of mode 2, the edge is on the line all the same. */
    @Test
    void pulseShorterThanAnInstructionIsNotLost() {
        bench.out(0x43, 0x14);
        bench.out(0x40, 100);
        clock(50);
        bench.changes.clear();
        bench.skip(Clock.nanosFor(60, IntervalTimer.FREQUENCY));
        bench.in(0x40);
        assertThat(bench.changes).hasSize(2);
        bench.skip(Clock.nanosFor(100, IntervalTimer.FREQUENCY));
        bench.pass(0);
        assertThat(bench.changes).hasSize(4);
    }

    /** Mode 3: an odd count is high for (N + 1) / 2 and low for (N - 1) / 2 pulses. */
    @Test
    void squareWaveOfOddCountIsUneven() {
        bench.out(0x43, 0x16);
        bench.out(0x40, 7);
        bench.changes.clear();
        clock(1 + 7 * 2);
        assertThat(bench.changes).containsExactly(at(5, 0), at(8, 1), at(12, 0), at(15, 1));
    }

    private static String at(long pulse, int level) {
        return Clock.nanosFor(pulse, IntervalTimer.FREQUENCY) + " 0 " + level;
    }

    /** An alarm only where OUT0 can change: nothing to wait for after terminal count, nor for counters 1 and 2. */
    @Test
    void noAlarmWhereNothingCanBeSeen() {
        bench.out(0x43, 0x70);
        bench.out(0x41, 100);
        bench.out(0x41, 0);
        bench.out(0x43, 0xB6);
        bench.out(0x42, 100);
        bench.out(0x42, 0);
        assertThat(bench.due()).isEqualTo(Long.MAX_VALUE);
        bench.out(0x43, 0x10);
        bench.out(0x40, 5);
        clock(6);
        assertThat(bench.level(0)).isTrue();
        assertThat(bench.due()).isEqualTo(Long.MAX_VALUE);
    }

    /** Write Operations: the largest count is 0, 2^16 in binary and 10^4 in BCD. */
    @ParameterizedTest
    @CsvSource({"0x30, 65536", "0x31, 10000"})
    void zeroIsTheLargestCount(int control, int pulses) {
        bench.out(0x43, control);
        bench.out(0x40, 0);
        bench.out(0x40, 0);
        clock(pulses);
        assertThat(bench.level(0)).isFalse();
        clock(1);
        assertThat(bench.level(0)).isTrue();
    }

    /** BCD: the count is read in decimal digits. */
    @Test
    void countsInBcd() {
        gate(1);
        bench.out(0x43, 0xB1);
        bench.out(0x42, 0x00);
        bench.out(0x42, 0x10);
        clock(2);
        assertThat(word(2)).isEqualTo(0x0999);
        clock(900);
        assertThat(word(2)).isEqualTo(0x0099);
        clock(100);
        assertThat(word(2)).isEqualTo(0x9999);
    }

    private int word(int counter) {
        return bench.in(0x40 + counter) | bench.in(0x40 + counter) << 8;
    }

    private void start(int mode, int count) {
        gate(1);
        bench.out(0x43, 0xB0 | mode << 1);
        bench.out(0x42, count & 0xFF);
        bench.out(0x42, count >> 8);
    }

    /** Counter Latch Command: the count is held until it is read, then the counter is followed again. */
    @Test
    void latchHoldsTheCount() {
        start(2, 0x1234);
        clock(0x34);
        bench.out(0x43, 0x80);
        clock(1000);
        assertThat(word(2)).isEqualTo(0x1201);
        assertThat(word(2)).isEqualTo(0x1201 - 1000);
    }

    /** Counter Latch Command: a second one before the count is read is ignored. */
    @Test
    void secondLatchIsIgnored() {
        start(2, 0x1234);
        clock(1);
        bench.out(0x43, 0x80);
        clock(16);
        bench.out(0x43, 0x80);
        assertThat(word(2)).isEqualTo(0x1234);
    }

    /** Counter Latch Command: counting goes on, and other counters may be programmed between the two reads. */
    @Test
    void readsOfOtherCountersMayComeBetween() {
        start(2, 0x1234);
        clock(1);
        bench.out(0x43, 0x80);
        assertThat(bench.in(0x42)).isEqualTo(0x34);
        bench.out(0x43, 0x34);
        bench.out(0x40, 1);
        clock(5);
        assertThat(bench.in(0x42)).isEqualTo(0x12);
    }

    /** Counter Latch Command: programming the counter again releases the latch. */
    @Test
    void controlWordReleasesTheLatch() {
        start(2, 0x1234);
        clock(1);
        bench.out(0x43, 0x80);
        start(2, 0x4321);
        clock(1);
        assertThat(word(2)).isEqualTo(0x4321);
    }

    /** Read-Back Command: count and status latched by one command; status comes first. */
    @Test
    void readBackGivesStatusThenCount() {
        start(3, 0x2000);
        clock(1 + 0x800);
        bench.out(0x43, 0xC8);
        assertThat(bench.in(0x42)).isEqualTo(0xB6);
        assertThat(word(2)).isEqualTo(0x1000);
        clock(0x800);
        bench.out(0x43, 0xE8);
        assertThat(bench.in(0x42)).isEqualTo(0x36);
    }

    /** Read-Back Command: several counters latched at the same moment. */
    @Test
    void readBackLatchesSeveralCounters() {
        bench.out(0x43, 0x34);
        bench.out(0x40, 0x00);
        bench.out(0x40, 0x10);
        bench.out(0x43, 0x74);
        bench.out(0x41, 0x00);
        bench.out(0x41, 0x20);
        start(2, 0x3000);
        clock(0x11);
        bench.out(0x43, 0xDE);
        clock(0x100);
        assertThat(word(0)).isEqualTo(0x0FF0);
        assertThat(word(1)).isEqualTo(0x1FF0);
        assertThat(word(2)).isEqualTo(0x2FF0);
    }

    /** Read-Back Command: a second status latch before the first is read is ignored. */
    @Test
    void secondStatusLatchIsIgnored() {
        start(0, 1);
        bench.out(0x43, 0xE8);
        clock(5);
        bench.out(0x43, 0xE8);
        assertThat(bench.in(0x42)).isEqualTo(0x70);
    }

    /** Null Count: set by the control word and by a new count, cleared when it is loaded. */
    @Test
    void nullCountTellsWhetherTheCountIsLoaded() {
        start(2, 10);
        assertThat(status() & 0x40).isEqualTo(0x40);
        clock(1);
        assertThat(status() & 0x40).isZero();
        bench.out(0x42, 20);
        assertThat(status() & 0x40).as("first of two bytes").isZero();
        bench.out(0x42, 0);
        assertThat(status() & 0x40).isEqualTo(0x40);
        clock(9);
        assertThat(status() & 0x40).as("until the end of the period").isEqualTo(0x40);
        clock(1);
        assertThat(status() & 0x40).isZero();
    }

    private int status() {
        bench.out(0x43, 0xE8);
        return bench.in(0x42);
    }

    /** Mode 0: the first of two bytes stops counting and sets OUT low; the second starts anew. */
    @Test
    void firstByteOfTwoStopsMode0() {
        start(0, 3);
        clock(4);
        assertThat(status() & 0x80).isEqualTo(0x80);
        bench.out(0x42, 2);
        assertThat(status() & 0x80).isZero();
        clock(100);
        assertThat(status() & 0x80).isZero();
        bench.out(0x42, 0);
        clock(2);
        assertThat(status() & 0x80).isZero();
        clock(1);
        assertThat(status() & 0x80).isEqualTo(0x80);
    }

    /** Programming: a counter programmed for one byte has the other zero. */
    @Test
    void highByteOnlyMeansLowByteZero() {
        gate(1);
        bench.out(0x43, 0xA4);
        bench.out(0x42, 0x12);
        clock(1);
        assertThat(bench.in(0x42)).isEqualTo(0x12);
        clock(1);
        assertThat(bench.in(0x42)).isEqualTo(0x11);
    }

    /** Port 61h of the chipset: GATE2 bit 0, OUT2 bit 5, refresh bit 4, the rest as written; 7:6 are errors there are none of. */
    @Test
    void port61GatesAndHearsCounter2() {
        bench.out(0x61, 0xFE);
        assertThat(bench.in(0x61) & 0xCF).isEqualTo(0x0E);
        start(0, 2);
        assertThat(bench.in(0x61) & 0x21).isEqualTo(0x01);
        clock(3);
        assertThat(bench.in(0x61) & 0x21).isEqualTo(0x21);
    }

    /** Port 61h, REF_TOGGLE: changes about every 15 µs. */
    @Test
    void refreshTogglesEvery15Microseconds() {
        int before = bench.in(0x61) & 0x10;
        int changes = 0;
        for (int i = 0; i < 1000; i++) {
            bench.pass(1_000);
            int now = bench.in(0x61) & 0x10;
            changes += now != before ? 1 : 0;
            before = now;
        }
        assertThat(changes).isBetween(65, 67);
    }

    /** A counter nobody looked at for a long time stands where counting pulse by pulse would have brought it. */
    @Test
    void longSilenceEqualsEveryPulse() {
        Random random = new Random(8254);
        for (int round = 0; round < 3000; round++) {
            Counter quick = new Counter();
            Counter slow = new Counter();
            int mode = random.nextInt(6);
            int control = 0x30 | mode << 1 | (random.nextInt(4) == 0 ? 1 : 0);
            quick.gate(true);
            slow.gate(true);
            quick.control(control);
            slow.control(control);
            long now = 0;
            for (int step = 0; step < 8; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        boolean level = random.nextBoolean();
                        quick.gate(level);
                        slow.gate(level);
                    }
                    case 1, 2 -> {
                        // Counts of 2 and more: 1 is illegal in two modes.
                        int low = 2 + random.nextInt(8);
                        int high = random.nextInt(8) == 0 ? 1 : 0;
                        quick.write(low);
                        slow.write(low);
                        quick.write(high);
                        slow.write(high);
                    }
                    default -> { }
                }
                int pulses = random.nextInt(random.nextBoolean() ? 12 : 4000);
                for (int i = 0; i < pulses; i++) {
                    slow.advance(++now);
                }
                quick.advance(now);
                assertThat(quick.save()).as("round %d step %d", round, step).isEqualTo(slow.save());
            }
        }
    }

    @Test
    void stateCarriesOverInTheMiddleOfAPeriod() {
        start(2, 0x1000);
        bench.out(0x43, 0x34);
        bench.out(0x40, 0x00);
        bench.out(0x40, 0x01);
        clock(0x80);
        pit = bench.replace(pit, new IntervalTimer("pit"));
        assertThat(bench.in(0x61) & 1).isEqualTo(1);
        bench.changes.clear();
        clock(0x100);
        assertThat(bench.changes).containsExactly(at(0x100, 0), at(0x101, 1));
    }

    @Test
    void refusesStateOfAnotherModel() {
        assertThatThrownBy(() -> pit.restore(new State("mc146818", 1, Map.of()))).isInstanceOf(StateException.class).hasMessageContaining("i8254");
    }

    @Test
    void resetStopsCounting() {
        bench.out(0x43, 0x34);
        bench.out(0x40, 0x10);
        bench.out(0x40, 0x00);
        pit.reset(Reset.WARM);
        assertThat(bench.due()).isEqualTo(Long.MAX_VALUE);
    }

    /** A kernel without firmware before it: its first rate generator's first edge is at the end of the first period. */
    @Test
    void firstControlWordMakesNoEdge() {
        bench.changes.clear();
        bench.out(0x43, 0x34);
        bench.out(0x40, 0x10);
        bench.out(0x40, 0x00);
        clock(17);
        assertThat(bench.changes).containsExactly(at(16, 0), at(17, 1));
    }

    @Test
    void nothingIsLostOrThrownUnderSwapsAndRandomAccesses() {
        SwapStorm.run(0x8254, () -> new IntervalTimer("pit"), new int[] {0x40, 0x41, 0x42, 0x43, 0x61}, 200_000);
    }
}
