package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every granularity, through registers and through the queue: what it drops and what it keeps.
 * Source: VT-d specification, Register-based Invalidation Interface, Queued Invalidation Interface, Caching Translation Information.
 */
class InvalidationTest {
    private static final long IOVA = 0x4000_0000L;
    private static final long OLD = 0x200_0000;
    private static final long NEW = 0x300_0000;
    private static final int PAGES = 16;
    private final List<Rig> rigs = new ArrayList<>();
    private Rig rig;
    private long one;
    private long two;

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    /** Two domains of sixteen pages, all used once, then every page mapped elsewhere without invalidation. */
    private void stale(String profile) {
        rig = new Rig(profile);
        rigs.add(rig);
        rig.enable();
        one = rig.domain(Rig.DEV, 1);
        rig.context(Rig.DEV_F1, 1, one, 3, 0);
        two = rig.domain(Rig.FAR, 2);
        for (int i = 0; i < PAGES; i++) {
            rig.map(one, page(i), OLD + i * 0x1000L, Rig.RW);
            rig.map(two, page(i), OLD + i * 0x1000L, Rig.RW);
            rig.read(Rig.DEV, page(i));
            rig.read(Rig.DEV_F1, page(i));
            rig.read(Rig.FAR, page(i));
            rig.map(one, page(i), NEW + i * 0x1000L, Rig.RW);
            rig.map(two, page(i), NEW + i * 0x1000L, Rig.RW);
        }
    }

    private static long page(int i) {
        return IOVA + i * 0x1000L;
    }

    /** @return the pages of a requester that reach the new place, as bits */
    private int fresh(int sid) {
        int bits = 0;
        for (int i = 0; i < PAGES; i++) {
            long where = rig.read(sid, page(i));
            assertThat(where).isIn(OLD + i * 0x1000L, NEW + i * 0x1000L);
            bits |= where >= NEW ? 1 << i : 0;
        }
        return bits;
    }

    /** IVT, granularity 61:60, domain 47:32. */
    private long iotlb(int granularity, int domain, long address, int mask, boolean hint) {
        rig.set64(0x500, address | (hint ? 0x40 : 0) | mask);
        rig.set64(0x508, 1L << 63 | (long) granularity << 60 | (long) domain << 32);
        return rig.get64(0x508);
    }

    /** ICC, granularity 62:61, function mask 33:32, source 31:16, domain 15:0. */
    private long context(int granularity, int domain, int sid, int mask) {
        rig.set64(0x28, 1L << 63 | (long) granularity << 61 | (long) mask << 32 | (long) sid << 16 | domain);
        return rig.get64(0x28);
    }

    @Test
    void withoutInvalidationTheOldTranslationStays() {
        stale("client");
        assertThat(fresh(Rig.DEV)).isZero();
        assertThat(fresh(Rig.FAR)).isZero();
    }

    private record Way(String name, boolean queued) {
        void iotlb(InvalidationTest test, int granularity, int domain, long address, int mask, boolean hint) {
            if (queued) {
                test.rig.queue();
                test.rig.submit(2 | granularity << 4 | (long) domain << 16, address | (hint ? 0x40 : 0) | mask);
                assertThat(test.rig.get64(0x80)).as("head").isEqualTo(16);
            } else {
                assertThat(test.iotlb(granularity, domain, address, mask, hint) >>> 57).as("IVT clear, granularity done").isEqualTo(granularity << 3 | granularity);
            }
        }

        void context(InvalidationTest test, int granularity, int domain, int sid, int mask) {
            if (queued) {
                test.rig.queue();
                test.rig.submit(1 | granularity << 4 | (long) domain << 16 | (long) sid << 32 | (long) mask << 48, 0);
                assertThat(test.rig.get64(0x80)).as("head").isEqualTo(16);
            } else {
                assertThat(test.context(granularity, domain, sid, mask) >>> 59).as("ICC clear, granularity done").isEqualTo(granularity << 2 | granularity);
            }
        }
    }

    private static Stream<Way> ways() {
        return Stream.of(new Way("register", false), new Way("queue", true));
    }

    @TestFactory
    Stream<DynamicTest> globalDropsAll() {
        return ways().map(way -> DynamicTest.dynamicTest(way.name(), () -> {
            stale("client");
            way.iotlb(this, 1, 0, 0, 0, false);
            assertThat(fresh(Rig.DEV)).isEqualTo(0xFFFF);
            assertThat(fresh(Rig.FAR)).isEqualTo(0xFFFF);
        }));
    }

    /** S40: the domain tags the caches. */
    @TestFactory
    Stream<DynamicTest> domainSelectiveDropsTheDomainOnly() {
        return ways().map(way -> DynamicTest.dynamicTest(way.name(), () -> {
            stale("client");
            way.iotlb(this, 2, 2, 0, 0, false);
            assertThat(fresh(Rig.DEV)).isZero();
            assertThat(fresh(Rig.FAR)).isEqualTo(0xFFFF);
        }));
    }

    @TestFactory
    Stream<DynamicTest> pageSelectiveDropsTheRangeOfTheDomainOnly() {
        List<DynamicTest> tests = new ArrayList<>();
        ways().forEach(way -> {
            for (int mask = 0; mask <= 4; mask++) {
                for (int at : new int[] {0, 5, 12, 15}) {
                    int pages = mask;
                    tests.add(DynamicTest.dynamicTest(way.name() + ": page " + at + ", mask " + mask, () -> {
                        stale("client");
                        way.iotlb(this, 3, 1, page(at), pages, false);
                        int first = at >> pages << pages;
                        assertThat(fresh(Rig.DEV)).isEqualTo(((1 << (1 << pages)) - 1) << first);
                        assertThat(fresh(Rig.FAR)).as("the other domain").isZero();
                    }));
                }
            }
        });
        return tests.stream();
    }

    @TestFactory
    Stream<DynamicTest> pageSelectiveDropsALargePageThatItTouches() {
        return ways().map(way -> DynamicTest.dynamicTest(way.name(), () -> {
            rig = new Rig("client");
            rigs.add(rig);
            rig.enable();
            one = rig.domain(Rig.DEV, 1);
            long at = rig.entry(one, 3, IOVA, 2);
            rig.poke(at, 0x20_0000 | 0x83);
            rig.read(Rig.DEV, IOVA);
            rig.poke(at, 0x40_0000 | 0x83);
            way.iotlb(this, 3, 1, IOVA - 0x1000, 0, false);
            assertThat(rig.read(Rig.DEV, IOVA)).as("the page before it").isEqualTo(0x20_0000);
            way.iotlb(this, 3, 1, IOVA + 0x12_3000, 0, false);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(0x40_0000);
        }));
    }

    /** Source: Invalidation Hint: with it paging-structure entries may stay, and here do. */
    @TestFactory
    Stream<DynamicTest> theHintKeepsPagingStructureEntries() {
        List<DynamicTest> tests = new ArrayList<>();
        ways().forEach(way -> Stream.of(true, false).forEach(hint -> tests.add(DynamicTest.dynamicTest(way.name() + ", hint " + hint, () -> {
            stale("client");
            long table = rig.page();
            rig.poke(table, 0x2F0_0000 | 3);
            rig.poke(rig.entry(one, 3, IOVA, 2), table | 3);
            way.iotlb(this, 3, 1, IOVA, 0, hint);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(hint ? NEW : 0x2F0_0000);
        }))));
        return tests.stream();
    }

    @Test
    void theContextCacheKeepsThePointerToTheTables() {
        stale("client");
        long other = rig.page();
        rig.context(Rig.DEV, 3, other, 3, 0);
        assertThat(fresh(Rig.DEV)).as("domain 1 from the IOTLB").isZero();
    }

    private record ContextCase(String name, int granularity, int domain, int sid, int mask, boolean dev, boolean f1, boolean far) { }

    /** Each requester's context entry now names domain 9; who sees it has lost the cached one. */
    @TestFactory
    Stream<DynamicTest> contextInvalidationDropsWhatItNames() {
        List<ContextCase> cases = List.of(
                new ContextCase("global", 1, 0, 0, 0, true, true, true),
                new ContextCase("domain 1", 2, 1, 0, 0, true, true, false),
                new ContextCase("domain 2", 2, 2, 0, 0, false, false, true),
                new ContextCase("domain 9 has nobody cached", 2, 9, 0, 0, false, false, false),
                new ContextCase("one function", 3, 1, Rig.DEV, 0, true, false, false),
                new ContextCase("function mask 1 ignores bit 2", 3, 1, Rig.DEV | 4, 1, true, false, false),
                new ContextCase("function mask 2 ignores bits 2:1", 3, 1, Rig.DEV_F1 | 6, 2, false, true, false),
                new ContextCase("function mask 3 ignores the function", 3, 1, Rig.DEV | 7, 3, true, true, false),
                new ContextCase("the device of another domain", 3, 2, Rig.DEV, 3, false, false, false),
                new ContextCase("another bus", 3, 2, Rig.FAR, 0, false, false, true));
        return ways().flatMap(way -> cases.stream().map(each -> DynamicTest.dynamicTest(way.name() + ": " + each.name(), () -> {
            stale("client");
            long table = rig.page();
            rig.map(table, IOVA, 0x2C0_0000, Rig.RW);
            for (int sid : new int[] {Rig.DEV, Rig.DEV_F1, Rig.FAR}) {
                rig.context(sid, 9, table, 3, 0);
            }
            way.context(this, each.granularity(), each.domain(), each.sid(), each.mask());
            assertThat(rig.read(Rig.DEV, IOVA)).as("00:03.0").isEqualTo(each.dev() ? 0x2C0_0000 : OLD);
            assertThat(rig.read(Rig.DEV_F1, IOVA)).as("00:03.1").isEqualTo(each.f1() ? 0x2C0_0000 : OLD);
            assertThat(rig.read(Rig.FAR, IOVA)).as("05:00.0").isEqualTo(each.far() ? 0x2C0_0000 : OLD);
        })));
    }

    @Test
    void reservedGranularitiesDoNothingAndSaySo() {
        stale("client");
        assertThat(iotlb(0, 1, 0, 0, false) >>> 57).isZero();
        assertThat(context(0, 1, 0, 0) >>> 59).isZero();
        assertThat(fresh(Rig.DEV)).isZero();
    }

    /** Source: IOTLB Invalidate Register, IAIG 0. */
    @Test
    void anAddressMaskAboveMamvIsRefused() {
        stale("client");
        assertThat(iotlb(3, 1, IOVA, 19, false) >>> 57).isEqualTo(3 << 3);
        assertThat(fresh(Rig.DEV)).isZero();
    }

    @Test
    void implicitInvalidationOnASetRootTablePointerIsACapability() {
        for (String profile : new String[] {"client", "server"}) {
            stale(profile);
            rig.command(Rig.SRTP);
            assertThat(fresh(Rig.DEV)).as(profile).isEqualTo(profile.equals("server") ? 0xFFFF : 0);
        }
    }

    /** Source: Caching Mode. */
    @Test
    void cachingModeKeepsWhatIsNotPresent() {
        rig = new Rig(Rig.unit("client", 0, true));
        rigs.add(rig);
        rig.enable();
        one = rig.domain(Rig.DEV, 1);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
        rig.map(one, IOVA, NEW, Rig.RW);
        assertThat(rig.read(Rig.DEV, IOVA)).as("before invalidation").isEqualTo(-1);
        iotlb(3, 1, IOVA, 0, false);
        assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(NEW);
        rig.contextEntry(Rig.FAR);
        assertThat(rig.read(Rig.FAR, IOVA)).isEqualTo(-1);
        rig.context(Rig.FAR, 5, one, 3, 0);
        assertThat(rig.read(Rig.FAR, IOVA)).as("not-present context, cached under domain 0").isEqualTo(-1);
        context(2, 5, 0, 0);
        assertThat(rig.read(Rig.FAR, IOVA)).isEqualTo(-1);
        context(2, 0, 0, 0);
        assertThat(rig.read(Rig.FAR, IOVA)).isEqualTo(NEW);
    }

    @TestFactory
    Stream<DynamicTest> cachingModeKeepsTheAbsenceOfThePageAskedForOnly() {
        return Stream.of(3, 4, 5).map(levels -> DynamicTest.dynamicTest(levels + " levels, top entry not present", () -> {
            rig = new Rig(Rig.unit("server", 0, true));
            rigs.add(rig);
            rig.enable();
            one = rig.page();
            rig.context(Rig.DEV, 1, one, levels, 0);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(-1);
            for (long address : new long[] {0, 0x1000, 0x20_1000, IOVA, IOVA + 0x1000}) {
                rig.poke(rig.entry(one, levels, address, 1), NEW | 3);
                assertThat(rig.read(Rig.DEV, address)).as("%x", address).isEqualTo(address == IOVA ? -1 : NEW);
            }
            iotlb(3, 1, IOVA, 0, false);
            assertThat(rig.read(Rig.DEV, IOVA)).isEqualTo(NEW);
        }));
    }

    @Test
    void staleUsesAreReportedWhenAskedFor() {
        stale("client");
        rig.unit.watchStale(true);
        rig.read(Rig.DEV, IOVA);
        rig.read(Rig.DEV, IOVA);
        assertThat(rig.unit.stale()).singleElement().satisfies(use -> {
            assertThat(use.cache()).isEqualTo("IOTLB");
            assertThat(use.who()).isEqualTo("00:03.0 address 40000000");
            assertThat(use.cached()).isEqualTo("2000000 RW");
            assertThat(use.now()).isEqualTo("3000000 RW");
            assertThat(use.uses()).isEqualTo(2);
        });
        iotlb(1, 0, 0, 0, false);
        rig.unit.watchStale(false);
        rig.unit.watchStale(true);
        rig.read(Rig.DEV, IOVA);
        assertThat(rig.unit.stale()).isEmpty();
    }

    @Test
    void replacementForgetsTheLeastRecentlyUsed() {
        rig = new Rig(new RemappingHardware("vtd0", BaseRegister.Layout.FIXED, Rig.BASE, Scope.parse("all", ""), Capability.of("client", 0, false),
                new Caches(4, TranslationCache.Replacement.LRU)));
        rigs.add(rig);
        rig.enable();
        one = rig.domain(Rig.DEV, 1);
        for (int i = 0; i < 5; i++) {
            rig.map(one, page(i), OLD + i * 0x1000L, Rig.RW);
        }
        for (int i : new int[] {0, 1, 2, 3, 0, 4}) {
            rig.read(Rig.DEV, page(i));
        }
        assertThat(rig.unit.cached().stream().filter(each -> each.cache().equals("IOTLB")).map(each -> each.key()))
                .containsExactlyInAnyOrder("40000000", "40002000", "40003000", "40004000");
    }

    /** Source: Details of IOTLB Use: results of successful walks only. Software may then raise rights without invalidation. */
    @Test
    void aDeniedRequestLeavesNothingInTheCache() {
        try (Rig rig = new Rig()) {
            rig.enable();
            long table = rig.domain(Rig.DEV, 1);
            rig.map(table, 0x1000, 0x200_0000, Rig.R);
            assertThat(rig.write(Rig.DEV, 0x1000)).isEqualTo(-1);
            rig.map(table, 0x1000, 0x200_0000, Rig.RW);
            assertThat(rig.write(Rig.DEV, 0x1000)).isEqualTo(0x200_0000);
        }
    }

    @Test
    void rightsThatWereCachedStayUntilInvalidated() {
        try (Rig rig = new Rig()) {
            rig.enable();
            long table = rig.domain(Rig.DEV, 1);
            rig.map(table, 0x1000, 0x200_0000, Rig.R);
            assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(0x200_0000);
            rig.map(table, 0x1000, 0x200_0000, Rig.RW);
            assertThat(rig.write(Rig.DEV, 0x1000)).isEqualTo(-1);
        }
    }
}
