package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.pci.nvme.Host.Completion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Source: NVM Express Base Specification 1.4, NVM Command Set; Physical Region Page Entry and List. */
class NvmTest {
    private static final int FLUSH = 0, WRITE = 1, READ = 2, COMPARE = 5, ZEROES = 8, MANAGE = 9, BLOCKS = 512;
    private static final int FORCE_UNIT_ACCESS = 1 << 30;

    @TempDir
    Path folder;
    private Path disk;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        disk = Files.write(folder.resolve("disk"), noise(1, BLOCKS * 512));
        host = new Host(disk.toString(), "", "ro:" + Files.write(folder.resolve("fixed"), new byte[4096])).enable().pair(1, 0);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private static byte[] noise(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private byte[] file(int block, int blocks) throws IOException {
        return Arrays.copyOfRange(Files.readAllBytes(disk), block * 512, (block + blocks) * 512);
    }

    private static void is(Completion completion, int type, int code) {
        assertThat(completion.type()).as("status code type of %s", completion).isEqualTo(type);
        assertThat(completion.code()).as("status code of %s", completion).isEqualTo(code);
    }

    private static void good(Completion completion) {
        is(completion, 0, 0);
    }

    @Test
    void readsBlocks() throws IOException {
        good(host.transfer(READ, 5, 3, 0));
        assertThat(host.bytes(Host.DATA, 3 * 512)).isEqualTo(file(5, 3));
        assertThat(host.at(Host.DATA + 3 * 512, 8)).as("beyond").isZero();
    }

    @Test
    void writesBlocksAndNoOthers() throws IOException {
        byte[] before = Files.readAllBytes(disk);
        byte[] data = noise(2, 1024);
        host.bytes(Host.DATA, data);
        good(host.transfer(WRITE, 7, 2, 0));
        System.arraycopy(data, 0, before, 7 * 512, 1024);
        assertThat(Files.readAllBytes(disk)).isEqualTo(before);
    }

    @Test
    void theLastBlockIsTheLast() {
        good(host.transfer(READ, BLOCKS - 1, 1, 0));
        is(host.transfer(READ, BLOCKS - 1, 2, 0), 0, 0x80);
        is(host.transfer(WRITE, BLOCKS, 1, 0), 0, 0x80);
        is(host.transfer(READ, -1, 1, 0), 0, 0x80);
        is(host.transfer(READ, Long.MIN_VALUE, 1, 0), 0, 0x80);
        is(host.transfer(COMPARE, BLOCKS, 1, 0), 0, 0x80);
        is(host.transfer(ZEROES, BLOCKS - 1, 2, 0), 0, 0x80);
    }

    @Test
    void aListOfPagesIsFollowed() throws IOException {
        long list = 0x50_0000;
        for (int i = 0; i < 31; i++) {
            host.put(list + 8 * i, 8, 0x60_0000 + (30 - i) * 0x2000L);
        }
        good(host.execute(1, Host.command(READ, 1, Host.DATA, list, 0, 0, 255)));
        byte[] expected = file(0, 256);
        assertThat(host.bytes(Host.DATA, 4096)).isEqualTo(Arrays.copyOf(expected, 4096));
        for (int i = 0; i < 31; i++) {
            assertThat(host.bytes(0x60_0000 + (30 - i) * 0x2000L, 4096)).as("page %d", i).isEqualTo(Arrays.copyOfRange(expected, 4096 * (i + 1), 4096 * (i + 2)));
        }
    }

    @Test
    void aListBeginsInMidPageAndContinuesInAnother() throws IOException {
        long list = 0x50_0FE8;
        host.put(list, 8, 0x60_0000);
        host.put(list + 8, 8, 0x61_0000);
        host.put(list + 16, 8, 0x51_0000);
        host.put(0x51_0000, 8, 0x62_0000);
        host.put(0x51_0008, 8, 0x63_0000);
        good(host.execute(1, Host.command(READ, 1, Host.DATA + 0x800, list, 0, 0, 35)));
        byte[] expected = file(0, 36);
        assertThat(host.bytes(Host.DATA + 0x800, 2048)).isEqualTo(Arrays.copyOf(expected, 2048));
        for (int i = 0; i < 4; i++) {
            assertThat(host.bytes(0x60_0000 + 0x1_0000L * i, 4096)).as("page %d", i).isEqualTo(Arrays.copyOfRange(expected, 2048 + 4096 * i, 6144 + 4096 * i));
        }
    }

    @Test
    void aListMayEndExactlyAtItsPage() throws IOException {
        long list = 0x50_0FF0;
        host.put(list, 8, 0x60_0000);
        host.put(list + 8, 8, 0x61_0000);
        good(host.execute(1, Host.command(READ, 1, Host.DATA, list, 0, 0, 23)));
        assertThat(host.bytes(0x61_0000, 4096)).as("the last entry is data, for nothing follows").isEqualTo(file(16, 8));
    }

    @TestFactory
    Stream<DynamicTest> pagesWithOffsets() {
        record Case(String what, long prp1, long prp2, int blocks) { }
        return Stream.of(new Case("first entry not on a double word", Host.DATA + 2, 0, 1), new Case("second entry not on a page", Host.DATA, Host.DATA + 0x1200, 16),
                new Case("list not on a quad word", Host.DATA, 0x50_0004, 32), new Case("entry of a list not on a page", Host.DATA, 0x50_0000, 32))
                .map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    host.put(0x50_0000, 8, 0x60_0000);
                    host.put(0x50_0008, 8, 0x60_1004);
                    host.put(0x50_0010, 8, 0x60_2000);
                    is(host.execute(1, Host.command(READ, 1, each.prp1(), each.prp2(), 0, 0, each.blocks() - 1)), 0, 0x13);
                }));
    }

    @Test
    void largerTransfersThanAnnouncedAreRefused() {
        is(host.execute(1, Host.command(READ, 1, Host.DATA, 0x50_0000, 0, 0, 256)), 0, 0x02);
        is(host.execute(1, Host.command(WRITE, 1, Host.DATA, 0x50_0000, 0, 0, 0xFFFF)), 0, 0x02);
    }

    @Test
    void dataThatCannotBeReachedIsATransferError() throws IOException {
        byte[] before = Files.readAllBytes(disk);
        long nowhere = 0x9000_0000L;
        is(host.execute(1, Host.command(WRITE, 1, nowhere, 0, 0, 0, 0)), 0, 0x04);
        is(host.execute(1, Host.command(WRITE, 1, Host.DATA, nowhere, 0, 0, 15)), 0, 0x04);
        is(host.execute(1, Host.command(WRITE, 1, Host.DATA, nowhere, 0, 0, 31)), 0, 0x04);
        is(host.execute(1, Host.command(COMPARE, 1, nowhere, 0, 0, 0, 0)), 0, 0x04);
        is(host.execute(1, Host.command(READ, 1, 0xFEE0_0000L, 0, 0, 0, 0)), 0, 0x04);
        assertThat(Files.readAllBytes(disk)).as("no block is torn").isEqualTo(before);
        assertThat(host.messages).as("data are no interrupts").isEmpty();
    }

    @Test
    void namespacesAreTold() {
        is(host.execute(1, Host.command(READ, 2, Host.DATA, 0, 0, 0, 0)), 0, 0x02);
        is(host.execute(1, Host.command(READ, 4, Host.DATA, 0, 0, 0, 0)), 0, 0x0B);
        is(host.execute(1, Host.command(READ, 0, Host.DATA, 0, 0, 0, 0)), 0, 0x0B);
        is(host.execute(1, Host.command(READ, -1, Host.DATA, 0, 0, 0, 0)), 0, 0x0B);
        good(host.execute(1, Host.command(READ, 3, Host.DATA, 0, 7, 0, 0)));
    }

    @Test
    void aReadOnlyNamespaceIsWriteProtected() {
        is(host.execute(1, Host.command(WRITE, 3, Host.DATA, 0, 0, 0, 0)), 0, 0x20);
        is(host.execute(1, Host.command(ZEROES, 3, 0, 0, 0, 0, 0)), 0, 0x20);
        is(host.execute(1, Host.command(MANAGE, 3, Host.DATA, 0, 0, 4)), 0, 0x20);
        good(host.execute(1, Host.command(FLUSH, 3, 0, 0)));
    }

    @Test
    void comparesWithoutChange() throws IOException {
        host.bytes(Host.DATA, file(9, 4));
        good(host.transfer(COMPARE, 9, 4, 0));
        host.put(Host.DATA + 2047, 1, file(12, 1)[511] + 1);
        is(host.transfer(COMPARE, 9, 4, 0), 2, 0x85);
    }

    @Test
    void writesZeroesWithoutData() throws IOException {
        byte[] before = Files.readAllBytes(disk);
        good(host.execute(1, Host.command(ZEROES, 1, 0, 0, 3, 0, 299)));
        Arrays.fill(before, 3 * 512, 303 * 512, (byte) 0);
        assertThat(Files.readAllBytes(disk)).isEqualTo(before);
    }

    @Test
    void rangesOfDatasetManagementAreChecked() throws IOException {
        byte[] before = Files.readAllBytes(disk);
        host.put(Host.DATA + 4, 4, 8);
        host.put(Host.DATA + 8, 8, 16);
        good(host.execute(1, Host.command(MANAGE, 1, Host.DATA, 0, 0, 4)));
        host.put(Host.DATA + 16 + 4, 4, 2);
        host.put(Host.DATA + 16 + 8, 8, BLOCKS - 1);
        is(host.execute(1, Host.command(MANAGE, 1, Host.DATA, 0, 1, 4)), 0, 0x80);
        assertThat(Files.readAllBytes(disk)).isEqualTo(before);
    }

    @Test
    void flushTakesOneOrAll() {
        good(host.transfer(WRITE, 0, 1, FORCE_UNIT_ACCESS));
        good(host.execute(1, Host.command(FLUSH, 1, 0, 0)));
        good(host.execute(1, Host.command(FLUSH, -1, 0, 0)));
        is(host.execute(1, Host.command(FLUSH, 2, 0, 0)), 0, 0x02);
        is(host.execute(1, Host.command(FLUSH, 9, 0, 0)), 0, 0x0B);
    }

    @Test
    void unknownOpcodesAndFormsAreRefused() {
        is(host.execute(1, Host.command(0x04, 1, 0, 0)), 0, 0x01);
        is(host.execute(1, Host.command(0x7F, 1, 0, 0)), 0, 0x01);
        is(host.execute(1, Host.command(READ | 0xC000, 1, Host.DATA, 0)), 0, 0x02);
        is(host.execute(1, Host.command(READ | 0x100, 1, Host.DATA, 0)), 0, 0x02);
    }

    @Test
    void randomTransfersReadWhatWasWrittenLast() throws IOException {
        byte[] model = Files.readAllBytes(disk);
        Random random = new Random(64);
        for (int i = 0; i < 400; i++) {
            int blocks = 1 + random.nextInt(16);
            int block = random.nextInt(BLOCKS - blocks);
            if (random.nextBoolean()) {
                byte[] data = noise(i, blocks * 512);
                host.bytes(Host.DATA, data);
                System.arraycopy(data, 0, model, block * 512, data.length);
                good(host.transfer(WRITE, block, blocks, 0));
            } else {
                good(host.transfer(READ, block, blocks, 0));
                assertThat(host.bytes(Host.DATA, blocks * 512)).isEqualTo(Arrays.copyOfRange(model, block * 512, (block + blocks) * 512));
            }
        }
        good(host.execute(1, Host.command(FLUSH, 1, 0, 0)));
        assertThat(Files.readAllBytes(disk)).isEqualTo(model);
    }

    @Test
    void filesThatCannotBeDisksAreRefusedInWords() throws IOException {
        assertThatThrownBy(() -> DiskFile.named(folder.resolve("none").toString(), 512)).isInstanceOf(OperatorException.class).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> DiskFile.named(folder.toString(), 512)).isInstanceOf(OperatorException.class).hasMessageContaining("no regular file");
        assertThatThrownBy(() -> DiskFile.named(Files.write(folder.resolve("odd"), new byte[700]).toString(), 512)).isInstanceOf(OperatorException.class)
                .hasMessageContaining("700 bytes");
        assertThatThrownBy(() -> DiskFile.named(Files.write(folder.resolve("empty"), new byte[0]).toString(), 512)).isInstanceOf(OperatorException.class)
                .hasMessageContaining("0 bytes");
        assertThatThrownBy(() -> DiskFile.named(disk.toString(), 512)).isInstanceOf(OperatorException.class).hasMessageContaining("in use by another disk");
    }

    @Test
    void aFileThatFailsIsAMediaError() throws IOException {
        DiskFile file = DiskFile.named("ro:" + Files.write(folder.resolve("other"), new byte[512]), 512);
        file.close();
        assertThatThrownBy(() -> file.read(0, new byte[512], 0, 512)).isInstanceOf(IOException.class).hasMessageContaining("closed");
        file.open();
        assertThatThrownBy(() -> file.write(0, new byte[512], 0, 512)).isInstanceOf(IOException.class).hasMessageContaining("read-only");
        file.close();
    }
}
