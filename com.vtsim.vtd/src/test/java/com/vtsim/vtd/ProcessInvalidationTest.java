package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.NESTED;
import static com.vtsim.vtd.ScalableRig.PRWU;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What invalidations of scalable mode drop and keep. Source: VT-d specification, PASID-cache Invalidate Descriptor; PASID-based-IOTLB Invalidate Descriptor;
 * IOTLB Invalidate Descriptor.
 */
class ProcessInvalidationTest {
    private static final int DEV = 0x18;
    private static final long OLD = 0x200_0000;
    private static final long NEW = 0x300_0000;
    private static final long VA = 0x4000_0000L;
    private static final int IQER = 0xB0;

    private final ScalableRig r = new ScalableRig();
    private final List<Way> ways = new ArrayList<>();

    /** A translation that is cached: which process, which page, in whose domain, and where the entry is that says where it leads. */
    private record Way(String name, int pasid, long address, long leaf, long flags) { }

    @BeforeEach
    void build() {
        long first1 = r.first(DEV, 1, 10);
        long first2 = r.first(DEV, 2, 10);
        long first3 = r.first(DEV, 3, 11);
        long second4 = r.second(DEV, 4, 10);
        long second5 = r.second(DEV, 5, 11);
        ways.add(new Way("first 1 page 0", 1, VA, r.mapFirst(first1, 4, VA, OLD, PRWU), PRWU));
        ways.add(new Way("first 1 page 1", 1, VA + 0x1000, r.mapFirst(first1, 4, VA + 0x1000, OLD, PRWU), PRWU));
        ways.add(new Way("first 2 page 0", 2, VA, r.mapFirst(first2, 4, VA, OLD, PRWU), PRWU));
        ways.add(new Way("first 3 page 0", 3, VA, r.mapFirst(first3, 4, VA, OLD, PRWU), PRWU));
        ways.add(new Way("second 10 page 0", 4, VA, r.map(second4, VA, OLD, 3), 3));
        ways.add(new Way("second 10 page 1", 4, VA + 0x1000, r.map(second4, VA + 0x1000, OLD, 3), 3));
        ways.add(new Way("second 11 page 0", 5, VA, r.map(second5, VA, OLD, 3), 3));
        ways.add(nested(6, 10, second4));
        ways.add(nested(7, 11, second5));
        for (Way way : ways) {
            assertThat(r.read(DEV, way.pasid(), way.address())).as(way.name()).isEqualTo(OLD);
        }
        for (Way way : ways) {
            r.rig.poke(way.leaf(), NEW | way.flags());
        }
    }

    /** First-stage tables in pages that the domain's second stage maps to themselves; the second stage says where the page leads. */
    private Way nested(int pasid, int domain, long second) {
        long top = r.rig.page();
        r.entry(DEV, pasid, domain, NESTED, second, top, 0);
        r.mapFirst(top, 4, VA, 0x9000, PRWU);
        long end = r.rig.page(); // mapping takes more pages, which only the second stage needs
        for (long page = top; page < end; page += 0x1000) {
            r.map(second, page, page, 3);
        }
        return new Way("nested " + domain, pasid, VA, r.map(second, 0x9000, OLD, 3), 3);
    }

    @AfterEach
    void close() {
        r.close();
    }

    private List<String> dropped() {
        return ways.stream().filter(way -> r.read(DEV, way.pasid(), way.address()) == NEW).map(Way::name).toList();
    }

    @Test
    void withoutInvalidationEverythingStays() {
        assertThat(dropped()).isEmpty();
    }

    private record Case(String what, long low, long high, String... dropped) {
        @Override
        public String toString() {
            return what;
        }
    }

    @TestFactory
    Stream<DynamicTest> eachGranularityDropsWhatItNamesAndKeepsTheRest() {
        String[] all = {"first 1 page 0", "first 1 page 1", "first 2 page 0", "first 3 page 0", "second 10 page 0", "second 10 page 1", "second 11 page 0", "nested 10", "nested 11"};
        return Stream.of(
            new Case("IOTLB global", 2 | 1 << 4, 0, all),
            new Case("IOTLB of a domain", 2 | 2 << 4 | 10 << 16, 0, "first 1 page 0", "first 1 page 1", "first 2 page 0", "second 10 page 0", "second 10 page 1", "nested 10"),
            new Case("IOTLB of a page: second stage there, first stage and nested all", 2 | 3 << 4 | 10 << 16, VA, "first 1 page 0", "first 1 page 1", "first 2 page 0",
                "second 10 page 0", "nested 10"),
            new Case("IOTLB of two pages", 2 | 3 << 4 | 10 << 16, VA | 1, "first 1 page 0", "first 1 page 1", "first 2 page 0", "second 10 page 0", "second 10 page 1", "nested 10"),
            new Case("PASID-based IOTLB of a process, with the domain's second stage", 6 | 2 << 4 | 10 << 16 | 1L << 32, 0, "first 1 page 0", "first 1 page 1",
                "second 10 page 0", "second 10 page 1"),
            new Case("PASID-based IOTLB of a page", 6 | 3 << 4 | 10 << 16 | 1L << 32, VA + 0x1000, "first 1 page 1"),
            new Case("PASID-based IOTLB of two pages", 6 | 3 << 4 | 10 << 16 | 1L << 32, VA | 1, "first 1 page 0", "first 1 page 1"),
            new Case("PASID-based IOTLB of a page, with the hint", 6 | 3 << 4 | 10 << 16 | 1L << 32, VA | 1 << 6, "first 1 page 0"),
            new Case("PASID-based IOTLB of a nested process", 6 | 2 << 4 | 10 << 16 | 6L << 32, 0, "nested 10", "second 10 page 0", "second 10 page 1"),
            new Case("PASID-based IOTLB of another domain", 6 | 2 << 4 | 11 << 16 | 1L << 32, 0, "second 11 page 0"),
            new Case("PASID-based IOTLB of a second-stage process", 6 | 2 << 4 | 10 << 16 | 4L << 32, 0, "second 10 page 0", "second 10 page 1"),
            new Case("PASID cache only", 7 | 3 << 4, 0),
            new Case("context cache only", 1 | 1 << 4, 0)).map(each -> DynamicTest.dynamicTest(each.toString(), () -> {
                ProcessInvalidationTest test = new ProcessInvalidationTest();
                test.build();
                try {
                    test.r.submit(each.low(), each.high());
                    assertThat(test.dropped()).containsExactlyInAnyOrder(each.dropped());
                } finally {
                    test.close();
                }
            }));
    }

    /** PASID table entries point to fresh tables; what is cached of them still leads to the old ones. */
    @ParameterizedTest
    @CsvSource({"0, 10, 0, 3", "0, 11, 0, 1", "1, 10, 1, 1", "1, 10, 3, 0", "1, 11, 3, 1", "3, 0, 0, 4"})
    void thePasidCacheIsInvalidatedByDomainByProcessOrWhole(int granularity, int domain, int pasid, int gone) {
        int[] processes = {1, 2, 3, 4};
        for (int process : processes) {
            r.rig.poke(r.pasidEntry(DEV, process), 0);
        }
        r.submit(7 | granularity << 4 | (long) domain << 16 | (long) pasid << 32, 0);
        int count = 0;
        for (int process : processes) {
            count += r.read(DEV, process, VA) < 0 ? 1 : 0;
        }
        assertThat(count).isEqualTo(gone);
    }

    /** A context entry of scalable mode names no domain: an invalidation of any domain takes it. */
    @ParameterizedTest
    @CsvSource({"1, 0, true", "2, 5, true", "3, 5, true"})
    void contextEntriesGoWithAnyDomain(int granularity, int domain, boolean gone) {
        r.rig.poke(r.contextEntry(DEV), 0);
        assertThat(r.read(DEV, 1, VA)).as("cached").isEqualTo(OLD);
        r.submit(1 | granularity << 4 | (long) domain << 16 | (long) DEV << 32, 0);
        assertThat(r.read(DEV, 1, VA) < 0).isEqualTo(gone);
    }

    // Errors of descriptors

    @ParameterizedTest
    @CsvSource({"6, 0, 4", "26, 40, 0", "46, 0, 4", "36, 80, 4", "36, 3f, 0", "100036, 0, 0", "10000000000026, 0, 4", "27, 0, 4", "7, 1, 4", "47, 0, 4", "407, 0, 3", "208, 0, 3", "8, 400, 4",
        "209, 0, 3", "29, 0, 4", "9, 1, 4", "9, 1000, 4", "a, 0, 3", "0, 0, 3", "201, 0, 3", "200000000003, 2, 4"})
    void aBadDescriptorStopsTheQueueWithItsReason(String low, String high, int error) {
        r.submit(Long.parseUnsignedLong(low, 16), Long.parseUnsignedLong(high, 16));
        assertThat(r.rig.get64(IQER) & 0xF).isEqualTo(error);
        assertThat(r.rig.get(0x34) >> 4 & 1).as("IQE").isEqualTo(error == 0 ? 0 : 1);
    }

    @Test
    void theUpperHalfOfAWideDescriptorIsReservedHere() {
        r.rig.poke(Rig.QUEUE + 16, 1);
        r.rig.poke(Rig.QUEUE, 1 | 1 << 4);
        r.rig.set64(0x88, 32);
        assertThat(r.rig.get64(IQER) & 0xF).isEqualTo(4);
    }

    @Test
    void scalableModeNeedsWideDescriptors() {
        r.rig.disable(Rig.QIE);
        r.rig.set64(0x90, Rig.QUEUE);
        r.rig.set64(0x88, 16);
        r.rig.command(Rig.QIE);
        assertThat(r.rig.get64(IQER) & 0xF).isEqualTo(5);
    }

    @Test
    void aTailBetweenWideDescriptorsIsRefused() {
        r.rig.set64(0x88, 16);
        assertThat(r.rig.get64(IQER) & 0xF).isEqualTo(6);
    }

    @Test
    void descriptorsOfProcessesNeedScalableMode() {
        r.rig.set64(0x20, Rig.ROOT);
        r.rig.command(Rig.SRTP);
        r.submit(7 | 3 << 4, 0);
        assertThat(r.rig.get64(IQER) & 0xF).as("a type that legacy mode does not have").isEqualTo(3);
    }

    /** Source: List of Valid Descriptor Types for Each Mode; Invalidation Queue Error Record Register. */
    @Test
    void aReservedTableModeStopsTheQueue() {
        r.rig.set64(0x20, Rig.ROOT | 2 << 10);
        r.rig.command(Rig.SRTP);
        r.submit(1 | 1 << 4, 0);
        assertThat(r.rig.get64(IQER) & 0xF).isEqualTo(7);
    }

    @Test
    void aUnitWithoutScalableModeHasNoWideDescriptors() {
        try (Rig plain = new Rig("server").queue()) {
            plain.set64(0x90, Rig.QUEUE | 1 << 11);
            plain.submit(1 | 1 << 4, 0);
            assertThat(plain.get64(IQER) & 0xF).isEqualTo(5);
        }
    }

    // Hand-over

    /** Tables that have changed show that the caches came along; the invalidation afterwards, that they are what they were. */
    @Test
    void aUnitThatIsReplacedKeepsItsProcesses() {
        r.rig.set64(0xD0, 0x38_0000);
        RemappingHardware successor = Rig.unit("scalable", 0, false);
        com.vtsim.api.machine.State before = r.rig.unit.save();
        r.rig.machine.remove(r.rig.unit);
        r.rig.machine.add(successor);
        assertThat(successor.save()).usingRecursiveComparison().isEqualTo(before);
        assertThat(r.rig.get64(0xD0)).isEqualTo(0x38_0000);
        var request = new com.vtsim.api.pci.RequestTranslator.Request();
        for (int i = 0; i < 2; i++) {
            for (Way way : ways) {
                request.sourceId = DEV;
                request.pasid = way.pasid();
                request.address = way.address();
                request.length = 4;
                assertThat(successor.translate(request)).as(way.name()).isTrue();
                assertThat(request.hostPhysical).as(way.name()).isEqualTo(i == 0 ? OLD : NEW);
            }
            r.submit(2 | 1 << 4, 0);
        }
    }
}
