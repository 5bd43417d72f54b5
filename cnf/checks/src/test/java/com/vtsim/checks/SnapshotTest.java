package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.vtsim.checks.Launcher.Outcome;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that repeat themselves to the bit, also when they stop in one process and go on in another. */
class SnapshotTest {
    private static final Path BIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    private static final String TICKS = "machine:create a --memory 16M --mips 20; machine:load a asm " + Launcher.root().resolve("cnf/guests/ticks.asm") + "; ";
    private static final String FIRMWARE = "machine:create a --memory 64M; machine:load a rom " + BIOS + "; ";
    private static final String END = "machine:digest a";

    @TempDir
    Path folder;

    private Launcher launcher;

    @BeforeEach
    void launchInAFolderOfOurOwn() throws IOException {
        launcher = new Launcher(folder);
    }

    /** @return the line with instruction count, virtual time and digest */
    private String digest(String commands) throws Exception {
        Outcome outcome = launcher.vtsim(commands);
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.status()).isZero();
        List<String> lines = outcome.out().lines().filter(line -> line.matches("a .* [0-9a-f]{64}")).toList();
        assertThat(lines).as(outcome.out()).hasSize(1);
        return lines.get(0);
    }

    @Test
    void aGuestThatCountsInterruptsRepeatsAndContinuesElsewhere() throws Exception {
        String run = "machine:run a --quiet --until \"None lost.\"; ";
        repeatsAndContinues(TICKS, "machine:run a --quiet --until \"400 interrupts\"; ", run);
    }

    @Test
    void firmwareRepeatsAndContinuesElsewhere() throws Exception {
        assumeThat(BIOS).as("the distribution's package seabios").exists();
        repeatsAndContinues(FIRMWARE, "machine:run a --quiet --until \"PS2 keyboard initialized\"; ", "machine:run a --quiet --until \"No bootable device\"; ");
    }

    private void repeatsAndContinues(String machine, String half, String rest) throws Exception {
        String whole = digest(machine + rest + END);
        assertThat(digest(machine + rest + END)).as("a second run").isEqualTo(whole);
        String middle = digest(machine + half + "machine:save a half.vtsim; " + END);
        String created = machine.substring(0, machine.indexOf(';') + 1);
        assertThat(digest(created + "machine:restore a half.vtsim; " + END)).as("restored in another process").isEqualTo(middle);
        assertThat(digest(created + "machine:restore a half.vtsim; " + rest + END)).as("continued in another process").isEqualTo(whole);
    }

    @Test
    void whatIsNoSnapshotIsSaidAndTheMachineStaysAsItIs() throws Exception {
        launcher.vtsim(TICKS + "machine:run a --instructions 1000; machine:save a good.vtsim");
        byte[] good = Files.readAllBytes(folder.resolve("good.vtsim"));
        Files.write(folder.resolve("cut.vtsim"), Arrays.copyOf(good, good.length - 100));
        Files.write(folder.resolve("half.vtsim"), Arrays.copyOf(good, good.length / 2));
        Files.write(folder.resolve("empty.vtsim"), new byte[0]);
        Files.writeString(folder.resolve("text.vtsim"), "This is no snapshot.\n");
        byte[] flipped = good.clone();
        flipped[good.length / 3] ^= 0x40;
        Files.write(folder.resolve("flipped.vtsim"), flipped);
        other("version.vtsim", good, "\"format\" : 1,", "\"format\" : 2,");
        other("part.vtsim", good, "\"model\" : \"i8259a\",\n      \"version\" : 2", "\"model\" : \"i8259a\",\n      \"version\" : 9");
        refused("cut.vtsim", "cut.vtsim is no snapshot, or it is cut short or damaged: ");
        refused("half.vtsim", "half.vtsim is no snapshot, or it is cut short or damaged: ");
        refused("empty.vtsim", "empty.vtsim is no snapshot, or it is cut short or damaged: ");
        refused("text.vtsim", "text.vtsim is no snapshot, or it is cut short or damaged: ");
        refused("flipped.vtsim", "flipped.vtsim is no snapshot, or it is cut short or damaged: ");
        refused("absent.vtsim", "there is no file ");
        refused("version.vtsim", "version.vtsim has snapshot format 2; this VTSim reads format 1");
        refused("part.vtsim", "irq cannot adopt its state from the snapshot: ");
        Outcome smaller = launcher.vtsim("machine:create a --memory 8M --mips 20; machine:restore a good.vtsim");
        assertThat(smaller.err()).startsWith("vtsim: the snapshot is of a machine with 16777216 bytes of RAM").hasLineCount(1);
        assertThat(smaller.status()).isEqualTo(1);
    }

    /** The digest after a refused snapshot is the one before it. */
    private void refused(String file, String message) throws Exception {
        Outcome outcome = launcher.vtsim(TICKS + "machine:run a --instructions 500; " + END + "; try { machine:restore a " + file + " } { }; " + END + "; machine:restore a " + file);
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("vtsim: ").contains(message).hasLineCount(1);
        List<String> digests = outcome.out().lines().filter(line -> line.matches("a .* [0-9a-f]{64}")).toList();
        assertThat(digests).as(outcome.out()).hasSize(2);
        assertThat(digests.get(0)).isEqualTo(digests.get(1));
    }

    private void other(String file, byte[] good, String from, String to) throws IOException {
        Path copy = Files.write(folder.resolve(file), good);
        try (FileSystem zip = FileSystems.newFileSystem(URI.create("jar:" + copy.toUri()), Map.of())) {
            String text = Files.readString(zip.getPath("machine.json"));
            assertThat(text).contains(from);
            Files.writeString(zip.getPath("machine.json"), text.replace(from, to));
        }
    }
}
