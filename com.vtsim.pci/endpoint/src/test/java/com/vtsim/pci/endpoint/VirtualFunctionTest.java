package com.vtsim.pci.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.TestEndpoint.Mode;
import com.vtsim.api.pci.TestEndpoint.Order;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.Bridge;
import com.vtsim.pci.bus.HostBridge;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Virtual functions behind a root port. Expectations: PCI Express Base Specification, Single Root I/O Virtualization and Sharing. */
class VirtualFunctionTest {
    private static final long WINDOWS = 0xFE00_0000L;
    private static final int CONTROL = 8;
    private static final int NUMBER = 0x10;
    private static final int ENABLE = 1;
    private static final int MEMORY = 8;

    private final Backplane machine = Backplane.of("t", 16 << 20);
    private final HostBridge host = new HostBridge("host", "q35", "1af4:1100");
    private final Bridge port = new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false);
    private final FakeUnit unit = new FakeUnit();
    private TestCard card = new TestCard("card", "01:00.0", true, true, 4);
    private int sriov;

    @BeforeEach
    void build() {
        machine.add(new HaltedProcessor(0));
        machine.add(host);
        machine.add(unit);
        machine.add(port);
        machine.add(card);
        port.configWrite(0x18, 4, 0x0003_0300);
        port.configWrite(0x20, 4, 0xFE00_FE00);
        port.configWrite(0x04, 2, 6);
        card.configWrite(0x04, 2, 6);
        for (sriov = 0x100; (card.configRead(sriov, 4) & 0xFFFF) != 0x10; ) {
            sriov = card.configRead(sriov, 4) >>> 20;
        }
        card.configWrite(sriov + 0x24, 4, (int) WINDOWS);
        card.configWrite(sriov + 0x2C, 4, (int) WINDOWS + 0x8_0000);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void enable(int number) {
        card.configWrite(sriov + NUMBER, 2, number);
        card.configWrite(sriov + CONTROL, 2, ENABLE | MEMORY);
    }

    private PciFunction at(String address) {
        return host.function(PciAddress.parse(address)).orElse(null);
    }

    @Test
    void itSaysHowManyThereCanBe() {
        assertThat(card.configRead(sriov + 0x0C, 2)).as("initial").isEqualTo(4);
        assertThat(card.configRead(sriov + 0x0E, 2)).as("total").isEqualTo(4);
        assertThat(card.configRead(sriov + 0x14, 2)).as("offset of the first").isEqualTo(1);
        assertThat(card.configRead(sriov + 0x1A, 2)).as("their device id").isEqualTo(0x11EB);
        card.configWrite(sriov + 0x24, 4, -1);
        assertThat(card.configRead(sriov + 0x24, 4)).as("size of each").isEqualTo(-0x2000);
        card.configWrite(sriov + 0x28, 4, -1);
        assertThat(card.configRead(sriov + 0x28, 4)).as("no such window").isZero();
    }

    @Test
    void theyAppearWhenEnabledAsManyAsAskedFor() {
        assertThat(at("03:00.1")).isNull();
        enable(2);
        assertThat(at("03:00.1")).isNotNull();
        assertThat(at("03:00.2")).isNotNull();
        assertThat(at("03:00.3")).isNull();
        assertThat(host.functions()).extracting(each -> host.address(each).toString()).contains("03:00.0", "03:00.1", "03:00.2");
        card.configWrite(sriov + CONTROL, 2, 0);
        assertThat(at("03:00.1")).isNull();
    }

    @Test
    void theNumberHoldsWhileTheyAreEnabledAndHasALimit() {
        enable(2);
        card.configWrite(sriov + NUMBER, 2, 3);
        assertThat(card.configRead(sriov + NUMBER, 2)).isEqualTo(2);
        card.configWrite(sriov + CONTROL, 2, 0);
        card.configWrite(sriov + NUMBER, 2, 5);
        assertThat(card.configRead(sriov + NUMBER, 2)).isEqualTo(2);
    }

    @Test
    void aVirtualFunctionHasNoIdentityNoBaseAddressesAndNoPin() {
        enable(1);
        PciFunction first = at("03:00.1");
        assertThat(first.configRead(0, 4)).as("the physical function tells").isEqualTo(-1);
        first.configWrite(0x10, 4, -1);
        assertThat(first.configRead(0x10, 4)).isZero();
        assertThat(first.configRead(0x3D, 1)).isZero();
        first.configWrite(0x04, 2, -1);
        assertThat(first.configRead(0x04, 2)).as("bus master only").isEqualTo(4);
    }

    @Test
    void theirWindowsLieOneBehindTheOther() {
        enable(2);
        machine.memory().write(WINDOWS + 0x1000, 4, 0x1111);
        machine.memory().write(WINDOWS + 0x2000 + 0x1000, 4, 0x2222);
        assertThat(machine.memory().read(WINDOWS, 4)).isEqualTo(0x5445_5654L);
        assertThat(machine.memory().read(WINDOWS + 0x1000, 4)).isEqualTo(0x1111);
        assertThat(machine.memory().read(WINDOWS + 0x3000, 4)).isEqualTo(0x2222);
        assertThat(machine.memory().read(WINDOWS + 0x4000, 4)).as("the third is not there").isEqualTo(0xFFFF_FFFFL);
        card.configWrite(sriov + CONTROL, 2, ENABLE);
        assertThat(machine.memory().read(WINDOWS, 4)).as("memory space is off").isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void theWindowsOfTheBridgeHoldForThemToo() {
        enable(1);
        port.configWrite(0x20, 4, 0xFD00_FD00);
        assertThat(machine.memory().read(WINDOWS, 4)).isEqualTo(0xFFFF_FFFFL);
        port.configWrite(0x20, 4, 0xFE00_FE00);
        assertThat(machine.memory().read(WINDOWS, 4)).isEqualTo(0x5445_5654L);
    }

    @Test
    void eachAsksInItsOwnName() {
        enable(2);
        TestCard second = (TestCard) at("03:00.2");
        Order order = new Order(Mode.UNTRANSLATED, -1, false, false, true, 0x3000);
        assertThat(second.carryOut(order, new byte[] {1})).contains("bus-master enable is clear");
        second.configWrite(0x04, 2, 4);
        assertThat(second.carryOut(order, new byte[] {1})).isEqualTo("completed");
        assertThat(host.upstream(second).sourceId()).isEqualTo(0x0302);
    }

    @Test
    void functionLevelResetOfOneLeavesTheOthers() {
        enable(2);
        PciFunction first = at("03:00.1");
        PciFunction second = at("03:00.2");
        first.configWrite(0x04, 2, 4);
        second.configWrite(0x04, 2, 4);
        int express = first.configRead(0x34, 1);
        while (first.configRead(express, 1) != 0x10) {
            express = first.configRead(express + 1, 1);
        }
        first.configWrite(express + 8, 2, 0x8000);
        assertThat(first.configRead(0x04, 2)).isZero();
        assertThat(second.configRead(0x04, 2)).isEqualTo(4);
    }

    @Test
    void aResetOfThePhysicalFunctionTakesThemAway() {
        enable(2);
        card.reset(Reset.WARM);
        assertThat(at("03:00.1")).isNull();
        assertThat(machine.memory().read(WINDOWS, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void stateIsCarriedOver() {
        enable(2);
        at("03:00.2").configWrite(0x04, 2, 4);
        machine.memory().write(WINDOWS + 0x3000, 4, 0x2222);
        State saved = card.save();
        machine.remove(card);
        card = new TestCard("card", "01:00.0", true, true, 4);
        machine.add(card);
        assertThat(card.save()).usingRecursiveComparison().isEqualTo(saved);
        assertThat(at("03:00.2").configRead(0x04, 2)).isEqualTo(4);
        assertThat(machine.memory().read(WINDOWS + 0x3000, 4)).isEqualTo(0x2222);
    }

    @Test
    void thereAreNoMoreThanTheDeviceHasRoomFor() {
        assertThatThrownBy(() -> new TestCard("x", "00:05.0", true, true, 8)).hasMessageContaining("0 to 7");
        assertThatThrownBy(() -> new TestCard("x", "01:00.0", true, true, 256)).hasMessageContaining("0 to 255");
        assertThat(List.of(new TestCard("x", "00:05.0", true, true, 7))).hasSize(1);
    }

    private int portExpress() {
        return port.configRead(0x34, 1);
    }

    private int read(int function, int register) {
        machine.ports().write(0xCF8, 4, 0x8003_0000 | function << 8 | register);
        return machine.ports().read(0xCFC, 4);
    }

    /** @pcie Alternative Routing-ID Interpretation */
    @Test
    void functionsAboveSevenAreReachedWithAriForwarding() {
        machine.remove(card);
        card = new TestCard("card", "01:00.0", false, false, 200);
        machine.add(card);
        card.configWrite(0x04, 2, 6);
        for (sriov = 0x100; (card.configRead(sriov, 4) & 0xFFFF) != 0x10; ) {
            sriov = card.configRead(sriov, 4) >>> 20;
        }
        card.configWrite(sriov + CONTROL, 2, 0x10);
        assertThat(card.configRead(sriov + CONTROL, 2)).as("ARI capable hierarchy").isEqualTo(0x10);
        card.configWrite(sriov + 0x24, 4, (int) WINDOWS);
        card.configWrite(sriov + NUMBER, 2, 100);
        card.configWrite(sriov + CONTROL, 2, 0x10 | ENABLE | MEMORY);
        assertThat(port.configRead(portExpress() + 0x24, 4) & 0x20).as("the port can forward").isEqualTo(0x20);
        assertThat(read(100, 0x08)).as("it does not yet").isEqualTo(-1);
        assertThat(read(3, 0x08)).as("function 3 needs no forwarding").isNotEqualTo(-1);
        port.configWrite(portExpress() + 0x28, 2, 0x20);
        assertThat(read(100, 0x08)).as("class of function 100").isEqualTo(0x00FF_0001);
        assertThat(read(101, 0x08)).as("no more than asked for").isEqualTo(-1);
        TestCard last = (TestCard) at("03:0c.4");
        last.configWrite(0x04, 2, 4);
        assertThat(last.carryOut(new Order(Mode.UNTRANSLATED, -1, false, false, true, 0x3000), new byte[] {1})).isEqualTo("completed");
        assertThat(host.upstream(last).sourceId()).isEqualTo(0x0300 | 100);
        assertThat(machine.memory().read(WINDOWS + 99 * 0x2000, 4)).as("the window of the hundredth").isEqualTo(0x5445_5654L);
        card.configWrite(sriov + CONTROL, 2, ENABLE | MEMORY);
        assertThat(card.configRead(sriov + CONTROL, 2)).as("not to be changed while they are there").isEqualTo(0x10 | ENABLE | MEMORY);
    }

    /** @pci Expansion ROM Base Address Register */
    @Test
    void itMayHaveAnExpansionRom() {
        assertThat(read(0, 0x30)).as("none").isZero();
        machine.remove(card);
        byte[] image = new byte[5000];
        image[0] = 0x55;
        image[1] = (byte) 0xAA;
        image[4999] = 0x77;
        card = new TestCard("card", "01:00.0", true, true, 0, image);
        machine.add(card);
        card.configWrite(0x04, 2, 2);
        card.configWrite(0x30, 4, -1 & ~1);
        assertThat(card.configRead(0x30, 4)).as("8 KiB").isEqualTo(-0x2000);
        card.configWrite(0x30, 4, (int) WINDOWS + 0x1_0001);
        assertThat(machine.memory().read(WINDOWS + 0x1_0000, 2)).isEqualTo(0xAA55);
        assertThat(machine.memory().read(WINDOWS + 0x1_0000 + 4999, 2)).as("padded with ones").isEqualTo(0xFF77);
        machine.memory().write(WINDOWS + 0x1_0000, 2, 0);
        assertThat(machine.memory().read(WINDOWS + 0x1_0000, 2)).as("read-only").isEqualTo(0xAA55);
    }

    @Test
    void theAriCapabilityIsThereWithVirtualFunctionsBehindAPort() {
        int at = 0x100;
        while ((card.configRead(at, 4) & 0xFFFF) != 0x0E) {
            at = card.configRead(at, 4) >>> 20;
        }
        assertThat(card.configRead(at, 4) & 0xFFFFF).isEqualTo(0x1000E);
        assertThat(card.configRead(at + 4, 4)).as("no next function, no groups").isZero();
    }
}
