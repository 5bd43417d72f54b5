package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/**
 * The configuration space of every device there is, written at random: nothing throws, and what is read-only by the specification stays as it is.
 * Tables from: PCI Local Bus Specification, Configuration Space Organization; PCI-to-PCI Bridge Architecture Specification; PCI Express Base
 * Specification, PCI Express Capability Structure and the extended capabilities.
 */
@Timeout(value = 240, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConfigSpaceIT {
    private static final int SPACE = 4096;
    private static final int WRITES = 20_000;
    private static final int ROUND = 100;

    private final BundleContext context = FrameworkUtil.getBundle(ConfigSpaceIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));

    /** Which bits of a function's space are fixed, by its header and its lists. */
    private static final class Fixed {
        private final byte[] mask = new byte[SPACE];
        private final PciFunction function;

        Fixed(PciFunction function) {
            this.function = function;
            boolean bridge = (function.configRead(0x0E, 1) & 0x7F) == 1;
            keep(0x00, 4, -1);
            keep(0x08, 4, -1);
            keep(0x0D, 1, -1);
            keep(0x0E, 1, -1);
            keep(0x34, 1, -1);
            keep(0x35, 3, -1);
            keep(0x3D, 1, -1);
            keep(0x06, 2, 0x06B7);
            if (bridge) {
                keep(0x10, 8, -1);
                keep(0x1B, 1, -1);
                keep(0x1C, 2, 0x0F0F);
                keep(0x1E, 2, 0x06FF);
                keep(0x20, 4, 0x000F_000F);
                keep(0x24, 4, 0x000F_000F);
                keep(0x3E, 2, 0xF000);
            } else {
                keep(0x28, 8, -1);
                keep(0x3E, 2, -1);
            }
            for (int at = (function.configRead(6, 2) & 0x10) == 0 ? 0 : function.configRead(0x34, 1); at != 0; at = function.configRead(at + 1, 1)) {
                keep(at, 2, -1);
                capability(function.configRead(at, 1), at);
            }
            for (int at = 0x100; at != 0 && function.configRead(at, 4) != 0; at = function.configRead(at, 4) >>> 20) {
                keep(at, 4, -1);
                extended(function.configRead(at, 2), at);
            }
        }

        private void keep(int offset, int size, long bits) {
            for (int i = 0; i < size; i++) {
                mask[offset + i] |= (byte) (bits >> 8 * Math.min(i, 7));
            }
        }

        private void capability(int id, int at) {
            switch (id) {
                case 0x01 -> {
                    keep(at + 2, 2, -1);
                    keep(at + 4, 2, 0x60FC);
                    keep(at + 6, 2, -1);
                }
                case 0x05 -> {
                    keep(at + 2, 2, 0xFF8E);
                    keep(at + 4, 1, 3);
                }
                case 0x10 -> express(at);
                case 0x11 -> {
                    keep(at + 2, 2, 0x3FFF);
                    keep(at + 4, 8, -1);
                }
                default -> { }
            }
        }

        /** Of a function that is in PCI Express the command register's bits of conventional buses are 0 for ever. */
        private void express(int at) {
            keep(0x04, 2, 0xFAB8);
            keep(at + 0x02, 2, -1);
            keep(at + 0x04, 4, -1);
            keep(at + 0x08, 2, 0x8000);
            keep(at + 0x0A, 2, 0xFF80);
            keep(at + 0x0C, 4, -1);
            keep(at + 0x12, 2, 0x1FFF);
            keep(at + 0x14, 4, -1);
            keep(at + 0x1C, 2, 0xFFC0);
            keep(at + 0x1E, 2, -1);
            keep(at + 0x24, 4, -1);
            keep(at + 0x2A, 6, -1);
            keep(at + 0x34, 8, -1);
        }

        private void extended(int id, int at) {
            switch (id) {
                case 0x01 -> {
                    keep(at + 0x04, 4, 0xF800_0FCEL);
                    keep(at + 0x08, 4, 0xF800_0FCEL);
                    keep(at + 0x10, 4, 0xFFFF_0E3EL);
                    keep(at + 0x18, 4, 0xFFFF_F6BFL & ~0x1F);
                    keep(at + 0x1C, 16, -1);
                }
                case 0x03 -> keep(at + 4, 8, -1);
                case 0x0D, 0x0F, 0x0E, 0x1B, 0x1D -> keep(at + 4, 2, -1);
                case 0x10 -> {
                    keep(at + 4, 4, -1);
                    keep(at + 0x0C, 4, -1);
                    keep(at + 0x12, 6, -1);
                    keep(at + 0x1A, 6, -1);
                }
                case 0x13 -> keep(at + 8, 4, -1);
                default -> { }
            }
        }

        byte[] now() {
            byte[] now = new byte[SPACE];
            for (int i = 0; i < SPACE; i++) {
                now[i] = (byte) (function.configRead(i, 1) & mask[i]);
            }
            return now;
        }
    }

    private static void shake(PciFunction function, Random random) {
        Fixed fixed = new Fixed(function);
        byte[] before = fixed.now();
        for (int i = 1; i <= WRITES; i++) {
            int size = 1 << random.nextInt(3);
            int offset = random.nextInt(random.nextBoolean() ? 0x100 : 0x400) & -size;
            function.configWrite(offset, size, random.nextInt(4) == 0 ? -1 : random.nextInt());
            int where = random.nextInt(SPACE) & -size;
            int read = function.configRead(where, size);
            assertThat(size == 4 ? 0 : read >>> 8 * size).as("a read of %d bytes at %x of %s", size, where, function.name()).isZero();
            if (i % ROUND == 0) {
                byte[] now = fixed.now();
                int wrong = Arrays.mismatch(before, now);
                assertThat(wrong).as("%s, write %d: the byte at %x, before %s, after %s", function.name(), i, wrong, at(before, wrong), at(now, wrong)).isEqualTo(-1);
            }
        }
    }

    private static String at(byte[] bytes, int offset) {
        return offset < 0 ? "" : "%02x".formatted(bytes[offset]);
    }

    @Test
    void whatIsReadOnlyStaysAsItIs(@TempDir Path folder) throws Exception {
        Path disk = image(folder.resolve("disk.img"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandSession session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        Machine machine = machines.create("config", "q35", Map.of("memory", "16M", "irq", "apic", "root-ports", "true", "edu", "true", "nvme", disk.toString(),
            "endpoint", "true", "endpoint-address", "02:00.0", "endpoint-virtual-functions", "7"));
        try {
            session.execute("machine:add config virtio.block block0 files=" + image(folder.resolve("virtio.img")));
            for (String kind : new String[] {"console", "entropy", "network"}) {
                session.execute("machine:add config virtio." + kind + " " + kind + "0");
            }
            Random random = new Random(6);
            int count = machine.call(() -> {
                var functions = machine.find(PciHost.class).orElseThrow().functions();
                functions.forEach(function -> shake(function, random));
                return functions.size();
            });
            assertThat(count).as("functions").isGreaterThanOrEqualTo(11);
        } finally {
            machines.destroy("config");
            session.close();
        }
    }

    private static Path image(Path path) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        return path;
    }
}
