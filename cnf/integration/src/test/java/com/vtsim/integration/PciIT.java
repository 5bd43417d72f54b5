package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** Cards that come and go under load, and the test endpoint against the remapping unit. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PciIT {
    private static final Path GUEST = Path.of("..", "guests", "copies.asm");
    private static final long ROUNDS = 0x6000;
    private static final long WRONG = 0x6004;
    private static final long CARDS = 0x6008;
    private static final long ENOUGH = 0x600C;
    private static final long SOURCE = 0x20_0000;
    private static final long COPY = 0x21_0000;
    private static final int BYTES = 0x1_0000;
    private static final int UPDATES = 8;
    private static final int REMOVALS = 2;
    private static final long UNIT = 0xFED9_0000L;
    private static final long ROOT = 0x10_0000;
    private static final long QUEUE = 0x11_0000;
    private static final long OWN = 0x80_0000;
    private static final long PROCESS = 0x7FFF_FFE0_1000L;
    private static final int ENDPOINT = 0x28;

    private final BundleContext context = FrameworkUtil.getBundle(PciIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed edu = Installed.of(context, "com.vtsim.pci.edu");
    private CommandSession session;
    private Machine machine;
    private long queued;

    @TempDir
    Path folder;

    @BeforeEach
    void open() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
    }

    @AfterEach
    void leaveEverythingAsItWas() throws Exception {
        if (machine != null) {
            machine.pause();
            machines.destroy(machine.name());
        }
        session.close();
        edu.putBack();
    }

    private String shell(String command) throws Exception {
        return String.valueOf(session.execute(command));
    }

    private long get(long hpa, int size) {
        return machine.call(() -> machine.memory().read(hpa, size));
    }

    private void put(long hpa, long value) {
        machine.call(() -> {
            machine.memory().write(hpa, 8, value);
            return null;
        });
    }

    private void set(long register, long value) {
        machine.call(() -> {
            machine.memory().write(UNIT + register, 4, value);
            return null;
        });
    }

    private byte[] bytes(long hpa) {
        return machine.call(() -> {
            byte[] bytes = new byte[BYTES];
            machine.memory().read(hpa, bytes, 0, BYTES);
            return bytes;
        });
    }

    private void awaitMore(long counter) {
        awaitMore(counter, get(counter, 4));
    }

    private void awaitMore(long counter, long before) {
        await().pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(40)).until(() -> get(counter, 4) > before);
    }

    @Test
    void aCardUnderLoadIsUpdatedUnnoticedAndTakenOutAndPutBackWithoutAWrongByte() throws Exception {
        machine = machines.create("load", "q35", Map.of("memory", "16M", "mips", "40", "root-ports", "true", "edu", "true", "edu-address", "01:00.0"));
        InstructionSet set = context.getService(context.getServiceReference(InstructionSet.class));
        InstructionSet.Program guest = set.assemble(Files.readString(GUEST), 0);
        Path image = Files.write(folder.resolve("copies.bin"), guest.bytes());
        machine.load("flat", image, Map.of("mode", "protected", "address", Long.toString(guest.origin()), "entry", Long.toString(guest.symbols().get("start"))));
        byte[] original = new byte[BYTES];
        new Random(6).nextBytes(original);
        machine.call(() -> {
            machine.memory().write(SOURCE, original, 0, BYTES);
            return null;
        });
        machine.start(new RunLimits(Long.MAX_VALUE, Long.MAX_VALUE, null));
        awaitMore(ROUNDS);
        for (int i = 0; i < UPDATES; i++) {
            edu.update();
            awaitMore(ROUNDS);
        }
        assertThat(get(CARDS, 4)).as("an update is not noticed").isEqualTo(1);
        for (int i = 0; i < REMOVALS; i++) {
            assertThat(shell("pci:unplug --surprise load rp1")).contains("edu is out");
            await().pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(40)).until(() -> !shell("pci:slots load").contains("link=up"));
            long cards = get(CARDS, 4);
            assertThat(shell("pci:plug load edu rp1")).contains("edu is at 01:00.0");
            awaitMore(CARDS, cards);
            awaitMore(ROUNDS);
        }
        assertThat(get(CARDS, 4)).as("each card was set up once").isEqualTo(1 + REMOVALS);
        assertThat(get(WRONG, 4)).as("wrong blocks").isZero();
        put(ENOUGH, 1);
        await().atMost(Duration.ofSeconds(40)).until(() -> !machine.status().running());
        assertThat(digest(bytes(SOURCE))).as("the original").isEqualTo(digest(original));
        assertThat(digest(bytes(COPY))).as("the copy").isEqualTo(digest(original));
        assertThat(machine.status().reports()).isEmpty();
    }

    private static String digest(byte[] bytes) throws Exception {
        return new java.math.BigInteger(1, MessageDigest.getInstance("SHA-256").digest(bytes)).toString(16);
    }

    @Test
    void firmwareNumbersBusesAndOpensWindows() throws Exception {
        Path bios = Path.of("/usr/share/seabios/bios-256k.bin");
        assumeTrue(Files.isReadable(bios), "the package seabios is not installed");
        machine = machines.create("bios", "q35", Map.of("memory", "64M", "root-ports", "true", "edu", "true", "edu-address", "01:00.0"));
        shell("machine:add -a 02:00.0 bios com.vtsim.pci.endpoint card rom=" + rom());
        machine.load("rom", bios, Map.of());
        assertThat(machine.run(new RunLimits(2_000_000_000L, Long.MAX_VALUE, "init bdf=01:00.0 id=1234:11e8")).cause()).as(machine.transcripts().toString()).isEqualTo(Stop.Cause.TEXT);
        assertThat(shell("pci:tree bios")).isNotEmpty();
        machine.call(() -> {
            PciHost host = machine.find(PciHost.class).orElseThrow();
            PciFunction edu = host.function(PciAddress.parse("01:00.0")).orElseThrow();
            PciFunction port = host.bridge(edu).orElseThrow();
            long base = edu.configRead(0x10, 4) & 0xFFFF_FFF0L;
            assertThat(base).as("within the window of the port").isGreaterThanOrEqualTo((port.configRead(0x20, 2) & 0xFFF0L) << 16)
                    .isLessThan((port.configRead(0x22, 2) & 0xFFF0L) + 0x10 << 16);
            assertThat(host.function(PciAddress.parse("00:1c.1")).orElseThrow().configRead(0x18, 4)).isEqualTo(0x0002_0200);
            return null;
        });
        assertThat(machine.run(new RunLimits(2_000_000_000L, Long.MAX_VALUE, "the ROM has run")).cause()).as("a card's expansion ROM: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
    }

    private Path rom() throws Exception {
        byte[] image = context.getService(context.getServiceReference(InstructionSet.class)).assemble(Files.readString(Path.of("..", "guests", "rom.asm")), 0).bytes();
        for (int i = 0; i < image.length - 1; i++) {
            image[image.length - 1] -= image[i];
        }
        return Files.write(folder.resolve("rom.bin"), image);
    }

    /** Scalable mode: RID_PASID 0 has a second stage, PASID 5 a first stage. @vtd Scalable Mode Address Translation */
    private void remapped() {
        machine = machines.create("vt", "q35", Map.of("memory", "16M", "irq", "apic", "vtd", "true", "vtd-profile", "scalable", "endpoint", "true"));
        machine.call(() -> {
            PciFunction card = machine.find(PciHost.class).orElseThrow().function(PciAddress.parse("00:05.0")).orElseThrow();
            card.configWrite(0x04, 2, 6);
            for (int at = 0x100; at != 0; at = card.configRead(at, 4) >>> 20) {
                switch (card.configRead(at, 4) & 0xFFFF) {
                    case 0x0F -> card.configWrite(at + 6, 2, 0x8000);
                    case 0x1B -> card.configWrite(at + 6, 2, 1);
                    default -> { }
                }
            }
            return null;
        });
        put(ROOT, 0x10_1001);
        put(0x10_1000 + ENDPOINT * 32, 0x10_2000 | 4 | 8 | 1);
        put(0x10_2000, 0x10_3001);
        put(0x10_3008, 1);
        put(0x10_3000, 0x10_4000 | 2 << 2 | 2 << 6 | 1);
        put(0x10_4000, 0x10_5003);
        put(0x10_5000, 0x10_6003);
        put(0x10_6000, 0x10_7003);
        put(0x10_7008, OWN | 3);
        put(0x10_3000 + 5 * 64 + 8, 1 << 23 | 2);
        put(0x10_3000 + 5 * 64 + 16, 0x10_8000);
        put(0x10_3000 + 5 * 64, 2 << 2 | 1 << 6 | 1);
        put(0x10_8000 + (PROCESS >>> 39 & 0x1FF) * 8, 0x10_9007);
        put(0x10_9000 + (PROCESS >>> 30 & 0x1FF) * 8, 0x10_A007);
        put(0x10_A000 + (PROCESS >>> 21 & 0x1FF) * 8, 0x10_B007);
        put(0x10_B000 + (PROCESS >>> 12 & 0x1FF) * 8, OWN + 0x1000 | 7);
        put(UNIT + 0x20, ROOT | 1 << 10);
        set(0x18, 0x4000_0000L);
        set(0x18, 0x8000_0000L);
        put(UNIT + 0x90, QUEUE | 1 << 11);
        put(UNIT + 0x88, 0);
        set(0x18, 0x8000_0000L | 0x0400_0000L);
    }

    /** Puts a descriptor of 256 bits into the queue. */
    private void submit(long low, long high) {
        put(QUEUE + queued, low);
        put(QUEUE + queued + 8, high);
        put(QUEUE + queued + 16, 0);
        put(QUEUE + queued + 24, 0);
        queued += 32;
        put(UNIT + 0x88, queued);
    }

    @Test
    void requestsAreContainedAndToldInWords() throws Exception {
        remapped();
        assertThat(shell("pci:dma --data '11 22 33 44' vt 00:05.0 write 0x1000 4")).contains("completed");
        assertThat(get(OWN, 4)).isEqualTo(0x4433_2211L);
        assertThat(shell("pci:dma --data '55' vt 00:05.0 write 0x2000 4")).contains("blocked by the remapping unit", "recorded: vtd0 00:05.0");
        assertThat(get(0x2000, 4)).as("untranslated").isZero();
        assertThat(shell("pci:dma --pasid 5 --data '66' vt 00:05.0 write 0x%x 1".formatted(PROCESS))).contains("completed");
        assertThat(get(OWN + 0x1000, 1)).isEqualTo(0x66);
        assertThat(shell("pci:dma --pasid 6 vt 00:05.0 read 0x%x 1".formatted(PROCESS))).contains("blocked", "recorded");
        assertThat(shell("pci:dma --as 00:07.0 vt 00:05.0 read 0x1000 4")).contains("blocked", "recorded: vtd0 00:07.0");
        assertThat(shell("pci:dma vt 00:05.0 write 0xfee00000 2")).doesNotContain("completed");
        assertThatThrownBy(() -> shell("pci:dma vt 00:05.0 scribble 0x1000 4")).hasMessageContaining("read or write");
    }

    @Test
    void aTranslationThatTheDeviceKeepsOutlivesItsTableUntilItIsInvalidated() throws Exception {
        remapped();
        assertThat(shell("pci:dma --cached --data '77' vt 00:05.0 write 0x1000 1")).contains("completed");
        assertThat(get(OWN, 1)).isEqualTo(0x77);
        assertThat(shell("pci:translations vt 00:05.0")).contains("rw");
        put(0x10_7008, 0);
        submit(0x12, 0);
        assertThat(shell("pci:dma --cached --data '78' vt 00:05.0 write 0x1000 1")).as("the device-TLB has not been told").contains("completed");
        submit(3 | (long) ENDPOINT << 32, 0x1000);
        assertThat(shell("pci:dma --cached --data '79' vt 00:05.0 write 0x1000 1")).contains("no right to write");
        assertThat(get(OWN, 1)).isEqualTo(0x78);
    }

    @Test
    void forgedInterruptsAreRemappedOrBlocked() throws Exception {
        remapped();
        assertThat(shell("pci:dma --data '31 00 00 00' vt 00:05.0 write 0xfee00000 4")).as("without interrupt remapping").contains("completed");
        put(UNIT + 0xB8, 0x12_0000);
        set(0x18, 0x8400_0000L | 0x0100_0000L);
        set(0x18, 0x8400_0000L | 0x0200_0000L);
        assertThat(shell("pci:dma --data '31 00 00 00' vt 00:05.0 write 0xfee00000 4")).as("compatibility format").contains("blocked", "recorded");
        assertThat(shell("pci:dma --data '00 00 00 00' vt 00:05.0 write 0xfee00010 4")).as("an entry that is not present").contains("blocked", "recorded");
    }
}
