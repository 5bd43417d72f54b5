package com.vtsim.pci.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.pci.virtio.Driver.Part;
import com.vtsim.pci.virtio.Driver.Used;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: Virtual I/O Device (VIRTIO) 1.2, Packed Virtqueues. */
class PackedRingTest {
    private static final int NEEDS_RESET = 0x40;
    private static final int AVAIL = 1 << 7, USED = 1 << 15;
    private static final long TABLE = 0x40_0000;

    private final Driver driver = new Driver("t", new Filler()).setUp(Driver.PACKED, 1);

    @AfterEach
    void close() {
        driver.close();
    }

    private static Part buffer(int number, int length) {
        return new Part(Driver.DATA + 0x1000L * number, length, Driver.WRITE);
    }

    private Used ask(int id, int length) {
        driver.chain(0, id, buffer(0, length));
        driver.kick(0);
        return driver.take(0);
    }

    @Test
    void aBufferIsGivenBackInItsPlace() {
        assertThat(ask(7, 100)).isEqualTo(new Used(7, 100));
        long at = Driver.descriptors(0);
        assertThat(driver.at(at, 8)).as("the address stays").isEqualTo(Driver.DATA);
        assertThat(driver.at(at + 14, 2)).as("AVAIL and USED as the device's wrap counter; WRITE: something has been written").isEqualTo(AVAIL | USED | Driver.WRITE);
        assertThat(driver.bytes(Driver.DATA, 100)).containsOnly(1);
    }

    /** The identifier is that of the last descriptor; the used one stands in the first place, and the others are skipped. */
    @Test
    void chainsOfManyLengthsGoRoundTheRing() {
        int places = 0;
        for (int i = 0; i < 100; i++) {
            int length = 1 + i * 7 % 5;
            Part[] parts = new Part[length];
            for (int k = 0; k < length; k++) {
                parts[k] = buffer(k, 16);
            }
            driver.chain(0, i % 16, parts);
            driver.kick(0);
            assertThat(driver.take(0)).as("after %d places", places).isEqualTo(new Used(i % 16, 16 * length));
            places += length;
        }
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void manyBuffersAreTakenInOneTurn() {
        for (int i = 0; i < Driver.SIZE; i++) {
            driver.chain(0, 20 + i, buffer(i, 32));
        }
        driver.kick(0);
        for (int i = 0; i < Driver.SIZE; i++) {
            assertThat(driver.take(0)).isEqualTo(new Used(20 + i, 32));
        }
        assertThat(driver.take(0)).isNull();
        assertThat(ask(1, 8)).as("the next round").isEqualTo(new Used(1, 8));
    }

    @Test
    void aRingNeedNotBeAPowerOfTwo() {
        driver.set(0x14, 1, 0);
        driver.set(0x14, 1, 3);
        driver.accept(Driver.PACKED | Driver.VERSION_1);
        driver.set(0x14, 1, 11);
        driver.set(0x18, 2, 12);
        assertThat(driver.get(0x18, 2)).isEqualTo(12);
    }

    @Test
    void anIndirectTableIsOnePlace() {
        driver.setUp(Driver.PACKED | Driver.INDIRECT, 1);
        driver.descriptor(TABLE, 0, Driver.DATA, 16, Driver.WRITE, 0);
        driver.descriptor(TABLE, 1, Driver.DATA + 0x1000, 8, 0, 0);
        driver.put(TABLE + 12, 4, Driver.WRITE << 16);
        driver.put(TABLE + 28, 4, Driver.WRITE << 16);
        driver.chain(0, 3, new Part(TABLE, 32, Driver.IS_INDIRECT));
        driver.kick(0);
        assertThat(driver.take(0)).isEqualTo(new Used(3, 24));
        assertThat(driver.bytes(Driver.DATA + 0x1000, 8)).containsOnly(1);
        assertThat(ask(4, 8)).isEqualTo(new Used(4, 8));
    }

    @Test
    void aDriverMayDoWithoutInterrupts() {
        driver.messages();
        driver.set(0x1A, 2, 1);
        driver.put(Driver.available(0) + 2, 2, 1);
        assertThat(ask(1, 8)).isNotNull();
        assertThat(driver.messages).isEmpty();
        driver.put(Driver.available(0) + 2, 2, 0);
        ask(2, 8);
        assertThat(driver.messages).containsExactly(0x41);
    }

    /** Flags 2: when the place that the offset names has been given back; bit 15 of the offset is its wrap counter. */
    @Test
    void withEventIndicesInterruptsComeWhereTheyAreWanted() {
        driver.setUp(Driver.PACKED | Driver.EVENT_INDEX, 1);
        driver.messages();
        driver.set(0x1A, 2, 1);
        driver.put(Driver.available(0), 4, 2 << 16 | 1 << 15 | 2);
        ask(0, 8);
        ask(1, 8);
        assertThat(driver.messages).isEmpty();
        ask(2, 8);
        assertThat(driver.messages).as("place 2 of the first round").hasSize(1);
        assertThat(driver.at(Driver.used(0), 4)).as("the driver is to notify at place 3 of the first round").isEqualTo(2 << 16 | 1 << 15 | 3);
        driver.put(Driver.available(0), 4, 2 << 16 | 1);
        for (int i = 3; i < 17; i++) {
            ask(i % 16, 8);
        }
        assertThat(driver.messages).as("place 0 of the second round is not the one").hasSize(1);
        ask(1, 8);
        assertThat(driver.messages).as("place 1 of the second round").hasSize(2);
        assertThat(driver.at(Driver.used(0), 4)).as("notify at place 2 of the second round").isEqualTo(2 << 16 | 2);
    }

    @Test
    void chainsThatWaitAreCarriedOver() {
        for (int i = 0; i < 20; i++) {
            ask(i % 16, 8);
        }
        for (int i = 0; i < 10; i++) {
            driver.chain(0, i, buffer(i, 16));
        }
        driver.set(0x3000, 2, 0);
        driver.replace(new Filler());
        driver.pass(100_000);
        for (int i = 0; i < 10; i++) {
            assertThat(driver.take(0)).isEqualTo(new Used(i, 16));
        }
    }

    @Test
    void wrongWrapBitsAreNothingNew() {
        for (int flags : new int[] {0, USED, AVAIL | USED}) {
            driver.descriptor(Driver.descriptors(0), 0, Driver.DATA, 8, 0, flags | Driver.WRITE);
            driver.kick(0);
            assertThat(driver.at(Driver.descriptors(0) + 14, 2)).as("untouched").isEqualTo(flags | Driver.WRITE);
            assertThat(driver.status()).isEqualTo(15);
        }
    }

    @TestFactory
    Stream<DynamicTest> whatNoDriverMayDoNeedsAReset() {
        record Case(String what, long features, Consumer<Driver> act) { }
        return Stream.of(
                new Case("a chain as long as the ring that goes on", 0, d -> {
                    for (int i = 0; i < Driver.SIZE; i++) {
                        d.descriptor(Driver.descriptors(0), i, Driver.DATA, 8, 0, Driver.WRITE | Driver.NEXT | AVAIL);
                    }
                }),
                new Case("a buffer of no bytes", 0, d -> d.chain(0, 0, new Part(Driver.DATA, 0, Driver.WRITE))),
                new Case("readable after writable", 0, d -> d.chain(0, 0, new Part(Driver.DATA, 8, Driver.WRITE), new Part(Driver.DATA, 8, 0))),
                new Case("indirect, not agreed on", 0, d -> d.chain(0, 0, new Part(TABLE, 16, Driver.IS_INDIRECT))),
                new Case("indirect in a chain", Driver.INDIRECT, d -> d.chain(0, 0, new Part(TABLE, 16, Driver.IS_INDIRECT), new Part(Driver.DATA, 8, Driver.WRITE))),
                new Case("indirect in indirect", Driver.INDIRECT, d -> {
                    d.descriptor(TABLE, 0, TABLE, 16, 0, Driver.IS_INDIRECT);
                    d.chain(0, 0, new Part(TABLE, 16, Driver.IS_INDIRECT));
                }),
                new Case("a table of no whole descriptors", Driver.INDIRECT, d -> d.chain(0, 0, new Part(TABLE, 24, Driver.IS_INDIRECT))),
                new Case("an empty table", Driver.INDIRECT, d -> d.chain(0, 0, new Part(TABLE, 0, Driver.IS_INDIRECT))),
                new Case("a table of 4 GiB", Driver.INDIRECT, d -> d.chain(0, 0, new Part(TABLE, -16, Driver.IS_INDIRECT))),
                new Case("a table outside memory", Driver.INDIRECT, d -> d.chain(0, 0, new Part(0x9000_0000L, 32, Driver.IS_INDIRECT))),
                new Case("a buffer for a message-signalled interrupt", 0, d -> d.chain(0, 0, new Part(0xFEE0_0000L, 64, Driver.WRITE))))
                .map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    driver.setUp(Driver.PACKED | each.features(), 1);
                    each.act().accept(driver);
                    driver.kick(0);
                    assertThat(driver.status() & NEEDS_RESET).as("DEVICE_NEEDS_RESET").isEqualTo(NEEDS_RESET);
                    driver.setUp(Driver.PACKED, 1);
                    assertThat(ask(5, 8)).as("after a reset").isEqualTo(new Used(5, 8));
                }));
    }

    @Test
    void aGuestThatWritesNonsenseHarmsNobody() {
        Random random = new Random(1234);
        for (int i = 0; i < 10_000; i++) {
            if (i % 100 == 0) {
                driver.setUp(Driver.PACKED | (random.nextBoolean() ? Driver.INDIRECT | Driver.EVENT_INDEX | 1L << 40 : 0), 1);
            }
            switch (random.nextInt(7)) {
                case 0 -> driver.put(Driver.descriptors(0) + random.nextInt(0x100), 8, random.nextBoolean() ? random.nextLong() : random.nextInt(1 << 23));
                case 1 -> driver.put(Driver.available(0), 4, random.nextInt());
                case 2 -> driver.set(random.nextInt(0x3C) & ~3, 4, random.nextInt());
                case 3 -> driver.set(0x3000, 2, 0);
                case 4 -> driver.put(Driver.descriptors(0) + 14 + 16L * random.nextInt(16), 2, random.nextInt(1 << 16));
                case 5 -> driver.set(random.nextInt(0x4000) & ~3, 4, random.nextInt());
                default -> driver.pass(5000);
            }
        }
        assertThat(driver.machine.status().reports()).noneMatch(report -> report.contains("failed in"));
        driver.setUp(Driver.PACKED, 1);
        assertThat(ask(1, 8)).as("it still works").isEqualTo(new Used(1, 8));
    }
}
