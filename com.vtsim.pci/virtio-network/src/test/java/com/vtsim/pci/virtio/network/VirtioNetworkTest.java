package com.vtsim.pci.virtio.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.network.Hubs;
import com.vtsim.pci.hub.EthernetHubs;
import com.vtsim.pci.virtio.Driver;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import com.vtsim.pci.virtio.PciTransport;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Network Device. */
class VirtioNetworkTest {
    @TempDir
    Path folder;
    private Driver driver;

    @AfterEach
    void close() {
        if (driver != null) {
            driver.close();
        }
    }

    private static Driver card(Hubs hubs, String machine, String hub, int number) {
        return new Driver(machine, new VirtioNetwork(new PciTransport(), hubs, machine, "net0", "00:08.0", hub, "52:54:00:00:00:0" + number));
    }

    private static byte[] frame(String to, int length, int fill) {
        byte[] frame = new byte[length];
        Arrays.fill(frame, (byte) fill);
        System.arraycopy(java.util.HexFormat.of().parseHex(to), 0, frame, 0, 6);
        return frame;
    }

    private static void send(Driver from, byte[] frame) {
        from.bytes(Driver.DATA, new byte[12]);
        from.bytes(Driver.DATA + 12, frame);
        from.chain(1, 0, new Part(Driver.DATA, 12, 0), new Part(Driver.DATA + 12, frame.length, 0));
        from.kick(1);
        assertThat(from.take(1)).isEqualTo(new Used(0, 0));
    }

    @Test
    void cardsOnAHubHearEachOther() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        try (Driver other = card(hubs, "b", "lan", 2);
                Driver stranger = card(hubs, "c", "wan", 3)) {
            driver.setUp(1 << 5, 2);
            other.setUp(1 << 5, 2);
            stranger.setUp(1 << 5, 2);
            assertThat(driver.get(0x2000, 4) | driver.get(0x2004, 2) << 32).as("mac").isEqualTo(0x0100_0000_5452L);
            assertThat(driver.get(0x2006, 2)).as("link up").isEqualTo(1);
            other.chain(0, 0, new Part(0x40_0000, 2048, Driver.WRITE));
            other.chain(0, 1, new Part(0x41_0000, 2048, Driver.WRITE));
            stranger.chain(0, 0, new Part(0x40_0000, 2048, Driver.WRITE));
            send(driver, frame("525400000002", 60, 0x11));
            send(driver, frame("525400000009", 60, 0x22));
            send(driver, frame("ffffffffffff", 1514, 0x33));
            other.pass(20_000);
            stranger.pass(20_000);
            assertThat(other.take(0)).isEqualTo(new Used(0, 72));
            assertThat(other.bytes(0x40_0000, 12)).as("header: nothing offloaded, one buffer").isEqualTo(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0});
            assertThat(other.bytes(0x40_000C, 60)).isEqualTo(frame("525400000002", 60, 0x11));
            assertThat(other.take(0)).as("to all; that to another card is not heard").isEqualTo(new Used(1, 1526));
            assertThat(stranger.take(0)).isNull();
            assertThat(driver.take(0)).as("nobody hears himself").isNull();
        }
    }

    @Test
    void framesThatDoNotFitAreDropped() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(0, 2);
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        driver.chain(0, 0, new Part(0x40_0000, 100, Driver.WRITE));
        port.send(frame("525400000001", 600, 1));
        port.send(frame("525400000001", 60, 2));
        driver.pass(40_000);
        assertThat(driver.take(0)).isEqualTo(new Used(0, 72));
        driver.bytes(Driver.DATA, new byte[4096]);
        driver.chain(1, 0, new Part(Driver.DATA, 12 + 2000, 0));
        driver.kick(1);
        assertThat(driver.take(1)).as("given back, not sent").isEqualTo(new Used(0, 0));
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void aFloodIsBounded() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(0, 2);
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        for (int i = 0; i < 20_000; i++) {
            port.send(frame("ffffffffffff", 60, i));
        }
        driver.pass(1000);
        Object waiting = driver.machine.call(() -> driver.device.save().fields().get("waiting"));
        assertThat((java.util.List<?>) waiting).hasSizeLessThanOrEqualTo(256).isNotEmpty();
    }

    @Test
    void aSnapshotHasAllOfIt() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(0, 2);
        hubs.join("lan", "x", false, () -> { }).send(frame("525400000001", 60, 5));
        driver.pass(20_000);
        String digest = driver.machine.digest();
        driver.machine.save(folder.resolve("snapshot"));
        driver.chain(0, 0, new Part(Driver.DATA, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.machine.digest()).isNotEqualTo(digest);
        driver.machine.restore(folder.resolve("snapshot"));
        assertThat(driver.machine.digest()).isEqualTo(digest);
        driver.chain(0, 0, new Part(Driver.DATA, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.bytes(Driver.DATA + 12, 60)).as("the frame that waited").isEqualTo(frame("525400000001", 60, 5));
    }

    @Test
    void whatOthersHaveHeardCannotBeTakenBack() {
        assertThat(new VirtioNetwork(new PciTransport(), new EthernetHubs(), "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01").irrevocable())
            .isEqualTo("speaks with other machines over hub lan");
    }

    @Test
    void addressesAreChecked() {
        Hubs hubs = new EthernetHubs();
        assertThatThrownBy(() -> new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54")).hasMessageContaining("mac is six bytes");
        assertThatThrownBy(() -> new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "01:54:00:00:00:01")).hasMessageContaining("of which the first is even");
    }

    /** The successor takes what the hub has kept, in order, whenever it came. */
    @Test
    void framesInFlightSurviveTheReplacementOfTheirCard() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(0, 2);
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        port.send(frame("525400000001", 60, 1));
        driver.pass(1000);
        port.send(frame("525400000001", 60, 2));
        driver.machine.remove(driver.device);
        port.send(frame("525400000001", 60, 3));
        driver.device = new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01");
        driver.machine.add(driver.device);
        port.send(frame("525400000001", 60, 4));
        for (int i = 0; i < 4; i++) {
            driver.chain(0, i, new Part(Driver.DATA + 0x1000 * i, 2048, Driver.WRITE));
        }
        driver.kick(0);
        for (int i = 0; i < 4; i++) {
            assertThat(driver.take(0)).isEqualTo(new Used(i, 72));
            assertThat(driver.bytes(Driver.DATA + 0x1000 * i + 12, 60)).isEqualTo(frame("525400000001", 60, i + 1));
        }
    }

    @Test
    void aResetForgetsFramesThatWait() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(0, 2);
        hubs.join("lan", "x", false, () -> { }).send(frame("525400000001", 60, 1));
        driver.setUp(0, 2);
        driver.chain(0, 0, new Part(Driver.DATA, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isNull();
    }
}
