package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.StatelessPart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A hot-plug slot as its driver sees it. Expectations: PCI Express Base Specification, Slot Capabilities, Slot Control and Slot Status Registers;
 * Software Notification of Hot-Plug Events; Data Link Layer State Changed Events.
 */
class SlotTest {
    private static final int PORT = Bench.address(0, 0x1C, 0);
    private static final int EXPRESS = 0x40;
    private static final int LINKCTL = EXPRESS + 0x10;
    private static final int LINKSTA = EXPRESS + 0x12;
    private static final int SLOTCAP = EXPRESS + 0x14;
    private static final int SLOTCTL = EXPRESS + 0x18;
    private static final int SLOTSTA = EXPRESS + 0x1A;
    private static final int BUTTON = 0x001;
    private static final int PRESENCE_CHANGED = 0x008;
    private static final int COMPLETED = 0x010;
    private static final int PRESENT = 0x040;
    private static final int LINK_CHANGED = 0x100;
    private static final int POWER_OFF = 0x400;
    private static final int INTERRUPTS = 0x1039;
    private static final int ACTIVE = 0x2000;

    private final Bench bench = new Bench();
    private final Bridge port = new Bridge("rp1", "00:1c.0", "root-port", 1, 7, true, false);
    private final FakeFunction card = new FakeFunction("card", "01:00.0");
    private final HeardMessages target = new HeardMessages();

    /** Keeps time going while nothing else does. */
    private static final class Ticker extends StatelessPart {
        @Override
        public void attach(Board board) {
            board.clock().timer("tick", () -> { }).at(board.clock().now() + 500);
        }
    }

    @BeforeEach
    void build() {
        bench.machine.add(new HaltedProcessor(0));
        bench.machine.add(new Ticker());
        bench.machine.add(target);
        bench.machine.add(port);
        bench.pass(1000);
        bench.write(PORT, 0x18, 4, 0x0001_0100);
        bench.write(PORT, 0x04, 2, 7);
        int msi = EXPRESS;
        for (msi = EXPRESS; bench.read(PORT, msi, 1) != 5; msi = bench.read(PORT, msi + 1, 1)) { }
        bench.write(PORT, msi + 4, 4, 0xFEE0_0000);
        bench.write(PORT, msi + 12, 2, 0x51);
        bench.write(PORT, msi + 2, 2, 1);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private int status() {
        return bench.read(PORT, SLOTSTA, 2);
    }

    private void clear() {
        bench.write(PORT, SLOTSTA, 2, 0x11F);
        target.data.clear();
    }

    private void insert() {
        bench.machine.add(card);
        bench.pass(1000);
    }

    private void takeOut() {
        bench.machine.remove(card);
        bench.pass(1000);
    }

    @Test
    void itSaysWhatItHas() {
        assertThat(bench.read(PORT, SLOTCAP, 4) & 0x7F).as("button, power controller, indicators, surprise removal, hot-plug").isEqualTo(0x7B);
        assertThat(bench.read(PORT, SLOTCAP, 4) >>> 19).as("number").isEqualTo(7);
        assertThat(bench.read(PORT, EXPRESS + 0xC, 4) & 0x10_0000).as("link active reporting").isNotZero();
        assertThat(status()).as("empty").isZero();
    }

    @Test
    void aCardThatIsThereFromTheStartIsNoEvent() {
        Bench other = new Bench();
        other.machine.add(new Bridge("rp1", "00:1c.0", "root-port", 1, 7, true, false));
        other.machine.add(new FakeFunction("card", "01:00.0"));
        assertThat(other.read(PORT, SLOTSTA, 2)).isEqualTo(PRESENT);
        assertThat(other.read(PORT, LINKSTA, 2) & ACTIVE).isNotZero();
        other.close();
    }

    @Test
    void insertionIsAnEventAndBringsTheLinkUp() {
        insert();
        assertThat(status()).isEqualTo(PRESENT | PRESENCE_CHANGED | LINK_CHANGED);
        assertThat(bench.read(PORT, LINKSTA, 2) & ACTIVE).isNotZero();
        assertThat(bench.read(Bench.address(1, 0, 0), 0, 4)).isEqualTo(0x10D3_8086);
        assertThat(target.data).as("no interrupt is enabled").isEmpty();
    }

    @Test
    void removalIsAnEventAndTakesTheLinkDown() {
        insert();
        clear();
        takeOut();
        assertThat(status()).isEqualTo(PRESENCE_CHANGED | LINK_CHANGED);
        assertThat(bench.read(PORT, LINKSTA, 2) & ACTIVE).isZero();
        assertThat(bench.read(Bench.address(1, 0, 0), 0, 4)).isEqualTo(-1);
    }

    @Test
    void anEventInterruptsOnceUntilAllAreCleared() {
        bench.write(PORT, SLOTCTL, 2, INTERRUPTS);
        clear();
        insert();
        assertThat(target.data).as("presence and link come together").containsExactly(0x51);
        port.pressButton();
        assertThat(target.data).hasSize(1);
        bench.write(PORT, SLOTSTA, 2, PRESENCE_CHANGED);
        assertThat(target.data).as("others are left").hasSize(1);
        clear();
        port.pressButton();
        assertThat(target.data).containsExactly(0x51);
        assertThat(status() & BUTTON).isNotZero();
    }

    @Test
    void enablingInterruptsWithAnEventPendingInterrupts() {
        insert();
        bench.write(PORT, SLOTCTL, 2, INTERRUPTS & ~0x10);
        assertThat(target.data).containsExactly(0x51);
    }

    @Test
    void eachWriteOfSlotControlIsACompletedCommand() {
        bench.write(PORT, SLOTCTL, 2, INTERRUPTS);
        assertThat(status()).isEqualTo(COMPLETED);
        assertThat(target.data).containsExactly(0x51);
    }

    @Test
    void powerOffTakesTheLinkDownAndPowerOnResetsTheCard() {
        insert();
        bench.write(Bench.address(1, 0, 0), 0x04, 2, 6);
        bench.write(PORT, SLOTCTL, 2, POWER_OFF);
        assertThat(bench.read(PORT, LINKSTA, 2) & ACTIVE).isZero();
        assertThat(bench.read(Bench.address(1, 0, 0), 0, 4)).isEqualTo(-1);
        assertThat(status() & PRESENT).as("still there").isNotZero();
        bench.write(PORT, SLOTCTL, 2, 0);
        assertThat(bench.read(Bench.address(1, 0, 0), 0, 4)).isEqualTo(0x10D3_8086);
        assertThat(bench.read(Bench.address(1, 0, 0), 0x04, 2)).as("as at power-on").isZero();
    }

    @Test
    void aCardPutIntoASlotWithoutPowerStaysDark() {
        bench.write(PORT, SLOTCTL, 2, POWER_OFF);
        clear();
        insert();
        assertThat(status()).isEqualTo(PRESENT | PRESENCE_CHANGED);
        assertThat(bench.read(PORT, LINKSTA, 2) & ACTIVE).isZero();
    }

    @Test
    void aCardThatReturnsBeforeTheRunGoesOnHasNotBeenAway() {
        insert();
        clear();
        bench.write(Bench.address(1, 0, 0), 0x04, 2, 6);
        bench.machine.remove(card);
        bench.machine.add(new FakeFunction("card", "01:00.0"));
        bench.pass(1000);
        assertThat(status()).isEqualTo(PRESENT);
        assertThat(bench.read(Bench.address(1, 0, 0), 0x04, 2)).as("its state is carried over").isEqualTo(6);
    }

    @Test
    void anotherCardIsARemovalAndAnInsertion() {
        insert();
        clear();
        bench.machine.remove(card);
        bench.machine.add(new FakeFunction("other", "01:00.0"));
        bench.pass(1000);
        assertThat(status()).isEqualTo(PRESENT | PRESENCE_CHANGED | LINK_CHANGED);
        assertThat(bench.read(PORT, LINKSTA, 2) & ACTIVE).isNotZero();
    }

    @Test
    void aCardThatComesBackAfterRemovalComesUpAsNew() {
        insert();
        bench.write(Bench.address(1, 0, 0), 0x04, 2, 6);
        takeOut();
        bench.machine.add(new FakeFunction("card", "01:00.0"));
        bench.pass(1000);
        assertThat(bench.read(Bench.address(1, 0, 0), 0x04, 2)).isZero();
    }

    @Test
    void requestsOfACardWhoseLinkIsDownGoNowhere() {
        insert();
        bench.write(Bench.address(1, 0, 0), 0x04, 2, 6);
        bench.write(PORT, LINKCTL, 2, 0x10);
        assertThat(card.upstream.write(0x1000, new byte[] {1}, 0, 1)).isFalse();
    }

    @Test
    void withoutMessagesThePortInterruptsByItsPin() {
        for (int msi = EXPRESS; msi != 0; msi = bench.read(PORT, msi + 1, 1)) {
            if (bench.read(PORT, msi, 1) == 5) {
                bench.write(PORT, msi + 2, 2, 0);
            }
        }
        bench.write(PORT, SLOTCTL, 2, INTERRUPTS);
        assertThat(bench.read(PORT, 0x06, 2) & 8).as("interrupt status").isNotZero();
        clear();
        assertThat(bench.read(PORT, 0x06, 2) & 8).isZero();
    }

    @Test
    void aSlotThatIsNotForHotPlugHasNeitherButtonNorEvents() {
        bench.machine.add(new Bridge("rp2", "00:1c.1", "root-port", 2, 8, false, false));
        int fixed = Bench.address(0, 0x1C, 1);
        assertThat(bench.read(fixed, SLOTCAP, 4) & 0x7F).isZero();
        bench.write(fixed, SLOTCTL, 2, -1);
        assertThat(bench.read(fixed, SLOTCTL, 2)).isZero();
        assertThat(bench.read(fixed, SLOTSTA, 2)).isZero();
    }

    @Test
    void stateIsCarriedOver() {
        insert();
        bench.write(PORT, SLOTCTL, 2, INTERRUPTS);
        var saved = port.save();
        Bridge next = new Bridge("rp1", "00:1c.0", "root-port", 1, 7, true, false);
        next.restore(saved);
        bench.machine.remove(port);
        bench.machine.add(next);
        target.data.clear();
        bench.pass(1000);
        assertThat(status()).isEqualTo(PRESENT | PRESENCE_CHANGED | LINK_CHANGED | COMPLETED);
        assertThat(target.data).as("it has been told already").isEmpty();
    }
}
