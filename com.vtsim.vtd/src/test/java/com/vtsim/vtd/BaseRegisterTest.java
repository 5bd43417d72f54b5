package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.pci.bus.HostBridge;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** S31, S32: from function 00:00.0 by MCHBAR to the remap base register, from there to the unit, from its RTADDR to the root table. */
class BaseRegisterTest {
    private static final long MCHBAR = 0xFED1_0000L;
    private static final int VTD_VERSION = 0x10;
    private Rig rig;

    @AfterEach
    void close() {
        rig.close();
    }

    private static RemappingHardware unit(String layout) {
        return new RemappingHardware("vtd0", BaseRegister.Layout.named(layout), Rig.BASE, Scope.parse("all", ""), Capability.of("client", 0, false),
                new Caches(64, TranslationCache.Replacement.LRU));
    }

    private void build(String layout) {
        rig = new Rig(unit(layout));
        rig.machine.add(new HostBridge("host", "gm45", "1af4:1100"));
        rig.machine.ports().write(0xCF8, 4, 0x8000_0060);
        rig.machine.ports().write(0xCFC, 4, 0xE000_0001);
    }

    private void config(int function, int offset, int value) {
        rig.machine.memory().write(0xE000_0000L | function << 12 | offset, 4, value & 0xFFFF_FFFFL);
    }

    private long hub(int offset) {
        return rig.machine.memory().read(MCHBAR + offset, 8);
    }

    @TestFactory
    Stream<DynamicTest> softwareFindsTheUnitInTheHubsSpace() {
        record Case(String layout, int offset) { }
        return Stream.of(new Case("gm45-me", 0x10), new Case("gm45-graphics", 0x18), new Case("gm45-vc0", 0x20), new Case("gm45-vc1", 0x28),
                new Case("client-graphics", 0x5400), new Case("client-vc0", 0x5410)).map(each -> DynamicTest.dynamicTest(each.layout(), () -> {
                    build(each.layout());
                    assertThat(hub(each.offset())).as("MCHBAR not enabled").isEqualTo(-1);
                    config(0, 0x48, (int) MCHBAR | 1);
                    long value = hub(each.offset());
                    assertThat(value).isEqualTo(Rig.BASE | 1);
                    rig.enable();
                    long root = rig.machine.memory().read((value & ~0xFFFL) + 0x20, 8);
                    assertThat(root).isEqualTo(Rig.ROOT);
                    rig.map(rig.domain(Rig.DEV, 1), 0x1000, 0x200_0000, Rig.RW);
                    assertThat(rig.read(Rig.DEV, 0x1000)).isEqualTo(0x200_0000);
                    assertThat(hub(0x30)).as("beside it").isZero();
                    rig.close();
                }));
    }

    @Test
    void theBaseRegisterMovesTheWindow() {
        build("gm45-vc0");
        config(0, 0x48, (int) MCHBAR | 1);
        rig.machine.memory().write(MCHBAR + 0x20, 8, 0xFED9_4000L | 1);
        assertThat(rig.machine.memory().read(Rig.BASE, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(rig.machine.memory().read(0xFED9_4000L, 4)).isEqualTo(VTD_VERSION);
        assertThat(rig.unit.registerBase()).isEqualTo(0xFED9_4000L);
        rig.machine.memory().write(MCHBAR + 0x20, 4, 0);
        assertThat(rig.machine.memory().read(0xFED9_4000L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(rig.unit.registerBase()).isEqualTo(-1);
    }

    @Test
    void theHubsSpaceMovesAndIsWithdrawn() {
        build("gm45-vc0");
        config(0, 0x48, (int) MCHBAR | 1);
        config(0, 0x48, 0xFED1_4000 | 1);
        assertThat(hub(0x20)).isEqualTo(-1);
        assertThat(rig.machine.memory().read(0xFED1_4020L, 8)).isEqualTo(Rig.BASE | 1);
        config(0, 0x48, 0xFED1_4000);
        assertThat(rig.machine.memory().read(0xFED1_4020L, 8)).isEqualTo(-1);
    }

    @Test
    void theServersBaseIsInConfigurationSpace() {
        build("server");
        rig.machine.add(new VtBar("vtbar", "00:05.0"));
        int function = 0x28;
        assertThat(rig.machine.memory().read(0xE000_0000L | function << 12 | 0x180, 4)).isEqualTo(Rig.BASE | 1);
        config(function, 0x180, 0xFBFF_C000 | 1);
        assertThat(rig.machine.memory().read(0xFBFF_C000L, 4)).isEqualTo(VTD_VERSION);
        assertThat(rig.machine.memory().read(Rig.BASE, 4)).isEqualTo(0xFFFF_FFFFL);
        rig.machine.reset(Reset.WARM);
        assertThat(rig.machine.memory().read(Rig.BASE, 4)).isEqualTo(VTD_VERSION);
    }

    @Test
    void theMovedWindowIsCarriedOver() {
        build("gm45-vc0");
        config(0, 0x48, (int) MCHBAR | 1);
        rig.machine.memory().write(MCHBAR + 0x20, 8, 0xFED9_4000L | 1);
        State before = rig.unit.save();
        rig.machine.remove(rig.unit);
        RemappingHardware successor = unit("gm45-vc0");
        rig.machine.add(successor);
        assertThat(rig.machine.memory().read(0xFED9_4000L, 4)).isEqualTo(VTD_VERSION);
        assertThat(successor.save()).usingRecursiveComparison().isEqualTo(before);
    }
}
