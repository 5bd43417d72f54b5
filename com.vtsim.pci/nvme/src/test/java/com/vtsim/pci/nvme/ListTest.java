package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.pci.nvme.Host.Completion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scatter gather lists. Source: NVM Express Base Specification 1.4, Scatter Gather List; Status Code - Generic Command Status Values. */
class ListTest {
    private static final int WRITE = 1, READ = 2, COMPARE = 5, LIST = 0x4000;
    private static final long DATA_BLOCK = 0L, BUCKET = 1L << 60, SEGMENT = 2L << 60, LAST = 3L << 60;
    private static final long SEGMENTS = 0x40_0000;
    private static final int INVALID_SEGMENT = 0x0D, INVALID_NUMBER = 0x0E, LENGTH_INVALID = 0x0F, TYPE_INVALID = 0x11;

    @TempDir
    Path folder;
    private final byte[] content = new byte[64 * 512];
    private Path disk;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        new Random(5).nextBytes(content);
        disk = Files.write(folder.resolve("disk"), content);
        host = new Host(disk.toString()).enable().pair(1, 0);
    }

    @AfterEach
    void close() {
        host.close();
    }

    /** A command whose data pointer is one descriptor. */
    private Completion execute(int opcode, int blocks, long address, long descriptor) {
        return host.execute(1, Host.command(opcode | LIST, 1, address, descriptor, 0, 0, blocks - 1));
    }

    private void segment(long at, long... descriptors) {
        for (int i = 0; i < descriptors.length; i++) {
            host.put(at + 8 * i, 8, descriptors[i]);
        }
    }

    private byte[] block(int first, int length) {
        return Arrays.copyOfRange(content, first, first + length);
    }

    @Test
    void theControllerSaysWhatItTakes() {
        host.admin(0x06, 0, Host.DATA, 1);
        assertThat(host.at(Host.DATA + 536, 4)).as("SGLS: supported, bit bucket, longer than the data").isEqualTo(0x0005_0001);
    }

    @Test
    void oneDataBlockOfAnyAlignment() {
        assertThat(execute(READ, 2, Host.DATA + 3, DATA_BLOCK | 1024).code()).isZero();
        assertThat(host.bytes(Host.DATA + 3, 1024)).isEqualTo(block(0, 1024));
        assertThat(execute(COMPARE, 2, Host.DATA + 3, DATA_BLOCK | 1024).code()).isZero();
    }

    @Test
    void segmentsAndTheLastSegment() {
        segment(SEGMENTS, Host.DATA, 100, Host.DATA + 0x1000, 300, SEGMENTS + 0x1000, SEGMENT | 32);
        segment(SEGMENTS + 0x1000, Host.DATA + 0x2000, 112, SEGMENTS + 0x2000, LAST | 48);
        segment(SEGMENTS + 0x2000, Host.DATA + 0x3000, 0, Host.DATA + 0x4000, 500, Host.DATA + 0x5000, 12);
        assertThat(execute(READ, 2, SEGMENTS, SEGMENT | 48).code()).isZero();
        assertThat(host.bytes(Host.DATA, 100)).isEqualTo(block(0, 100));
        assertThat(host.bytes(Host.DATA + 0x1000, 300)).isEqualTo(block(100, 300));
        assertThat(host.bytes(Host.DATA + 0x2000, 112)).isEqualTo(block(400, 112));
        assertThat(host.bytes(Host.DATA + 0x4000, 500)).isEqualTo(block(512, 500));
        assertThat(host.bytes(Host.DATA + 0x5000, 12)).isEqualTo(block(1012, 12));
        assertThat(host.bytes(Host.DATA + 0x5000 + 12, 4)).containsOnly(0);
    }

    @Test
    void writesGatherWhatTheListDescribes() throws IOException {
        host.bytes(Host.DATA, new byte[] {1, 2, 3});
        host.bytes(Host.DATA + 0x1000, block(0, 509));
        segment(SEGMENTS, Host.DATA, 3, Host.DATA + 0x1000, 509);
        assertThat(execute(WRITE, 1, SEGMENTS, LAST | 32).code()).isZero();
        byte[] expected = new byte[512];
        System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 0, 3);
        System.arraycopy(content, 0, expected, 3, 509);
        assertThat(Arrays.copyOf(Files.readAllBytes(disk), 512)).isEqualTo(expected);
    }

    @Test
    void aBitBucketTakesWhatIsReadAndGivesNothing() {
        segment(SEGMENTS, 0, BUCKET | 256, Host.DATA, 256);
        assertThat(execute(READ, 1, SEGMENTS, LAST | 32).code()).isZero();
        assertThat(host.bytes(Host.DATA, 256)).isEqualTo(block(256, 256));
        assertThat(execute(WRITE, 1, SEGMENTS, LAST | 32).code()).as("a write must have all its data").isEqualTo(LENGTH_INVALID);
    }

    @Test
    void aListMayBeLongerThanTheDataButNotShorter() {
        assertThat(execute(READ, 1, Host.DATA, DATA_BLOCK | 4096).code()).isZero();
        assertThat(host.bytes(Host.DATA + 512, 8)).containsOnly(0);
        Completion shorter = execute(READ, 1, Host.DATA, DATA_BLOCK | 511);
        assertThat(shorter.code()).isEqualTo(LENGTH_INVALID);
        assertThat(shorter.doNotRetry()).isTrue();
    }

    @Test
    void listsThatAreNotPossible() {
        assertThat(execute(READ, 1, Host.DATA, 4L << 60 | 512).code()).as("keyed").isEqualTo(TYPE_INVALID);
        assertThat(execute(READ, 1, Host.DATA, 1L << 56 | 512).code()).as("by offset").isEqualTo(TYPE_INVALID);
        assertThat(execute(READ, 1, SEGMENTS, SEGMENT).code()).as("no length").isEqualTo(INVALID_SEGMENT);
        assertThat(execute(READ, 1, SEGMENTS, LAST | 24).code()).as("no whole descriptors").isEqualTo(INVALID_SEGMENT);
        segment(SEGMENTS, SEGMENTS, SEGMENT | 32, Host.DATA, 512);
        assertThat(execute(READ, 1, SEGMENTS, SEGMENT | 32).code()).as("a segment descriptor that is not the last").isEqualTo(INVALID_NUMBER);
        segment(SEGMENTS, Host.DATA, 512, SEGMENTS, SEGMENT | 32);
        assertThat(execute(READ, 1, SEGMENTS, LAST | 32).code()).as("the last segment leads on").isEqualTo(INVALID_SEGMENT);
        assertThat(execute(READ, 1, SEGMENTS, SEGMENT | 32).code()).as("a list in a circle").isEqualTo(INVALID_NUMBER);
        assertThat(execute(READ, 1, 0xD000_0000L, LAST | 32).code()).as("a segment where nothing is").isEqualTo(0x04);
        assertThat(execute(READ, 1, 0xD000_0000L, DATA_BLOCK | 512).code()).as("data where nothing is: a write vanishes").isZero();
        assertThat(execute(WRITE, 1, 0xD000_0000L, DATA_BLOCK | 512).code()).isEqualTo(0x04);
        assertThat(host.execute(0, Host.command(0x06 | LIST, 0, Host.DATA, 4096, 1)).code()).as("admin commands have PRPs").isEqualTo(0x02);
    }
}
