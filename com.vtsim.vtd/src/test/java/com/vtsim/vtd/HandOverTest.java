package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.pci.bus.HostBridge;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices on the bus behind the unit, and the unit replaced under them. */
class HandOverTest {
    private static final long IOVA = 0x1000;
    private static final long OWN = 0x200_0000;
    private static final long VICTIM = 0x1000;
    private Rig rig;
    private final Device device = new Device("dev", "00:03.0");
    private final Device other = new Device("other", "00:03.1");

    private static final class Device extends BusMaster {
        Device(String name, String address) {
            super(name, address);
        }

        boolean write(long address, int value) {
            return upstream.write(address, new byte[] {(byte) value, 0, 0, 0}, 0, 4);
        }
    }

    @BeforeEach
    void build() {
        rig = new Rig();
        rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        rig.machine.add(device);
        rig.machine.add(other);
        device.configWrite(4, 2, 6);
        other.configWrite(4, 2, 6);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /** S35: with VT-d off, DMA reaches the monitor's memory; with it on, it is blocked. */
    @Test
    void dmaReachesTheMonitorUntilRemappingIsOn() {
        assertThat(device.write(VICTIM, 0x66)).isTrue();
        assertThat(rig.peek(VICTIM)).isEqualTo(0x66);
        rig.enable();
        rig.domain(Rig.DEV, 1);
        assertThat(device.write(VICTIM, 0x77)).isFalse();
        assertThat(rig.peek(VICTIM)).isEqualTo(0x66);
        assertThat(rig.reason(0)).isEqualTo(0x05);
    }

    /** S8, S39: each device in its own domain, at the same address of theirs. */
    @Test
    void twoDevicesInTwoDomainsMeetDifferentMemory() {
        rig.enable();
        rig.map(rig.domain(Rig.DEV, 1), IOVA, OWN, Rig.RW);
        rig.map(rig.domain(Rig.DEV_F1, 2), IOVA, OWN + 0x1000, Rig.RW);
        device.write(IOVA + 4, 0x11);
        other.write(IOVA + 4, 0x22);
        assertThat(rig.peek(OWN)).isEqualTo(0x11L << 32);
        assertThat(rig.peek(OWN + 0x1000)).isEqualTo(0x22L << 32);
        assertThat(rig.peek(IOVA)).isZero();
    }

    @Test
    void aTransferOverPagesIsTranslatedPageByPage() {
        rig.enable();
        long table = rig.domain(Rig.DEV, 1);
        rig.map(table, 0x1000, OWN, Rig.RW);
        rig.map(table, 0x2000, OWN + 0x5000, Rig.RW);
        assertThat(device.upstream.write(0x1FFC, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8)).isTrue();
        assertThat(rig.machine.memory().read(OWN + 0xFFC, 4)).isEqualTo(0x0403_0201);
        assertThat(rig.machine.memory().read(OWN + 0x5000, 4)).isEqualTo(0x0807_0605);
    }

    /** A device that forges interrupts as memory writes. */
    @Test
    void aForgedInterruptIsBlocked() {
        rig.interrupts(7, false);
        assertThat(device.write(0xFEE0_0000L, 0x31)).isFalse();
        assertThat(rig.messages.heard).isEmpty();
        assertThat(rig.reason(0)).isEqualTo(0x25);
        rig.irte(1, 1 | 0x31_0000, 1 << 18 | Rig.DEV_F1);
        assertThat(device.upstream.message(0xFEE0_0030L, 0)).isFalse();
        assertThat(other.upstream.message(0xFEE0_0030L, 0)).isTrue();
        assertThat(rig.messages.heard).containsExactly("fee00000 31");
    }

    @Test
    void aReplacedUnitGoesOnWithRegistersTablesAndCaches() {
        rig.enable().queue();
        rig.interrupts(7, true);
        long table = rig.domain(Rig.DEV, 1);
        rig.map(table, IOVA, OWN, Rig.RW);
        rig.irte(1, 1 | 0x31_0000, 0);
        assertThat(device.write(IOVA, 0x11)).isTrue();
        assertThat(device.upstream.message(0xFEE0_0030L, 0)).isTrue();
        device.write(0x9000, 0);
        rig.map(table, IOVA, OWN + 0x1000, Rig.RW);
        rig.irte(1, 0, 0);
        State before = rig.unit.save();
        RemappingHardware successor = Rig.unit("client", 0, false);
        rig.machine.remove(rig.unit);
        rig.machine.add(successor);
        assertThat(successor.save()).usingRecursiveComparison().isEqualTo(before);
        assertThat(rig.reason(0)).isEqualTo(0x05);
        assertThat(device.write(IOVA, 0x22)).isTrue();
        assertThat(rig.peek(OWN)).as("the IOTLB was carried over, stale as it was").isEqualTo(0x22);
        assertThat(device.upstream.message(0xFEE0_0030L, 0)).as("and the interrupt entry cache").isTrue();
    }

    @Test
    void inTheGapNothingPassesUntranslated() {
        rig.enable();
        rig.map(rig.domain(Rig.DEV, 1), IOVA, OWN, Rig.RW);
        assertThat(device.write(IOVA, 0x11)).isTrue();
        rig.machine.remove(rig.unit);
        rig.machine.settle();
        assertThat(device.write(IOVA, 0x22)).isFalse();
        assertThat(device.upstream.message(0xFEE0_0000L, 0x31)).isFalse();
        byte[] read = new byte[4];
        assertThat(device.upstream.read(OWN, read, 0, 4)).isFalse();
        assertThat(read).containsOnly(0xFF);
        assertThat(rig.peek(IOVA)).as("untranslated").isZero();
        assertThat(rig.peek(OWN)).isEqualTo(0x11);
        rig.machine.add(Rig.unit("client", 0, false));
        assertThat(device.write(IOVA, 0x33)).isTrue();
        assertThat(rig.peek(OWN)).isEqualTo(0x33);
    }

    @Test
    void aPlatformResetWithoutTheUnitIsAPlatformWithoutIt() {
        rig.machine.remove(rig.unit);
        rig.machine.settle();
        assertThat(device.write(VICTIM, 0x11)).isFalse();
        rig.machine.reset(Reset.WARM);
        device.configWrite(4, 2, 6);
        assertThat(device.write(VICTIM, 0x11)).isTrue();
    }

    @Test
    void aStateOfAnotherNumberOfRecordsIsRefused() {
        State state = rig.unit.save();
        RemappingHardware wider = Rig.unit("client", 8, false);
        State own = wider.save();
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> wider.restore(state)).isInstanceOf(com.vtsim.api.machine.StateException.class).hasMessageContaining("records");
        assertThat(wider.save()).usingRecursiveComparison().isEqualTo(own);
    }
}
