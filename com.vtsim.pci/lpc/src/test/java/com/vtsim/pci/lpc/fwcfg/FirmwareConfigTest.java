package com.vtsim.pci.lpc.fwcfg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Registration;
import com.vtsim.machine.Backplane;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The firmware configuration device by its ports, as firmware uses them. Expectations: QEMU Firmware Configuration (fw_cfg) Device. */
class FirmwareConfigTest {
    private static final long REQUEST = 0x8000;
    private static final long BUFFER = 0x9000;

    private final Backplane machine = Backplane.of("t", 64 << 20);
    private final FirmwareConfig fwcfg = new FirmwareConfig("fwcfg", 0x3F8, false, "");

    FirmwareConfigTest() {
        machine.add(fwcfg);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private byte[] item(int key, int length) {
        machine.ports().write(0x510, 2, key);
        return next(length);
    }

    private byte[] next(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) machine.ports().read(0x511, 1);
        }
        return bytes;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private record Entry(int size, int key) { }

    private Map<String, Entry> directory() {
        int count = ByteBuffer.wrap(item(0x19, 4)).getInt();
        Map<String, Entry> files = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            ByteBuffer entry = ByteBuffer.wrap(next(64));
            int size = entry.getInt();
            int key = entry.getShort();
            entry.getShort();
            byte[] name = new byte[56];
            entry.get(name);
            files.put(new String(name, StandardCharsets.US_ASCII).replaceAll("\0.*", ""), new Entry(size, key));
        }
        return files;
    }

    private byte[] file(String name) {
        Entry entry = directory().get(name);
        return item(entry.key(), entry.size());
    }

    @Test
    void theSignatureIsReadByteByByteAndThenZeros() {
        assertThat(item(0, 6)).isEqualTo("QEMU\0\0".getBytes(StandardCharsets.US_ASCII));
        assertThat(item(0, 1)).as("selecting starts over").isEqualTo("Q".getBytes(StandardCharsets.US_ASCII));
        assertThat(item(0x7777, 2)).as("no such item").containsOnly(0);
    }

    @Test
    void bothInterfacesAreAnnounced() {
        assertThat(little(item(1, 4)).getInt()).isEqualTo(3);
    }

    @Test
    void sizesAndCountsAreThoseOfTheMachine() {
        machine.add(new HaltedProcessor(0));
        machine.add(new HaltedProcessor(1));
        assertThat(little(item(3, 8)).getLong()).isEqualTo(64 << 20);
        assertThat(little(item(5, 2)).getShort()).isEqualTo((short) 2);
        assertThat(little(item(0x0F, 2)).getShort()).isEqualTo((short) 2);
    }

    @Test
    void theDirectoryListsFilesByName() {
        assertThat(directory().keySet()).containsExactly("bootorder", "etc/acpi/rsdp", "etc/acpi/tables", "etc/e820", "etc/sercon-port", "etc/table-loader");
        assertThat(file("etc/sercon-port")).as("COM1, little-endian").isEqualTo(new byte[] {(byte) 0xF8, 0x03});
        assertThat(file("bootorder")).isEmpty();
    }

    @Test
    void theMemoryMapHasTheRam() {
        ByteBuffer map = little(file("etc/e820"));
        assertThat(map.capacity()).isEqualTo(20);
        assertThat(map.getLong()).isZero();
        assertThat(map.getLong()).isEqualTo(64 << 20);
        assertThat(map.getInt()).isEqualTo(1);
    }

    @Test
    void ramAbove4GiBIsASecondRange() {
        try (Backplane large = Backplane.of("large", 4L << 30)) {
            FirmwareConfig files = new FirmwareConfig("fwcfg", 0, false, "");
            large.add(files);
            large.ports().write(0x510, 2, 0x20 + files.files().indexOf("etc/e820"));
            byte[] bytes = new byte[40];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) large.ports().read(0x511, 1);
            }
            ByteBuffer map = little(bytes);
            assertThat(map.getLong(8)).isEqualTo(2L << 30);
            assertThat(map.getLong(20)).isEqualTo(4L << 30);
            assertThat(map.getLong(28)).isEqualTo(2L << 30);
            assertThat(map.getInt(36)).isEqualTo(1);
        }
    }

    private void dma(int control, int length, long address) {
        machine.memory().write(REQUEST, 4, Integer.reverseBytes(control) & 0xFFFF_FFFFL);
        machine.memory().write(REQUEST + 4, 4, Integer.reverseBytes(length) & 0xFFFF_FFFFL);
        machine.memory().write(REQUEST + 8, 8, Long.reverseBytes(address));
        machine.ports().write(0x514, 4, 0);
        machine.ports().write(0x518, 4, Integer.reverseBytes((int) REQUEST));
    }

    private int dmaControl() {
        return Integer.reverseBytes((int) machine.memory().read(REQUEST, 4));
    }

    @Test
    void theDmaRegisterShowsItsSignature() {
        assertThat(machine.ports().read(0x514, 4)).as("\"QEMU\" big-endian").isEqualTo(0x554D_4551);
        assertThat(machine.ports().read(0x518, 4)).as("\" CFG\" big-endian").isEqualTo(0x4746_4320);
        assertThat(machine.ports().read(0x514, 1)).isEqualTo('Q');
    }

    @Test
    void dmaSelectsAndReads() {
        machine.memory().write(BUFFER, 8, -1);
        dma(0x0000_000A, 6, BUFFER);
        assertThat(dmaControl()).as("done").isZero();
        assertThat(machine.memory().read(BUFFER, 8)).as("4 bytes, 2 zeros, 2 untouched").isEqualTo(0xFFFF_0000_554D_4551L);
    }

    @Test
    void dmaSkipsAndGoesOn() {
        dma(0x0000_000C, 2, 0);
        assertThat(dmaControl()).isZero();
        dma(0x0000_0002, 2, BUFFER);
        assertThat(machine.memory().read(BUFFER, 2)).as("\"MU\"").isEqualTo(0x554D);
    }

    @Test
    void dmaWritesAreRefused() {
        dma(0x0000_0018, 4, BUFFER);
        assertThat(dmaControl()).as("the error bit").isEqualTo(1);
        assertThat(item(0, 4)).isEqualTo("QEMU".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aTransferToNowhereIsAnError() {
        dma(0x0000_000A, -1, -1L);
        assertThat(dmaControl()).isEqualTo(1);
    }

    @Test
    void aRequestBeyondAnyItemIsHarmless() {
        dma(0x7777_000A, 0x2000, BUFFER);
        assertThat(dmaControl()).isZero();
        assertThat(machine.memory().read(BUFFER + 0x1FFF, 1)).isZero();
        dma(0x0000_000C, -1, 0);
        assertThat(dmaControl()).isZero();
    }

    @Test
    void othersAddAndWithdrawFiles() {
        byte[] rsdp = {1, 2, 3};
        Registration registration = fwcfg.add("etc/acpi/rsdp", rsdp);
        assertThat(fwcfg.files()).first().isEqualTo("bootorder");
        assertThat(file("etc/acpi/rsdp")).isEqualTo(rsdp);
        fwcfg.add("etc/acpi/rsdp", new byte[] {4});
        registration.close();
        assertThat(file("etc/acpi/rsdp")).as("replaced, so the first registration withdraws nothing").isEqualTo(new byte[] {4});
        assertThatThrownBy(() -> fwcfg.add("", rsdp)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fwcfg.add("x".repeat(56), rsdp)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void optionsOfTheConfigurationBecomeItems() {
        machine.remove(fwcfg);
        machine.add(new FirmwareConfig("fwcfg", 0, true, "/rom@genroms/a.rom"));
        assertThat(item(0x0E, 2)).isEqualTo(new byte[] {1, 0});
        assertThat(directory()).doesNotContainKey("etc/sercon-port");
        assertThat(file("bootorder")).isEqualTo("/rom@genroms/a.rom\0".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aReplacedDeviceGoesOnWhereItWas() {
        item(0, 2);
        String digest = machine.digest();
        machine.remove(fwcfg);
        machine.add(new FirmwareConfig("fwcfg", 0x3F8, false, ""));
        assertThat(machine.digest()).isEqualTo(digest);
        assertThat(next(2)).isEqualTo("MU".getBytes(StandardCharsets.US_ASCII));
    }
}
