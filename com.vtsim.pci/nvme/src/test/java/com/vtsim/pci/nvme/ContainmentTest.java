package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.pci.Guard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Behind remapping hardware the controller reaches what it is let, and nothing else. */
class ContainmentTest {
    private static final int WRITE = 1, READ = 2;
    private static final int DATA_TRANSFER_ERROR = 0x04;

    @TempDir
    Path folder;
    private final Guard guard = new Guard().allow(Host.submissions(0), Host.completions(0), Host.submissions(1), Host.completions(1));
    private Path disk;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        byte[] content = new byte[1 << 20];
        Arrays.fill(content, (byte) 0x5A);
        disk = Files.write(folder.resolve("disk"), content);
        host = new Host(disk.toString());
        host.machine.add(guard);
        host.enable().pair(1, 0);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void readsReachNoPageThatIsBlocked() {
        assertThat(host.transfer(READ, 0, 1, 0).code()).isEqualTo(DATA_TRANSFER_ERROR);
        guard.allow(Host.DATA);
        assertThat(host.transfer(READ, 0, 16, 0).code()).as("the second page is blocked").isEqualTo(DATA_TRANSFER_ERROR);
        assertThat(host.at(Host.DATA + 0x1000, 8)).isZero();
        assertThat(host.transfer(READ, 0, 8, 0).code()).isZero();
        assertThat(host.at(Host.DATA, 8)).isEqualTo(0x5A5A_5A5A_5A5A_5A5AL);
    }

    @Test
    void whatCannotBeReadIsNotWritten() throws IOException {
        byte[] before = Files.readAllBytes(disk);
        guard.allow(Host.DATA);
        assertThat(host.transfer(WRITE, 0, 16, 0).code()).isEqualTo(DATA_TRANSFER_ERROR);
        assertThat(Files.readAllBytes(disk)).isEqualTo(before);
    }

    @Test
    void aListThatIsBlockedIsATransferError() {
        guard.allow(Host.DATA);
        assertThat(host.execute(1, Host.command(READ, 1, Host.DATA, 0x50_0000, 0, 0, 31)).code()).isEqualTo(DATA_TRANSFER_ERROR);
    }

    @Test
    void aQueueThatIsBlockedIsFatal() {
        guard.pages.remove(Host.submissions(1) >>> 12);
        host.submit(1, Host.command(READ, 1, Host.DATA, 0, 0, 0, 0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.get(0x1C, 4) & 2).as("CFS").isEqualTo(2);
    }

    @Test
    void messagesPassTheGuardToo() {
        for (int vector = 0; vector < 2; vector++) {
            host.put(Host.TABLE + 16 * vector, 8, 0xFEE0_0000L);
            host.put(Host.TABLE + 16 * vector + 8, 8, 0x40 + vector);
        }
        int at = host.nvme.configRead(0x34, 1);
        while ((host.nvme.configRead(at, 1) & 0xFF) != 0x11) {
            at = host.nvme.configRead(at + 1, 1) & 0xFF;
        }
        host.config(at + 2, 2, 0x8000);
        host.admin(0x0A, 0, 0, 1);
        assertThat(host.messages).as("blocked").isEmpty();
        guard.messages = true;
        host.admin(0x0A, 0, 0, 1);
        assertThat(host.messages).containsExactly(0x40);
    }

    @Test
    void whileTheGuardIsAwayNothingPasses() {
        guard.allow(Host.DATA);
        host.machine.remove(guard);
        host.submit(1, Host.command(READ, 1, Host.DATA, 0, 0, 0, 0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.at(Host.DATA, 8)).isZero();
        assertThat(host.get(0x1C, 4) & 2).as("its queues are out of reach: CFS").isEqualTo(2);
    }
}
