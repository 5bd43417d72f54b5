package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.Stop;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Parts that throw: the machine parks between two instructions, says where, and goes on once the part is replaced. */
class FailureTest {
    private final Backplane machine = Backplane.of("t", 1 << 20);
    private final CountingProcessor cpu = new CountingProcessor(0);

    @AfterEach
    void close() {
        machine.close();
    }

    private static FakePart part(Consumer<Board> onAttach) {
        FakePart part = new FakePart("bad");
        part.onAttach = onAttach;
        return part;
    }

    private Stop failing(FakePart bad, Runnable atInstruction100) throws InterruptedException {
        machine.add(cpu);
        machine.add(bad);
        cpu.before = n -> {
            if (n == 100) {
                atInstruction100.run();
            }
            return true;
        };
        Stop stop = machine.run(RunLimits.instructions(1000));
        assertThat(stop.cause()).isEqualTo(Stop.Cause.FAILED);
        assertThat(stop.text()).startsWith("bad failed in ").contains("FailureTest").endsWith("IllegalStateException: broken");
        assertThat(machine.status().reports()).last().asString().startsWith("bad: failed in ");
        assertThat(machine.events()).anyMatch(e -> e.kind().equals("machine.failed") && e.text().startsWith("at "));
        machine.remove(bad);
        machine.add(new FakePart("bad"));
        assertThat(machine.run(RunLimits.instructions(1000)).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        return stop;
    }

    @Test
    void inARegisterRead() throws InterruptedException {
        long[] read = new long[1];
        FakePart bad = part(board -> board.memory().map(0xFEC0_0000L, 0x1000, new Broken()));
        Stop stop = failing(bad, () -> read[0] = machine.memory().read(0xFEC0_0000L, 4));
        assertThat(read[0]).as("the processor sees missing hardware and completes its instruction").isEqualTo(0xFFFF_FFFFL);
        assertThat(cpu.retired()).isEqualTo(101 + 1000);
        assertThat(stop.text()).startsWith("bad failed in a read of its registers at com.vtsim.machine.FailureTest$Broken.read:");
    }

    @Test
    void inAPortWrite() throws InterruptedException {
        Stop stop = failing(part(board -> board.ports().map(0x300, 1, 1, new BrokenPort())), () -> machine.ports().write(0x300, 1, 0));
        assertThat(stop.text()).startsWith("bad failed in a write to port 0300");
    }

    @Test
    void inATimer() throws InterruptedException {
        Stop stop = failing(part(board -> board.clock().timer("tick", FailureTest::fail).at(500)), () -> { });
        assertThat(stop.text()).startsWith("bad failed in timer tick");
        assertThat(cpu.retired()).isEqualTo(1500);
    }

    @Test
    void inALineSink() throws InterruptedException {
        boolean[] armed = new boolean[1];
        Stop stop = failing(part(board -> board.lines().listen((line, level) -> {
            if (armed[0]) {
                fail();
            }
        })), () -> {
            armed[0] = true;
            machine.lines().driver(3, "x").set(true);
        });
        assertThat(stop.text()).startsWith("bad failed in a change of line 3");
    }

    @Test
    void inAPostedAction() throws InterruptedException {
        FakePart[] bad = new FakePart[1];
        bad[0] = part(board -> { });
        machine.add(cpu);
        machine.add(bad[0]);
        cpu.before = n -> {
            if (n == 100) {
                bad[0].board.post(FailureTest::fail);
            }
            return n != 100;
        };
        assertThat(machine.run(RunLimits.NONE).text()).startsWith("bad failed in a posted action");
        assertThat(cpu.retired()).isEqualTo(101);
    }

    @Test
    void aTimerThatIsDueForEver() throws InterruptedException {
        machine.add(cpu);
        FakePart bad = part(board -> {
            com.vtsim.api.machine.Clock.Timer[] timer = new com.vtsim.api.machine.Clock.Timer[1];
            timer[0] = board.clock().timer("tick", () -> timer[0].at(5));
            timer[0].at(5);
        });
        machine.add(bad);
        assertThat(machine.run(RunLimits.NONE).text()).contains("bad failed in timer tick").endsWith("timer tick is due again and again at one instant");
    }

    @Test
    void inExecution() throws InterruptedException {
        machine.add(cpu);
        cpu.before = n -> {
            if (n == 50) {
                fail();
            }
            return true;
        };
        assertThat(machine.run(RunLimits.NONE).text()).startsWith("cpu0 failed in execution at com.vtsim.machine.").endsWith("broken");
        assertThat(machine.status().instructions()).isEqualTo(50);
        CountingProcessor next = new CountingProcessor(0);
        machine.remove(cpu);
        machine.add(next);
        machine.run(RunLimits.instructions(50));
        assertThat(next.retired()).isEqualTo(100);
    }

    @Test
    void inAttach() throws InterruptedException {
        machine.add(cpu);
        FakePart bad = part(board -> {
            board.ports().map(0x300, 1, 1, new Latch());
            fail();
        });
        machine.add(bad);
        assertThat(machine.run(RunLimits.NONE).text()).startsWith("bad failed in attach at com.vtsim.machine.FailureTest");
        assertThat(machine.ports().ranges()).as("what it had mapped before is withdrawn").isEmpty();
        assertThat(machine.run(RunLimits.NONE).cause()).as("still").isEqualTo(Stop.Cause.FAILED);
        machine.remove(bad);
        assertThat(machine.run(RunLimits.instructions(10)).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
    }

    @Test
    void inSave() throws InterruptedException {
        machine.add(cpu);
        FakePart bad = new FakePart("bad") {
            @Override
            public State save() {
                throw new IllegalStateException("broken");
            }
        };
        machine.add(bad);
        assertThatThrownBy(machine::digest).hasMessage("bad cannot save its state: java.lang.IllegalStateException: broken");
        machine.remove(bad);
        FakePart next = new FakePart("bad");
        machine.add(next);
        assertThat(machine.part("bad").orElseThrow().carried()).isEqualTo("new");
        assertThat(machine.status().reports()).anyMatch(r -> r.startsWith("bad: failed in save"));
        assertThat(machine.run(RunLimits.instructions(10)).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
    }

    @Test
    void anOperatorsAccessGetsTheExceptionItself() {
        machine.add(part(board -> board.ports().map(0x300, 1, 1, new BrokenPort())));
        assertThatThrownBy(() -> machine.call(() -> machine.ports().read(0x300, 1))).isInstanceOf(IllegalStateException.class).hasMessage("broken");
    }

    @Test
    void reportsAreCountedAndBounded() {
        FakePart part = part(board -> { });
        machine.add(part);
        machine.call(() -> {
            for (int i = 0; i < 1100; i++) {
                part.board.report("odd value " + i);
            }
            part.board.report("twice");
            part.board.report("once");
            part.board.report("twice");
            return null;
        });
        List<String> reports = machine.status().reports();
        assertThat(reports).hasSize(1001).startsWith("102 older reports dropped").endsWith("bad: once", "bad: twice (2 times)");
    }

    private static void fail() {
        throw new IllegalStateException("broken");
    }

    private static final class Broken implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            throw new IllegalStateException("broken");
        }

        @Override
        public void write(int offset, int size, long value) {
            throw new IllegalStateException("broken");
        }
    }

    private static final class BrokenPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            throw new IllegalStateException("broken");
        }

        @Override
        public void write(int port, int size, int value) {
            throw new IllegalStateException("broken");
        }
    }
}
