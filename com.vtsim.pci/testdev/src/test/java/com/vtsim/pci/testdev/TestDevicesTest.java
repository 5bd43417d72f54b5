package com.vtsim.pci.testdev;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.machine.Backplane;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The test devices by their ports, as the suites' own libraries use them. */
class TestDevicesTest {
    private final Backplane machine = Backplane.of("t", 1 << 20);
    private final TestDevices devices = new TestDevices("test");

    TestDevicesTest() {
        machine.add(devices);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** Makes port writes, one an instruction, then does nothing for ever. */
    private static final class Writer extends HaltedProcessor {
        private final int[][] writes;
        private Board board;
        private int done;
        private boolean leave;

        Writer(int[]... writes) {
            super(0);
            this.writes = writes;
        }

        @Override
        public Outcome run(long budget) {
            leave = false;
            for (long n = 0; n < budget; n++) {
                if (done < writes.length) {
                    board.ports().write(writes[done][0], writes[done][1], writes[done][2]);
                }
                done++;
                if (leave) {
                    return Outcome.LEFT;
                }
            }
            return Outcome.BUDGET;
        }

        @Override
        public void attach(Board newBoard) {
            board = newBoard;
        }

        @Override
        public long retired() {
            return done;
        }

        @Override
        public void leave() {
            leave = true;
        }

        @Override
        public boolean idle() {
            return false;
        }
    }

    private Stop run(int[]... writes) {
        machine.add(new Writer(writes));
        try {
            return machine.run(RunLimits.instructions(1000));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,3", "0x10,33", "0x7F,255", "0xFF,255"})
    void theExitPortEndsTheRunWithItsStatus(int value, int status) {
        Stop stop = run(new int[] {0xF4, 4, value});
        assertThat(stop.cause()).isEqualTo(Stop.Cause.POWER_OFF);
        assertThat(stop.exitStatus()).isEqualTo(status);
        assertThat(machine.status().instructions()).as("after that very instruction").isEqualTo(1);
    }

    private static int[][] text(String text) {
        return text.chars().mapToObj(c -> new int[] {0x8900, 1, c}).toArray(int[][]::new);
    }

    @Test
    void theTextShutdownSwitchesThePowerOff() {
        Stop stop = run(text("ShuShutdown"));
        assertThat(stop.cause()).isEqualTo(Stop.Cause.POWER_OFF);
        assertThat(stop.exitStatus()).isEqualTo(-1);
    }

    @Test
    void anyOtherTextDoesNot() {
        assertThat(run(text("shutdown Shut down Shutdow")).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
    }

    @Test
    void latchesReadBackInEveryWidth() {
        machine.ports().write(0xE0, 4, 0x1234_5678);
        assertThat(machine.ports().read(0xE0, 4)).isEqualTo(0x1234_5678);
        assertThat(machine.ports().read(0xE2, 2)).isEqualTo(0x1234);
        machine.ports().write(0xE1, 1, 0xAB);
        machine.ports().write(0xE2, 2, 0xCDEF);
        assertThat(machine.ports().read(0xE0, 4)).isEqualTo(0xCDEF_AB78);
        assertThat(machine.ports().read(0xE3, 1)).isEqualTo(0xCD);
    }

    @Test
    void portsDriveTheInterruptLines() {
        for (int line = 0; line < 24; line++) {
            machine.ports().write(0x2000 + line, 1, 1);
            assertThat(machine.lines().level(line)).isTrue();
            assertThat(machine.ports().read(0x2000 + line, 1)).isEqualTo(1);
            machine.ports().write(0x2000 + line, 1, 0);
            assertThat(machine.lines().level(line)).isFalse();
        }
        assertThat(machine.ports().read(0x2018, 1)).isEqualTo(0xFF);
    }

    @Test
    void thereAre64KiBOfMemory() {
        machine.memory().write(0xFF00_0000L, 8, 0x0123_4567_89AB_CDEFL);
        machine.memory().write(0xFF00_FFFFL, 1, 0x5A);
        assertThat(machine.memory().read(0xFF00_0000L, 8)).isEqualTo(0x0123_4567_89AB_CDEFL);
        assertThat(machine.memory().read(0xFF00_FFFFL, 1)).isEqualTo(0x5A);
        assertThat(machine.memory().read(0xFF01_0000L, 1)).isEqualTo(0xFF);
    }

    @Test
    void aReplacedPartCarriesMemoryLatchesAndLinesOn() {
        machine.memory().write(0xFF00_1000L, 4, 0xCAFE_F00DL);
        machine.ports().write(0xE0, 4, 0x1234_5678);
        machine.ports().write(0x2005, 1, 1);
        String digest = machine.digest();
        machine.remove(devices);
        machine.settle();
        assertThat(machine.memory().read(0xFF00_1000L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(machine.ports().read(0xE0, 4)).isEqualTo(-1);
        machine.add(new TestDevices("test"));
        assertThat(machine.digest()).isEqualTo(digest);
        assertThat(machine.memory().read(0xFF00_1000L, 4)).isEqualTo(0xCAFE_F00DL);
        assertThat(machine.lines().level(5)).isTrue();
    }

    @Test
    void resetReleasesLinesAndOnlyAColdOneClearsMemory() {
        machine.memory().write(0xFF00_0000L, 4, 1);
        machine.ports().write(0x2005, 1, 1);
        machine.reset(Reset.WARM);
        assertThat(machine.lines().level(5)).isFalse();
        assertThat(machine.memory().read(0xFF00_0000L, 4)).isEqualTo(1);
        machine.reset(Reset.COLD);
        assertThat(machine.memory().read(0xFF00_0000L, 4)).isZero();
    }
}
