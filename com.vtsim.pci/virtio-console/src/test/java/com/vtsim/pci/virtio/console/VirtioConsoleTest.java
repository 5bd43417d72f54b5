package com.vtsim.pci.virtio.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.pci.virtio.Driver;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import com.vtsim.pci.virtio.PciTransport;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Console Device. */
class VirtioConsoleTest {
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
    void aConsoleSaysWhatItIsGivenAndHearsWhatIsTyped() {
        VirtioConsole console = new VirtioConsole(new PciTransport(), "hvc0", "00:07.0", true);
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
        VirtioConsole console = new VirtioConsole(new PciTransport(), "hvc0", "00:07.0", true);
        driver = new Driver("t", console);
        driver.setUp(0, 2);
        driver.machine.call(() -> {
            console.input("typed".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
        driver.replace(new VirtioConsole(new PciTransport(), "hvc0", "00:07.0", true));
        driver.chain(0, 0, new Part(Driver.DATA, 64, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isEqualTo(new Used(0, 5));
    }

    @Test
    void aSnapshotHasAllOfIt() {
        VirtioConsole console = new VirtioConsole(new PciTransport(), "hvc0", "00:07.0", true);
        driver = new Driver("t", console);
        driver.setUp(0, 2);
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
        assertThat(new String(driver.bytes(Driver.DATA, 5), StandardCharsets.US_ASCII)).isEqualTo("typed");
    }
}
