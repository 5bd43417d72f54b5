package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.pci.nvme.Host.Completion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source: NVM Express Base Specification 1.4, Format NVM, Namespace Management and Namespace Attachment commands; Identify; Changed Namespace List. */
class ManagementTest {
    private static final int GET_LOG = 0x02, IDENTIFY = 0x06, SET = 0x09, AER = 0x0C, MANAGE = 0x0D, ATTACH = 0x15, FORMAT = 0x80, READ = 2, WRITE = 1;

    @TempDir
    Path folder;
    private Path pool;
    private Path disk;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        pool = Files.createDirectory(folder.resolve("pool"));
        byte[] content = new byte[64 * 512];
        Arrays.fill(content, (byte) 7);
        disk = Files.write(folder.resolve("disk"), content);
        host = new Host(pool, disk.toString(), "ro:" + Files.write(folder.resolve("fixed"), new byte[4096])).enable().pair(1, 0);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private static void is(Completion completion, int type, int code) {
        assertThat(completion.type()).as("status code type of %s", completion).isEqualTo(type);
        assertThat(completion.code()).as("status code of %s", completion).isEqualTo(code);
    }

    private static void good(Completion completion) {
        is(completion, 0, 0);
    }

    private Completion create(long blocks, long capacity, int format) {
        host.bytes(Host.DATA, new byte[4096]);
        host.put(Host.DATA, 8, blocks);
        host.put(Host.DATA + 8, 8, capacity);
        host.put(Host.DATA + 26, 1, format);
        return host.admin(MANAGE, 0, Host.DATA, 0);
    }

    private Completion attach(int id, int select) {
        host.bytes(Host.DATA, new byte[4096]);
        host.put(Host.DATA, 4, 1 << 16 | 1);
        return host.admin(ATTACH, id, Host.DATA, select);
    }

    private byte[] identify(int structure, int id) {
        good(host.admin(IDENTIFY, id, Host.DATA, structure));
        return host.bytes(Host.DATA, 4096);
    }

    private Completion read(int id) {
        return host.execute(1, Host.command(READ, id, Host.DATA, 0, 0, 0, 0));
    }

    @Test
    void formatErasesAndChangesTheBlocks() throws IOException {
        byte[] before = identify(0, 1);
        assertThat(before[25]).as("two formats").isEqualTo((byte) 1);
        assertThat(before[26]).as("the first is in use").isZero();
        assertThat(before[130]).isEqualTo((byte) 9);
        assertThat(before[134]).isEqualTo((byte) 12);
        good(host.admin(FORMAT, 1, 0, 1));
        byte[] after = identify(0, 1);
        assertThat(LittleEndian.qword(after, 0)).as("blocks").isEqualTo(8);
        assertThat(after[26]).isEqualTo((byte) 1);
        host.bytes(Host.DATA, new byte[] {9});
        good(read(1));
        assertThat(host.bytes(Host.DATA, 4096)).containsOnly(0);
        host.put(Host.DATA, 1, 5);
        good(host.execute(1, Host.command(WRITE, 1, Host.DATA, 0, 7, 0, 0)));
        assertThat(Files.readAllBytes(disk)[7 * 4096]).isEqualTo((byte) 5);
        is(host.execute(1, Host.command(READ, 1, Host.DATA, 0, 8, 0, 0)), 0, 0x80);
        host.replace(disk.toString(), "ro:" + folder.resolve("fixed"));
        assertThat(identify(0, 1)[26]).as("over a hand-over").isEqualTo((byte) 1);
    }

    @Test
    void formatsThatAreNotPossible() throws IOException {
        is(host.admin(FORMAT, 1, 0, 2), 1, 0x0A);
        is(host.admin(FORMAT, 1, 0, 0x20), 1, 0x0A);
        is(host.admin(FORMAT, 1, 0, 2 << 9), 0, 0x02);
        is(host.admin(FORMAT, 2, 0, 0), 0, 0x20);
        is(host.admin(FORMAT, -1, 0, 0), 0, 0x20);
        is(host.admin(FORMAT, 3, 0, 0), 0, 0x02);
        is(host.admin(FORMAT, 65, 0, 0), 0, 0x0B);
        assertThat(Files.readAllBytes(disk)).as("nothing is lost").containsOnly(7);
        good(host.admin(FORMAT, 1, 0, 1 << 9));
    }

    @Test
    void aNamespaceIsMadeAttachedUsedAndRemoved() throws IOException {
        byte[] controller = identify(1, 0);
        assertThat(controller[256]).as("OACS: format, namespace management").isEqualTo((byte) 0x0A);
        assertThat(LittleEndian.dword(controller, 516)).as("NN").isEqualTo(64);
        assertThat(LittleEndian.qword(controller, 296)).as("UNVMCAP").isEqualTo(4 << 20);
        Completion made = create(2048, 2048, 0);
        good(made);
        assertThat(made.result()).as("its number").isEqualTo(3);
        assertThat(LittleEndian.qword(identify(1, 0), 296)).isEqualTo(3 << 20);
        assertThat(LittleEndian.dword(identify(0x10, 0), 8)).as("allocated").isEqualTo(3);
        assertThat(LittleEndian.dword(identify(2, 0), 8)).as("not active").isZero();
        assertThat(LittleEndian.qword(identify(0x11, 3), 0)).isEqualTo(2048);
        assertThat(LittleEndian.qword(identify(0, 3), 0)).as("inactive: zeros").isZero();
        assertThat(LittleEndian.dword(identify(0x12, 3), 0)).as("no controller has it").isZero();
        assertThat(LittleEndian.dword(identify(0x13, 0), 0)).as("there is one controller, number 1").isEqualTo(0x1_0001);
        is(read(3), 0, 0x02);
        good(attach(3, 0));
        assertThat(LittleEndian.dword(identify(0x12, 3), 0)).isEqualTo(0x1_0001);
        assertThat(LittleEndian.dword(identify(2, 0), 8)).isEqualTo(3);
        good(read(3));
        assertThat(Files.exists(pool.resolve("ns3-512.img"))).isTrue();
        is(attach(3, 0), 1, 0x18);
        good(attach(3, 1));
        is(attach(3, 1), 1, 0x1A);
        is(read(3), 0, 0x02);
        good(host.admin(MANAGE, 3, 0, 1));
        assertThat(pool).isEmptyDirectory();
        assertThat(LittleEndian.qword(identify(1, 0), 296)).isEqualTo(4 << 20);
    }

    @Test
    void whatWasMadeIsThereWhenTheMachineIsMadeAnew() throws IOException {
        good(create(256, 256, 1));
        good(attach(3, 0));
        host.put(Host.DATA, 1, 0x5A);
        good(host.execute(1, Host.command(WRITE, 3, Host.DATA, 0, 255, 0, 0)));
        host.replace(disk.toString(), "ro:" + folder.resolve("fixed"));
        good(host.execute(1, Host.command(READ, 3, Host.DATA + 0x1000, 0, 255, 0, 0)));
        assertThat(host.at(Host.DATA + 0x1000, 1)).as("over a hand-over").isEqualTo(0x5A);
        host.close();
        host = new Host(pool, disk.toString()).enable().pair(1, 0);
        assertThat(identify(0, 3)[26]).as("its format").isEqualTo((byte) 1);
        good(host.execute(1, Host.command(READ, 3, Host.DATA, 0, 255, 0, 0)));
        assertThat(host.at(Host.DATA, 1)).isEqualTo(0x5A);
    }

    @Test
    void requestsThatAreNotPossible() {
        is(create(8193, 8193, 0), 1, 0x15);
        is(create(100, 50, 0), 1, 0x1B);
        is(create(100, 100, 5), 1, 0x0A);
        is(create(0, 0, 0), 0, 0x02);
        is(create(-1, -1, 0), 0, 0x02);
        is(host.admin(MANAGE, 0, Host.DATA, 2), 0, 0x02);
        is(host.admin(MANAGE, 1, 0, 1), 0, 0x02);
        is(host.admin(MANAGE, 9, 0, 1), 0, 0x02);
        is(host.admin(MANAGE, 65, 0, 1), 0, 0x0B);
        is(attach(9, 0), 0, 0x02);
        is(attach(65, 0), 0, 0x0B);
        is(attach(1, 2), 0, 0x02);
        host.put(Host.DATA, 4, 2 << 16 | 1);
        is(host.admin(ATTACH, 1, Host.DATA, 1), 1, 0x1C);
        host.put(Host.DATA, 4, 0);
        is(host.admin(ATTACH, 1, Host.DATA, 1), 1, 0x1C);
    }

    @Test
    void numbersRunOut() {
        for (int id = 3; id <= 64; id++) {
            assertThat(create(1, 1, 0).result()).isEqualTo(id);
        }
        is(create(1, 1, 0), 1, 0x16);
    }

    @Test
    void changesAreToldAndLogged() {
        good(host.admin(SET, 0, 0, 11, 0x100));
        host.submit(0, Host.command(AER, 0, 0, 0));
        good(create(8, 8, 0));
        good(attach(3, 0));
        assertThat(host.take(0).result()).as("notice, namespace attribute changed, log page 4").isEqualTo(0x0004_0002);
        good(host.admin(GET_LOG, -1, Host.DATA, 1023 << 16 | 4));
        assertThat(host.at(Host.DATA, 8)).isEqualTo(3);
        good(host.admin(GET_LOG, -1, Host.DATA, 1023 << 16 | 4));
        assertThat(host.at(Host.DATA, 8)).as("read, and so cleared").isZero();
    }

    @Test
    void aConfiguredNamespaceIsDetachedAndAttached() {
        good(attach(1, 1));
        assertThat(LittleEndian.dword(identify(2, 0), 0)).isEqualTo(2);
        is(host.execute(1, Host.command(READ, 1, Host.DATA, 0, 0, 0, 0)), 0, 0x02);
        host.replace(disk.toString(), "ro:" + folder.resolve("fixed"));
        is(host.execute(1, Host.command(READ, 1, Host.DATA, 0, 0, 0, 0)), 0, 0x02);
        good(attach(1, 0));
        good(host.execute(1, Host.command(READ, 1, Host.DATA, 0, 0, 0, 0)));
    }

    @Test
    void aPoolThatIsNoFolderIsRefused() {
        assertThatThrownBy(() -> new Pool(folder.resolve("none"), 1)).hasMessageContaining("is no folder");
    }
}
