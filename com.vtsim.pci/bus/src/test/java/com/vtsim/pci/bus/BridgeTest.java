package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StatelessPart;
import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.register.RegisterRules;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Bridges by configuration cycles, memory and port accesses, and requests. Expectations: PCI-to-PCI Bridge Architecture Specification;
 * PCI Express Base Specification, Type 1 Configuration Space Header.
 */
class BridgeTest {
    private static final int PORT = Bench.address(0, 0x1C, 0);
    private static final long ALL = 0xFFFF_FFFFL;

    private final Bench bench = new Bench();
    private final List<Bench> more = new ArrayList<>();
    private final Bridge port = port("rp1", "00:1c.0", 1);
    private final FakeFunction nic = new FakeFunction("nic", "01:00.0");
    private final Wires wires = new Wires();
    private final HeardMessages target = new HeardMessages();

    private static final class Wires extends StatelessPart implements InterruptRouter {
        private final boolean[][] high = new boolean[32][5];

        @Override
        public void wire(int device, int pin, boolean asserted) {
            high[device][pin] = asserted;
        }

        @Override
        public int pirq(int device, int pin) {
            return -1;
        }

        @Override
        public int line(int pirq) {
            return -1;
        }
    }

    /** Keeps who asked. */
    private static final class Unit extends StatelessPart implements RequestTranslator {
        private int asked = -1;

        @Override
        public boolean owns(int sourceId) {
            return true;
        }

        @Override
        public boolean translate(Request request) {
            asked = request.sourceId;
            return true;
        }

        @Override
        public boolean remap(Message message) {
            asked = message.sourceId;
            return true;
        }
    }

    private static Bridge port(String name, String address, int behind) {
        return new Bridge(name, address, "root-port", behind, behind, true, false);
    }

    BridgeTest() {
        bench.machine.add(wires);
        bench.machine.add(target);
        bench.machine.add(port);
        bench.machine.add(nic);
    }

    @AfterEach
    void close() {
        bench.close();
        more.forEach(Bench::close);
    }

    private static void number(Bench bench, int bridge, int primary, int secondary, int subordinate) {
        bench.write(bridge, 0x18, 4, primary | secondary << 8 | subordinate << 16);
    }

    private void open() {
        number(bench, PORT, 0, 5, 7);
        bench.write(PORT, 0x20, 4, 0xFE10_FE00);
        bench.write(PORT, 0x1C, 2, 0xC0C0);
        bench.write(PORT, 0x24, 4, 0xFD00_FD00);
        bench.write(PORT, 0x04, 2, 0x0007);
    }

    private static int card(int bus) {
        return Bench.address(bus, 0, 0);
    }

    @TestFactory
    Stream<DynamicTest> header() {
        return RegisterRules.of(BridgeRegister.class, () -> {
            Bench fresh = new Bench();
            more.add(fresh);
            fresh.machine.add(port("rp1", "00:1c.0", 1));
            return fresh.door(PORT);
        }, List.of(BridgeRegister.VID, BridgeRegister.DID, BridgeRegister.RID, BridgeRegister.CAPPTR, BridgeRegister.INTPN));
    }

    @Test
    void itIsABridge() {
        assertThat(bench.read(PORT, 0x08, 4) >>> 8).as("class").isEqualTo(0x06_04_00);
        assertThat(bench.read(PORT, 0x0E, 1)).as("header type").isEqualTo(1);
        bench.write(PORT, 0x10, 4, -1);
        assertThat(bench.read(PORT, 0x10, 4)).as("no base address").isZero();
    }

    @Test
    void behindABridgeWithoutNumbersNobodyAnswers() {
        for (int bus = 1; bus < 256; bus++) {
            assertThat(bench.read(card(bus), 0, 4)).as("bus %d", bus).isEqualTo(-1);
        }
    }

    @Test
    void functionsAnswerOnTheSecondaryBusAsNumbered() {
        number(bench, PORT, 0, 5, 7);
        assertThat(bench.read(card(5), 0, 4)).isEqualTo(0x10D3_8086);
        assertThat(bench.read(card(1), 0, 4)).as("the configured bus is no number").isEqualTo(-1);
        assertThat(bench.read(card(6), 0, 4)).as("nobody further on").isEqualTo(-1);
        number(bench, PORT, 0, 9, 9);
        assertThat(bench.read(card(9), 0, 4)).isEqualTo(0x10D3_8086);
        assertThat(bench.read(card(5), 0, 4)).isEqualTo(-1);
        assertThat(bench.host.address(nic)).hasToString("09:00.0");
        assertThat(bench.host.function(PciAddress.parse("09:00.0"))).contains(nic);
    }

    @Test
    void theMemoryMappedMechanismReachesEveryBus() {
        bench.write(Bench.HOST, 0x60, 4, 0xE000_0001);
        number(bench, PORT, 0, 0xFF, 0xFF);
        assertThat(bench.machine.memory().read(0xE000_0000L + (0xFFL << 20), 4)).isEqualTo(0x10D3_8086L);
        assertThat(bench.machine.memory().read(0xE000_0000L + (0xFEL << 20), 4)).isEqualTo(ALL);
    }

    @Test
    void onALinkThereIsDeviceZeroOnly() {
        number(bench, PORT, 0, 5, 5);
        assertThat(bench.read(Bench.address(5, 1, 0), 0, 4)).isEqualTo(-1);
        bench.machine.add(new FakeFunction("nic2", "01:03.0"));
        assertThat(bench.read(Bench.address(5, 3, 0), 0, 4)).isEqualTo(-1);
        bench.machine.add(new HaltedProcessor(0));
        bench.pass(1000);
        assertThat(bench.machine.status().reports()).anyMatch(report -> report.contains("only device 0"));
    }

    @Test
    void anAbsentFunctionIsAMasterAbort() {
        number(bench, PORT, 0, 5, 5);
        bench.read(card(5), 0, 4);
        assertThat(bench.read(PORT, 0x1E, 2)).isZero();
        bench.read(Bench.address(5, 0, 3), 0, 4);
        assertThat(bench.read(PORT, 0x1E, 2)).as("received master abort").isEqualTo(0x2000);
        bench.write(PORT, 0x1E, 2, 0x2000);
        assertThat(bench.read(PORT, 0x1E, 2)).isZero();
    }

    @Test
    void configurationOfLevelsGoesByRange() {
        bench.machine.add(new Bridge("up", "02:00.0", "switch-up", 3, 0, false, false));
        bench.machine.add(new Bridge("down", "03:04.0", "switch-down", 4, 9, true, false));
        bench.machine.add(new FakeFunction("deep", "04:00.0"));
        bench.machine.add(port("rp2", "00:1c.1", 2));
        int second = Bench.address(0, 0x1C, 1);
        number(bench, second, 0, 0x20, 0x2F);
        number(bench, Bench.address(0x20, 0, 0), 0x20, 0x21, 0x2F);
        number(bench, Bench.address(0x21, 4, 0), 0x21, 0x22, 0x22);
        assertThat(bench.read(card(0x22), 0, 4)).isEqualTo(0x10D3_8086);
        number(bench, second, 0, 0x20, 0x21);
        assertThat(bench.read(card(0x22), 0, 4)).as("beyond the subordinate bus").isEqualTo(-1);
    }

    @Test
    void memoryIsForwardedWithinTheWindowOnly() {
        open();
        bench.write(card(5), 0x10, 4, 0xFE00_0000);
        bench.write(card(5), 0x04, 2, 2);
        assertThat(bench.machine.memory().read(0xFE00_0000L, 1)).isEqualTo(0x10);
        bench.write(card(5), 0x10, 4, 0xFE20_0000);
        assertThat(bench.machine.memory().read(0xFE20_0000L, 1)).as("beyond the limit").isEqualTo(0xFF);
        bench.write(PORT, 0x22, 2, 0xFE20);
        assertThat(bench.machine.memory().read(0xFE20_0000L, 1)).as("the window follows").isEqualTo(0x10);
    }

    @Test
    void aWindowThatBeginsWithinABaseAddressForwardsTheRest() {
        open();
        bench.write(card(5), 0x18, 4, 0xFE00_0000);
        bench.write(card(5), 0x1C, 4, 0);
        bench.write(card(5), 0x04, 2, 2);
        bench.write(PORT, 0x20, 4, 0xFE00_FE00);
        assertThat(bench.machine.memory().read(0xFE00_0000L, 1)).isEqualTo(0x20);
        bench.write(PORT, 0x20, 4, 0xFDF0_FE00);
        assertThat(bench.machine.memory().read(0xFE00_0000L, 1)).as("limit below base closes the window").isEqualTo(0xFF);
    }

    /** Source: PCI Express Base Specification, Device Capabilities 2 Register: ARI Forwarding Supported, End-End TLP Prefix Supported. */
    @Test
    void aPortForwardsPrefixesFromEndToEndAndAlternativeFunctions() {
        int at = bench.read(PORT, 0x34, 1);
        while (bench.read(PORT, at, 1) != 0x10) {
            at = bench.read(PORT, at + 1, 1);
        }
        assertThat(bench.read(PORT, at + 0x24, 4) & (1 << 21 | 1 << 5)).isEqualTo(1 << 21 | 1 << 5);
    }

    @Test
    void thePrefetchableWindowHas64Bits() {
        open();
        bench.write(PORT, 0x24, 4, 0x0011_0011);
        bench.write(PORT, 0x28, 4, 0x80);
        bench.write(PORT, 0x2C, 4, 0x80);
        assertThat(bench.read(PORT, 0x24, 2) & 0xF).as("64-bit decoding").isEqualTo(1);
        bench.write(card(5), 0x18, 4, 0x0010_0000);
        bench.write(card(5), 0x1C, 4, 0x80);
        bench.write(card(5), 0x04, 2, 2);
        assertThat(bench.machine.memory().read(0x80_0010_0000L, 1)).isEqualTo(0x20);
    }

    @Test
    void portsAreForwardedWithinTheWindowOnly() {
        open();
        bench.write(card(5), 0x14, 4, 0xC100);
        bench.write(card(5), 0x04, 2, 1);
        assertThat(bench.machine.ports().read(0xC104, 2)).isEqualTo(0xC104);
        bench.write(PORT, 0x3E, 2, 4);
        assertThat(bench.machine.ports().read(0xC104, 2)).as("ISA enable keeps the upper 768 of each KiB out").isEqualTo(0xFFFF);
        bench.write(PORT, 0x3E, 2, 0);
        bench.write(card(5), 0x14, 4, 0xD100);
        assertThat(bench.machine.ports().read(0xD104, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void theBridgesEnablesClose() {
        open();
        bench.write(card(5), 0x10, 4, 0xFE00_0000);
        bench.write(card(5), 0x14, 4, 0xC000);
        bench.write(card(5), 0x04, 2, 7);
        bench.write(PORT, 0x04, 2, 5);
        assertThat(bench.machine.memory().read(0xFE00_0000L, 1)).isEqualTo(0xFF);
        assertThat(bench.machine.ports().read(0xC004, 2)).isEqualTo(0xC004);
        bench.write(PORT, 0x04, 2, 6);
        assertThat(bench.machine.memory().read(0xFE00_0000L, 1)).isEqualTo(0x10);
        assertThat(bench.machine.ports().read(0xC004, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void requestsNeedTheBridgesBusMasterEnable() {
        open();
        bench.write(card(5), 0x04, 2, 4);
        assertThat(nic.upstream.write(0x1000, new byte[] {1}, 0, 1)).isTrue();
        bench.write(PORT, 0x04, 2, 3);
        assertThat(nic.upstream.write(0x1000, new byte[] {2}, 0, 1)).isFalse();
        assertThat(nic.upstream.message(0xFEE0_0000L, 0x41)).isFalse();
        assertThat(bench.machine.memory().read(0x1000, 1)).isEqualTo(1);
        assertThat(target.data).isEmpty();
    }

    @Test
    void theRequesterIsNamedByTheGuestsNumbers() {
        Unit unit = new Unit();
        bench.machine.add(unit);
        open();
        bench.write(card(5), 0x04, 2, 4);
        nic.upstream.write(0x1000, new byte[1], 0, 1);
        assertThat(unit.asked).isEqualTo(0x0500);
        number(bench, PORT, 0, 6, 7);
        nic.upstream.message(0xFEE0_0000L, 0x41);
        assertThat(unit.asked).isEqualTo(0x0600);
        assertThat(nic.upstream.sourceId()).isEqualTo(0x0600);
    }

    @Test
    void behindABridgeToPciTheBridgeAsks() {
        Unit unit = new Unit();
        FakeFunction old = new FakeFunction("old", "08:07.0");
        bench.machine.add(unit);
        bench.machine.add(new Bridge("legacy", "00:1e.0", "pci-bridge", 8, 0, false, false));
        bench.machine.add(old);
        int bridge = Bench.address(0, 0x1E, 0);
        number(bench, bridge, 0, 0x30, 0x30);
        bench.write(bridge, 0x04, 2, 4);
        bench.write(Bench.address(0x30, 7, 0), 0x04, 2, 4);
        assertThat(old.upstream.write(0x1000, new byte[1], 0, 1)).isTrue();
        assertThat(unit.asked).as("device 0 of the secondary bus").isEqualTo(0x3000);
    }

    @Test
    void interruptPinsRotateByDeviceOnTheirWayUp() {
        FakeFunction old = new FakeFunction("old", "08:07.0");
        bench.machine.add(new Bridge("legacy", "00:1e.0", "pci-bridge", 8, 0, false, false));
        bench.machine.add(old);
        nic.config.interrupt(true);
        old.config.interrupt(true);
        assertThat(wires.high[0x1C][1]).as("device 0: INTA stays INTA").isTrue();
        assertThat(wires.high[0x1E][4]).as("device 7: INTA is INTD").isTrue();
        old.config.interrupt(false);
        assertThat(wires.high[0x1E][4]).isFalse();
        assertThat(wires.high[0x1C][1]).isTrue();
    }

    @Test
    void secondaryBusResetResetsWhatIsBehind() {
        open();
        bench.write(card(5), 0x10, 4, 0xFE00_0000);
        bench.write(card(5), 0x04, 2, 7);
        bench.write(PORT, 0x3E, 2, 0x40);
        assertThat(bench.read(card(5), 0, 4)).as("while it is held").isEqualTo(-1);
        bench.write(PORT, 0x3E, 2, 0);
        assertThat(bench.read(card(5), 0x10, 4)).isZero();
        assertThat(bench.read(card(5), 0x04, 2)).isZero();
        assertThat(bench.read(PORT, 0x19, 1)).as("the bridge keeps its own").isEqualTo(5);
    }

    @Test
    void aDisabledLinkHidesTheCard() {
        open();
        assertThat(bench.read(PORT, 0x40 + 0x12, 2) & 0x2000).as("link active").isNotZero();
        bench.write(PORT, 0x40 + 0x10, 2, 0x10);
        assertThat(bench.read(PORT, 0x40 + 0x12, 2) & 0x2000).isZero();
        assertThat(bench.read(card(5), 0, 4)).isEqualTo(-1);
        bench.write(PORT, 0x40 + 0x10, 2, 0);
        assertThat(bench.read(card(5), 0, 4)).isEqualTo(0x10D3_8086);
    }

    @Test
    void firmwareLeavesTheConfiguredNumbers() {
        bench.machine.call(() -> {
            bench.host.asFirmwareLeaves();
            return null;
        });
        assertThat(bench.read(PORT, 0x18, 4)).isEqualTo(0x0001_0100);
        assertThat(bench.read(card(1), 0, 4)).isEqualTo(0x10D3_8086);
    }

    @Test
    void aResetForgetsNumbersAndWindows() {
        open();
        bench.machine.reset(Reset.WARM);
        assertThat(bench.read(PORT, 0x18, 4)).isZero();
        assertThat(bench.read(PORT, 0x04, 2)).isZero();
    }

    @Test
    void stateIsCarriedOver() {
        open();
        var saved = port.save();
        port.reset(Reset.COLD);
        port.restore(saved);
        assertThat(bench.read(PORT, 0x18, 4)).isEqualTo(0x0007_0500);
        assertThat(bench.read(card(5), 0, 4)).isEqualTo(0x10D3_8086);
    }

    @Test
    void configurationsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> port("x", "00:1c.0", 0)).hasMessageContaining("1 to 255");
        assertThatThrownBy(() -> new Bridge("x", "00:1c.0", "tunnel", 1, 0, true, false)).hasMessageContaining("root-port");
        assertThatThrownBy(() -> new Bridge("x", "00:1c.0", "root-port", 1, 9000, true, false)).hasMessageContaining("8191");
    }
}
