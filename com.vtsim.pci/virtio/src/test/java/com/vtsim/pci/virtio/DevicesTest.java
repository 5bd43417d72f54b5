package com.vtsim.pci.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Block Device, Console Device, Entropy Device, Network Device. */
class DevicesTest {
    private static final int IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13;
    private static final int OK = 0, IO_ERROR = 1, UNSUPPORTED = 2;
    private static final int SECTORS = 256;

    @TempDir
    Path folder;
    private Driver driver;

    @AfterEach
    void close() {
        if (driver != null) {
            driver.close();
        }
    }

    private Path disk() throws IOException {
        byte[] noise = new byte[SECTORS * 512];
        new Random(3).nextBytes(noise);
        return Files.write(folder.resolve("disk"), noise);
    }

    private void block(String text, int blockSize, long features) {
        driver = new Driver("t", new VirtioBlock("virtio0", "00:05.0", DiskFile.named(text, blockSize)));
        driver.setUp(features, 1);
    }

    /** @return the status of a request whose data are {@code length} bytes at {@link Driver#DATA} */
    private int request(int type, long sector, int length, int flags) {
        driver.put(0x20_0000, 4, type);
        driver.put(0x20_0008, 8, sector);
        driver.put(0x21_0000, 1, 0x77);
        Part header = new Part(0x20_0000, 16, 0);
        Part status = new Part(0x21_0000, 1, Driver.WRITE);
        if (length == 0) {
            driver.chain(0, 0, header, status);
        } else {
            driver.chain(0, 0, header, new Part(Driver.DATA, length, flags), status);
        }
        driver.kick(0);
        assertThat(driver.take(0)).as("request %d", type).isNotNull();
        return (int) driver.at(0x21_0000, 1);
    }

    @Test
    void aDiskTellsItsSize() throws IOException {
        block(disk().toString(), 4096, 0);
        assertThat(driver.get(0x2000, 8)).as("capacity in sectors of 512 bytes").isEqualTo(SECTORS);
        assertThat(driver.get(0x2014, 4)).as("blk_size").isEqualTo(4096);
        assertThat(driver.offered() & 1 << 5).as("read-only").isZero();
    }

    @Test
    void aDiskReadsAndWrites() throws IOException {
        Path path = disk();
        block(path.toString(), 512, 1 << 9);
        byte[] before = Files.readAllBytes(path);
        assertThat(request(IN, 7, 1536, Driver.WRITE)).isEqualTo(OK);
        assertThat(driver.bytes(Driver.DATA, 1536)).isEqualTo(Arrays.copyOfRange(before, 7 * 512, 10 * 512));
        assertThat(request(OUT, 0, 1536, 0)).isEqualTo(OK);
        System.arraycopy(before, 7 * 512, before, 0, 1536);
        assertThat(request(FLUSH, 0, 0, 0)).isEqualTo(OK);
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
    }

    @Test
    void requestsBeyondTheEndAndInPiecesAreErrors() throws IOException {
        Path path = disk();
        block(path.toString(), 512, 0);
        byte[] before = Files.readAllBytes(path);
        assertThat(request(IN, SECTORS, 512, Driver.WRITE)).isEqualTo(IO_ERROR);
        assertThat(request(IN, SECTORS - 1, 1024, Driver.WRITE)).isEqualTo(IO_ERROR);
        assertThat(request(IN, -1, 512, Driver.WRITE)).isEqualTo(IO_ERROR);
        assertThat(request(OUT, Long.MIN_VALUE, 512, 0)).isEqualTo(IO_ERROR);
        assertThat(request(OUT, 0, 100, 0)).isEqualTo(IO_ERROR);
        assertThat(request(OUT, 0, 8 << 20, 0)).isEqualTo(IO_ERROR);
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        assertThat(driver.status()).as("none of it is fatal").isEqualTo(15);
    }

    @Test
    void whatItDoesNotKnowIsUnsupported() throws IOException {
        block(disk().toString(), 512, 0);
        assertThat(request(DISCARD, 0, 16, 0)).isEqualTo(UNSUPPORTED);
        assertThat(request(99, 0, 0, 0)).isEqualTo(UNSUPPORTED);
    }

    @Test
    void aDiskTellsItsName() throws IOException {
        block(disk().toString(), 512, 0);
        assertThat(request(GET_ID, 0, 20, Driver.WRITE)).isEqualTo(OK);
        assertThat(new String(driver.bytes(Driver.DATA, 13), StandardCharsets.US_ASCII)).isEqualTo("vtsim-virtio0");
    }

    @Test
    void aDiskWritesZeroes() throws IOException {
        Path path = disk();
        block(path.toString(), 512, 1 << 14);
        byte[] before = Files.readAllBytes(path);
        driver.put(Driver.DATA, 8, 3);
        driver.put(Driver.DATA + 8, 4, 5);
        assertThat(request(ZEROES, 0, 16, 0)).isEqualTo(OK);
        Arrays.fill(before, 3 * 512, 8 * 512, (byte) 0);
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        driver.put(Driver.DATA, 8, SECTORS - 2);
        assertThat(request(ZEROES, 0, 16, 0)).isEqualTo(IO_ERROR);
        driver.put(Driver.DATA + 12, 4, 2);
        assertThat(request(ZEROES, 0, 16, 0)).as("reserved flags").isEqualTo(UNSUPPORTED);
    }

    @Test
    void aReadOnlyDiskSaysSo() throws IOException {
        Path path = disk();
        block("ro:" + path, 512, 1 << 5);
        byte[] before = Files.readAllBytes(path);
        assertThat(driver.offered() & 1 << 5).isEqualTo(1 << 5);
        assertThat(request(OUT, 0, 512, 0)).isEqualTo(IO_ERROR);
        assertThat(request(ZEROES, 0, 16, 0)).isEqualTo(UNSUPPORTED);
        assertThat(request(IN, 0, 512, Driver.WRITE)).isEqualTo(OK);
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
    }

    @Test
    void aRequestWithoutStatusNeedsAReset() throws IOException {
        block(disk().toString(), 512, 0);
        driver.chain(0, 0, new Part(0x20_0000, 16, 0));
        driver.kick(0);
        assertThat(driver.status() & 0x40).isEqualTo(0x40);
    }

    @Test
    void writeThroughIsChosenByTheDriver() throws IOException {
        block(disk().toString(), 512, 1 << 11);
        assertThat(driver.get(0x2020, 1)).as("writeback").isEqualTo(1);
        driver.set(0x2020, 1, 0);
        assertThat(driver.get(0x2020, 1)).isZero();
        assertThat(request(OUT, 0, 512, 0)).isEqualTo(OK);
        driver.setUp(0, 1);
        driver.set(0x2020, 1, 0);
        assertThat(driver.get(0x2020, 1)).as("not agreed on").isEqualTo(1);
    }

    @Test
    void entropyIsTheSameForTheSameSeed() {
        byte[] first = entropy(1);
        assertThat(entropy(1)).isEqualTo(first);
        assertThat(entropy(2)).isNotEqualTo(first);
        int[] counts = new int[256];
        for (byte each : first) {
            counts[each & 0xFF]++;
        }
        assertThat(Arrays.stream(counts).max().orElseThrow()).as("of 4096 bytes none comes often").isLessThan(40);
    }

    private byte[] entropy(long seed) {
        try (Driver other = new Driver("e", new VirtioEntropy("rng", "00:06.0", seed))) {
            other.setUp(0, 1);
            other.chain(0, 0, new Part(Driver.DATA, 3000, Driver.WRITE), new Part(Driver.DATA + 3000, 8000, Driver.WRITE));
            other.kick(0);
            assertThat(other.take(0)).isEqualTo(new Used(0, 4096));
            return other.bytes(Driver.DATA, 4096);
        }
    }

    @Test
    void aConsoleSaysWhatItIsGivenAndHearsWhatIsTyped() {
        VirtioConsole console = new VirtioConsole("hvc0", "00:07.0");
        driver = new Driver("t", console);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        driver.machine.call(() -> {
            console.output(said::write);
            console.input("before ".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
        driver.setUp(1 << 2, 2);
        driver.bytes(Driver.DATA, "hello world".getBytes(StandardCharsets.US_ASCII));
        driver.chain(1, 0, new Part(Driver.DATA, 6, 0), new Part(Driver.DATA + 6, 5, 0));
        driver.kick(1);
        assertThat(said.toString(StandardCharsets.US_ASCII)).isEqualTo("hello world");
        assertThat(driver.take(1)).isEqualTo(new Used(0, 0));
        driver.chain(0, 0, new Part(Driver.DATA, 5, Driver.WRITE));
        driver.chain(0, 1, new Part(Driver.DATA + 5, 100, Driver.WRITE));
        driver.machine.call(() -> {
            console.input("and after".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
        driver.pass(20_000);
        assertThat(driver.take(0)).isEqualTo(new Used(0, 5));
        assertThat(driver.take(0)).isEqualTo(new Used(1, 11));
        assertThat(new String(driver.bytes(Driver.DATA, 16), StandardCharsets.US_ASCII)).isEqualTo("before and after");
        driver.set(0x2008, 4, 'X');
        assertThat(said.toString(StandardCharsets.US_ASCII)).as("emergency write").endsWith("X");
    }

    @Test
    void typedTextIsCarriedOver() {
        VirtioConsole console = new VirtioConsole("hvc0", "00:07.0");
        driver = new Driver("t", console);
        driver.setUp(0, 2);
        driver.machine.call(() -> {
            console.input("typed".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
        driver.replace(new VirtioConsole("hvc0", "00:07.0"));
        driver.chain(0, 0, new Part(Driver.DATA, 64, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isEqualTo(new Used(0, 5));
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
        Hubs hubs = new Hubs();
        driver = new Driver("a", new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54:00:00:00:01"));
        try (Driver other = new Driver("b", new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54:00:00:00:02"));
                Driver stranger = new Driver("c", new VirtioNetwork(hubs, "net0", "00:08.0", "wan", "52:54:00:00:00:03"))) {
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
        Hubs hubs = new Hubs();
        driver = new Driver("a", new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54:00:00:00:01"));
        driver.setUp(0, 2);
        Hubs.Port port = hubs.join("lan", frame -> { });
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
        Hubs hubs = new Hubs();
        driver = new Driver("a", new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54:00:00:00:01"));
        driver.setUp(0, 2);
        Hubs.Port port = hubs.join("lan", frame -> { });
        for (int i = 0; i < 20_000; i++) {
            port.send(frame("ffffffffffff", 60, i));
        }
        driver.pass(1000);
        Object waiting = driver.machine.call(() -> driver.device.save().fields().get("waiting"));
        assertThat((java.util.List<?>) waiting).hasSizeLessThanOrEqualTo(256).isNotEmpty();
    }

    @Test
    void aHubIsGoneWithItsLastCard() {
        Hubs hubs = new Hubs();
        Hubs.Port one = hubs.join("lan", frame -> { });
        Hubs.Port two = hubs.join("lan", frame -> { });
        assertThat(one.neighbours()).isEqualTo(2);
        one.close();
        assertThat(two.neighbours()).isEqualTo(1);
        two.close();
        assertThat(hubs.join("lan", frame -> { }).neighbours()).isEqualTo(1);
    }

    @Test
    void everyDeviceIsInASnapshot() throws IOException {
        Hubs hubs = new Hubs();
        VirtioConsole console = new VirtioConsole("hvc0", "00:07.0");
        driver = new Driver("t", new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54:00:00:00:01"));
        driver.machine.add(console);
        driver.machine.add(new VirtioEntropy("rng", "00:06.0", 1));
        driver.machine.add(new VirtioBlock("virtio0", "00:05.0", DiskFile.named(disk().toString(), 512)));
        driver.setUp(0, 2);
        hubs.join("lan", frame -> { }).send(frame("525400000001", 60, 5));
        driver.machine.call(() -> {
            console.input("typed".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
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
    void addressesAreChecked() {
        Hubs hubs = new Hubs();
        assertThatThrownBy(() -> new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "52:54")).hasMessageContaining("mac is six bytes");
        assertThatThrownBy(() -> new VirtioNetwork(hubs, "net0", "00:08.0", "lan", "01:54:00:00:00:01")).hasMessageContaining("of which the first is even");
    }
}
