package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.vtd.RemappingUnit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The bundle of the remapping unit, updated and stopped under a device that does DMA. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VtdIT {
    private static final long UNIT = 0xFED9_0000L;
    private static final long BAR = 0xC000_0000L;
    private static final long BUFFER = 0x4_0000;
    private static final long ROOT = 0x10_0000;
    private static final long IOVA = 0x1000;
    private static final long OWN = 0x80_0000;
    private static final long VALUE = 0x1122_3344_5566_7788L;

    private final BundleContext context = FrameworkUtil.getBundle(VtdIT.class).getBundleContext();
    private final Installed bundle = Installed.of(context, "com.vtsim.vtd");
    private Machines machines;
    private Machine machine;

    @TempDir
    Path folder;

    @BeforeEach
    void build() throws Exception {
        machines = context.getService(context.getServiceReference(Machines.class));
        machine = machines.create("vtd", "q35", Map.of("memory", "16M", "vtd", "true", "edu", "true"));
        Path loop = Files.write(folder.resolve("loop.bin"), new byte[] {(byte) 0xEB, (byte) 0xFE});
        machine.load("flat", loop, Map.of("address", "0x7000"));
        machine.call(() -> {
            PciFunction edu = machine.find(PciHost.class).orElseThrow().function(PciAddress.parse("00:03.0")).orElseThrow();
            edu.configWrite(0x10, 4, (int) BAR);
            edu.configWrite(0x04, 2, 6);
            put(ROOT, 0x10_1001);
            put(0x10_1000 + 0x18 * 16, 0x10_2001);
            put(0x10_1008 + 0x18 * 16, 0x101);
            put(0x10_2000, 0x10_3003);
            put(0x10_3000, 0x10_4003);
            put(0x10_4008, OWN | 3);
            put(OWN, VALUE);
            put(UNIT + 0x20, ROOT);
            machine.memory().write(UNIT + 0x18, 4, 0x4000_0000L);
            machine.memory().write(UNIT + 0x18, 4, 0x8000_0000L);
            return null;
        });
    }

    @AfterEach
    void leaveEverythingAsItWas() throws Exception {
        machines.destroy("vtd");
        bundle.putBack();
    }

    private void put(long hpa, long value) {
        machine.memory().write(hpa, 8, value);
    }

    private long get(long hpa) {
        return machine.call(() -> machine.memory().read(hpa, 8));
    }

    private void transfer(long from, long to, int command) throws InterruptedException {
        machine.call(() -> {
            put(BAR + 0x80, from);
            put(BAR + 0x88, to);
            put(BAR + 0x90, 8);
            put(BAR + 0x98, command);
            return null;
        });
        machine.run(new RunLimits(Long.MAX_VALUE, 20_000, null));
    }

    @Test
    void anUpdatedUnitTranslatesOn() throws Exception {
        transfer(IOVA, BUFFER, 1);
        bundle.update();
        transfer(BUFFER, IOVA + 8, 3);
        assertThat(get(OWN + 8)).isEqualTo(VALUE);
        assertThat(get(IOVA + 8)).as("untranslated").isZero();
        assertThat(machine.part("vtd0")).hasValueSatisfying(part -> assertThat(part.carried()).isEqualTo("state"));
        assertThat(machine.<Integer>call(() -> machine.find(RemappingUnit.class).orElseThrow().faults().size())).isZero();
    }

    @Test
    void whileTheBundleIsStoppedNothingPassesUntranslated() throws Exception {
        transfer(IOVA, BUFFER, 1);
        bundle.bundle().stop();
        transfer(BUFFER, IOVA + 8, 3);
        assertThat(get(IOVA + 8)).as("untranslated").isZero();
        assertThat(get(OWN + 8)).as("translated").isZero();
        bundle.bundle().start();
        transfer(BUFFER, IOVA + 8, 3);
        assertThat(get(OWN + 8)).isEqualTo(VALUE);
    }
}
