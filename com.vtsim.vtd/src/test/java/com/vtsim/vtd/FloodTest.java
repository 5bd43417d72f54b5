package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.DTE;
import static com.vtsim.vtd.ScalableRig.PASIDE;
import static com.vtsim.vtd.ScalableRig.PRE;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import com.vtsim.api.pci.RequestTranslator.Message;
import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.pci.RequestTranslator.Translation;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More than the unit can take, and structures where none can be: it refuses, says so once, and costs the host neither memory nor time. */
class FloodTest {
    private static final int DEV = 0x28;
    private static final int FLOOD = 400_000;
    private static final int WARM = 20_000;
    private static final int FSTS = 0x34;
    private static final int PRSTS = 0xDC;
    private static final long IOVA = 0x7000_0000L;

    private final ScalableRig r = new ScalableRig();
    private long table;

    @BeforeEach
    void build() {
        r.context(DEV, DTE | PASIDE | PRE);
        table = r.second(DEV, 0, 5);
        r.first(DEV, 1, 6);
        r.rig.set(0x3C, 0x55);
        r.rig.set(0x40, 0xFEE0_0000);
        r.rig.set(0x38, 0);
        r.rig.set(0xE4, 0x66);
        r.rig.set(0xE8, 0xFEE0_0000);
        r.rig.set(0xE0, 0);
    }

    @AfterEach
    void close() {
        r.close();
    }

    private interface Attempt {
        void make(int number);
    }

    private static void assertThatAllocatesNothing(Attempt attempt) {
        assertThatAllocates(1, attempt);
    }

    /** A few bytes may be the compiler's; a byte for each attempt may not. @param each bytes that an attempt may take and leave, at most */
    private static void assertThatAllocates(int each, Attempt attempt) {
        for (int i = 0; i < WARM; i++) {
            attempt.make(i);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < FLOOD; i++) {
            attempt.make(i);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("bytes for %d attempts", FLOOD).isLessThan((long) each * FLOOD);
    }

    private void page(PageRequest request, int number) {
        request.sourceId = DEV;
        request.pasid = 1;
        request.address = number * 0x1000L;
        request.read = true;
        request.last = true;
        request.group = number & 0x1FF;
        r.rig.unit.pageRequest(request);
    }

    /** Source: VT-d specification, Page Request Overflow Conditions. One page holds 128 requests, one place of which stays free. */
    @Test
    void aFloodOfPageRequestsFillsTheQueueOnceAndIsOneEvent() {
        r.rig.set64(0xD0, 0x50_0000);
        PageRequest request = new PageRequest();
        assertThatAllocates(128, number -> page(request, number));                                     // what to drop from the caches, for a moment
        assertThat(r.rig.get64(0xC8)).as("tail").isEqualTo(127 * 32);
        assertThat(r.rig.peek(0x50_1000)).as("what follows the queue").isZero();
        assertThat(r.rig.get(PRSTS)).isEqualTo(3);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 66");
        r.rig.set64(0xC0, 127 * 32);
        r.rig.set(PRSTS, 3);
        page(request, 1);
        assertThat(r.rig.get64(0xC8)).as("taken again").isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {Rig.BASE, 0xFEE0_0000L, 0xE000_0000L, 0x10_0000_0000L})
    void aPageRequestQueueThatIsNotInMemoryTakesNothing(long place) {
        r.rig.set64(0xD0, place);
        long before = r.rig.get64(0x20);
        page(new PageRequest(), 1);
        assertThat(r.rig.get(PRSTS)).isEqualTo(2);
        assertThat(r.rig.get64(0xC8)).isZero();
        assertThat(r.rig.get64(0x20)).isEqualTo(before);
    }

    @Test
    void aFloodOfTranslationRequestsKeepsTheCachesTheirSize() {
        for (int i = 0; i < 4096; i++) {
            r.map(table, IOVA + i * 0x1000L, 0x100_0000 + i * 0x1000L, Rig.RW);
        }
        Translation asked = new Translation();
        assertThatAllocatesNothing(number -> {
            asked.sourceId = DEV;
            asked.pasid = -1;
            asked.address = IOVA + (number & 0x1FFF) * 0x1000L;
            r.rig.unit.translation(asked);
        });
        assertThat(r.rig.unit.cached()).hasSizeBetween(1, 3 * 1024);
        assertThat(r.rig.get(FSTS)).as("a page that is not there is an answer, not a fault").isZero();
    }

    /** From anyone, about anything. */
    @Test
    void aFloodOfInvalidationCompletionsIsNoted() {
        assertThatAllocatesNothing(number -> r.rig.unit.invalidated(number & 0xFFFF, number * 0x9E37_79B9, number & 7));
        assertThat(r.rig.get(FSTS) & ~1).as("invalidation completion error, once").isEqualTo(1 << 5);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 55");
    }

    /** Every address that means an interrupt, with the subhandles that matter. Entry 5 is the device's, entry 6 another's. */
    @Test
    void noEncodingOfAnInterruptIsMoreThanTheDevicesOwn() {
        r.rig.interrupts(7, false);
        r.rig.irte(5, 1 | 0x45_0000, 1 << 18 | DEV);
        r.rig.irte(6, 1 | 0x46_0000, 1 << 18 | 0x30);
        Message message = new Message();
        int passed = 0;
        for (int data : new int[] {0, 1, 5, 0xFFFF, 0x1_0005, -1}) {
            for (int low = 0; low < 1 << 20; low++) {
                message.sourceId = DEV;
                message.address = 0xFEE0_0000L | low;
                message.data = data;
                if (r.rig.unit.remap(message)) {
                    passed++;
                    if (message.address != 0xFEE0_0000L || message.data != 0x45) {
                        throw new AssertionError(String.format("%x with %x is %x with %x", 0xFEE0_0000L | low, data, message.address, message.data));
                    }
                }
            }
        }
        assertThat(passed).isPositive();
    }

    /** The descriptor of a posted interrupt is memory too. */
    @ParameterizedTest
    @ValueSource(longs = {Rig.BASE, Rig.BASE + 0x80, 0xFEE0_0000L, 0x10_0000_0000L})
    void anInterruptIsNotPostedIntoRegisters(long place) {
        r.rig.interrupts(7, false);
        r.rig.irte(5, 1 | 1 << 15 | 0x45_0000 | (place & 0xFFFF_FFC0L) << 32, place & 0xFFFF_FFFF_0000_0000L);
        assertThat(r.rig.interrupt(DEV, 0xFEE0_0000L | 5 << 5 | 1 << 4, 0)).isEqualTo("blocked");
        assertThat(r.rig.reason(0)).isEqualTo(0x27);
    }

    /** A wait descriptor whose status goes to the tail register would begin the queue again, and again. */
    @Test
    void aWaitDescriptorDoesNotWorkItsOwnUnit() {
        long root = r.rig.get64(0x20);
        r.submit(5 | 0x20, Rig.BASE + 0x88);
        r.submit(5 | 0x20 | 0x1234L << 32, Rig.BASE + 0x20);
        assertThat(r.rig.get64(0x80)).as("both are done").isEqualTo(r.rig.get64(0x88)).isEqualTo(64);
        assertThat(r.rig.get64(0x20)).isEqualTo(root);
    }

    @ParameterizedTest
    @ValueSource(longs = {Rig.BASE, 0xFEE0_0000L, 0xE000_0000L, 0x10_0000_0000L})
    void tablesThatAreNotInMemoryBlock(long place) {
        r.rig.poke(r.pasidEntry(DEV, 0), place | 2 << 2 | 2 << 6 | 1);
        r.submit(0x11, 0);
        r.submit(0x12, 0);
        assertThat(r.read(DEV, -1, IOVA)).isEqualTo(-1);
        r.rig.poke(r.directoryEntry(DEV, 0), place | 1);
        assertThat(r.read(DEV, -1, IOVA)).isEqualTo(-1);
        r.rig.poke(r.contextEntry(DEV), place | 1);
        r.submit(0x11, 0);
        assertThat(r.read(DEV, -1, IOVA)).isEqualTo(-1);
        r.rig.poke(r.rootEntry(DEV), place | 1);
        r.submit(0x11, 0);
        assertThat(r.read(DEV, -1, IOVA)).isEqualTo(-1);
        assertThat(r.rig.unit.faults()).isNotEmpty();
        assertThat(r.rig.unit.lint()).isNotEmpty();
    }

    /** A table that is its own table, at every level, maps everything to itself: large, yet soon told. */
    @Test
    void aTableThatIsItsOwnIsWalkedAndShown() {
        for (int i = 0; i < 512; i++) {
            r.rig.poke(table + 8 * i, table | Rig.RW);
        }
        assertThat(r.read(DEV, -1, IOVA)).isEqualTo(table);
        assertThat(r.rig.unit.domains().toString()).contains("and more");
        assertThat(r.rig.unit.lint()).isNotEmpty();
        assertThat(r.rig.unit.walk(DEV, -1, IOVA).toString()).contains(Long.toHexString(table));
    }
}
