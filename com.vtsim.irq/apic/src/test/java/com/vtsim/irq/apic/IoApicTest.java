package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The I/O APIC and messages. Source: 82093AA I/O APIC, Register Description. @sdm Message Signalled Interrupts */
class IoApicTest {
    private static final int MASKED = 1 << 16, LEVEL = 1 << 15, LOW_ACTIVE = 1 << 13, LOGICAL = 1 << 11;

    private final Bench bench = new Bench(4).enabled();

    @ParameterizedTest
    @CsvSource({"0,2", "1,1", "3,3", "4,4", "8,8", "15,15", "16,16", "23,23"})
    void eachLineIsTheInputOfItsNumberButForTheTimer(int line, int input) {
        bench.route(input, 0x40 + input, 0);
        bench.pulse(line);
        assertThat(bench.take(0)).isEqualTo(0x40 + input);
    }

    @Test
    void line2IsTheCascadeAndReachesNothing() {
        for (int i = 1; i < 24; i++) {
            bench.route(i, 0x40 + i, 0);
        }
        bench.pulse(2);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void anEdgeIsSentOnce() {
        bench.route(4, 0x34, 1);
        bench.raise(4);
        assertThat(bench.take(1)).isEqualTo(0x34);
        bench.eoi(1);
        assertThat(bench.take(1)).isEqualTo(-1);
        bench.lower(4);
        bench.raise(4);
        assertThat(bench.take(1)).isEqualTo(0x34);
    }

    @Test
    void anEdgeOnAMaskedInputIsLost() {
        bench.route(4, MASKED | 0x34, 0);
        bench.raise(4);
        bench.route(4, 0x34, 0);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void aLevelIsSentAgainUntilItFalls() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        for (int i = 0; i < 3; i++) {
            assertThat(bench.take(0)).isEqualTo(0x51);
            assertThat(bench.remoteIrr(17)).isTrue();
            assertThat(bench.take(0)).isEqualTo(-1);
            bench.eoi(0);
        }
        assertThat(bench.take(0)).isEqualTo(0x51);
        bench.lower(17);
        bench.eoi(0);
        assertThat(bench.remoteIrr(17)).isFalse();
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void aLevelWaitsBehindTheMask() {
        bench.route(17, MASKED | LEVEL | 0x51, 0);
        bench.raise(17);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.route(17, LEVEL | 0x51, 0);
        assertThat(bench.take(0)).isEqualTo(0x51);
    }

    /** Levels on the board are logical: polarity on copper changes nothing. */
    @Test
    void polarityDoesNotMatter() {
        bench.route(17, LOW_ACTIVE | LEVEL | 0x51, 0);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.raise(17);
        assertThat(bench.take(0)).isEqualTo(0x51);
        assertThat(bench.io(0x10 + 34) & LOW_ACTIVE).isEqualTo(LOW_ACTIVE);
    }

    @Test
    void levelSetsTheTriggerModeBitAndEdgeClearsIt() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        assertThat(bench.get(0, ApicRegister.TMR2)).isEqualTo(1 << 0x11);
        bench.lower(17);
        bench.take(0);
        bench.eoi(0);
        bench.route(17, 0x51, 0);
        bench.raise(17);
        assertThat(bench.get(0, ApicRegister.TMR2)).isZero();
    }

    @Test
    void suppressedBroadcastLeavesTheEoiToSoftware() {
        bench.set(0, ApicRegister.SVR, 0x11FF);
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        assertThat(bench.take(0)).isEqualTo(0x51);
        bench.eoi(0);
        assertThat(bench.remoteIrr(17)).isTrue();
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.write(IoApic.BASE + 0x40, 4, 0x51);
        assertThat(bench.take(0)).isEqualTo(0x51);
    }

    @Test
    void eoiRegisterMindsTheVector() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        bench.write(IoApic.BASE + 0x40, 4, 0x52);
        assertThat(bench.remoteIrr(17)).isTrue();
    }

    @Test
    void becomingEdgeTriggeredClearsRemoteIrr() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        bench.route(17, MASKED | 0x51, 0);
        assertThat(bench.remoteIrr(17)).isFalse();
    }

    @Test
    void remoteIrrIsReadOnly() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.raise(17);
        bench.io(0x10 + 34, LEVEL | 0x51);
        assertThat(bench.remoteIrr(17)).isTrue();
    }

    @Test
    void twoInputsMayShareAVector() {
        bench.route(17, LEVEL | 0x51, 0);
        bench.route(18, LEVEL | 0x51, 0);
        bench.raise(17);
        bench.raise(18);
        assertThat(bench.take(0)).isEqualTo(0x51);
        bench.lower(17);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(0x51);
        bench.lower(18);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void anInterruptNobodyTakesIsSentWhenItsRouteIsSet() {
        bench.route(17, LEVEL | 0x51, 9);
        bench.raise(17);
        assertThat(bench.remoteIrr(17)).isFalse();
        bench.route(17, LEVEL | 0x51, 2);
        assertThat(bench.take(2)).isEqualTo(0x51);
    }

    @ParameterizedTest
    @CsvSource({"4,nmi", "5,init"})
    void nmiAndInitReachTheDestination(int mode, String message) {
        bench.route(4, mode << 8 | 0x34, 2);
        bench.raise(4);
        assertThat(bench.cpus.get(2).messages).containsExactly(message);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 6})
    void smiAndReservedModesReachNobody(int mode) {
        bench.route(4, mode << 8 | 0x34, 2);
        bench.raise(4);
        assertThat(bench.cpus.get(2).messages).isEmpty();
        assertThat(bench.take(2)).isEqualTo(-1);
    }

    @Test
    void lowestPriorityPicksOneOfALogicalSet() {
        for (int i = 0; i < 4; i++) {
            bench.set(i, ApicRegister.LDR, 1L << 24 + i);
            bench.set(i, ApicRegister.TPR, i == 2 ? 0 : 0x20);
        }
        bench.route(4, LOGICAL | 1 << 8 | 0x34, 0x0F);
        bench.raise(4);
        assertThat(bench.take(2)).isEqualTo(0x34);
        assertThat(bench.cpus).noneMatch(cpu -> cpu.intr);
    }

    // Virtual wire

    @Test
    void externalInterruptComesFromThe8259() {
        bench.legacy();
        bench.route(0, 7 << 8, 1);
        bench.raise(4);
        assertThat(bench.take(1)).isEqualTo(0x0C);
        assertThat(bench.get(1, ApicRegister.ISR0)).as("the local APIC holds nothing").isZero();
    }

    @Test
    void externalInterruptsFollowEachOtherThroughTheIoApic() {
        bench.legacy();
        bench.route(0, 7 << 8, 0);
        bench.raise(3);
        bench.raise(1);
        assertThat(bench.take(0)).isEqualTo(0x09);
        bench.out(0x20, 0x20);
        assertThat(bench.take(0)).isEqualTo(0x0B);
    }

    @Test
    void virtualWireThroughLint0DeliversThe8259sVector() {
        bench.legacy();
        bench.set(0, ApicRegister.LVT_LINT0, 0x700);
        bench.raise(14);
        assertThat(bench.take(0)).isEqualTo(0x76);
        assertThat(bench.cpus.get(1).intr).as("masked there").isFalse();
    }

    @Test
    void afterPowerUpLint0IsMasked() {
        bench.legacy();
        bench.raise(4);
        assertThat(bench.cpus.get(0).intr).isFalse();
    }

    /** @sdm Local APIC: with the APIC globally disabled LINT0 and LINT1 are INTR and NMI. */
    @Test
    void aSwitchedOffApicLetsIntrAndNmiThrough() {
        bench.legacy();
        bench.irq.localApic(0).base(0xFEE0_0100L);
        bench.raise(4);
        assertThat(bench.take(0)).isEqualTo(0x0C);
        bench.irq.nmi();
        assertThat(bench.cpus.get(0).messages).containsExactly("nmi");
    }

    @Test
    void imagesWithoutFirmwareFindVirtualWireMode() {
        bench.irq.asFirmwareLeaves();
        bench.legacy();
        bench.raise(4);
        assertThat(bench.take(0)).isEqualTo(0x0C);
    }

    @Test
    void theImcrIsThereOnlyWhereConfigured() {
        Bench with = new Bench(1, new ApicController("irq", true));
        with.legacy();
        with.raise(4);
        assertThat(with.take(0)).as("PIC mode after reset").isEqualTo(0x0C);
        with.out(0x20, 0x20);
        with.out(0x22, 0x70);
        with.out(0x23, 0x01);
        assertThat(with.in(0x23)).isEqualTo(1);
        with.raise(3);
        assertThat(with.cpus.get(0).intr).as("symmetric I/O mode: LINT0 is masked").isFalse();
        with.out(0x23, 0x00);
        assertThat(with.take(0)).isEqualTo(0x0B);
    }

    // Messages

    @Test
    void aMessageReachesItsDestination() {
        bench.irq.message(0xFEE0_2000L, 0x61);
        assertThat(bench.take(2)).isEqualTo(0x61);
    }

    @Test
    void aLogicalMessageReachesItsSet() {
        for (int i = 0; i < 4; i++) {
            bench.set(i, ApicRegister.LDR, 1L << 24 + i);
        }
        bench.irq.message(0xFEE0_A004L, 0x61);
        for (int i = 0; i < 4; i++) {
            assertThat(bench.take(i)).isEqualTo(i == 1 || i == 3 ? 0x61 : -1);
        }
    }

    @Test
    void theRedirectionHintPicksOne() {
        for (int i = 0; i < 4; i++) {
            bench.set(i, ApicRegister.LDR, 1L << 24 + i);
        }
        bench.irq.message(0xFEE0_F00CL, 0x61);
        assertThat(bench.cpus.stream().filter(cpu -> cpu.intr).count()).isEqualTo(1);
    }

    @Test
    void aMessageToFFReachesAll() {
        bench.irq.message(0xFEEF_F000L, 0x61);
        for (int i = 0; i < 4; i++) {
            assertThat(bench.take(i)).isEqualTo(0x61);
        }
    }

    @ParameterizedTest
    @CsvSource({"4,nmi", "5,init"})
    void nmiAndInitCanBeMessages(int mode, String message) {
        bench.irq.message(0xFEE0_1000L, mode << 8 | 0x61);
        assertThat(bench.cpus.get(1).messages).containsExactly(message);
    }

    @Test
    void aLevelDeassertMessageDoesNothing() {
        bench.irq.message(0xFEE0_1000L, 0x8061);
        assertThat(bench.take(1)).isEqualTo(-1);
        bench.irq.message(0xFEE0_1000L, 0xC061);
        assertThat(bench.get(1, ApicRegister.TMR3)).isEqualTo(2);
    }
}
