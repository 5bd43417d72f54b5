package com.vtsim.irq.pic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against Intel's data sheet "8259A Programmable Interrupt Controller"; its section titles stand at the tests. Triggering, initialisation, and the state that is handed over. */
class InterruptPairStateTest extends PairTests {
    /** Edge and Level Triggered Modes: an edge is needed; a line that stays high gives one interrupt. */
    @Test
    void edgeGivesOneInterrupt() {
        bench.raise(3);
        take();
        bench.out(0x20, 0x20);
        assertThat(bench.cpu.intr).isFalse();
        pulse(3);
        assertThat(take()).isEqualTo(0x0B);
    }

    /** Edge and Level Triggered Modes: a level that is still high after EOI interrupts again. */
    @Test
    void levelInterruptsAgainUntilReleased() {
        bench.out(0x4D0, 0x08);
        bench.raise(3);
        take();
        bench.out(0x20, 0x20);
        assertThat(take()).isEqualTo(0x0B);
        bench.lower(3);
        bench.out(0x20, 0x20);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** ELCR1, ELCR2 of the chipset: IRQ 0, 1, 2, 8 and 13 cannot be level-triggered. */
    @Test
    void triggerRegistersKeepTheirReservedBitsZero() {
        bench.out(0x4D0, 0xFF);
        bench.out(0x4D1, 0xFF);
        assertThat(bench.in(0x4D0)).isEqualTo(0xF8);
        assertThat(bench.in(0x4D1)).isEqualTo(0xDE);
    }

    @Test
    void triggerModesOutliveInitialisation() {
        bench.out(0x4D1, 0x0E);
        initialise(0x11, 0x01, 0x01);
        assertThat(bench.in(0x4D1)).isEqualTo(0x0E);
    }

    /** INT is high while a valid request is asserted; a request too short in duration gives level 7 to the acknowledge cycle that comes too late, and no bit in service. */
    @ParameterizedTest
    @CsvSource({"3, 0", "3, 8"})
    void requestThatGoesAwayTakesIntWithItAndGivesDefaultIr7(int line, int elcr) {
        bench.out(0x4D0, elcr);
        bench.raise(line);
        assertThat(bench.cpu.intr).isTrue();
        bench.lower(line);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(pic.acknowledge(0)).isEqualTo(0x0F);
        assertThat(isr(0x20)).isZero();
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Through the cascade too; what else is requested keeps INT high. */
    @Test
    void requestOfTheSlaveThatGoesAwayTakesIntWithIt() {
        bench.raise(11);
        bench.lower(11);
        assertThat(bench.cpu.intr).isFalse();
        bench.raise(11);
        bench.raise(3);
        bench.lower(11);
        assertThat(take()).isEqualTo(0x0B);
        bench.out(0x20, 0x20);
        bench.raise(10);
        assertThat(take()).isEqualTo(0x72);
    }

    @Test
    void realIrq7IsInService() {
        bench.raise(7);
        assertThat(take()).isEqualTo(0x0F);
        assertThat(isr(0x20)).isEqualTo(0x80);
    }

    @Test
    void acknowledgeWithoutRequestIsSpurious() {
        assertThat(pic.acknowledge(0)).isEqualTo(0x0F);
        assertThat(isr(0x20)).isZero();
    }

    /** Initialization Command Word 1, a: after it an input must make a low-to-high transition. */
    @Test
    void icw1ForgetsEdges() {
        bench.raise(4);
        initialise(0x11, 0x01, 0x01);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(irr(0x20)).isZero();
        pulse(4);
        assertThat(take()).isEqualTo(0x0C);
    }

    @Test
    void icw1KeepsLevels() {
        bench.out(0x4D0, 0x10);
        bench.raise(4);
        initialise(0x11, 0x01, 0x01);
        assertThat(take()).isEqualTo(0x0C);
    }

    /** Initialization Command Word 1, b to f: mask clear, IR7 lowest, special mask off, status read is IRR, nothing in service. */
    @Test
    void icw1SetsDefaults() {
        bench.out(0x21, 0xFF);
        bench.out(0x20, 0xC3);
        bench.out(0x20, 0x6B);
        initialise(0x11, 0x01, 0x01);
        assertThat(bench.in(0x21)).isZero();
        bench.raise(4);
        bench.raise(3);
        assertThat(bench.in(0x20)).isEqualTo(0x18);
        assertThat(take()).isEqualTo(0x0B);
        bench.out(0x21, 0x08);
        assertThat(bench.cpu.intr).as("special mask mode is off").isFalse();
    }

    @Test
    void noInterruptBeforeTheSequenceIsComplete() {
        bench.out(0x20, 0x11);
        bench.raise(1);
        bench.out(0x21, 0x20);
        bench.out(0x21, 0x04);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x21, 0x01);
        assertThat(take()).isEqualTo(0x21);
    }

    /** ICW1, SNGL: no ICW3 follows and IR2 is no cascade. */
    @Test
    void singleModeHasNoCascade() {
        bench.out(0x20, 0x13);
        bench.out(0x21, 0x40);
        bench.out(0x21, 0x01);
        bench.out(0x21, 0xFB);
        assertThat(bench.in(0x21)).isEqualTo(0xFB);
        bench.raise(9);
        assertThat(take()).isEqualTo(0x42);
    }

    /** ICW1, IC4 = 0: every function of ICW4 is off, so the mode is MCS-80; that is said, and the call address is on the bus. */
    @ParameterizedTest
    @CsvSource({"0xB4, 0xAC", "0xB0, 0x98"})
    void mcs80ModeGivesTheLowByteOfTheCallAddress(int icw1, int vector) {
        bench.out(0x20, icw1);
        bench.out(0x21, 0x12);
        bench.out(0x21, 0x00);
        assertThat(bench.events).anyMatch(e -> e.contains("MCS-80"));
        bench.raise(3);
        assertThat(take()).isEqualTo(vector);
    }

    /** ICW3: a slave whose identity is not the input it hangs on does not answer, and the bus floats. */
    @Test
    void slaveOfAnotherIdentityDoesNotAnswer() {
        bench.out(0xA0, 0x11);
        bench.out(0xA1, 0x70);
        bench.out(0xA1, 0x05);
        bench.out(0xA1, 0x01);
        bench.raise(9);
        assertThat(take()).isEqualTo(0xFF);
        assertThat(isr(0x20)).isEqualTo(0x04);
    }

    /** ICW4, BUF and M/S: the pins they concern are not on the board, the bits are kept. */
    @Test
    void bufferedModeIsKept() {
        initialise(0x11, 0x0D, 0x09);
        assertThat(pic.registers().get(0)).contains("ICW4=0d");
        assertThat(pic.registers().get(1)).contains("ICW4=09");
        bench.raise(9);
        assertThat(take()).isEqualTo(0x71);
    }

    @Test
    void unprogrammedPairIsMute() {
        pic.reset(Reset.WARM);
        bench.raise(1);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(pic.inputs().get(1).vector()).isEqualTo(-1);
        assertThat(pic.inputs().get(1).asserted()).isTrue();
    }

    @Test
    void resetClearsEverythingButTheLines() {
        bench.out(0x4D0, 0x20);
        bench.raise(5);
        take();
        bench.out(0x21, 0x55);
        pic.reset(Reset.COLD);
        InterruptPair fresh = new InterruptPair("irq");
        bench.attach(fresh);
        assertThat(pic.registers()).isEqualTo(fresh.registers());
    }

    @Test
    void operatorSeesInputs() {
        bench.out(0x21, 0x02);
        bench.out(0x4D1, 0x04);
        bench.raise(1);
        bench.raise(10);
        take();
        assertThat(pic.inputs()).hasSize(16);
        assertThat(pic.inputs().get(1)).isEqualTo(new InterruptController.Input(1, 0x09, true, true, true, false, false));
        assertThat(pic.inputs().get(10)).isEqualTo(new InterruptController.Input(10, 0x72, true, false, true, true, true));
    }

    @Test
    void tracesRaiseAckAndEoi() {
        bench.trace();
        bench.raise(12);
        pic.acknowledge(0);
        bench.out(0xA0, 0x20);
        bench.out(0x20, 0x20);
        assertThat(bench.events).containsExactly("irq.raise #1 line 12", "irq.ack #1 line 12 vector 74h", "irq.eoi #1 line 12", "irq.eoi line 2");
    }

    @Test
    void replacementGoesOnWhereTheOldOneStopped() {
        bench.out(0x20, 0xC2);
        bench.raise(4);
        take();
        bench.raise(3);
        bench.raise(9);
        State state = pic.save();
        String before = pic.registers().toString();
        InterruptPair next = new InterruptPair("irq");
        next.restore(state);
        pic = bench.attach(next);
        assertThat(pic.registers().toString()).isEqualTo(before);
        assertThat(take()).isEqualTo(0x0B);
        bench.out(0x20, 0x63);
        bench.out(0x20, 0x64);
        assertThat(take()).isEqualTo(0x71);
        assertThat(bench.cpu.intr).isFalse();
    }

    @Test
    void neutralStateCarriesMasksRequestsAndVectors() {
        bench.out(0x21, 0x40);
        bench.out(0x4D1, 0x02);
        bench.raise(8);
        take();
        bench.raise(1);
        bench.raise(9);
        InterruptState neutral = pic.neutral().orElseThrow().as(InterruptState.class, InterruptController.FAMILY, InterruptState.VERSION);
        assertThat(neutral.masked()).hasSize(24);
        assertThat(neutral.masked()[6]).isTrue();
        assertThat(neutral.masked()[16]).isTrue();
        assertThat(neutral.masked()[9]).isFalse();
        assertThat(neutral.requested()[1]).isTrue();
        assertThat(neutral.requested()[8]).isFalse();
        assertThat(neutral.inService()[8]).isTrue();
        assertThat(neutral.inService()[2]).isFalse();
        assertThat(neutral.level()[9]).isTrue();
        assertThat(neutral.vector()[0]).isEqualTo(0x08);
        assertThat(neutral.vector()[15]).isEqualTo(0x77);
        assertThat(neutral.vector()[16]).isEqualTo(-1);
    }

    /** None lost and none doubled: a request that was pending is delivered once, a line that was served is not a new edge. */
    @Test
    void neutralStateRoundTripLosesAndDoublesNothing() {
        bench.raise(0);
        assertThat(take()).isEqualTo(0x08);
        bench.raise(1);
        bench.raise(14);
        State neutral = withoutPair(pic.neutral().orElseThrow());
        bench.lower(14);
        InterruptPair next = new InterruptPair("irq");
        next.restore(neutral);
        pic = bench.attach(next);
        assertThat(bench.cpu.intr).as("IRQ 0 is in service").isFalse();
        bench.out(0x20, 0x20);
        assertThat(take()).isEqualTo(0x09);
        bench.out(0x20, 0x20);
        assertThat(take()).as("requested though the line has fallen").isEqualTo(0x76);
        bench.out(0xA0, 0x20);
        bench.out(0x20, 0x20);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** What the five arrays alone say: left by a model that has no pair of 8259As. */
    private static State withoutPair(State neutral) {
        InterruptState state = neutral.as(InterruptState.class, InterruptController.FAMILY, InterruptState.VERSION);
        return State.of(InterruptController.FAMILY, InterruptState.VERSION,
                new InterruptState(state.masked(), state.requested(), state.inService(), state.level(), state.vector()));
    }

    /** Another model with a pair of its own hands every register on: modes, half an initialisation, what a read gives. */
    @Test
    void neutralStateCarriesThePairRegisterByRegister() {
        bench.raise(3);
        bench.out(0x20, 0x0B);
        bench.out(0x20, 0xC4);
        bench.out(0xA0, 0x68);
        bench.out(0xA0, 0x11);
        bench.out(0xA1, 0x50);
        InterruptPair next = new InterruptPair("irq");
        next.restore(pic.neutral().orElseThrow());
        assertThat(next.save()).usingRecursiveComparison().isEqualTo(pic.save());
    }

    @Test
    void neutralStateWithVectorsAn8259CannotGiveStartsAsFirmwareDoes() {
        int[] vectors = new int[24];
        for (int i = 0; i < 24; i++) {
            vectors[i] = 0x31 + 8 * i & 0xFF;
        }
        pic.restore(State.of(InterruptController.FAMILY, 1, new InterruptState(new boolean[24], new boolean[24], new boolean[24], new boolean[24], vectors)));
        bench.attach(pic);
        bench.raise(5);
        assertThat(take()).isEqualTo(0x0D);
    }

    @Test
    void badStateIsRefusedAndChangesNothing() {
        bench.raise(4);
        String before = pic.registers().toString();
        assertThatThrownBy(() -> pic.restore(new State("apic", 1, Map.of()))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> pic.restore(State.of(InterruptController.FAMILY, 1,
                new InterruptState(new boolean[3], new boolean[24], new boolean[24], new boolean[24], new int[24])))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> pic.restore(new State("i8259a", 2, Map.of()))).isInstanceOf(StateException.class);
        assertThat(pic.registers().toString()).isEqualTo(before);
    }

    /** Whatever a guest writes, nothing throws, a vector is a byte, and the state can be carried over. */
    @Test
    void anyWritesAreSurvived() {
        Random random = new Random(0x20A0);
        int[] ports = {0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1};
        for (int i = 0; i < 200_000; i++) {
            int port = ports[random.nextInt(ports.length)];
            switch (random.nextInt(5)) {
                case 0 -> bench.out(port, random.nextInt(256));
                case 1 -> assertThat(bench.in(port)).isBetween(0, 0xFF);
                case 2 -> bench.line(random.nextInt(24), random.nextBoolean());
                case 3 -> assertThat(pic.acknowledge(0)).isBetween(0, 0xFF);
                default -> {
                    if (random.nextInt(100) == 0) {
                        InterruptPair next = new InterruptPair("irq");
                        next.restore(random.nextBoolean() ? pic.save() : pic.neutral().orElseThrow());
                        pic = bench.attach(next);
                        assertThat(pic.inputs()).hasSize(16);
                    }
                }
            }
        }
    }

    @Test
    void hasNoLocalApic() {
        assertThat(pic.localApic(0)).isNull();
        assertThat(pic.name()).isEqualTo("irq");
        assertThat(pic.model()).isEqualTo("i8259a");
    }
}
