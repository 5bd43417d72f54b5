package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.network.Hubs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/**
 * Every device in a slot of the stock kernel: put in, let go at the button and pulled out under load, its bundle updated, stopped and started meanwhile. One boot, of which
 * each test has a copy: the kernel's virtio_pci never gets over a device that is pulled out. It resets it, waits for a status of 0, reads all ones for ever, and
 * holds the lock of all hot plug meanwhile.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HotPlugIT {
    private static final List<String> MODULES = List.of("virtio_ring.ko", "virtio.ko", "virtio_pci_modern_dev.ko", "virtio_pci_legacy_dev.ko", "virtio_pci.ko", "virtio_blk.ko",
        "virtio_console.ko", "virtio-rng.ko", "failover.ko", "net_failover.ko", "virtio_net.ko");
    /** The guest waits five seconds after the button before it acts. */
    private static final long BUTTON = 7_000_000_000L;
    private static final long SETTLED = 1_500_000_000L;
    private static final int BLOCK = 1 << 14;
    private static final int BLOCKS = 64;
    /** Does something with a device again and again while it is there, and says each time whether it was done. */
    private static final String LOOP = "loop() { i=100000; while eval \"$1\"; do if eval \"$2\"; then echo W$i; else echo E$i; break; fi; i=$((i+1)); done; echo gone; }";
    /** Fills a block with its number and flushes it. Opened when the disk has just gone, its name would become a file. */
    private static final String BLOCK_WRITER = """
            put() { s=$tag$i.; for k in 1 2 3 4 5 6 7 8 9 10 11; do s=$s$s; done; echo -n $s > /p; dd if=/p of=$disk bs=16k seek=$((i%64)) conv=fsync,notrunc 2>/dev/null && [ -b $disk ] || { rm -f $disk; false; }; }
            """.strip();

    private final BundleContext context = FrameworkUtil.getBundle(HotPlugIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed transport = Installed.of(context, "com.vtsim.pci.virtio");
    private CommandSession session;
    private Machine machine;
    private LinuxGuest linux;
    private Path folder;

    /**
     * What is put into a slot.
     *
     * @param model   factory PID and bundle
     * @param options of its configuration
     * @param present a command that succeeds as long as it is there
     * @param work    a command that uses it
     */
    private record Card(String model, String options, String present, String work) { }

    @BeforeAll
    void boot(@TempDir Path temporary) throws Exception {
        folder = temporary;
        GuestPackages guest = GuestPackages.get();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        machine = machines.create("hp", "q35", Map.of("memory", "256M", "irq", "apic", "root-ports", "true", "mips", "20"));
        linux = new LinuxGuest(machine).boot(guest, LinuxGuest.initialDisk(folder, guest, MODULES), "");
        linux.say("for i in " + String.join(" ", MODULES) + "; do insmod /modules/$i; done");
        linux.say("dmesg -n 1");
        linux.say(LOOP);
        linux.say(BLOCK_WRITER);
        machine.save(folder.resolve("booted"));
    }

    @BeforeEach
    void restore() {
        machine.restore(folder.resolve("booted"));
    }

    @AfterAll
    void leaveEverythingAsItWas() throws Exception {
        machines.destroy("hp");
        session.close();
    }

    @AfterEach
    void emptyTheSlot() {
        machine.pause();
        if (machine.part("card").filter(PartInfo::present).isPresent()) {
            machines.remove("hp", "card");
        }
    }

    private String shell(String command) throws Exception {
        return String.valueOf(session.execute(command));
    }

    /** Lets virtual time pass. */
    private void pass(long nanos) throws Exception {
        machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
    }

    private void work(long instructions) {
        long from = machine.status().instructions();
        await().atMost(Duration.ofSeconds(60)).until(() -> !machine.status().running() || machine.status().instructions() - from > instructions);
        String said = machine.transcripts().get("com1");
        assertThat(machine.status().running()).as("the guest works: %s", said.substring(Math.max(0, said.length() - 300))).isTrue();
    }

    private void plug(Card card) throws Exception {
        assertThat(shell("pci:plug -n card " + (card.options().isEmpty() ? "" : "--options " + card.options() + " ") + "hp " + card.model() + " rp1")).contains("attention button pressed");
        pass(BUTTON);
    }

    /** The guest is asked to let the card go while it works with it, and its bundle is replaced meanwhile. @return what the guest said */
    private String letGoAtTheButton(Card card) throws Exception {
        Installed bundle = Installed.of(context, card.model());
        linux.start("loop '" + card.present() + "' '" + card.work() + "'");
        work(4_000_000);
        bundle.update();
        work(4_000_000);
        transport.update();
        work(4_000_000);
        bundle.bundle().stop();
        bundle.bundle().start();
        work(4_000_000);
        transport.putBack();
        bundle.putBack();
        assertThat(machine.part("card").map(PartInfo::carried)).contains("state");
        assertThat(shell("pci:unplug hp rp1")).contains("attention button pressed");
        String said = linux.finish();
        pass(SETTLED);
        assertThat(shell("pci:unplug hp rp1")).contains("card is out");
        return said;
    }

    /** The card is pulled out while the guest works with it, and the machine runs. @return what the guest said */
    private String pullOut(Card card) throws Exception {
        linux.start("loop '" + card.present() + "' '" + card.work() + "'");
        work(12_000_000);
        assertThat(shell("pci:unplug --surprise hp rp1")).contains("card is out");
        return finish();
    }

    /** The card is pulled out when something has just been done. @return what the guest said since */
    private String pullOutBetween(Card card) throws Exception {
        linux.type("loop '" + card.present() + "' '" + card.work() + "'");
        assertThat(machine.run(new RunLimits(600_000_000L, Long.MAX_VALUE, "W100007")).cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(shell("pci:unplug --surprise hp rp1")).contains("card is out");
        machine.start(new RunLimits(600_000_000L, Long.MAX_VALUE, "END"));
        return linux.finish();
    }

    private String finish() throws Exception {
        String said = linux.finish();
        pass(SETTLED);
        return said;
    }

    /** @return numbers of what the guest was told to be done */
    private static List<Integer> done(String said) {
        assertThat(said).contains("gone");
        List<Integer> numbers = new ArrayList<>();
        Matcher matcher = Pattern.compile("(?m)^W(\\d+)\\r?$").matcher(said);
        while (matcher.find()) {
            numbers.add(Integer.parseInt(matcher.group(1)));
        }
        assertThat(numbers).as("under load").hasSizeGreaterThan(3);
        return numbers;
    }

    /** What the guest was told to be flushed is there, and no block is torn. */
    private void compare(Path disk, String tag, List<Integer> written, byte[] before) throws Exception {
        byte[] now = Files.readAllBytes(disk);
        byte[] expected = before.clone();
        written.forEach(number -> System.arraycopy(block(tag, number), 0, expected, number % BLOCKS * BLOCK, BLOCK));
        int last = written.get(written.size() - 1) + 1;
        int at = last % BLOCKS * BLOCK;
        if (Arrays.equals(now, at, at + BLOCK, block(tag, last), 0, BLOCK)) {
            System.arraycopy(now, at, expected, at, BLOCK);
        }
        assertThat(sha256(now)).as("the disk as the guest was told, which differs at %h of %s", Arrays.mismatch(now, expected), written).isEqualTo(sha256(expected));
    }

    private static byte[] block(String tag, int number) {
        return (tag + number + ".").repeat(BLOCK / 8).getBytes(StandardCharsets.US_ASCII);
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private void aDiskKeepsWhatItSaidWasWritten(String model, String device, boolean robust) throws Exception {
        Path disk = folder.resolve(model);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength((long) BLOCK * BLOCKS);
        }
        Card card = new Card(model, "files=" + disk, "[ -b " + device + " ]", "put");
        plug(card);
        linux.say("disk=" + device + "; tag=a");
        byte[] before = Files.readAllBytes(disk);
        compare(disk, "a", done(letGoAtTheButton(card)), before);
        plug(card);
        before = Files.readAllBytes(disk);
        linux.say("tag=b");
        compare(disk, "b", done(robust ? pullOut(card) : pullOutBetween(card)), before);
        restore();
        plug(card);
        assertThat(linux.say("md5sum < " + device)).as("put in again").contains(HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(Files.readAllBytes(disk))));
    }

    @Test
    void nvme() throws Exception {
        aDiskKeepsWhatItSaidWasWritten("com.vtsim.pci.nvme", "/dev/nvme0n1", true);
    }

    @Test
    void virtioBlock() throws Exception {
        aDiskKeepsWhatItSaidWasWritten("com.vtsim.pci.virtio.block", "/dev/vda", false);
    }

    @Test
    void edu() throws Exception {
        String place = "/sys/bus/pci/devices/0000:01:00.0";
        linux.say("live() { [ -z \"$B\" ] && { echo 1 > " + place + "/enable; B=$(head -1 " + place + "/resource); B=$((${B%% *}+4)); }; "
            + "devmem $B 32 $i; [ $((0x$(printf %08x $i) ^ 0xFFFFFFFF)) = $(($(devmem $B 32))) ] || [ ! -d " + place + " ]; }");
        Card card = new Card("com.vtsim.pci.edu", "", "[ -d " + place + " ]", "live");
        plug(card);
        done(letGoAtTheButton(card));
        plug(card);
        linux.say("B=");
        done(pullOut(card));
        plug(card);
        assertThat(linux.say("B=; i=5; live && echo alive")).as("put in again").contains("\nalive");
    }

    /** The bytes are those of java.util.SplittableRandom, wherever they come from: a request whose answer is late is asked for again. */
    @Test
    void entropy() throws Exception {
        Card card = new Card("com.vtsim.pci.virtio.entropy", "seed=7", "true", "dd if=/dev/hwrng bs=64 count=1 > /noise 2> /dev/null && [ -s /noise ]");
        plug(card);
        done(letGoAtTheButton(card));
        plug(card);
        Matcher fresh = Pattern.compile("<([0-9a-f]{128})>").matcher(linux.say("echo \"<$(dd if=/dev/hwrng bs=64 count=1 2>/dev/null | hexdump -v -e '1/1 \"%02x\"')>\""));
        assertThat(fresh.find()).isTrue();
        assertThat(noise().contains(fresh.group(1))).as("put in again: %s", fresh.group(1)).isTrue();
        assertThat(done(pullOutBetween(card))).contains(100_007);
        assertThat(linux.say("cat /dev/hwrng 2>&1")).as("reading is an error").contains("No such device");
    }

    private static String noise() {
        SplittableRandom random = new SplittableRandom(7);
        ByteBuffer sequence = ByteBuffer.allocate(1 << 21).order(ByteOrder.LITTLE_ENDIAN);
        while (sequence.hasRemaining()) {
            sequence.putLong(random.nextLong());
        }
        return HexFormat.of().formatHex(sequence.array());
    }

    @Test
    void console() throws Exception {
        Card card = new Card("com.vtsim.pci.virtio.console", "", "true", "echo line $i > /dev/hvc0");
        plug(card);
        heard(done(letGoAtTheButton(card)));
        plug(card);
        linux.type("loop true '" + card.work() + "'");
        assertThat(machine.run(new RunLimits(600_000_000L, Long.MAX_VALUE, "W100007")).cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(shell("pci:unplug --surprise hp rp1")).contains("card is out");
        heard(IntStream.rangeClosed(100_000, 100_007).boxed().toList());
        pass(SETTLED);
        restore();
        plug(card);
        assertThat(linux.say("echo back again > /dev/hvc0; dmesg | tail -2")).doesNotContain("nonexistent");
        assertThat(machine.transcripts().get("card")).as("put in again").contains("back again");
    }

    private void heard(List<Integer> numbers) {
        assertThat(machine.transcripts().get("card")).contains(numbers.stream().map(number -> "line " + number + "\r\n").toList());
    }

    /** Somebody on the hub answers pings. */
    @Test
    void network() throws Exception {
        Hubs hubs = context.getService(context.getServiceReference(Hubs.class));
        AtomicReference<Hubs.Port> station = new AtomicReference<>();
        station.set(hubs.join("plug", "station", false, () -> answer(station.get())));
        String setUp = "ip link set eth0 up; ip addr add 10.0.0.1/24 dev eth0; arp -s 10.0.0.9 52:54:00:00:00:09";
        Card card = new Card("com.vtsim.pci.virtio.network", "hub=plug", "[ -d /sys/class/net/eth0 ]", "ping -c 1 -W 1 -s 1000 -q 10.0.0.9 > /dev/null 2>&1");
        try (Hubs.Port open = station.get()) {
            plug(card);
            linux.say(setUp);
            String said = letGoAtTheButton(card);
            done(said);
            plug(card);
            linux.say(setUp);
            done(pullOutBetween(card));
            restore();
            plug(card);
            assertThat(linux.say(setUp + "; ping -c 3 10.0.0.9")).as("put in again").contains("3 packets received");
            assertThat(open.neighbours()).isEqualTo(2);
        }
    }

    /** ICMP echo requests come back as replies: addresses exchanged, the type changed and the checksum with it. */
    private static void answer(Hubs.Port port) {
        for (byte[] frame = port.receive(); frame != null; frame = port.receive()) {
            if (frame.length > 36 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1 && frame[34] == 8) {
                byte[] reply = frame.clone();
                System.arraycopy(frame, 0, reply, 6, 6);
                System.arraycopy(frame, 6, reply, 0, 6);
                System.arraycopy(frame, 26, reply, 30, 4);
                System.arraycopy(frame, 30, reply, 26, 4);
                reply[34] = 0;
                int sum = ((frame[36] & 0xFF) << 8 | frame[37] & 0xFF) + 0x800;
                sum = (sum & 0xFFFF) + (sum >> 16);
                reply[36] = (byte) (sum >> 8);
                reply[37] = (byte) sum;
                port.send(reply);
            }
        }
    }
}
