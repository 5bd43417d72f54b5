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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against Intel's data sheet "8259A Programmable Interrupt Controller"; its section titles stand at the tests. */
class InterruptPairTest {
    private final Bench bench = new Bench();
    private InterruptPair pic;

    @BeforeEach
    void firmwareInitialises() {
        pic = bench.attach(new InterruptPair("irq"));
        initialise(0x11, 0x01, 0x01);
    }

    private void initialise(int icw1, int masterIcw4, int slaveIcw4) {
        bench.out(0x20, icw1);
        bench.out(0xA0, icw1);
        bench.out(0x21, 0x08);
        bench.out(0xA1, 0x70);
        bench.out(0x21, 0x04);
        bench.out(0xA1, 0x02);
        if ((icw1 & 1) != 0) {
            bench.out(0x21, masterIcw4);
            bench.out(0xA1, slaveIcw4);
        }
    }

    private int take() {
        assertThat(bench.cpu.intr).as("INTR").isTrue();
        return pic.acknowledge(0);
    }

    private int irr(int base) {
        bench.out(base, 0x0A);
        return bench.in(base);
    }

    private int isr(int base) {
        bench.out(base, 0x0B);
        return bench.in(base);
    }

    /** Interrupt Sequence, 8086 mode: T7–T3 from ICW2, the level below; the request moves from IRR to ISR. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 5, 6, 7})
    void masterDeliversItsVector(int line) {
        bench.raise(line);
        assertThat(irr(0x20)).isEqualTo(1 << line);
        assertThat(take()).isEqualTo(0x08 + line);
        assertThat(irr(0x20)).isZero();
        assertThat(isr(0x20)).isEqualTo(1 << line);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Cascade Mode: the slave the master selects gives the vector, and both have a bit in service. */
    @ParameterizedTest
    @ValueSource(ints = {8, 9, 10, 11, 12, 13, 14, 15})
    void slaveDeliversItsVectorThroughTheCascade(int line) {
        bench.raise(line);
        assertThat(irr(0x20)).isEqualTo(0x04);
        assertThat(take()).isEqualTo(0x70 + line - 8);
        assertThat(isr(0x20)).isEqualTo(0x04);
        assertThat(isr(0xA0)).isEqualTo(1 << line - 8);
    }

    /** The board's line 2 is no input: IR2 is the cascade. */
    @Test
    void line2IsNotAnInput() {
        bench.raise(2);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(irr(0x20)).isZero();
    }

    @Test
    void linesOfTheChipsetAreNotInputs() {
        bench.raise(16);
        bench.raise(23);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Fully Nested Mode: IR0 is highest; within the cascade the slave's inputs stand at the master's level 2. */
    @Test
    void requestsAreServedInOrderOfPriority() {
        for (int line : new int[] {7, 3, 15, 8, 1, 0}) {
            bench.raise(line);
        }
        int[] expected = {0x08, 0x09, 0x70, 0x77, 0x0B, 0x0F};
        for (int vector : expected) {
            assertThat(take()).isEqualTo(vector);
            if (vector >= 0x70) {
                bench.out(0xA0, 0x20);
            }
            bench.out(0x20, 0x20);
        }
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Fully Nested Mode: while a bit is in service, equal and lower priorities are inhibited, higher ones interrupt. */
    @Test
    void higherPriorityNestsAndLowerWaits() {
        bench.raise(4);
        assertThat(take()).isEqualTo(0x0C);
        bench.raise(5);
        assertThat(bench.cpu.intr).isFalse();
        bench.lower(4);
        bench.raise(4);
        assertThat(bench.cpu.intr).isFalse();
        bench.raise(3);
        assertThat(take()).isEqualTo(0x0B);
        assertThat(isr(0x20)).isEqualTo(0x18);
        bench.out(0x20, 0x20);
        assertThat(isr(0x20)).isEqualTo(0x10);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x20, 0x20);
        assertThat(take()).isEqualTo(0x0C);
    }

    /** End of Interrupt: the specific form clears the level it names. */
    @Test
    void specificEoiClearsItsLevel() {
        bench.raise(4);
        take();
        bench.raise(3);
        take();
        bench.out(0x20, 0x64);
        assertThat(isr(0x20)).isEqualTo(0x08);
    }

    @Test
    void eoiWithNothingInServiceDoesNothing() {
        bench.out(0x20, 0x20);
        bench.out(0x20, 0x63);
        bench.out(0x20, 0xA0);
        bench.raise(0);
        bench.raise(7);
        assertThat(take()).isEqualTo(0x08);
    }

    /** Automatic End of Interrupt: no bit stays in service. */
    @Test
    void automaticEoiLeavesNothingInService() {
        initialise(0x11, 0x03, 0x03);
        bench.raise(5);
        bench.raise(9);
        assertThat(take()).isEqualTo(0x71);
        assertThat(isr(0x20) | isr(0xA0)).isZero();
        assertThat(take()).isEqualTo(0x0D);
        assertThat(isr(0x20)).isZero();
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Automatic End of Interrupt in the slave: its INT pulses, so that the master sees the next request. */
    @Test
    void slaveInAutomaticEoiHandsOverOneRequestAfterTheOther() {
        initialise(0x11, 0x03, 0x03);
        bench.raise(9);
        bench.raise(8);
        bench.raise(15);
        assertThat(take()).isEqualTo(0x70);
        assertThat(take()).isEqualTo(0x71);
        assertThat(take()).isEqualTo(0x77);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Automatic Rotation, Rotate on Non-Specific EOI: the level served becomes the lowest. */
    @Test
    void rotateOnNonSpecificEoi() {
        bench.raise(4);
        take();
        bench.out(0x20, 0xA0);
        bench.raise(6);
        bench.lower(4);
        bench.raise(4);
        bench.raise(5);
        bench.raise(0);
        int[] order = {0x0D, 0x0E, 0x08, 0x0C};
        for (int vector : order) {
            assertThat(take()).isEqualTo(vector);
            bench.out(0x20, 0x60 | vector & 7);
        }
    }

    /** Automatic Rotation, Rotate in Automatic EOI mode: set and cleared by OCW2. */
    @Test
    void rotateInAutomaticEoi() {
        initialise(0x11, 0x03, 0x01);
        bench.out(0x20, 0x80);
        bench.raise(1);
        take();
        pulse(1);
        bench.raise(5);
        assertThat(take()).as("1 is lowest now").isEqualTo(0x0D);
        bench.out(0x20, 0x00);
        take();
        pulse(5);
        pulse(7);
        assertThat(take()).as("5 is lowest still: 6, 7, 0, 1 …").isEqualTo(0x0F);
    }

    private void pulse(int line) {
        bench.lower(line);
        bench.raise(line);
    }

    /** Specific Rotation, Set Priority command: no EOI, the level named is the lowest. */
    @Test
    void setPriority() {
        bench.out(0x20, 0xC5);
        bench.raise(0);
        bench.raise(6);
        assertThat(take()).isEqualTo(0x0E);
        assertThat(isr(0x20)).isEqualTo(0x40);
    }

    /** Specific Rotation, Rotate on Specific EOI: both at once. */
    @Test
    void rotateOnSpecificEoi() {
        bench.raise(1);
        take();
        bench.out(0x20, 0xE1);
        assertThat(isr(0x20)).isZero();
        pulse(1);
        bench.raise(0);
        bench.raise(7);
        assertThat(take()).isEqualTo(0x0F);
    }

    /** Operation Control Word 2: R, SL, EOI = 0, 1, 0 is no operation. */
    @Test
    void noOperationChangesNothing() {
        bench.raise(3);
        take();
        String before = pic.registers().toString();
        bench.out(0x20, 0x45);
        assertThat(pic.registers().toString()).isEqualTo(before);
    }

    /** Interrupt Masks: a masked request stays in IRR, comes through when unmasked, and affects no lower priority. */
    @Test
    void maskHoldsARequestBack() {
        bench.out(0x21, 0x08);
        assertThat(bench.in(0x21)).isEqualTo(0x08);
        bench.raise(3);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(irr(0x20)).isEqualTo(0x08);
        bench.raise(4);
        assertThat(take()).isEqualTo(0x0C);
        bench.out(0x20, 0x20);
        bench.out(0x21, 0x00);
        assertThat(take()).isEqualTo(0x0B);
    }

    @Test
    void maskingWithdrawsIntr() {
        bench.raise(3);
        bench.out(0x21, 0xFF);
        assertThat(bench.cpu.intr).isFalse();
    }

    @Test
    void maskingTheCascadeSilencesTheSlave() {
        bench.out(0x21, 0x04);
        bench.raise(12);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x21, 0x00);
        assertThat(take()).isEqualTo(0x74);
    }

    /** Special Mask Mode: a level in service that is masked inhibits no lower one. */
    @Test
    void specialMaskModeLetsLowerLevelsThrough() {
        bench.raise(1);
        take();
        bench.raise(6);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x21, 0x02);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x20, 0x68);
        assertThat(take()).isEqualTo(0x0E);
        assertThat(isr(0x20)).isEqualTo(0x42);
    }

    /** Special Mask Mode, End of Interrupt: a masked bit in service is not cleared by a non-specific EOI. */
    @Test
    void nonSpecificEoiPassesOverMaskedBitsInSpecialMaskMode() {
        bench.raise(1);
        take();
        bench.out(0x21, 0x02);
        bench.out(0x20, 0x68);
        bench.raise(6);
        take();
        bench.out(0x20, 0x20);
        assertThat(isr(0x20)).isEqualTo(0x02);
        bench.out(0x20, 0x20);
        assertThat(isr(0x20)).isEqualTo(0x02);
        bench.out(0x20, 0x61);
        assertThat(isr(0x20)).isZero();
    }

    /** Operation Control Word 3: without ESMM the SMM bit is a don't care. */
    @Test
    void specialMaskModeNeedsItsEnableBit() {
        bench.out(0x20, 0x68);
        bench.out(0x20, 0x08);
        bench.raise(1);
        take();
        bench.out(0x21, 0x02);
        bench.raise(6);
        assertThat(take()).isEqualTo(0x0E);
        bench.out(0x20, 0x66);
        bench.out(0x20, 0x48);
        pulse(6);
        assertThat(bench.cpu.intr).isFalse();
    }

    /** Poll Command: the next read acknowledges and gives 80h and the level. */
    @Test
    void pollAcknowledges() {
        bench.raise(5);
        bench.out(0x20, 0x0C);
        assertThat(bench.in(0x20)).isEqualTo(0x85);
        assertThat(bench.cpu.intr).isFalse();
        assertThat(isr(0x20)).isEqualTo(0x20);
    }

    @Test
    void pollWithoutRequestGivesZeroInBit7() {
        bench.out(0x20, 0x0C);
        assertThat(bench.in(0x20) & 0x80).isZero();
        assertThat(isr(0x20)).isZero();
        assertThat(bench.in(0x21)).isZero();
    }

    /** Poll Command: the interrupt is frozen from the write to the read. */
    @Test
    void pollFreezesTheRequest() {
        bench.raise(5);
        bench.out(0x20, 0x0C);
        bench.lower(5);
        bench.raise(1);
        assertThat(bench.in(0x21)).isEqualTo(0x85);
        assertThat(take()).isEqualTo(0x09);
    }

    /** Poll Command: overrides a register read of the same OCW3; the register chosen before is read afterwards. */
    @Test
    void pollOverridesReadRegister() {
        bench.raise(3);
        take();
        bench.out(0x20, 0x0B);
        bench.out(0x20, 0x0E);
        assertThat(bench.in(0x20)).isZero();
        assertThat(bench.in(0x20)).isEqualTo(0x08);
    }

    @Test
    void pollOfTheSlaveEndsItsRequestOfTheMaster() {
        bench.raise(10);
        bench.out(0xA0, 0x0C);
        assertThat(bench.in(0xA0)).isEqualTo(0x82);
        assertThat(irr(0x20)).isZero();
    }

    /** Special Fully Nested Mode: higher requests of a slave in service reach the processor. */
    @Test
    void specialFullyNestedModeNestsWithinTheSlave() {
        initialise(0x11, 0x11, 0x01);
        bench.raise(12);
        assertThat(take()).isEqualTo(0x74);
        bench.raise(14);
        assertThat(bench.cpu.intr).as("lower within the slave").isFalse();
        bench.raise(9);
        assertThat(take()).isEqualTo(0x71);
        assertThat(isr(0xA0)).isEqualTo(0x12);
        bench.raise(3);
        assertThat(bench.cpu.intr).as("lower at the master").isFalse();
    }

    /** Special Fully Nested Mode: without it the slave is locked out by its own bit in service at the master. */
    @Test
    void fullyNestedModeLocksTheSlaveOut() {
        bench.raise(12);
        take();
        bench.raise(9);
        assertThat(bench.cpu.intr).isFalse();
        bench.out(0x20, 0x20);
        assertThat(take()).isEqualTo(0x71);
    }

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
