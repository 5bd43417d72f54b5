package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: VT-d specification, DMA Protected Memory Regions, Protected Memory Enable Register. */
class ProtectedMemoryTest {
    private Rig rig;

    @BeforeEach
    void protect() {
        rig = new Rig("client");
        rig.set(0x68, 0x0100_0000);
        rig.set(0x6C, 0x0120_0000);
        rig.set64(0x70, 0x1_4000_0000L);
        rig.set64(0x78, 0x1_4020_0000L);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void softwareFindsTheGranularityByWritingOnes() {
        rig.set(0x68, -1);
        rig.set64(0x70, -1);
        assertThat(rig.get(0x68)).isEqualTo(0xFFE0_0000);
        assertThat(rig.get64(0x70)).isEqualTo(0xFFFF_FFFF_FFE0_0000L);
    }

    @Test
    void theStatusFollowsTheEnable() {
        assertThat(rig.get(0x64)).isZero();
        rig.set(0x64, 0x8000_0000);
        assertThat(rig.get(0x64)).isEqualTo(0x8000_0001);
        rig.set(0x64, 0);
        assertThat(rig.get(0x64)).isZero();
    }

    @TestFactory
    Stream<DynamicTest> requestsAreBlockedInsideOnly() {
        record Case(long address, boolean inside) { }
        return Stream.of(new Case(0x00FF_FFFCL, false), new Case(0x0100_0000L, true), new Case(0x0120_0000L, true), new Case(0x013F_FFFCL, true),
                new Case(0x0140_0000L, false), new Case(0x1_3FFF_FFFCL, false), new Case(0x1_4000_0000L, true), new Case(0x1_403F_FFFCL, true),
                new Case(0x1_4040_0000L, false), new Case(0x00FF_FFFEL, true)).map(each -> DynamicTest.dynamicTest(String.format("%x", each.address()), () -> {
                    assertThat(rig.write(Rig.DEV, each.address())).as("not enabled").isEqualTo(each.address());
                    rig.set(0x64, 0x8000_0000);
                    assertThat(rig.write(Rig.DEV, each.address())).isEqualTo(each.inside() ? -1 : each.address());
                    assertThat(rig.read(Rig.DEV, each.address())).isEqualTo(each.inside() ? -1 : each.address());
                    assertThat(rig.isRecorded(0)).as("not a fault").isFalse();
                    rig.set(0x64, 0);
                }));
    }

    @Test
    void passThroughIsBlockedTooAndTranslationIsNot() {
        rig.set(0x64, 0x8000_0000);
        rig.enable();
        rig.context(Rig.DEV, 1, 0, 3, 2);
        rig.map(rig.domain(Rig.FAR, 2), 0x1000, 0x0100_0000, Rig.RW);
        assertThat(rig.write(Rig.DEV, 0x0100_0000L)).isEqualTo(-1);
        assertThat(rig.write(Rig.FAR, 0x1000)).isEqualTo(0x0100_0000L);
    }

    /** Source: Protected Memory Enable Register: from the processors of 2015 on whatever the tables say. */
    @Test
    void aNewerUnitBlocksTranslationToo() {
        try (Rig newer = new Rig("server")) {
            newer.set(0x68, 0x0100_0000);
            newer.set(0x6C, 0x0120_0000);
            newer.set(0x64, 0x8000_0000);
            newer.enable();
            newer.map(newer.domain(Rig.FAR, 2), 0x1000, 0x0100_0000, Rig.RW);
            newer.map(newer.peek(newer.contextEntry(Rig.FAR)) & ~0xFFFL, 0x2000, 0x0200_0000, Rig.RW);
            assertThat(newer.write(Rig.FAR, 0x1000)).isEqualTo(-1);
            assertThat(newer.isRecorded(0)).as("not a fault").isFalse();
            assertThat(newer.write(Rig.FAR, 0x2000)).isEqualTo(0x0200_0000L);
        }
    }

    @Test
    void aLimitBelowTheBaseProtectsNothing() {
        rig.set(0x6C, 0x00E0_0000);
        rig.set(0x64, 0x8000_0000);
        assertThat(rig.write(Rig.DEV, 0x0100_0000L)).isEqualTo(0x0100_0000L);
    }
}
