package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.checks.Launcher.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A jar dropped into {@code deploy/} of a running VTSim, under a guest that takes interrupts. */
class DeployTest {
    private static final Path APIC = Launcher.root().resolve("com.vtsim.irq/apic/target");
    /** Two seconds of virtual time, 200 million instructions: the folder is looked at twice in a second. */
    private static final String TIMERS = "20000";
    private static final String MESSAGES = "150000";

    @TempDir
    Path folder;

    @Test
    void aNewerApicTakesOverUnderARunningGuest() throws Exception {
        String source = Files.readString(Launcher.root().resolve("cnf/guests/messages.asm"))
            .replace("timer_limit:    dd 100", "timer_limit: dd " + TIMERS).replace("message_limit:  dd 1000", "message_limit: dd " + MESSAGES);
        Files.writeString(folder.resolve("messages.asm"), source);
        Launcher launcher = new Launcher(folder);
        Path newer = newer();
        CompletableFuture<Outcome> run = CompletableFuture.supplyAsync(() -> {
            try {
                return launcher.vtsim("machine:create d --memory 16M --mips 100 --irq apic --options edu=true; "
                    + "machine:load d asm messages.asm --mode long --address 0x100000; machine:run d --quiet --instructions 1000000; "
                    + "machine:start d; machine:await d; mem:dump d 0x100010; machine:show d");
            } catch (IOException | InterruptedException e) {
                throw new CompletionException(e);
            }
        });
        Path out = folder.resolve("out");
        while (!run.isDone() && !(Files.exists(out) && Files.readString(out).contains("background"))) {
            Thread.onSpinWait();
        }
        Files.move(newer, folder.resolve("deploy").resolve("apic.jar"), StandardCopyOption.ATOMIC_MOVE);
        Outcome outcome = run.join();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.status()).isZero();
        assertThat(outcome.out()).contains("the guest switched the power off (ACPI S5)").contains("com.vtsim.irq.apic 1.0.1  took over: state");
        String dump = outcome.out().replaceAll("\\s+", " ");
        // The limits; then timers, serial interrupts, messages, messages sent, unexpected interrupts, first tick, periods of the timer, done: little-endian.
        String timers = "20 4e 00 00 ";
        String messages = "f0 49 02 00 ";
        assertThat(dump).containsPattern(timers + "e8 03 00 00 " + messages + timers + "\\|.{16}\\| 0010_0020 e8 03 00 00 " + messages + messages + "00 00 00 00 ")
            .containsPattern("0010_0030 00 00 00 00 1f 4e 00 00 01 00 00 00");
    }

    /** The bundle's jar as it was built, under the next version. */
    private Path newer() throws IOException {
        Path built;
        try (Stream<Path> files = Files.list(APIC)) {
            built = files.filter(file -> file.getFileName().toString().matches("com\\.vtsim\\.irq\\.apic.*[0-9T]\\.jar")).findFirst().orElseThrow();
        }
        Path to = folder.resolve("newer.jar");
        try (JarFile from = new JarFile(built.toFile())) {
            Manifest manifest = new Manifest(from.getManifest());
            manifest.getMainAttributes().putValue("Bundle-Version", "1.0.1");
            try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(to), manifest)) {
                for (JarEntry entry : Collections.list(from.entries())) {
                    if (!entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        jar.putNextEntry(new JarEntry(entry.getName()));
                        from.getInputStream(entry).transferTo(jar);
                    }
                }
            }
        }
        return to;
    }
}
