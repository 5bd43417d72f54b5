package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.pci.TestEndpoint;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.vtd.RemappingUnit;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The distribution's stock kernel behind the remapping unit, with a disk that does DMA through it: one boot in legacy mode, one in scalable mode. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VtdKernelIT {
    private static final String NAME = "vtdk";
    private static final int MEBIBYTE = 1 << 20;
    private static final int MEBIBYTES = 64;
    /** Size of the second disk. */
    private static final int FEW = 16;
    /** What the driver says of a fault, or of an invalidation that does not end; what a disk's driver says when its requests are lost. */
    private static final Pattern COMPLAINT = Pattern.compile("(?i)DMAR:.*(fault|error|fail|timed out)|nvme.*(error|fail|timeout|abort|reset)|warning:|\\bbug:|oops|call trace|panic|nobody cared|firmware bug");

    private final BundleContext context = FrameworkUtil.getBundle(VtdKernelIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final List<Installed> bundles = List.of(Installed.of(context, "com.vtsim.vtd"), Installed.of(context, "com.vtsim.pci.nvme"), Installed.of(context, "com.vtsim.pci.virtio"));
    private static final List<String> PARTS = List.of("vtd0", "nvme0", "virtio0");
    private static final List<String> MODULES = List.of("virtio_ring.ko", "virtio.ko", "virtio_pci_modern_dev.ko", "virtio_pci_legacy_dev.ko", "virtio_pci.ko", "virtio_blk.ko");
    private GuestPackages guest;
    private Path folder;
    private Path disk;
    private Path second;
    private String digest;
    private Machine machine;
    private LinuxGuest linux;

    /** The disk's second half holds noise for the guest to copy to the first. */
    @BeforeAll
    void boot(@TempDir Path temporary) throws Exception {
        guest = GuestPackages.get();
        folder = temporary;
        disk = folder.resolve("disk");
        digest = NoiseDisk.write(disk, MEBIBYTES, 42);
        second = folder.resolve("second");
        try (RandomAccessFile file = new RandomAccessFile(second.toFile(), "rw")) {
            file.setLength((long) FEW * MEBIBYTE);
        }
        start(Map.of("vtd-profile", "client"), "intel_iommu=on iommu.strict=1");
    }

    private void start(Map<String, String> more, String append) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of("memory", "256M", "irq", "apic", "vtd", "true", "edu", "true", "nvme", disk.toString()));
        options.putAll(more);
        machine = machines.create(NAME, "q35", options);
        machines.add(NAME, "virtio0", "com.vtsim.pci.virtio.block", Map.of("files", new String[] {second.toString()}));
        linux = new LinuxGuest(machine).boot(guest, LinuxGuest.initialDisk(folder, guest, MODULES), append);
        linux.say("for m in " + String.join(" ", MODULES) + "; do insmod /modules/$m; done");
    }

    @AfterAll
    void leaveEverythingAsItWas() throws Exception {
        if (machine != null) {
            machines.destroy(NAME);
        }
        for (Installed bundle : bundles) {
            bundle.putBack();
        }
    }

    private void assertNothingWasBlocked() throws Exception {
        assertThat(linux.say("dmesg").lines().filter(line -> COMPLAINT.matcher(line).find()).toList()).isEmpty();
        assertThat(machine.<Integer>call(() -> machine.find(RemappingUnit.class).orElseThrow().faults().size())).isZero();
    }

    @Test
    @Order(1)
    void theDriverFindsTheUnitAndUsesIt() throws Exception {
        assertThat(linux.say("dmesg | grep -iE \"dmar|iommu|x2apic\"")).contains("DMAR: Host address width 39", "DMAR: DRHD base: 0x000000fed90000 flags: 0x1",
            "DMAR-IR: IOAPIC id 0 under DRHD base  0xfed90000 IOMMU 0", "DMAR-IR: HPET id 0 under DRHD base 0xfed90000", "DMAR-IR: Enabled IRQ remapping in x2apic mode",
            "x2apic enabled", "DMAR: dmar0: Using Queued invalidation", "DMAR: Intel(R) Virtualization Technology for Directed I/O");
    }

    @Test
    @Order(2)
    void everyFunctionHasItsGroup() throws Exception {
        assertThat(linux.say("cd /sys/kernel/iommu_groups; for g in *; do echo group $g: $(ls $g/devices); done; cd /"))
            .containsPattern("group 0: 0000:00:00.0\\s").containsPattern("group \\d: 0000:00:03.0\\s").containsPattern("group \\d: 0000:00:04.0\\s")
            .containsPattern("group \\d: 0000:00:1f.0\\s");
    }

    @Test
    @Order(3)
    void interruptsPassTheTable() throws Exception {
        assertThat(linux.say("cat /proc/interrupts")).containsPattern("IR-IO-APIC.*ttyS0").containsPattern("IR-PCI-MSI.*nvme0q1");
    }

    /** Updates the unit's and the disks' bundles in turn while a command runs; the machine goes on for a while after each. @return what the command printed */
    private String updateUnder(String command) throws Exception {
        linux.start(command);
        int updates = 0;
        while (machine.status().running()) {
            bundles.get(updates++ % bundles.size()).update();
            for (String part : PARTS) {
                await().atMost(Duration.ofSeconds(60)).until(() -> machine.part(part).filter(PartInfo::present).isPresent());
            }
            long from = machine.status().instructions();
            await().atMost(Duration.ofSeconds(60)).until(() -> !machine.status().running() || machine.status().instructions() - from > 5_000_000);
        }
        assertThat(updates).as("updates under the copy").isPositive();
        for (String part : PARTS) {
            assertThat(machine.part(part).orElseThrow().carried()).isEqualTo("state");
        }
        return linux.finish();
    }

    @Test
    @Order(4)
    void sixtyFourMebibytesAreWrittenAndReadWhileTheBundlesAreUpdated() throws Exception {
        assertThat(updateUnder("dd if=/dev/nvme0n1 of=/dev/nvme0n1 bs=1M skip=" + MEBIBYTES + " count=" + MEBIBYTES + " conv=fsync,notrunc 2>&1")).contains(MEBIBYTES + "+0 records out");
        assertThat(NoiseDisk.digestOfFirst(disk, MEBIBYTES)).as("on the host").isEqualTo(digest);
        assertThat(updateUnder("dd if=/dev/nvme0n1 of=/dev/vda bs=1M count=" + FEW + " conv=fsync,notrunc 2>&1")).contains(FEW + "+0 records out");
        assertThat(NoiseDisk.digestOfFirst(second, FEW)).as("on the virtio disk's host file").isEqualTo(NoiseDisk.digestOfFirst(disk, FEW));
        assertThat(linux.say("echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/nvme0n1 bs=1M count=" + MEBIBYTES + " 2>/dev/null | md5sum")).as("in the guest").contains(digest);
        assertNothingWasBlocked();
    }

    @Test
    @Order(5)
    void inScalableModeTheDiskWorksOnFirstStageTables() throws Exception {
        machines.destroy(NAME);
        machine = null;
        start(Map.of("vtd-profile", "scalable", "root-ports", "true", "endpoint", "true", "endpoint-address", "02:00.0"), "intel_iommu=on,sm_on");
        assertThat(linux.say("dmesg | grep DMAR")).contains("DMAR: Host address width 46", "DMAR: Enable scalable mode if hardware supports");
        assertThat(linux.say("for d in nvme0n1 vda; do dd if=/dev/$d bs=1M count=" + FEW + " 2>/dev/null | md5sum; done"))
            .containsPattern("(?s)" + NoiseDisk.digestOfFirst(disk, FEW) + ".*" + NoiseDisk.digestOfFirst(disk, FEW));
        List<String> reaches = machine.call(() -> machine.find(RemappingUnit.class).orElseThrow().domains().stream().flatMap(domain -> domain.reaches().stream()).toList());
        assertThat(reaches).anyMatch(text -> text.startsWith("PASID 0 first stage"));
        assertNothingWasBlocked();
    }

    /** @return a 16-bit register of an extended capability structure of the endpoint */
    private int endpoint(int capability, int offset) {
        return machine.<Integer>call(() -> {
            TestEndpoint endpoint = machine.find(TestEndpoint.class).orElseThrow();
            int at = 0x100;
            while ((endpoint.configRead(at, 4) & 0xFFFF) != capability) {
                at = endpoint.configRead(at, 4) >>> 20;
                assertThat(at).as("capability %x", capability).isNotZero();
            }
            return endpoint.configRead(at + offset, 2);
        });
    }

    private long counter(String register) {
        return machine.<Long>call(() -> machine.findAll(RegisterBlocks.class).stream().flatMap(part -> part.registerBlocks().stream()).filter(block -> block.name().equals("Test endpoint"))
            .flatMap(block -> block.registers().stream()).filter(value -> value.name().equals(register)).findFirst().orElseThrow().value());
    }

    /**
     * The kernel follows the DMAR table's ATSR to the root port, and turns the card's ATS, PRI and PASID on. It answers its page request (with a refusal: it
     * serves those with a PASID only), and takes its translations back when it lets the card go.
     */
    @Test
    @Order(6)
    void theDriverTurnsOnTranslationServicesOfACardBehindARootPort() throws Exception {
        assertThat(endpoint(0x0F, 6) & 0x8000).as("ATS enabled").isNotZero();
        assertThat(endpoint(0x1B, 6) & 1).as("PASID enabled").isEqualTo(1);
        assertThat(endpoint(0x13, 4) & 1).as("page requests enabled").isEqualTo(1);
        machine.call(() -> {
            machine.find(TestEndpoint.class).orElseThrow().configWrite(0x04, 2, 0x0406);
            return null;
        });
        // A read through the card's own cache: translation request, page request, the kernel's answer.
        assertThat(linux.say("B=$(head -1 /sys/bus/pci/devices/0000:02:00.0/resource); B=${B%% *}; devmem $((B+16)) 64 0x12345000; devmem $((B+12)) 32 4; devmem $((B+4)) 32 9; sleep 1; "
            + "devmem $((B+8)) 32; dmesg | tail -2")).as("failed: page not to be had").contains("0x00000502", "Page request without PASID");
        assertThat(List.of(counter("TRANSLATIONS"), counter("PAGES"), counter("INVALIDATIONS"))).containsExactly(1L, 1L, 0L);
        linux.say("echo 1 > /sys/bus/pci/devices/0000:02:00.0/remove");
        assertThat(counter("INVALIDATIONS")).as("the card's translations taken back").isPositive();
    }
}
