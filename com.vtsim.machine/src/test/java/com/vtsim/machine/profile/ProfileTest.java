package com.vtsim.machine.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.machine.profile.Profile.PartConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Machine descriptions and their options. */
final class ProfileTest {
    private static final String MACHINE = "\"com.vtsim.machine~${machine}\": {\"vtsim.machine\": \"${machine}\", \"vtsim.name\": \"machine\"}";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"q35", "gm45"})
    void builtInProfileHasEveryPartOfTheBoard(String name) {
        List<PartConfiguration> parts = configurations(name, Map.of("cpus", "2", "test-devices", "true"));
        assertThat(parts).extracting(PartConfiguration::part)
                .containsExactly("machine", "cpu0", "cpu1", "irq", "host", "lpc", "pit", "rtc", "hpet", "i8042", "com1", "fwcfg", "debug", "ept", "test");
        assertThat(parts).allSatisfy(part -> assertThat(part.properties()).containsEntry("vtsim.machine", "m").containsEntry("vtsim.name", part.part()));
        assertThat(parts.get(4).properties()).containsEntry("chipset", name);
    }

    @Test void optionsReachThePartsInTheirTypes() {
        List<PartConfiguration> parts = configurations("q35", Map.of("memory", "512M", "mips", "50", "irq", "apic", "serial", "tcp:5555"));
        assertThat(parts.get(0).properties()).containsEntry("memory", 512L << 20).containsEntry("mips", 50L);
        assertThat(parts.get(1).properties()).containsEntry("index", 0);
        assertThat(parts.get(2).pid()).isEqualTo("com.vtsim.irq.apic");
        assertThat(parts.get(9).properties()).containsEntry("backend", "tcp:5555").containsEntry("port", 0x3F8).containsEntry("line", 4);
    }

    @Test void configurationsAreNamedAfterMachineAndPart() {
        assertThat(configurations("q35", Map.of())).extracting(PartConfiguration::name).startsWith("m", "m.cpu0", "m.irq").doesNotContain("m.test").doesNotHaveDuplicates();
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource({
        "memory, 512Q, memory '512Q' is no number",
        "memory, 0, 'memory 0 is not possible; it must be 1M to 64G, in whole MiB'",
        "memory, 65G, memory 65G is not possible",
        "memory, 1500000, memory 1500000 is not possible",
        "cpus, 0, 'cpus 0 is not possible; it must be 1 to 64'",
        "cpus, 65, cpus 65 is not possible",
        "mips, 0, 'mips 0 is not possible; it must be 1 to 100000'",
        "serial, com2, 'serial ''com2'' is no back end; it must be console, file:PATH or tcp:PORT'",
        "test-devices, maybe, test-devices 'maybe' must be true or false",
        "memmory, 1G, 'no option of profile q35 ''memmory''; did you mean ''memory''?'"})
    void impossibleOptionIsOneClearLine(String option, String value, String message) {
        assertThatThrownBy(() -> configurations("q35", Map.of(option, value))).isInstanceOf(OperatorException.class).hasMessageContaining(message.replace("''", "'"));
    }

    @Test void ownDescriptionHasItsOwnOptions() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.json"), """
                {
                  // Comments are allowed, as in the Configurator's documents.
                  ":vtsim:options": { "colour": "red", "extra": "false" },
                  "com.vtsim.machine~${machine}": { "vtsim.machine": "${machine}", "vtsim.name": "machine", "memory:Long": 1048576, "names": ["a", "${colour}"] },
                  "com.example.lamp~${machine}.lamp": { ":vtsim:when": "${extra}", "vtsim.machine": "${machine}", "vtsim.name": "lamp", "colour": "${colour}", "bright": true, "watts": 60 },
                }
                """);
        List<PartConfiguration> parts = configurations(file.toString(), Map.of("extra", "true", "colour", "blue"));
        assertThat(parts).extracting(PartConfiguration::pid).containsExactly("com.vtsim.machine", "com.example.lamp");
        assertThat(parts.get(0).properties()).containsEntry("memory", 1048576L);
        assertThat((String[]) parts.get(0).properties().get("names")).containsExactly("a", "blue");
        assertThat(parts.get(1).properties()).containsEntry("colour", "blue").containsEntry("bright", true).containsEntry("watts", 60L);
        assertThat(configurations(file.toString(), Map.of())).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35", "gm45"})
    void aDiskIsThereIfAFileIsGiven(String name) {
        assertThat(configurations(name, Map.of())).extracting(PartConfiguration::part).doesNotContain("nvme0");
        PartConfiguration disk = configurations(name, Map.of("nvme", "/tmp/a.img")).stream().filter(part -> part.part().equals("nvme0")).findFirst().orElseThrow();
        assertThat((String[]) disk.properties().get("files")).containsExactly("/tmp/a.img");
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35", "gm45"})
    void aFlashIsThereIfFirmwareIsGiven(String name) {
        assertThat(configurations(name, Map.of())).extracting(PartConfiguration::part).doesNotContain("flash");
        PartConfiguration flash = configurations(name, Map.of("firmware", "/tmp/code", "variables", "/tmp/vars")).stream()
            .filter(part -> part.part().equals("flash")).findFirst().orElseThrow();
        assertThat((String[]) flash.properties().get("files")).containsExactly("ro:/tmp/code", "/tmp/vars");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[1] | it must be a JSON object",
        "{} | describes no machine",
        "{\"com.vtsim.machine\": {}} | 'com.vtsim.machine' is no part",
        "{\"com.vtsim.machine~a\": 3} | 'com.vtsim.machine~a' is no part",
        "{\"com.vtsim.machine~a\": {\"vtsim.machine\": \"other\"}} | belongs to machine 'other', not 'm'",
        "{MACHINE, \"x~y\": {\"vtsim.machine\": \"m\"}} | 'x~y' needs a vtsim.name of its own",
        "{MACHINE, \"x~y\": {\"vtsim.machine\": \"m\", \"vtsim.name\": \"machine\"}} | 'x~y' needs a vtsim.name of its own",
        "{MACHINE, \"x~y\": {\"size:Long\": \"big\"}} | x~y.size is 'big'; it must be a number",
        "{MACHINE, \"x~y\": {\"size:Complex\": \"1\"}} | x~y.size has the type 'Complex'",
        "{MACHINE, \"x~y\": {\"size\": \"${none}\"}} | x~y.size uses ${none}, which is no option",
        "{MACHINE | d.json:1:"})
    void damagedDescriptionIsOneClearLine(String text, String message) {
        assertThatThrownBy(() -> Profile.of("d.json", text.replace("MACHINE", MACHINE)).configurations("m", Map.of()))
                .isInstanceOf(OperatorException.class).hasMessageStartingWith("d.json").hasMessageContaining(message).hasMessageNotContaining("\n");
    }

    @Test void unknownProfileNamesTheNearest() {
        assertThatThrownBy(() -> Profiles.find("q36")).hasMessage("no profile 'q36'; did you mean 'q35'? there are q35, gm45, the path of a description");
    }

    @Test void profilesAreDescribed() {
        assertThat(Profiles.descriptions()).containsOnlyKeys("q35", "gm45").allSatisfy((name, text) -> assertThat(text).isNotEmpty());
    }

    private static List<PartConfiguration> configurations(String profile, Map<String, String> options) {
        Profile description = Profiles.find(profile);
        return description.configurations("m", CreateOptions.of(description, options));
    }
}
