package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Recorder;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The recorded past: the same machine, to the bit, at an earlier instruction, and on from there as before. */
class PastTest {
    private static final long PLENTY = 64 << 20;
    private final CountingProcessor first = new CountingProcessor(0);
    private final CountingProcessor second = new CountingProcessor(1);
    private final FakePart pit = new FakePart("pit");
    private final FakeConsole console = new FakeConsole("com1");

    /** Two processors that write all over the memory, and a timer. */
    private Backplane machine() {
        return machine(Settings.of("t", 1 << 20).quantum(100));
    }

    private Backplane machine(Settings settings) {
        Backplane machine = new Backplane(settings);
        machine.add(first);
        machine.add(second);
        second.before = n -> {
            second.board().memory().write(0x1_0000 + n * 4099 % 0xE_0000, 4, n);
            return true;
        };
        pit.onAttach = board -> {
            var alarm = new com.vtsim.api.machine.Clock.Timer[1];
            alarm[0] = board.clock().timer("tick", () -> {
                pit.value = pit.value / 1000 * 1000 + (pit.value + 1) % 1000;
                alarm[0].at((board.clock().now() / 333 + 1) * 333);
            });
            alarm[0].at((board.clock().now() / 333 + 1) * 333);
        };
        machine.add(pit);
        machine.add(console);
        return machine;
    }

    private static void run(Backplane machine, long instructions) throws InterruptedException {
        machine.run(RunLimits.instructions(instructions));
    }

    private static Recorder.Recorded recorded(Backplane machine) {
        return machine.recorder().recorded().orElseThrow();
    }

    @Test
    void anyEarlierInstructionIsReachedToTheBit() throws InterruptedException {
        Backplane machine = machine();
        run(machine, 1000);
        machine.recorder().begin(PLENTY);
        TreeMap<Long, String> digests = new TreeMap<>();
        digests.put(1000L, machine.digest());
        for (int i = 0; i < 20; i++) {
            run(machine, 777);
            digests.put(machine.status().instructions(), machine.digest());
        }
        List<Long> places = new ArrayList<>(digests.keySet());
        Random random = new Random(7);
        for (int i = 0; i < 40; i++) {
            long place = places.get(random.nextInt(places.size()));
            machine.recorder().go(place);
            assertThat(machine.status().instructions()).isEqualTo(place);
            assertThat(machine.digest()).as("at %d", place).isEqualTo(digests.get(place));
        }
        assertThat(recorded(machine).from()).isEqualTo(1000);
        assertThat(recorded(machine).to()).isEqualTo(1000 + 20 * 777);
    }

    @Test
    void whatAPartPostedComesAgain() throws InterruptedException {
        Backplane machine = machine();
        boolean[] once = {true};
        first.before = n -> {
            if (n == 333 && once[0]) {
                once[0] = false;
                pit.board.post(() -> pit.value += 5000);
                return false;
            }
            return true;
        };
        machine.recorder().begin(PLENTY);
        run(machine, 3000);
        String end = machine.digest();
        assertThat(pit.value).isGreaterThan(5000);
        machine.recorder().go(100);
        assertThat(pit.value).isLessThan(1000);
        machine.recorder().go(3000);
        assertThat(machine.digest()).isEqualTo(end);
        machine.recorder().go(50);
        run(machine, 2950);
        assertThat(machine.digest()).as("going on by itself").isEqualTo(end);
        assertThat(recorded(machine).inputs()).isEqualTo(1);
    }

    @Test
    void whatTheOperatorDidBetweenRunsComesAgain() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 500);
        machine.call(() -> pit.value = 100_000);
        run(machine, 500);
        machine.call(() -> {
            machine.memory().write(0x4000, 4, 0xCAFE);
            return null;
        });
        run(machine, 500);
        machine.reset(Reset.WARM);
        run(machine, 500);
        String end = machine.digest();
        machine.recorder().go(250);
        assertThat(pit.value).isLessThan(1000);
        assertThat(machine.memory().read(0x4000, 4)).isZero();
        machine.recorder().go(1250);
        assertThat(pit.value).isGreaterThan(99_999);
        assertThat(machine.memory().read(0x4000, 4)).isEqualTo(0xCAFE);
        machine.recorder().go(10);
        run(machine, 1990);
        assertThat(machine.digest()).isEqualTo(end);
    }

    @Test
    void lookingChangesNothing() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 500);
        int checkpoints = recorded(machine).checkpoints();
        machine.call(() -> machine.memory().read(0x1000, 8));
        machine.call(() -> first.retired());
        machine.status();
        assertThat(recorded(machine).checkpoints()).isEqualTo(checkpoints);
    }

    @Test
    void aChangeInThePastForgetsWhatCameAfter() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 1000);
        machine.call(() -> pit.value = 7000);
        run(machine, 1000);
        machine.recorder().go(400);
        machine.call(() -> pit.value = 9000);
        assertThat(recorded(machine).to()).isEqualTo(400);
        run(machine, 1600);
        assertThat(pit.value).isGreaterThan(8999);
    }

    @Test
    void littleMemoryMakesThePastShorterAndStaysRight() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(4 << 20);
        TreeMap<Long, String> digests = new TreeMap<>();
        for (int i = 0; i < 30; i++) {
            run(machine, 300);
            machine.call(() -> pit.value += 1000); // a checkpoint each
            digests.put(machine.status().instructions(), machine.digest());
        }
        Recorder.Recorded left = recorded(machine);
        assertThat(left.from()).isPositive();
        assertThat(left.bytes()).isLessThanOrEqualTo((1 << 20) + (4 << 20));
        assertThatThrownBy(() -> machine.recorder().go(left.from() - 1)).isInstanceOf(OperatorException.class)
            .hasMessageContaining(left.from() + " to " + left.to());
        assertThat(machine.status().instructions()).isEqualTo(9000);
        for (long place : digests.tailMap(left.from()).keySet()) {
            machine.recorder().go(place);
            assertThat(machine.digest()).as("at %d", place).isEqualTo(digests.get(place));
        }
    }

    @Test
    void eachProcessorStepsBackOnItsOwn() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 250); // turns of 100: the first has retired 150, the second 100
        assertThat(machine.recorder().before("cpu0", 150)).isTrue();
        assertThat(first.retired()).isEqualTo(149);
        assertThat(second.retired()).isEqualTo(100);
        assertThat(machine.recorder().before("cpu1", 100)).isTrue();
        assertThat(second.retired()).isEqualTo(99);
        assertThat(first.retired()).isEqualTo(100);
        assertThat(machine.recorder().before("cpu0", 101)).as("later than where it is").isTrue();
        assertThat(machine.status().instructions()).isEqualTo(200);
        assertThat(machine.recorder().before("cpu0", 151)).as("it has not retired so many").isFalse();
        assertThat(machine.status().instructions()).isEqualTo(200);
        assertThat(machine.recorder().before("cpu1", 0)).as("before the past").isFalse();
        assertThatThrownBy(() -> machine.recorder().before("cpu9", 1)).isInstanceOf(OperatorException.class).hasMessageContaining("cpu9");
    }

    @Test
    void errorsOfMemoryBelongToThePast() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 100);
        machine.call(() -> {
            machine.memory().poison(0x8_0000, 64);
            return null;
        });
        run(machine, 100);
        machine.recorder().go(50);
        assertThat(machine.memory().poisoned()).isEmpty();
        run(machine, 100);
        assertThat(machine.memory().poisoned()).containsExactly(0x8_0000L);
    }

    @Test
    void consolesHaveSaidWhatTheyHadSaidAndListenersHearItOnce() throws InterruptedException {
        Backplane machine = machine();
        first.before = n -> {
            if (n == 60 || n == 160) {
                console.print("at " + n + ".");
            }
            return true;
        };
        StringBuilder heard = new StringBuilder();
        machine.listen((part, value) -> heard.append((char) value));
        machine.recorder().begin(PLENTY);
        run(machine, 400);
        machine.recorder().go(100);
        assertThat(machine.transcripts()).containsEntry("com1", "at 60.");
        machine.recorder().go(400);
        assertThat(machine.transcripts()).containsEntry("com1", "at 60.at 160.");
        assertThat(heard).hasToString("at 60.at 160.");
    }

    @Test
    void whatWasTypedComesAgain() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 100);
        machine.input("com1", new byte[] {'x'});
        run(machine, 100);
        assertThatThrownBy(() -> machine.input("com7", new byte[1])).isInstanceOf(OperatorException.class).hasMessage("no console of machine t 'com7'; there is com1");
        assertThat(console.typed).isEqualTo("x");
    }

    @Test
    void whatCannotBeRepeatedIsRefused() throws InterruptedException {
        Backplane paced = machine(Settings.of("t", 1 << 20).realtime(true));
        assertThatThrownBy(() -> paced.recorder().begin(PLENTY)).isInstanceOf(OperatorException.class).hasMessageContaining("realtime");
        Backplane machine = machine();
        machine.add(new FakePart("disk") {
            @Override
            public String irrevocable() {
                return "writes to /tmp/x";
            }
        });
        assertThatThrownBy(() -> machine.recorder().begin(PLENTY)).isInstanceOf(OperatorException.class).hasMessageContaining("disk writes to /tmp/x");
        assertThat(machine.recorder().recorded()).isEmpty();
        assertThatThrownBy(() -> machine.recorder().go(0)).isInstanceOf(OperatorException.class).hasMessageContaining("not recorded");
    }

    @Test
    void whenPartsChangeThePastBeginsAnew() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 300);
        machine.remove(pit);
        run(machine, 300);
        assertThat(recorded(machine).from()).isEqualTo(300);
        machine.recorder().go(350);
        assertThat(machine.status().instructions()).isEqualTo(350);
    }

    @Test
    void whatAPartPostedBeforeItLeftIsDropped() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        boolean[] acted = {false};
        first.before = n -> {
            if (n == 50) {
                pit.board.post(() -> acted[0] = true);
                Thread operator = new Thread(() -> machine.remove(pit));
                operator.start();
                while (operator.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait(); // until its request is behind the part's, so that both are taken before the run goes on
                }
                return false;
            }
            return true;
        };
        run(machine, 200);
        assertThat(machine.part("pit").filter(Machine.PartInfo::present)).isEmpty();
        assertThat(acted[0]).isFalse();
    }

    @Test
    void anEndedRecordingIsForgotten() throws InterruptedException {
        Backplane machine = machine();
        machine.recorder().begin(PLENTY);
        run(machine, 300);
        machine.recorder().end();
        assertThat(machine.recorder().recorded()).isEmpty();
        run(machine, 300);
        assertThat(machine.status().instructions()).isEqualTo(600);
    }

    @Test
    void idleTimeIsRepeated() throws InterruptedException {
        Backplane machine = machine();
        second.halt();
        machine.recorder().begin(PLENTY);
        first.before = n -> {
            if (n == 50) {
                first.halt();
            }
            return true;
        };
        machine.run(new RunLimits(Long.MAX_VALUE, 10_000, null));
        long now = machine.status().time();
        long ticks = pit.value;
        assertThat(now).isEqualTo(10_000);
        first.before = n -> true;
        machine.call(() -> {
            first.nmi();
            return null;
        });
        run(machine, 100);
        String end = machine.digest();
        machine.recorder().go(20);
        assertThat(pit.value).isLessThan(ticks);
        first.before = n -> {
            if (n == 50) {
                first.halt();
            }
            return true;
        };
        machine.recorder().go(151);
        assertThat(machine.digest()).isEqualTo(end);
    }
}
