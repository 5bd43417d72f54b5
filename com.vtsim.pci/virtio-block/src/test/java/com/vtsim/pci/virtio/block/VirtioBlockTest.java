package com.vtsim.pci.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.pci.virtio.Driver;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.PciTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Block Device. */
class VirtioBlockTest {
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
        driver = new Driver("t", new VirtioBlock(new PciTransport(), "virtio0", "00:05.0", DiskFile.named(text, blockSize), 2, true));
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
        assertThat(request(15, 0, 16, 0)).isEqualTo(UNSUPPORTED);
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

    /** Discarding is a hint; what it names is looked at all the same. */
    @Test
    void aDiskIsToldWhatIsNotNeeded() throws IOException {
        block(disk().toString(), 4096, 1 << 13);
        assertThat(driver.get(0x2024, 4)).as("max_discard_sectors").isPositive();
        assertThat(driver.get(0x2028, 4)).as("max_discard_seg").isEqualTo(16);
        assertThat(driver.get(0x202C, 4)).as("discard_sector_alignment").isEqualTo(8);
        driver.put(Driver.DATA, 8, 8);
        driver.put(Driver.DATA + 8, 4, 8);
        driver.put(Driver.DATA + 16, 8, 0);
        driver.put(Driver.DATA + 24, 4, SECTORS);
        assertThat(request(DISCARD, 0, 32, 0)).isEqualTo(OK);
        driver.put(Driver.DATA + 24, 4, SECTORS + 1);
        assertThat(request(DISCARD, 0, 32, 0)).as("beyond the end").isEqualTo(IO_ERROR);
        driver.put(Driver.DATA + 28, 4, 1);
        assertThat(request(DISCARD, 0, 32, 0)).as("unmap is reserved").isEqualTo(UNSUPPORTED);
        assertThat(request(DISCARD, 0, 20, 0)).as("no whole range").isEqualTo(UNSUPPORTED);
        assertThat(request(DISCARD, 0, 17 * 16, 0)).as("more than there may be").isEqualTo(UNSUPPORTED);
    }

    @Test
    void aDiskTellsItsTopologyAndQueues() throws IOException {
        block(disk().toString(), 512, 1 << 10 | 1 << 12);
        assertThat(driver.offered() & (1 << 10 | 1 << 12)).isEqualTo(1 << 10 | 1 << 12);
        assertThat(driver.get(0x2018, 1)).as("physical_block_exp").isEqualTo(3);
        assertThat(driver.get(0x201A, 2)).as("min_io_size").isEqualTo(8);
        assertThat(driver.get(0x2022, 2)).as("num_queues").isEqualTo(2);
        assertThat(driver.get(0x12, 2)).isEqualTo(2);
    }

    @Test
    void everyQueueServes() throws IOException {
        byte[] before = Files.readAllBytes(disk());
        block(folder.resolve("disk").toString(), 512, 1 << 12);
        driver.setUp(1 << 12 | Driver.PACKED, 2);
        for (int queue = 1; queue >= 0; queue--) {
            driver.put(0x20_0000, 4, IN);
            driver.put(0x20_0008, 8, 3 + queue);
            driver.chain(queue, 5, new Part(0x20_0000, 16, 0), new Part(Driver.DATA, 512, Driver.WRITE), new Part(0x21_0000, 1, Driver.WRITE));
            driver.kick(queue);
            assertThat(driver.take(queue)).isEqualTo(new Driver.Used(5, 513));
            assertThat(driver.bytes(Driver.DATA, 512)).isEqualTo(Arrays.copyOfRange(before, (3 + queue) * 512, (4 + queue) * 512));
        }
    }
}
