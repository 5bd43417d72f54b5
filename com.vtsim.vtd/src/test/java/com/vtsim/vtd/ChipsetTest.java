package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.irq.apic.ApicController;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.acpi.AcpiTables;
import com.vtsim.pci.bus.HostBridge;
import com.vtsim.pci.lpc.LpcBridge;
import com.vtsim.pci.lpc.hpet.Hpet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The unit among the chipset's parts: interrupts of I/O APIC and event timer, and the ACPI DMAR table. */
class ChipsetTest {
    private static final long UNIT = Rig.BASE;
    private static final long IO_APIC = 0xFEC0_0000L;
    private static final long EVENT_TIMER = 0xFED0_0000L;
    private static final long IRT = 0x30_0000;
    private static final int LINE = 5;
    /** The LPC bridge, whose number both send with (LPC_IBDF and HPET BDF after reset). */
    private static final int LPC = 0x00F8;
    private static final long X2APIC = 0xC00;
    private static final int PROCESSORS = 34;

    @TempDir
    Path folder;
    private final List<Backplane> machines = new ArrayList<>();
    private final ApicController controller = new ApicController("irq", false);
    private RemappingHardware unit;

    @AfterEach
    void close() {
        machines.forEach(Backplane::close);
    }

    private Backplane machine(int processors, RemappingHardware... units) {
        Backplane machine = Backplane.of("t", 64 << 20);
        machines.add(machine);
        for (int i = 0; i < processors; i++) {
            machine.add(new HaltedProcessor(i));
        }
        machine.add(controller);
        for (RemappingHardware each : units) {
            machine.add(each);
        }
        for (Part part : List.of(new HostBridge("host", "q35", "1af4:1100"), new LpcBridge("lpc", "q35", "1af4:1100"), new Hpet("hpet"))) {
            machine.add(part);
        }
        machine.call(() -> {
            machine.findAll(Part.class).forEach(Part::asFirmwareLeaves);
            return null;
        });
        return machine;
    }

    /** Interrupt remapping on, processors in x2APIC mode and their APICs enabled. */
    private Backplane remapping(boolean extended) {
        unit = Rig.unit("server", 8, false);
        Backplane machine = machine(PROCESSORS, unit);
        for (int i = 0; i < PROCESSORS; i++) {
            controller.localApic(i).base(controller.localApic(i).base() | X2APIC);
            controller.localApic(i).writeX2apic(0x80F, 0x1FF);
        }
        put(machine, UNIT + 0xB8, IRT | 7 | (extended ? 0x800 : 0));
        command(machine, Rig.SIRTP);
        command(machine, Rig.IRE);
        return machine;
    }

    private static void put(Backplane machine, long at, long value) {
        machine.memory().write(at, 8, value);
    }

    private static void command(Backplane machine, int bits) {
        machine.memory().write(UNIT + 0x18, 4, machine.memory().read(UNIT + 0x1C, 4) & 0x96FF_FFFFL | bits & 0xFFFF_FFFFL);
    }

    /** An entry for fixed delivery; SVT 1 checks all 16 bits of the requester. */
    private static void entry(Backplane machine, int index, int vector, int destination, boolean level, int source) {
        put(machine, IRT + 16L * index + 8, 1 << 18 | source);
        put(machine, IRT + 16L * index, (long) destination << 32 | vector << 16 | (level ? 0x10 : 0) | 1);
    }

    /** A redirection entry in remappable format: index 14:0 in 63:49, format in 48, index 15 in 11. */
    private static void redirect(Backplane machine, int input, int index, int vector, boolean level) {
        long entry = (index & 0x7FFFL) << 49 | 1L << 48 | (index >> 15 & 1) << 11 | (level ? 0x8000 : 0) | vector;
        for (int half = 0; half < 2; half++) {
            machine.memory().write(IO_APIC, 4, 0x11 + 2 * input - half);
            machine.memory().write(IO_APIC + 0x10, 4, entry >>> 32 * (1 - half) & 0xFFFF_FFFFL);
        }
    }

    private static void pulse(Backplane machine) {
        Lines.Driver driver = machine.lines().driver(LINE, "test");
        driver.set(true);
        driver.set(false);
    }

    @Test
    void theIoApicsInterruptsPassTheTable() {
        Backplane machine = remapping(true);
        entry(machine, 3, 0x61, 33, false, LPC);
        redirect(machine, LINE, 3, 0x10, false);
        pulse(machine);
        assertThat(controller.acknowledge(33)).isEqualTo(0x61);
        assertThat(unit.faults()).isEmpty();
    }

    /** x2APIC ids above 255 and logical destinations need bits 31:8: cluster 2, processors 32 and 33. */
    @Test
    void logicalDestinationsOf32BitsArrive() {
        Backplane machine = remapping(true);
        entry(machine, 3, 0x62, 0x2_0003, false, LPC);
        put(machine, IRT + 48, machine.memory().read(IRT + 48, 8) | 4);
        redirect(machine, LINE, 3, 0x10, false);
        pulse(machine);
        assertThat(controller.acknowledge(32)).isEqualTo(0x62);
        assertThat(controller.acknowledge(33)).isEqualTo(0x62);
        assertThat(controller.why(0x62)).hasSize(2);
    }

    /** The local APICs' EOI message carries the entry's vector, which is not the redirection entry's: software ends at the I/O APIC with the latter. */
    @Test
    void aLevelTriggeredInterruptEndsAtTheIoApic() {
        Backplane machine = remapping(true);
        entry(machine, 3, 0x63, 1, true, LPC);
        redirect(machine, LINE, 3, LINE, true);
        machine.lines().driver(LINE, "test").set(true);
        assertThat(controller.acknowledge(1)).isEqualTo(0x63);
        machine.lines().driver(LINE, "test").set(false);
        controller.localApic(1).writeX2apic(0x80B, 0);
        machine.lines().driver(LINE, "test").set(true);
        assertThat(controller.why(0x63)).as("remote IRR still set").isEmpty();
        machine.memory().write(IO_APIC + 0x40, 4, LINE);
        assertThat(controller.acknowledge(1)).isEqualTo(0x63);
    }

    @Test
    void anEntryOfAnotherRequesterIsNoUseToTheIoApic() {
        Backplane machine = remapping(true);
        entry(machine, 3, 0x61, 0, false, 0x18);
        redirect(machine, LINE, 3, 0x10, false);
        pulse(machine);
        assertThat(controller.why(0x61)).isEmpty();
        assertThat(unit.faults()).singleElement().satisfies(fault -> {
            assertThat(fault.reason()).isEqualTo(0x26);
            assertThat(fault.sourceId()).isEqualTo(LPC);
            assertThat(fault.address()).isEqualTo(3);
        });
    }

    @Test
    void theEventTimersMessagesPassTheTable() {
        Backplane machine = remapping(false);
        entry(machine, 4, 0x64, 2 << 8, false, LPC);
        put(machine, EVENT_TIMER + 0x108, 10);
        put(machine, EVENT_TIMER + 0x110, (0xFEE0_0010L | 4 << 5) << 32);
        put(machine, EVENT_TIMER + 0x100, 0x4004);
        put(machine, EVENT_TIMER + 0x10, 1);
        pass(machine);
        assertThat(controller.acknowledge(2)).isEqualTo(0x64);
        assertThat(unit.faults()).isEmpty();
    }

    private static void pass(Backplane machine) {
        try {
            machine.run(new com.vtsim.api.machine.RunLimits(Long.MAX_VALUE, 10_000, null));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void withoutItsUnitTheIoApicIsSilent() {
        Backplane machine = remapping(true);
        entry(machine, 3, 0x61, 0, false, LPC);
        redirect(machine, LINE, 3, 0x10, false);
        machine.remove(unit);
        machine.settle();
        pulse(machine);
        assertThat(controller.why(0x61)).isEmpty();
        assertThat(controller.why(0x10)).as("the redirection entry's own vector").isEmpty();
        machine.add(unit);
        pulse(machine);
        assertThat(controller.why(0x61)).isNotEmpty();
    }

    /** @return the DMAR table, or null */
    static ByteBuffer table(Backplane machine) {
        ByteBuffer block = ByteBuffer.wrap(machine.call(() -> AcpiTables.of(new AcpiTables.Finder() {
            @Override
            public <T> List<T> findAll(Class<T> type) {
                return machine.findAll(type);
            }
        }, machine.memory()).at(0x3F0_0000))).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < block.capacity(); at += 16) {
            if (new String(block.array(), at, 4, StandardCharsets.US_ASCII).equals("DMAR")) {
                byte[] bytes = Arrays.copyOfRange(block.array(), at, at + block.getInt(at + 4));
                return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            }
        }
        return null;
    }

    private static RemappingHardware unit(String name, long base, String scope, String reserved, String profile, RemappingHardware.Firmware firmware) {
        return new RemappingHardware(name, BaseRegister.Layout.FIXED, base, Scope.parse(scope, reserved), Capability.of(profile, 0, false),
                new Caches(64, TranslationCache.Replacement.LRU), firmware);
    }

    private static List<Integer> types(ByteBuffer table) {
        List<Integer> types = new ArrayList<>();
        for (int at = 48; at < table.capacity(); at += table.getShort(at + 2)) {
            types.add((int) table.getShort(at));
        }
        return types;
    }

    @Test
    void aMachineWithoutUnitHasNoTable() {
        assertThat(table(machine(1))).isNull();
    }

    @Test
    void theTableTellsOfTheUnitAndTheChipsetsRequesters() {
        ByteBuffer table = table(machine(1, Rig.unit("client", 0, false)));
        assertThat(table.get(36)).as("host address width - 1").isEqualTo((byte) 38);
        assertThat(table.get(37)).as("INTR_REMAP").isEqualTo((byte) 1);
        assertThat(types(table)).containsExactly(0);
        assertThat(table.get(52)).as("INCLUDE_PCI_ALL").isEqualTo((byte) 1);
        assertThat(table.getLong(56)).isEqualTo(UNIT);
        assertThat(Arrays.copyOfRange(table.array(), 64, 80)).as("I/O APIC 0, event timer 0, both 00:1f.0").containsExactly(3, 8, 0, 0, 0, 0, 0x1F, 0, 4, 8, 0, 0, 0, 0, 0x1F, 0);
    }

    /** The unit with INCLUDE_PCI_ALL comes after those that name their devices. */
    @Test
    void severalUnitsComeWithRegionsPortsAndProximity() {
        ByteBuffer table = table(machine(1,
                unit("vtd0", 0xFED9_1000L, "all", "7d000000-7d0fffff@00:1d.0", "server", new RemappingHardware.Firmware(true, 1)),
                unit("vtd1", 0xFED9_0000L, "00:02.0", "7d800000-7fffffff@00:02.0;7d000000-7d0fffff@00:1a.0", "server", RemappingHardware.Firmware.PLAIN)));
        assertThat(table.get(37)).as("INTR_REMAP, X2APIC_OPT_OUT").isEqualTo((byte) 3);
        assertThat(types(table)).startsWith(0, 0, 1, 1).endsWith(3);
        assertThat(table.getLong(56)).isEqualTo(0xFED9_0000L);
        assertThat(Arrays.copyOfRange(table.array(), 64, 72)).as("the scope of the first").containsExactly(1, 8, 0, 0, 0, 0, 2, 0);
        int region = 48 + table.getShort(50);
        region += table.getShort(region + 2);
        assertThat(table.getLong(region + 8)).isEqualTo(0x7D80_0000L);
        assertThat(table.getLong(region + 16)).isEqualTo(0x7FFF_FFFFL);
        int second = region + table.getShort(region + 2);
        assertThat(table.getShort(second + 2)).as("one region of two functions").isEqualTo((short) 40);
    }

    @Test
    void aUnitWithoutInterruptRemappingSaysSo() {
        assertThat(table(machine(1, unit("vtd0", UNIT, "all", "", "gm45", new RemappingHardware.Firmware(true, -1)))).get(37)).isZero();
    }

    @Test
    void theReferenceImplementationReadsTheTable() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/iasl")), "the package acpica-tools is not installed");
        ByteBuffer table = table(machine(1,
                unit("vtd0", 0xFED9_1000L, "all", "7d000000-7d0fffff@00:1d.0", "server", new RemappingHardware.Firmware(true, 1)),
                unit("vtd1", 0xFED9_0000L, "00:02.0", "7d800000-7fffffff@00:02.0", "server", RemappingHardware.Firmware.PLAIN)));
        Path file = Files.write(folder.resolve("dmar.aml"), table.array());
        Process iasl = new ProcessBuilder("iasl", "-d", file.toString()).directory(folder.toFile()).redirectErrorStream(true).start();
        String said = new String(iasl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(iasl.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said).doesNotContainIgnoringCase("error").doesNotContainIgnoringCase("invalid").doesNotContainIgnoringCase("unknown");
        assertThat(Files.readString(folder.resolve("dmar.dsl"))).contains("Hardware Unit", "Reserved Memory Region", "IOAPIC Device", "HPET", "Hardware Static Affinity");
    }
}
