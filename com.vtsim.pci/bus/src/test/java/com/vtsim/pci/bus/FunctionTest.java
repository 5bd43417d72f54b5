package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StatelessPart;
import com.vtsim.api.pci.HeaderRegister;
import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.register.RegisterRules;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A function behind the host bridge: header, base addresses, capabilities, INTx, upstream requests. Expectations: PCI Local Bus Specification, Configuration Space. */
class FunctionTest {
    private static final int NIC = Bench.address(0, 3, 0);

    private final Bench bench = new Bench();
    private final List<Bench> more = new ArrayList<>();
    private final FakeFunction nic = new FakeFunction("nic", "00:03.0");

    FunctionTest() {
        bench.machine.add(nic);
    }

    @AfterEach
    void close() {
        bench.close();
        more.forEach(Bench::close);
    }

    @TestFactory
    Stream<DynamicTest> header() {
        return RegisterRules.of(HeaderRegister.class, () -> {
            Bench fresh = new Bench();
            more.add(fresh);
            fresh.machine.add(new FakeFunction("nic", "00:03.0"));
            return fresh.door(NIC);
        }, List.copyOf(EnumSet.complementOf(EnumSet.of(HeaderRegister.PCICMD, HeaderRegister.CLS, HeaderRegister.MLT, HeaderRegister.HTYPE,
                HeaderRegister.BIST, HeaderRegister.INTLN))));
    }

    @Test
    void identityIsReadOnly() {
        bench.write(NIC, 0x00, 4, 0);
        bench.write(NIC, 0x08, 4, 0);
        bench.write(NIC, 0x2C, 4, 0);
        assertThat(bench.read(NIC, 0x00, 4)).isEqualTo(0x10D3_8086);
        assertThat(bench.read(NIC, 0x08, 4)).isEqualTo(0x0200_0001);
        assertThat(bench.read(NIC, 0x2C, 4)).isEqualTo(0x5678_1234);
        assertThat(bench.read(NIC, 0x3D, 1)).isEqualTo(1);
    }

    @Test
    void sizingShowsLengthAndKind() {
        for (int bar = 0x10; bar <= 0x24; bar += 4) {
            bench.write(NIC, bar, 4, -1);
        }
        assertThat(bench.read(NIC, 0x10, 4)).isEqualTo(0xFFFF_0000);
        assertThat(bench.read(NIC, 0x14, 4)).isEqualTo(0xFFFF_FFE1);
        assertThat(bench.read(NIC, 0x18, 4)).isEqualTo(0xFFF0_000C);
        assertThat(bench.read(NIC, 0x1C, 4)).isEqualTo(-1);
        assertThat(bench.read(NIC, 0x20, 4)).isZero();
        bench.write(NIC, 0x30, 4, 0xFFFF_F800);
        assertThat(bench.read(NIC, 0x30, 4)).isEqualTo(0xFFFF_F000);
    }

    @Test
    void aWindowIsThereOnlyWhileItsSpaceIsEnabledAndMovesWithItsBase() {
        bench.write(NIC, 0x10, 4, 0xFEB0_0000);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.write(NIC, 0x04, 2, 0x0002);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0x10);
        bench.write(NIC, 0x10, 4, 0xFEC0_0000);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.machine.memory().read(0xFEC0_0000L, 4)).isEqualTo(0x10);
        bench.write(NIC, 0x04, 2, 0x0000);
        assertThat(bench.machine.memory().read(0xFEC0_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void sizingWhileEnabledMapsNothingAndRestores() {
        bench.write(NIC, 0x10, 4, 0xFEB0_0000);
        bench.write(NIC, 0x04, 2, 0x0002);
        bench.write(NIC, 0x10, 4, -1);
        assertThat(bench.machine.memory().read(0xFFFF_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.write(NIC, 0x10, 4, 0xFEB0_0000);
        assertThat(bench.machine.memory().read(0xFEB0_FFFCL, 4)).isEqualTo(0x10);
    }

    @Test
    void portsAreMappedByTheirBase() {
        bench.write(NIC, 0x14, 4, 0xC000);
        bench.write(NIC, 0x04, 2, 0x0001);
        assertThat(bench.machine.ports().read(0xC01C, 4)).isEqualTo(0xC01C);
        assertThat(bench.machine.ports().read(0xC020, 4)).isEqualTo(-1);
    }

    @Test
    void a64BitWindowLiesAbove4GiB() {
        bench.write(NIC, 0x18, 4, 0x0010_0000);
        bench.write(NIC, 0x1C, 4, 0x0000_0008);
        bench.write(NIC, 0x04, 2, 0x0002);
        assertThat(bench.machine.memory().read(0x8_0010_0000L, 4)).isEqualTo(0x20);
        bench.write(NIC, 0x1C, 4, 0x0000_0009);
        assertThat(bench.machine.memory().read(0x8_0010_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.machine.memory().read(0x9_001F_FFF8L, 4)).isEqualTo(0x20);
    }

    @Test
    void theRomNeedsItsOwnEnableToo() {
        bench.write(NIC, 0x30, 4, 0xFEA0_0000);
        bench.write(NIC, 0x04, 2, 0x0002);
        assertThat(bench.machine.memory().read(0xFEA0_0000L, 2)).isEqualTo(0xFFFF);
        bench.write(NIC, 0x30, 4, 0xFEA0_0001);
        assertThat(bench.machine.memory().read(0xFEA0_0000L, 2)).isEqualTo(0xAA55);
    }

    @Test
    void capabilitiesAreALinkedList() {
        assertThat(bench.read(NIC, 0x06, 2) & 0x10).as("capabilities list").isEqualTo(0x10);
        assertThat(bench.read(NIC, 0x34, 1)).isEqualTo(0x50);
        assertThat(bench.read(NIC, 0x50, 2)).isEqualTo(0x6005);
        assertThat(bench.read(NIC, 0x60, 2)).isEqualTo(0x0010);
        bench.write(Bench.HOST, 0x60, 4, 0xB000_0001);
        assertThat(bench.machine.memory().read(0xB001_8100L, 4)).isEqualTo(0x1502_0001L);
        assertThat(bench.machine.memory().read(0xB001_8150L, 4)).isEqualTo(0x0001_0003L);
    }

    @Test
    void aReplacedFunctionKeepsItsWindows() {
        bench.write(NIC, 0x10, 4, 0xFEB0_0000);
        bench.write(NIC, 0x04, 2, 0x0002);
        bench.machine.remove(nic);
        bench.machine.settle();
        assertThat(bench.read(NIC, 0, 4)).isEqualTo(-1);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.machine.add(new FakeFunction("nic", "00:03.0"));
        assertThat(bench.read(NIC, 0x10, 4)).isEqualTo(0xFEB0_0000);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0x10);
    }

    @Test
    void resetUnmapsWindows() {
        bench.write(NIC, 0x10, 4, 0xFEB0_0000);
        bench.write(NIC, 0x04, 2, 0x0002);
        bench.machine.reset(Reset.WARM);
        assertThat(bench.machine.memory().read(0xFEB0_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.read(NIC, 0x10, 4)).isZero();
    }

    private static final class FakeRouter extends StatelessPart implements InterruptRouter {
        private final boolean[][] wires = new boolean[32][5];

        @Override
        public void wire(int device, int pin, boolean asserted) {
            wires[device][pin] = asserted;
        }

        @Override
        public int pirq(int device, int pin) {
            return 0;
        }

        @Override
        public int line(int pirq) {
            return -1;
        }
    }

    @Test
    void interruptPinsOfADeviceShareAWire() {
        FakeRouter router = new FakeRouter();
        FakeFunction second = new FakeFunction("nic1", "00:03.1");
        bench.machine.add(router);
        bench.machine.add(second);
        nic.config.interrupt(true);
        second.config.interrupt(true);
        assertThat(router.wires[3][1]).isTrue();
        assertThat(bench.read(NIC, 0x06, 2) & 8).as("interrupt status").isEqualTo(8);
        nic.config.interrupt(false);
        assertThat(router.wires[3][1]).as("the other still asserts").isTrue();
        bench.write(Bench.address(0, 3, 1), 0x04, 2, 0x0400);
        assertThat(router.wires[3][1]).as("interrupt disable").isFalse();
        assertThat(bench.read(Bench.address(0, 3, 1), 0x06, 2) & 8).as("still pending").isEqualTo(8);
        bench.write(Bench.address(0, 3, 1), 0x04, 2, 0);
        assertThat(router.wires[3][1]).isTrue();
        bench.machine.remove(second);
        bench.machine.settle();
        assertThat(router.wires[3][1]).as("its device is gone").isFalse();
    }

    @Test
    void aRouterThatComesLaterLearnsTheWires() {
        nic.config.interrupt(true);
        FakeRouter router = new FakeRouter();
        bench.machine.add(router);
        assertThat(router.wires[3][1]).isTrue();
        assertThat(router.wires[4][1]).isFalse();
    }

    @Test
    void withoutBusMasteringNothingGoesUpstream() {
        byte[] bytes = {1, 2, 3, 4};
        assertThat(nic.upstream.write(0x1000, bytes, 0, 4)).isFalse();
        assertThat(bench.machine.memory().read(0x1000, 4)).isZero();
        assertThat(nic.upstream.read(0x1000, bytes, 0, 4)).isFalse();
        assertThat(bytes).containsOnly(0xFF);
        assertThat(nic.upstream.message(0xFEE0_0000L, 0x41)).isFalse();
    }

    @Test
    void withoutATranslatorRequestsReachMemoryAsTheyAre() {
        bench.write(NIC, 0x04, 2, 0x0004);
        assertThat(nic.upstream.sourceId()).isEqualTo(0x0018);
        byte[] bytes = new byte[8192];
        java.util.Arrays.fill(bytes, (byte) 0x5C);
        assertThat(nic.upstream.write(0x1800, bytes, 0, 8192)).isTrue();
        assertThat(bench.machine.memory().read(0x37FF, 1)).isEqualTo(0x5C);
        byte[] back = new byte[8192];
        assertThat(nic.upstream.read(0x1800, back, 0, 8192)).isTrue();
        assertThat(back).isEqualTo(bytes);
        assertThat(nic.upstream.read(0x9000_0000L, back, 0, 16)).as("nothing there").isFalse();
        assertThat(back).startsWith(0xFF, 0xFF);
    }

    /** Moves pages of one requester by 1 MiB and blocks page 5. */
    private static final class FakeTranslator extends StatelessPart implements RequestTranslator {
        @Override
        public boolean owns(int sourceId) {
            return sourceId == 0x18;
        }

        @Override
        public boolean translate(Request request) {
            request.hostPhysical = request.address + 0x10_0000;
            request.covered = request.length;
            return request.address >> 12 != 5;
        }

        @Override
        public boolean remap(Message message) {
            message.data += 0x10;
            return message.data != 0x99;
        }
    }

    @Test
    void requestsPassTheTranslatorThatOwnsThem() {
        FakeTranslator translator = new FakeTranslator();
        FakeFunction other = new FakeFunction("nic1", "00:04.0");
        bench.machine.add(translator);
        bench.machine.add(other);
        bench.write(NIC, 0x04, 2, 0x0004);
        bench.write(Bench.address(0, 4, 0), 0x04, 2, 0x0004);
        byte[] bytes = new byte[0x2000];
        java.util.Arrays.fill(bytes, (byte) 0x77);
        assertThat(nic.upstream.write(0x4000, bytes, 0, 0x2000)).as("the second page is blocked").isFalse();
        assertThat(bench.machine.memory().read(0x10_4FFF, 1)).isEqualTo(0x77);
        assertThat(bench.machine.memory().read(0x10_5000, 1)).isZero();
        assertThat(bench.machine.memory().read(0x4000, 1)).isZero();
        assertThat(other.upstream.write(0x5000, bytes, 0, 4)).as("not this unit's device").isTrue();
        assertThat(bench.machine.memory().read(0x5000, 1)).isEqualTo(0x77);
    }

    @Test
    void messagesGoToTheInterruptControllerThroughTheTranslator() {
        HeardMessages target = new HeardMessages();
        bench.machine.add(target);
        bench.write(NIC, 0x04, 2, 0x0004);
        assertThat(nic.upstream.message(0xFEE0_1000L, 0x41)).isTrue();
        assertThat(nic.upstream.write(0xFEE0_2000L, new byte[] {0x42, 0, 0, 0}, 0, 4)).as("a 4-byte write is a message").isTrue();
        assertThat(nic.upstream.write(0xFEE0_2000L, new byte[8], 0, 8)).as("anything else is not").isFalse();
        assertThat(nic.upstream.read(0xFEE0_2000L, new byte[4], 0, 4)).isFalse();
        bench.machine.add(new FakeTranslator());
        assertThat(nic.upstream.message(0xFEE0_1000L, 0x41)).isTrue();
        assertThat(nic.upstream.message(0xFEE0_1000L, 0x89)).as("blocked").isFalse();
        assertThat(target.heard).containsExactly("fee01000 41", "fee02000 42", "fee01000 51");
    }

    @Test
    void aMessageElsewhereIsAMemoryWrite() {
        bench.write(NIC, 0x04, 2, 0x0004);
        assertThat(nic.upstream.message(0x3000, 0x1234_5678)).isTrue();
        assertThat(bench.machine.memory().read(0x3000, 4)).isEqualTo(0x1234_5678);
    }
}
