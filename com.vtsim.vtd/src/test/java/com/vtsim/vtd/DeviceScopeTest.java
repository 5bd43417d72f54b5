package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.Part;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.Bridge;
import com.vtsim.pci.bus.HostBridge;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Units that have part of the bus each, and how the ACPI DMAR table says so. Two root ports; behind the second a switch with a card, and beside them an
 * endpoint of the root complex. Source: VT-d specification, Device Scope Structure; Root Port ATS Capability Reporting Structure;
 * SoC Integrated Address Translation Cache Reporting Structure; Reserved Memory Region Reporting Structure.
 */
class DeviceScopeTest {
    private static final int PORT_1 = 0x1C << 3;
    private static final int PORT_2 = 0x1C << 3 | 1;
    private static final int UPPER = 2 << 8;
    private static final int LOWER = 3 << 8;

    @TempDir
    Path folder;
    private final Backplane machine = Backplane.of("t", 64 << 20);

    @AfterEach
    void close() {
        machine.close();
    }

    private static RemappingHardware unit(String name, long base, String scope, String reserved, String profile) {
        return new RemappingHardware(name, BaseRegister.Layout.FIXED, base, Scope.parse(scope, reserved), Capability.of(profile, 0, false),
                new Caches(64, TranslationCache.Replacement.LRU));
    }

    private void build(RemappingHardware... units) {
        for (Part each : units) {
            machine.add(each);
        }
        for (Part each : List.of(new HostBridge("host", "q35", "1af4:1100"), new Bridge("rp1", "00:1c.0", "root-port", 1, 1, true, true),
                new Bridge("rp2", "00:1c.1", "root-port", 2, 2, true, false), new Bridge("up", "02:00.0", "switch-up", 3, 0, false, false),
                new Bridge("down", "03:00.0", "switch-down", 4, 3, true, false), new Endpoint("card", "04:00.0"), new Endpoint("inside", "00:05.0"))) {
            machine.add(each);
        }
        machine.call(() -> {
            machine.findAll(Part.class).forEach(Part::asFirmwareLeaves);
            return null;
        });
    }

    /** @return the structures of a type, each without its type and length, as hexadecimal digits */
    private List<String> structures(int type) {
        ByteBuffer table = ChipsetTest.table(machine);
        List<String> found = new ArrayList<>();
        for (int at = 48; at < table.capacity(); at += table.getShort(at + 2)) {
            if (table.getShort(at) == type) {
                found.add(HexFormat.of().formatHex(table.array(), at + 4, at + table.getShort(at + 2)));
            }
        }
        return found;
    }

    private void number(int bridge, int primary, int secondary, int subordinate) {
        machine.ports().write(0xCF8, 4, 0x8000_0000 | bridge << 8 | 0x18);
        machine.ports().write(0xCFC, 4, primary | secondary << 8 | subordinate << 16);
    }

    /** Type, length, reserved, number, start bus, then device and function of each hop. */
    @Test
    void aFunctionBehindBridgesIsNamedByItsWay() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"), unit("vtd1", 0xFED9_1000L, "04:00.0, 00:05.0", "3000000-3000fff@04:00.0", "server"));
        assertThat(structures(0).get(0)).as("an endpoint four hops away, and one on bus 0").endsWith("010e00000000" + "1c01" + "0000" + "0000" + "0000" + "010800000000" + "0500");
        assertThat(structures(1)).singleElement().asString().endsWith("010e00000000" + "1c01" + "0000" + "0000" + "0000");
    }

    @Test
    void aBridgeStandsForItsSubHierarchy() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"), unit("vtd1", 0xFED9_1000L, "02:00.0", "", "server"));
        assertThat(structures(0).get(0)).as("type 2").endsWith("020a00000000" + "1c01" + "0000");
        assertThat(structures(0).get(1)).as("INCLUDE_PCI_ALL comes last").startsWith("01");
    }

    @Test
    void whatIsBehindABridgeIsItsUnitsHoweverTheBusesAreNumbered() {
        RemappingHardware rest = unit("vtd0", 0xFED9_0000L, "all", "", "server");
        RemappingHardware some = unit("vtd1", 0xFED9_1000L, "00:1c.1", "", "server");
        build(rest, some);
        assertThat(List.of(some.owns(PORT_2), some.owns(UPPER), some.owns(LOWER), some.owns(0x400), some.owns(0x4FF))).as("with numbers as configured").containsOnly(true);
        assertThat(List.of(some.owns(PORT_1), some.owns(0x100), some.owns(0x28), some.owns(0x500))).containsOnly(false);
        number(PORT_2, 0, 0x20, 0x22);
        assertThat(List.of(some.owns(0x2000), some.owns(0x2208), some.owns(0x400), rest.owns(0x400), rest.owns(0x2000))).as("renumbered")
            .containsExactly(true, true, false, true, false);
    }

    @Test
    void aFunctionBehindABridgeIsItsUnitsHoweverItsBusIsNumbered() {
        RemappingHardware some = unit("vtd1", 0xFED9_1000L, "04:00.0", "", "server");
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"), some);
        assertThat(some.owns(0x400)).isTrue();
        number(PORT_2, 0, 2, 9);
        number(UPPER, 2, 3, 9);
        number(LOWER, 3, 9, 9);
        assertThat(List.of(some.owns(0x900), some.owns(0x400))).containsExactly(true, false);
        assertThat(structures(0).get(0)).as("the table's way stays").endsWith("010e00000000" + "1c01" + "0000" + "0000" + "0000");
    }

    @Test
    void everyRootPortMayPassTranslationRequestsIfEachHasSuchAUnit() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "scalable"));
        assertThat(structures(2)).as("ALL_PORTS, segment 0, no scope").containsExactly("01000000");
    }

    @Test
    void onlyTheRootPortsOfUnitsWithDeviceTlbsAreNamed() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"), unit("vtd1", 0xFED9_1000L, "00:1c.1", "", "scalable"));
        assertThat(structures(2)).containsExactly("00000000" + "020800000000" + "1c01");
        assertThat(structures(5)).as("the endpoint on bus 0 has the other unit").isEmpty();
    }

    @Test
    void withoutDeviceTlbsThereIsNoSuchPort() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"));
        assertThat(structures(2)).isEmpty();
        assertThat(structures(5)).isEmpty();
    }

    @Test
    void anEndpointOfTheRootComplexThatKeepsTranslationsIsNamed() {
        build(unit("vtd0", 0xFED9_0000L, "all", "", "scalable"));
        assertThat(structures(5)).as("no requirement, segment 0, one endpoint").containsExactly("00000000" + "010800000000" + "0500");
    }

    /** The installed iasl knows structures 0 to 4: it is given the table without SATC. */
    @Test
    void theReferenceImplementationReadsWaysAndPorts() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/iasl")), "the package acpica-tools is not installed");
        build(unit("vtd0", 0xFED9_0000L, "all", "", "server"), unit("vtd1", 0xFED9_1000L, "00:1c.1, 00:02.0", "3000000-3000fff@04:00.0", "scalable"));
        Path file = Files.write(folder.resolve("dmar.aml"), ChipsetTest.table(machine).array());
        Process iasl = new ProcessBuilder("iasl", "-d", file.toString()).directory(folder.toFile()).redirectErrorStream(true).start();
        String said = new String(iasl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(iasl.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said).doesNotContainIgnoringCase("error").doesNotContainIgnoringCase("invalid").doesNotContainIgnoringCase("unknown").doesNotContainIgnoringCase("warning");
        assertThat(Files.readString(folder.resolve("dmar.dsl"))).contains("PCI Bridge Device", "Root Port ATS Capability", "PCI Path : 1C,01");
    }
}
