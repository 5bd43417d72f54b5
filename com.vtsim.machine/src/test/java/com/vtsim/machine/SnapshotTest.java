package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Digests, and machines saved to a file and continued elsewhere. */
class SnapshotTest {
    @TempDir
    private Path folder;

    private static Backplane machine() {
        return machine(1 << 20);
    }

    private static Backplane machine(long memory) {
        Backplane machine = new Backplane(Settings.of("t", memory).quantum(100));
        machine.add(new CountingProcessor(0));
        machine.add(new CountingProcessor(1));
        FakePart timer = new FakePart("pit");
        timer.onAttach = board -> {
            var alarm = new com.vtsim.api.machine.Clock.Timer[1];
            var out = board.lines().driver(0, "out");
            alarm[0] = board.clock().timer("tick", () -> {
                timer.value++;
                out.set(timer.value % 2 != 0);
                alarm[0].at((timer.value + 1) * 333);
            });
            out.set(timer.value % 2 != 0);
            alarm[0].at((timer.value + 1) * 333);
        };
        machine.add(timer);
        return machine;
    }

    private static void run(Backplane machine, long instructions) throws InterruptedException {
        machine.run(RunLimits.instructions(instructions));
    }

    @Test
    void twoRunsOfTheSameMachineAreEqual() throws InterruptedException {
        Backplane a = machine();
        Backplane b = machine();
        run(a, 12_345);
        for (int i = 0; i < 12_345; i += 5) {
            run(b, 5);
        }
        assertThat(a.digest()).isEqualTo(b.digest()).matches("[0-9a-f]{64}");
        run(b, 1);
        assertThat(a.digest()).isNotEqualTo(b.digest());
    }

    @Test
    void untouchedMemoryCountsAsZeros() {
        Backplane a = machine();
        Backplane b = machine();
        b.memory().page(0x8_0000);
        b.memory().write(0x9_0000, 1, 1);
        b.memory().write(0x9_0000, 1, 0);
        assertThat(a.digest()).isEqualTo(b.digest());
        b.memory().write(0x9_0000, 1, 1);
        assertThat(a.digest()).isNotEqualTo(b.digest());
    }

    @Test
    void aRestoredMachineContinuesToTheSameDigest() throws InterruptedException {
        Backplane a = machine();
        a.memory().mapRom(0xFFFF_0000L, new byte[] {1, 2, 3});
        a.lines().driver(7, "operator").set(true);
        run(a, 5050);
        Path file = folder.resolve("a.vts");
        a.save(file);
        run(a, 5000);
        Backplane b = machine();
        b.memory().write(0x5000, 4, 77);
        run(b, 123);
        b.restore(file);
        assertThat(b.status().instructions()).isEqualTo(5050);
        assertThat(b.memory().read(0xFFFF_0000L, 4)).isEqualTo(0xFF03_0201L);
        assertThat(b.lines().level(7)).isTrue();
        run(b, 5000);
        assertThat(b.digest()).isEqualTo(a.digest());
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).as("nothing is left beside the file").containsExactly(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Restores the file named first in a JVM of its own and prints the digest after so many instructions more. */
    public static void main(String[] arguments) throws InterruptedException {
        Backplane machine = machine();
        machine.restore(Path.of(arguments[0]));
        run(machine, Long.parseLong(arguments[1]));
        System.out.print(machine.digest());
    }

    @Test
    void anotherJvmContinuesToTheSameDigest() throws IOException, InterruptedException {
        Backplane a = machine();
        run(a, 2000);
        Path file = folder.resolve("a.vts");
        a.save(file);
        run(a, 3000);
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
            SnapshotTest.class.getName(), file.toString(), "3000").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertThat(new String(process.getInputStream().readAllBytes())).isEqualTo(a.digest());
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void poisonIsKept() {
        Backplane a = machine();
        String whole = a.digest();
        a.memory().poison(0x8_0000, 128);
        a.memory().write(0x8_0000, new byte[60], 0, 60);
        assertThat(a.digest()).isNotEqualTo(whole);
        Path file = folder.resolve("a.vts");
        a.save(file);
        Backplane b = machine();
        b.restore(file);
        assertThat(b.digest()).isEqualTo(a.digest());
        assertThat(b.memory().poisoned()).containsExactly(0x8_0000L, 0x8_0040L);
        b.memory().write(0x8_003C, 4, 0);
        assertThat(b.memory().poisoned()).containsExactly(0x8_0040L);
        b.reset(Reset.COLD);
        b.settle();
        assertThat(b.memory().poisoned()).as("power-on").isEmpty();
    }

    @Test
    void memoryAboveFourGiBIsKept() {
        Backplane a = machine(6L << 30);
        a.memory().write(7L << 30, 8, 0x1122_3344_5566_7788L);
        Path file = folder.resolve("a.vts");
        a.save(file);
        Backplane b = machine(6L << 30);
        b.restore(file);
        assertThat(b.memory().read(7L << 30, 8)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(b.digest()).isEqualTo(a.digest());
    }

    @Test
    void aLoadedImageIsPutBackByAResetOfTheRestoredMachine() throws IOException {
        Backplane a = machine();
        Path image = Files.write(folder.resolve("image.bin"), new byte[] {1, 2, 3, 4});
        a.load("flat", image, Map.of("address", "0x7c00"));
        a.save(folder.resolve("a.vts"));
        Backplane b = machine();
        b.restore(folder.resolve("a.vts"));
        b.reset(Reset.COLD);
        assertThat(b.memory().read(0x7C00, 4)).isEqualTo(0x0403_0201);
        assertThat(b.find(CountingProcessor.class).orElseThrow().entered()).isNotNull();
    }

    private void refused(Path file, String message) {
        Backplane machine = machine();
        machine.memory().write(0x5000, 4, 77);
        String before = machine.digest();
        assertThatThrownBy(() -> machine.restore(file)).isInstanceOf(OperatorException.class).hasMessageContaining(message)
            .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
        assertThat(machine.digest()).as("the machine keeps its state").isEqualTo(before);
    }

    private Path saved(Backplane machine) {
        Path file = folder.resolve("saved.vts");
        machine.save(file);
        return file;
    }

    @Test
    void aMissingFileIsSaid() {
        refused(folder.resolve("none.vts"), "there is no file ");
    }

    @Test
    void aFileCutShortAnywhereIsRefused() throws IOException {
        Backplane machine = machine();
        for (int i = 0; i < 100; i++) {
            machine.memory().write(0x3000 + 4099L * i, 8, i * 0x1234_5678_9ABCL);
        }
        byte[] whole = Files.readAllBytes(saved(machine));
        Path cut = folder.resolve("cut.vts");
        for (int length : new int[] {0, 1, 10, whole.length / 2, whole.length - 1}) {
            Files.write(cut, Arrays.copyOf(whole, length));
            refused(cut, "cut short or damaged");
        }
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        Backplane machine = machine();
        for (int i = 0; i < 4096; i += 8) {
            machine.memory().write(0x3000 + i, 8, i * 0x1234_5678_9ABC_DEF1L);
        }
        byte[] bytes = Files.readAllBytes(saved(machine));
        bytes[bytes.length * 3 / 4] ^= 0x10;
        refused(Files.write(folder.resolve("bad.vts"), bytes), "cut short or damaged");
    }

    @Test
    void anotherFormatIsRefused() throws IOException {
        Path file = saved(machine());
        try (FileSystem zip = FileSystems.newFileSystem(URI.create("jar:" + file.toUri()), Map.of())) {
            Path json = zip.getPath("machine.json");
            Files.writeString(json, Files.readString(json).replace("\"format\" : 1", "\"format\" : 2"));
        }
        refused(file, "has snapshot format 2; this VTSim reads format 1");
    }

    @Test
    void aSnapshotOfAnotherMachineIsRefused() {
        refused(saved(machine(2 << 20)), "the snapshot is of a machine with 2097152 bytes of RAM");
        Backplane other = machine();
        other.add(new FakePart("com1"));
        refused(saved(other), "the snapshot is of a machine with other parts: missing here com1");
        Backplane model = machine();
        model.remove(model.find(FakePart.class).orElseThrow());
        model.add(new FakePart("pit", "hpet"));
        refused(saved(model), "the snapshot is of a machine whose pit is hpet; here it is fake");
    }

    @Test
    void aPartThatCannotAdoptItsStateRollsAllBack() throws InterruptedException {
        Backplane a = machine();
        run(a, 1000);
        Path file = saved(a);
        Backplane b = new Backplane(Settings.of("b", 1 << 20).quantum(100));
        b.add(new CountingProcessor(0));
        b.add(new CountingProcessor(1));
        b.add(new FakePart("pit") {
            @Override
            public void restore(State state) {
                throw new StateException("state field fake.value is missing");
            }
        });
        run(b, 10);
        String before = b.digest();
        assertThatThrownBy(() -> b.restore(file)).isInstanceOf(OperatorException.class)
            .hasMessage("pit cannot adopt its state from the snapshot: state field fake.value is missing");
        b.remove(b.find(FakePart.class).orElseThrow());
        b.add(new FakePart("pit"));
        assertThat(b.digest()).isEqualTo(before);
        run(b, 10);
        assertThat(b.status().instructions()).isEqualTo(20);
    }

    @Test
    void aRunningMachineIsSavedButNotReplaced() {
        try (Backplane a = machine(); Backplane b = machine()) {
            a.start(RunLimits.NONE);
            Path file = saved(a);
            assertThatThrownBy(() -> a.restore(file)).isInstanceOf(OperatorException.class).hasMessage("machine t is running; pause it first");
            b.restore(file);
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsSaid() {
        assertThatThrownBy(() -> machine().save(folder.resolve("no/such/a.vts"))).isInstanceOf(OperatorException.class)
            .hasMessageContaining("there is no such folder");
    }
}
