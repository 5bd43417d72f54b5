package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.pci.PciSlot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
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

/** The stock kernel on disks of ours, whose bundles are updated, taken away and brought back under it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskIT {
    private static final int MEBIBYTE = 1 << 20;
    private static final int MEBIBYTES = 64;

    private final BundleContext context = FrameworkUtil.getBundle(DiskIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed nvme = Installed.of(context, "com.vtsim.pci.nvme");
    private LinuxGuest linux;
    private Machine machine;
    private Path disk;
    private Path card;
    private String digest;

    /** The disk's second half holds noise for the guest to copy to the first. */
    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        GuestPackages guest = GuestPackages.get();
        disk = folder.resolve("disk");
        digest = NoiseDisk.write(disk, MEBIBYTES, 1414);
        card = Files.write(folder.resolve("card"), Arrays.copyOfRange(Files.readAllBytes(disk), MEBIBYTES * MEBIBYTE, (MEBIBYTES + 16) * MEBIBYTE));
        Path fixed = Files.write(folder.resolve("fixed"), new byte[MEBIBYTE]);
        machine = machines.create("d", "q35", Map.of("memory", "256M", "irq", "apic", "root-ports", "true"));
        machines.add("d", "nvme0", "com.vtsim.pci.nvme", Map.of("files", new String[] {disk.toString(), "ro:" + fixed}));
        linux = new LinuxGuest(machine).boot(guest, LinuxGuest.initialDisk(folder, guest, List.of()), "");
    }

    @AfterAll
    void leaveEverythingAsItWas() throws Exception {
        if (machine != null) {
            machines.destroy("d");
        }
        nvme.putBack();
    }

    /** Updates a bundle again and again while a run is on. @return how often */
    private int updateWhileRunning(Installed bundle, String part) throws Exception {
        int updates = 0;
        while (machine.status().running()) {
            bundle.update();
            await().atMost(Duration.ofSeconds(60)).until(() -> machine.part(part).filter(PartInfo::present).isPresent());
            assertThat(machine.part(part).orElseThrow().carried()).isEqualTo("state");
            updates++;
            await().atMost(Duration.ofSeconds(60)).until(passed(5_000_000));
        }
        return updates;
    }

    /** @return whether so many instructions have been executed from now on, or the run is over */
    private Callable<Boolean> passed(long instructions) {
        long from = machine.status().instructions();
        return () -> !machine.status().running() || machine.status().instructions() - from > instructions;
    }

    private List<String> complaints(String log) {
        return log.lines().filter(line -> KernelIT.COMPLAINT.matcher(line).find() && !line.contains("if necessary, use")).toList();
    }

    @Test
    @Order(1)
    void theKernelsOwnDriverFindsTheNamespaces() throws Exception {
        String seen = linux.say("cat /sys/block/nvme0n1/size /sys/block/nvme0n2/size /sys/block/nvme0n2/ro /sys/block/nvme0n1/queue/write_cache; "
            + "cat /sys/class/nvme/nvme0/model; grep nvme /proc/interrupts");
        assertThat(seen).contains("\n262144\r\n2048\r\n1\r\nwrite back\r\n", "VTSim NVMe disk", "nvme0q0", "nvme0q1");
        String log = linux.say("dmesg");
        assertThat(log).contains("nvme nvme0: 1/0/0 default/read/poll queues");
        assertThat(complaints(log)).isEmpty();
        assertThat(log.lines().filter(line -> line.matches("(?i).*nvme.*(error|fail|invalid|unable|not ).*")).toList()).isEmpty();
    }

    @Test
    @Order(2)
    void sixtyFourMebibytesAreWrittenAndReadWhileTheBundleIsUpdated() throws Exception {
        linux.start("dd if=/dev/nvme0n1 of=/dev/nvme0n1 bs=1M skip=" + MEBIBYTES + " count=" + MEBIBYTES + " conv=fsync,notrunc 2>&1");
        assertThat(updateWhileRunning(nvme, "nvme0")).as("updates under the copy").isGreaterThan(3);
        assertThat(linux.finish()).contains(MEBIBYTES + "+0 records out");
        assertThat(NoiseDisk.digestOfFirst(disk, MEBIBYTES)).as("on the host").isEqualTo(digest);
        linux.start("echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/nvme0n1 bs=1M count=" + MEBIBYTES + " 2>/dev/null | md5sum");
        for (int i = 0; i < 5; i++) {
            nvme.update();
            await().atMost(Duration.ofSeconds(60)).until(passed(20_000_000));
        }
        assertThat(linux.finish()).as("in the guest").contains(digest);
        assertThat(complaints(linux.say("dmesg"))).isEmpty();
        assertThat(machine.status().reports()).noneMatch(report -> report.startsWith("nvme0"));
    }

    @Test
    @Order(3)
    void aDiskThatIsPulledOutIsGoneAndComesBack() throws Exception {
        nvme.bundle().stop();
        String gone = linux.say("dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct 2>&1; echo 1 > /sys/bus/pci/devices/0000:00:04.0/remove; ls /dev/nvme0n1 2>&1");
        assertThat(gone).contains("No such file or directory");
        nvme.bundle().start();
        String back = linux.say("echo 1 > /sys/bus/pci/rescan; sleep 1; dd if=/dev/nvme0n1 bs=1M count=" + MEBIBYTES + " 2>/dev/null | md5sum");
        assertThat(back).contains(digest);
    }

    @Test
    @Order(4)
    void writesOfTheGuestAreOnTheHostAfterASave() throws Exception {
        linux.say("echo saved before the end | dd of=/dev/nvme0n1 seek=7 bs=512 conv=notrunc,fsync 2>/dev/null");
        Path snapshot = Files.createTempFile("vtsim", ".snapshot");
        try {
            machine.save(snapshot);
            assertThat(new String(Files.readAllBytes(disk), 7 * 512, 20, StandardCharsets.US_ASCII)).isEqualTo("saved before the end");
            machine.restore(snapshot);
            assertThat(linux.say("dd if=/dev/nvme0n1 skip=7 bs=512 count=1 iflag=direct 2>/dev/null | head -c 20")).contains("saved before the end");
        } finally {
            Files.delete(snapshot);
        }
    }

    @Test
    @Order(5)
    void aCardIsPluggedIntoASlotReadAndPulledOutUnderLoad() throws Exception {
        String before = linux.say("md5sum < /dev/nvme0n2").replaceAll("(?s).*?([0-9a-f]{32}  -).*", "$1");
        machines.add("d", "card", "com.vtsim.pci.nvme", Map.of("vtsim.pci.address", "01:00.0", "files", new String[] {card.toString()}));
        machine.call(() -> {
            machine.findAll(PciSlot.class).stream().filter(slot -> slot.occupant().filter("card"::equals).isPresent()).findFirst().orElseThrow().pressButton();
            return null;
        });
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        assertThat(linux.say("sleep 10; md5sum < /dev/nvme1n1")).contains(HexFormat.of().formatHex(md5.digest(Files.readAllBytes(card))));
        linux.start("while dd if=/dev/nvme1n1 of=/dev/null bs=1M count=1 iflag=direct 2>/dev/null; do true; done; sleep 5; ls /dev/nvme1n1 2>&1");
        await().atMost(Duration.ofSeconds(60)).until(passed(20_000_000));
        machines.remove("d", "card");
        assertThat(linux.finish()).contains("/dev/nvme1n1: No such file or directory");
        assertThat(linux.say("md5sum < /dev/nvme0n2")).as("the other disk").contains(before);
        assertThat(linux.say("dmesg")).as("the kernel is well").doesNotContainPattern("(?i)warning:|bug:|oops|call trace|panic|lockup|hung task");
    }
}
