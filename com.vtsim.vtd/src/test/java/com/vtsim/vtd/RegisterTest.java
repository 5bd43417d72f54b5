package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterRules;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Registers by the guest's door. Source: VT-d specification, Register Descriptions. */
class RegisterTest {
    private final List<Rig> rigs = new ArrayList<>();

    private Rig rig(String profile) {
        Rig rig = new Rig(profile);
        rigs.add(rig);
        return rig;
    }

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    private RegisterRules.Door door() {
        Rig rig = rig("scalable");
        return new RegisterRules.Door() {
            @Override
            public long read(int offset, int size) {
                return rig.machine.memory().read(Rig.BASE + offset, size);
            }

            @Override
            public void write(int offset, int size, long value) {
                rig.machine.memory().write(Rig.BASE + offset, size, value);
            }
        };
    }

    @TestFactory
    Stream<DynamicTest> tableRules() {
        return RegisterRules.of(VtdRegister.class, this::door, List.of(VtdRegister.VER, VtdRegister.CAP, VtdRegister.ECAP, VtdRegister.GSTS, VtdRegister.RTADDR, VtdRegister.CCMD,
                VtdRegister.PMEN, VtdRegister.IQA, VtdRegister.IOTLB));
    }

    @TestFactory
    Stream<DynamicTest> memoryTypeRegisterRules() {
        return RegisterRules.of(MemoryTypeRegister.class, this::door, List.of());
    }

    @Test
    void theVersionIsTheProfiles() {
        assertThat(rig("client").get(0x00)).isEqualTo(0x10);
        assertThat(rig("scalable").get(0x00)).isEqualTo(0x40);
    }

    @Test
    void aRegisterIsReadByHalves() {
        Rig rig = rig("client");
        assertThat(rig.get(0x08) & 0xFFFF_FFFFL | (long) rig.get(0x0C) << 32).isEqualTo(rig.get64(0x08));
    }

    @Test
    void rootTableAddressIsWrittenByHalves() {
        Rig rig = rig("server");
        rig.set(0x20, 0x1234_5000);
        rig.set(0x24, 0x2A);
        assertThat(rig.get64(0x20)).isEqualTo(0x2A_1234_5000L);
    }

    /** Source: Fault Conditions, RTA.1: the mode can be written, and no request is served. */
    @Test
    void aUnitWithoutScalableModeServesNoRequestInIt() {
        for (int mode = 1; mode <= 3; mode++) {
            Rig rig = rig("client");
            rig.set64(0x20, Rig.ROOT | mode << 10);
            rig.command(Rig.SRTP);
            rig.command(Rig.TE);
            assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(-1);
            assertThat(rig.reason(0)).isEqualTo(0x30);
        }
    }

    /** Source: Context Command Register, IOTLB Invalidate Register: not with tables of scalable mode. */
    @Test
    void invalidationByRegisterIsForLegacyModeOnly() {
        try (ScalableRig r = new ScalableRig()) {
            r.map(r.second(Rig.DEV, 0, 1), 0x1000, 0x200_0000, 3);
            r.read(Rig.DEV, -1, 0x1000);
            int cached = r.rig.unit.cached().size();
            r.rig.set64(0x28, 1L << 63 | 1L << 61);
            r.rig.set64(0x508, 1L << 63 | 1L << 60);
            assertThat(r.rig.get64(0x28) >>> 59).as("done, granularity 0").isEqualTo(4);
            assertThat(r.rig.get64(0x508) >>> 57).as("done, granularity 0").isEqualTo(8);
            assertThat(r.rig.unit.cached()).hasSize(cached);
        }
    }

    /** Source: Global Command Register, Translation Enable. */
    @Test
    void disablingTranslationEmptiesTheCachesOfAScalableUnit() {
        try (ScalableRig r = new ScalableRig()) {
            r.map(r.second(Rig.DEV, 0, 1), 0x1000, 0x200_0000, 3);
            r.read(Rig.DEV, -1, 0x1000);
            assertThat(r.rig.unit.cached()).isNotEmpty();
            r.rig.disable(Rig.TE);
            assertThat(r.rig.unit.cached()).isEmpty();
        }
    }

    /** Source: Global Command Register, Interrupt Remapping Enable. */
    @Test
    void disablingInterruptRemappingDropsItsEntriesWhereAnnounced() {
        for (String profile : List.of("client", "server")) {
            Rig rig = rig(profile).interrupts(7, false);
            rig.irte(1, 0x0000_0100_0041_0001L, 0);
            rig.interrupt(Rig.DEV, 0xFEE0_0030L, 0);
            rig.disable(Rig.IRE);
            assertThat(rig.unit.cached()).as(profile).hasSize(profile.equals("client") ? 1 : 0);
        }
    }

    /** Source: Global Command Register, Global Status Register. */
    @TestFactory
    Stream<DynamicTest> enablesAreReflectedAndWithdrawn() {
        record Case(String name, int bit) { }
        return Stream.of(new Case("TE", Rig.TE), new Case("QIE", Rig.QIE), new Case("IRE", Rig.IRE), new Case("CFI", Rig.CFI))
                .map(each -> DynamicTest.dynamicTest(each.name() + " is reflected and withdrawn", () -> {
                    Rig rig = rig("client");
                    rig.command(each.bit());
                    assertThat(rig.get(0x1C)).isEqualTo(each.bit());
                    rig.disable(each.bit());
                    assertThat(rig.get(0x1C)).isZero();
                }));
    }

    @Test
    void settingTheRootTablePointerIsAcknowledged() {
        Rig rig = rig("client");
        rig.command(Rig.SRTP);
        assertThat(rig.get(0x1C)).isEqualTo(Rig.SRTP);
    }

    @Test
    void settingTheInterruptTablePointerIsAcknowledged() {
        Rig rig = rig("client");
        rig.command(Rig.SIRTP);
        assertThat(rig.get(0x1C)).isEqualTo(Rig.SIRTP);
    }

    @Test
    void aWriteBufferFlushEndsAtOnce() {
        Rig rig = rig("gm45");
        rig.command(Rig.WBF);
        assertThat(rig.get(0x1C) & Rig.WBF).isZero();
    }

    @Test
    void oneShotCommandsLeaveEnablesAlone() {
        Rig rig = rig("client").enable();
        rig.command(Rig.SIRTP);
        assertThat(rig.get(0x1C)).isEqualTo(Rig.TE | Rig.SRTP | Rig.SIRTP);
    }

    @Test
    void theRootTablePointerIsLatchedByTheCommandOnly() {
        Rig rig = rig("client").enable();
        long table = rig.domain(Rig.DEV, 1);
        rig.map(table, 0x1000, 0x200_0000, Rig.RW);
        rig.set64(0x20, 0x3F0_0000);
        assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(0x200_0000);
    }

    @Test
    void theInterruptTablePointerIsLatchedByTheCommandOnly() {
        Rig rig = rig("client").interrupts(7, false);
        rig.irte(1, 0x0000_0100_0041_0001L, 0);
        rig.set64(0xB8, 0x3F0_0000 | 7);
        assertThat(rig.interrupt(Rig.DEV, 0xFEE0_0030L, 0)).isEqualTo("fee01000 41");
    }

    @Test
    void aUnitWithoutQueueOrInterruptRemappingHasNoneOfTheirRegisters() {
        Rig rig = rig("gm45");
        rig.command(Rig.QIE | Rig.IRE | Rig.CFI | Rig.SIRTP);
        assertThat(rig.get(0x1C)).isZero();
        for (int offset : new int[] {0x88, 0x90, 0xA0, 0xA4, 0xA8, 0xAC, 0xB8}) {
            rig.set(offset, -1);
            assertThat(rig.get(offset)).as("register at %x", offset).isZero();
        }
    }

    @Test
    void bothEventsBeginMasked() {
        Rig rig = rig("client");
        assertThat(rig.get(0x38)).isEqualTo(0x8000_0000);
        assertThat(rig.get(0xA0)).isEqualTo(0x8000_0000);
    }

    /** Source: Fault Recording Registers, sticky over reset. */
    @Test
    void aWarmResetKeepsTheFaultRecordAndAColdOneDoesNot() {
        Rig rig = rig("client").enable();
        rig.read(Rig.DEV, 0x1000);
        rig.machine.reset(Reset.WARM);
        assertThat(rig.get(0x1C)).isZero();
        assertThat(rig.isRecorded(0)).isTrue();
        assertThat(rig.get(0x34) & 2).isEqualTo(2);
        rig.machine.reset(Reset.COLD);
        assertThat(rig.isRecorded(0)).isFalse();
        assertThat(rig.get(0x34)).isZero();
    }

    @Test
    void resetEmptiesTheCaches() {
        Rig rig = rig("client").enable();
        long table = rig.domain(Rig.DEV, 1);
        rig.map(table, 0x1000, 0x200_0000, Rig.RW);
        rig.read(Rig.DEV, 0x1000);
        assertThat(rig.unit.cached()).isNotEmpty();
        rig.machine.reset(Reset.WARM);
        assertThat(rig.unit.cached()).isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> reservedPlacesReadZero() {
        return Stream.of(0x04, 0x30, 0x48, 0x4C, 0x50, 0x54, 0x58, 0x60, 0x98, 0xC0, 0xC8, 0xD0, 0xDC, 0xE0, 0x100, 0x220, 0x410, 0x510, 0xFFC)
                .map(offset -> DynamicTest.dynamicTest(String.format("offset %03x reads 0", offset), () -> {
                    Rig rig = rig("client");
                    rig.set(offset, -1);
                    assertThat(rig.get(offset)).isZero();
                }));
    }
}
