package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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

/** The stock kernel on a machine with root ports behind a remapping unit: it numbers buses, opens windows, and its pciehp takes cards in and lets them go. One boot. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PciKernelIT {
    private static final Pattern COMPLAINT = Pattern.compile("(?i)no space|failed to assign|can't|cannot|conflict|overlap|bogus|error|invalid|firmware bug|not responding|timeout|broken");
    /** The guest waits five seconds after the button before it acts. */
    private static final long BUTTON = 7_000_000_000L;

    private final BundleContext context = FrameworkUtil.getBundle(PciKernelIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private CommandSession session;
    private Machine machine;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        GuestPackages guest = GuestPackages.get();
        Path disk = Files.write(folder.resolve("initramfs"), new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("pf.ko", Files.readAllBytes(guest.modules().resolve("pci-pf-stub.ko"))).program("init", KernelIT.INIT.getBytes(StandardCharsets.US_ASCII)).bytes());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        machine = machines.create("pci", "q35", Map.of("memory", "256M", "irq", "apic", "root-ports", "true", "vtd", "true", "vtd-profile", "server", "endpoint", "true", "endpoint-address", "02:00.0", "endpoint-virtual-functions", "12"));
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("contained.img").toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        session.execute("machine:add -a 00:1c.2 pci com.vtsim.pci.bridge rp3 kind=root-port behind=3 slot=3 hotplug=false");
        session.execute("machine:add -a 03:00.0 pci nvme nvme3 files=" + folder.resolve("contained.img"));
        machine.load("linux", guest.kernel(), Map.of("initrd", disk.toString(), "append", "console=ttyS0 intel_iommu=on"));
        assertThat(machine.run(KernelIT.BOOT).cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
    }

    @AfterAll
    void destroy() {
        machines.destroy("pci");
        session.close();
    }

    private String say(String command) throws Exception {
        int before = machine.transcripts().get("com1").length();
        session.execute("machine:send pci '" + command + "; echo E\"\"ND\\n'");
        Stop stop = machine.run(KernelIT.COMMAND);
        String said = machine.transcripts().get("com1").substring(before);
        assertThat(stop.cause()).as("the shell answers: %s", said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    private void pass(long nanos) throws Exception {
        machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
    }

    private String shell(String command) throws Exception {
        return String.valueOf(session.execute(command));
    }

    @Test
    @Order(1)
    void busesAreNumberedAndWindowsOpened() throws Exception {
        String log = say("dmesg | grep -iE \"pci\"");
        assertThat(log).contains("PCI bridge to [bus 01]", "PCI bridge to [bus 02]", "0000:02:00.0: [1234:11ea]", "pciehp: Slot #1 AttnBtn+ PwrCtrl+", "OS now controls [PCIeHotplug")
            .containsPattern("0000:02:00.0: BAR 0 \\[mem 0x[0-9a-f]+-0x[0-9a-f]+\\]: assigned").contains("AER: enabled", "PME: Signaling with IRQ", "DPC: enabled with IRQ", "PME# supported from D0 D3hot");
        assertThat(log.lines().filter(line -> line.startsWith("[")).filter(line -> COMPLAINT.matcher(line.replace("error containment capabilities", "")).find())).isEmpty();
        assertThat(say("cat /sys/bus/pci/devices/0000:00:1c.0/class /sys/bus/pci/devices/0000:02:00.0/vendor")).contains("0x060400", "0x1234");
    }

    @Test
    @Order(2)
    void aCardPutInIsTakenInUse() throws Exception {
        assertThat(shell("pci:plug -n edu2 pci edu rp1")).contains("edu2 is at 01:00.0; attention button pressed");
        pass(BUTTON);
        assertThat(say("dmesg | tail -14")).contains("pciehp: Slot(1): Attention button pressed", "Slot(1): Card present", "0000:01:00.0: [1234:11e8]")
            .containsPattern("0000:01:00.0: BAR 0 .*: assigned");
        assertThat(say("B=$(head -1 /sys/bus/pci/devices/0000:01:00.0/resource); echo 1 > /sys/bus/pci/devices/0000:01:00.0/enable; devmem ${B%% *} 32"))
            .as("its identification register").contains("0x010000ED");
    }

    @Test
    @Order(3)
    void aCardIsLetGoAtTheButton() throws Exception {
        assertThat(shell("pci:unplug pci edu2")).contains("attention button pressed");
        pass(BUTTON);
        assertThat(say("ls /sys/bus/pci/devices")).doesNotContain("0000:01:00.0").contains("0000:02:00.0");
        assertThat(shell("pci:unplug pci rp1")).contains("edu2 is out");
        assertThatThrownBy(() -> shell("pci:unplug pci rp1")).hasMessageContaining("is empty");
    }

    @Test
    @Order(4)
    void errorsThatACardReportsReachTheKernel() throws Exception {
        assertThat(shell("pci:error pci 02:00.0 timeout")).contains("reported as non-fatal");
        assertThat(shell("pci:error pci 02:00.0 receiver")).contains("reported as correctable");
        pass(1_000_000_000L);
        assertThat(say("dmesg | tail -12")).contains("AER: Uncorrected (Non-Fatal) error", "[14] CmpltTO                (First)", "severity=Corrected", "[ 0] RxErr");
    }

    /**
     * Its port takes the link down when software says so, and when the disk calls a read of a hole fatal; the kernel's dpc and nvme drivers bring it back, and
     * what was being read is read. (Where a slot is hot-pluggable this kernel lets pciehp see the card as replaced: it has no CONFIG_PCIE_EDR.)
     */
    @Test
    @Order(5)
    void aDiskBehindAPortThatContainsErrorsIsRecovered() throws Exception {
        int control = 6 + machine.call(() -> extended(machine.find(PciHost.class).orElseThrow().function(PciAddress.parse("00:1c.2")).orElseThrow(), 0x1D));
        int severity = 12 + machine.call(() -> extended(machine.find(PciHost.class).orElseThrow().function(PciAddress.parse("03:00.0")).orElseThrow(), 0x01));
        String first = digest(say("dd if=/dev/urandom of=/dev/nvme0n1 bs=64k count=16; sync; md5sum /dev/nvme0n1"));
        say("(dd if=/dev/nvme0n1 bs=4k iflag=direct | md5sum > /digest) & printf \"\\\\x49\" | dd of=/sys/bus/pci/devices/0000:00:1c.2/config bs=1 seek=" + control + " conv=notrunc");
        pass(2_000_000_000L);
        assertThat(say("cat /digest; dmesg | tail -8")).contains(first.substring(0, 32), "DPC: software trigger detected", "nvme nvme0: restart after slot reset", "0000:00:1c.2: AER: device recovery successful");
        say("N=/sys/bus/pci/devices/0000:03:00.0; printf \"\\\\x30\\\\x20\\\\x56\" | dd of=$N/config bs=1 seek=" + severity + " conv=notrunc; B=$(head -1 $N/resource); B=${B%% *}; devmem $((B + 0x10000)) 32");
        pass(2_000_000_000L);
        assertThat(say("dmesg | tail -8")).contains("status:0x0005 source:0x0300", "DPC: ERR_FATAL detected", "0000:00:1c.2: AER: device recovery successful");
        assertThat(digest(say("md5sum /dev/nvme0n1"))).isEqualTo(first);
        assertThat(say("cd /sys/bus/pci/devices/0000:03:00.0; cat reset_method; (dd if=/dev/nvme0n1 bs=4k iflag=direct | md5sum > /digest) & echo 1 > reset; echo 1 > reset; wait; cd /; cat /digest"))
            .as("function-level resets while it is read").contains("flr", first.substring(0, 32));
        say("echo 1 > /sys/bus/pci/devices/0000:03:00.0/remove; ls /sys/bus/pci/devices");
        assertThat(digest(say("echo 1 > /sys/bus/pci/rescan; sleep 1; md5sum /dev/nvme0n1"))).as("found again").isEqualTo(first);
        say("echo 1 > /sys/bus/pci/devices/0000:03:00.0/remove");
    }

    /** The kernel takes the event and disables it, as it does until it has woken the card. */
    @Test
    @Order(6)
    void aSleepingCardWakesThePlatform() throws Exception {
        int control = 4 + machine.call(() -> listed(machine.find(PciHost.class).orElseThrow().function(PciAddress.parse("02:00.0")).orElseThrow(), 0x01));
        String config = "/sys/bus/pci/devices/0000:02:00.0/config";
        say("printf \"\\\\x03\\\\x01\" | dd of=" + config + " bs=1 seek=" + control + " conv=notrunc");
        assertThat(shell("pci:wake pci 02:00.0")).contains("the root port has been told");
        assertThat(say("od -An -tx2 -j " + control + " -N 2 " + config)).as("D3hot, the event cleared and disabled").contains(" 0003");
        say("printf \"\\\\x00\" | dd of=" + config + " bs=1 seek=" + control + " conv=notrunc; echo 1 > /sys/bus/pci/devices/0000:02:00.0/remove; echo 1 > /sys/bus/pci/rescan");
    }

    private static int extended(PciFunction function, int id) {
        int at = 0x100;
        while ((function.configRead(at, 4) & 0xFFFF) != id) {
            at = function.configRead(at, 4) >>> 20;
        }
        return at;
    }

    private static int listed(PciFunction function, int id) {
        int at = function.configRead(0x34, 1);
        while (function.configRead(at, 1) != id) {
            at = function.configRead(at + 1, 1);
        }
        return at;
    }

    /** The driver gets its interrupts as MSI-X; what it wrote is there when the disk comes back. */
    @Test
    @Order(7)
    void aDiskIsPluggedAndUnpluggedWithItsContent(@TempDir Path folder) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.img").toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        String plug = "pci:plug --options files=" + folder.resolve("disk.img") + " pci nvme rp1";
        session.execute(plug);
        pass(BUTTON);
        String first = digest(say("dd if=/dev/urandom of=/dev/nvme0n1 bs=64k count=16; sync; md5sum /dev/nvme0n1"));
        assertThat(shell("pci:unplug pci rp1")).contains("attention button pressed");
        pass(BUTTON);
        assertThat(shell("pci:unplug pci rp1")).contains("nvme is out");
        session.execute(plug);
        pass(BUTTON);
        assertThat(digest(say("md5sum /dev/nvme0n1"))).isEqualTo(first);
        aCardThatAttacksIsContained();
        assertThat(shell("pci:unplug --surprise pci rp1")).contains("nvme is out");
        pass(1_000_000_000L);
        assertThat(say("ls /dev; dmesg | tail -8")).contains("pciehp: Slot(1): Link Down", "pciehp: Slot(1): Card not present").doesNotContain(" nvme0n1 ");
    }

    @Test
    @Order(8)
    void virtualFunctionsAppearAndGo() throws Exception {
        assertThat(say("insmod /pf.ko; echo 1234 11ea > /sys/bus/pci/drivers/pci-pf-stub/new_id; echo 12 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs; dmesg | tail -30; ls /sys/bus/pci/devices"))
            .contains("pci 0000:02:00.1: [1234:11eb]", "pci 0000:02:01.4: [1234:11eb]").containsPattern("0000:02:00\\.2\\s").doesNotContain("0000:02:01.5");
        assertThat(say("B=$(head -1 /sys/bus/pci/devices/0000:02:00.2/resource); devmem ${B%% *} 32")).as("identification of the second").contains("0x54455654");
        assertThat(say("B=$(head -1 /sys/bus/pci/devices/0000:02:01.4/resource); devmem ${B%% *} 32")).as("identification of the twelfth, by ARI").contains("0x54455654");
        say("echo 0 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs");
        assertThat(say("ls /sys/bus/pci/devices")).contains("0000:02:00.0").doesNotContain("0000:02:00.1").doesNotContain("0000:02:00.2");
    }

    /** What the card may not do is blocked, recorded and told by the kernel: a write anywhere, an interrupt of its own making, another's name. */
    private void aCardThatAttacksIsContained() throws Exception {
        assertThat(shell("pci:dma --data 55 pci 01:00.0 write 0x5000 4")).contains("blocked by the remapping unit", "recorded: vtd0 01:00.0");
        assertThat(shell("pci:dma --data '31 00 00 00' pci 01:00.0 write 0xfee00000 4")).contains("blocked", "25h");
        assertThat(shell("pci:dma --as 02:00.0 --data 55 pci 01:00.0 write 0x5000 4")).contains("ACS violation");
        pass(1_000_000_000L);
        assertThat(say("dmesg | tail -12")).contains("[DMA Write NO_PASID] Request device [01:00.0] fault addr 0x5000", "[INTR-REMAP] Request device [01:00.0]", "[21] ACSViol");
    }

    private static String digest(String said) {
        return said.lines().filter(line -> line.matches("[0-9a-f]{32}  /dev/nvme0n1.*")).findFirst().orElseThrow(() -> new AssertionError(said));
    }
}
