package com.vtsim.pci.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a guest does to configuration space, nothing throws, and a replaced bridge goes on as the one before. */
class FuzzTest {
    private static final int[] FUNCTIONS = {Bench.HOST, Bench.address(0, 3, 0), Bench.address(0, 3, 1), Bench.address(5, 0, 0)};
    private static final int[] SIZES = {1, 2, 4};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomAccessesNeverThrow(long seed) {
        Random random = new Random(seed);
        try (Bench bench = new Bench()) {
            bench.machine.add(new FakeFunction("nic", "00:03.0"));
            FakeFunction second = new FakeFunction("nic1", "00:03.1");
            bench.machine.add(second);
            for (int i = 0; i < 30_000; i++) {
                access(bench, random);
                if (i % 1000 == 0) {
                    second.config.interrupt(random.nextBoolean());
                    second.upstream.write(random.nextLong(), new byte[64], 0, 64);
                    second.upstream.read(random.nextLong() >>> 28, new byte[64], 0, 64);
                    second.upstream.message(0xFEE0_0000L | random.nextInt(0x10_0000), random.nextInt());
                }
                if (i % 10_000 == 9_999) {
                    bench.machine.reset(random.nextBoolean() ? Reset.WARM : Reset.COLD);
                }
            }
            access(bench, random);
            String digest = bench.machine.digest();
            bench.machine.remove(bench.host);
            bench.machine.add(new HostBridge("host", "q35", "1af4:1100"));
            assertThat(bench.machine.digest()).isEqualTo(digest);
        }
    }

    /** Bridges in levels, with a card that comes and goes. */
    @ParameterizedTest
    @ValueSource(longs = {5, 6, 7, 8})
    void randomAccessesToBridgesNeverThrow(long seed) {
        Random random = new Random(seed);
        int[] places = {Bench.address(0, 0x1C, 0), Bench.address(0, 0x1D, 0), Bench.address(1, 0, 0), Bench.address(2, 0, 0), Bench.address(2, 1, 0), Bench.address(3, 0, 0)};
        try (Bench bench = new Bench()) {
            FakeFunction card = new FakeFunction("card", "03:00.0");
            bench.machine.add(new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, false));
            bench.machine.add(new Bridge("up", "01:00.0", "switch-up", 2, 0, false, false));
            bench.machine.add(new Bridge("down", "02:01.0", "switch-down", 3, 2, true, false));
            bench.machine.add(new Bridge("legacy", "00:1d.0", "pci-bridge", 4, 0, false, false));
            bench.machine.add(card);
            bench.machine.add(new FakeFunction("old", "04:05.0"));
            for (int i = 0; i < 20_000; i++) {
                int size = SIZES[random.nextInt(SIZES.length)];
                int offset = random.nextInt(random.nextBoolean() ? 0x40 : 0x100) & -size;
                if (random.nextInt(4) == 0) {
                    bench.write(places[random.nextInt(places.length)], 0x18, 4, random.nextInt(4) * 0x01_0101 & 0x03_0303 | 0x03_0000);
                }
                bench.write(places[random.nextInt(places.length)], offset, size, random.nextInt());
                if (i % 500 == 0) {
                    card.upstream.write(random.nextInt(0x100_0000), new byte[64], 0, 64);
                    card.config.interrupt(random.nextBoolean());
                    bench.machine.memory().read(random.nextLong() >>> 30, 4);
                }
                if (i % 5_000 == 4_999) {
                    bench.machine.remove(card);
                    card = new FakeFunction("card", "03:00.0");
                    bench.machine.add(card);
                }
            }
            String digest = bench.machine.digest();
            bench.machine.remove(bench.host);
            bench.machine.add(new HostBridge("host", "q35", "1af4:1100"));
            assertThat(bench.machine.digest()).isEqualTo(digest);
        }
    }

    private static void access(Bench bench, Random random) {
        int function = FUNCTIONS[random.nextInt(FUNCTIONS.length)];
        int size = SIZES[random.nextInt(SIZES.length)];
        int offset = random.nextInt(0x100) & -size;
        switch (random.nextInt(5)) {
            case 0 -> bench.read(function, offset, size);
            case 1 -> bench.machine.ports().write(0xCF8 + random.nextInt(8), size, random.nextInt());
            case 2 -> bench.machine.memory().read(random.nextLong() >>> 28, 8);
            default -> bench.write(function, offset, size, random.nextInt());
        }
    }
}
