package com.vtsim.pci.lpc.rtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.lpc.Bench;
import com.vtsim.pci.lpc.SwapStorm;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against Motorola's data sheet "MC146818 Real-Time Clock plus RAM"; its section titles stand at the tests. */
class RealTimeClockTest {
    private static final long MICRO = 1000;
    private final Bench bench = new Bench();
    private RealTimeClock rtc = bench.attach(new RealTimeClock("rtc", "2026-01-01T00:00:00"));

    private int get(int cell) {
        bench.out(0x70, cell);
        return bench.in(0x71);
    }

    private void set(int cell, int value) {
        bench.out(0x70, cell);
        bench.out(0x71, value);
    }

    /** Year, month, day, hours, minutes, seconds as their bytes. */
    private String time() {
        return "%02x%02x-%02x-%02x %02x:%02x:%02x".formatted(get(0x32), get(9), get(8), get(7), get(4), get(2), get(0));
    }

    /** Sets the clock as the data sheet says: SET, write, SET off. */
    private void setTime(String bytes) {
        int b = get(0x0B);
        set(0x0B, b | 0x80);
        String[] parts = bytes.split("[- :]");
        int[] cells = {0x32, 9, 8, 7, 4, 2, 0};
        set(cells[0], Integer.parseInt(parts[0].substring(0, 2), 16));
        set(cells[1], Integer.parseInt(parts[0].substring(2), 16));
        for (int i = 1; i < 6; i++) {
            set(cells[i + 1], Integer.parseInt(parts[i], 16));
        }
        set(0x0B, b & 0x7F);
    }

    @Test
    void startsAtTheConfiguredDate() {
        assertThat(time()).isEqualTo("2026-01-01 00:00:00");
        assertThat(get(6)).as("Thursday is 5, Sunday is 1").isEqualTo(5);
    }

    @Test
    void secondsFollowVirtualTime() {
        bench.skip(Clock.SECOND - 1);
        assertThat(get(0)).isZero();
        bench.skip(1);
        assertThat(get(0)).isEqualTo(0x01);
        bench.skip(3661 * Clock.SECOND);
        assertThat(time()).isEqualTo("2026-01-01 01:01:02");
    }

    /** Time, Calendar, and Alarm Locations: months, leap years and the century carry. */
    @ParameterizedTest
    @CsvSource({
        "2026-02-28 23:59:59, 2026-03-01 00:00:00",
        "2028-02-28 23:59:59, 2028-02-29 00:00:00",
        "2000-02-28 23:59:59, 2000-02-29 00:00:00",
        "2100-02-28 23:59:59, 2100-03-01 00:00:00",
        "2026-04-30 23:59:59, 2026-05-01 00:00:00",
        "2026-12-31 23:59:59, 2027-01-01 00:00:00",
        "1999-12-31 23:59:59, 2000-01-01 00:00:00",
        "2026-09-09 09:09:09, 2026-09-09 09:09:10",
    })
    void calendarCarries(String before, String after) {
        setTime(before);
        bench.pass(Clock.SECOND);
        assertThat(time()).isEqualTo(after);
    }

    @Test
    void manyDaysPassAtOnce() {
        bench.skip(365L * 86_400 * Clock.SECOND + 5 * Clock.SECOND);
        assertThat(time()).isEqualTo("2027-01-01 00:00:05");
        assertThat(get(6)).as("Friday").isEqualTo(6);
    }

    /** Register B, 24/12: in 12-hour mode 12, 1 to 11, and the high bit for PM. */
    @ParameterizedTest
    @CsvSource({"11, 92", "91, 12", "12, 01", "92, 81", "09, 10"})
    void twelveHourModeCarries(String before, String after) {
        set(0x0B, 0x00);
        setTime("2026-01-01 " + before + ":59:59");
        bench.pass(Clock.SECOND);
        assertThat(get(4)).isEqualTo(Integer.parseInt(after, 16));
    }

    /** Register B, DM: binary rather than BCD. */
    @Test
    void countsInBinary() {
        set(0x0B, 0x06);
        setTime("141a-0c-1f 17:3b:3b");
        bench.pass(Clock.SECOND);
        assertThat(time()).isEqualTo("141b-01-01 00:00:00");
    }

    /** Register B, SET: updates are inhibited, and go on in step with the divider afterwards. */
    @Test
    void setBitStopsUpdates() {
        bench.pass(Clock.SECOND / 4);
        set(0x0B, 0x82);
        bench.pass(10 * Clock.SECOND);
        assertThat(get(0)).isZero();
        set(0x0B, 0x02);
        bench.pass(Clock.SECOND * 3 / 4 - 1);
        assertThat(get(0)).isZero();
        bench.pass(1);
        assertThat(get(0)).isEqualTo(1);
    }

    /** Register B, SET: clears UIE. */
    @Test
    void setBitClearsUpdateInterruptEnable() {
        set(0x0B, 0x92);
        assertThat(get(0x0B)).isEqualTo(0x82);
    }

    /** Update Cycle: UIP rises 244 µs before the update, which takes 1984 µs at 32.768 kHz. */
    @Test
    void updateInProgressWindow() {
        bench.until(Clock.SECOND - 2228 * MICRO - 1);
        assertThat(get(0x0A) & 0x80).isZero();
        bench.pass(1);
        assertThat(get(0x0A) & 0x80).isEqualTo(0x80);
        bench.until(Clock.SECOND - 1);
        assertThat(get(0x0A) & 0x80).isEqualTo(0x80);
        assertThat(get(0)).isZero();
        bench.pass(1);
        assertThat(get(0x0A) & 0x80).isZero();
        assertThat(get(0)).isEqualTo(1);
    }

    @Test
    void updateInProgressIsReadOnlyAndZeroWhileSet() {
        set(0x0A, 0xA6);
        assertThat(get(0x0A)).isEqualTo(0x26);
        set(0x0B, 0x82);
        bench.until(Clock.SECOND - MICRO);
        assertThat(get(0x0A)).isEqualTo(0x26);
    }

    /** Divider Control: reset holds the clock; the first update begins half a second after it is let go. */
    @Test
    void dividerResetHoldsTheClock() {
        set(0x0A, 0x76);
        bench.pass(20 * Clock.SECOND);
        assertThat(get(0)).isZero();
        set(0x0A, 0x26);
        bench.pass(Clock.SECOND / 2 + 1983 * MICRO);
        assertThat(get(0)).isZero();
        bench.pass(MICRO);
        assertThat(get(0)).isEqualTo(1);
    }

    /** Register C: UF is set by every update, whether enabled or not, and reading clears it. */
    @Test
    void updateFlagIsSetAndCleared() {
        bench.skip(Clock.SECOND);
        assertThat(get(0x0C) & 0x90).isEqualTo(0x10);
        assertThat(get(0x0C) & 0x10).isZero();
    }

    /** Update-Ended Interrupt: line 8 until register C is read. */
    @Test
    void updateEndedInterrupt() {
        set(0x0B, 0x12);
        bench.until(Clock.SECOND - 1);
        assertThat(bench.level(8)).isFalse();
        bench.pass(1);
        assertThat(bench.level(8)).isTrue();
        assertThat(get(0x0C) & 0xB0).isEqualTo(0x90);
        assertThat(bench.level(8)).isFalse();
        bench.pass(Clock.SECOND);
        assertThat(bench.level(8)).isTrue();
    }

    /** Register B: enabling an interrupt whose flag is set interrupts at once. */
    @Test
    void enablingASetFlagInterruptsAtOnce() {
        bench.skip(Clock.SECOND);
        set(0x0B, 0x12);
        assertThat(bench.level(8)).isTrue();
        set(0x0B, 0x02);
        assertThat(bench.level(8)).isFalse();
    }

    /** Periodic Interrupt Selection, table for 32.768 kHz: 122 µs to 500 ms; 1 and 2 are those of 8 and 9. */
    @ParameterizedTest
    @CsvSource({"1, 256", "2, 128", "3, 8192", "4, 4096", "5, 2048", "6, 1024", "7, 512", "8, 256", "9, 128", "10, 64", "11, 32",
        "12, 16", "13, 8", "14, 4", "15, 2"})
    void periodicInterruptRate(int select, int hertz) {
        set(0x0A, 0x20 | select);
        get(0x0C);
        set(0x0B, 0x42);
        int interrupts = 0;
        for (int i = 1; i <= hertz; i++) {
            bench.until(Clock.nanosFor(i, hertz) - 1);
            assertThat(bench.level(8)).isFalse();
            bench.pass(1);
            assertThat(bench.level(8)).isTrue();
            interrupts += get(0x0C) >> 6 & 1;
        }
        assertThat(interrupts).isEqualTo(hertz);
        assertThat(bench.now()).isEqualTo(Clock.SECOND);
    }

    @Test
    void rateZeroIsNoPeriodicInterrupt() {
        set(0x0A, 0x20);
        get(0x0C);
        set(0x0B, 0x42);
        bench.pass(2 * Clock.SECOND);
        assertThat(get(0x0C) & 0x40).isZero();
        assertThat(bench.due()).isEqualTo(Long.MAX_VALUE);
    }

    /** Alarm: at the time of its three bytes; a byte of C0h to FFh matches any. */
    @ParameterizedTest
    @CsvSource({"00, 00, 05, 5", "00, 01, 00, 60", "01, 00, 00, 3600", "ff, ff, 07, 7", "c0, 02, 03, 123", "ff, ff, ff, 1", "00, 00, 00, 86400"})
    void alarmInterrupt(String hours, String minutes, String seconds, int expected) {
        set(5, Integer.parseInt(hours, 16));
        set(3, Integer.parseInt(minutes, 16));
        set(1, Integer.parseInt(seconds, 16));
        get(0x0C);
        set(0x0B, 0x22);
        bench.until(expected * Clock.SECOND - 1);
        assertThat(bench.level(8)).isFalse();
        bench.pass(1);
        assertThat(bench.level(8)).isTrue();
        assertThat(get(0x0C) & 0xA0).isEqualTo(0xA0);
    }

    @Test
    void alarmFlagIsFoundAlsoWhenNobodyLookedForHours() {
        set(5, 0x02);
        bench.skip(3 * 3600 * Clock.SECOND);
        assertThat(get(0x0C) & 0x20).isEqualTo(0x20);
    }

    /** Register D: VRT is set, and nothing can be written. */
    @Test
    void registersCAndDAreReadOnly() {
        set(0x0C, 0xFF);
        set(0x0D, 0x00);
        assertThat(get(0x0C) & 0x8F).isZero();
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @Test
    void upperBankIsApart() {
        set(0x40, 0x11);
        bench.out(0x72, 0x40);
        bench.out(0x73, 0x22);
        bench.out(0x72, 0xC0);
        assertThat(bench.in(0x73)).isEqualTo(0x22);
        assertThat(get(0x40)).isEqualTo(0x11);
    }

    @Test
    void nmiMaskIsBit7OfTheIndex() {
        bench.out(0x70, 0x8D);
        assertThat(rtc.nmiMasked()).isTrue();
        assertThat(bench.in(0x71)).isEqualTo(0x80);
        bench.out(0x70, 0x0D);
        assertThat(rtc.nmiMasked()).isFalse();
        assertThat(bench.in(0x70)).isEqualTo(0xFF);
        assertThat(bench.in(0x74)).isEqualTo(0x0D);
    }

    /** The memory sizes of a PC's CMOS: KiB above 1 MiB, 64 KiB above 16 MiB and above 4 GiB. */
    @ParameterizedTest
    @CsvSource({
        "16, 0, 1, 3c00, 0000, 0",
        "64, 0, 1, fc00, 0300, 0",
        "512, 0, 2, ffff, 1f00, 0",
        "3072, 0, 4, ffff, bf00, 0",
        "3072, 5120, 8, ffff, bf00, 14000",
    })
    void firmwareFindsTheMemorySizes(long low, long high, int cpus, String extended, String above16, String above4) {
        Bench board = new Bench(cpus, low << 20, high << 20);
        board.attach(new RealTimeClock("rtc", RealTimeClock.DEFAULT_BASE));
        assertThat(word(board, 0x15)).isEqualTo(640);
        assertThat(word(board, 0x17)).isEqualTo(Integer.parseInt(extended, 16));
        assertThat(word(board, 0x30)).isEqualTo(Integer.parseInt(extended, 16));
        assertThat(word(board, 0x34)).isEqualTo(Integer.parseInt(above16, 16));
        assertThat(word(board, 0x5B) | cell(board, 0x5D) << 16).isEqualTo(Integer.parseInt(above4, 16));
        assertThat(cell(board, 0x5F)).isEqualTo(cpus - 1);
        assertThat(cell(board, 0x3D)).as("disk, then optical disc").isEqualTo(0x32);
        int sum = 0;
        for (int i = 0x10; i < 0x2E; i++) {
            sum += cell(board, i);
        }
        assertThat(cell(board, 0x2E) << 8 | cell(board, 0x2F)).isEqualTo(sum);
    }

    private static int cell(Bench board, int cell) {
        board.out(0x70, cell);
        return board.in(0x71);
    }

    private static int word(Bench board, int cell) {
        return cell(board, cell) | cell(board, cell + 1) << 8;
    }

    /** RESET: interrupt enables and flags are cleared, clock and memory untouched. */
    @Test
    void warmResetKeepsTimeAndMemory() {
        set(0x0F, 0x0A);
        set(0x0B, 0x7A);
        bench.pass(3 * Clock.SECOND);
        rtc.reset(Reset.WARM);
        assertThat(bench.level(8)).isFalse();
        assertThat(get(0x0B)).isEqualTo(0x02);
        assertThat(get(0x0C)).isZero();
        assertThat(get(0x0F)).isEqualTo(0x0A);
        assertThat(get(0)).isEqualTo(3);
    }

    @Test
    void coldResetIsAsNew() {
        set(0x0F, 0x0A);
        set(0x17, 0);
        rtc.reset(Reset.COLD);
        assertThat(get(0x0F)).isZero();
        assertThat(get(0x17) | get(0x18) << 8).isEqualTo(15 * 1024);
    }

    @Test
    void stateCarriesOver() {
        set(0x50, 0x77);
        set(0x0B, 0x12);
        bench.pass(Clock.SECOND / 2);
        rtc = bench.replace(rtc, new RealTimeClock("rtc", "1980-01-01T00:00:00"));
        assertThat(get(0x50)).isEqualTo(0x77);
        assertThat(time()).isEqualTo("2026-01-01 00:00:00");
        bench.pass(Clock.SECOND / 2);
        assertThat(bench.level(8)).isTrue();
    }

    @Test
    void badDateAndBadStateAreRefused() {
        assertThatThrownBy(() -> new RealTimeClock("rtc", "yesterday")).isInstanceOf(OperatorException.class).hasMessageContaining("yesterday");
        assertThatThrownBy(() -> rtc.restore(new State("mc146818", 1, Map.of()))).isInstanceOf(StateException.class);
    }

    @Test
    void operatorSeesTheTime() {
        assertThat(rtc.registers().get(0)).isEqualTo("time = 2026-01-01 00:00:00");
    }

    @Test
    void nothingIsLostOrThrownUnderSwapsAndRandomAccesses() {
        SwapStorm.run(0x146818, () -> new RealTimeClock("rtc", RealTimeClock.DEFAULT_BASE), new int[] {0x70, 0x71, 0x72, 0x73}, 5_000_000_000L);
    }
}
