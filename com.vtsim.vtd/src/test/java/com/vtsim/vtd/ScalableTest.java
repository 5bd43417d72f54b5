package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.A;
import static com.vtsim.vtd.ScalableRig.D;
import static com.vtsim.vtd.ScalableRig.FIRST;
import static com.vtsim.vtd.ScalableRig.NESTED;
import static com.vtsim.vtd.ScalableRig.P;
import static com.vtsim.vtd.ScalableRig.PASIDE;
import static com.vtsim.vtd.ScalableRig.PASS;
import static com.vtsim.vtd.ScalableRig.PRW;
import static com.vtsim.vtd.ScalableRig.PRWU;
import static com.vtsim.vtd.ScalableRig.SECOND;
import static com.vtsim.vtd.ScalableRig.SECOND_A;
import static com.vtsim.vtd.ScalableRig.SECOND_D;
import static com.vtsim.vtd.ScalableRig.XD;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scalable mode: tables, stages, processes, fault reasons. Source: VT-d specification, Scalable Mode Address Translation; Fault Conditions. */
class ScalableTest implements AutoCloseable {
    private static final int DEV = 0x18;
    /** In the upper half of its root entry. */
    private static final int HIGH = 0x98;
    private static final long OWN = 0x200_0000;
    private static final long OTHER = 0x300_0000;
    private static final long VA = 0x7FFF_FFE0_1000L;
    private static final int SRE = 1;
    private static final int ERE = 2;
    private static final int FIVE = 4;
    private static final int WPE = 16;
    private static final int EAFE = 128;

    private final ScalableRig r = new ScalableRig();

    @Override
    @AfterEach
    public void close() {
        r.close();
    }

    // Stages

    @ParameterizedTest
    @ValueSource(ints = {DEV, HIGH, 0x7F, 0x80, 0xFFFF})
    void aRequestWithoutPasidTakesTheEntryOfRidPasid(int sid) {
        r.map(r.second(sid, 0, 1), 0x1000, OWN, 3);
        assertThat(r.read(sid, -1, 0x1008)).isEqualTo(OWN + 8);
        assertThat(r.write(sid, -1, 0x1FFC)).isEqualTo(OWN + 0xFFC);
        assertThat(r.fault()).isZero();
    }

    @Test
    void ridPasidCanBeAnyProcess() {
        r.map(r.second(DEV, 77, 1), 0x1000, OWN, 3);
        r.map(r.second(DEV, 0, 2), 0x1000, OTHER, 3);
        r.rig.poke(r.contextEntry(DEV) + 8, 77);
        assertThat(r.read(DEV, -1, 0x1000)).isEqualTo(OWN);
        assertThat(r.read(DEV, 0, 0x1000)).isEqualTo(OTHER);
    }

    @Test
    void processesOfADeviceAreApart() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        r.mapFirst(r.first(DEV, 2, 1), 4, VA, OTHER, PRWU);
        r.mapFirst(r.first(DEV, 8191, 1), 4, VA, OTHER + 0x1000, PRWU);
        for (int again = 0; again < 2; again++) {
            assertThat(r.read(DEV, 1, VA)).isEqualTo(OWN);
            assertThat(r.write(DEV, 2, VA)).isEqualTo(OTHER);
            assertThat(r.read(DEV, 8191, VA)).isEqualTo(OTHER + 0x1000);
        }
    }

    @Test
    void theFirstStageTakesNegativeAddresses() {
        r.mapFirst(r.first(DEV, 1, 1), 4, 0xFFFF_8000_0000_0000L, OWN, PRWU);
        assertThat(r.read(DEV, 1, 0xFFFF_8000_0000_0010L)).isEqualTo(OWN + 0x10);
    }

    @Test
    void theFirstStageHasFiveLevels() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, FIRST, 0, table, FIVE);
        r.mapFirst(table, 5, 0x00FE_DCBA_9876_5000L, OWN, PRWU);
        assertThat(r.read(DEV, 1, 0x00FE_DCBA_9876_5008L)).isEqualTo(OWN + 8);
        assertThat(r.read(DEV, 1, 0xFEFE_DCBA_9876_5008L)).isEqualTo(-1);
        assertThat(r.fault()).isEqualTo(0x80);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void theFirstStageHasLargePages(int level) {
        long table = r.first(DEV, 1, 1);
        long leaf = r.rig.entry(table, 4, 0, level);
        for (int at = 4; at > level; at--) {
            long each = r.rig.entry(table, 4, 0, at);
            r.rig.poke(each, r.rig.peek(each) | PRWU);
        }
        r.rig.poke(leaf, 0x4000_0000L | 0x80 | PRWU);
        assertThat(r.write(DEV, 1, 0x12_3456)).isEqualTo(0x4012_3456L);
        assertThat(r.rig.peek(leaf)).isEqualTo(0x4000_0000L | 0x80 | PRWU | A | D);
    }

    @Test
    void passThroughIsByProcess() {
        r.entry(DEV, 5, 1, PASS, 0, 0, 0);
        assertThat(r.write(DEV, 5, OWN)).isEqualTo(OWN);
        assertThat(r.write(DEV, 6, OWN)).isEqualTo(-1);
        assertThat(r.fault()).isEqualTo(0x59);
    }

    @Test
    void aNestedTranslationTakesBothStages() {
        long second = nested(0);
        r.map(second, 0x9000, OWN, 3);
        for (int again = 0; again < 2; again++) {
            assertThat(r.read(DEV, 1, VA + 4)).isEqualTo(OWN + 4);
            assertThat(r.write(DEV, 1, VA + 4)).isEqualTo(OWN + 4);
        }
    }

    /** First-stage tables from guest-physical 1000h, one page a level, mapped to pages of their own; VA leads to guest-physical 9000h. @return the second stage */
    private long nested(int third) {
        long second = r.rig.page();
        r.entry(DEV, 1, 1, NESTED, second, 0x1000, third);
        long table = 0x1000;
        for (int level = 4; level >= 1; level--) {
            long page = r.rig.page();
            r.map(second, table, page, 3);
            table += 0x1000;
            r.rig.poke(page + (VA >>> 12 + 9 * (level - 1) & 0x1FF) * 8, (level == 1 ? 0x9000 : table) | PRWU);
        }
        return second;
    }

    /** As {@link #nested}, with a second stage of three levels, 39 bits. */
    private void narrowNested() {
        long second = nested(0);
        r.rig.poke(r.pasidEntry(DEV, 1), r.rig.peek(second) & ~0xFFFL | NESTED << 6 | 1);
        narrow();
    }

    /** Makes the second stage one of three levels. */
    private void narrow() {
        r.rig.poke(r.pasidEntry(DEV, 1), r.rig.peek(r.pasidEntry(DEV, 1)) & ~0x1CL | 1 << 2);
    }

    private long top() {
        return nestedTable(4);
    }

    private long nestedTable(int level) {
        long entry = r.rig.peek(r.pasidEntry(DEV, 1));
        return r.rig.peek(r.rig.entry(entry & ~0xFFFL, (int) (entry >> 2 & 7) + 2, 0x1000L * (5 - level), 1)) & ~0xFFFL;
    }

    private long nestedEntry(int level) {
        return nestedTable(level) + (VA >>> 12 + 9 * (level - 1) & 0x1FF) * 8;
    }

    // Accessed and dirty

    @Test
    void theFirstStageMarksAccessedAndDirty() {
        long table = r.first(DEV, 1, 1);
        long leaf = r.mapFirst(table, 4, VA, OWN, PRWU);
        long top = table + (VA >>> 39 & 0x1FF) * 8;
        r.read(DEV, 1, VA);
        assertThat(r.rig.peek(leaf) & (A | D)).isEqualTo(A);
        assertThat(r.rig.peek(top) & (A | D)).isEqualTo(A);
        r.write(DEV, 1, VA);
        assertThat(r.rig.peek(leaf) & (A | D)).as("the cached translation does not hold the dirty bit back").isEqualTo(A | D);
    }

    @Test
    void extendedAccessedIsMarkedWhereAsked() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, FIRST, 0, table, EAFE);
        long leaf = r.mapFirst(table, 4, VA, OWN, PRWU);
        r.read(DEV, 1, VA);
        assertThat(r.rig.peek(leaf) >> 10 & 1).isEqualTo(1);
        assertThat(r.rig.peek(table + (VA >>> 39 & 0x1FF) * 8) >> 10 & 1).isEqualTo(1);
    }

    @Test
    void theSecondStageMarksWhereAsked() {
        long plain = r.map(r.second(DEV, 0, 1), 0x1000, OWN, 3);
        r.write(DEV, -1, 0x1000);
        assertThat(r.rig.peek(plain)).isEqualTo(OWN | 3);
        long table = r.second(DEV, 1, 2);
        r.rig.poke(r.pasidEntry(DEV, 1), r.rig.peek(r.pasidEntry(DEV, 1)) | 1 << 9);
        long leaf = r.map(table, 0x1000, OWN, 3);
        r.read(DEV, 1, 0x1000);
        assertThat(r.rig.peek(leaf)).isEqualTo(OWN | 3 | SECOND_A);
        assertThat(r.rig.peek(table) & SECOND_A).isEqualTo(SECOND_A);
        r.write(DEV, 1, 0x1000);
        assertThat(r.rig.peek(leaf)).isEqualTo(OWN | 3 | SECOND_A | SECOND_D);
    }

    @Test
    void aDeniedWriteMarksNothing() {
        long leaf = r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, P | 4);
        assertThat(r.write(DEV, 1, VA)).isEqualTo(-1);
        assertThat(r.rig.peek(leaf)).isEqualTo(OWN | P | 4);
    }

    @Test
    void aWalkOfTheOperatorMarksNothing() {
        long leaf = r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        var walk = r.rig.unit.walk(DEV, 1, VA + 1);
        assertThat(walk.hostPhysical()).isEqualTo(OWN + 1);
        assertThat(walk.steps()).extracting(step -> step.table()).containsExactly("root, lower half", "context", "PASID directory", "PASID table", "FL-PML4E", "FL-PDPTE", "FL-PDE", "FL-PTE", "memory type");
        assertThat(r.rig.peek(leaf)).isEqualTo(OWN | PRWU);
        assertThat(r.rig.unit.cached()).isEmpty();
    }

    @Test
    void aNestedWalkShowsTheWalksInside() {
        r.map(nested(0), 0x9000, OWN, 3);
        var walk = r.rig.unit.walk(DEV, 1, VA);
        assertThat(walk.hostPhysical()).isEqualTo(OWN);
        assertThat(walk.steps()).as("root, context, directory, table, then for each of 4 entries and the page 4 of the second stage, memory type").hasSize(4 + 4 * 5 + 4 + 1);
    }

    // Privilege

    @Test
    void aSupervisorsPageIsForPrivilegedRequests() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, FIRST, 0, table, SRE);
        r.mapFirst(table, 4, VA, OWN, PRW);
        assertThat(r.request(DEV, 1, VA, true, false, true)).isEqualTo(OWN);
        assertThat(r.write(DEV, 1, VA)).isEqualTo(-1);
        assertThat(r.fault()).isEqualTo(0x81);
    }

    @Test
    void writeProtectHoldsForPrivilegedRequestsWhereAsked() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, FIRST, 0, table, SRE);
        r.mapFirst(table, 4, VA, OWN, P);
        assertThat(r.request(DEV, 1, VA, true, false, true)).isEqualTo(OWN);
        r.entry(DEV, 2, 1, FIRST, 0, table, SRE | WPE);
        assertThat(r.request(DEV, 2, VA, true, false, true)).isEqualTo(-1);
        assertThat(r.fault()).isEqualTo(0x85);
    }

    @Test
    void requestsWithoutPasidArePrivilegedWhereTheContextEntrySaysSo() {
        long table = r.rig.page();
        r.entry(DEV, 0, 1, FIRST, 0, table, SRE);
        r.mapFirst(table, 4, 0x1000, OWN, PRW);
        r.rig.poke(r.contextEntry(DEV) + 8, 1 << 20);
        assertThat(r.read(DEV, -1, 0x1000)).isEqualTo(OWN);
    }

    @Test
    void executionNeedsErePlusAPageThatMayBeExecuted() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, FIRST, 0, table, ERE);
        r.mapFirst(table, 4, VA, OWN, PRWU);
        r.mapFirst(table, 4, VA + 0x1000, OWN, PRWU | XD);
        assertThat(r.request(DEV, 1, VA, false, true, false)).isEqualTo(OWN);
        assertThat(r.request(DEV, 1, VA + 0x1000, false, true, false)).isEqualTo(-1);
        assertThat(r.fault()).isEqualTo(0x82);
    }

    // Fault reasons

    private record Case(int reason, boolean qualified, String what, Consumer<ScalableTest> tables, BiFunction<ScalableTest, Boolean, Long> request) {
        static Case of(int reason, boolean qualified, String what, Consumer<ScalableTest> tables) {
            return new Case(reason, qualified, what, tables, (t, w) -> t.r.request(DEV, 1, VA, w, false, false));
        }

        Case with(BiFunction<ScalableTest, Boolean, Long> other) {
            return new Case(reason, qualified, what, tables, other);
        }

        @Override
        public String toString() {
            return String.format("%02xh %s", reason, what);
        }
    }

    private static final BiFunction<ScalableTest, Boolean, Long> WITHOUT = (t, w) -> t.r.request(DEV, -1, 0x1000, w, false, false);

    private void good() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
    }

    private void set(long at, long bits) {
        r.rig.poke(at, r.rig.peek(at) | bits);
    }

    private void clear(long at, long bits) {
        r.rig.poke(at, r.rig.peek(at) & ~bits);
    }

    /** Beyond RAM (64 MiB), within 46 bits. */
    private static final long NOWHERE = 0x10_0000_0000L;
    private static final long BEYOND = 1L << 46;

    private static Stream<Case> cases() {
        return Stream.of(
            Case.of(0x30, false, "TTM 2", t -> t.table(2 << 10)),
            Case.of(0x33, false, "TTM 3", t -> t.table(3 << 10)),
            Case.of(0x31, false, "PASID in legacy mode", t -> t.table(0)),
            Case.of(0x38, false, "root table not in memory", t -> t.root(NOWHERE | 1 << 10)),
            Case.of(0x39, false, "root half not present", t -> t.clear(t.r.rootEntry(DEV), 1)),
            Case.of(0x3A, false, "root entry reserved low", t -> t.set(t.r.rootEntry(DEV), 2)),
            Case.of(0x3A, false, "root entry beyond width", t -> t.set(t.r.rootEntry(DEV), BEYOND)),
            Case.of(0x40, false, "context table not in memory", t -> t.r.rig.poke(t.r.rootEntry(DEV), NOWHERE | 1)),
            Case.of(0x41, true, "context entry not present", t -> t.clear(t.r.contextEntry(DEV), 1)),
            Case.of(0x42, true, "context entry bit 5", t -> t.set(t.r.contextEntry(DEV), 1 << 5)),
            Case.of(0x42, true, "context entry bit 8", t -> t.set(t.r.contextEntry(DEV), 1 << 8)),
            Case.of(0x42, true, "directory beyond width", t -> t.set(t.r.contextEntry(DEV), BEYOND)),
            Case.of(0x42, true, "context entry bit 85", t -> t.set(t.r.contextEntry(DEV) + 8, 1 << 21)),
            Case.of(0x42, true, "context entry bit 128", t -> t.set(t.r.contextEntry(DEV) + 16, 1)),
            Case.of(0x42, true, "context entry bit 255", t -> t.set(t.r.contextEntry(DEV) + 24, 1L << 63)),
            Case.of(0x43, true, "PRE without DTE", t -> t.set(t.r.contextEntry(DEV), 16)),
            Case.of(0x45, true, "PASIDE clear", t -> t.clear(t.r.contextEntry(DEV), 8)),
            Case.of(0x46, true, "PASID beyond the directory", t -> { }).with((t, w) -> t.r.request(DEV, ScalableRig.PROCESSES, VA, w, false, false)),
            Case.of(0x43, true, "RID_PASID beyond the directory", t -> t.set(t.r.contextEntry(DEV) + 8, ScalableRig.PROCESSES)).with(WITHOUT),
            Case.of(0x43, true, "RID_PASID beyond the directory, which a request with PASID does not use", t -> t.set(t.r.contextEntry(DEV) + 8, ScalableRig.PROCESSES)),
            Case.of(0x48, true, "PASID that is RID_PASID", t -> t.set(t.r.contextEntry(DEV) + 8, 1)),
            Case.of(0x50, false, "directory not in memory", t -> t.r.rig.poke(t.r.contextEntry(DEV), NOWHERE | 9)),
            Case.of(0x51, true, "directory entry not present", t -> t.clear(t.r.directoryEntry(DEV, 1), 1)),
            Case.of(0x52, true, "directory entry bit 2", t -> t.set(t.r.directoryEntry(DEV, 1), 4)),
            Case.of(0x52, true, "directory entry beyond width", t -> t.set(t.r.directoryEntry(DEV, 1), BEYOND)),
            Case.of(0x58, false, "PASID table not in memory", t -> t.r.rig.poke(t.r.directoryEntry(DEV, 1), NOWHERE | 1)),
            Case.of(0x59, true, "PASID table entry not present", t -> t.clear(t.r.pasidEntry(DEV, 1), 1)),
            Case.of(0x5A, true, "PASID table entry bit 10", t -> t.set(t.r.pasidEntry(DEV, 1), 1 << 10)),
            Case.of(0x5A, true, "PASID table entry bit 80", t -> t.set(t.r.pasidEntry(DEV, 1) + 8, 1 << 16)),
            Case.of(0x5A, true, "PASID table entry bit 136", t -> t.set(t.r.pasidEntry(DEV, 1) + 16, 1 << 8)),
            Case.of(0x5A, true, "PASID table entry bit 192", t -> t.set(t.r.pasidEntry(DEV, 1) + 24, 1)),
            Case.of(0x5A, true, "PASID table entry bit 511", t -> t.set(t.r.pasidEntry(DEV, 1) + 56, 1L << 63)),
            Case.of(0x5A, true, "first-stage table beyond width", t -> t.set(t.r.pasidEntry(DEV, 1) + 16, BEYOND)),
            Case.of(0x5A, true, "second-stage table beyond width", t -> t.r.entry(DEV, 1, 1, SECOND, BEYOND, 0, 0)),
            Case.of(0x5A, true, "PASID table entry bit 91", t -> t.set(t.r.pasidEntry(DEV, 1) + 8, 1 << 27)),
            Case.of(0x5B, true, "PGTT 0", t -> t.r.entry(DEV, 1, 1, 0, 0, 0, 0)),
            Case.of(0x5B, true, "PGTT 5", t -> t.r.entry(DEV, 1, 1, 5, 0, 0, 0)),
            Case.of(0x5B, true, "FLPM 2", t -> t.set(t.r.pasidEntry(DEV, 1) + 16, 8)),
            Case.of(0x5B, true, "AW 0", t -> t.r.rig.poke(t.r.pasidEntry(DEV, 1), t.r.rig.page() | SECOND << 6 | 1)),
            Case.of(0x5B, true, "AW 4", t -> t.r.rig.poke(t.r.pasidEntry(DEV, 1), t.r.rig.page() | 4 << 2 | SECOND << 6 | 1)),
            Case.of(0x5C, true, "ERE clear", t -> { }).with((t, w) -> t.r.request(DEV, 1, VA, false, true, false)),
            Case.of(0x5D, true, "SRE clear", t -> { }).with((t, w) -> t.r.request(DEV, 1, VA, w, false, true)),
            Case.of(0x70, true, "first-stage table not in memory", t -> t.r.rig.poke(t.r.rig.peek(t.r.pasidEntry(DEV, 1) + 16) + (VA >>> 39 & 0x1FF) * 8, NOWHERE | 7)),
            Case.of(0x71, true, "first-stage entry not present", t -> t.r.mapFirst(t.r.first(DEV, 1, 1), 4, VA, OWN, 6)),
            Case.of(0x72, true, "first-stage leaf beyond width", t -> t.r.mapFirst(t.r.first(DEV, 1, 1), 4, VA, BEYOND, 7)),
            Case.of(0x72, true, "PS in the top entry", t -> t.set(t.r.rig.peek(t.r.pasidEntry(DEV, 1) + 16) + (VA >>> 39 & 0x1FF) * 8, 0x80)),
            Case.of(0x73, true, "first-stage top not in memory", t -> t.r.entry(DEV, 1, 1, FIRST, 0, NOWHERE, 0)),
            Case.of(0x5B, true, "first-stage top above the second stage", t -> {
                t.r.entry(DEV, 1, 1, NESTED, t.r.rig.page(), 1L << 40, 0);
                t.narrow();
            }),
            Case.of(0x74, true, "first-stage table above the second stage", t -> {
                t.narrowNested();
                t.r.rig.poke(t.top() + (VA >>> 39 & 0x1FF) * 8, 1L << 40 | PRWU);
            }),
            Case.of(0x75, true, "top entry not readable", t -> t.second(4, 2)),
            Case.of(0x76, true, "first-stage entry not readable", t -> t.second(2, 2)),
            Case.of(0x77, true, "accessed bit not writable", t -> t.second(2, 1)),
            Case.of(0x7B, true, "second-stage top not in memory", t -> t.r.entry(DEV, 1, 1, SECOND, NOWHERE, 0, 0)).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x78, true, "second-stage table not in memory", t -> t.r.rig.poke(t.r.second(DEV, 1, 1), NOWHERE | 3)).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x79, true, "second stage not present", t -> t.r.second(DEV, 1, 1)).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x7A, true, "second-stage leaf beyond width", t -> t.r.map(t.r.second(DEV, 1, 1), 0x1000, BEYOND, 3)).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x79, true, "read above, write below: neither", t -> {
                long table = t.r.second(DEV, 1, 1);
                t.r.map(table, 0x1000, OWN, 2);
                t.r.rig.poke(table, t.r.rig.peek(table) & ~2L);
            }).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x7C, true, "accessed bit of a second stage that is not snooped", t -> {
                t.r.map(t.r.second(DEV, 1, 1), 0x1000, OWN, 3);
                t.set(t.r.pasidEntry(DEV, 1), 1 << 9);
                t.clear(t.r.pasidEntry(DEV, 1) + 8, ScalableRig.PWSNP);
            }).with((t, w) -> t.r.request(DEV, 1, 0x1000, w, false, false)),
            Case.of(0x90, true, "accessed bit of a first stage that is not snooped", t -> {
                t.good();
                t.clear(t.r.pasidEntry(DEV, 1) + 8, ScalableRig.PWSNP);
            }),
            Case.of(0x80, true, "not canonical", t -> { }).with((t, w) -> t.r.request(DEV, 1, 1L << 47, w, false, false)),
            Case.of(0x81, true, "supervisor's page", t -> t.r.mapFirst(t.r.first(DEV, 1, 1), 4, VA, OWN, PRW)),
            Case.of(0x84, true, "above the second stage", t -> t.r.second(DEV, 1, 1)).with((t, w) -> t.r.request(DEV, 1, 1L << 48, w, false, false)),
            Case.of(0x83, true, "above the host address width", t -> t.r.entry(DEV, 1, 1, PASS, 0, 0, 0)).with((t, w) -> t.r.request(DEV, 1, BEYOND, w, false, false)),
            Case.of(0x74, true, "first stage leads above the second", t -> {
                t.narrowNested();
                t.r.rig.poke(t.nestedEntry(1), 1L << 40 | PRWU);
            }),
            Case.of(0x87, true, "leads to FEEx_xxxxh", t -> t.r.mapFirst(t.r.first(DEV, 1, 1), 4, VA, 0xFEE0_0000L, PRWU)),
            Case.of(0x87, true, "passes to FEEx_xxxxh", t -> t.r.entry(DEV, 1, 1, PASS, 0, 0, 0)).with((t, w) -> t.r.request(DEV, 1, 0xFEE0_0000L, w, false, false)));
    }

    private void table(int mode) {
        root(Rig.ROOT | mode);
    }

    private void root(long value) {
        r.rig.set64(0x20, value);
        r.rig.command(Rig.SRTP);
    }

    /** A nested translation whose second stage gives only these rights to the table of a level. */
    private void second(int level, int rights) {
        r.map(nested(0), 0x9000, OWN, 3);
        long leaf = r.rig.entry(r.rig.peek(r.pasidEntry(DEV, 1)) & ~0xFFFL, 4, 0x1000L * (5 - level), 1);
        r.rig.poke(leaf, r.rig.peek(leaf) & ~3L | rights);
    }

    @TestFactory
    Stream<DynamicTest> everyFaultReasonIsRecorded() {
        return cases().flatMap(each -> Stream.of(false, true).map(write -> DynamicTest.dynamicTest(each + (write ? ", write" : ", read"), () -> {
            try (ScalableTest test = fresh()) {
                assertThat(test.r.read(DEV, 1, VA)).as("before").isEqualTo(OWN);
                test.forget();
                each.tables().accept(test);
                assertThat(each.request().apply(test, write)).isEqualTo(-1);
                assertThat(test.r.rig.isRecorded(0)).isTrue();
                assertThat(test.r.rig.reason(0)).isEqualTo(each.reason());
                assertThat(test.r.rig.recordHigh(0) & 0xFFFF).isEqualTo(DEV);
                boolean with = each.request() != WITHOUT;
                assertThat(test.r.rig.recordHigh(0) >>> 31 & 1).as("PP").isEqualTo(with ? 1 : 0);
            }
        })));
    }

    /** FPD in the context entry, the PASID directory entry or the PASID table entry. */
    @TestFactory
    Stream<DynamicTest> faultProcessingDisableHoldsBackWhatItGoverns() {
        return cases().filter(each -> each.qualified() && each.reason() >= 0x59).flatMap(each -> Stream.of("context", "directory", "table").filter(where -> each.reason() > 0x5A || !where.equals("table"))
            .map(where -> DynamicTest.dynamicTest(each + ", FPD in " + where, () -> {
                try (ScalableTest test = fresh()) {
                    each.tables().accept(test);
                    test.set(where.equals("context") ? test.r.contextEntry(DEV) : where.equals("directory") ? test.r.directoryEntry(DEV, 1) : test.r.pasidEntry(DEV, 1), 2);
                    for (int again = 0; again < 2; again++) {
                        assertThat(each.request().apply(test, false)).isEqualTo(-1);
                    }
                    assertThat(test.r.rig.isRecorded(0)).isFalse();
                }
            })));
    }

    private static ScalableTest fresh() {
        ScalableTest test = new ScalableTest();
        test.good();
        return test;
    }

    /** Global invalidations of every cache. */
    private void forget() {
        r.submit(1 | 0x10, 0);
        r.submit(7 | 0x30, 0);
        r.submit(2 | 0x10, 0);
    }

    @Test
    void aReadOnlyAndAWriteOnlyPageDenyByTheirOwnReasons() {
        long table = r.second(DEV, 0, 1);
        r.map(table, 0x1000, OWN, 1);
        r.map(table, 0x2000, OWN, 2);
        for (int again = 0; again < 2; again++) {
            assertThat(r.write(DEV, -1, 0x1000)).isEqualTo(-1);
            assertThat(r.rig.reason(0)).isEqualTo(0x85);
            r.rig.clearFaults();
            assertThat(r.read(DEV, -1, 0x2000)).isEqualTo(-1);
            assertThat(r.rig.reason(1)).isEqualTo(0x86);
            r.rig.clearFaults();
            r.rig.unit.reset(com.vtsim.api.machine.Reset.WARM);
            r.rig.set64(0x20, Rig.ROOT | 1 << 10);
            r.rig.command(Rig.SRTP);
            r.rig.command(Rig.TE);
        }
    }

    @Test
    void theRecordCarriesProcessAndPrivilege() {
        r.first(DEV, 0x1234, 1);
        r.request(DEV, 0x1234, VA, false, true, true);
        long high = r.rig.recordHigh(0);
        assertThat(high >>> 40 & 0xF_FFFF).as("PASID value").isEqualTo(0x1234);
        assertThat(high >>> 29 & 7).as("PP, EXE, PRIV").isEqualTo(7);
        assertThat(high >>> 62 & 1).as("a read").isEqualTo(1);
        assertThat(r.rig.unit.faults().get(0).pasid()).isEqualTo(0x1234);
    }

    /** Source: Types of DMA Requests. */
    @Test
    void withoutRemappingThePasidIsIgnored() {
        r.rig.disable(Rig.TE);
        assertThat(r.read(DEV, 1, OWN)).isEqualTo(OWN);
        assertThat(r.read(DEV, -1, OWN)).isEqualTo(OWN);
    }

    @Test
    void aUnitWithoutFirstStageRefusesItsTypes() {
        try (ScalableRig plain = new ScalableRig("scalable-second")) {
            plain.entry(DEV, 1, 1, FIRST, 0, 0, 0);
            plain.entry(DEV, 2, 1, NESTED, plain.rig.page(), 0, 0);
            plain.entry(DEV, 3, 1, SECOND, plain.rig.page(), 0x1000, 0);
            plain.entry(DEV, 4, 1, SECOND, plain.rig.page(), 0, WPE);
            plain.entry(DEV, 5, 1, SECOND, plain.rig.page(), 0, SRE);
            plain.entry(DEV, 6, 1, SECOND, plain.rig.page(), 0, EAFE);
            for (int pasid = 1; pasid <= 6; pasid++) {
                assertThat(plain.read(DEV, pasid, 0x1000)).isEqualTo(-1);
                assertThat(plain.rig.reason(pasid - 1)).as("its fields are reserved too").isEqualTo(pasid < 3 ? 0x5B : 0x5A);
            }
            assertThat(plain.read(DEV, 1 << 16, 0x1000)).isEqualTo(-1);
            assertThat(plain.rig.reason(6)).as("PASIDs have 16 bits here").isEqualTo(0x89);
            plain.context(DEV, PASIDE);
            plain.map(plain.second(DEV, 7, 1), 0x1000, OWN, 3);
            assertThat(plain.read(DEV, 7, 0x1000)).isEqualTo(OWN);
        }
    }

    @Test
    void theMapOfDomainsNamesProcesses() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        r.map(r.second(HIGH, 0, 2), 0x1000, OTHER, 1);
        r.entry(HIGH, 3, 3, PASS, 0, 0, 0);
        var domains = r.rig.unit.domains();
        assertThat(domains).extracting(domain -> domain.id()).containsExactly(1, 2, 3);
        assertThat(domains.get(0).reaches()).containsExactly("PASID 1 first stage 7fffffe01000-7fffffe01fff to 2000000 RW");
        assertThat(domains.get(1).reaches()).containsExactly("1000-1fff to 3000000 R-");
        assertThat(domains.get(2).reaches()).containsExactly("all of memory (pass-through)");
    }
}
