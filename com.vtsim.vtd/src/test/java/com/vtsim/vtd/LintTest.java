package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.vtd.RemappingUnit.Finding;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Mistakes that the operator is told of, and interrupts followed through the table. */
class LintTest {
    private static final long OWN = 0x200_0000;

    private static RemappingHardware unit(String reserved) {
        return new RemappingHardware("vtd0", BaseRegister.Layout.FIXED, Rig.BASE, Scope.parse("all", reserved), Capability.of("server", 8, false),
                new Caches(64, TranslationCache.Replacement.LRU));
    }

    private static List<String> said(Rig rig) {
        return rig.unit.lint().stream().map(Finding::toString).toList();
    }

    private static long table(Rig rig, int sid, int domain) {
        long table = rig.page();
        rig.context(sid, domain, table, 3, 0);
        return table;
    }

    @Test
    void whatIsRightIsNotTold() {
        try (Rig rig = new Rig("server")) {
            rig.enable().interrupts(7, false);
            rig.map(table(rig, Rig.DEV, 1), 0x1000, OWN, Rig.RW);
            rig.map(table(rig, Rig.FAR, 2), 0x1000, OWN, Rig.RW);
            rig.irte(1, 1 | 0x31_0000, 1 << 18 | Rig.DEV);
            assertThat(rig.unit.lint()).isEmpty();
        }
    }

    @Test
    void sharedAndMixedDomainIdsAreTold() {
        try (Rig rig = new Rig("server")) {
            rig.enable();
            long table = table(rig, Rig.DEV, 1);
            rig.context(Rig.DEV_F1, 2, table, 3, 0);
            rig.context(Rig.FAR, 1, rig.page(), 3, 0);
            assertThat(said(rig)).anyMatch(text -> text.contains("domain ids [1, 2]")).anyMatch(text -> text.contains("different tables"));
        }
    }

    @Test
    void reservedBitsInPresentEntriesAreTold() {
        try (Rig rig = new Rig("server")) {
            rig.enable();
            long table = table(rig, Rig.DEV, 1);
            rig.map(table, 0x1000, OWN, Rig.RW);
            rig.map(table, 0x2000, 1L << 50, Rig.RW);
            rig.context(Rig.DEV_F1, 2, rig.page(), 3, 0);
            rig.poke(rig.contextEntry(Rig.DEV_F1) + 8, 1L << 40 | 2 << 8 | 1);
            assertThat(said(rig)).anyMatch(text -> text.contains("00:03.0") && text.contains("for address 2000") && text.contains("reserved bits"))
                    .anyMatch(text -> text.contains("00:03.1") && text.contains("the context entry has reserved bits"));
        }
    }

    @Test
    void theInterruptRangeAndTheUnitsOwnTablesAreNotForDevices() {
        try (Rig rig = new Rig("server")) {
            rig.enable();
            long table = table(rig, Rig.DEV, 1);
            rig.map(table, 0xFEE0_0000L, OWN, Rig.RW);
            rig.map(table, 0x5000, 0xFEE0_1000L, Rig.RW);
            rig.map(table, 0x6000, table, Rig.RW);
            rig.map(table, 0x7000, Rig.ROOT, Rig.R);
            assertThat(said(rig)).anyMatch(text -> text.contains("mapped: those are interrupts")).anyMatch(text -> text.contains("5000 leads into FEEx"))
                    .anyMatch(text -> text.contains("6000 leads to the one at")).noneMatch(text -> text.contains("7000"));
        }
    }

    @Test
    void reservedRegionsOverlapOrAreNotMapped() {
        try (Rig rig = new Rig(unit("7d000000-7d0fffff@00:1d.0;7d080000-7d1fffff@00:1a.0"))) {
            assertThat(said(rig)).singleElement().asString().contains("overlaps reserved region 7d000000");
            rig.enable();
            assertThat(said(rig)).anyMatch(text -> text.contains("00:1d.0 needs it mapped to itself"));
        }
    }

    @Test
    void interruptsFromAnyoneAreTold() {
        try (Rig rig = new Rig("server")) {
            rig.enable().interrupts(7, false);
            rig.command(Rig.CFI);
            rig.irte(1, 1 | 0x31_0000, 0);
            rig.irte(2, 1 | 7 << 12 | 0x31_0000, 1 << 18);
            assertThat(said(rig)).anyMatch(text -> text.contains("entry 1") && text.contains("every device")).anyMatch(text -> text.contains("entry 2") && text.contains("reserved"))
                    .anyMatch(text -> text.contains("compatibility format"));
        }
    }

    @Test
    void scalableTablesAreLookedAtToo() {
        try (ScalableRig r = new ScalableRig()) {
            long table = r.first(Rig.DEV, 1, 1);
            r.mapFirst(table, 4, 0x1000, r.rig.peek(r.contextEntry(Rig.DEV)) & ~0xFFFL, ScalableRig.PRWU);
            r.entry(Rig.DEV, 2, 2, ScalableRig.FIRST, 0, table, 0);
            r.entry(Rig.DEV, 3, 2, 7, 0, 0, 0);
            assertThat(said(r.rig)).anyMatch(text -> text.contains("domain ids [1, 2]")).anyMatch(text -> text.contains("PASID 3") && text.contains("unsupported"))
                    .anyMatch(text -> text.contains("it can write the unit's own tables"));
        }
    }

    @Test
    void anInterruptIsFollowedThroughTheTable() {
        try (Rig rig = new Rig("server")) {
            rig.enable().interrupts(7, true);
            rig.irte(3, 0x21L << 32 | 0x31_0000 | 4 | 1, 1 << 18 | Rig.DEV);
            assertThat(rig.unit.walkInterrupt(3, -1).steps()).extracting(Step::meaning).containsExactly("from 00:03.0 to logical 21, vector 31h, fixed, edge");
            assertThat(rig.unit.walkInterrupt(3, Rig.FAR).fault()).contains("requester is not the one");
            assertThat(rig.unit.walkInterrupt(4, -1).fault()).contains("not present");
            assertThat(rig.unit.walkInterrupt(0x100, -1).fault()).contains("beyond");
            assertThat(rig.unit.faults()).isEmpty();
        }
    }

    @Test
    void aPostedInterruptIsFollowedToItsDescriptor() {
        try (Rig rig = new Rig("server")) {
            rig.enable().interrupts(7, true);
            rig.irte(3, 0x5_0040L << 32 | 0x44_0000 | 1 << 15 | 1, 1 << 18 | Rig.DEV);
            rig.poke(0x5_0040 + 8, 0x10);
            rig.poke(0x5_0040 + 32, 2L << 32 | 0xF2 << 16 | 1);
            var walk = rig.unit.walkInterrupt(3, Rig.DEV);
            assertThat(walk.steps()).extracting(Step::table).containsExactly("interrupt entry 3", "posted-interrupt descriptor");
            assertThat(walk.steps().get(1).meaning()).isEqualTo("1 vectors waiting, notification f2h to 2, outstanding");
        }
    }
}
