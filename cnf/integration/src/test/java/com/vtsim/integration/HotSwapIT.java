package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkUtil;

/** Firmware runs while its hardware is replaced: what it leaves in memory is what it leaves on a machine that nobody touched. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HotSwapIT {
    private static final Path BIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    private static final long INSTRUCTIONS = 6_000_000;

    private final BundleContext context = FrameworkUtil.getBundle(HotSwapIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));

    @AfterEach
    void destroy() {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
    }

    private Machine machine(String name) {
        assumeTrue(Files.isReadable(BIOS), "the package seabios is not installed");
        Machine machine = machines.create(name, "q35", Map.of("memory", "64M"));
        machine.load("rom", BIOS, Map.of());
        return machine;
    }

    private String untouched() throws InterruptedException {
        Machine machine = machine("untouched");
        machine.run(RunLimits.instructions(INSTRUCTIONS));
        String digest = machine.digest();
        machines.destroy("untouched");
        return digest;
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles()).filter(bundle -> bundle.getSymbolicName().equals(name)).findFirst().orElseThrow();
    }

    private void restart(Machine machine, String bundle) throws BundleException {
        bundle(bundle).stop();
        bundle(bundle).start();
        await().until(() -> machine.parts().stream().allMatch(PartInfo::present));
        assertThat(machine.parts()).extracting(PartInfo::carried).isSubsetOf("new", "state");
    }

    @Test
    void bundlesRestartedAtRandomPointsChangeNothing() throws Exception {
        String expected = untouched();
        List<String> bundles = List.of("com.vtsim.irq.pic", "com.vtsim.pci.lpc", "com.vtsim.pci.bus", "com.vtsim.cpu");
        Random random = new Random(8254);
        Machine machine = machine("swapped");
        long[] points = random.longs(16, 1, INSTRUCTIONS).distinct().sorted().toArray();
        long at = 0;
        for (long point : points) {
            machine.run(RunLimits.instructions(point - at));
            at = point;
            restart(machine, bundles.get(random.nextInt(bundles.size())));
        }
        machine.run(RunLimits.instructions(INSTRUCTIONS - at));
        assertThat(machine.status().reports()).isEmpty();
        assertThat(machine.digest()).as("swapped at %s", Arrays.toString(points)).isEqualTo(expected);
    }

    @Test
    void aProcessorAndAnInterruptControllerAreReplacedWhileTheGuestRuns() throws Exception {
        String expected = untouched();
        Machine machine = machine("swapped");
        machine.start(RunLimits.instructions(INSTRUCTIONS));
        for (int i = 0; i < 5; i++) {
            restart(machine, "com.vtsim.irq.pic");
            restart(machine, "com.vtsim.cpu");
        }
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        assertThat(machine.digest()).isEqualTo(expected);
    }

    @Test
    void aSavedMachineContinuesToTheSameDigest() throws Exception {
        String expected = untouched();
        Path file = Files.createTempFile("vtsim", ".snapshot");
        try {
            Machine first = machine("first");
            first.run(RunLimits.instructions(INSTRUCTIONS / 2));
            first.save(file);
            machines.destroy("first");
            Machine second = machines.create("second", "q35", Map.of("memory", "64M"));
            second.restore(file);
            second.run(RunLimits.instructions(INSTRUCTIONS - INSTRUCTIONS / 2));
            assertThat(second.digest()).isEqualTo(expected);
        } finally {
            Files.delete(file);
        }
    }
}
