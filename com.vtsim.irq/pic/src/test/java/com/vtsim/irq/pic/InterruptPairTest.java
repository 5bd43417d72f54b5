package com.vtsim.irq.pic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against Intel's data sheet "8259A Programmable Interrupt Controller"; its section titles stand at the tests. Delivery, priorities, masks. */
class InterruptPairTest extends PairTests {
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
}
