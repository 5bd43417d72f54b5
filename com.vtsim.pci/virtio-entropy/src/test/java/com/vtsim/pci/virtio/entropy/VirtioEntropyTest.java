package com.vtsim.pci.virtio.entropy;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.pci.virtio.Driver;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import com.vtsim.pci.virtio.PciTransport;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Entropy Device. */
class VirtioEntropyTest {
    @TempDir
    Path folder;
    private Driver driver;

    @AfterEach
    void close() {
        if (driver != null) {
            driver.close();
        }
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
        try (Driver other = new Driver("e", new VirtioEntropy(new PciTransport(), "rng", "00:06.0", seed, true))) {
            other.setUp(0, 1);
            other.chain(0, 0, new Part(Driver.DATA, 3000, Driver.WRITE), new Part(Driver.DATA + 3000, 8000, Driver.WRITE));
            other.kick(0);
            assertThat(other.take(0)).isEqualTo(new Used(0, 4096));
            return other.bytes(Driver.DATA, 4096);
        }
    }

    @Test
    void aSnapshotHasAllOfIt() {
        driver = new Driver("t", new VirtioEntropy(new PciTransport(), "rng", "00:06.0", 1, true));
        driver.setUp(0, 1);
        driver.chain(0, 1, new Part(Driver.DATA, 100, Driver.WRITE));
        driver.kick(0);
        driver.pass(20_000);
        String digest = driver.machine.digest();
        driver.machine.save(folder.resolve("snapshot"));
        driver.chain(0, 0, new Part(Driver.DATA, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.machine.digest()).isNotEqualTo(digest);
        driver.machine.restore(folder.resolve("snapshot"));
        assertThat(driver.machine.digest()).isEqualTo(digest);
        driver.setUp(0, 1);
        driver.chain(0, 0, new Part(Driver.DATA, 2048, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.bytes(Driver.DATA, 16)).as("the sequence goes on").isEqualTo(Arrays.copyOfRange(entropy(1), 100, 116));
    }
}
