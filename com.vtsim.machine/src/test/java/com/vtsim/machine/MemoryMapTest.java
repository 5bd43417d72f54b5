package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MemorySpace.Region;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Registration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What answers at a host-physical address. */
class MemoryMapTest {
    private static final long GIB = 1L << 30;

    private final List<String> log = new ArrayList<>();
    private final MemorySpace memory = Backplane.of("t", 16 << 20).memory();

    private final MmioDevice device = new MmioDevice() {
        @Override
        public long read(int offset, int size) {
            log.add("r" + size + "@" + Integer.toHexString(offset));
            return 0x8877_6655_4433_2211L >>> 8 * (offset & 7);
        }

        @Override
        public void write(int offset, int size, long value) {
            log.add("w" + size + "@" + Integer.toHexString(offset) + "=" + Long.toHexString(value));
        }
    };

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void ramHoldsLittleEndianValuesOfEverySizeAtAnyAlignment() {
        memory.write(0x1003, 8, 0x0807_0605_0403_0201L);
        assertThat(memory.read(0x1003, 1)).isEqualTo(1);
        assertThat(memory.read(0x1004, 2)).isEqualTo(0x0302);
        assertThat(memory.read(0x1005, 4)).isEqualTo(0x0605_0403L);
        assertThat(memory.read(0x1003, 8)).isEqualTo(0x0807_0605_0403_0201L);
        memory.write(0x1003, 2, 0xFFFF_1234L);
        assertThat(memory.read(0x1003, 4)).as("only the low bytes are stored").isEqualTo(0x0403_1234L);
    }

    @Test
    void anAccessAcrossPagesReachesBoth() {
        memory.write(0x1FFD, 8, 0x0807_0605_0403_0201L);
        assertThat(memory.read(0x1FFD, 8)).isEqualTo(0x0807_0605_0403_0201L);
        assertThat(memory.read(0x2000, 1)).isEqualTo(4);
        memory.mapRom(0x3000, filled(4096, 0xAB));
        memory.write(0x2FFE, 4, 0x1111_2222L);
        assertThat(memory.read(0x2FFE, 4)).as("the ROM's half keeps its content").isEqualTo(0xABAB_2222L);
    }

    @Test
    void whereNothingIsReadsGiveOnesAndWritesVanish() {
        for (long hole : new long[] {16 << 20, 0xFEDC_0000L, 5 * GIB, 1L << 45, 1L << 52, -4096}) {
            memory.write(hole, 4, 0);
            assertThat(memory.read(hole, 4)).as("at %x", hole).isEqualTo(0xFFFF_FFFFL);
            assertThat(memory.page(hole)).isNull();
        }
        assertThat(memory.read(0x00FF_FFFEL, 4)).as("half RAM, half nothing").isEqualTo(0xFFFF_0000L);
    }

    /** Its reader is told, and gets what is there; another view of the same memory, whose owner does not listen, is not told. */
    @Test
    void poisonIsMetByWhoReadsTheLine() {
        List<Long> met = new ArrayList<>();
        memory.write(0x1040, 4, 0x1234);
        memory.onPoison(met::add);
        memory.poison(0x1079, 8);
        assertThat(memory.poisoned()).containsExactly(0x1040L, 0x1080L);
        assertThat(memory.read(0x1040, 4)).isEqualTo(0x1234);
        assertThat(memory.read(0x103C, 4) + memory.read(0x10C0, 8)).isZero();
        assertThat(met).containsExactly(0x1040L);
        memory.read(0xFFF, new byte[4096], 0, 4096);
        memory.read(0x107C, 8);
        assertThat(met).containsExactly(0x1040L, 0x1040L, 0x1080L, 0x1040L, 0x1080L);
        assertThat(memory.heal(0x1040, 1)).isEqualTo(1);
        assertThat(memory.poisoned()).containsExactly(0x1080L);
        assertThatThrownBy(() -> memory.poison((16 << 20) - 1, 2)).isInstanceOf(OperatorException.class).hasMessageContaining("no RAM at 1000000h");
    }

    @Test
    void aPageWithPoisonIsReachedDirectlyByNoPart() {
        Backplane board = Backplane.of("t", 1 << 20);
        FakePart part = new FakePart("p");
        List<MemorySpace> views = new ArrayList<>();
        List<Long> changes = new ArrayList<>();
        part.onAttach = b -> {
            views.add(b.memory());
            b.memory().observe((base, length) -> changes.add(base));
        };
        board.add(part);
        board.settle();
        MemorySpace view = views.get(0);
        board.memory().poison(0x3040, 1);
        assertThat(changes).contains(0x3000L);
        assertThat(view.page(0x3000)).isNull();
        assertThat(view.page(0x4000)).isNotNull();
        assertThat(board.memory().page(0x3000)).as("the operator may look").isNotNull();
        view.write(0x3040, new byte[63], 0, 63);
        assertThat(view.page(0x3000)).isNull();
        view.write(0x307F, 1, 0);
        assertThat(view.page(0x3000)).as("every byte of the line has been written").isNotNull();
        assertThat(view.poisoned()).isEmpty();
    }

    @Test
    void ramContinuesAtFourGiB() {
        MemorySpace large = Backplane.of("t", 3 * GIB).memory();
        large.write(2 * GIB - 1, 1, 0x11);
        large.write(4 * GIB, 1, 0x22);
        assertThat(large.read(2 * GIB - 1, 2)).as("the hole begins at 2 GiB, as on QEMU's q35 with 2.75 GiB or more").isEqualTo(0xFF11);
        assertThat(large.read(4 * GIB, 1)).isEqualTo(0x22);
        assertThat(large.read(5 * GIB, 1)).isEqualTo(0xFF);
        assertThat(large.regions()).containsExactly(new Region(0, 2 * GIB, "ram", "board"), new Region(2 * GIB, 2 * GIB, "hole", ""),
            new Region(4 * GIB, GIB, "ram", "board"));
        assertThat(Settings.of("t", 0xAFFF_F000L).low()).as("below 2.75 GiB all of it is low").isEqualTo(0xAFFF_F000L);
    }

    @Test
    void sixtyFourGiBCostWhatIsTouched() {
        long before = used();
        Backplane machine = Backplane.of("t", 64 * GIB);
        MemorySpace large = machine.memory();
        large.write(0x1000, 8, 1);
        large.write(40 * GIB, 8, 2);
        large.write(65 * GIB, 8, 3);
        assertThat(large.read(65 * GIB, 8)).isEqualTo(3);
        byte[] buffer = new byte[1 << 20];
        for (long at = 8 * GIB; at < 9 * GIB; at += buffer.length) {
            large.read(at, buffer, 0, buffer.length);
        }
        assertThat(buffer).containsOnly(0);
        assertThat(used() - before).as("heap in use").isLessThan(16 << 20);
        assertThat(machine.digest()).hasSize(64);
    }

    private static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    @Test
    void alignedDeviceAccessesArriveWhole() {
        memory.map(0xFEC0_0000L, 0x1000, device);
        assertThat(memory.read(0xFEC0_0010L, 4)).isEqualTo(0x4433_2211L);
        memory.write(0xFEC0_0018L, 8, -2);
        assertThat(log).containsExactly("r4@10", "w8@18=fffffffffffffffe");
    }

    @Test
    void unalignedDeviceAccessesAreSplitIntoAlignedOnes() {
        memory.map(0xFEC0_0000L, 0x1000, device);
        assertThat(memory.read(0xFEC0_0001L, 4)).isEqualTo(0x5544_3322L);
        memory.write(0xFEC0_0006L, 4, 0x1234_5678);
        assertThat(log).containsExactly("r1@1", "r2@2", "r1@4", "w2@6=5678", "w2@8=1234");
    }

    @Test
    void anAccessOutOfTheEndOfAWindowReachesWhatLiesBehind() {
        memory.map(0xFEC0_0000L, 0x1000, device);
        assertThat(memory.read(0xFEC0_0FFEL, 4)).as("two bytes of the device, two of nothing").isEqualTo(0xFFFF_8877L);
        assertThat(log).containsExactly("r2@ffe");
    }

    @Test
    void copiesReachDevicesToo() {
        memory.map(0x0010_0000, 0x1000, device);
        byte[] bytes = new byte[6];
        memory.read(0x000F_FFFEL, bytes, 0, 6);
        assertThat(bytes).containsExactly(0, 0, 0x11, 0x22, 0x33, 0x44);
        memory.write(0x0010_0002, new byte[] {9, 1, 2, 3, 4}, 1, 4);
        assertThat(log).containsExactly("r4@0", "w2@2=201", "w2@4=403");
    }

    @Test
    void copiesOfRamComeBack() {
        byte[] bytes = new byte[10_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        memory.write(0x0003_FF00, bytes, 0, bytes.length);
        byte[] back = new byte[10_002];
        memory.read(0x0003_FF00, back, 1, bytes.length);
        assertThat(Arrays.copyOfRange(back, 1, 10_001)).isEqualTo(bytes);
        assertThatThrownBy(() -> memory.read(0, back, 1, 10_002)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void windowsLieOverRomAndRomOverRam() {
        memory.write(0x000F_0000, 1, 0x11);
        Registration rom = memory.mapRom(0x000F_0000, new byte[] {0x22});
        assertThat(memory.read(0x000F_0000, 2)).as("padded with FFh").isEqualTo(0xFF22);
        Registration window = memory.map(0x000F_0000, 0x1000, device);
        Registration later = memory.map(0x000F_0000, 0x1000, new MmioDevice() {
            @Override
            public long read(int offset, int size) {
                return 0x44;
            }

            @Override
            public void write(int offset, int size, long value) { }
        });
        assertThat(memory.read(0x000F_0000, 1)).isEqualTo(0x44);
        later.close();
        assertThat(memory.read(0x000F_0000, 1)).isEqualTo(0x11);
        assertThat(log).containsExactly("r1@0");
        window.close();
        window.close();
        memory.write(0x000F_0000, 1, 0);
        assertThat(memory.read(0x000F_0000, 1)).as("ROM cannot be written").isEqualTo(0x22);
        rom.close();
        assertThat(memory.read(0x000F_0000, 1)).as("the RAM below kept its content").isEqualTo(0x11);
    }

    @Test
    void theAttributeMapRoutesReadsAndWritesApart() {
        memory.mapRom(0x000F_0000, filled(0x10000, 0xAA));
        memory.route(0x000F_0000, 0x4000, false, true);
        memory.write(0x000F_0000, 1, 0x55);
        assertThat(memory.read(0x000F_0000, 1)).as("reads ROM").isEqualTo(0xAA);
        assertThat(memory.page(0x000F_0000).writable).isFalse();
        memory.route(0x000F_0000, 0x4000, true, false);
        assertThat(memory.read(0x000F_0000, 1)).as("reads what went to RAM").isEqualTo(0x55);
        memory.write(0x000F_0000, 1, 0x66);
        assertThat(memory.read(0x000F_0000, 1)).as("write-protected").isEqualTo(0x55);
        memory.route(0x000F_0000, 0x4000, true, true);
        memory.write(0x000F_0000, 1, 0x77);
        assertThat(memory.read(0x000F_0000, 1)).isEqualTo(0x77);
        assertThat(memory.read(0x000F_4000, 1)).as("the rest is not routed").isEqualTo(0xAA);
    }

    @Test
    void whatIsRoutedPastRamToNothingReadsOnes() {
        memory.write(0x000C_0000, 1, 0x55);
        memory.route(0x000C_0000, 0x4000, false, false);
        memory.write(0x000C_0000, 1, 0);
        assertThat(memory.read(0x000C_0000, 1)).isEqualTo(0xFF);
        assertThat(memory.regions()).contains(new Region(0x000C_0000, 0x4000, "hole", ""));
        memory.route(0x000C_0000, 0x4000, true, true);
        assertThat(memory.read(0x000C_0000, 1)).isEqualTo(0x55);
    }

    @Test
    void writesOfARoutedRangeReachTheWindowBehindIt() {
        memory.map(0x000A_0000, 0x2_0000, device);
        memory.route(0x000A_0000, 0x2_0000, true, false);
        memory.write(0x000A_0000, 1, 7);
        assertThat(memory.read(0x000A_0000, 1)).isZero();
        assertThat(log).containsExactly("w1@0=7");
    }

    @Test
    void ownMemoryIsTheCallersArray() {
        byte[] content = new byte[0x1_0000];
        memory.mapRam(0xFF00_0000L, content);
        memory.write(0xFF00_1004L, 4, 0x0403_0201);
        assertThat(Arrays.copyOfRange(content, 0x1004, 0x1008)).containsExactly(1, 2, 3, 4);
        MemoryPage page = memory.page(0xFF00_1004L);
        assertThat(page.bytes).isSameAs(content);
        assertThat(page.offset).isEqualTo(0x1000);
        assertThat(page.writable).isTrue();
    }

    @Test
    void aPageIsOneObjectUntilTheMapChangesThere() {
        List<String> changes = new ArrayList<>();
        memory.observe((base, length) -> changes.add(Long.toHexString(base) + "+" + Long.toHexString(length)));
        MemoryPage page = memory.page(0x5123);
        MemoryPage other = memory.page(0x9000);
        assertThat(memory.page(0x5FFF)).isSameAs(page);
        assertThat(page.address).isEqualTo(0x5000);
        memory.map(0x5000, 0x1000, device).close();
        assertThat(changes).containsExactly("5000+1000", "5000+1000");
        assertThat(memory.page(0x5000)).isNotSameAs(page);
        assertThat(memory.page(0x9000)).isSameAs(other);
    }

    @Test
    void watchersHearOfWritesToTheirPage() {
        List<String> heard = new ArrayList<>();
        memory.page(0x5000).watch((page, from, length) -> heard.add(Long.toHexString(page.address) + ":" + from + "+" + length));
        memory.write(0x5010, 4, 1);
        memory.write(0x4FFE, 4, 1);
        memory.write(0x4000, new byte[0x2800], 0, 0x2800);
        assertThat(heard).containsExactly("5000:16+4", "5000:0+2", "5000:0+4096");
    }

    @Test
    void windowsFarAboveRamWork() {
        Registration window = memory.map(0x3F_8000_0000_00L, GIB, device);
        assertThat(memory.read(0x3F_8000_0000_00L + GIB - 8, 8)).isEqualTo(0x8877_6655_4433_2211L);
        assertThat(memory.regions()).contains(new Region(0x3F_8000_0000_00L, GIB, "device", Owner.OPERATOR));
        window.close();
        assertThat(memory.read(0x3F_8000_0000_00L, 8)).isEqualTo(-1);
    }

    @Test
    void rangesThatAreNotWholePagesAreRefused() {
        assertThatThrownBy(() -> memory.map(0x100, 0x1000, device)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.map(0x1000, 0x100, device)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.map(0x1000, 2 * GIB, device)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.mapRam(0x1000, new byte[5])).isInstanceOf(IllegalArgumentException.class);
    }
}
