package com.vtsim.pci.lpc.hpet;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.register.RegisterRules;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.lpc.pit.IntervalTimer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Source: IA-PC HPET (High Precision Event Timers) Specification 1.0a. */
class HpetTest {
    private static final int EDGE = 0x4, LEVEL = 0x6, PERIODIC = 0x8, SET = 0x40, MODE32 = 0x100, FSB = 0x4000;
    private static final int GEN_CONF = 0x10, STATUS = 0x20, COUNTER = 0xF0;
    /** Ticks in a tenth of a second. */
    private static final long TENTH = 1_431_818;

    private final Backplane machine = Backplane.of("t", 1 << 20);
    private final HeardMessages messages = new HeardMessages();
    private final List<Integer> rises = new ArrayList<>();

    @BeforeEach
    void build() {
        machine.add(new HaltedProcessor(0));
        machine.add(messages);
        machine.add(new Hpet("hpet"));
        machine.lines().listen((line, level) -> {
            if (level) {
                rises.add(line);
            }
        });
        rises.clear();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private long get(int offset) {
        return machine.memory().read(Hpet.BASE + offset, 8);
    }

    private void set(int offset, long value) {
        machine.memory().write(Hpet.BASE + offset, 8, value);
    }

    private void timer(int timer, long conf, long comparator) {
        set(0x100 + 0x20 * timer, conf);
        set(0x108 + 0x20 * timer, comparator);
    }

    private void pass(long nanos) throws InterruptedException {
        machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
    }

    @TestFactory
    Stream<DynamicTest> registersObeyTheirTable() {
        return RegisterRules.of(HpetRegister.class, () -> {
            Hpet hpet = new Hpet("hpet");
            return new RegisterRules.Door() {
                @Override
                public long read(int offset, int size) {
                    return hpet.read(offset, size);
                }

                @Override
                public void write(int offset, int size, long value) {
                    hpet.write(offset, size, value);
                }
            };
        }, List.of());
    }

    /** Revision 1, four timers, 64-bit counter, legacy replacement, 69,841,279 fs: 14.31818 MHz. */
    @Test
    void capabilitiesAreThoseOfTheControllerHub() {
        assertThat(get(0)).isEqualTo(0x0429_B17F_8086_A301L);
    }

    @Test
    void theCounterStandsUntilEnabledAndCanBeSetThen() throws InterruptedException {
        pass(1_000_000);
        assertThat(get(COUNTER)).isZero();
        set(COUNTER, 1000);
        pass(1_000_000);
        assertThat(get(COUNTER)).isEqualTo(1000);
    }

    @Test
    void theCounterRunsAtItsFrequency() throws InterruptedException {
        set(GEN_CONF, 1);
        pass(100_000_000);
        assertThat(get(COUNTER)).isEqualTo(TENTH);
        set(GEN_CONF, 0);
        pass(100_000_000);
        assertThat(get(COUNTER)).isEqualTo(TENTH);
    }

    @Test
    void halvesOfTheCounterCanBeRead() throws InterruptedException {
        set(COUNTER, 0x1_2345_6789L);
        assertThat(machine.memory().read(Hpet.BASE + COUNTER, 4)).isEqualTo(0x2345_6789L);
        assertThat(machine.memory().read(Hpet.BASE + COUNTER + 4, 4)).isEqualTo(1);
    }

    @Test
    void aOneShotRaisesItsLineAtTheMatch() throws InterruptedException {
        timer(0, EDGE | 20 << 9, TENTH);
        set(GEN_CONF, 1);
        pass(99_999_000);
        assertThat(rises).isEmpty();
        pass(2_000);
        assertThat(rises).containsExactly(20);
        pass(1_000_000_000);
        assertThat(rises).containsExactly(20);
    }

    @Test
    void aPeriodicTimerRingsAtMultiplesWithoutDrift() throws InterruptedException {
        timer(0, EDGE | PERIODIC | SET | 20 << 9, 1000);
        set(0x108, 1000);
        set(GEN_CONF, 1);
        pass(1_000_000_000);
        assertThat(rises).hasSize(14318);
    }

    /** Timer n Comparator Register: a comparator of 32 bits stays one when the period is added. */
    @Test
    void aPeriodicTimerOf32BitsWraps() throws InterruptedException {
        set(COUNTER, 0xFFFF_0000L);
        timer(0, EDGE | PERIODIC | SET | MODE32 | 20 << 9, 0xFFFF_8000L);
        set(0x108, 0x1_0000);
        set(GEN_CONF, 1);
        pass(3_000_000);
        assertThat(rises).as("at FFFF_8000h, not yet at 8000h behind the wrap").hasSize(1);
        assertThat(get(0x108)).isEqualTo(0x8000);
        pass(5_000_000);
        assertThat(rises).hasSize(2);
    }

    @Test
    void aWriteWithoutSetChangesThePeriodAlone() throws InterruptedException {
        timer(0, EDGE | PERIODIC | SET | 20 << 9, TENTH);
        set(0x108, TENTH / 2);
        set(GEN_CONF, 1);
        pass(100_001_000);
        assertThat(rises).hasSize(1);
        pass(50_000_000);
        assertThat(rises).hasSize(2);
        assertThat(get(0x100) & SET).isZero();
    }

    @Test
    void aLevelTimerHoldsItsLineUntilTheStatusIsCleared() throws InterruptedException {
        timer(0, LEVEL | 21 << 9, 1000);
        set(GEN_CONF, 1);
        pass(1_000_000);
        assertThat(get(STATUS)).isEqualTo(1);
        assertThat(machine.lines().level(21)).isTrue();
        set(STATUS, 1);
        assertThat(get(STATUS)).isZero();
        assertThat(machine.lines().level(21)).isFalse();
    }

    @Test
    void aTimerThatIsNotEnabledIsSilent() throws InterruptedException {
        timer(0, 20 << 9, 1000);
        set(GEN_CONF, 1);
        pass(1_000_000);
        assertThat(rises).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0,23,true", "0,11,false", "2,11,true", "3,12,true", "1,16,false"})
    void onlyTheAnnouncedInputsCanBeUsed(int timer, int input, boolean can) throws InterruptedException {
        timer(timer, EDGE | input << 9, 1000);
        set(GEN_CONF, 1);
        pass(1_000_000);
        assertThat(rises).isEqualTo(can ? List.of(input) : List.of());
    }

    @Test
    void a32BitTimerMatchesAgainWhenTheCounterWraps() throws InterruptedException {
        set(COUNTER, 0xFFFF_FFF0L);
        timer(0, EDGE | MODE32 | 20 << 9, 1000);
        set(GEN_CONF, 1);
        pass(100_000);
        assertThat(rises).containsExactly(20);
        timer(1, EDGE | 21 << 9, 900);
        pass(200_000_000_000L);
        assertThat(rises).containsExactly(20);
        pass(110_000_000_000L);
        assertThat(rises).containsExactly(20, 21, 20);
    }

    @Test
    void aTimerCanSendAMessage() throws InterruptedException {
        set(0x130, 0xFEE0_1000L << 32 | 0x4061);
        timer(1, EDGE | FSB, 1000);
        set(GEN_CONF, 1);
        pass(1_000_000);
        assertThat(messages.heard).containsExactly("fee01000 4061");
        assertThat(rises).isEmpty();
    }

    @Test
    void legacyReplacementTakesThePlacesOfTimerAndClock() throws InterruptedException {
        machine.add(new IntervalTimer("pit"));
        machine.ports().write(0x43, 1, 0x34);
        machine.ports().write(0x40, 1, 0);
        machine.ports().write(0x40, 1, 1);
        timer(0, EDGE | PERIODIC | SET | 20 << 9, TENTH);
        set(0x108, TENTH);
        timer(1, EDGE, TENTH * 3);
        set(GEN_CONF, 3);
        rises.clear();
        pass(350_000_000);
        assertThat(rises).as("three of timer 0, one of timer 1, none of the 8254").containsExactlyInAnyOrder(0, 0, 0, 8);
        set(GEN_CONF, 0);
        rises.clear();
        pass(10_000_000);
        assertThat(rises).as("the 8254 again").isNotEmpty().containsOnly(0);
    }

    @Test
    void aRunningTimerIsHandedOver() throws InterruptedException {
        timer(0, EDGE | PERIODIC | SET | 20 << 9, TENTH);
        set(0x108, TENTH);
        set(GEN_CONF, 1);
        pass(150_000_000);
        Hpet old = machine.find(Hpet.class).orElseThrow();
        machine.remove(old);
        machine.add(new Hpet("hpet"));
        machine.settle();
        assertThat(get(COUNTER)).isEqualTo(TENTH * 3 / 2);
        rises.clear();
        pass(49_000_000);
        assertThat(rises).isEmpty();
        pass(2_000_000);
        assertThat(rises).containsExactly(20);
    }

    @Test
    void resetIsPowerUp() throws InterruptedException {
        State fresh = new Hpet("hpet").save();
        timer(0, LEVEL | 21 << 9, 1000);
        set(GEN_CONF, 3);
        pass(1_000_000);
        machine.reset(Reset.WARM);
        assertThat(machine.lines().level(21)).isFalse();
        assertThat(machine.find(Hpet.class).orElseThrow().save()).usingRecursiveComparison().isEqualTo(fresh);
    }
}
