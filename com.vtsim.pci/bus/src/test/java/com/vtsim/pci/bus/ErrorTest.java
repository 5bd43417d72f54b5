package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.ErrorReporting.Severity;
import com.vtsim.api.pci.PciExpress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Errors on their way to the root port, and access control. Expectations: PCI Express Base Specification, Error Signaling and Logging; Advanced Error Reporting; Access Control Services. */
class ErrorTest {
    private static final int PORT = Bench.address(0, 0x1C, 0);
    private static final int CARD = Bench.address(1, 0, 0);
    private static final int AER = 0x100;
    private static final int ROOT_COMMAND = 0x2C;
    private static final int ROOT_STATUS = 0x30;
    private static final int SOURCE = 0x34;

    private final Bench bench = new Bench();
    private final Bridge port = new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false);
    private final Card card = new Card();
    private final HeardMessages target = new HeardMessages();
    private int express;
    private int acs;

    private static final class Card extends BusMaster {
        Card() {
            super("card", "01:00.0");
            config.add(PciExpress.endpoint()).add(ErrorReporting.endpoint());
        }
    }

    @BeforeEach
    void build() {
        bench.machine.add(target);
        bench.machine.add(port);
        bench.machine.add(card);
        bench.write(PORT, 0x18, 4, 0x0001_0100);
        bench.write(PORT, 0x04, 2, 7);
        bench.write(PORT, 0x3E, 2, 2);
        bench.write(CARD, 0x04, 2, 4);
        for (int at = 0x40; at != 0; at = bench.read(PORT, at + 1, 1)) {
            if (bench.read(PORT, at, 1) == 5) {
                bench.write(PORT, at + 4, 4, 0xFEE0_0000);
                bench.write(PORT, at + 12, 2, 0x61);
                bench.write(PORT, at + 2, 2, 1);
            }
        }
        express = bench.read(CARD, 0x34, 1);
        acs = AER;
        while ((port.configRead(acs, 4) & 0xFFFF) != 0x0D) {
            acs = port.configRead(acs, 4) >>> 20;
        }
        bench.write(CARD, express + 8, 2, 0x7);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private int root(int register) {
        return port.configRead(AER + register, 4);
    }

    private int own(int register) {
        return card.configRead(AER + register, 4);
    }

    @Test
    void aNonFatalErrorIsRecordedWithItsHeader() {
        assertThat(card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT, 1, 2, 3, 4)).isEqualTo(Severity.NONFATAL);
        assertThat(own(0x04)).as("uncorrectable status").isEqualTo(1 << 14);
        assertThat(own(0x18) & 0x1F).as("first error").isEqualTo(14);
        assertThat(List.of(own(0x1C), own(0x20), own(0x24), own(0x28))).containsExactly(1, 2, 3, 4);
        assertThat(bench.read(CARD, express + 0xA, 2)).as("device status: non-fatal").isEqualTo(2);
    }

    @Test
    void theHeaderOfTheFirstErrorStaysUntilItIsCleared() {
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT, 1);
        card.config.detected(true, ErrorReporting.POISONED, 9);
        assertThat(own(0x1C)).isEqualTo(1);
        assertThat(own(0x04)).isEqualTo(1 << 14 | 1 << 12);
        card.configWrite(AER + 4, 4, 1 << 14);
        card.config.detected(true, ErrorReporting.POISONED, 9);
        assertThat(own(0x1C)).isEqualTo(9);
    }

    @Test
    void theRootPortRecordsWhoReported() {
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(root(ROOT_STATUS)).as("uncorrectable and non-fatal received").isEqualTo(0x24);
        assertThat(root(SOURCE)).isEqualTo(0x0100_0000);
        assertThat(bench.read(PORT, 0x1E, 2) & 0x4000).as("received system error").isNotZero();
        card.config.detected(true, ErrorReporting.MALFORMED);
        assertThat(root(ROOT_STATUS)).as("several, one fatal").isEqualTo(0x6C);
        card.config.detected(false, ErrorReporting.RECEIVER_ERROR);
        assertThat(root(ROOT_STATUS)).isEqualTo(0x6D);
        assertThat(root(SOURCE)).isEqualTo(0x0100_0100);
    }

    @Test
    void aFatalErrorThatIsTheFirstIsMarked() {
        card.config.detected(true, ErrorReporting.MALFORMED);
        assertThat(root(ROOT_STATUS)).isEqualTo(0x54);
    }

    @Test
    void theRootPortInterruptsForWhatSoftwareWants() {
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(target.data).isEmpty();
        port.configWrite(AER + ROOT_COMMAND, 4, 2);
        port.configWrite(AER + ROOT_STATUS, 4, -1);
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(target.data).containsExactly(0x61);
        card.config.detected(false, ErrorReporting.RECEIVER_ERROR);
        assertThat(target.data).as("correctable ones are not wanted").hasSize(1);
    }

    @Test
    void whatIsMaskedIsRecordedOnly() {
        card.configWrite(AER + 8, 4, 1 << 14);
        assertThat(card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT, 5)).isNull();
        assertThat(own(0x04)).isEqualTo(1 << 14);
        assertThat(own(0x1C)).as("no header").isZero();
        assertThat(root(ROOT_STATUS)).isZero();
        assertThat(card.config.detected(false, ErrorReporting.ADVISORY)).as("masked after reset").isNull();
    }

    @Test
    void severityIsSoftwaresToSay() {
        card.configWrite(AER + 0xC, 4, 1 << 14);
        assertThat(card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT)).isEqualTo(Severity.FATAL);
        assertThat(card.config.detected(true, ErrorReporting.MALFORMED)).isEqualTo(Severity.NONFATAL);
    }

    @Test
    void reportingIsEnabledInDeviceControlOrByServr() {
        bench.write(CARD, express + 8, 2, 0);
        assertThat(card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT)).isNull();
        bench.write(CARD, 0x04, 2, 0x0104);
        assertThat(card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT)).isEqualTo(Severity.NONFATAL);
        assertThat(bench.read(CARD, 0x06, 2) & 0x4000).as("signalled system error").isNotZero();
        assertThat(card.config.detected(false, ErrorReporting.RECEIVER_ERROR)).as("SERR is for uncorrectable ones").isNull();
    }

    @Test
    void anUnsupportedRequestHasAnEnableOfItsOwn() {
        assertThat(card.config.detected(true, ErrorReporting.UNSUPPORTED_REQUEST)).isNull();
        assertThat(bench.read(CARD, express + 0xA, 2)).as("non-fatal, unsupported request").isEqualTo(0xA);
        bench.write(CARD, express + 8, 2, 0xF);
        assertThat(card.config.detected(true, ErrorReporting.UNSUPPORTED_REQUEST)).isEqualTo(Severity.NONFATAL);
    }

    @Test
    void aBridgeThatDoesNotForwardErrorsKeepsThem() {
        bench.write(PORT, 0x3E, 2, 0);
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT);
        assertThat(root(ROOT_STATUS)).isZero();
    }

    @Test
    void errorRecordsOutlastAResetButNotPowerOff() {
        card.config.detected(true, ErrorReporting.COMPLETION_TIMEOUT, 7);
        card.reset(Reset.WARM);
        assertThat(own(0x04)).isEqualTo(1 << 14);
        assertThat(own(0x1C)).isEqualTo(7);
        card.reset(Reset.COLD);
        assertThat(own(0x04)).isZero();
    }

    @Test
    void sourceValidationStopsForgedRequesters() {
        var forged = card.host.upstream(card, 0x00F8);
        assertThat(forged.write(0x1000, new byte[] {1}, 0, 1)).as("without it anyone may say anything").isTrue();
        port.configWrite(acs + 6, 2, 1);
        assertThat(forged.write(0x1000, new byte[] {2}, 0, 1)).isFalse();
        assertThat(forged.message(0xFEE0_0000L, 0x99)).isFalse();
        assertThat(forged.refusal()).isEqualTo("ACS violation");
        assertThat(bench.machine.memory().read(0x1000, 1)).isEqualTo(1);
        assertThat(port.configRead(AER + 4, 4)).as("the port's uncorrectable status").isEqualTo(1 << 21);
        assertThat(card.host.upstream(card).write(0x1000, new byte[] {3}, 0, 1)).as("its own name is fine").isTrue();
        assertThat(target.data).isEmpty();
    }

    /** The function gets a poisoned completion and no data; a write to the line is none of it. */
    @Test
    void memoryWithAnErrorIsReadByNoDevice() {
        bench.machine.memory().write(0x2040, 4, 0x1234);
        bench.machine.memory().poison(0x2040, 1);
        byte[] bytes = new byte[128];
        var upstream = card.host.upstream(card);
        assertThat(upstream.read(0x2000, bytes, 0, 64)).isTrue();
        assertThat(upstream.read(0x2000, bytes, 0, 128)).isFalse();
        assertThat(upstream.refusal()).startsWith("poisoned completion");
        assertThat(bytes).containsOnly(0xFF);
        assertThat(own(0x04)).as("uncorrectable status: poisoned TLP received").isEqualTo(1 << 12);
        assertThat(card.configRead(0x06, 2) & 0xA100).as("detected parity error, not master abort").isEqualTo(0x8000);
        assertThat(upstream.write(0x2040, new byte[64], 0, 64)).as("heals").isTrue();
        assertThat(upstream.read(0x2000, bytes, 0, 128)).isTrue();
    }

    @Test
    void translationBlockingStopsTranslatedRequests() {
        var upstream = card.host.upstream(card);
        port.configWrite(acs + 6, 2, 2);
        assertThat(upstream.write(com.vtsim.api.pci.Upstream.Prefix.TRANSLATED, 0x1000, new byte[] {2}, 0, 1)).isFalse();
        assertThat(upstream.refusal()).isEqualTo("ACS violation");
        assertThat(upstream.write(0x1000, new byte[] {2}, 0, 1)).isTrue();
    }
}
