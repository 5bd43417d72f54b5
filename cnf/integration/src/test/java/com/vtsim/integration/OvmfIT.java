package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The distribution's UEFI firmware, unmodified, from flash chips to its shell, from which it starts the stock kernel by its EFI stub. */
@Timeout(value = 900, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OvmfIT {
    private static final String NAME = "ovmf";
    private static final RunLimits FIRMWARE = new RunLimits(4_000_000_000L, Long.MAX_VALUE, "any other key to continue");
    private static final RunLimits KERNEL = new RunLimits(6_000_000_000L, Long.MAX_VALUE, "guest is ready");
    private static final String SCRIPT = "fs0:\r\nvmlinuz.efi initrd=\\initrd.img console=ttyS0\r\n";

    private final BundleContext context = FrameworkUtil.getBundle(OvmfIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));

    @AfterEach
    void destroy() {
        machines.machines().stream().filter(machine -> machine.name().equals(NAME)).forEach(machine -> machines.destroy(machine.name()));
    }

    private static void type(Machine machine, String keys) {
        machine.call(() -> {
            machine.findAll(Console.class).stream().filter(console -> console.name().equals("com1")).findFirst().orElseThrow()
                .input(keys.getBytes(StandardCharsets.ISO_8859_1));
            return null;
        });
    }

    /** The disk is behind a 64-bit base address above 4 GiB, where this firmware puts such. */
    @Test
    void itStartsTheKernelFromADiskAndKeepsItsVariables(@TempDir Path folder) throws Exception {
        Path firmware = PackagedFiles.get("ovmf", "ovmf", null, Map.of("code", "**/OVMF_CODE_4M.fd", "variables", "**/OVMF_VARS_4M.fd"));
        GuestPackages guest = GuestPackages.get();
        Path disk = new FatImage().file("vmlinuz.efi", Files.readAllBytes(guest.kernel())).file("startup.nsh", SCRIPT.getBytes(StandardCharsets.US_ASCII))
            .file("initrd.img", Files.readAllBytes(LinuxGuest.initialDisk(folder, guest, List.of()))).write(folder.resolve("disk"));
        Path variables = Files.copy(firmware.resolve("variables"), folder.resolve("variables"));
        Machine machine = machines.create(NAME, "q35", Map.of("memory", "512M", "cpus", "2", "irq", "apic", "nvme", disk.toString(),
            "firmware", firmware.resolve("code").toString(), "variables", variables.toString()));

        assertThat(machine.run(FIRMWARE).cause()).as("the firmware's shell: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
        assertThat(machine.transcripts().get("com1")).contains("UEFI Interactive Shell", "EDK II", "PciRoot(0x0)/Pci(0x4,0x0)/NVMe");
        assertThat(Files.mismatch(variables, firmware.resolve("variables"))).as("where the variables have changed").isNotNegative();

        type(machine, "\r");
        assertThat(machine.run(KERNEL).cause()).as("the kernel's init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
        LinuxGuest linux = new LinuxGuest(machine);
        assertThat(linux.say("dmesg")).contains("efi: EFI v2", "by EDK II", "smp: Brought up 1 node, 2 CPUs", "reserved in E820")
            .doesNotContainPattern("can't claim|(?i)firmware bug|call trace|\\boops");
        assertThat(linux.say("ls /sys/firmware/efi")).contains("systab");
        assertThat(linux.say("cat /proc/partitions")).contains("nvme0n1");
        assertThat(machine.status().reports()).as("but for probes of other processors' registers").allMatch(report -> report.contains("MSR of model-specific register"));
    }
}
