package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** A guest that writes to its disk without a pause, and whose controller is replaced meanwhile, is to the bit the guest that nobody touched. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskSwapIT {
    private static final Path GUEST = Path.of("../guests/disk.asm").toAbsolutePath().normalize();
    private static final long INSTRUCTIONS = 2_000_000;
    private static final int UPDATES = 24;

    private final BundleContext context = FrameworkUtil.getBundle(DiskSwapIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed bundle = Installed.of(context, "com.vtsim.pci.nvme");

    @TempDir
    Path folder;

    @AfterEach
    void leaveEverythingAsItWas() throws Exception {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
        bundle.putBack();
    }

    /** Both are called the same, one after the other: the disk's identity follows from the name. */
    private Machine machine(Path disk) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(16 << 20);
        }
        Machine machine = machines.create("swap", "q35", Map.of("memory", "16M", "nvme", disk.toString()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CommandSession session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out)) {
            session.execute("machine:load swap asm " + GUEST + " --mode protected");
        }
        return machine;
    }

    @Test
    void updatesAtRandomPointsChangeNothing() throws Exception {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Machine untouched = machine(one);
        untouched.run(RunLimits.instructions(INSTRUCTIONS));
        String digest = untouched.digest();
        String said = untouched.transcripts().get("com1");
        machines.destroy("swap");
        assertThat(said).contains("flushed 0000007f");

        Machine swapped = machine(two);
        long at = 0;
        for (long point : new Random(1400).longs(UPDATES, 1, INSTRUCTIONS).distinct().sorted().toArray()) {
            swapped.run(RunLimits.instructions(point - at));
            at = point;
            bundle.update();
            await().until(() -> swapped.part("nvme0").filter(PartInfo::present).isPresent());
            assertThat(swapped.part("nvme0").orElseThrow().carried()).isEqualTo("state");
        }
        swapped.run(RunLimits.instructions(INSTRUCTIONS - at));
        assertThat(swapped.transcripts().get("com1")).isEqualTo(said);
        assertThat(Files.mismatch(one, two)).as("the disks").isEqualTo(-1);
        assertThat(swapped.digest()).as("memory and every part").isEqualTo(digest);
        assertThat(swapped.status().reports()).noneMatch(report -> report.startsWith("nvme0"));
    }
}
