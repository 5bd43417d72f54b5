package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.pci.ErrorReporting;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A port that contains errors, and events that wake the platform. Expectations: PCI Express Base Specification, Downstream Port Containment; Power Management Event Mechanisms. */
class ContainmentTest {
    private static final int PORT = Bench.address(0, 0x1C, 0);
    private static final int CARD = Bench.address(1, 0, 0);
    private static final int AER = 0x100;
    private static final int FATAL_ONLY = 1;
    private static final int BOTH = 2;
    private static final int INTERRUPT = 8;
    private static final int SOFTWARE = 0x40;
    private static final long BAR = 0xFE00_0000L;

    private final Bench bench = new Bench();
    private final Bridge port = new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false);
    private final ErrorCard card = new ErrorCard("01:00.0");
    private final HeardMessages target = new HeardMessages();
    private int dpc;
    private int portExpress;
    private int power;

    @BeforeEach
    void build() {
        bench.machine.add(target);
        bench.machine.add(port);
        bench.machine.add(card);
        configurePort();
        configureCard();
        portExpress = bench.read(PORT, 0x34, 1);
        for (power = bench.read(CARD, 0x34, 1); bench.read(CARD, power, 1) != 1; ) {
            power = bench.read(CARD, power + 1, 1);
        }
        for (dpc = AER; (port.configRead(dpc, 4) & 0xFFFF) != 0x1D; ) {
            dpc = port.configRead(dpc, 4) >>> 20;
        }
    }

    private void configurePort() {
        bench.write(PORT, 0x18, 4, 0x0001_0100);
        bench.write(PORT, 0x20, 4, 0xFE10_FE00);
        bench.write(PORT, 0x04, 2, 7);
        bench.write(PORT, 0x3E, 2, 2);
        for (int at = bench.read(PORT, 0x34, 1); at != 0; at = bench.read(PORT, at + 1, 1)) {
            if (bench.read(PORT, at, 1) == 5) {
                bench.write(PORT, at + 4, 4, 0xFEE0_0000);
                bench.write(PORT, at + 12, 2, 0x61);
                bench.write(PORT, at + 2, 2, 1);
            }
        }
    }

    private void configureCard() {
        bench.write(CARD, 0x10, 4, (int) BAR);
        bench.write(CARD, 0x04, 2, 6);
        bench.write(CARD, bench.read(CARD, 0x34, 1) + 8, 2, 0x7);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void control(int value) {
        port.configWrite(dpc + 6, 2, value);
    }

    private int status() {
        return port.configRead(dpc + 8, 2);
    }

    private boolean isLinkUp() {
        return (bench.read(PORT, portExpress + 0x12, 2) & 0x2000) != 0;
    }

    private void fail(int error) {
        card.config.detected(true, error, 1, 2, 3, 4);
    }

    private int rootStatus() {
        return port.configRead(AER + 0x30, 4);
    }

    @Test
    void withoutBeingEnabledNothingIsContained() {
        fail(ErrorReporting.MALFORMED);
        control(SOFTWARE);
        assertThat(status()).isZero();
        assertThat(isLinkUp()).isTrue();
        assertThat(rootStatus()).isNotZero();
    }

    @Test
    void aFatalErrorTakesTheLinkDown() {
        control(FATAL_ONLY | INTERRUPT);
        fail(ErrorReporting.MALFORMED);
        assertThat(status()).as("triggered, by a fatal message, interrupt").isEqualTo(1 | 2 << 1 | 8);
        assertThat(port.configRead(dpc + 0xA, 2)).as("who sent it").isEqualTo(0x0100);
        assertThat(target.data).containsExactly(0x61);
        assertThat(isLinkUp()).isFalse();
        assertThat(rootStatus()).as("the message goes no further").isZero();
        assertThat(bench.read(CARD, 0, 4)).isEqualTo(-1);
        assertThat(bench.machine.memory().read(BAR, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(card.upstream.write(0x1000, new byte[1], 0, 1)).as("requests of the card").isFalse();
    }

    @Test
    void whatIsNotFatalIsContainedIfSoftwareWantsThat() {
        control(FATAL_ONLY);
        fail(ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(status()).isZero();
        assertThat(rootStatus()).isNotZero();
        control(BOTH);
        card.config.detected(false, ErrorReporting.RECEIVER_ERROR);
        assertThat(status()).as("correctable ones never").isZero();
        fail(ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(status()).as("triggered, by a non-fatal message, interrupt status").isEqualTo(1 | 1 << 1 | 8);
        assertThat(target.data).as("the interrupt is not enabled").isEmpty();
    }

    @Test
    void softwareTriggersAndReleases() {
        control(BOTH | INTERRUPT | SOFTWARE);
        assertThat(status()).as("triggered, reason in the extension: software").isEqualTo(1 | 3 << 1 | 8 | 1 << 5);
        assertThat(port.configRead(dpc + 6, 2)).as("the trigger reads 0").isEqualTo(BOTH | INTERRUPT);
        assertThat(target.data).hasSize(1);
        int resets = card.resets;
        port.configWrite(dpc + 8, 2, 8);
        assertThat(isLinkUp()).as("the interrupt status alone releases nothing").isFalse();
        port.configWrite(dpc + 8, 2, 1);
        assertThat(isLinkUp()).isTrue();
        assertThat(card.resets).as("the card has been reset").isEqualTo(resets + 1);
        assertThat(bench.read(CARD, 0x10, 4)).isZero();
        configureCard();
        assertThat(bench.machine.memory().read(BAR, 4)).isEqualTo(0x42);
        fail(ErrorReporting.MALFORMED);
        assertThat(target.data).as("and again").hasSize(2);
    }

    /** An unsupported request that the port itself finds: a write of the card that meets nobody. */
    @Test
    void thePortsOwnErrorIsContained() {
        bench.write(PORT, portExpress + 8, 2, 0xF);
        control(BOTH);
        card.upstream.write(0xD000_0000L, new byte[4], 0, 4);
        assertThat(status()).as("triggered, by an error of its own, interrupt status").isEqualTo(1 | 8);
        assertThat(port.configRead(AER + 4, 4)).isEqualTo(1 << 20);
        assertThat(rootStatus()).as("no message").isZero();
    }

    @Test
    void slotEventsTellOfTheLink() {
        bench.write(PORT, portExpress + 0x1A, 2, 0x11F);
        control(BOTH | SOFTWARE);
        assertThat(bench.read(PORT, portExpress + 0x1A, 2) & 0x148).as("link changed, the card is present").isEqualTo(0x140);
    }

    @Test
    void aResetEndsIt() {
        control(BOTH | SOFTWARE);
        port.reset(Reset.WARM);
        assertThat(isLinkUp()).isTrue();
        assertThat(status()).isZero();
    }

    @Test
    void aReplacedPortGoesOnContaining() {
        control(BOTH | INTERRUPT | SOFTWARE);
        var saved = port.save();
        bench.machine.remove(port);
        Bridge next = new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false);
        next.restore(saved);
        assertThat(next.isLinkUp()).isFalse();
        assertThat(next.configRead(dpc + 8, 2)).isEqualTo(1 | 3 << 1 | 8 | 1 << 5);
        assertThat(next.save()).usingRecursiveComparison().isEqualTo(saved);
    }

    @Test
    void aFunctionThatSleepsWakesThePlatform() {
        bench.write(PORT, portExpress + 0x1C, 2, 8);
        assertThat(bench.read(CARD, power + 2, 2) >>> 11).as("from D0 and D3hot").isEqualTo(0b01001);
        card.power.wake();
        assertThat(bench.read(CARD, power + 4, 2)).as("status, but not enabled").isEqualTo(0x8000);
        assertThat(target.data).isEmpty();
        bench.write(CARD, power + 4, 2, 0x8103);
        assertThat(bench.read(CARD, power + 4, 2)).as("in D3hot, enabled, status cleared by one").isEqualTo(0x0103);
        assertThat(bench.machine.memory().read(BAR, 4)).as("memory space is off").isEqualTo(0xFFFF_FFFFL);
        assertThat(card.power.wake()).isTrue();
        assertThat(bench.read(PORT, portExpress + 0x20, 4)).as("root status: requester and status").isEqualTo(0x0001_0100);
        assertThat(target.data).containsExactly(0x61);
        bench.write(CARD, power + 4, 2, 0x0100);
        assertThat(bench.read(CARD, 0x10, 4)).as("back in D0, as after a reset").isZero();
        assertThat(bench.read(CARD, power + 4, 2)).as("the event outlasts it").isEqualTo(0x8100);
    }

    @Test
    void eventsOfSeveralFunctionsWaitForEachOther() {
        ErrorCard second = new ErrorCard("01:00.1");
        bench.machine.add(second);
        bench.write(PORT, portExpress + 0x1C, 2, 8);
        second.configWrite(power + 4, 2, 0x100);
        card.configWrite(power + 4, 2, 0x100);
        card.power.wake();
        second.power.wake();
        card.power.wake();
        assertThat(bench.read(PORT, portExpress + 0x20, 4)).as("status and pending").isEqualTo(0x0003_0100);
        assertThat(target.data).hasSize(1);
        bench.write(PORT, portExpress + 0x20, 4, 0x0001_0000);
        assertThat(bench.read(PORT, portExpress + 0x20, 4)).as("the second").isEqualTo(0x0001_0101);
        bench.write(PORT, portExpress + 0x20, 4, 0x0001_0000);
        assertThat(bench.read(PORT, portExpress + 0x20, 4) & 0x0003_0000).isZero();
        card.power.wake();
        assertThat(target.data).as("a new one interrupts again").hasSize(2);
    }
}
