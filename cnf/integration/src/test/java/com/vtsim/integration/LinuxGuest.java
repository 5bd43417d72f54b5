package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The stock kernel with busybox on a machine, talked to over its serial port. */
final class LinuxGuest {
    private static final RunLimits COMMAND = new RunLimits(6_000_000_000L, Long.MAX_VALUE, "END");

    private final Machine machine;
    private int before;

    LinuxGuest(Machine machine) {
        this.machine = machine;
    }

    /** An initial RAM disk with busybox and some of the kernel's modules, in {@code /modules}. */
    static Path initialDisk(Path folder, GuestPackages guest, List<String> modules) throws IOException {
        Initramfs archive = new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").folder("modules").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("init", KernelIT.INIT.getBytes(StandardCharsets.US_ASCII));
        for (String module : modules) {
            archive.program("modules/" + module, Files.readAllBytes(guest.modules().resolve(module)));
        }
        return Files.write(folder.resolve("initramfs"), archive.bytes());
    }

    Machine machine() {
        return machine;
    }

    /** Boots to the shell. */
    LinuxGuest boot(GuestPackages guest, Path initialDisk, String append) throws InterruptedException {
        machine.load("linux", guest.kernel(), Map.of("initrd", initialDisk.toString(), "append", "console=ttyS0 " + append));
        assertThat(machine.run(KernelIT.BOOT).cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
        return this;
    }

    private String transcript() {
        return machine.transcripts().get("com1");
    }

    /** Types a command; the machine is not run yet. */
    void type(String command) {
        before = transcript().length();
        machine.call(() -> {
            machine.findAll(Console.class).stream().filter(console -> console.name().equals("com1")).findFirst().orElseThrow()
                .input((command + "; echo E\"\"ND\n").getBytes(StandardCharsets.ISO_8859_1));
            return null;
        });
    }

    /** Types a command and starts the machine. */
    void start(String command) {
        type(command);
        machine.start(COMMAND);
    }

    /** Waits for the command that {@link #start} typed. @return what it printed */
    String finish() throws InterruptedException {
        Stop stop = machine.await();
        String said = transcript().substring(before);
        assertThat(stop.cause()).as("the shell answers: %s", said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    /** Types a command and runs the machine until it is done. @return what it printed */
    String say(String command) throws InterruptedException {
        start(command);
        return finish();
    }
}
