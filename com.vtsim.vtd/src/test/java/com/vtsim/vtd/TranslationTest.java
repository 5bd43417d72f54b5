package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Legacy mode: tables, rights and the reason of every fault. Source: VT-d specification, Legacy Mode Address Translation, DMA Remapping Fault Reasons. */
class TranslationTest {
    private static final long IOVA = 0x1234_5000L;
    private static final long TARGET = 0x2A0_0000;
    private final List<Rig> rigs = new ArrayList<>();

    private Rig rig(String profile) {
        Rig rig = new Rig(profile);
        rigs.add(rig);
        return rig.enable();
    }

    private Rig rig() {
        return rig("client");
    }

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    @Test
    void requestsPassWhileRemappingIsOff() {
        Rig rig = rig();
        rig.disable(Rig.TE);
        assertThat(rig.read(Rig.DEV, 0x1234_5678L)).isEqualTo(0x1234_5678L);
        assertThat(rig.isRecorded(0)).isFalse();
    }

    @Test
    void aPageIsTranslatedAndTheOffsetKept() {
        Rig rig = rig();
        rig.map(rig.domain(Rig.DEV, 1), IOVA, TARGET, Rig.RW);
        assertThat(rig.read(Rig.DEV, IOVA + 0x678)).isEqualTo(TARGET + 0x678);
        assertThat(rig.write(Rig.DEV, IOVA + 0xFFF)).isEqualTo(TARGET + 0xFFF);
    }

    /** S37: the source-id selects the tables. */
    @Test
    void twoFunctionsOfADeviceAreMappedDifferently() {
        Rig rig = rig();
        rig.map(rig.domain(Rig.DEV, 1), IOVA, TARGET, Rig.RW);
        rig.map(rig.domain(Rig.DEV_F1, 2), IOVA, TARGET + 0x1000, Rig.RW);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(TARGET);
        assertThat(rig.read(Rig.DEV_F1, IOVA)).isEqualTo(TARGET + 0x1000);
    }

    /** S38: root entry by bus, context entry by device and function. */
    @Test
    void theBusSelectsTheRootEntry() {
        Rig rig = rig();
        rig.map(rig.domain(Rig.FAR, 3), IOVA, TARGET, Rig.RW);
        assertThat(rig.read(Rig.FAR, IOVA)).isEqualTo(TARGET);
        assertThat(rig.read(0x0400, IOVA)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x01);
    }

    /** S41: several devices in one domain. */
    @Test
    void devicesOfADomainShareItsTranslations() {
        Rig rig = rig();
        long table = rig.domain(Rig.DEV, 1);
        rig.context(Rig.FAR, 1, table, 3, 0);
        rig.map(table, IOVA, TARGET, Rig.RW);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(TARGET);
        assertThat(rig.read(Rig.FAR, IOVA)).isEqualTo(TARGET);
        assertThat(rig.unit.cached().stream().filter(each -> each.cache().equals("IOTLB"))).hasSize(1);
    }

    @TestFactory
    Stream<DynamicTest> everyDepthAndPageSizeTranslates() {
        record Case(int levels, int leaf, long address) { }
        List<Case> cases = new ArrayList<>();
        for (int levels = 3; levels <= 5; levels++) {
            long top = 1L << 12 + 9 * levels - 2;
            for (int leaf = 1; leaf <= 3; leaf++) {
                cases.add(new Case(levels, leaf, 0x4000_0000L));
                cases.add(new Case(levels, leaf, top));
            }
        }
        return cases.stream().map(each -> DynamicTest.dynamicTest(each.levels() + " levels, leaf at " + each.leaf() + String.format(", address %x", each.address()), () -> {
            Rig rig = rig("server");
            long table = rig.page();
            rig.context(Rig.DEV, 1, table, each.levels(), 0);
            rig.poke(rig.entry(table, each.levels(), each.address(), each.leaf()), 0x8000_0000L | (each.leaf() > 1 ? 0x80 : 0) | Rig.RW);
            long offset = (1L << 12 + 9 * (each.leaf() - 1)) - 4;
            assertThat(rig.read(Rig.DEV, each.address() + offset)).isEqualTo(0x8000_0000L + offset);
            assertThat(rig.read(Rig.DEV, each.address() + 8)).as("from the IOTLB").isEqualTo(0x8000_0008L);
        }));
    }

    @TestFactory
    Stream<DynamicTest> rightsOfAllLevelsAreAnded() {
        List<DynamicTest> tests = new ArrayList<>();
        for (int upper = 1; upper <= 3; upper++) {
            for (int middle = 1; middle <= 3; middle++) {
                for (int leaf = 1; leaf <= 3; leaf++) {
                    int[] rights = {leaf, middle, upper};
                    tests.add(DynamicTest.dynamicTest("rights " + upper + middle + leaf, () -> {
                        Rig rig = rig();
                        long table = rig.domain(Rig.DEV, 1);
                        rig.map(table, IOVA, TARGET, Rig.RW);
                        for (int level = 1; level <= 3; level++) {
                            long at = rig.entry(table, 3, IOVA, level);
                            rig.poke(at, rig.peek(at) & ~3L | rights[level - 1]);
                        }
                        int all = rights[0] & rights[1] & rights[2];
                        for (int time = 0; time < 2; time++) {
                            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo((all & 1) != 0 ? TARGET : -1);
                            assertThat(rig.write(Rig.DEV, IOVA)).isEqualTo((all & 2) != 0 ? TARGET : -1);
                        }
                    }));
                }
            }
        }
        return tests.stream();
    }

    @Test
    void passThroughLeavesTheAddress() {
        Rig rig = rig();
        rig.context(Rig.DEV, 7, 0, 3, 2);
        assertThat(rig.write(Rig.DEV, 0x123_4567L)).isEqualTo(0x123_4567L);
    }

    private record Fault(String name, int reason, boolean write, boolean silenced, Consumer<Rig> upset) { }

    private static long leaf(Rig rig) {
        return rig.entry(rig.peek(rig.contextEntry(Rig.DEV)) & ~0xFFFL, 3, IOVA, 1);
    }

    private static void or(Rig rig, long at, long bits) {
        rig.poke(at, rig.peek(at) | bits);
    }

    private static long entry(Rig rig, int level) {
        return rig.entry(rig.peek(rig.contextEntry(Rig.DEV)) & ~0xFFFL, 3, IOVA, level);
    }

    private static List<Fault> faults() {
        List<Fault> all = new ArrayList<>(List.of(
                new Fault("root entry not present", 0x01, false, false, rig -> rig.poke(rig.rootEntry(Rig.DEV), rig.peek(rig.rootEntry(Rig.DEV)) & ~1L)),
                new Fault("context entry not present", 0x02, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV), rig.peek(rig.contextEntry(Rig.DEV)) & ~1L)),
                new Fault("reserved translation type", 0x03, false, true, rig -> or(rig, rig.contextEntry(Rig.DEV), 0xC)),
                new Fault("translation type of device-TLBs without them", 0x03, false, true, rig -> or(rig, rig.contextEntry(Rig.DEV), 0x4)),
                new Fault("width of 30 bits", 0x03, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV) + 8, 0x100)),
                new Fault("width of 57 bits, not supported", 0x03, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV) + 8, 0x103)),
                new Fault("width 4", 0x03, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV) + 8, 0x104)),
                new Fault("width 7", 0x03, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV) + 8, 0x107)),
                new Fault("write to a read-only page", 0x05, true, true, rig -> rig.poke(leaf(rig), TARGET | Rig.R)),
                new Fault("write to a page not present", 0x05, true, true, rig -> rig.poke(leaf(rig), TARGET)),
                new Fault("read of a write-only page", 0x06, false, true, rig -> rig.poke(leaf(rig), TARGET | Rig.W)),
                new Fault("read of a page not present", 0x06, false, true, rig -> rig.poke(leaf(rig), 0)),
                new Fault("page directory not present", 0x06, false, true, rig -> rig.poke(entry(rig, 2), 0)),
                new Fault("top entry not present", 0x06, false, true, rig -> rig.poke(entry(rig, 3), 0)),
                new Fault("top table not in memory", 0x03, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV), 0x10_0000_0000L | 1)),
                new Fault("page table not in memory", 0x07, false, true, rig -> rig.poke(entry(rig, 2), 0x10_0000_0000L | 3)),
                new Fault("root table not in memory", 0x08, false, false, rig -> {
                    rig.set64(0x20, 0x10_0000_0000L);
                    rig.command(Rig.SRTP);
                }),
                new Fault("context table not in memory", 0x09, false, false, rig -> rig.poke(rig.rootEntry(Rig.DEV), 0x10_0000_0001L)),
                new Fault("high half of the root entry", 0x0A, false, false, rig -> rig.poke(rig.rootEntry(Rig.DEV) + 8, 1)),
                new Fault("domain id beyond ND", 0x0B, false, true, rig -> rig.poke(rig.contextEntry(Rig.DEV) + 8, 0x10_0001)),
                new Fault("2 MiB page with low address bits", 0x0C, false, true, rig -> rig.poke(entry(rig, 2), 0x20_1000 | 0x83)),
                new Fault("1 GiB page with low address bits", 0x0C, false, true, rig -> rig.poke(entry(rig, 3), 0x20_0000 | 0x83)),
                new Fault("bit 62 of a leaf without device-TLBs", 0x0C, false, true, rig -> or(rig, leaf(rig), 1L << 62)),
                new Fault("bit 62 of a table entry", 0x0C, false, true, rig -> or(rig, entry(rig, 2), 1L << 62)),
                new Fault("bit 11 of a table entry", 0x0C, false, true, rig -> or(rig, entry(rig, 2), 1L << 11)),
                new Fault("translation to FEE0_0000h", 0x0E, true, true, rig -> rig.poke(leaf(rig), 0xFEE0_0000L | 3)),
                new Fault("translation to FEEF_F000h", 0x0E, false, true, rig -> rig.poke(leaf(rig), 0xFEEF_F000L | 3))));
        for (int bit = 1; bit < 12; bit++) {
            long mask = 1L << bit;
            all.add(new Fault("bit " + bit + " of the root entry", 0x0A, false, false, rig -> or(rig, rig.rootEntry(Rig.DEV), mask)));
        }
        for (int bit = 4; bit < 12; bit++) {
            long mask = 1L << bit;
            all.add(new Fault("bit " + bit + " of the context entry", 0x0B, false, true, rig -> or(rig, rig.contextEntry(Rig.DEV), mask)));
        }
        for (int bit : new int[] {7, 24, 31, 32, 63}) {
            long mask = 1L << bit;
            all.add(new Fault("bit " + (64 + bit) + " of the context entry", 0x0B, false, true, rig -> or(rig, rig.contextEntry(Rig.DEV) + 8, mask)));
        }
        for (int bit : new int[] {39, 45, 51}) {
            long mask = 1L << bit;
            all.add(new Fault("host address bit " + bit + " of the root entry", 0x0A, false, false, rig -> or(rig, rig.rootEntry(Rig.DEV), mask)));
            all.add(new Fault("host address bit " + bit + " of the context entry", 0x0B, false, true, rig -> or(rig, rig.contextEntry(Rig.DEV), mask)));
            for (int level = 1; level <= 3; level++) {
                int where = level;
                all.add(new Fault("host address bit " + bit + " of a level " + level + " entry", 0x0C, false, true, rig -> or(rig, entry(rig, where), mask)));
            }
        }
        return all;
    }

    private static Rig ready(Rig rig) {
        rig.map(rig.domain(Rig.DEV, 1), IOVA, TARGET, Rig.RW);
        return rig;
    }

    @TestFactory
    Stream<DynamicTest> everyMistakeHasItsReason() {
        return faults().stream().map(each -> DynamicTest.dynamicTest(String.format("%02xh: %s", each.reason(), each.name()), () -> {
            Rig rig = ready(rig());
            each.upset().accept(rig);
            assertThat(rig.dma(Rig.DEV, IOVA + 0x123, each.write())).isEqualTo(-1);
            assertThat(rig.isRecorded(0)).isTrue();
            assertThat(rig.reason(0)).isEqualTo(each.reason());
            assertThat(rig.recordLow(0)).as("fault information").isEqualTo(IOVA);
            assertThat(rig.recordHigh(0) & 0xFFFF).as("source-id").isEqualTo(Rig.DEV);
            assertThat(rig.recordHigh(0) >> 62 & 1).as("type").isEqualTo(each.write() ? 0 : 1);
            assertThat(rig.get(0x34)).as("FSTS").isEqualTo(2);
        }));
    }

    /** Source: Context Entry, fault processing disable; qualified fault conditions. */
    @TestFactory
    Stream<DynamicTest> faultProcessingDisableSilencesQualifiedFaultsOnly() {
        return faults().stream().map(each -> DynamicTest.dynamicTest("FPD: " + each.name(), () -> {
            Rig rig = ready(rig());
            or(rig, rig.contextEntry(Rig.DEV), 2);
            each.upset().accept(rig);
            if (each.name().startsWith("top table not")) {
                or(rig, rig.contextEntry(Rig.DEV), 2);
            }
            assertThat(rig.dma(Rig.DEV, IOVA, each.write())).isEqualTo(-1);
            assertThat(rig.isRecorded(0)).isEqualTo(!each.silenced());
        }));
    }

    /** Source: Capability Register, MGAW; Context Entry, AW. */
    @Test
    void anAddressAboveTheWidthOfTheContextFaults() {
        Rig rig = ready(rig());
        assertThat(rig.read(Rig.DEV, 1L << 39)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x04);
    }

    @Test
    void theGuestAddressWidthLimitsADeeperTable() {
        Rig rig = rig();
        long table = rig.page();
        rig.context(Rig.DEV, 1, table, 4, 0);
        rig.poke(rig.entry(table, 4, 1L << 38, 1), TARGET | 3);
        assertThat(rig.read(Rig.DEV, 1L << 38)).isEqualTo(TARGET);
        assertThat(rig.read(Rig.DEV, 1L << 39)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x04);
    }

    @Test
    void passThroughEndsAtTheHostAddressWidth() {
        Rig rig = rig();
        rig.context(Rig.DEV, 7, 0, 3, 2);
        assertThat(rig.read(Rig.DEV, 1L << 39)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x04);
    }

    @Test
    void passThroughNeedsTheCapability() {
        Rig rig = rig("gm45");
        rig.context(Rig.DEV, 7, 0, 3, 2);
        assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x03);
    }

    @TestFactory
    Stream<DynamicTest> ignoredBitsOfALeafAreIgnored() {
        return Stream.of(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 52, 55, 61, 63).map(bit -> DynamicTest.dynamicTest("bit " + bit, () -> {
            Rig rig = ready(rig());
            or(rig, leaf(rig), 1L << bit);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(TARGET);
        }));
    }

    @Test
    void theSnoopBitIsReservedWithoutSnoopControl() {
        Rig rig = ready(rig("gm45"));
        or(rig, leaf(rig), 1L << 11);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
        assertThat(rig.reason(0)).isEqualTo(0x0C);
    }

    @TestFactory
    Stream<DynamicTest> largePagesAreReservedWithoutTheCapability() {
        return Stream.of(2, 3).map(level -> DynamicTest.dynamicTest("level " + level, () -> {
            Rig rig = ready(rig("gm45"));
            rig.poke(entry(rig, level), 0x83);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
            assertThat(rig.reason(0)).isEqualTo(0x0C);
        }));
    }

    @TestFactory
    Stream<DynamicTest> pageSizeIsReservedAboveOneGigabyte() {
        return Stream.of(4, 5).map(level -> DynamicTest.dynamicTest("level " + level, () -> {
            Rig rig = rig("server");
            long table = rig.page();
            rig.context(Rig.DEV, 1, table, 5, 0);
            rig.poke(rig.entry(table, 5, IOVA, 1), TARGET | 3);
            or(rig, rig.entry(table, 5, IOVA, level), 0x80);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
            assertThat(rig.reason(0)).isEqualTo(0x0C);
        }));
    }

    /** Source: Handling Requests to Interrupt Address Range. */
    @Test
    void theInterruptRangeIsNotTranslated() {
        Rig rig = rig();
        rig.map(rig.domain(Rig.DEV, 1), 0xFEE0_0000L, TARGET, Rig.RW);
        assertThat(rig.read(Rig.DEV, 0xFEE0_0000L)).isEqualTo(-1);
        assertThat(rig.write(Rig.DEV, 0xFEE0_1000L)).isEqualTo(-1);
        assertThat(rig.unit.cached().stream().filter(each -> each.cache().equals("IOTLB"))).isEmpty();
    }

    @Test
    void aFaultCachesNothingThatIsNotPresent() {
        Rig rig = rig();
        long table = rig.domain(Rig.DEV, 1);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
        rig.map(table, IOVA, TARGET, Rig.RW);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(TARGET);
    }

    @Test
    void aContextEntryNotPresentIsNotCached() {
        Rig rig = rig();
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
        rig.contextEntry(Rig.DEV);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
        ready(rig);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(TARGET);
    }

    /** CAP.ZLR. Source: Handling of Zero-Length Reads. */
    @Test
    void aReadOfNoBytesNeedsAnyRight() {
        try (Rig rig = new Rig()) {
            rig.enable();
            long table = rig.domain(Rig.DEV, 1);
            rig.map(table, 0x1000, TARGET, Rig.W);
            for (int again = 0; again < 2; again++) {
                var flush = new com.vtsim.api.pci.RequestTranslator.Request();
                flush.sourceId = Rig.DEV;
                flush.address = 0x1000;
                assertThat(rig.unit.translate(flush)).isTrue();
                flush.address = 0x5000;
                assertThat(rig.unit.translate(flush)).as("nothing there").isFalse();
                assertThat(rig.read(Rig.DEV, 0x1000)).as("a read of bytes").isEqualTo(-1);
            }
        }
    }
}
