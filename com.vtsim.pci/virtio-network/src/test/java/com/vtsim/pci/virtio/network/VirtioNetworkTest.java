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
        return new Driver(machine, new VirtioNetwork(new PciTransport(), hubs, machine, "net0", "00:08.0", hub, "52:54:00:00:00:0" + number, 2, true));
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
        assertThat(new VirtioNetwork(new PciTransport(), new EthernetHubs(), "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01", 2, true).irrevocable())
            .isEqualTo("speaks with other machines over hub lan");
    }

    @Test
    void addressesAreChecked() {
        Hubs hubs = new EthernetHubs();
        assertThatThrownBy(() -> new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54", 2, true)).hasMessageContaining("mac is six bytes");
        assertThatThrownBy(() -> new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "01:54:00:00:00:01", 2, true)).hasMessageContaining("of which the first is even");
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
        driver.device = new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01", 2, true);
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

    @Test
    void aCableIsPulledAndPutBack() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(1 << 16, 2);
        driver.get(0x1000, 1);
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        port.send(frame("525400000001", 60, 1));
        driver.machine.call(() -> {
            ((VirtioNetwork) driver.device).link(false);
            return null;
        });
        assertThat(driver.get(0x2006, 2)).as("status").isZero();
        assertThat(driver.get(0x1000, 1)).as("a configuration interrupt").isEqualTo(2);
        port.send(frame("525400000001", 60, 2));
        driver.pass(20_000);
        send(driver, frame("ffffffffffff", 60, 3));
        assertThat(port.receive()).as("nothing goes").isNull();
        driver.replace(new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01", 2, true));
        assertThat(driver.get(0x2006, 2)).as("status is carried over").isZero();
        driver.machine.call(() -> {
            ((VirtioNetwork) driver.device).link(true);
            return null;
        });
        driver.chain(0, 0, new Part(0x40_0000, 2048, Driver.WRITE));
        driver.chain(0, 1, new Part(0x41_0000, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isEqualTo(new Used(0, 72));
        assertThat(driver.at(0x40_0000 + 72 - 1, 1)).as("what came before the cable was pulled").isEqualTo(1);
        assertThat(driver.take(0)).as("what came without it").isNull();
    }

    /** @return the answer to a control command on queue 4, where it is with two pairs agreed on */
    private long command(int group, int number, int... bytes) {
        driver.put(Driver.DATA, 2, group | number << 8);
        for (int i = 0; i < bytes.length; i++) {
            driver.put(Driver.DATA + 2 + i, 1, bytes[i]);
        }
        driver.put(0x31_0000, 1, 0x77);
        driver.chain(4, 0, new Part(Driver.DATA, 2, 0), new Part(Driver.DATA + 2, bytes.length, 0), new Part(0x31_0000, 1, Driver.WRITE));
        driver.kick(4);
        assertThat(driver.take(4)).isEqualTo(new Used(0, 1));
        return driver.at(0x31_0000, 1);
    }

    private static final long CONTROL = 1 << 17 | 1 << 18 | 1 << 22 | 1 << 23;

    @Test
    void aDriverChoosesItsPairsOfQueues() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(CONTROL, 5);
        assertThat(driver.get(0x12, 2)).as("num_queues").isEqualTo(5);
        assertThat(driver.get(0x2008, 2)).as("max_virtqueue_pairs").isEqualTo(2);
        assertThat(command(4, 0, 3, 0)).as("three").isEqualTo(1);
        assertThat(command(4, 0, 0, 0)).as("none").isEqualTo(1);
        assertThat(command(4, 0, 2, 0)).isZero();
        for (int i = 0; i < 16; i++) {
            driver.chain(0, i, new Part(0x40_0000, 2048, Driver.WRITE));
            driver.chain(2, i, new Part(0x41_0000, 2048, Driver.WRITE));
        }
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        int[] count = new int[2];
        for (int flow = 0; flow < 12; flow++) {
            byte[] frame = frame("525400000001", 60, 0);
            frame[12] = 8;
            frame[35] = (byte) flow;
            port.send(frame);
            driver.pass(20_000);
            boolean first = driver.take(0) != null;
            assertThat(first ^ driver.take(2) != null).as("one of them").isTrue();
            count[first ? 0 : 1]++;
        }
        assertThat(count).as("flows are spread").doesNotContain(0);
    }

    @Test
    void aDriverChoosesWhatItHears() {
        Hubs hubs = new EthernetHubs();
        driver = card(hubs, "a", "lan", 1);
        driver.setUp(CONTROL, 5);
        for (int i = 0; i < 16; i++) {
            driver.chain(0, i, new Part(0x40_0000, 2048, Driver.WRITE));
        }
        Hubs.Port port = hubs.join("lan", "x", false, () -> { });
        assertThat(hears(port, "525400000007")).isFalse();
        assertThat(command(0, 0, 1)).as("promiscuous").isZero();
        assertThat(hears(port, "525400000007")).isTrue();
        assertThat(command(0, 0, 0)).isZero();
        assertThat(command(1, 0, 1, 0, 0, 0, 0x52, 0x54, 0, 0, 0, 7, 0, 0, 0, 0)).as("a table of one").isZero();
        assertThat(hears(port, "525400000007")).isTrue();
        assertThat(command(1, 0, 9, 0, 0, 0, 1)).as("a table shorter than it says").isEqualTo(1);
        assertThat(command(1, 1, 0x52, 0x54, 0, 0, 0, 9)).as("its own address").isZero();
        assertThat(hears(port, "525400000009")).isTrue();
        assertThat(hears(port, "525400000001")).isFalse();
        assertThat(driver.get(0x2005, 1)).isEqualTo(9);
        driver.replace(new VirtioNetwork(new PciTransport(), hubs, "a", "net0", "00:08.0", "lan", "52:54:00:00:00:01", 2, true));
        assertThat(hears(port, "525400000009")).as("carried over").isTrue();
        assertThat(command(9, 9, 1)).as("what it does not know").isEqualTo(1);
        driver.setUp(CONTROL, 5);
        assertThat(driver.get(0x2005, 1)).as("after a reset").isEqualTo(1);
    }

    private boolean hears(Hubs.Port port, String to) {
        port.send(frame(to, 60, 1));
        driver.pass(20_000);
        return driver.take(0) != null;
    }
}
