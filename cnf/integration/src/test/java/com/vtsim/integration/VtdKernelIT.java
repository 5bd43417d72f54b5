package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.vtd.RemappingUnit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
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

/** The distribution's stock kernel behind the remapping unit: one boot. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VtdKernelIT {
    private static final String NAME = "vtdk";
    private static final String READY = "VTSim's guest is ready";
    private static final String INIT = """
            #!/bin/busybox sh
            /bin/busybox mount -t proc proc /proc
            /bin/busybox mount -t sysfs sys /sys
            /bin/busybox mount -t devtmpfs dev /dev
            /bin/busybox --install -s /bin
            echo "VTSim's guest is ""ready"
            exec setsid cttyhack sh
            """;
    private static final RunLimits BOOT = new RunLimits(5_000_000_000L, Long.MAX_VALUE, READY);
    private static final RunLimits COMMAND = new RunLimits(5_000_000_000L, Long.MAX_VALUE, "END");
    /** What the driver says of a fault, of an invalidation that does not end, or of a machine that is not as it should be. */
    private static final Pattern COMPLAINT = Pattern.compile("(?i)DMAR:.*(fault|error|fail|timed out)|warning:|\\bbug:|oops|call trace|panic|nobody cared|firmware bug|unexpected|spurious");

    private final BundleContext context = FrameworkUtil.getBundle(VtdKernelIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private CommandSession session;
    private Machine machine;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        GuestPackages guest = GuestPackages.get();
        Path disk = Files.write(folder.resolve("initramfs"), new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("init", INIT.getBytes(StandardCharsets.US_ASCII)).bytes());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        session.execute("machine:create " + NAME + " --memory 256M --irq apic --options vtd=true,edu=true");
        session.execute("machine:load " + NAME + " linux " + guest.kernel() + " --initrd " + disk + " --append 'console=ttyS0 intel_iommu=on'");
        machine = machines.machine(NAME);
        Stop stop = machine.run(BOOT);
        assertThat(stop.cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
    }

    @AfterAll
    void destroy() throws Exception {
        if (machine != null) {
            session.execute("machine:destroy " + NAME);
        }
        if (session != null) {
            session.close();
        }
    }

    /** Types a command. @return what it prints */
    private String say(String command) throws Exception {
        int before = machine.transcripts().get("com1").length();
        session.execute("machine:send " + NAME + " '" + command + "; echo E\"\"ND\\n'");
        Stop stop = machine.run(COMMAND);
        String said = machine.transcripts().get("com1").substring(before);
        assertThat(stop.cause()).as("the shell answers: %s", said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    @Test
    @Order(1)
    void theDriverFindsTheUnitAndUsesIt() throws Exception {
        assertThat(say("dmesg | grep -iE \"dmar|iommu|x2apic\"")).contains("DMAR: Host address width 39", "DMAR: DRHD base: 0x000000fed90000 flags: 0x1",
            "DMAR-IR: IOAPIC id 0 under DRHD base  0xfed90000 IOMMU 0", "DMAR-IR: HPET id 0 under DRHD base 0xfed90000", "DMAR-IR: Enabled IRQ remapping in x2apic mode",
            "x2apic enabled", "DMAR: dmar0: Using Queued invalidation", "DMAR: Intel(R) Virtualization Technology for Directed I/O");
    }

    @Test
    @Order(2)
    void everyFunctionHasItsGroup() throws Exception {
        assertThat(say("cd /sys/kernel/iommu_groups; for g in *; do echo group $g: $(ls $g/devices); done; cd /"))
            .containsPattern("group 0: 0000:00:00.0\\s").containsPattern("group \\d: 0000:00:03.0\\s").containsPattern("group \\d: 0000:00:1f.0\\s");
    }

    @Test
    @Order(3)
    void interruptsOfTheIoApicPassTheTable() throws Exception {
        assertThat(say("grep ttyS0 /proc/interrupts")).contains("IR-IO-APIC");
    }

    @Test
    @Order(9)
    void nothingWasBlocked() throws Exception {
        assertThat(say("dmesg").lines().filter(line -> COMPLAINT.matcher(line).find()).toList()).isEmpty();
        assertThat(machine.<Integer>call(() -> machine.find(RemappingUnit.class).orElseThrow().faults().size())).isZero();
    }
}
