package com.vtsim.pci.lpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.lpc.fwcfg.FirmwareConfig;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a guest does to the bridge and to fw_cfg, nothing throws, and replaced parts go on as those before. */
class FuzzTest {
    private static final int[] SIZES = {1, 2, 4};
    private static final int[] PORTS = {0x92, 0xB2, 0xB3, 0x510, 0x511, 0x514, 0x518, 0xCF9};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomAccessesNeverThrow(long seed) throws InterruptedException {
        Random random = new Random(seed);
        try (Backplane machine = Backplane.of("t", 1 << 20)) {
            LpcBridge lpc = new LpcBridge("lpc", "gm45", "8086:0000");
            FirmwareConfig fwcfg = new FirmwareConfig("fwcfg", 0x3F8, true, "");
            machine.add(lpc);
            machine.add(fwcfg);
            machine.add(new HaltedProcessor(0));
            for (int i = 0; i < 30_000; i++) {
                access(machine, lpc, random);
                if (i % 500 == 0) {
                    machine.clock().timer("t" + i, () -> { }).at(machine.clock().now() + random.nextInt(1_000_000_000));
                    machine.run(new RunLimits(Long.MAX_VALUE, 1_000_000_000, null));
                }
            }
            assertThat(machine.status().reports()).noneMatch(r -> r.contains("Exception"));
            String digest = machine.digest();
            machine.remove(lpc);
            machine.remove(fwcfg);
            machine.add(new LpcBridge("lpc", "gm45", "8086:0000"));
            machine.add(new FirmwareConfig("fwcfg", 0x3F8, true, ""));
            assertThat(machine.digest()).isEqualTo(digest);
        }
    }

    private static void access(Backplane machine, LpcBridge lpc, Random random) {
        int size = SIZES[random.nextInt(SIZES.length)];
        int offset = random.nextInt(0x100) & -size;
        switch (random.nextInt(7)) {
            case 0 -> lpc.configRead(offset, size);
            case 1 -> lpc.configWrite(offset, size, random.nextInt());
            case 2 -> machine.ports().write(PORTS[random.nextInt(PORTS.length)] & (size == 1 ? -1 : -size), size, random.nextInt());
            case 3 -> machine.ports().read(PORTS[random.nextInt(PORTS.length)], size);
            case 4 -> {
                int base = lpc.configRead(0x40, 4) & 0xFF80;
                machine.ports().write(base + random.nextInt(0x80), 1, random.nextInt());
                machine.ports().read(base + random.nextInt(0x7C), 4);
            }
            case 5 -> {
                long base = lpc.configRead(0xF0, 4) & 0xFFFF_C000L;
                machine.memory().write(base + 0x3000 + random.nextInt(0x800), size, random.nextInt());
                machine.memory().read(base + random.nextInt(0x3FF8), 8);
            }
            default -> lpc.wire(random.nextInt(32), 1 + random.nextInt(4), random.nextBoolean());
        }
    }
}
