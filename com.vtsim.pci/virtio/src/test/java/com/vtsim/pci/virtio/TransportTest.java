package com.vtsim.pci.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.Guard;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Basic Facilities of a Virtio Device; Virtio Over PCI Bus. Tried on a device that fills what it is given. */
class TransportTest {
    private static final int NEEDS_RESET = 0x40;

    private final Driver driver = new Driver("t", filler());

    private static VirtioDevice filler() {
        return new Filler();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private Used ask(int length) {
        driver.chain(0, 0, new Part(Driver.DATA, length, Driver.WRITE));
        driver.kick(0);
        return driver.take(0);
    }

    @Test
    void isAModernDevice() {
        assertThat(driver.configAt(0x00, 4)).as("1AF4h, 1040h and the type").isEqualTo(0x1044_1AF4);
        assertThat(driver.configAt(0x08, 1)).as("revision 1 or higher").isEqualTo(1);
        assertThat(driver.configAt(0x2E, 2)).as("subsystem 40h or higher").isGreaterThanOrEqualTo(0x40);
    }

    @Test
    void everyStructureIsToldOnce() {
        List<Integer> types = new ArrayList<>();
        for (int at = driver.configAt(0x34, 1); at != 0; at = driver.configAt(at + 1, 1) & 0xFF) {
            if ((driver.configAt(at, 1) & 0xFF) == 9) {
                types.add(driver.configAt(at + 3, 1));
                assertThat(driver.configAt(at + 4, 1)).as("bar").isZero();
                assertThat(driver.configAt(at + 8, 4) % 4).as("offset").isZero();
                assertThat(driver.configAt(at + 2, 1)).as("cap_len").isEqualTo(types.get(types.size() - 1) == 2 || types.get(types.size() - 1) == 5 ? 20 : 16);
            }
        }
        assertThat(types).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void featuresOfTheRingAndOfVersion1AreOffered() {
        assertThat(driver.offered()).isEqualTo(1L << 28 | 1L << 29 | 1L << 32 | 1L << 33 | 1L << 34 | 1L << 36 | 1L << 40);
        driver.set(0x00, 4, 2);
        assertThat(driver.get(0x04, 4)).as("beyond").isZero();
    }

    @TestFactory
    Stream<DynamicTest> featuresAreAgreedOnOrNot() {
        record Case(String what, long features, boolean agreed) { }
        return Stream.of(new Case("version 1", 1L << 32, true), new Case("all", 1L << 28 | 1L << 29 | 1L << 32 | 1L << 33 | 1L << 34 | 1L << 36 | 1L << 40, true), new Case("none: a legacy driver", 0, false),
                new Case("rings without version 1", 1L << 28, false), new Case("one that is not offered", 1L << 32 | 1L << 35, false), new Case("bit 0", 1L << 32 | 1, false))
                .map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    driver.set(0x14, 1, 0);
                    driver.set(0x14, 1, 3);
                    driver.accept(each.features());
                    driver.set(0x14, 1, 11);
                    assertThat(driver.status()).isEqualTo(each.agreed() ? 11 : 3);
                }));
    }

    @Test
    void agreedFeaturesAreNotChanged() {
        driver.setUp(0, 1);
        driver.accept(Driver.VERSION_1 | Driver.EVENT_INDEX);
        driver.set(0x08, 4, 0);
        assertThat(driver.get(0x0C, 4)).isZero();
    }

    @Test
    void queuesAreToldAndNotChangedWhileEnabled() {
        assertThat(driver.get(0x12, 2)).as("num_queues").isEqualTo(1);
        assertThat(driver.get(0x18, 2)).as("queue_size").isEqualTo(64);
        driver.set(0x18, 2, 128);
        assertThat(driver.get(0x18, 2)).as("larger than possible").isEqualTo(64);
        driver.set(0x18, 2, 12);
        assertThat(driver.get(0x18, 2)).as("no power of two").isEqualTo(64);
        driver.setUp(0, 1);
        driver.set(0x18, 2, 8);
        driver.set(0x20, 4, 0x1234_5000);
        driver.set(0x1C, 2, 0);
        assertThat(driver.get(0x18, 2)).isEqualTo(Driver.SIZE);
        assertThat(driver.get(0x20, 8)).isEqualTo(Driver.descriptors(0));
        assertThat(driver.get(0x1C, 2)).as("queue_enable is not taken back").isEqualTo(1);
        driver.set(0x16, 2, 1);
        assertThat(driver.get(0x18, 2)).as("no such queue").isZero();
    }

    /** @see "Virtqueue Reset" */
    @Test
    void aQueueIsResetAlone() {
        driver.setUp(1L << 40, 1);
        driver.set(0x1A, 2, 1);
        ask(8);
        driver.set(0x3A, 2, 1);
        assertThat(driver.get(0x3A, 2)).as("queue_reset: done").isZero();
        assertThat(driver.get(0x1C, 2)).as("queue_enable").isZero();
        assertThat(driver.get(0x18, 2)).as("queue_size").isEqualTo(64);
        assertThat(driver.get(0x1A, 2)).as("queue_msix_vector").isEqualTo(0xFFFF);
        assertThat(driver.status()).as("the device goes on").isEqualTo(15);
        driver.enable(0);
        assertThat(ask(8)).isEqualTo(new Used(0, 8));
        driver.setUp(0, 1);
        driver.set(0x3A, 2, 1);
        assertThat(driver.get(0x1C, 2)).as("not agreed on").isEqualTo(1);
    }

    @Test
    void resetMakesItAsNew() {
        driver.setUp(0, 1);
        driver.set(0x10, 2, 0);
        driver.set(0x14, 1, 0);
        assertThat(driver.status()).isZero();
        assertThat(driver.get(0x10, 2)).isEqualTo(0xFFFF);
        driver.set(0x16, 2, 0);
        assertThat(driver.get(0x1C, 2)).isZero();
        assertThat(driver.get(0x18, 2)).isEqualTo(64);
        assertThat(driver.get(0x20, 8)).isZero();
    }

    @Test
    void nothingIsTakenBeforeTheDriverIsSetUp() {
        driver.setUp(0, 1);
        driver.set(0x14, 1, 0);
        driver.setUp(0, 1);
        driver.set(0x14, 1, 0);
        driver.chain(0, 0, new Part(Driver.DATA, 8, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isNull();
    }

    @Test
    void withoutMessagesThePinIsRaisedUntilTheIsrIsRead() {
        driver.setUp(0, 1);
        ask(8);
        assertThat(driver.configAt(6, 2) & 8).as("INTx").isEqualTo(8);
        assertThat(driver.get(0x1000, 1)).isEqualTo(1);
        assertThat(driver.get(0x1000, 1)).as("reading acknowledges").isZero();
        assertThat(driver.configAt(6, 2) & 8).isZero();
    }

    @Test
    void messagesGoToTheVectorsThatTheDriverHasChosen() {
        driver.setUp(0, 1);
        driver.messages();
        driver.set(0x1A, 2, 1);
        assertThat(driver.get(0x1A, 2)).isEqualTo(1);
        ask(8);
        assertThat(driver.messages).containsExactly(0x41);
        driver.set(0x1A, 2, 7);
        assertThat(driver.get(0x1A, 2)).as("no such vector").isEqualTo(0xFFFF);
        ask(8);
        assertThat(driver.messages).as("no vector, no message").hasSize(1);
        assertThat(driver.get(0x1000, 1)).as("nor ISR").isZero();
    }

    @Test
    void aDriverMayDoWithoutInterrupts() {
        driver.setUp(0, 1);
        driver.messages();
        driver.set(0x1A, 2, 1);
        driver.put(Driver.available(0), 2, 1);
        assertThat(ask(8)).isNotNull();
        assertThat(driver.messages).isEmpty();
        driver.put(Driver.available(0), 2, 0);
        ask(8);
        assertThat(driver.messages).hasSize(1);
    }

    @Test
    void withEventIndicesInterruptsComeWhereTheyAreWanted() {
        driver.setUp(Driver.EVENT_INDEX, 1);
        driver.messages();
        driver.set(0x1A, 2, 1);
        long wanted = Driver.available(0) + 4 + 2 * Driver.SIZE;
        driver.put(wanted, 2, 2);
        ask(8);
        ask(8);
        assertThat(driver.messages).isEmpty();
        ask(8);
        assertThat(driver.messages).as("the third: index 2 is passed").hasSize(1);
        assertThat(driver.at(Driver.used(0) + 4 + 8 * Driver.SIZE, 2)).as("avail_event: notify at the fourth").isEqualTo(3);
    }

    @Test
    void anIndirectTableIsAChain() {
        driver.setUp(Driver.INDIRECT, 1);
        long table = 0x40_0000;
        driver.descriptor(table, 0, Driver.DATA, 16, Driver.WRITE | Driver.NEXT, 2);
        driver.descriptor(table, 2, Driver.DATA + 0x1000, 8, Driver.WRITE, 0);
        driver.descriptor(Driver.descriptors(0), 3, table, 48, Driver.IS_INDIRECT, 0);
        driver.available(0, 3);
        driver.kick(0);
        assertThat(driver.take(0)).isEqualTo(new Used(3, 24));
        assertThat(driver.at(Driver.DATA + 0x1000, 8)).isNotZero();
    }

    @Test
    void indicesWrap() {
        driver.setUp(0, 1);
        for (int i = 0; i < 3 * Driver.SIZE; i++) {
            driver.chain(0, i % Driver.SIZE, new Part(Driver.DATA, 8, Driver.WRITE));
            driver.kick(0);
            assertThat(driver.take(0)).isEqualTo(new Used(i % Driver.SIZE, 8));
        }
    }

    @Test
    void configurationSpaceReachesTheStructures() {
        int at = 0;
        for (int each = driver.configAt(0x34, 1); each != 0; each = driver.configAt(each + 1, 1) & 0xFF) {
            at = (driver.configAt(each, 1) & 0xFF) == 9 && driver.configAt(each + 3, 1) == 5 ? each : at;
        }
        driver.config(at + 4, 1, 0);
        driver.config(at + 8, 4, 0x12);
        driver.config(at + 12, 4, 2);
        assertThat(driver.configAt(at + 16, 2)).as("num_queues").isEqualTo(1);
        driver.config(at + 8, 4, 0x14);
        driver.config(at + 12, 4, 1);
        driver.config(at + 16, 1, 1);
        assertThat(driver.status()).as("ACKNOWLEDGE").isEqualTo(1);
        driver.config(at + 8, 4, 0x3FFD);
        driver.config(at + 12, 4, 4);
        driver.config(at + 16, 4, 0);
        assertThat(driver.status()).as("a misaligned access is none").isEqualTo(1);
    }

    @TestFactory
    Stream<DynamicTest> whatNoDriverMayDoNeedsAReset() {
        record Case(String what, long features, Consumer<Driver> act) { }
        long table = 0x40_0000;
        return Stream.of(
                new Case("a chain that goes round", 0, d -> {
                    d.descriptor(Driver.descriptors(0), 0, Driver.DATA, 8, Driver.WRITE | Driver.NEXT, 1);
                    d.descriptor(Driver.descriptors(0), 1, Driver.DATA, 8, Driver.WRITE | Driver.NEXT, 0);
                    d.available(0, 0);
                }),
                new Case("a head beyond the table", 0, d -> d.available(0, Driver.SIZE)),
                new Case("a next beyond the table", 0, d -> {
                    d.descriptor(Driver.descriptors(0), 0, Driver.DATA, 8, Driver.WRITE | Driver.NEXT, 999);
                    d.available(0, 0);
                }),
                new Case("more available than there are", 0, d -> d.put(Driver.available(0) + 2, 2, Driver.SIZE + 1)),
                new Case("a buffer of no bytes", 0, d -> d.chain(0, 0, new Part(Driver.DATA, 0, Driver.WRITE))),
                new Case("readable after writable", 0, d -> d.chain(0, 0, new Part(Driver.DATA, 8, Driver.WRITE), new Part(Driver.DATA, 8, 0))),
                new Case("indirect, not agreed on", 0, d -> d.chain(0, 0, new Part(table, 16, Driver.IS_INDIRECT))),
                new Case("indirect in indirect", Driver.INDIRECT, d -> {
                    d.descriptor(table, 0, table, 16, Driver.IS_INDIRECT, 0);
                    d.chain(0, 0, new Part(table, 16, Driver.IS_INDIRECT));
                }),
                new Case("an indirect table of no whole descriptors", Driver.INDIRECT, d -> d.chain(0, 0, new Part(table, 24, Driver.IS_INDIRECT))),
                new Case("an empty indirect table", Driver.INDIRECT, d -> d.chain(0, 0, new Part(table, 0, Driver.IS_INDIRECT))),
                new Case("an indirect table of 4 GiB", Driver.INDIRECT, d -> d.chain(0, 0, new Part(table, -16, Driver.IS_INDIRECT))),
                new Case("a buffer for a message-signalled interrupt", 0, d -> d.chain(0, 0, new Part(0xFEE0_0000L, 64, Driver.WRITE))))
                .map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    driver.setUp(each.features(), 1);
                    driver.get(0x1000, 1);
                    each.act().accept(driver);
                    driver.kick(0);
                    assertThat(driver.status() & NEEDS_RESET).as("DEVICE_NEEDS_RESET").isEqualTo(NEEDS_RESET);
                    assertThat(driver.get(0x1000, 1) & 2).as("a configuration interrupt").isEqualTo(2);
                    driver.set(0x14, 1, 15);
                    assertThat(driver.status() & NEEDS_RESET).as("only a reset clears it").isEqualTo(NEEDS_RESET);
                    driver.setUp(0, 1);
                    assertThat(ask(8)).as("after a reset").isEqualTo(new Used(0, 8));
                }));
    }

    @Test
    void memoryThatDoesNotAnswerNeedsAReset() {
        driver.set(0x14, 1, 0);
        driver.set(0x14, 1, 3);
        driver.accept(Driver.VERSION_1);
        driver.set(0x14, 1, 11);
        driver.set(0x28, 8, 0x9000_0000L);
        driver.set(0x1C, 2, 1);
        driver.set(0x14, 1, 15);
        driver.kick(0);
        assertThat(driver.status() & NEEDS_RESET).isEqualTo(NEEDS_RESET);
    }

    @Test
    void withoutBusMasteringChainsWait() {
        driver.setUp(0, 1);
        driver.config(0x04, 2, 2);
        driver.chain(0, 0, new Part(Driver.DATA, 8, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.take(0)).isNull();
        driver.config(0x04, 2, 6);
        driver.pass(20_000);
        assertThat(driver.take(0)).isNotNull();
        driver.chain(0, 1, new Part(Driver.DATA, 8, Driver.WRITE));
        driver.set(0x3000, 2, 0);
        driver.config(0x04, 2, 2);
        driver.pass(20_000);
        assertThat(driver.take(0)).as("switched off between notification and turn").isNull();
        driver.config(0x04, 2, 6);
        driver.pass(20_000);
        assertThat(driver.take(0)).isNotNull();
    }

    @Test
    void answersForItsOwnRegistersHarmNobody() {
        driver.setUp(0, 1);
        driver.chain(0, 0, new Part(Driver.BAR, 0x38, Driver.WRITE));
        driver.kick(0);
        driver.chain(0, 1, new Part(Driver.BAR + 0x3000, 64, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        driver.setUp(0, 1);
        assertThat(ask(8)).isEqualTo(new Used(0, 8));
    }

    @Test
    void behindRemappingHardwareItReachesWhatItIsLet() {
        Guard guard = new Guard().allow(Driver.descriptors(0), Driver.available(0), Driver.used(0), Driver.DATA);
        driver.machine.add(guard);
        driver.setUp(0, 1);
        assertThat(ask(8)).isEqualTo(new Used(0, 8));
        driver.chain(0, 0, new Part(0x40_0000, 8, Driver.WRITE));
        driver.kick(0);
        assertThat(driver.at(0x40_0000, 8)).as("blocked").isZero();
        assertThat(driver.status() & NEEDS_RESET).isEqualTo(NEEDS_RESET);
        assertThat(guard.blocked).isPositive();
    }

    @Test
    void chainsThatWaitAreCarriedOver() {
        driver.setUp(Driver.EVENT_INDEX, 1);
        for (int i = 0; i < 10; i++) {
            driver.chain(0, i, new Part(Driver.DATA + 16 * i, 16, Driver.WRITE));
        }
        driver.set(0x3000, 2, 0);
        State before = driver.device.save();
        driver.replace(filler());
        assertThat(driver.device.save()).usingRecursiveComparison().isEqualTo(before);
        driver.pass(100_000);
        for (int i = 0; i < 10; i++) {
            assertThat(driver.take(0)).isEqualTo(new Used(i, 16));
        }
        assertThatThrownBy(() -> driver.device.restore(new State("virtio-filler", 9, before.fields()))).isInstanceOf(StateException.class);
    }

    @Test
    void aGuestThatWritesNonsenseHarmsNobody() {
        Random random = new Random(1200);
        for (int i = 0; i < 10_000; i++) {
            if (i % 100 == 0) {
                driver.setUp(random.nextBoolean() ? Driver.INDIRECT | Driver.EVENT_INDEX : 0, 1);
            }
            switch (random.nextInt(6)) {
                case 0 -> driver.put(Driver.descriptors(0) + random.nextInt(0x100), 8, random.nextBoolean() ? random.nextLong() : random.nextInt(1 << 23));
                case 1 -> driver.put(Driver.available(0) + random.nextInt(40), 2, random.nextInt(20));
                case 2 -> driver.set(random.nextInt(0x38) & ~3, 4, random.nextInt());
                case 3 -> driver.set(0x3000, 2, 0);
                case 4 -> driver.set(random.nextInt(0x4000) & ~3, 4, random.nextInt());
                default -> driver.pass(5000);
            }
        }
        assertThat(driver.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        driver.setUp(0, 1);
        assertThat(ask(8)).as("it still works").isEqualTo(new Used(0, 8));
    }
}
