package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.nvme.Host.Completion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queues, interrupts, hand-over and hostile guests. Source: NVM Express Base Specification 1.4, Queue Management; Interrupts; Controller Level Reset. */
class QueuesTest {
    private static final int WRITE = 1, READ = 2;

    @TempDir
    Path folder;
    private Path disk;
    private Host host;

    @BeforeEach
    void build() throws IOException {
        disk = Files.write(folder.resolve("disk"), new byte[1 << 20]);
        host = new Host(disk.toString()).enable();
    }

    @AfterEach
    void close() {
        host.close();
    }

    private int[] read(int block) {
        return Host.command(READ, 1, Host.DATA, 0, block, 0, 0);
    }

    private void messages(int enable) {
        for (int vector = 0; vector < 33; vector++) {
            host.put(Host.TABLE + 16 * vector, 8, 0xFEE0_0000L);
            host.put(Host.TABLE + 16 * vector + 8, 8, 0x40 + vector);
        }
        host.config(capability(0x11) + 2, 2, enable);
    }

    private int capability(int id) {
        int at = host.nvme.configRead(0x34, 1);
        while ((host.nvme.configRead(at, 1) & 0xFF) != id) {
            at = host.nvme.configRead(at + 1, 1) & 0xFF;
        }
        return at;
    }

    @Test
    void thePhaseTurnsWithEachRound() {
        host.pair(1, 0);
        for (int i = 0; i < 3 * Host.ENTRIES; i++) {
            Completion completion = host.execute(1, read(i));
            assertThat(completion.submissionQueue()).isEqualTo(1);
            assertThat(completion.submissionHead()).isEqualTo((i + 1) % Host.ENTRIES);
        }
    }

    @Test
    void aFullCompletionQueueHoldsCommandsBack() {
        host.pair(1, 0);
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 10; i++) {
                host.submit(1, read(i));
            }
            host.ring(1);
            host.pass(100_000);
        }
        List<Integer> taken = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            taken.add(host.take(1).command());
        }
        host.pass(100_000);
        for (Completion next = host.take(1); next != null; next = host.take(1)) {
            taken.add(next.command());
        }
        assertThat(taken).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    void queuesTakeTurns() {
        host.pair(1, 0).pair(2, 0);
        for (int i = 0; i < 4; i++) {
            host.submit(1, read(i));
            host.submit(2, read(i));
        }
        host.ring(1);
        host.ring(2);
        host.pass(100_000);
        for (int i = 0; i < 4; i++) {
            assertThat(host.take(1)).isNotNull();
            assertThat(host.take(2)).isNotNull();
        }
    }

    @Test
    void aDoorbellDoesNoWorkItself() {
        host.pair(1, 0);
        host.submit(1, read(0));
        host.ring(1);
        assertThat(host.take(1)).isNull();
        host.pass(20_000);
        assertThat(host.take(1)).isNotNull();
    }

    @Test
    void aTurnIsBounded() {
        host.pair(1, 0);
        for (int i = 0; i < 12; i++) {
            host.submit(1, Host.command(READ, 1, Host.DATA, 0x50_0000, i, 0, 255));
        }
        for (int i = 0; i < 31; i++) {
            host.put(0x50_0000 + 8 * i, 8, 0x60_0000);
        }
        host.ring(1);
        host.pass(5_000);
        int done = 0;
        while (host.take(1) != null) {
            done++;
        }
        assertThat(done).as("commands of 128 KiB in the first turn").isEqualTo(8);
        host.pass(5_000);
        assertThat(host.take(1)).as("the next turn").isNotNull();
    }

    @Test
    void eachQueueHasItsMessage() {
        messages(0x8000);
        host.pair(1, 5).pair(2, 32);
        host.messages.clear();
        host.execute(1, read(0));
        host.execute(2, read(0));
        host.admin(0x0A, 0, 0, 1);
        assertThat(host.messages).containsExactly(0x45, 0x60, 0x40);
        assertThat(host.nvme.configRead(6, 2) & 8).as("INTx is not in use, its status may be pending only").isIn(0, 8);
    }

    /** @nvme Interrupt Coalescing */
    @Test
    void anInterruptMayWaitForMoreCompletions() {
        messages(0x8000);
        host.pair(1, 5);
        host.admin(0x09, 0, 0, 8, 10 << 8 | 3);
        host.messages.clear();
        host.execute(1, read(0));
        host.execute(1, read(1));
        assertThat(host.messages).as("two of four, within a millisecond").isEmpty();
        host.pass(2_000_000);
        assertThat(host.messages).as("nobody is left waiting: they have been taken").isEmpty();
        host.submit(1, read(2));
        host.ring(1);
        host.pass(900_000);
        assertThat(host.messages).isEmpty();
        host.pass(200_000);
        assertThat(host.messages).as("a millisecond is over").containsExactly(0x45);
        host.take(1);
        for (int i = 0; i < 4; i++) {
            host.submit(1, read(i));
        }
        host.ring(1);
        host.pass(50_000);
        assertThat(host.messages).as("four are enough").containsExactly(0x45, 0x45);
        host.admin(0x0A, 0, 0, 8);
        assertThat(host.messages).as("the admin queue does not wait").containsExactly(0x45, 0x45, 0x40);
    }

    @Test
    void aVectorMayBeLeftOutOfCoalescing() {
        messages(0x8000);
        host.pair(1, 5);
        host.admin(0x09, 0, 0, 8, 255 << 8 | 255);
        host.admin(0x09, 0, 0, 9, 1 << 16 | 5);
        host.messages.clear();
        host.execute(1, read(0));
        assertThat(host.messages).containsExactly(0x45);
    }

    @Test
    void aReplacedControllerKeepsAnInterruptThatWaits() {
        messages(0x8000);
        host.pair(1, 5);
        host.admin(0x09, 0, 0, 8, 10 << 8 | 3);
        host.messages.clear();
        host.submit(1, read(2));
        host.ring(1);
        host.pass(100_000);
        host.replace(disk.toString());
        host.pass(800_000);
        assertThat(host.messages).isEmpty();
        host.pass(200_000);
        assertThat(host.messages).containsExactly(0x45);
    }

    @Test
    void aMaskedMessageIsPending() {
        messages(0x8000);
        host.pair(1, 5);
        host.messages.clear();
        host.put(Host.TABLE + 16 * 5 + 12, 4, 1);
        host.execute(1, read(0));
        assertThat(host.messages).isEmpty();
        assertThat(host.at(Host.TABLE + 0x1000, 8)).as("PBA").isEqualTo(1 << 5);
        host.put(Host.TABLE + 16 * 5 + 12, 4, 0);
        assertThat(host.messages).containsExactly(0x45);
    }

    @Test
    void aQueueMayBeSilent() {
        messages(0x8000);
        host.admin(0x05, 0, Host.completions(1), 15 << 16 | 1, 5 << 16 | 1);
        host.admin(0x01, 0, Host.submissions(1), 15 << 16 | 1, 1 << 16 | 1);
        host.messages.clear();
        host.submit(1, read(0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.messages).isEmpty();
    }

    @Test
    void messagesWithoutATableAreMaskedByTheController() {
        int at = capability(0x05);
        host.config(at + 4, 4, 0xFEE0_0000);
        host.config(at + 12, 2, 0x80);
        host.config(at + 2, 2, 0x51);
        host.pair(1, 3);
        host.messages.clear();
        host.execute(1, read(0));
        assertThat(host.messages).containsExactly(0x83);
        host.set(0x0C, 4, 8);
        host.submit(1, read(0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.messages).hasSize(1);
        host.set(0x10, 4, 8);
        assertThat(host.messages).containsExactly(0x83, 0x83);
    }

    @Test
    void thePinFollowsWhatIsWaitingAndTheMask() {
        host.pair(1, 0);
        host.submit(1, read(0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.nvme.configRead(6, 2) & 8).isEqualTo(8);
        host.set(0x0C, 4, 1);
        assertThat(host.nvme.configRead(6, 2) & 8).as("masked").isZero();
        host.set(0x10, 4, 1);
        assertThat(host.nvme.configRead(6, 2) & 8).isEqualTo(8);
        host.take(1);
        assertThat(host.nvme.configRead(6, 2) & 8).as("taken").isZero();
    }

    @Test
    void withoutBusMasteringCommandsWait() {
        host.pair(1, 0);
        host.config(0x04, 2, 2);
        host.submit(1, read(0));
        host.ring(1);
        host.pass(100_000);
        assertThat(host.take(1)).isNull();
        host.config(0x04, 2, 6);
        host.pass(20_000);
        assertThat(host.take(1)).isNotNull();
        assertThat(host.get(0x1C, 4)).isEqualTo(1);
    }

    @Test
    void aQueueThatCannotBeReadIsFatal() {
        host.admin(0x05, 0, Host.completions(1), 15 << 16 | 1, 3);
        host.admin(0x01, 0, 0x9000_0000L, 15 << 16 | 1, 1 << 16 | 1);
        host.set(0x1008, 4, 1);
        host.pass(20_000);
        assertThat(host.get(0x1C, 4) & 2).as("CFS").isEqualTo(2);
        host.set(0x14, 4, 0);
        host.enable().pair(1, 0);
        assertThat(host.execute(1, read(0)).code()).as("after a reset").isZero();
    }

    @Test
    void aControllerResetDropsWhatWaits() {
        host.pair(1, 0);
        host.submit(1, read(0));
        host.ring(1);
        host.set(0x14, 4, 0);
        host.enable();
        host.pass(100_000);
        assertThat(host.take(1)).isNull();
        assertThat(host.admin(0x00, 0, 0, 1).code()).as("the queues are gone").isEqualTo(0x01);
    }

    @Test
    void aFunctionLevelResetIsAReset() {
        host.config(capability(0x10) + 8, 2, 0x8000);
        assertThat(host.nvme.configRead(0x04, 2)).isZero();
        assertThat(host.nvme.configRead(0x10, 4)).isEqualTo(4);
    }

    @Test
    void commandsThatWaitAreCarriedOver() throws IOException {
        host.pair(1, 0);
        byte[] data = new byte[512];
        new Random(5).nextBytes(data);
        host.bytes(Host.DATA, data);
        for (int i = 0; i < 12; i++) {
            host.submit(1, Host.command(WRITE, 1, Host.DATA, 0, i, 0, 0));
        }
        host.ring(1);
        State before = host.nvme.save();
        host.replace(disk.toString());
        assertThat(host.nvme.save()).usingRecursiveComparison().isEqualTo(before);
        host.pass(100_000);
        for (int i = 0; i < 12; i++) {
            assertThat(host.take(1).code()).isZero();
        }
        byte[] file = Files.readAllBytes(disk);
        for (int i = 0; i < 12; i++) {
            assertThat(java.util.Arrays.copyOfRange(file, i * 512, i * 512 + 512)).isEqualTo(data);
        }
    }

    @Test
    void replacedAtRandomPointsNothingIsLostOrDoneTwice() throws IOException {
        host.pair(1, 0);
        Random random = new Random(77);
        byte[] model = new byte[1 << 20];
        List<Integer> waiting = new ArrayList<>();
        int done = 0;
        for (int i = 0; i < 600; i++) {
            int block = random.nextInt(2048);
            long page = Host.DATA + (i & 15) * 4096L;
            if (waiting.size() < 12) {
                byte[] data = new byte[512];
                random.nextBytes(data);
                host.bytes(page, data);
                System.arraycopy(data, 0, model, block * 512, 512);
                waiting.add(host.submit(1, Host.command(WRITE, 1, page, 0, block, 0, 0)));
                host.ring(1);
            }
            if (random.nextInt(5) == 0) {
                host.replace(disk.toString());
            }
            host.pass(1 + random.nextInt(3) * 3000L);
            for (Completion next = host.take(1); next != null; next = host.take(1)) {
                assertThat(waiting.remove((Integer) next.command())).as("completion %s", next).isTrue();
                done++;
            }
        }
        host.pass(1_000_000);
        for (Completion next = host.take(1); next != null; next = host.take(1)) {
            assertThat(waiting.remove((Integer) next.command())).isTrue();
            done++;
        }
        assertThat(waiting).isEmpty();
        assertThat(done).isGreaterThan(300);
        assertThat(Files.readAllBytes(disk)).isEqualTo(model);
    }

    @Test
    void aMachineThatIsTakenApartAndPutTogetherFindsItsDisk() {
        host.pair(1, 0);
        host.machine.remove(host.nvme);
        host.machine.add(host.nvme);
        assertThat(host.execute(1, read(0)).code()).isZero();
    }

    @Test
    void aFileThatIsGoneIsANamespaceThatIsNotReady() throws IOException {
        host.pair(1, 0);
        host.machine.remove(host.nvme);
        Files.move(disk, folder.resolve("elsewhere"));
        host.machine.add(host.nvme);
        assertThat(host.execute(1, read(0)).code()).as("Namespace Not Ready").isEqualTo(0x82);
        assertThat(host.nvme.drives().get(0).failure()).contains("does not exist");
        host.machine.remove(host.nvme);
        Files.move(folder.resolve("elsewhere"), disk);
        host.machine.add(host.nvme);
        assertThat(host.execute(1, read(0)).code()).isZero();
    }

    @Test
    void dataForTheControllersOwnRegistersResetIt() {
        host.pair(1, 0);
        host.submit(1, Host.command(READ, 1, Host.BAR + 0x14, 0, 0, 0, 0));
        host.ring(1);
        host.pass(20_000);
        assertThat(host.get(0x14, 4)).as("CC: the disk's zeros").isZero();
        assertThat(host.get(0x1C, 4)).as("CSTS").isZero();
        assertThat(host.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        host.enable().pair(1, 0);
        assertThat(host.execute(1, read(0)).code()).isZero();
    }

    @Test
    void completionsForItsOwnDoorbellsHarmNobody() {
        host.admin(0x05, 0, Host.BAR + 0x1000, 15 << 16 | 1, 3);
        host.admin(0x01, 0, Host.submissions(1), 15 << 16 | 1, 1 << 16 | 1);
        for (int i = 0; i < 8; i++) {
            host.submit(1, read(i));
            host.ring(1);
            host.pass(20_000);
        }
        host.admin(0x05, 0, Host.BAR, 15 << 16 | 2, 3);
        host.pass(200_000);
        assertThat(host.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        host.set(0x14, 4, 0);
        host.enable().pair(1, 0);
        assertThat(host.execute(1, read(0)).code()).isZero();
    }

    @Test
    void theControllerIsInASnapshot() throws IOException {
        host.pair(1, 0);
        host.submit(0, Host.command(0x0C, 0, 0, 0));
        host.ring(0);
        host.pass(20_000);
        host.set(0x1000 + 8 * 9, 4, 1);
        String idle = host.machine.digest();
        host.submit(1, read(0));
        host.ring(1);
        String digest = host.machine.digest();
        host.machine.save(folder.resolve("snapshot"));
        host.pass(20_000);
        assertThat(host.machine.digest()).isNotIn(idle, digest);
        host.machine.restore(folder.resolve("snapshot"));
        assertThat(host.machine.digest()).isEqualTo(digest);
        host.pass(20_000);
        assertThat(host.take(1)).isNotNull();
        assertThat(host.take(0).result()).as("the event that waited").isEqualTo(0x0001_0000);
    }

    @Test
    void aStateThatDoesNotFitChangesNothing() {
        host.pair(1, 0);
        State before = host.nvme.save();
        assertThatThrownBy(() -> host.nvme.restore(new State("nvme", 9, before.fields()))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> host.nvme.restore(new State("edu", 1, before.fields()))).isInstanceOf(StateException.class);
        assertThat(host.nvme.save()).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void afterColdResetItIsAsNew() {
        host.pair(1, 0);
        host.execute(1, read(0));
        host.machine.reset(Reset.COLD);
        try (Host fresh = new Host()) {
            fresh.machine.reset(Reset.COLD);
            State one = host.nvme.save();
            State other = fresh.nvme.save();
            assertThat(one.fields().get("registers")).usingRecursiveComparison().isEqualTo(other.fields().get("registers"));
            assertThat(one.fields().get("queues")).usingRecursiveComparison().isEqualTo(other.fields().get("queues"));
            assertThat(one.fields().get("features")).usingRecursiveComparison().isEqualTo(other.fields().get("features"));
        }
    }

    @Test
    void aGuestThatWritesNonsenseHarmsNobody() throws IOException {
        Random random = new Random(4096);
        assertThatCode(() -> {
            for (int i = 0; i < 20_000; i++) {
                if (i % 500 == 0) {
                    host.set(0x14, 4, 0);
                    host.enable().set(0x1000, 4, random.nextInt(16));
                }
                switch (random.nextInt(5)) {
                    case 0 -> host.put(Host.SUBMISSIONS + random.nextInt(0x1000 / 64) * 64L, 8, random.nextLong() & 0xFFFF_00FF_FFFF_000FL);
                    case 1 -> host.put(Host.SUBMISSIONS + (random.nextInt(0x1000) & ~7), 8, random.nextBoolean() ? random.nextLong() : random.nextInt(1 << 22));
                    case 2 -> host.set(0x1000 + 4 * random.nextInt(random.nextBoolean() ? 4 : 1024), 4, random.nextInt(random.nextBoolean() ? 16 : 0x10000));
                    case 3 -> host.set(random.nextInt(0x40) & ~3, 4, random.nextInt(8) == 0 ? random.nextInt() : 0x0046_0001);
                    default -> host.pass(2000);
                }
            }
        }).doesNotThrowAnyException();
        assertThat(host.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        host.set(0x14, 4, 0);
        host.config(0x04, 2, 6);
        host.enable().pair(1, 0);
        assertThat(host.execute(1, read(0)).code()).as("it still works").isZero();
    }

    /** Well-formed enough to get far: every opcode, lists of both kinds, namespaces that are there and that are not. */
    @Test
    void commandsAtRandomAreAllAnswered() throws IOException {
        try (Host pooled = new Host(Files.createDirectory(folder.resolve("pool")), Files.write(folder.resolve("second"), new byte[1 << 16]).toString())) {
            pooled.enable().pair(1, 1);
            Random random = new Random(1 << 14);
            int[] opcodes = {0, 1, 2, 4, 5, 6, 8, 9, 0x0A, 0x0C, 0x0D, 0x10, 0x15, 0x80, 0x84};
            for (int i = 0; i < 6_000; i++) {
                if (i % 16 == 0) {
                    byte[] list = new byte[4096];
                    random.nextBytes(list);
                    for (int at = 0; at < 4096; at += 16) {
                        LittleEndian.qword(list, at, Host.DATA + (random.nextInt(1 << 16) & (random.nextBoolean() ? ~0xFFF : ~0)));
                        LittleEndian.dword(list, at + 8, random.nextInt(random.nextBoolean() ? 8192 : 64) & ~15);
                        list[at + 15] = (byte) (random.nextInt(5) << 4);
                    }
                    pooled.bytes(Host.DATA + 0x1000L * random.nextInt(16), list);
                }
                int queue = random.nextInt(2);
                int[] command = Host.command(opcodes[random.nextInt(opcodes.length)] | (random.nextInt(3) == 0 ? 0x4000 : 0), random.nextInt(5) - 1,
                        Host.DATA + random.nextInt(1 << 16), random.nextBoolean() ? random.nextInt(8192) | (long) random.nextInt(5) << 60 : Host.DATA + 0x1000L * random.nextInt(16),
                        random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(32), random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(4), random.nextInt(300), 0, 0, 0);
                boolean disturbs = queue == 0 && (command[0] & 0xFF) <= 5 && command[10] << 16 == 1 << 16 || (command[0] & 0xFF) == 0x0C && queue == 0;
                if (!disturbs) {
                    assertThat(pooled.execute(queue, command)).as("command %d", i).isNotNull();
                }
            }
            assertThat(pooled.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        }
    }

    @Test
    void queuesAreDeletedUnderLoad() {
        host.pair(1, 0).pair(2, 0);
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 12; i++) {
                host.submit(1, read(i));
                host.submit(2, read(i));
            }
            host.ring(1);
            host.ring(2);
            assertThat(host.admin(0x04, 0, 0, 1).code()).as("its submission queue is there").isEqualTo(0x0C);
            assertThat(host.admin(0x00, 0, 0, 1).code()).isZero();
            assertThat(host.admin(0x04, 0, 0, 1).code()).isZero();
            host.pass(50_000);
            for (int i = 0; i < 12; i++) {
                assertThat(host.take(2)).as("the other queue goes on").isNotNull();
            }
            host.pair(1, 0);
            assertThat(host.execute(1, read(0)).code()).isZero();
        }
    }
}
