package com.vtsim.pci.bus;

import static com.vtsim.pci.bus.Bench.HOST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StatelessPart;
import com.vtsim.api.pci.HeaderRegister;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.ResetControl;
import com.vtsim.api.register.RegisterRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The host bridge by its configuration cycles. Expectations: 3 Series Express Chipset datasheet, DRAM Controller Registers (D0:F0). */
class HostBridgeTest {
    private final Bench bench = new Bench();
    private final List<Bench> more = new ArrayList<>();

    @AfterEach
    void close() {
        bench.close();
        more.forEach(Bench::close);
    }

    private Bench fresh() {
        Bench made = new Bench();
        more.add(made);
        return made;
    }

    @TestFactory
    Stream<DynamicTest> ownRegisters() {
        return RegisterRules.of(HostRegister.class, () -> fresh().door(HOST),
                List.of(HostRegister.TOM, HostRegister.TOUUD, HostRegister.TOLUD, HostRegister.TSEGMB, HostRegister.GBSM));
    }

    @TestFactory
    Stream<DynamicTest> header() {
        return RegisterRules.of(HeaderRegister.class, () -> fresh().door(HOST), List.copyOf(EnumSet.complementOf(EnumSet.of(
                HeaderRegister.CLS, HeaderRegister.MLT, HeaderRegister.HTYPE, HeaderRegister.BIST, HeaderRegister.INTLN, HeaderRegister.INTPN))));
    }

    @Test
    void q35HasItsIdentity() {
        assertThat(bench.read(HOST, 0x00, 4)).isEqualTo(0x29C0_8086);
        assertThat(bench.read(HOST, 0x08, 4)).isEqualTo(0x0600_0002);
        assertThat(bench.read(HOST, 0x2C, 4)).isEqualTo(0x1100_1AF4);
        assertThat(bench.read(HOST, 0x34, 1)).as("CAPPTR").isEqualTo(0xE0);
        assertThat(bench.read(HOST, 0xE0, 4)).as("CAPID0").isEqualTo(0x010B_0009);
    }

    @Test
    void gm45HasItsIdentity() {
        Bench gm45 = new Bench(16 << 20, "gm45");
        more.add(gm45);
        assertThat(gm45.read(HOST, 0x00, 4)).isEqualTo(0x2A40_8086);
        assertThat(gm45.read(HOST, 0x48, 4)).as("MCHBAR").isZero();
        gm45.write(HOST, 0x48, 4, 0xFED1_0001);
        assertThat(gm45.read(HOST, 0x48, 4)).isEqualTo(0xFED1_0001);
    }

    @Test
    void memoryAndMasterEnableAreFixed() {
        bench.write(HOST, 0x04, 2, 0);
        assertThat(bench.read(HOST, 0x04, 2)).isEqualTo(0x0006);
        bench.write(HOST, 0x04, 2, 0x0103);
        assertThat(bench.read(HOST, 0x04, 2)).as("SERRE is written").isEqualTo(0x0106);
    }

    @Test
    void baseAddressesThatAreNotThereReadZeroAfterSizing() {
        for (int bar = 0x10; bar <= 0x24; bar += 4) {
            bench.write(HOST, bar, 4, -1);
            assertThat(bench.read(HOST, bar, 4)).isZero();
        }
        bench.write(HOST, 0x30, 4, 0xFFFF_F800);
        assertThat(bench.read(HOST, 0x30, 4)).isZero();
    }

    @Test
    void configurationIsReadByByteWordAndDoubleWord() {
        assertThat(bench.read(HOST, 0x00, 2)).isEqualTo(0x8086);
        assertThat(bench.read(HOST, 0x02, 2)).isEqualTo(0x29C0);
        assertThat(bench.read(HOST, 0x03, 1)).isEqualTo(0x29);
    }

    @Test
    void theAddressRegisterTakesDoubleWordsOnlyAndKeepsReservedBitsZero() {
        bench.machine.ports().write(0xCF8, 4, -1);
        assertThat(bench.machine.ports().read(0xCF8, 4)).isEqualTo(0x80FF_FFFC);
        bench.machine.ports().write(0xCF8, 1, 0);
        bench.machine.ports().write(0xCFA, 2, 0);
        assertThat(bench.machine.ports().read(0xCF8, 4)).isEqualTo(0x80FF_FFFC);
        assertThat(bench.machine.ports().read(0xCF8, 1)).isEqualTo(0xFF);
        assertThat(bench.machine.ports().read(0xCFA, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void withoutTheEnableBitTheDataRegisterIsNotThere() {
        bench.machine.ports().write(0xCF8, 4, 0);
        assertThat(bench.machine.ports().read(0xCFC, 4)).isEqualTo(-1);
        bench.machine.ports().write(0xCFC, 4, 0);
        assertThat(bench.machine.ports().read(0xCFE, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void absentFunctionsReadAllOnes() {
        assertThat(bench.read(Bench.address(0, 3, 0), 0, 4)).isEqualTo(-1);
        assertThat(bench.read(Bench.address(0, 0, 1), 0, 2)).isEqualTo(0xFFFF);
        assertThat(bench.read(Bench.address(7, 0, 0), 0, 1)).isEqualTo(0xFF);
        bench.write(Bench.address(0, 3, 0), 0x10, 4, 0);
        assertThat(bench.read(Bench.address(0, 3, 0), 0x10, 4)).isEqualTo(-1);
    }

    private static final class FakeReset extends StatelessPart implements ResetControl {
        private int value = 0x02;

        @Override
        public int resetControl() {
            return value;
        }

        @Override
        public void resetControl(int newValue) {
            value = newValue;
        }
    }

    @Test
    void byteAccessesToCf9GoToTheResetControl() {
        assertThat(bench.machine.ports().read(0xCF9, 1)).as("nobody there").isEqualTo(0xFF);
        FakeReset control = new FakeReset();
        bench.machine.add(control);
        assertThat(bench.machine.ports().read(0xCF9, 1)).isEqualTo(0x02);
        bench.machine.ports().write(0xCF9, 1, 0x0A);
        assertThat(control.value).isEqualTo(0x0A);
        bench.machine.ports().write(0xCF8, 4, 0x8000_0000);
        assertThat(control.value).as("a double word is not for it").isEqualTo(0x0A);
    }

    @Test
    void attributeMapsSteerReadsAndWrites() {
        byte[] rom = new byte[0x1_0000];
        java.util.Arrays.fill(rom, (byte) 0x5A);
        bench.machine.memory().mapRom(0xF_0000, rom);
        assertThat(bench.machine.memory().read(0xF_1234, 1)).as("after reset: ROM").isEqualTo(0x5A);
        bench.machine.memory().write(0xF_1234, 1, 0x11);
        bench.write(HOST, 0x90, 1, 0x10);
        assertThat(bench.machine.memory().read(0xF_1234, 1)).as("read from RAM; the write went elsewhere").isZero();
        bench.write(HOST, 0x90, 1, 0x20);
        bench.machine.memory().write(0xF_1234, 1, 0x22);
        assertThat(bench.machine.memory().read(0xF_1234, 1)).as("read from ROM, written to RAM").isEqualTo(0x5A);
        bench.write(HOST, 0x90, 1, 0x30);
        assertThat(bench.machine.memory().read(0xF_1234, 1)).isEqualTo(0x22);
        bench.machine.memory().write(0xF_1234, 1, 0x33);
        bench.write(HOST, 0x90, 1, 0x10);
        bench.machine.memory().write(0xF_1234, 1, 0x44);
        assertThat(bench.machine.memory().read(0xF_1234, 1)).as("shadowed: read-only").isEqualTo(0x33);
    }

    @Test
    void eachAttributeMapHasItsRange() {
        for (int half = 0; half < 12; half++) {
            long base = 0xC_0000 + half * 0x4000L;
            bench.write(HOST, 0x91 + half / 2, 1, half % 2 == 0 ? 0x03 : 0x30);
            bench.machine.memory().write(base, 1, 0x77);
            bench.machine.memory().write(base + 0x3FFF, 1, 0x78);
            assertThat(bench.machine.memory().read(base, 1)).as("%X", base).isEqualTo(0x77);
            assertThat(bench.machine.memory().read(base + 0x3FFF, 1)).isEqualTo(0x78);
            if (half < 11) {
                assertThat(bench.machine.memory().read(base + 0x4000, 1)).as("beyond %X", base).isEqualTo(0xFF);
            }
            bench.write(HOST, 0x91 + half / 2, 1, 0);
            assertThat(bench.machine.memory().read(base, 1)).isEqualTo(0xFF);
        }
    }

    @Test
    void systemManagementRamIsSeenWhileOpenAndLocked() {
        assertThat(bench.machine.memory().read(0xA_0000, 1)).isEqualTo(0xFF);
        bench.write(HOST, 0x9D, 1, 0x4A);
        bench.machine.memory().write(0xB_FFFF, 1, 0x12);
        assertThat(bench.machine.memory().read(0xB_FFFF, 1)).isEqualTo(0x12);
        bench.write(HOST, 0x9D, 1, 0x1A);
        assertThat(bench.machine.memory().read(0xB_FFFF, 1)).isEqualTo(0xFF);
        bench.write(HOST, 0x9D, 1, 0x4A);
        assertThat(bench.read(HOST, 0x9D, 1)).as("D_LCK holds D_OPEN at 0").isEqualTo(0x1A);
        bench.write(HOST, 0x9E, 1, 0x87);
        assertThat(bench.read(HOST, 0x9E, 1)).as("ESMRAMC is locked too").isEqualTo(0x38);
        bench.machine.reset(Reset.WARM);
        assertThat(bench.read(HOST, 0x9D, 1)).isEqualTo(0x02);
    }

    @Test
    void theHoleBelow16MiBOpensAndCloses() {
        bench.machine.memory().write(0xF0_0000, 4, 0x1234_5678);
        bench.write(HOST, 0x97, 1, 0x80);
        assertThat(bench.machine.memory().read(0xF0_0000, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.write(HOST, 0x97, 1, 0x00);
        assertThat(bench.machine.memory().read(0xF0_0000, 4)).isEqualTo(0x1234_5678);
    }

    @Test
    void theMemoryMappedMechanismReachesTheSameRegisters() {
        assertThat(bench.machine.memory().read(0xB000_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.write(HOST, 0x60, 4, 0);
        bench.write(HOST, 0x64, 4, 0);
        bench.write(HOST, 0x60, 4, 0xB000_0001);
        assertThat(bench.machine.memory().read(0xB000_0000L, 4)).isEqualTo(0x29C0_8086L);
        assertThat(bench.machine.memory().read(0xB000_0002L, 2)).isEqualTo(0x29C0);
        assertThat(bench.machine.memory().read(0xB000_0000L, 8) & 0xFFFF_FFFFL).isEqualTo(0x29C0_8086L);
        assertThat(bench.machine.memory().read(0xB00F_8000L, 4)).as("absent 00:1f.0").isEqualTo(0xFFFF_FFFFL);
        bench.machine.memory().write(0xB000_00DCL, 4, 0xCAFE_F00DL);
        assertThat(bench.read(HOST, 0xDC, 4)).isEqualTo(0xCAFE_F00D);
        assertThat(bench.machine.memory().read(0xB000_0100L, 4)).as("extended space of a conventional function").isZero();
        bench.write(HOST, 0x60, 4, 0xB000_0000);
        assertThat(bench.machine.memory().read(0xB000_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void theWindowsLengthDecidesHowManyBusesAreMapped() {
        bench.write(HOST, 0x60, 4, 0xE400_0003);
        assertThat(bench.machine.memory().read(0xE000_0000L, 2)).as("128 MiB: address bit 26 is the window's").isEqualTo(0x8086);
        assertThat(bench.machine.memory().regions()).anyMatch(r -> r.base() == 0xE000_0000L && r.length() == 0x800_0000L && r.owner().equals("host"));
        bench.write(HOST, 0x60, 4, 0xE400_0005);
        assertThat(bench.machine.memory().regions()).anyMatch(r -> r.base() == 0xE400_0000L && r.length() == 0x400_0000L);
        bench.write(HOST, 0x60, 4, 0xE400_0007);
        assertThat(bench.machine.memory().regions()).as("reserved length").noneMatch(r -> r.owner().equals("host"));
    }

    @Test
    void memorySizesAreThoseOfTheMachine() {
        Bench large = new Bench(4L << 30, "q35");
        more.add(large);
        assertThat(large.read(HOST, 0xB0, 2)).as("TOLUD: 2 GiB").isEqualTo(0x8000);
        assertThat(large.read(HOST, 0xA0, 2)).as("TOM: 64 units of 64 MiB").isEqualTo(64);
        assertThat(large.read(HOST, 0xA2, 2)).as("TOUUD: 6 GiB").isEqualTo(6 * 1024);
        assertThat(bench.read(HOST, 0xB0, 2)).as("TOLUD: 16 MiB").isEqualTo(0x0100);
    }

    @Test
    void aReplacedHostBridgeCarriesItsStateOn() {
        bench.write(HOST, 0x60, 4, 0xB000_0001);
        bench.write(HOST, 0x90, 1, 0x30);
        bench.machine.memory().write(0xF_0000, 4, 0xDEAD_BEEFL);
        bench.machine.ports().write(0xCF8, 4, 0x8000_00DC);
        String digest = bench.machine.digest();
        bench.machine.remove(bench.host);
        bench.machine.settle();
        assertThat(bench.machine.ports().read(0xCFC, 4)).as("absent").isEqualTo(-1);
        bench.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        assertThat(bench.machine.digest()).isEqualTo(digest);
        assertThat(bench.machine.ports().read(0xCF8, 4)).isEqualTo(0x8000_00DC);
        assertThat(bench.machine.memory().read(0xB000_0000L, 2)).isEqualTo(0x8086);
        assertThat(bench.machine.memory().read(0xF_0000, 4)).isEqualTo(0xDEAD_BEEFL);
    }

    @Test
    void aSnapshotOfTheMachineBringsTheMapBack(@TempDir Path folder) {
        bench.write(HOST, 0x60, 4, 0xB000_0001);
        Path file = folder.resolve("s");
        bench.machine.save(file);
        bench.write(HOST, 0x60, 4, 0);
        bench.machine.restore(file);
        assertThat(bench.machine.memory().read(0xB000_0000L, 2)).isEqualTo(0x8086);
    }

    @Test
    void functionsAreListedByAddress() {
        bench.machine.add(new FakeFunction("nic", "00:19.0"));
        bench.machine.add(new FakeFunction("agp", "00:02.0"));
        bench.machine.add(new FakeFunction("twin", "00:19.0"));
        assertThat(bench.host.functions()).extracting(f -> f.address().toString()).containsExactly("00:00.0", "00:02.0", "00:19.0");
        assertThat(bench.host.function(PciAddress.parse("00:19.0"))).get().extracting(f -> f.name()).isEqualTo("nic");
        assertThat(bench.host.function(PciAddress.parse("00:1a.0"))).isEmpty();
        bench.machine.add(new HaltedProcessor(0));
        assertThat(bench.machine.status().reports()).as("parts may still come").isEmpty();
        bench.pass(1000);
        assertThat(bench.machine.status().reports()).anyMatch(r -> r.contains("twin is not reachable"));
    }

    @Test
    void theOperatorSeesTheRegistersByName() {
        bench.write(HOST, 0x90, 1, 0x30);
        assertThat(bench.host.registerBlocks()).singleElement().satisfies(block -> assertThat(block.registers())
                .anyMatch(r -> r.name().equals("VID") && r.value() == 0x8086)
                .anyMatch(r -> r.name().equals("PAM0") && r.offset() == 0x90 && r.value() == 0x30 && r.title().equals("Programmable Attribute Map 0")));
    }

    @Test
    void configurationCyclesCanBeTraced() {
        bench.machine.trace(List.of("pci"));
        bench.read(HOST, 0x00, 2);
        assertThat(bench.machine.events()).anyMatch(e -> e.kind().equals("pci.config") && e.text().equals("00:00.0 000 -> 8086"));
    }

    @Test
    void wrongConfigurationsAreRefusedInPlainWords() {
        assertThatThrownBy(() -> new HostBridge("host", "i440fx", "1af4:1100")).hasMessage("chipset is q35 or gm45, not 'i440fx'");
        assertThatThrownBy(() -> new HostBridge("host", "q35", "none")).hasMessageContaining("vendor:device");
    }
}
