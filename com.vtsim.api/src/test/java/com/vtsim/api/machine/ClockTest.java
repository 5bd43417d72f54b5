package com.vtsim.api.machine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Counters of other frequencies on a clock of nanoseconds. */
class ClockTest {
    /** The 8254's input: 14.31818 MHz / 12. */
    private static final long PIT = 1_193_182;

    @Test
    void aTickHasPassedAtTheFirstNanosecondAfterIt() {
        assertThat(Clock.nanosFor(0, PIT)).isZero();
        assertThat(Clock.nanosFor(1, PIT)).as("838.09 ns").isEqualTo(839);
        assertThat(Clock.ticksIn(838, PIT)).isZero();
        assertThat(Clock.ticksIn(839, PIT)).isEqualTo(1);
        assertThat(Clock.nanosFor(PIT, PIT)).isEqualTo(Clock.SECOND);
    }

    @Test
    void ticksAndNanosecondsAgreeForYears() {
        for (long frequency : new long[] {1, 32_768, PIT, 3_579_545, 100_000_000, 4_000_000_000L}) {
            for (long seconds : new long[] {0, 1, 59, 86_400, 31_536_000L * 10}) {
                long ticks = seconds * frequency + frequency / 3;
                assertThat(Clock.ticksIn(Clock.nanosFor(ticks, frequency), frequency)).as("%d Hz, %d s", frequency, seconds)
                    .isBetween(ticks, ticks + frequency / Clock.SECOND);
            }
        }
    }
}
