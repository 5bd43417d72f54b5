package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.irq.LocalApicPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The timer; its clock runs at 25 MHz, 40 ns a tick. @sdm APIC Timer; TSC-Deadline Mode */
class TimerTest {
    private static final int PERIODIC = 1 << 17, DEADLINE = 2 << 17, MASKED = 1 << 16;
    private static final int BY_ONE = 0xB;

    private final Bench bench = new Bench(1).enabled();

    private void start(int entry, int divide, long count) {
        bench.set(0, ApicRegister.DIVIDE, divide);
        bench.set(0, ApicRegister.LVT_TIMER, entry);
        bench.set(0, ApicRegister.INITIAL_COUNT, count);
    }

    @ParameterizedTest
    @CsvSource({"0,2", "1,4", "2,8", "3,16", "8,32", "9,64", "A,128", "B,1"})
    void divideConfigurationSlowsTheCount(String encoding, int divisor) {
        start(0x40, Integer.parseInt(encoding, 16), 1000);
        bench.pass(40L * divisor * 10);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(990);
        bench.pass(40L * divisor * 990 - 1);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.pass(1);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void oneShotInterruptsOnceAndStaysAtZero() {
        start(0x40, BY_ONE, 100);
        bench.pass(4000);
        assertThat(bench.take(0)).isEqualTo(0x40);
        bench.eoi(0);
        bench.pass(1_000_000);
        assertThat(bench.take(0)).isEqualTo(-1);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isZero();
        assertThat(bench.get(0, ApicRegister.INITIAL_COUNT)).isEqualTo(100);
    }

    @Test
    void periodicReloadsWithoutDrift() {
        start(PERIODIC | 0x40, BY_ONE, 100);
        for (int i = 1; i <= 1000; i++) {
            bench.pass(4000);
            assertThat(bench.take(0)).isEqualTo(0x40);
            bench.eoi(0);
            assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(100);
        }
    }

    @Test
    void aMaskedTimerCountsButIsSilent() {
        start(MASKED | PERIODIC | 0x40, BY_ONE, 100);
        bench.pass(4000 * 3 + 400);
        assertThat(bench.take(0)).isEqualTo(-1);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(90);
    }

    @Test
    void writingZeroStopsIt() {
        start(0x40, BY_ONE, 100);
        bench.set(0, ApicRegister.INITIAL_COUNT, 0);
        bench.pass(1_000_000);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void writingTheCountStartsAfresh() {
        start(0x40, BY_ONE, 100);
        bench.pass(3999);
        bench.set(0, ApicRegister.INITIAL_COUNT, 100);
        bench.pass(3960);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.pass(40);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void changingTheDivisorKeepsTheCount() {
        start(0x40, BY_ONE, 100);
        bench.pass(2000);
        bench.set(0, ApicRegister.DIVIDE, 0);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(50);
        bench.pass(4000);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void theWholeCountIsThirtyTwoBits() {
        start(0x40, 0xA, 0xFFFF_FFFFL);
        bench.pass(40L * 128 * 0xFFFF_FFFEL);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(1);
        bench.pass(40L * 128);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void deadlineFiresAtItsTimeAndClearsItself() {
        LocalApicPort apic = bench.irq.localApic(0);
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        apic.tscDeadline(123_456, 5001);
        assertThat(apic.tscDeadline()).isEqualTo(123_456);
        bench.pass(5000);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.pass(1);
        assertThat(bench.take(0)).isEqualTo(0x40);
        assertThat(apic.tscDeadline()).isZero();
    }

    @Test
    void deadlineZeroDisarms() {
        LocalApicPort apic = bench.irq.localApic(0);
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        apic.tscDeadline(99, 5000);
        apic.tscDeadline(0, 0);
        bench.pass(10_000);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void deadlineIsIgnoredInTheOtherModes() {
        bench.set(0, ApicRegister.LVT_TIMER, 0x40);
        bench.irq.localApic(0).tscDeadline(99, 5000);
        assertThat(bench.irq.localApic(0).tscDeadline()).isZero();
        bench.pass(10_000);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void inDeadlineModeCountsReadZeroAndAreNotWritten() {
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        bench.set(0, ApicRegister.INITIAL_COUNT, 100);
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isZero();
        bench.pass(1_000_000);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void leavingOrEnteringDeadlineModeDisarms() {
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        bench.irq.localApic(0).tscDeadline(99, 5000);
        bench.set(0, ApicRegister.LVT_TIMER, 0x40);
        assertThat(bench.irq.localApic(0).tscDeadline()).isZero();
        bench.set(0, ApicRegister.INITIAL_COUNT, 1000);
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        bench.pass(1_000_000);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void aRunningTimerIsHandedOver() {
        start(PERIODIC | 0x40, BY_ONE, 100);
        bench.pass(4000 + 1234);
        assertThat(bench.take(0)).isEqualTo(0x40);
        bench.eoi(0);
        bench.swapped();
        assertThat(bench.get(0, ApicRegister.CURRENT_COUNT)).isEqualTo(100 - 1234 / 40);
        bench.pass(4000 - 1234 - 1);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.pass(1);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void aDeadlineIsHandedOver() {
        bench.set(0, ApicRegister.LVT_TIMER, DEADLINE | 0x40);
        bench.irq.localApic(0).tscDeadline(99, 5000);
        bench.pass(4999);
        bench.swapped();
        assertThat(bench.irq.localApic(0).tscDeadline()).isEqualTo(99);
        bench.pass(1);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }
}
