package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.network.NetworkCard;
import com.vtsim.api.vtd.RemappingUnit;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

/** The stock kernel's drivers on our devices behind a remapping unit, all of whose bundles are updated meanwhile; and two machines that share a hub. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VirtioIT {
    private static final List<String> MODULES = List.of("virtio_ring.ko", "virtio.ko", "virtio_pci_modern_dev.ko", "virtio_pci_legacy_dev.ko", "virtio_pci.ko", "virtio_blk.ko",
        "virtio_console.ko", "virtio-rng.ko", "failover.ko", "net_failover.ko", "virtio_net.ko");
    private static final int MEBIBYTE = 1 << 20;
    private static final int MEBIBYTES = 64;
    private static final int LENGTH = MEBIBYTES * MEBIBYTE;

    private final BundleContext context = FrameworkUtil.getBundle(VirtioIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed transport = Installed.of(context, "com.vtsim.pci.virtio");
    private final Installed block = Installed.of(context, "com.vtsim.pci.virtio.block");
    private final Installed network = Installed.of(context, "com.vtsim.pci.virtio.network");
    private final List<Installed> bundles = Stream.concat(Stream.of(transport, block, network),
        Stream.of("com.vtsim.pci.nvme", "com.vtsim.vtd", "com.vtsim.pci.virtio.console", "com.vtsim.pci.virtio.entropy", "com.vtsim.pci.hub").map(name -> Installed.of(context, name))).toList();
    private Path disk;
    private byte[] content;
    private String digest;
    private LinuxGuest one;
    private LinuxGuest two;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        GuestPackages guest = GuestPackages.get();
        Path initial = LinuxGuest.initialDisk(folder, guest, MODULES);
        content = new byte[LENGTH];
        new Random(10).nextBytes(content);
        digest = md5(content);
        disk = Files.write(folder.resolve("disk"), new byte[LENGTH]);
        one = new LinuxGuest(machine("one", Map.of("vtd", "true", "nvme", Files.write(folder.resolve("noise"), content).toString())));
        machines.add("one", "virtio0", "com.vtsim.pci.virtio.block", Map.of("files", new String[] {disk.toString()}));
        machines.add("one", "rng", "com.vtsim.pci.virtio.entropy", Map.of("seed", 7L));
        machines.add("one", "hvc0", "com.vtsim.pci.virtio.console", Map.of());
        two = new LinuxGuest(machine("two", Map.of()));
        for (LinuxGuest each : List.of(one, two)) {
            each.boot(guest, initial, "intel_iommu=on");
            each.say("for i in " + String.join(" ", MODULES) + "; do insmod /modules/$i; done");
        }
    }

    private Machine machine(String name, Map<String, String> options) {
        Map<String, String> all = new HashMap<>(Map.of("memory", "256M", "irq", "apic", "realtime", "true"));
        all.putAll(options);
        Machine machine = machines.create(name, "q35", all);
        machines.add(name, "net0", "com.vtsim.pci.virtio.network", Map.of("hub", "lan"));
        return machine;
    }

    @AfterAll
    void leaveEverythingAsItWas() throws Exception {
        machines.machines().stream().map(Machine::name).filter(name -> name.matches("one|two")).forEach(machines::destroy);
        for (Installed each : bundles) {
            each.putBack();
        }
    }

    private static String md5(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
    }

    private void update(Installed each) throws Exception {
        each.update();
        present();
    }

    private void present() {
        for (LinuxGuest each : List.of(one, two)) {
            await().atMost(Duration.ofSeconds(60)).until(() -> each.machine().parts().stream().allMatch(PartInfo::present));
            assertThat(each.machine().parts()).extracting(PartInfo::carried).isSubsetOf("new", "state");
        }
    }

    private boolean hasPassed(long from, long instructions) {
        Machine.Status status = one.machine().status();
        return !status.running() || status.instructions() - from > instructions;
    }

    @Test
    @Order(1)
    void everyDriverFindsItsDevice() throws Exception {
        String seen = one.say("cat /sys/block/vda/size /sys/class/misc/hw_random/rng_current /sys/class/net/eth0/address; ls /dev/hvc0 /dev/nvme0n1; cat /sys/bus/virtio/devices/*/features | cut -c33-35");
        assertThat(seen).contains("\n131072\r\n", "virtio_rng.0", "/dev/hvc0", "/dev/nvme0n1", "52:54:");
        assertThat(seen.lines().filter(line -> line.equals("111"))).as("VERSION_1, ACCESS_PLATFORM and RING_PACKED are agreed on, four times").hasSize(4);
        List<String> log = one.say("dmesg").lines().toList();
        assertThat(String.join("\n", log)).contains("DMAR: IOMMU enabled", "DMAR-IR: Enabled IRQ remapping in x2apic mode", "DMAR: dmar0: Using Queued invalidation", "Adding to iommu group");
        assertThat(log.stream().filter(line -> KernelIT.COMPLAINT.matcher(line).find() && !line.contains("if necessary, use"))).isEmpty();
        assertThat(log.stream().filter(line -> line.matches("(?i).*virtio.*(error|fail|invalid|unable|needs reset).*"))).isEmpty();
    }

    @Test
    @Order(2)
    void disksBehindARemappingUnitKeepTheirContentWhileEveryBundleIsUpdated() throws Exception {
        one.start("dd if=/dev/nvme0n1 of=/dev/vda bs=1M count=" + MEBIBYTES + " conv=fsync,notrunc 2>&1");
        int updates = 0;
        while (one.machine().status().running()) {
            update(bundles.get(updates++ % bundles.size()));
            long from = one.machine().status().instructions();
            await().atMost(Duration.ofSeconds(60)).until(() -> hasPassed(from, 5_000_000));
        }
        assertThat(updates).as("each bundle").isGreaterThanOrEqualTo(bundles.size());
        assertThat(one.finish()).contains(MEBIBYTES + "+0 records out");
        assertThat(md5(Files.readAllBytes(disk))).as("on the host").isEqualTo(digest);
        assertThat(one.say("echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda bs=1M 2>/dev/null | md5sum")).as("in the guest").contains(digest);
        assertThat(one.machine().<Integer>call(() -> one.machine().find(RemappingUnit.class).orElseThrow().faults().size())).as("faults").isZero();
    }

    /** The sequence is SplitMix64's, as java.util.SplittableRandom has it. */
    @Test
    @Order(3)
    void entropyIsAKnownSequence() throws Exception {
        Matcher hexadecimal = Pattern.compile("<([0-9a-f]{128})>").matcher(one.say("echo \"<$(head -c 64 /dev/hwrng | hexdump -v -e '1/1 \"%02x\"')>\""));
        assertThat(hexadecimal.find()).isTrue();
        SplittableRandom random = new SplittableRandom(7);
        ByteBuffer sequence = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        while (sequence.hasRemaining()) {
            sequence.putLong(random.nextLong());
        }
        assertThat(HexFormat.of().formatHex(sequence.array())).contains(hexadecimal.group(1));
    }

    @Test
    @Order(4)
    void aConsoleSpeaksAndHears() throws Exception {
        one.say("echo spoken by the guest > /dev/hvc0");
        assertThat(one.machine().transcripts().get("hvc0")).contains("spoken by the guest");
        one.machine().call(() -> {
            one.machine().findAll(Console.class).stream().filter(console -> console.name().equals("hvc0")).findFirst().orElseThrow()
                .input("typed on the host\n".getBytes(StandardCharsets.US_ASCII));
            return null;
        });
        assertThat(one.say("head -n 1 < /dev/hvc0 | tr a-z A-Z")).contains("TYPED ON THE HOST");
    }

    @Test
    @Order(5)
    void machinesPingEachOther() throws Exception {
        one.say("ip link set eth0 up; ip addr add 10.0.0.1/24 dev eth0");
        two.say("ip link set eth0 up; ip addr add 10.0.0.2/24 dev eth0");
        two.start("read line");
        try {
            assertThat(one.say("ping -c 3 -W 30 10.0.0.2")).contains("3 packets transmitted, 3 packets received, 0% packet loss");
            update(network);
            update(transport);
            assertThat(one.say("ping -c 3 -W 30 -s 1400 10.0.0.2")).as("after an update").contains("3 packets received");
        } finally {
            two.machine().pause();
            two.say("the line");
        }
        assertThat(one.say("cat /sys/class/net/eth0/statistics/rx_errors /sys/class/net/eth0/statistics/tx_errors")).contains("\n0\r\n0\r\n");
    }

    @Test
    @Order(6)
    void aCableThatIsPulledIsNoticed() throws Exception {
        link(false);
        assertThat(one.say("cat /sys/class/net/eth0/carrier")).contains("\n0\r\n");
        link(true);
        assertThat(one.say("cat /sys/class/net/eth0/carrier")).contains("\n1\r\n");
    }

    private void link(boolean up) {
        one.machine().call(() -> {
            one.machine().find(NetworkCard.class).orElseThrow().link(up);
            return null;
        });
    }

    /** Updates end after a while: under load each takes longer than what flows between two. */
    @Test
    @Order(7)
    void aStreamArrivesWholeWhileBothCardsAreReplaced() throws Exception {
        two.say("(nc -l -p 5000 | md5sum > /sum) & sleep 2");
        two.start("wait; cat /sum");
        one.start("dd if=/dev/nvme0n1 bs=1M count=4 2>/dev/null | nc 10.0.0.2 5000; sleep 100000");
        for (int updates = 0; updates < 6 && two.machine().status().running(); updates++) {
            long from = instructions();
            await().atMost(Duration.ofSeconds(60)).until(() -> !two.machine().status().running() || instructions() - from > 10_000_000);
            update(updates % 2 == 1 ? transport : network);
        }
        String said = two.finish();
        one.machine().pause();
        assertThat(said).contains(md5(Arrays.copyOf(content, 4 * MEBIBYTE)));
    }

    private long instructions() {
        return one.machine().status().instructions() + two.machine().status().instructions();
    }
}
