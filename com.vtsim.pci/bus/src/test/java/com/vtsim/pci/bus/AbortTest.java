package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Where requests end that nobody takes. Expectations: PCI Express Base Specification, Error Signaling and Logging (unsupported requests, advisory
 * errors), Type 1 Configuration Space Header; PCI-to-PCI Bridge Architecture Specification, Master Abort, VGA Addressing; PCI Local Bus Specification, Configuration Mechanism #1.
 */
class AbortTest {
    private static final int PORT = Bench.address(0, 0x1C, 0);
    private static final int LEGACY = Bench.address(0, 0x1E, 0);
    private static final int CARD = Bench.address(1, 0, 0);
    private static final int AER = 0x100;
    private static final int ABORTED = 0x2000;
    private static final long BAR = 0xFE00_0000L;
    private static final long HOLE = 0xFE08_0000L;

    private final Bench bench = new Bench();
    private final Bridge port = new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false);
    private final ErrorCard card = new ErrorCard("01:00.0");
    private int express;
    private int portExpress;

    @BeforeEach
    void build() {
        bench.machine.add(port);
        bench.machine.add(card);
        bench.write(PORT, 0x18, 4, 0x0001_0100);
        bench.write(PORT, 0x20, 4, 0xFE10_FE00);
        bench.write(PORT, 0x24, 4, 0x0000_FFF0);
        bench.write(PORT, 0x1C, 2, 0xC0C0);
        bench.write(PORT, 0x04, 2, 7);
        bench.write(PORT, 0x3E, 2, 2);
        bench.write(CARD, 0x10, 4, (int) BAR);
        bench.write(CARD, 0x14, 4, 0xC000);
        bench.write(CARD, 0x04, 2, 7);
        express = bench.read(CARD, 0x34, 1);
        portExpress = bench.read(PORT, 0x34, 1);
        bench.write(Bench.HOST, 0x06, 2, 0xF900);
        bench.write(PORT, 0x1E, 2, 0xF900);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private int secondary() {
        return bench.read(PORT, 0x1E, 2) & ABORTED;
    }

    private int hostStatus() {
        return bench.read(Bench.HOST, 0x06, 2) & ABORTED;
    }

    private int own(int register) {
        return card.configRead(AER + register, 4);
    }

    private long read(long address) {
        return bench.machine.memory().read(address, 4);
    }

    @Test
    void whatIsAnsweredSetsNothing() {
        assertThat(read(BAR)).isEqualTo(0x42);
        assertThat(bench.machine.ports().read(0xC000, 1)).isEqualTo(0x43);
        bench.machine.memory().write(BAR, 4, 1);
        assertThat(secondary() | hostStatus() | own(4) | own(0x10) | bench.read(CARD, express + 0xA, 2)).isZero();
    }

    @Test
    void aReadOfAHoleIsAnAdvisoryErrorOfTheCard() {
        assertThat(read(HOLE)).isEqualTo(0xFFFF_FFFFL);
        assertThat(secondary()).as("secondary status: received master abort").isEqualTo(ABORTED);
        assertThat(hostStatus()).as("status of the host bridge").isEqualTo(ABORTED);
        assertThat(bench.read(CARD, express + 0xA, 2)).as("device status: correctable, unsupported request").isEqualTo(9);
        assertThat(own(4)).isEqualTo(1 << 20);
        assertThat(own(0x10)).as("advisory non-fatal").isEqualTo(1 << 13);
        assertThat(port.configRead(AER + 0x30, 4)).as("masked after reset: the root port hears nothing").isZero();
    }

    @Test
    void anAdvisoryErrorThatIsUnmaskedIsReportedAsCorrectable() {
        bench.write(CARD, express + 8, 2, 0xF);
        card.configWrite(AER + 0x14, 4, 0);
        read(HOLE);
        assertThat(port.configRead(AER + 0x30, 4)).as("correctable received").isEqualTo(1);
        assertThat(port.configRead(AER + 0x34, 4)).isEqualTo(0x0100);
        assertThat(own(0x1C)).as("memory read, one double word").isEqualTo(0x0000_0001);
        assertThat(own(0x20)).as("requester 00:00.0, first byte enables").isEqualTo(0xF);
        assertThat(own(0x24)).isEqualTo((int) HOLE);
    }

    @Test
    void aWriteIntoAHoleIsNonFatal() {
        bench.write(CARD, express + 8, 2, 0xF);
        bench.machine.memory().write(HOLE + 5, 1, 1);
        assertThat(secondary() | hostStatus()).as("a posted write has no completion").isZero();
        assertThat(bench.read(CARD, express + 0xA, 2)).as("non-fatal, unsupported request").isEqualTo(0xA);
        assertThat(port.configRead(AER + 0x30, 4)).as("uncorrectable, non-fatal received").isEqualTo(0x24);
        assertThat(own(0x1C)).as("memory write").isEqualTo(0x4000_0001);
        assertThat(own(0x20)).isEqualTo(2);
        assertThat(own(0x24)).isEqualTo((int) HOLE + 4);
    }

    @Test
    void softwareMayCallItFatal() {
        bench.write(CARD, express + 8, 2, 0xF);
        card.configWrite(AER + 0xC, 4, 1 << 20);
        read(HOLE);
        assertThat(own(0x10)).as("no advisory error").isZero();
        assertThat(port.configRead(AER + 0x30, 4)).as("uncorrectable, first fatal, fatal").isEqualTo(0x54);
    }

    @Test
    void portsOfAHoleEndTheSameWay() {
        assertThat(bench.machine.ports().read(0xC080, 1)).isEqualTo(0xFF);
        assertThat(secondary()).isEqualTo(ABORTED);
        assertThat(own(4)).isEqualTo(1 << 20);
        bench.write(PORT, 0x1E, 2, ABORTED);
        bench.machine.ports().write(0xC080, 1, 1);
        assertThat(secondary()).as("a port write has a completion").isEqualTo(ABORTED);
    }

    @Test
    void aWindowThatMemoryEnableClosesIsAHole() {
        bench.write(CARD, 0x04, 2, 5);
        assertThat(read(BAR)).isEqualTo(0xFFFF_FFFFL);
        assertThat(secondary()).isEqualTo(ABORTED);
        assertThat(own(4)).isEqualTo(1 << 20);
    }

    @Test
    void aHoleOnTheRootBusIsTheHostBridgesMasterAbort() {
        assertThat(read(0xD000_0000L)).isEqualTo(0xFFFF_FFFFL);
        assertThat(hostStatus()).isEqualTo(ABORTED);
        assertThat(secondary() | own(4)).isZero();
        bench.write(Bench.HOST, 0x06, 2, ABORTED);
        assertThat(hostStatus()).as("cleared by writing one").isZero();
        bench.machine.memory().write(0xD000_0000L, 4, 0);
        assertThat(bench.machine.ports().read(0x5678, 1)).as("the legacy bus takes it").isEqualTo(0xFF);
        assertThat(hostStatus()).isZero();
    }

    @Test
    void anEmptySlotIsAMasterAbortOfThePort() {
        bench.machine.remove(card);
        bench.machine.add(new com.vtsim.api.machine.HaltedProcessor(0));
        bench.pass(1000);
        bench.write(PORT, 0x1E, 2, ABORTED);
        assertThat(read(HOLE)).isEqualTo(0xFFFF_FFFFL);
        assertThat(secondary()).isEqualTo(ABORTED);
        assertThat(bench.read(CARD, 0, 4)).isEqualTo(-1);
        assertThat(port.configRead(AER + 4, 4)).as("the port does not report it as its own").isZero();
    }

    @Test
    void anAbsentFunctionIsUnsupportedByTheDevice() {
        assertThat(bench.read(Bench.address(1, 0, 3), 0x10, 4)).isEqualTo(-1);
        assertThat(secondary() | hostStatus()).isEqualTo(ABORTED);
        assertThat(bench.read(CARD, express + 0xA, 2)).isEqualTo(9);
        bench.write(PORT, 0x1E, 2, ABORTED);
        card.configWrite(AER + 4, 4, 1 << 20);
        card.configWrite(AER + 0x14, 4, 0);
        bench.write(Bench.address(1, 0, 3), 0x10, 4, 1);
        assertThat(secondary()).as("a configuration write has a completion").isEqualTo(ABORTED);
        assertThat(own(0x1C)).as("configuration write, type 0").isEqualTo(0x4400_0001);
        assertThat(own(0x24)).as("01:00.3, register 10h").isEqualTo(0x0103_0010);
    }

    @Test
    void anAbsentDeviceOnTheRootBusIsTheHostBridgesMasterAbort() {
        assertThat(bench.read(Bench.address(0, 9, 0), 0, 2)).isEqualTo(0xFFFF);
        assertThat(hostStatus()).isEqualTo(ABORTED);
        bench.write(Bench.HOST, 0x06, 2, ABORTED);
        assertThat(bench.read(Bench.address(0x80, 0, 0), 0, 1)).as("a bus that no bridge leads to").isEqualTo(0xFF);
        assertThat(hostStatus()).isEqualTo(ABORTED);
        assertThat(secondary()).isZero();
    }

    /** With Master Abort Mode 0 a conventional bridge ends the request well, with all ones. */
    @Test
    void aBridgeToConventionalBusesKeepsTheAbortToItself() {
        bench.machine.add(new Bridge("legacy", "00:1e.0", "pci-bridge", 4, 0, false, false));
        bench.write(LEGACY, 0x18, 4, 0x0004_0400);
        bench.write(LEGACY, 0x20, 4, 0xFD00_FD00);
        bench.write(LEGACY, 0x04, 2, 7);
        assertThat(read(0xFD00_0000L)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.read(LEGACY, 0x1E, 2)).isEqualTo(ABORTED);
        assertThat(hostStatus()).isZero();
        bench.write(LEGACY, 0x1E, 2, ABORTED);
        bench.machine.memory().write(0xFD00_0000L, 4, 1);
        assertThat(bench.read(LEGACY, 0x1E, 2)).as("a write too").isEqualTo(ABORTED);
    }

    /** A switch port completes with unsupported request; its secondary status speaks of its own requests only. */
    @Test
    void aHoleWithinASwitchIsFoundByItsUpperPort() {
        bench.machine.remove(card);
        Bridge up = new Bridge("up", "01:00.0", "switch-up", 2, 0, false, false);
        bench.machine.add(up);
        bench.machine.add(new Bridge("down", "02:01.0", "switch-down", 3, 2, true, false));
        bench.machine.add(new com.vtsim.api.machine.HaltedProcessor(0));
        bench.pass(1000);
        bench.write(PORT, 0x18, 4, 0x0003_0100);
        bench.write(CARD, 0x18, 4, 0x0003_0201);
        bench.write(CARD, 0x20, 4, 0xFE10_FE00);
        bench.write(CARD, 0x04, 2, 7);
        bench.write(PORT, 0x1E, 2, ABORTED);
        assertThat(read(HOLE)).isEqualTo(0xFFFF_FFFFL);
        assertThat(up.configRead(AER + 4, 4)).isEqualTo(1 << 20);
        assertThat(bench.read(CARD, 0x1E, 2)).isZero();
        assertThat(secondary()).isEqualTo(ABORTED);
    }

    @Test
    void aRequestOfACardThatMeetsNobodyIsFoundByItsRootPort() {
        bench.write(PORT, portExpress + 8, 2, 0xF);
        byte[] data = new byte[4];
        assertThat(card.host.upstream(card).read(0xD000_0000L, data, 0, 4)).isFalse();
        assertThat(bench.read(CARD, 0x06, 2) & ABORTED).as("the card's status: received master abort").isEqualTo(ABORTED);
        assertThat(port.configRead(AER + 4, 4)).isEqualTo(1 << 20);
        assertThat(port.configRead(AER + 0x30, 4)).as("advisory, masked").isZero();
        assertThat(hostStatus()).as("it was not the processor's request").isZero();
        card.host.upstream(card).write(0xD000_0000L, data, 0, 4);
        assertThat(port.configRead(AER + 0x30, 4)).as("uncorrectable, non-fatal").isEqualTo(0x24);
        assertThat(port.configRead(AER + 0x34, 4)).as("the port itself").isEqualTo(0x00E0_0000);
        assertThat(port.configRead(AER + 0x20, 4) >>> 16).as("header: who asked").isEqualTo(0x0100);
    }

    @Test
    void parityErrorsAreThereByNameOnly() {
        bench.write(CARD, 0x04, 2, 0x47);
        bench.write(PORT, 0x3E, 2, 3);
        read(HOLE);
        bench.machine.memory().write(HOLE, 4, 1);
        assertThat(bench.read(CARD, 0x06, 2) & 0x8100).as("nothing is ever poisoned").isZero();
        assertThat(bench.read(PORT, 0x1E, 2) & 0x8100).isZero();
    }

    @Test
    void vgaAddressesAreForwardedWhenEnabled() {
        bench.write(CARD, 0x10, 4, 0xA_0000);
        bench.write(CARD, 0x14, 4, 0x3C0);
        assertThat(read(0xA_0000)).as("without").isEqualTo(0xFFFF_FFFFL);
        bench.write(PORT, 0x3E, 2, 0xA);
        assertThat(read(0xA_0000)).isEqualTo(0x42);
        assertThat(bench.machine.ports().read(0x3C0, 1)).isEqualTo(0x43);
        assertThat(bench.machine.ports().read(0x3DF, 1)).isEqualTo(0x43);
        bench.write(PORT, 0x3E, 2, 0xE);
        assertThat(bench.machine.ports().read(0x3C0, 1)).as("ISA enable does not keep it back").isEqualTo(0x43);
        bench.write(CARD, 0x14, 4, 0x7C0);
        assertThat(bench.machine.ports().read(0x7C0, 1)).as("an alias").isEqualTo(0x43);
        bench.write(PORT, 0x3E, 2, 0x1A);
        assertThat(bench.machine.ports().read(0x7C0, 1)).as("with 16-bit decode").isEqualTo(0xFF);
        bench.write(CARD, 0x14, 4, 0x3A0);
        assertThat(bench.machine.ports().read(0x3B0, 1)).as("3B0h-3BBh").isEqualTo(0x43);
        assertThat(bench.machine.ports().read(0x3BC, 1)).as("the printer's ports are not VGA's").isEqualTo(0xFF);
        bench.write(PORT, 0x04, 2, 6);
        assertThat(bench.machine.ports().read(0x3B0, 1)).as("the bridge's I/O enable").isEqualTo(0xFF);
    }

    @Test
    void configurationAccessesOfOddWidthsAndAlignmentsAreSplit() {
        bench.write(Bench.HOST, 0x60, 4, 0xE000_0001);
        long space = 0xE000_0000L + (0x100L << 12);
        assertThat(bench.machine.memory().read(space, 8)).isEqualTo(0x0010_0000_1234_8086L | 7L << 32);
        assertThat(bench.machine.memory().read(space + 1, 2)).isEqualTo(0x3480);
        assertThat(bench.machine.memory().read(space + 1, 4)).isEqualTo(0x0712_3480);
        bench.machine.memory().write(space + 0xB, 4, 0x0000_40FF);
        assertThat(bench.read(CARD, 0x0C, 1)).as("cache line size, from the second byte").isEqualTo(0x40);
        assertThat(bench.read(CARD, 0x0B, 1)).as("class code is read-only").isEqualTo(2);
        assertThat(bench.machine.memory().read(space + 0xFFE, 4)).as("the next function is not there").isEqualTo(0xFFFF_0000L);
        bench.machine.ports().write(0xCF8, 4, 0x8000_0000 | CARD);
        assertThat(bench.machine.ports().read(0xCFD, 2)).isEqualTo(0x3480);
        assertThat(bench.machine.ports().read(0xCFE, 4)).as("beyond CFFh nothing answers").isEqualTo(0xFFFF_1234);
        bench.machine.ports().write(0xCF8, 4, CARD);
        assertThat(bench.machine.ports().read(0xCFC, 4)).as("bit 31 of CF8h is clear").isEqualTo(-1);
    }

    @Test
    void whatIsRecordedOutlastsAWarmResetOfTheCard() {
        read(HOLE);
        card.reset(Reset.WARM);
        assertThat(own(4)).isEqualTo(1 << 20);
        card.configWrite(AER + 4, 4, 1 << 20);
        assertThat(own(4)).as("cleared by writing one").isZero();
        card.configWrite(AER + 0x10, 4, 0);
        assertThat(own(0x10)).as("writing zero leaves it").isEqualTo(1 << 13);
    }
}
