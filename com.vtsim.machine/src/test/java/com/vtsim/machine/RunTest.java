package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long a machine runs, who runs, and why it stops. */
class RunTest {
    private Backplane machine = Backplane.of("t", 16 << 20);
    private final CountingProcessor cpu = new CountingProcessor(0);

    @AfterEach
    void close() {
        machine.close();
    }

    private Stop run(RunLimits limits) {
        try {
            return machine.run(limits);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static RunLimits until(long nanos) {
        return new RunLimits(Long.MAX_VALUE, nanos, null);
    }

    @Test
    void aLimitOfInstructionsIsExact() {
        machine.add(cpu);
        assertThat(run(RunLimits.instructions(1_234_567)).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        assertThat(machine.status().instructions()).isEqualTo(1_234_567);
        assertThat(cpu.count()).isEqualTo(1_234_567);
        run(RunLimits.instructions(3));
        assertThat(machine.status().instructions()).isEqualTo(1_234_570);
    }

    @Test
    void aVirtualDeadlineIsExactAtTheRate() {
        machine.close();
        machine = new Backplane(Settings.of("t", 1 << 20).mips(300));
        machine.add(cpu);
        assertThat(run(until(1_000_000)).cause()).isEqualTo(Stop.Cause.DEADLINE);
        assertThat(machine.status().instructions()).as("300 instructions a microsecond, 1000 microseconds").isEqualTo(300_000);
        assertThat(machine.status().time()).isEqualTo(1_000_000);
    }

    @Test
    void aDeadlineBetweenTwoInstructionsEndsAtTheFirstAfterIt() {
        machine.close();
        machine = new Backplane(Settings.of("t", 1 << 20).mips(3));
        machine.add(cpu);
        run(until(400));
        assertThat(machine.status().instructions()).as("an instruction takes 333 ns: two are at 666").isEqualTo(2);
    }

    @Test
    void timeIsExactInsideABlock() {
        machine.add(cpu);
        List<Long> times = new ArrayList<>();
        cpu.before = n -> {
            if (n % 100 == 0) {
                times.add(machine.clock().now());
            }
            return true;
        };
        run(RunLimits.instructions(301));
        assertThat(times).containsExactly(0L, 100L, 200L, 300L);
    }

    @Test
    void aTimerFiresBeforeTheInstructionAtItsTime() {
        machine.add(cpu);
        List<Long> fired = new ArrayList<>();
        Clock.Timer timer = machine.clock().timer("t", () -> fired.add(cpu.count()));
        timer.at(5000);
        run(RunLimits.instructions(10_000));
        assertThat(fired).containsExactly(5000L);
        assertThat(timer.deadline()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aTimerArmedInMidBlockShortensIt() {
        machine.add(cpu);
        List<Long> fired = new ArrayList<>();
        Clock.Timer timer = machine.clock().timer("t", () -> fired.add(cpu.count()));
        cpu.before = n -> {
            if (n == 100) {
                timer.at(machine.clock().now() + 50);
            }
            return true;
        };
        run(RunLimits.instructions(100_000));
        assertThat(fired).containsExactly(150L);
    }

    @Test
    void timersDueTogetherGoByPartAndName() {
        machine.add(cpu);
        List<String> fired = new ArrayList<>();
        for (String part : new String[] {"cpu10", "pit", "cpu2"}) {
            FakePart p = new FakePart(part);
            p.onAttach = board -> {
                board.clock().timer("b", () -> fired.add(part + ".b")).at(10);
                board.clock().timer("a", () -> fired.add(part + ".a")).at(10);
            };
            machine.add(p);
        }
        run(RunLimits.instructions(20));
        assertThat(fired).containsExactly("cpu2.a", "cpu2.b", "cpu10.a", "cpu10.b", "pit.a", "pit.b");
    }

    @Test
    void aHaltedMachineJumpsToTheNextTimer() {
        machine.add(cpu);
        machine.clock().timer("wake", () -> cpu.intr(true)).at(Clock.SECOND);
        cpu.before = n -> {
            if (n == 10) {
                cpu.intr(false);
                cpu.halt();
            }
            return true;
        };
        run(RunLimits.instructions(20));
        assertThat(machine.status().time()).as("11 instructions, a jump to one second, 9 instructions").isEqualTo(Clock.SECOND + 9);
    }

    @Test
    void aMachineThatNothingWillWakeIsIdle() {
        machine.add(cpu);
        cpu.halt();
        assertThat(run(RunLimits.NONE).cause()).isEqualTo(Stop.Cause.IDLE);
    }

    @Test
    void processorsTakeTurnsOfAQuantum() {
        machine.close();
        machine = new Backplane(Settings.of("t", 1 << 20).quantum(100));
        CountingProcessor second = new CountingProcessor(1);
        List<Integer> order = new ArrayList<>();
        cpu.before = n -> order.add(0);
        second.before = n -> order.add(1);
        machine.add(second);
        machine.add(cpu);
        run(RunLimits.instructions(50));
        run(RunLimits.instructions(250));
        assertThat(order.subList(0, 100)).containsOnly(0);
        assertThat(order.subList(100, 200)).containsOnly(1);
        assertThat(order.subList(200, 300)).containsOnly(0);
    }

    @Test
    void aTripleFaultResetsThePlatformAndIsReported() {
        machine.add(cpu);
        cpu.before = n -> {
            if (n == 100 && cpu.resets() == 0) {
                cpu.shutDown();
            }
            return true;
        };
        run(RunLimits.instructions(1000));
        assertThat(cpu.resets()).isEqualTo(1);
        assertThat(machine.status().reports()).containsExactly("cpu0: triple fault");
    }

    @Test
    void aTripleFaultStopsTheRunWhereTheOperatorWantsIt() {
        machine.close();
        machine = new Backplane(Settings.of("t", 1 << 20).stopOnShutdown(true));
        machine.add(cpu);
        cpu.before = n -> {
            cpu.shutDown();
            return true;
        };
        assertThat(run(RunLimits.NONE)).isEqualTo(Stop.of(Stop.Cause.BREAKPOINT, "cpu0 has shut down: triple fault"));
        assertThat(cpu.resets()).isZero();
    }

    @Test
    void aPartCanStopTheRunAndSetTheExitStatus() {
        machine.add(cpu);
        FakePart exit = new FakePart("exit");
        exit.onAttach = board -> exit.board = board;
        machine.add(exit);
        cpu.before = n -> {
            if (n == 77) {
                exit.board.stop(new Stop(Stop.Cause.POWER_OFF, "bye", 3));
            }
            return true;
        };
        assertThat(run(RunLimits.NONE)).isEqualTo(new Stop(Stop.Cause.POWER_OFF, "bye", 3));
        assertThat(cpu.count()).as("the instruction completes").isEqualTo(78);
    }

    @Test
    void aRunInTheBackgroundPausesAndGoesOn() throws InterruptedException {
        machine.add(cpu);
        CountDownLatch under = new CountDownLatch(1);
        cpu.before = n -> {
            under.countDown();
            return true;
        };
        machine.start(RunLimits.NONE);
        under.await();
        assertThatThrownBy(() -> machine.run(RunLimits.NONE)).isInstanceOf(OperatorException.class).hasMessage("machine t is running already");
        machine.pause();
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.PAUSED);
        long paused = machine.status().instructions();
        assertThat(paused).isPositive();
        run(RunLimits.instructions(5));
        assertThat(machine.status().instructions()).isEqualTo(paused + 5);
    }

    @Test
    void withoutAProcessorTheRunSaysSo() {
        assertThat(run(RunLimits.NONE)).isEqualTo(Stop.of(Stop.Cause.PARKED, "cpu0 is missing"));
    }

    @Test
    void coldResetClearsRamAndWarmResetKeepsIt() {
        machine.add(cpu);
        machine.memory().write(0x5000, 4, 0x1234);
        machine.reset(Reset.WARM);
        assertThat(machine.memory().read(0x5000, 4)).isEqualTo(0x1234);
        machine.reset(Reset.COLD);
        assertThat(machine.memory().read(0x5000, 4)).isZero();
        assertThat(cpu.resets()).isEqualTo(2);
    }

    /** A world in which every look at the clock takes 100 microseconds. */
    private static java.util.function.LongSupplier world() {
        java.util.concurrent.atomic.AtomicLong time = new java.util.concurrent.atomic.AtomicLong(Long.MIN_VALUE);
        return () -> time.addAndGet(100_000);
    }

    @Test
    void realTimeIsNotOverrun() {
        machine.close();
        java.util.function.LongSupplier wall = world();
        machine = new Backplane(Settings.of("t", 1 << 20).realtime(true), wall);
        machine.add(cpu);
        long begin = wall.getAsLong();
        long[] ahead = new long[1];
        cpu.before = n -> {
            if (n % 1000 == 0) {
                ahead[0] = Math.max(ahead[0], machine.clock().now() - (wall.getAsLong() - begin));
            }
            return true;
        };
        run(until(30_000_000));
        assertThat(machine.status().time()).isEqualTo(30_000_000);
        assertThat(ahead[0]).as("virtual time ahead of the world's: a slice of 1 ms and the slack of another").isLessThanOrEqualTo(2_000_000);
    }

    @Test
    void aHaltedMachineWaitsForTheWorldInRealTime() {
        machine.close();
        java.util.function.LongSupplier wall = world();
        machine = new Backplane(Settings.of("t", 1 << 20).realtime(true), wall);
        machine.add(cpu);
        cpu.halt();
        machine.clock().timer("wake", () -> cpu.intr(true)).at(5_000_000);
        long begin = wall.getAsLong();
        run(RunLimits.instructions(1));
        assertThat(wall.getAsLong() - begin).isGreaterThan(5_000_000);
        assertThat(machine.status().time()).isEqualTo(5_000_001);
    }

    @Test
    void anIdleMachineWaitsForInputWhereTheOperatorWantsIt() throws InterruptedException {
        machine.close();
        machine = new Backplane(Settings.of("t", 1 << 20).waitWhenIdle(true));
        machine.add(cpu);
        cpu.halt();
        machine.start(RunLimits.instructions(10));
        assertThat(machine.status().running()).isTrue();
        machine.call(() -> {
            cpu.intr(true);
            return null;
        });
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        cpu.intr(false);
        cpu.halt();
        machine.start(RunLimits.NONE);
        machine.pause();
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.PAUSED);
    }
}
