package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PowerManagement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Windows that move while they are used: bases, windows of bridges, enables and power states change at random, and each access must reach the function
 * that a plain reading of the registers names, or nobody. Expectations: PCI Local Bus Specification, Base Addresses; PCI-to-PCI Bridge Architecture Specification, Address Decoding.
 */
class RelocationTest {
    private static final int[] PORTS = {Bench.address(0, 0x1C, 0), Bench.address(0, 0x1D, 0)};
    private static final int[] CARDS = {Bench.address(1, 0, 0), Bench.address(2, 0, 0)};
    private static final int SIZE = 0x1_0000;
    private static final long SPACE = 0xC000_0000L;
    private static final int MEBIBYTES = 8;

    /** Reads its number, and counts what is written. */
    private static final class Card extends BusMaster {
        private final int number;
        private int written;

        Card(String name, String address, int number) {
            super(name, address, new ConfigSpace.Identity(0x8086, 0x1234, 0, 0xFF_00_00));
            this.number = number;
            config.memory(0, SIZE, false, new Window()).add(PciExpress.endpoint()).add(new PowerManagement());
        }

        private final class Window implements MmioDevice {
            @Override
            public long read(int offset, int size) {
                return offset << 8 | number;
            }

            @Override
            public void write(int offset, int size, long value) {
                written++;
            }
        }
    }

    private final Bench bench = new Bench();
    private final List<Card> cards = new ArrayList<>();
    private final int[] power = new int[2];

    private boolean reaches(int i, long address) {
        long base = bench.read(CARDS[i], 0x10, 4) & 0xFFFF_FFF0L;
        boolean enabled = (bench.read(CARDS[i], 4, 2) & 2) != 0 && (bench.read(CARDS[i], power[i] + 4, 2) & 3) == 0;
        long from = (bench.read(PORTS[i], 0x20, 2) & 0xFFF0L) << 16;
        long to = (bench.read(PORTS[i], 0x22, 2) & 0xFFF0L) << 16 | 0xF_FFFF;
        boolean forwarded = (bench.read(PORTS[i], 4, 2) & 2) != 0 && address >= from && address <= to;
        return enabled && forwarded && base != 0 && address >= base && address < base + SIZE;
    }

    private void change(Random random) {
        int i = random.nextInt(2);
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3, 4 -> bench.write(CARDS[i], 0x10, 4, (int) SPACE + random.nextInt(MEBIBYTES << 4) * SIZE);
            case 5, 6, 7 -> bench.write(CARDS[i], 4, 2, random.nextInt(6) == 0 ? 0 : 6);
            case 8 -> {
                int first = random.nextInt(3);
                int last = random.nextInt(8) == 0 ? first - 1 : 4 + random.nextInt(4);
                bench.write(PORTS[i], 0x20, 4, 0xC000 + (first << 4) | 0xC000 + (last << 4) << 16);
            }
            case 9, 10 -> bench.write(PORTS[i], 4, 2, random.nextInt(6) == 0 ? 5 : 7);
            default -> {
                bench.write(CARDS[i], power[i] + 4, 2, 3);
                if (random.nextInt(3) != 0) {
                    bench.write(CARDS[i], power[i] + 4, 2, 0);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyAccessReachesWhoTheRegistersName(long seed) {
        Random random = new Random(seed);
        try (bench) {
            for (int i = 0; i < 2; i++) {
                bench.machine.add(new Bridge("rp" + i, i == 0 ? "00:1c.0" : "00:1d.0", "root-port", i + 1, i + 1, true, false));
                cards.add(new Card("card" + i, i == 0 ? "01:00.0" : "02:00.0", i + 1));
                bench.machine.add(cards.get(i));
                bench.write(PORTS[i], 0x18, 4, i + 1 << 8 | i + 1 << 16);
                bench.write(PORTS[i], 0x24, 4, 0x0000_FFF0);
                bench.write(PORTS[i], 0x04, 2, 7);
                power[i] = bench.read(CARDS[i], 0x34, 1);
                while (bench.read(CARDS[i], power[i], 1) != 1) {
                    power[i] = bench.read(CARDS[i], power[i] + 1, 1);
                }
            }
            int reached = 0;
            for (int step = 0; step < 4_000; step++) {
                change(random);
                for (int i = 0; i < 2; i++) {
                    cards.get(i).upstream.write(0x1000 + random.nextInt(0x1000), new byte[16], 0, 16);
                    long base = bench.read(CARDS[i], 0x10, 4) & 0xFFFF_FFF0L;
                    long address = (random.nextInt(4) == 0 ? SPACE + random.nextInt(MEBIBYTES << 20) : Math.max(base, SPACE) + random.nextInt(SIZE)) & ~3L;
                    boolean one = reaches(0, address);
                    boolean two = reaches(1, address);
                    long read = bench.machine.memory().read(address, 4);
                    if (one && two) {
                        continue; // software's mistake: either may answer
                    }
                    int before = cards.get(one ? 0 : 1).written;
                    bench.machine.memory().write(address, 4, 0);
                    if (one || two) {
                        assertThat(read & 0xFF).as("step %d, address %x", step, address).isEqualTo(one ? 1 : 2);
                        assertThat(cards.get(one ? 0 : 1).written).isEqualTo(before + 1);
                        reached++;
                    } else {
                        assertThat(read).as("step %d, address %x: nobody", step, address).isEqualTo(0xFFFF_FFFFL);
                    }
                }
            }
            assertThat(reached).isGreaterThan(500);
        }
    }
}
