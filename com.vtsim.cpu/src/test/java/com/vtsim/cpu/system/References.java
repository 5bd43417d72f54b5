package com.vtsim.cpu.system;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The same boot ROM on QEMU and on Bochs, where they are installed: what the guest writes to port E9h. It ends by a write to port F4h and by
 * the word {@code Shutdown} to port 8900h.
 */
final class References {
    /** Far more than either needs; whoever takes longer does not end. */
    private static final int SECONDS = 120;

    private References() { }

    static boolean qemuIsInstalled() {
        return isOnPath("qemu-system-x86_64");
    }

    /** Bochs wants a terminal, which {@code script} makes, and its package {@code bochs-term} to draw on it. */
    static boolean bochsIsInstalled() {
        return isOnPath("bochs") && isOnPath("script") && Files.exists(Path.of("/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so"));
    }

    private static boolean isOnPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** @return the lines that the guest writes on the largest processor of QEMU's translator */
    static List<String> qemu(byte[] rom, Path folder) throws IOException, InterruptedException {
        Path image = Files.write(folder.resolve("qemu.rom"), rom);
        Path text = folder.resolve("qemu.txt");
        run(folder, List.of("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "16", "-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot",
            "-bios", image.toString(), "-device", "isa-debugcon,iobase=0xe9,chardev=e", "-chardev", "file,id=e,path=" + text, "-device", "isa-debug-exit,iobase=0xf4"));
        return Files.readAllLines(text, StandardCharsets.ISO_8859_1);
    }

    /** @return the lines that the guest writes on a processor model of Bochs */
    static List<String> bochs(byte[] rom, String model, Path folder) throws IOException, InterruptedException {
        Path image = Files.write(folder.resolve("bochs.rom"), rom);
        Path configuration = Files.write(folder.resolve("bochsrc"), List.of("megs: 32", "romimage: file=" + image + ", address=0xffff0000",
            "cpu: model=" + model + ", count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0", "clock: sync=none", "display_library: term",
            "log: " + folder.resolve("bochs.log"), "port_e9_hack: enabled=1", "panic: action=fatal", "error: action=report"));
        Path commands = Files.writeString(folder.resolve("commands"), "c\n");
        Path screen = folder.resolve("bochs.txt");
        run(folder, List.of("script", "-qec", "bochs -q -f " + configuration + " -rc " + commands, screen.toString()));
        List<String> lines = new ArrayList<>(Files.readAllLines(screen, StandardCharsets.ISO_8859_1));
        lines.replaceAll(line -> line.replaceAll("\u001B\\[[0-9;?]*[A-Za-z]|\r", ""));
        // The guest begins behind the debugger's line for the first instruction, and ends before the words of who is told to shut down.
        int first = 0;
        while (first < lines.size() && !lines.get(first).startsWith("(0) [0x")) {
            first++;
        }
        int last = first + 1;
        while (last < lines.size() && !lines.get(last).startsWith("=")) {
            last++;
        }
        return lines.subList(Math.min(first + 1, lines.size()), Math.min(last, lines.size()));
    }

    private static void run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).redirectInput(new File("/dev/null")).start();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            throw new IOException(command.get(0) + " does not come to the end of its guest: " + Files.readString(log, StandardCharsets.ISO_8859_1));
        }
    }
}
