package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Part;
import com.vtsim.cpu.X86Processor;
import com.vtsim.irq.pic.InterruptPair;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.acpi.AcpiTables;
import com.vtsim.pci.bus.HostBridge;
import com.vtsim.pci.lpc.LpcBridge;
import com.vtsim.pci.lpc.fwcfg.FirmwareConfig;
import com.vtsim.pci.lpc.hpet.Hpet;
import com.vtsim.pci.lpc.pit.IntervalTimer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tables of machines as they are wired. Source: ACPI Specification 6.5, ACPI Software Programming Model. */
class AcpiTest {
    private static final long BASE = 0x3F0_0000;

    @TempDir
    Path folder;
    private final List<Backplane> machines = new ArrayList<>();

    @AfterEach
    void close() {
        machines.forEach(Backplane::close);
    }

    private Backplane machine(int processors, InterruptController controller, Part... more) {
        Backplane machine = Backplane.of("t", 64 << 20);
        machines.add(machine);
        for (int i = 0; i < processors; i++) {
            machine.add(new X86Processor("cpu" + i, i));
        }
        machine.add(controller);
        for (Part part : more) {
            machine.add(part);
        }
        return machine;
    }

    private Backplane board(int processors, InterruptController controller) {
        Backplane machine = machine(processors, controller, new HostBridge("host", "q35", "1af4:1100"), new LpcBridge("lpc", "q35", "1af4:1100"),
            new IntervalTimer("pit"), new Hpet("hpet"), new FirmwareConfig("fwcfg", 0, false, ""));
        machine.call(() -> {
            machine.findAll(Part.class).forEach(Part::asFirmwareLeaves);
            return null;
        });
        return machine;
    }

    private static AcpiTables tables(Backplane machine) {
        return machine.call(() -> AcpiTables.of(new AcpiTables.Finder() {
            @Override
            public <T> List<T> findAll(Class<T> type) {
                return machine.findAll(type);
            }
        }, machine.memory()));
    }

    private static int sum(ByteBuffer block, int at, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += block.get(at + i);
        }
        return sum & 0xFF;
    }

    private static String signature(ByteBuffer block, int at) {
        byte[] four = new byte[4];
        block.get(at, four);
        return new String(four, StandardCharsets.US_ASCII);
    }

    /** Follows the pointers as an operating system does. @return signature to offset in the block */
    private static Map<String, Integer> walk(ByteBuffer block) {
        Map<String, Integer> found = new LinkedHashMap<>();
        assertThat(signature(block, 0) + signature(block, 4)).isEqualTo("RSD PTR ");
        assertThat(sum(block, 0, 20)).isZero();
        assertThat(sum(block, 0, 36)).isZero();
        int xsdt = (int) (block.getLong(24) - BASE);
        int rsdt = (int) (block.getInt(16) - BASE);
        int count = (block.getInt(xsdt + 4) - 36) / 8;
        assertThat((block.getInt(rsdt + 4) - 36) / 4).isEqualTo(count);
        found.put("XSDT", xsdt);
        found.put("RSDT", rsdt);
        for (int i = 0; i < count; i++) {
            int at = (int) (block.getLong(xsdt + 36 + 8 * i) - BASE);
            assertThat(block.getInt(rsdt + 36 + 4 * i) - BASE).isEqualTo(at);
            found.put(signature(block, at), at);
        }
        int fadt = found.get("FACP");
        found.put("DSDT", (int) (block.getInt(fadt + 40) - BASE));
        assertThat(block.getLong(fadt + 140) - BASE).as("X_DSDT").isEqualTo(found.get("DSDT").longValue());
        int facs = (int) (block.getInt(fadt + 36) - BASE);
        assertThat(signature(block, facs)).isEqualTo("FACS");
        assertThat((BASE + facs) % 64).as("alignment of the FACS").isZero();
        found.forEach((name, at) -> {
            assertThat(signature(block, at)).isEqualTo(name);
            assertThat(sum(block, at, block.getInt(at + 4))).as("checksum of %s", name).isZero();
        });
        return found;
    }

    private static ByteBuffer placed(AcpiTables tables) {
        return ByteBuffer.wrap(tables.at(BASE)).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void everyTableIsReachedAndSumsToZero() {
        assertThat(walk(placed(tables(board(2, new ApicController("irq", false)))))).containsOnlyKeys("XSDT", "RSDT", "FACP", "APIC", "HPET", "MCFG", "DSDT");
    }

    @Test
    void aMachineWithoutApicsAnnouncesNone() {
        assertThat(walk(placed(tables(board(1, new InterruptPair("irq")))))).doesNotContainKey("APIC");
    }

    @Test
    void aMachineWithoutBoardHasNoTablesOfIt() {
        assertThat(walk(placed(tables(machine(1, new InterruptPair("irq")))))).containsOnlyKeys("XSDT", "RSDT", "FACP", "DSDT");
    }

    @Test
    void everyProcessorHasItsLocalApic() {
        ByteBuffer block = placed(tables(board(8, new ApicController("irq", false))));
        int at = walk(block).get("APIC");
        assertThat(block.getInt(at + 36)).isEqualTo(0xFEE0_0000);
        List<Integer> ids = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        for (int entry = at + 44; entry < at + block.getInt(at + 4); entry += block.get(entry + 1)) {
            types.add((int) block.get(entry));
            if (block.get(entry) == 0) {
                ids.add((int) block.get(entry + 3));
            } else if (block.get(entry) == 1) {
                assertThat(block.getInt(entry + 4)).isEqualTo(0xFEC0_0000);
            }
        }
        assertThat(ids).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(types).contains(1, 2, 4);
    }

    @Test
    void configurationSpaceAndPowerManagementAreWhereTheBridgesHaveThem() {
        ByteBuffer block = placed(tables(board(1, new ApicController("irq", false))));
        Map<String, Integer> found = walk(block);
        assertThat(block.getLong(found.get("MCFG") + 44)).isEqualTo(0xE000_0000L);
        assertThat(block.getInt(found.get("FACP") + 76)).as("PM timer").isEqualTo(0x608);
        assertThat(block.getInt(found.get("HPET") + 36)).isEqualTo(0x8086_A301);
    }

    /** Commands of 128 bytes: 1 allocates, 2 adds a pointer, 3 adds a checksum. */
    @Test
    void firmwareBuildsTheSameFromTheFilesAndTheirScript() {
        Backplane machine = board(2, new ApicController("irq", false));
        AcpiTables tables = tables(machine);
        Map<String, byte[]> files = Map.of(AcpiTables.TABLES, tables.tables(), AcpiTables.RSDP, tables.rsdp());
        Map<String, Long> places = Map.of(AcpiTables.TABLES, BASE + 64, AcpiTables.RSDP, BASE);
        ByteBuffer script = ByteBuffer.wrap(tables.script()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(script.capacity()).as("whatever tables there are").isEqualTo(tables(machine(1, new InterruptPair("irq"))).script().length);
        for (int at = 0; at < script.capacity(); at += 128) {
            if (script.getInt(at) == 0) {
                continue;
            }
            ByteBuffer file = ByteBuffer.wrap(files.get(text(script, at + 4))).order(ByteOrder.LITTLE_ENDIAN);
            if (script.getInt(at) == 2) {
                int offset = script.getInt(at + 116);
                long base = places.get(text(script, at + 60));
                file.putInt(offset, file.getInt(offset) + (int) base);
            } else if (script.getInt(at) == 3) {
                int checksum = script.getInt(at + 60);
                file.put(checksum, (byte) (file.get(checksum) - sum(file, script.getInt(at + 64), script.getInt(at + 68))));
            }
        }
        byte[] whole = new byte[AcpiTables.LENGTH];
        System.arraycopy(files.get(AcpiTables.RSDP), 0, whole, 0, 36);
        System.arraycopy(files.get(AcpiTables.TABLES), 0, whole, 64, whole.length - 64);
        assertThat(whole).isEqualTo(tables.at(BASE));
    }

    private static String text(ByteBuffer script, int at) {
        byte[] name = new byte[56];
        script.get(at, name);
        return new String(name, StandardCharsets.US_ASCII).replace("\0", "");
    }

    @Test
    void firmwareFindsTheFiles() {
        Backplane machine = board(1, new ApicController("irq", false));
        List<String> files = machine.call(() -> machine.find(FirmwareConfig.class).orElseThrow().files());
        assertThat(files).contains(AcpiTables.TABLES, AcpiTables.RSDP, AcpiTables.SCRIPT);
    }

    /** Another implementation reads the byte code, and compiles what it read without a complaint. */
    @Test
    void theCompilerOfTheReferenceImplementationReadsTheByteCode() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/iasl")), "the package acpica-tools is not installed");
        for (InterruptController controller : List.of(new ApicController("irq", false), new InterruptPair("irq"))) {
            ByteBuffer block = placed(tables(board(4, controller)));
            for (Map.Entry<String, Integer> table : walk(block).entrySet()) {
                byte[] bytes = new byte[block.getInt(table.getValue() + 4)];
                block.get(table.getValue(), bytes);
                Path file = Files.write(folder.resolve(table.getKey().toLowerCase(java.util.Locale.ROOT) + ".aml"), bytes);
                String said = run("iasl", "-d", file.toString());
                assertThat(said).as(table.getKey()).doesNotContainIgnoringCase("error").doesNotContainIgnoringCase("invalid").doesNotContainIgnoringCase("warning");
            }
            String compiled = run("iasl", "-we", folder.resolve("dsdt.dsl").toString());
            assertThat(compiled).contains("0 Errors").containsPattern("Compilation successful. 0 Errors, 0 Warnings");
        }
    }

    private String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return text;
    }
}
