package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.vtd.RemappingUnit;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/**
 * The distribution's Xen, unmodified, with the distribution's kernel as its domain 0 in a virtual machine of its own (PVH): VMX and EPT, and the remapping unit,
 * are used by code that is not ours. One boot for all claims.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class XenIT {
    private static final String NAME = "xen";
    private static final int MEBIBYTES = 8;
    private static final RunLimits BOOT = new RunLimits(14_000_000_000L, Long.MAX_VALUE, "guest is ready");
    /** In the order in which they have to be loaded. */
    private static final List<String> MODULES = List.of("crct10dif_common.ko", "crc-t10dif.ko", "crc64.ko", "crc64-rocksoft.ko", "t10-pi.ko", "nvme-core.ko", "nvme.ko");
    /** What Xen or Linux says if the machine is not as it should be. */
    private static final Pattern COMPLAINT = Pattern.compile("(?i)panic|(?-i:\\bBUG\\b)|oops|call trace|unhandled|unexpected|\\bfault|failed vm|vm.?entry fail|vmx.*error|"
        + "\\(XEN\\).*(fail|error|unable|cannot|bogus|broken|unsupported)|nvme.*(error|fail|timeout|abort)");
    /** What may remain of that: Xen names its log levels, and has no way to ask a PVH domain for machine checks; the timer's ports are Xen's own. */
    private static final Pattern EXPLAINED = Pattern.compile("Std\\. Loglevel|Guest Loglevel|xen_mcelog|PM-Timer failed consistency check");

    private final BundleContext context = FrameworkUtil.getBundle(XenIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private Path file;
    private String digest;
    private Machine machine;
    private LinuxGuest linux;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        Map<String, String> files = new LinkedHashMap<>(Map.of("vmlinuz", "**/boot/vmlinuz-*"));
        MODULES.forEach(module -> files.put(module, "**/" + module));
        Path modules = PackagedFiles.get("amd64", "linux-image-amd64", "linux-image-\\S+", files);
        Path xen = PackagedFiles.get("xen", "xen-system-amd64", "xen-hypervisor-[0-9.]+-amd64", Map.of("xen.gz", "**/boot/xen-*.gz")).resolve("xen.gz");
        GuestPackages guest = new GuestPackages(modules.resolve("vmlinuz"), GuestPackages.get().busybox(), modules);
        file = folder.resolve("disk");
        digest = NoiseDisk.write(file, MEBIBYTES, 7);
        machine = machines.create(NAME, "q35", Map.of("memory", "512M", "cpus", "2", "irq", "apic", "vtd", "true", "nvme", file.toString()));
        machine.load("multiboot", xen, Map.of("append", "com1=115200,8n1 console=com1 loglvl=all dom0=pvh dom0_mem=256M iommu=verbose",
            "module", guest.kernel() + " console=hvc0 loglevel=7," + LinuxGuest.initialDisk(folder, guest, MODULES)));
        assertThat(machine.run(BOOT).cause()).as("dom0 reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
        linux = new LinuxGuest(machine);
    }

    @AfterAll
    void destroy() {
        if (machine != null) {
            machines.destroy(NAME);
        }
    }

    private String log() {
        return machine.transcripts().get("com1");
    }

    @Test
    void xenFindsTheMachineAsItIsDescribed() {
        assertThat(log()).contains("Bootloader: VTSim", "Multiboot-e820 RAM map:", "[000000000009fc00, 000000000009ffff] (reserved)", "[00000000e0000000, 00000000efffffff] (reserved)",
            "PCI: Using MCFG for segment 0000 bus 00-ff", "ACPI: DMAR", "SMP: Allowing 2 CPUs", "Brought up 2 CPUs", "Switched to APIC driver x2apic");
    }

    @Test
    void xenUsesVmxEptAndTheRemappingUnit() {
        assertThat(log()).contains("HVM: VMX enabled", "HVM: Hardware Assisted Paging (HAP) detected", "HVM: HAP page sizes: 4kB, 2MB, 1GB", " - APIC Register Virtualization",
            " - Virtual Interrupt Delivery", " - Posted Interrupt Processing", "Intel VT-d Queued Invalidation enabled", "Intel VT-d Interrupt Remapping enabled",
            "Intel VT-d Shared EPT tables enabled", "I/O virtualisation enabled", "*** Building a PVH Dom0 ***");
        assertThat(log()).contains("Hypervisor detected: Xen HVM", "Booting kernel on Xen PVH", "x2apic enabled");
    }

    /** Requests of the disk pass tables that EPT and the remapping unit share, its interrupts the remapping table. */
    @Test
    void domainZeroUsesADiskThroughTheRemappingUnit() throws Exception {
        // One by one: Xen keeps 128 characters for domain 0 and drops the rest.
        for (String module : MODULES) {
            linux.say("insmod /modules/" + module);
        }
        linux.say("for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/nvme0n1 ] || sleep 1; done");
        String disk = "/dev/nvme0n1 bs=1M count=" + MEBIBYTES;
        assertThat(linux.say("dd if=" + disk + " skip=" + MEBIBYTES + " | md5sum")).contains(digest);
        linux.say("dd if=/dev/nvme0n1 skip=" + MEBIBYTES + " of=" + disk + " conv=fsync");
        assertThat(NoiseDisk.digestOfFirst(file, MEBIBYTES)).as("on the host").isEqualTo(digest);
        assertThat(linux.say("cat /proc/interrupts")).containsPattern("xen-percpu.*timer1").containsPattern("nvme0q1");
        assertThat(machine.<Integer>call(() -> machine.find(RemappingUnit.class).orElseThrow().faults().size())).as("faults the unit has recorded").isZero();
    }

    @Test
    void neitherXenNorLinuxComplains() {
        assertThat(log().lines().filter(line -> COMPLAINT.matcher(line).find() && !EXPLAINED.matcher(line).find()).toList()).isEmpty();
        assertThat(machine.status().reports()).as("but for probes of other processors' registers").allMatch(report -> report.contains("MSR of model-specific register"));
    }
}
