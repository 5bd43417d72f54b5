package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.NESTED;
import static com.vtsim.vtd.ScalableRig.PASS;
import static com.vtsim.vtd.ScalableRig.PRWU;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Which memory type a walk shows. Source: VT-d specification, Memory Type; Memory Type Range Registers; Scalable-Mode PASID Table Entry. */
class MemoryTypeTest {
    private static final int DEV = 0x18;
    private static final long VA = 0x4000_1000L;
    private static final long OWN = 0x200_0000;
    private static final long CD = 1 << 25;
    private static final long EMTE = 1 << 26;
    private static final int DEFAULT = 0x108;
    private static final int ENABLED = 1 << 11;
    private static final int FIXED = 1 << 10;
    private static final int WB = 6;
    /** PA0 UC, PA1 WC, PA2 WT, PA3 WP, PA4 WB, PA5 UC-, PA6 WB, PA7 reserved. */
    private static final long PAT = 0x2676_5410L << 32;

    private final ScalableRig r = new ScalableRig();

    @AfterEach
    void close() {
        r.close();
    }

    private void attributes(long bits) {
        long at = r.pasidEntry(DEV, 1) + 8;
        r.rig.poke(at, r.rig.peek(at) & 0x1FF_FFFFL | bits);
    }

    private String type(long address) {
        List<com.vtsim.api.vtd.RemappingUnit.Step> steps = r.rig.unit.walk(DEV, 1, address).steps();
        return steps.get(steps.size() - 1).meaning();
    }

    /** 4 × PAT + 2 × PCD + PWT of the leaf chooses. */
    @TestFactory
    Stream<DynamicTest> theLeafChoosesAFieldOfThePageAttributeTable() {
        record Case(long flags, String type) { }
        return Stream.of(new Case(0, "UC: PA0 UC"), new Case(1 << 3, "WC: PA1 WC"), new Case(1 << 4, "WT: PA2 WT"), new Case(3 << 3, "WP: PA3 WP"),
            new Case(1 << 7, "WB: PA4 WB"), new Case(1 << 7 | 1 << 3, "UC: PA5 UC-"), new Case(1 << 7 | 1 << 4, "WB: PA6 WB"))
            .map(each -> DynamicTest.dynamicTest(each.type(), () -> {
                try (ScalableRig rig = new ScalableRig()) {
                    rig.rig.set64(DEFAULT, ENABLED | WB);
                    rig.mapFirst(rig.first(DEV, 1, 1), 4, VA, OWN, PRWU | each.flags());
                    long at = rig.pasidEntry(DEV, 1) + 8;
                    rig.rig.poke(at, rig.rig.peek(at) | PAT);
                    var steps = rig.rig.unit.walk(DEV, 1, VA).steps();
                    assertThat(steps.get(steps.size() - 1).meaning()).isEqualTo(each.type() + ", MTRR WB");
                }
            }));
    }

    /** The table of effective types: range register's type, then page attribute. */
    @TestFactory
    Stream<DynamicTest> rangeAndAttributeTogetherGiveTheType() {
        int uc = 0;
        int wc = 1;
        int wt = 4;
        int wp = 5;
        int[] attributes = {0, 7, 1, 4, 6, 5};
        int[][] effective = {{uc, uc, uc, wc, uc, uc, uc}, {wc, uc, wc, wc, uc, wc, uc}, {wt, uc, uc, wc, wt, wt, wp}, {WB, uc, uc, wc, wt, WB, wp}, {wp, uc, wc, wc, wt, wp, wp}};
        return Stream.of(effective).map(row -> DynamicTest.dynamicTest("range type " + row[0], () -> {
            for (int i = 0; i < attributes.length; i++) {
                assertThat(MemoryTypes.effective(row[0], attributes[i])).as("attribute %d", attributes[i]).isEqualTo(row[i + 1]);
            }
        }));
    }

    @Test
    void cachingCanBeDisabledForAProcess() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        attributes(PAT | CD);
        assertThat(type(VA)).startsWith("UC: the PASID table entry");
    }

    @Test
    void aLargePageHasItsAttributeBitElsewhere() {
        r.rig.set64(DEFAULT, ENABLED | WB);
        long table = r.first(DEV, 1, 1);
        r.mapFirst(table, 4, VA, OWN, PRWU);
        for (int level = 4; level >= 3; level--) {
            table = r.rig.peek(table + (VA >>> 12 + 9 * (level - 1) & 0x1FF) * 8) & ~0xFFFL;
        }
        r.rig.poke(table + (VA >>> 21 & 0x1FF) * 8, OWN | 1 << 12 | 0x80 | PRWU);
        attributes(PAT);
        assertThat(type(VA)).isEqualTo("WB: PA4 WB, MTRR WB");
    }

    @Test
    void theSecondStageHasTypesWhereEnabled() {
        long leaf = r.map(r.second(DEV, 1, 1), VA, OWN, 3 | 4 << 3);
        assertThat(type(VA)).startsWith("WB: second stage without");
        attributes(EMTE);
        assertThat(type(VA)).startsWith("WT: of the second stage");
        r.rig.poke(leaf, OWN | 3);
        assertThat(type(VA)).startsWith("UC");
    }

    @Test
    void inANestedTranslationTheSecondStageStandsForTheRangeOrForBoth() {
        long second = r.rig.page();
        long first = r.rig.page();
        r.entry(DEV, 1, 1, NESTED, second, first, 0);
        r.mapFirst(first, 4, VA, 0x9000, PRWU | 1 << 7);
        long end = r.rig.page();
        for (long page = first; page < end; page += 0x1000) {
            r.map(second, page, page, 3);
        }
        long leaf = r.map(second, 0x9000, OWN, 3 | 4 << 3);
        attributes(PAT);
        r.rig.set64(DEFAULT, ENABLED | 5);
        assertThat(type(VA)).isEqualTo("WP: PA4 WB, MTRR WP");
        attributes(PAT | EMTE);
        assertThat(type(VA)).isEqualTo("WT: PA4 WB, second stage WT");
        r.rig.poke(leaf, OWN | 3 | 1 << 3 | 1 << 6);
        assertThat(type(VA)).startsWith("WC: of the second stage, which ignores");
    }

    @Test
    void passThroughIsWriteBack() {
        r.entry(DEV, 1, 1, PASS, 0, 0, 0);
        assertThat(type(OWN)).startsWith("WB: pass-through");
    }

    /** What is enabled, fixed ranges before variable ones, UC before all, WT before WB, and the default. */
    @Test
    void theRangeRegistersSayWhatMemoryIs() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        r.mapFirst(r.rig.peek(r.pasidEntry(DEV, 1) + 16) & ~0xFFFL, 4, VA + 0x1000, 0xC_1000, PRWU);
        attributes(6L << 32);
        assertThat(type(VA)).endsWith("MTRR UC");
        r.rig.set64(DEFAULT, ENABLED | WB);
        assertThat(type(VA)).endsWith("MTRR WB");
        r.rig.set64(0x180, OWN | 4);
        r.rig.set64(0x188, 0x3FFF_FFE0_0000L | 1 << 11);
        assertThat(type(VA)).endsWith("MTRR WT");
        r.rig.set64(0x190, OWN | 6);
        r.rig.set64(0x198, 0x3FFF_FFFF_F000L | 1 << 11);
        assertThat(type(VA)).as("WT and WB").endsWith("MTRR WT");
        r.rig.set64(0x1F0, OWN);
        r.rig.set64(0x1F8, 0x3FFF_FFFF_F000L | 1 << 11);
        assertThat(type(VA)).as("UC too").endsWith("MTRR UC");
        r.rig.set64(0x138, 0x0605_0401_0000_0500L);
        assertThat(type(VA + 0x1000)).as("fixed ranges are off").endsWith("MTRR WB");
        r.rig.set64(DEFAULT, ENABLED | FIXED | WB);
        assertThat(type(VA + 0x1000)).as("C1000h: second field of 4K_C0000").endsWith("MTRR WP");
    }

    /** Without the capability its fields in the PASID table entry are reserved, and there are no registers. */
    @Test
    void withoutTheCapabilityThereAreNoTypes() {
        try (ScalableRig plain = new ScalableRig("scalable-second")) {
            plain.map(plain.second(DEV, 1, 1), 0x1000, OWN, 3);
            assertThat(plain.read(DEV, 1, 0x1000)).isEqualTo(OWN);
            plain.submit(2 | 0x10, 0);
            plain.submit(7 | 0x30, 0);
            long at = plain.pasidEntry(DEV, 1) + 8;
            for (long bits : List.of(CD, EMTE, 1L << 32, 1L << 63)) {
                plain.rig.poke(at, ScalableRig.PWSNP | 1 | bits);
                assertThat(plain.read(DEV, 1, 0x1000)).isEqualTo(-1);
                assertThat(plain.rig.reason(0)).isEqualTo(0x5A);
            }
            plain.rig.set64(DEFAULT, -1);
            assertThat(plain.rig.get64(DEFAULT)).isZero();
            assertThat(plain.rig.get64(0x100)).isZero();
        }
    }

    @Test
    void theRangeRegistersAreHandedOver() {
        r.rig.set64(0x1F0, OWN | 4);
        RemappingHardware successor = Rig.unit("scalable", 0, false);
        successor.restore(r.rig.unit.save());
        r.rig.machine.remove(r.rig.unit);
        r.rig.machine.add(successor);
        assertThat(r.rig.get64(0x1F0)).isEqualTo(OWN | 4);
    }
}
