package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: VT-d specification, Capability Register and Extended Capability Register: each field by its bits. */
class CapabilityTest {

    private record Field(String profile, String name, int high, int low, boolean extended, long value) { }

    @TestFactory
    Stream<DynamicTest> everyFieldIsWhereTheSpecificationHasIt() {
        return Stream.of(
                new Field("gm45", "ND", 2, 0, false, 0), new Field("client", "ND", 2, 0, false, 4), new Field("server", "ND", 2, 0, false, 6),
                new Field("gm45", "RWBF", 4, 4, false, 1), new Field("client", "RWBF", 4, 4, false, 0),
                new Field("client", "PLMR", 5, 5, false, 1), new Field("client", "PHMR", 6, 6, false, 1), new Field("client", "CM", 7, 7, false, 0),
                new Field("gm45", "SAGAW", 12, 8, false, 2), new Field("client", "SAGAW", 12, 8, false, 6), new Field("server", "SAGAW", 12, 8, false, 14),
                new Field("gm45", "MGAW", 21, 16, false, 35), new Field("client", "MGAW", 21, 16, false, 38), new Field("server", "MGAW", 21, 16, false, 56),
                new Field("client", "ZLR", 22, 22, false, 1), new Field("client", "FRO", 33, 24, false, 0x40),
                new Field("gm45", "SLLPS", 37, 34, false, 0), new Field("client", "SLLPS", 37, 34, false, 3),
                new Field("client", "PSI", 39, 39, false, 1), new Field("client", "NFR", 47, 40, false, 0), new Field("server", "NFR", 47, 40, false, 7),
                new Field("gm45", "MAMV", 53, 48, false, 9), new Field("client", "MAMV", 53, 48, false, 18),
                new Field("client", "DWD", 54, 54, false, 1), new Field("client", "DRD", 55, 55, false, 1),
                new Field("client", "PI", 59, 59, false, 0), new Field("server", "PI", 59, 59, false, 1),
                new Field("client", "ESIRTPS", 62, 62, false, 0), new Field("server", "ESIRTPS", 62, 62, false, 1),
                new Field("client", "ESRTPS", 63, 63, false, 0), new Field("server", "ESRTPS", 63, 63, false, 1),
                new Field("client", "AFL", 3, 3, false, 0), new Field("server", "FL1GP", 56, 56, false, 0), new Field("server", "FL5LP", 60, 60, false, 0),
                new Field("client", "C", 0, 0, true, 1), new Field("gm45", "QI", 1, 1, true, 0), new Field("client", "QI", 1, 1, true, 1),
                new Field("client", "DT", 2, 2, true, 0), new Field("gm45", "IR", 3, 3, true, 0), new Field("client", "IR", 3, 3, true, 1),
                new Field("client", "EIM", 4, 4, true, 1), new Field("gm45", "PT", 6, 6, true, 0), new Field("client", "PT", 6, 6, true, 1),
                new Field("gm45", "SC", 7, 7, true, 0), new Field("client", "SC", 7, 7, true, 1),
                new Field("client", "IRO", 17, 8, true, 0x50), new Field("client", "MHMV", 23, 20, true, 15),
                new Field("scalable", "AFL", 3, 3, false, 1), new Field("server", "AFL", 3, 3, false, 0), new Field("scalable", "FL1GP", 56, 56, false, 1), new Field("scalable-second", "FL1GP", 56, 56, false, 0), new Field("server", "FL1GP", 56, 56, false, 0),
                new Field("scalable", "FL5LP", 60, 60, false, 1), new Field("scalable-second", "FL5LP", 60, 60, false, 0), new Field("server", "FL5LP", 60, 60, false, 0),
                new Field("scalable", "PI", 59, 59, false, 1), new Field("scalable-second", "PI", 59, 59, false, 1), new Field("server", "PI", 59, 59, false, 1),
                new Field("scalable", "ESRTPS", 63, 63, false, 1), new Field("scalable-second", "ESRTPS", 63, 63, false, 1), new Field("server", "ESRTPS", 63, 63, false, 1),
                new Field("scalable", "SAGAW", 12, 8, false, 14), new Field("scalable-second", "SAGAW", 12, 8, false, 14), new Field("server", "SAGAW", 12, 8, false, 14),
                new Field("scalable", "MGAW", 21, 16, false, 56), new Field("scalable-second", "MGAW", 21, 16, false, 56), new Field("server", "MGAW", 21, 16, false, 56),
                new Field("scalable", "DT", 2, 2, true, 1), new Field("scalable-second", "DT", 2, 2, true, 1), new Field("server", "DT", 2, 2, true, 0),
                new Field("scalable", "NEST", 26, 26, true, 1), new Field("scalable-second", "NEST", 26, 26, true, 0), new Field("server", "NEST", 26, 26, true, 0),
                new Field("scalable", "PRS", 29, 29, true, 1), new Field("scalable-second", "PRS", 29, 29, true, 1), new Field("server", "PRS", 29, 29, true, 0),
                new Field("scalable", "ERS", 30, 30, true, 1), new Field("scalable-second", "ERS", 30, 30, true, 0), new Field("server", "ERS", 30, 30, true, 0),
                new Field("scalable", "SRS", 31, 31, true, 1), new Field("scalable-second", "SRS", 31, 31, true, 0), new Field("server", "SRS", 31, 31, true, 0),
                new Field("scalable", "NWFS", 33, 33, true, 1), new Field("scalable-second", "NWFS", 33, 33, true, 1), new Field("server", "NWFS", 33, 33, true, 0),
                new Field("scalable", "EAFS", 34, 34, true, 1), new Field("scalable-second", "EAFS", 34, 34, true, 0), new Field("server", "EAFS", 34, 34, true, 0),
                new Field("scalable", "PSS", 39, 35, true, 19), new Field("scalable-second", "PSS", 39, 35, true, 15), new Field("server", "PSS", 39, 35, true, 0),
                new Field("scalable", "PASID", 40, 40, true, 1), new Field("scalable-second", "PASID", 40, 40, true, 1), new Field("server", "PASID", 40, 40, true, 0),
                new Field("scalable", "DIT", 41, 41, true, 1), new Field("scalable-second", "DIT", 41, 41, true, 1), new Field("server", "DIT", 41, 41, true, 0),
                new Field("scalable", "PDS", 42, 42, true, 1), new Field("scalable-second", "PDS", 42, 42, true, 1), new Field("server", "PDS", 42, 42, true, 0),
                new Field("scalable", "SMTS", 43, 43, true, 1), new Field("scalable-second", "SMTS", 43, 43, true, 1), new Field("server", "SMTS", 43, 43, true, 0),
                new Field("scalable", "VCS", 44, 44, true, 0), new Field("scalable-second", "VCS", 44, 44, true, 0), new Field("server", "VCS", 44, 44, true, 0),
                new Field("scalable", "SLADS", 45, 45, true, 1), new Field("scalable-second", "SLADS", 45, 45, true, 1), new Field("server", "SLADS", 45, 45, true, 0),
                new Field("scalable", "SLTS", 46, 46, true, 1), new Field("scalable-second", "SLTS", 46, 46, true, 1), new Field("server", "SLTS", 46, 46, true, 0),
                new Field("scalable", "FLTS", 47, 47, true, 1), new Field("scalable-second", "FLTS", 47, 47, true, 0), new Field("server", "FLTS", 47, 47, true, 0),
                new Field("scalable", "SMPWCS", 48, 48, true, 1), new Field("scalable-second", "SMPWCS", 48, 48, true, 1), new Field("server", "SMPWCS", 48, 48, true, 0),
                new Field("scalable", "RPS", 49, 49, true, 1), new Field("scalable-second", "RPS", 49, 49, true, 1), new Field("server", "RPS", 49, 49, true, 0),
                new Field("scalable", "ADMS", 52, 52, true, 1), new Field("scalable-second", "ADMS", 52, 52, true, 1), new Field("server", "ADMS", 52, 52, true, 0),
                new Field("scalable", "MTS", 25, 25, true, 1), new Field("scalable-second", "MTS", 25, 25, true, 0), new Field("server", "MTS", 25, 25, true, 0),
                new Field("scalable", "SMS", 58, 58, true, 1), new Field("scalable-second", "SMS", 58, 58, true, 1), new Field("server", "SMS", 58, 58, true, 0),
                new Field("scalable", "RPRIVS", 53, 53, true, 1), new Field("scalable-second", "RPRIVS", 53, 53, true, 0), new Field("server", "RPRIVS", 53, 53, true, 0))
                .map(each -> DynamicTest.dynamicTest(each.profile() + " " + each.name(), () -> {
                    try (Rig rig = new Rig(each.profile())) {
                        long register = rig.get64(each.extended() ? 0x10 : 0x08);
                        assertThat(register >>> each.low() & (1L << each.high() - each.low() + 1) - 1).isEqualTo(each.value());
                    }
                }));
    }

    @Test
    void cachingModeIsAnnounced() {
        try (Rig rig = new Rig(Rig.unit("client", 0, true))) {
            assertThat(rig.get64(0x08) >> 7 & 1).isEqualTo(1);
        }
    }

    @Test
    void manyRecordsLieBehindTheFirstPage() {
        try (Rig rig = new Rig(Rig.unit("client", 256, false))) {
            assertThat(rig.recordsAt()).isEqualTo(0x1000);
            assertThat(rig.unit.announcement().length()).isEqualTo(0x2000);
        }
    }

    @TestFactory
    Stream<DynamicTest> domainIdsEndAtTheirWidth() {
        record Case(String profile, int domain, boolean good) { }
        return Stream.of(new Case("gm45", 15, true), new Case("gm45", 16, false), new Case("client", 0xFFF, true), new Case("client", 0x1000, false),
                new Case("server", 0xFFFF, true)).map(each -> DynamicTest.dynamicTest(each.toString(), () -> {
                    try (Rig rig = new Rig(each.profile())) {
                        rig.enable();
                        rig.map(rig.domain(Rig.DEV, each.domain()), 0x1000, 0x200_0000, Rig.RW);
                        if (each.profile().equals("server")) {
                            rig.context(Rig.DEV, each.domain(), rig.peek(rig.contextEntry(Rig.DEV)) & ~0xFFFL, 3, 0);
                        }
                        assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(each.good() ? 0x200_0000 : -1);
                    }
                }));
    }

    @Test
    void aScopeOwnsWhatItNamesAndAllOwnsTheRest() {
        try (Rig rig = new Rig()) {
            RemappingHardware graphics = new RemappingHardware("vtd1", BaseRegister.Layout.FIXED, 0xFED9_2000L, Scope.parse("00:02.0, 00:02.1", "7d800000-7fffffff@00:02.0"),
                    Capability.of("client", 0, false), new Caches(64, TranslationCache.Replacement.FIFO));
            rig.machine.add(graphics);
            assertThat(List.of(graphics.owns(0x10), graphics.owns(0x11), graphics.owns(0x12))).containsExactly(true, true, false);
            assertThat(List.of(rig.unit.owns(0x10), rig.unit.owns(0x11), rig.unit.owns(0x12))).containsExactly(false, false, true);
            assertThat(graphics.announcement().reserved()).singleElement().satisfies(region -> assertThat(region.limit()).isEqualTo(0x7FFF_FFFFL));
            assertThat(rig.machine.memory().read(0xFED9_2000L, 4)).isEqualTo(0x10);
        }
    }

    @Test
    void impossibleConfigurationsAreRefused() {
        assertThatThrownBy(() -> Capability.of("vt", 0, false)).hasMessageContaining("gm45, client or server");
        assertThatThrownBy(() -> Capability.of("client", 257, false)).hasMessageContaining("1 to 256");
        assertThatThrownBy(() -> Scope.parse("all", "1000@00:02.0")).hasMessageContaining("reserved region");
        assertThatThrownBy(() -> new TranslationCache(3, TranslationCache.Replacement.LRU)).hasMessageContaining("power of two");
    }

    /** S41: the same tables under different domain ids are pointed out. */
    @Test
    void theMapOfDomainsNamesMembersReachAndMistakes() {
        try (Rig rig = new Rig()) {
            rig.enable();
            long table = rig.domain(Rig.DEV, 1);
            rig.map(table, 0x1000, 0x200_0000, Rig.RW);
            rig.map(table, 0x2000, 0x200_1000, Rig.RW);
            rig.map(table, 0x5000, 0x200_0000, Rig.R);
            rig.context(Rig.FAR, 2, table, 3, 0);
            rig.context(Rig.DEV_F1, 3, 0, 3, 2);
            var domains = rig.unit.domains();
            assertThat(domains).extracting(domain -> domain.id()).containsExactly(1, 2, 3);
            assertThat(domains.get(0).members()).extracting(Object::toString).containsExactly("00:03.0");
            assertThat(domains.get(0).reaches()).containsExactly("1000-2fff to 2000000 RW", "5000-5fff to 2000000 R-");
            assertThat(domains.get(0).remark()).contains("also domain id [2]");
            assertThat(domains.get(2).reaches()).containsExactly("all of memory (pass-through)");
        }
    }

    @Test
    void aWalkShowsEveryEntryAndLeavesNoTrace() {
        try (Rig rig = new Rig()) {
            rig.enable();
            rig.map(rig.domain(Rig.DEV, 1), 0x1000, 0x200_0000, Rig.RW);
            var walk = rig.unit.walk(Rig.DEV, -1, 0x1234);
            assertThat(walk.steps()).extracting(step -> step.table()).containsExactly("root", "context", "SL-PDPTE", "SL-PDE", "SL-PTE");
            assertThat(walk.hostPhysical()).isEqualTo(0x200_0234);
            assertThat(rig.unit.walk(Rig.DEV, -1, 0x5000).fault()).isEqualTo("a paging entry does not permit reads");
            assertThat(rig.unit.walk(Rig.FAR, -1, 0x5000).fault()).isEqualTo("the root entry is not present");
            assertThat(rig.unit.cached()).isEmpty();
            assertThat(rig.unit.faults()).isEmpty();
        }
    }
}
