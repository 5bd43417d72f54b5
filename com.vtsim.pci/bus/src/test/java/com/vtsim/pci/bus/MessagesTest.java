package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.api.pci.Msi;
import com.vtsim.api.pci.MsiX;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PowerManagement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** MSI, MSI-X, power states and function-level reset by the guest's door. Expectations: PCI Local Bus Specification, MSI and MSI-X; PCI Express Base Specification. */
class MessagesTest {
    private static final int CARD = Bench.address(0, 3, 0);
    private static final long WINDOW = 0xFE00_0000L;

    private final Bench bench = new Bench();
    private final Card card = new Card();
    private final HeardMessages target = new HeardMessages();
    private int msi;
    private int msix;
    private int pm;
    private int express;

    /** Named so that it is attached before the host bridge. */
    private static final class Card extends BusMaster {
        private final Msi msi = new Msi(4);
        private final MsiX msix = new MsiX(70, 0);

        Card() {
            super("card", "00:03.0");
            config.memory(0, msix.windowSize(), false, msix.window()).add(new PowerManagement()).add(msi).add(msix).add(PciExpress.endpoint()).pin(1);
        }
    }

    @BeforeEach
    void plug() {
        bench.machine.add(target);
        bench.machine.add(card);
        for (int at = bench.read(CARD, 0x34, 1); at != 0; at = bench.read(CARD, at + 1, 1)) {
            switch (bench.read(CARD, at, 1)) {
                case 0x01 -> pm = at;
                case 0x05 -> msi = at;
                case 0x10 -> express = at;
                case 0x11 -> msix = at;
                default -> throw new AssertionError("capability at " + at);
            }
        }
        bench.write(CARD, 0x10, 4, (int) WINDOW);
        bench.write(CARD, 0x04, 2, 0x0006);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private long table(long offset, int size) {
        return bench.machine.memory().read(WINDOW + offset, size);
    }

    private void table(long offset, int size, long value) {
        bench.machine.memory().write(WINDOW + offset, size, value);
    }

    @Test
    void theListLinksWhatIsThere() {
        assertThat(List.of(pm, msi, msix, express)).doesNotContain(0).doesNotHaveDuplicates();
        assertThat(bench.read(CARD, 0x06, 2) & 0x10).as("capabilities list").isNotZero();
    }

    @Test
    void msiAnnouncesVectors64BitsAndMasks() {
        assertThat(bench.read(CARD, msi + 2, 2)).as("four vectors, 64 bits, per-vector masking").isEqualTo(0x0184);
        bench.write(CARD, msi + 0x10, 4, -1);
        assertThat(bench.read(CARD, msi + 0x10, 4)).as("as many mask bits as vectors").isEqualTo(0xF);
    }

    @Test
    void msiWithFewerVectorsGrantedSharesThem() {
        enableMsi(1);
        card.msi.raise(3);
        assertThat(target.heard).containsExactly("fee01000 4041");
    }

    @Test
    void msiSendsTheVectorInTheLowBitsOfTheData() {
        enableMsi(2);
        assertThat(card.msi.raise(3)).isTrue();
        assertThat(target.heard).containsExactly("fee01000 4043");
    }

    private void enableMsi(int granted) {
        bench.write(CARD, msi + 4, 4, 0xFEE0_1000);
        bench.write(CARD, msi + 0xC, 2, 0x4040);
        bench.write(CARD, msi + 2, 2, 1 | granted << 4);
    }

    @Test
    void aMaskedMessageIsPendingUntilTheMaskFalls() {
        enableMsi(2);
        bench.write(CARD, msi + 0x10, 4, 0x2);
        card.msi.raise(1);
        assertThat(target.heard).isEmpty();
        assertThat(bench.read(CARD, msi + 0x14, 4)).isEqualTo(2);
        bench.write(CARD, msi + 0x10, 4, 0);
        assertThat(target.heard).containsExactly("fee01000 4041");
        assertThat(bench.read(CARD, msi + 0x14, 4)).isZero();
    }

    @Test
    void whatIsTakenBackWhileMaskedIsNotSent() {
        enableMsi(2);
        bench.write(CARD, msi + 0x10, 4, 0x2);
        card.msi.raise(1);
        card.msi.withdraw(1);
        bench.write(CARD, msi + 0x10, 4, 0);
        assertThat(target.heard).isEmpty();
    }

    @Test
    void nothingIsSentWithoutBusMasterEnable() {
        enableMsi(0);
        bench.write(CARD, 0x04, 2, 0x0002);
        assertThat(card.msi.raise(0)).isFalse();
        assertThat(target.heard).isEmpty();
    }

    private void entry(int vector, long address, int data, int control) {
        table(vector * 16L, 8, address);
        table(vector * 16L + 8, 8, data & 0xFFFF_FFFFL | (long) control << 32);
    }

    @Test
    void msixTableComesUpMaskedAndAnnouncesItsSize() {
        assertThat(bench.read(CARD, msix + 2, 2)).isEqualTo(69);
        assertThat(bench.read(CARD, msix + 4, 4)).as("table at the start of BAR 0").isZero();
        assertThat(bench.read(CARD, msix + 8, 4)).as("pending bits behind").isEqualTo(0x1000);
        assertThat(table(69 * 16 + 12, 4)).isEqualTo(1);
        assertThat(table(70 * 16 + 12, 4)).as("beyond the table").isZero();
    }

    @Test
    void msixSendsAnEntrysMessage() {
        bench.write(CARD, msix + 2, 2, 0x8000);
        entry(65, 0xFEE0_2000L, 0x51, 0);
        assertThat(card.msix.raise(65)).isTrue();
        assertThat(target.heard).containsExactly("fee02000 51");
    }

    @Test
    void msixMaskedVectorIsPendingUntilItsMaskFalls() {
        bench.write(CARD, msix + 2, 2, 0x8000);
        entry(65, 0xFEE0_2000L, 0x51, 1);
        card.msix.raise(65);
        card.msix.raise(65);
        assertThat(table(0x1008, 8)).as("pending bit").isEqualTo(2);
        assertThat(table(0x1000, 8)).isZero();
        table(65 * 16 + 12, 4, 0);
        assertThat(target.heard).as("once").containsExactly("fee02000 51");
        assertThat(table(0x1008, 8)).isZero();
    }

    @Test
    void msixFunctionMaskHoldsAllBack() {
        bench.write(CARD, msix + 2, 2, 0xC000);
        entry(0, 0xFEE0_2000L, 0x50, 0);
        entry(1, 0xFEE0_2000L, 0x51, 0);
        card.msix.raise(0);
        card.msix.raise(1);
        assertThat(target.heard).isEmpty();
        bench.write(CARD, msix + 2, 2, 0x8000);
        assertThat(target.heard).containsExactly("fee02000 50", "fee02000 51");
    }

    @Test
    void msixThatIsNotEnabledSendsNothing() {
        entry(0, 0xFEE0_2000L, 0x50, 0);
        assertThat(card.msix.raise(0)).isFalse();
        assertThat(target.heard).isEmpty();
    }

    @Test
    void theTableIsCarriedOver() {
        bench.write(CARD, msix + 2, 2, 0x8000);
        entry(3, 0xFEE0_2000L, 0x53, 1);
        card.msix.raise(3);
        State saved = card.save();
        card.reset(Reset.COLD);
        card.restore(saved);
        assertThat(card.msix.isPending(3)).isTrue();
        bench.write(CARD, 0x10, 4, (int) WINDOW);
        bench.write(CARD, 0x04, 2, 0x0006);
        table(3 * 16 + 12, 4, 0);
        assertThat(target.heard).containsExactly("fee02000 53");
    }

    @Test
    void inD3hotTheFunctionAnswersToConfigurationOnly() {
        bench.write(CARD, pm + 4, 2, 3);
        assertThat(table(0, 4)).as("memory").isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.read(CARD, 0x00, 4)).isEqualTo(0x1234_8086);
        enableMsi(0);
        assertThat(card.msi.raise(0)).as("message").isFalse();
        assertThat(card.upstream.write(0x1000, new byte[] {1}, 0, 1)).as("request").isFalse();
        assertThat(card.config.isBusMaster()).as("what controllers ask before they work on queues").isFalse();
    }

    @Test
    void fromD3hotToD0TheFunctionIsReset() {
        bench.write(CARD, pm + 4, 2, 3);
        bench.write(CARD, pm + 4, 2, 0);
        assertThat(card.resets).isEqualTo(1);
        assertThat(bench.read(CARD, 0x10, 4)).isZero();
        assertThat(bench.read(CARD, 0x04, 2)).isZero();
    }

    @Test
    void aPowerStateThatIsNotThereIsNotEntered() {
        bench.write(CARD, pm + 4, 2, 1);
        assertThat(bench.read(CARD, pm + 4, 2)).isZero();
    }

    @Test
    void functionLevelResetForgetsWhatSoftwareSetUp() {
        enableMsi(2);
        bench.write(CARD, express + 8, 2, 0x8000 | bench.read(CARD, express + 8, 2));
        assertThat(card.resets).isEqualTo(1);
        assertThat(bench.read(CARD, msi + 2, 2)).isEqualTo(0x0184);
        assertThat(bench.read(CARD, 0x10, 4)).isZero();
        assertThat(bench.read(CARD, express + 8, 2)).as("the bit reads 0").isEqualTo(0x2810);
    }
}
