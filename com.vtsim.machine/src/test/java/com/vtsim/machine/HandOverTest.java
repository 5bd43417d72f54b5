package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.machine.Stop;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts that come, go and replace each other. */
class HandOverTest {
    private final Backplane machine = new Backplane(Settings.of("t", 1 << 20));

    @AfterEach
    void close() {
        machine.close();
    }

    private static FakePart pic(String model) {
        FakePart part = new FakePart("irq", model);
        part.hasNeutral = true;
        return part;
    }

    private String carried(Part part) {
        return machine.part(part.name()).map(PartInfo::carried).orElse("absent");
    }

    @Test
    void theSameModelAdoptsTheWholeState() {
        FakePart old = pic("pic");
        old.value = 42;
        machine.add(old, "com.vtsim.irq.pic", "com.vtsim.irq.pic 1.0.0");
        assertThat(carried(old)).isEqualTo("new");
        machine.remove(old);
        assertThat(old.detached).isEqualTo(1);
        assertThat(machine.part("irq")).contains(new PartInfo("irq", "", "com.vtsim.irq.pic", "", false, ""));
        FakePart fresh = pic("pic");
        machine.add(fresh, "com.vtsim.irq.pic", "com.vtsim.irq.pic 1.0.1");
        assertThat(fresh.value).isEqualTo(42);
        assertThat(machine.parts()).containsExactly(new PartInfo("irq", "pic", "com.vtsim.irq.pic", "com.vtsim.irq.pic 1.0.1", true, "state"));
    }

    @Test
    void anotherModelAdoptsTheNeutralState() {
        FakePart old = pic("pic");
        old.value = 42;
        machine.add(old);
        machine.remove(old);
        FakePart fresh = pic("apic");
        machine.add(fresh);
        assertThat(fresh.restored).isEqualTo("family");
        assertThat(fresh.value).isEqualTo(42);
        assertThat(carried(fresh)).isEqualTo("neutral state");
    }

    @Test
    void anotherModelWithoutNeutralStateBeginsAfresh() {
        FakePart old = new FakePart("com1", "a");
        old.value = 42;
        machine.add(old);
        machine.remove(old);
        FakePart fresh = new FakePart("com1", "b");
        machine.add(fresh);
        assertThat(fresh.value).isZero();
        assertThat(carried(fresh)).isEqualTo("new");
    }

    @Test
    void aStateThatCannotBeAdoptedIsReported() {
        FakePart old = new FakePart("com1");
        machine.add(old);
        machine.remove(old);
        FakePart fresh = new FakePart("com1") {
            @Override
            public void restore(State state) {
                throw new StateException("state field fake.fifo is missing");
            }
        };
        machine.add(fresh);
        assertThat(carried(fresh)).isEqualTo("new: state field fake.fifo is missing");
        assertThat(machine.status().reports()).containsExactly("com1: cannot adopt the state left behind: state field fake.fifo is missing");
    }

    @Test
    void everyPartIsAttachedAfreshAfterAChange() {
        FakePart a = new FakePart("a");
        a.onAttach = board -> board.ports().map(0x100, 1, 1, new Latch());
        machine.add(a);
        assertThat(a.attached).isEqualTo(1);
        FakePart b = new FakePart("b");
        machine.add(b);
        assertThat(a.attached).isEqualTo(2);
        assertThat(b.board.find(FakePart.class)).contains(a);
        assertThat(machine.ports().ranges()).hasSize(1);
        machine.remove(a);
        machine.settle();
        assertThat(b.attached).isEqualTo(2);
        assertThat(b.board.find(FakePart.class)).contains(b);
        assertThat(machine.ports().read(0x100, 1)).isEqualTo(0xFF);
    }

    @Test
    void theBoardOfAnEarlierAttachIsNoGood() {
        FakePart a = new FakePart("a");
        machine.add(a);
        var old = a.board;
        machine.add(new FakePart("b"));
        assertThatThrownBy(() -> old.ports().map(1, 1, 1, new Latch())).hasMessage("a uses the board of an earlier attach");
    }

    @Test
    void aSecondPartOfANameWaitsForTheFirstToGo() {
        FakePart first = pic("pic");
        first.value = 7;
        machine.add(first);
        FakePart second = pic("apic");
        machine.add(second);
        assertThat(machine.find(FakePart.class)).contains(first);
        machine.remove(first);
        assertThat(machine.find(FakePart.class)).contains(second);
        assertThat(second.value).isEqualTo(7);
    }

    @Test
    void aRunParksWhileTheInterruptControllerIsAway() throws InterruptedException {
        CountingProcessor cpu = new CountingProcessor(0);
        machine.add(cpu);
        FakePart pic = pic("pic");
        machine.add(pic);
        CountDownLatch under = new CountDownLatch(1);
        cpu.before = n -> {
            under.countDown();
            return true;
        };
        machine.start(RunLimits.instructions(50_000_000));
        under.await();
        pic.value = 99;
        machine.remove(pic);
        assertThat(machine.status().running()).isFalse();
        assertThat(machine.status().stop()).isEqualTo(Stop.of(Stop.Cause.PARKED, "irq is missing"));
        long parked = machine.status().instructions();
        assertThat(machine.status().instructions()).isEqualTo(parked);
        FakePart next = pic("pic");
        machine.add(next);
        assertThat(next.value).isEqualTo(99);
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        assertThat(cpu.count()).isEqualTo(50_000_000);
    }

    /** A run of a machine whose device is taken away, and perhaps comes back when the machine has noticed. */
    private long instructionsWithout(long grace, boolean back) throws InterruptedException {
        try (Backplane held = new Backplane(Settings.of("h", 1 << 20).grace(grace))) {
            CountingProcessor cpu = new CountingProcessor(0);
            FakePart uart = new FakePart("com1");
            held.add(cpu);
            held.add(uart);
            long[] without = new long[1];
            long[] after = new long[1];
            CountDownLatch under = new CountDownLatch(1);
            AtomicBoolean changed = new AtomicBoolean();
            cpu.before = n -> {
                under.countDown();
                without[0] += held.find(FakePart.class).isEmpty() ? 1 : 0;
                if (changed.get() && ++after[0] == 1000) {
                    cpu.board().stop(Stop.of(Stop.Cause.POWER_OFF, ""));
                }
                return true;
            };
            held.start(RunLimits.NONE);
            under.await();
            held.remove(uart);
            held.settle();
            if (back) {
                held.add(new FakePart("com1"));
            }
            changed.set(true);
            assertThat(held.await().cause()).isEqualTo(Stop.Cause.POWER_OFF);
            return without[0];
        }
    }

    @Test
    void aRunWaitsAWhileForTheSuccessorOfADevice() throws InterruptedException {
        assertThat(instructionsWithout(60_000, true)).as("the guest did not see it away").isZero();
        assertThat(instructionsWithout(1, false)).as("after the grace it is missing hardware").isPositive();
        assertThat(instructionsWithout(0, false)).isPositive();
    }

    /** The wall's clock stands still: a run that waited would wait for ever. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aRunDoesNotWaitForASuccessorOfWhatGoesForGood() throws InterruptedException {
        try (Backplane held = new Backplane(Settings.of("h", 1 << 20).grace(60_000), () -> 0)) {
            FakePart uart = new FakePart("com1");
            CountingProcessor cpu = new CountingProcessor(0);
            held.add(cpu);
            held.add(uart);
            CountDownLatch under = new CountDownLatch(1);
            cpu.before = n -> {
                under.countDown();
                if (held.find(FakePart.class).isEmpty()) {
                    cpu.board().stop(Stop.of(Stop.Cause.POWER_OFF, "it is gone"));
                }
                return true;
            };
            held.start(RunLimits.NONE);
            under.await();
            held.dismiss("com1");
            held.remove(uart);
            assertThat(held.await()).isEqualTo(Stop.of(Stop.Cause.POWER_OFF, "it is gone"));

            FakePart next = new FakePart("com1");
            held.add(next);
            CountDownLatch again = new CountDownLatch(1);
            cpu.before = n -> {
                again.countDown();
                return true;
            };
            held.start(RunLimits.NONE);
            again.await();
            held.remove(next);
            long parked = held.status().instructions();
            assertThat(held.status().instructions()).as("who was not dismissed is waited for").isEqualTo(parked);
            cpu.before = n -> {
                cpu.board().stop(Stop.of(Stop.Cause.POWER_OFF, "late"));
                return true;
            };
            held.dismiss("com1");
            assertThat(held.await()).as("dismissed after it has left").isEqualTo(Stop.of(Stop.Cause.POWER_OFF, "late"));
        }
    }

    @Test
    void aProcessorIsReplacedUnderWay() throws InterruptedException {
        CountingProcessor old = new CountingProcessor(0);
        machine.add(old);
        machine.run(RunLimits.instructions(1000));
        machine.remove(old);
        assertThat(machine.run(RunLimits.NONE)).isEqualTo(Stop.of(Stop.Cause.PARKED, "cpu0 is missing"));
        CountingProcessor next = new CountingProcessor(0);
        machine.add(next);
        machine.run(RunLimits.instructions(500));
        assertThat(next.retired()).isEqualTo(1500);
        assertThat(machine.status().instructions()).isEqualTo(1500);
    }

    @Test
    void swapsDoNotChangeWhatTheGuestSees() throws InterruptedException {
        machine.add(new CountingProcessor(0));
        machine.add(pic("pic"));
        machine.run(RunLimits.instructions(30_000));
        try (Backplane swapped = Backplane.of("t", 1 << 20)) {
            Part cpu = new CountingProcessor(0);
            swapped.add(cpu);
            Part irq = pic("pic");
            swapped.add(irq);
            for (int i = 0; i < 30; i++) {
                swapped.run(RunLimits.instructions(1000));
                Part next = i % 2 == 0 ? pic("pic") : new CountingProcessor(0);
                swapped.remove(i % 2 == 0 ? irq : cpu);
                swapped.add(next);
                if (i % 2 == 0) {
                    irq = next;
                } else {
                    cpu = next;
                }
            }
            assertThat(swapped.digest()).isEqualTo(machine.digest());
        }
    }

    @Test
    void expectedPartsAreListedWhileAbsent() throws InterruptedException {
        try (Backplane expecting = new Backplane(Settings.of("e", 1 << 20).expects(java.util.Map.of("irq", "com.vtsim.irq.pic")))) {
            expecting.add(new CountingProcessor(0));
            assertThat(expecting.part("irq")).contains(new PartInfo("irq", "", "com.vtsim.irq.pic", "", false, ""));
            assertThat(expecting.run(RunLimits.NONE)).isEqualTo(Stop.of(Stop.Cause.PARKED, "irq is missing"));
        }
    }

    @Test
    void aPartCanLeaveAMachineThatIsGone() {
        FakePart part = new FakePart("a");
        machine.add(part);
        machine.close();
        machine.remove(part);
        assertThat(part.detached).isEqualTo(1);
    }

    @Test
    void removingAMachineEndsItsRun() throws InterruptedException {
        machine.add(new CountingProcessor(0));
        machine.start(RunLimits.NONE);
        machine.close();
        assertThat(machine.await()).isEqualTo(Stop.of(Stop.Cause.PAUSED, "the machine is being removed"));
    }
}
