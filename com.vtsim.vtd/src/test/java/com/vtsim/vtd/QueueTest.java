package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: VT-d specification, Queued Invalidation Interface, Queued Invalidation Ordering Considerations, Invalidation Queue Error Record Register. */
class QueueTest {
    private static final long STATUS = 0x28_0000;
    private final List<Rig> rigs = new ArrayList<>();

    private Rig rig() {
        Rig rig = new Rig("client");
        rigs.add(rig);
        return rig.queue();
    }

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    private static long await(int flags, int data) {
        return 5 | flags | (long) data << 32;
    }

    @Test
    void aWaitDescriptorWritesItsStatus() {
        Rig rig = rig();
        rig.poke(STATUS, -1);
        rig.submit(await(0x20, 0x1234_5678), STATUS);
        assertThat(rig.peek(STATUS)).isEqualTo(0xFFFF_FFFF_1234_5678L);
        assertThat(rig.get(0x9C)).isZero();
    }

    @Test
    void aWaitDescriptorInterrupts() {
        Rig rig = rig();
        rig.set(0xA4, 0x61);
        rig.set(0xA8, 0xFEE0_1000);
        rig.set(0xA0, 0);
        rig.submit(await(0x10, 0), 0);
        assertThat(rig.get(0x9C)).isEqualTo(1);
        assertThat(rig.messages.heard).containsExactly("fee01000 61");
    }

    /** The unit writes to nowhere else: not over its own registers, and not into memory. */
    @Test
    void anEventWhoseAddressIsNoInterruptsSendsNothing() {
        Rig rig = rig();
        rig.set(0xA8, 0x1000);
        rig.set(0xA0, 0);
        rig.submit(await(0x10, 0), 0);
        assertThat(rig.get(0x9C)).isEqualTo(1);
        assertThat(rig.messages.heard).isEmpty();
    }

    @Test
    void aCompletionThatIsStillNotedInterruptsNoMore() {
        Rig rig = rig();
        rig.set(0xA8, 0xFEE0_1000);
        rig.set(0xA0, 0);
        rig.submit(await(0x10, 0), 0);
        rig.submit(await(0x10, 0), 0);
        assertThat(rig.messages.heard).hasSize(1);
        rig.set(0x9C, 1);
        assertThat(rig.get(0x9C)).isZero();
        rig.submit(await(0x10, 0), 0);
        assertThat(rig.messages.heard).hasSize(2);
    }

    @Test
    void aMaskedCompletionPendsUntilUnmasked() {
        Rig rig = rig();
        rig.set(0xA8, 0xFEE0_1000);
        rig.submit(await(0x10, 0), 0);
        assertThat(rig.messages.heard).isEmpty();
        assertThat(rig.get(0xA0)).isEqualTo(0xC000_0000);
        rig.set(0xA0, 0);
        assertThat(rig.messages.heard).hasSize(1);
        assertThat(rig.get(0xA0)).isZero();
    }

    @Test
    void aCompletionThatSoftwareSawPendsNoMore() {
        Rig rig = rig();
        rig.submit(await(0x10, 0), 0);
        rig.set(0x9C, 1);
        assertThat(rig.get(0xA0)).isEqualTo(0x8000_0000);
        rig.set(0xA0, 0);
        assertThat(rig.messages.heard).isEmpty();
    }

    @Test
    void theQueueWrapsAround() {
        Rig rig = rig();
        for (int i = 0; i < 600; i++) {
            rig.submit(await(0x20, i), STATUS);
            assertThat(rig.peek(STATUS) & 0xFFFF_FFFFL).isEqualTo(i);
        }
        assertThat(rig.get64(0x80)).isEqualTo(600 % 256 * 16);
    }

    @Test
    void aLongerQueueIsUsedToItsEnd() {
        Rig rig = rig();
        rig.disable(Rig.QIE);
        rig.set64(0x90, Rig.QUEUE | 1);
        for (int i = 0; i < 512; i++) {
            rig.poke(Rig.QUEUE + 16 * i, await(0x20, i));
            rig.poke(Rig.QUEUE + 16 * i + 8, STATUS);
        }
        rig.set64(0x88, 0);
        rig.command(Rig.QIE);
        rig.set64(0x88, 511 * 16);
        assertThat(rig.peek(STATUS)).isEqualTo(510);
        rig.set64(0x88, 0);
        assertThat(rig.peek(STATUS)).isEqualTo(511);
    }

    @Test
    void nothingRunsWhileTheQueueIsOff() {
        Rig rig = rig();
        rig.disable(Rig.QIE);
        rig.submit(await(0x20, 7), STATUS);
        assertThat(rig.peek(STATUS)).isZero();
    }

    @Test
    void disablingTheQueueResetsItsHead() {
        Rig rig = rig();
        rig.submit(await(0, 0), 0);
        assertThat(rig.get64(0x80)).isEqualTo(16);
        rig.disable(Rig.QIE);
        assertThat(rig.get64(0x80)).isZero();
    }

    private record Bad(String name, int error, long low, long high) { }

    @TestFactory
    Stream<DynamicTest> everyBadDescriptorStopsTheQueue() {
        List<Bad> cases = new ArrayList<>(List.of(
                new Bad("context, granularity 0", 4, 1, 0),
                new Bad("context, reserved bit 6", 4, 1 | 0x10 | 0x40, 0),
                new Bad("context, reserved bit 63", 4, 1 | 0x10 | 1L << 63, 0),
                new Bad("context, high half", 4, 1 | 0x10, 1),
                new Bad("IOTLB, granularity 0", 4, 2, 0),
                new Bad("IOTLB, reserved bit 8", 4, 2 | 0x10 | 0x100, 0),
                new Bad("IOTLB, reserved bit 32", 4, 2 | 0x10 | 1L << 32, 0),
                new Bad("IOTLB, reserved address bit 7", 4, 2 | 0x30, 0x80),
                new Bad("IOTLB, address mask above MAMV", 4, 2 | 0x30, 19),
                new Bad("interrupt entry, reserved bit 5", 4, 4 | 0x20, 0),
                new Bad("interrupt entry, reserved bit 48", 4, 4 | 1L << 48, 0),
                new Bad("interrupt entry, index mask above MHMV", 4, 4 | 0x10 | 16L << 27, 0),
                new Bad("wait, reserved bit 8", 4, 5 | 0x100, 0),
                new Bad("wait, unaligned status", 4, 5 | 0x20, STATUS + 1)));
        for (int type : new int[] {0, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}) {
            cases.add(new Bad("type " + type + " is not supported", 3, type | 0x10, 0));
        }
        return cases.stream().map(each -> DynamicTest.dynamicTest(each.name(), () -> {
            Rig rig = rig();
            rig.submit(await(0x20, 1), STATUS);
            rig.set(0x38, 0);
            rig.set(0x3C, 0x55);
            rig.set(0x40, 0xFEE0_0000);
            rig.submit(each.low(), each.high());
            rig.submit(await(0x20, 2), STATUS);
            assertThat(rig.get(0x34)).as("IQE").isEqualTo(0x10);
            assertThat(rig.get64(0xB0) & 0xF).as("IQER").isEqualTo(each.error());
            assertThat(rig.get64(0x80)).as("head stays at it").isEqualTo(16);
            assertThat(rig.peek(STATUS)).as("nothing behind it is done").isEqualTo(1);
            assertThat(rig.messages.heard).containsExactly("fee00000 55");
            rig.poke(Rig.QUEUE + 16, await(0, 0));
            rig.poke(Rig.QUEUE + 24, 0);
            rig.set(0x34, 0x10);
            assertThat(rig.peek(STATUS)).as("goes on once mended").isEqualTo(2);
        }));
    }

    @Test
    void aTailBeyondTheQueueIsAnError() {
        Rig rig = rig();
        rig.set64(0x88, 0x1000);
        assertThat(rig.get(0x34)).isEqualTo(0x10);
        assertThat(rig.get64(0xB0) & 0xF).isEqualTo(1);
    }

    @Test
    void aQueueThatIsNotInMemoryIsAnError() {
        Rig rig = rig();
        rig.disable(Rig.QIE);
        rig.set64(0x90, 0x10_0000_0000L);
        rig.command(Rig.QIE);
        rig.set64(0x88, 16);
        assertThat(rig.get64(0xB0) & 0xF).isEqualTo(2);
    }

    /** Source: Interrupt Entry Cache Invalidate Descriptor. */
    @TestFactory
    Stream<DynamicTest> interruptEntriesAreDroppedByIndexAndMask() {
        record Case(String name, boolean selective, int index, int mask, int gone) { }
        return Stream.of(new Case("global", false, 0, 0, 0xFF), new Case("one", true, 3, 0, 8), new Case("two", true, 2, 1, 0xC),
                new Case("four", true, 5, 2, 0xF0), new Case("eight", true, 0, 3, 0xFF), new Case("another", true, 100, 0, 0))
                .map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    Rig rig = rig().interrupts(7, false);
                    for (int i = 0; i < 8; i++) {
                        rig.irte(i, 0x0000_0100_0040_0001L, 0);
                        rig.interrupt(Rig.DEV, 0xFEE0_0010L | i << 5, 0);
                        rig.irte(i, 0x0000_0100_0080_0001L, 0);
                    }
                    rig.submit(4 | (each.selective() ? 0x10 : 0) | (long) each.mask() << 27 | (long) each.index() << 32, 0);
                    int gone = 0;
                    for (int i = 0; i < 8; i++) {
                        gone |= rig.interrupt(Rig.DEV, 0xFEE0_0010L | i << 5, 0).endsWith("80") ? 1 << i : 0;
                    }
                    assertThat(gone).isEqualTo(each.gone());
                }));
    }
}
