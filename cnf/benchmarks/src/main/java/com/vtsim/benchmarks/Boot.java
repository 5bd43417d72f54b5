package com.vtsim.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * The stock kernel to its shell on VTSim, QEMU and Bochs, each a process of its own with 512 MiB: processor time (user and system, all
 * threads, starting included) until the shell says that it is ready, and the most memory the process has held by then. VTSim and QEMU load
 * the kernel themselves; Bochs starts it from a disk through SeaBIOS, and its time is counted from where the kernel is loaded.
 */
final class Boot {
    private static final String READY = "SHELL READY", APPEND = "console=ttyS0 acpi=off noapic";
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Path GUESTS = Path.of(System.getProperty("user.home"), ".cache", "vtsim", "guests");
    private static final String INIT = """
        #!/bin/busybox sh
        /bin/busybox mount -t proc proc /proc
        /bin/busybox mount -t sysfs sys /sys
        /bin/busybox mount -t devtmpfs dev /dev
        /bin/busybox --install -s /bin
        echo "SHELL READY"
        exec /bin/sh
        """;

    private final Path folder;
    private final Path vtsim;
    private final Path kernel;

    /** What a run took: processor seconds, and MiB of memory at most. */
    record Cost(double seconds, long memory) { }

    /** @param vtsim the script that starts VTSim */
    Boot(Path folder, Path vtsim) {
        this.folder = folder;
        this.vtsim = vtsim;
        this.kernel = Path.of(System.getProperty("kernel", GUESTS.resolve("vmlinuz").toString()));
    }

    /** Prints a line. @param rounds runs of each, in turn; medians count */
    void compare(int rounds) throws IOException, InterruptedException {
        Path busybox = GUESTS.resolve("busybox");
        if (!Files.exists(kernel) || !Files.exists(busybox)) {
            System.out.println("boot: missing " + kernel + " or " + busybox + ", which KernelIT fetches");
            return;
        }
        Path ramDisk = folder.resolve("initrd.gz");
        Files.write(ramDisk, ramDisk(Files.readAllBytes(busybox)));
        Path disk = folder.resolve("disk.img");
        BootDisk.write(disk, kernel, ramDisk, APPEND);
        Cost[][] costs = new Cost[3][rounds];
        for (int i = 0; i < rounds; i++) {
            costs[0][i] = run(vtsim(ramDisk), folder.resolve("vtsim.out"), false);
            costs[1][i] = run(qemu(ramDisk), folder.resolve("qemu.out"), false);
            costs[2][i] = run(bochs(disk), folder.resolve("bochs.out"), true);
        }
        double[] seconds = Arrays.stream(costs).mapToDouble(runs -> median(runs)).toArray();
        System.out.printf(Locale.ROOT, "boot to the shell, processor seconds: VTSim %.1f, QEMU %.1f, Bochs %.1f; Bochs takes %.2f times VTSim's; memory MiB: %d, %d, %d%n",
                seconds[0], seconds[1], seconds[2], seconds[2] / seconds[0], costs[0][0].memory, costs[1][0].memory, costs[2][0].memory);
    }

    private static double median(Cost[] runs) {
        return Arrays.stream(runs).mapToDouble(Cost::seconds).sorted().toArray()[runs.length / 2];
    }

    private List<String> vtsim(Path ramDisk) {
        return List.of(vtsim.toString(), "-c", "machine:create l --memory 512M; machine:load l linux " + kernel + " --initrd " + ramDisk + " --append \"" + APPEND
                + "\"; machine:run l --until \"" + READY + "\"");
    }

    private List<String> qemu(Path ramDisk) {
        return List.of("qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-display", "none", "-monitor", "none", "-serial", "file:" + folder.resolve("qemu.out"),
                "-kernel", kernel.toString(), "-initrd", ramDisk.toString(), "-append", APPEND);
    }

    /** Bochs's own BIOS loses the disk where the processor is fast; SeaBIOS does not. */
    private List<String> bochs(Path disk) throws IOException {
        Path configuration = folder.resolve("boot.bochsrc");
        long cylinders = Files.size(disk) / (16 * 63 * 512);
        Files.write(configuration, List.of("romimage: file=/usr/share/seabios/bios.bin", "vgaromimage: file=" + Compare.VGA, "megs: 512",
                "cpu: count=1, ips=100000000, model=corei7_haswell_4770", "clock: sync=none", "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
                "ata0-master: type=disk, path=" + disk + ", mode=flat, cylinders=" + cylinders + ", heads=16, spt=63", "boot: disk", "display_library: term",
                "com1: enabled=1, mode=file, dev=" + folder.resolve("bochs.out"), "log: " + folder.resolve("bochs.log")));
        Path commands = Files.writeString(folder.resolve("commands"), "c\n");
        return List.of("script", "-qec", "bochs -q -f " + configuration + " -rc " + commands, "/dev/null");
    }

    /** @param loaded whether what the serial port says first marks the beginning */
    private Cost run(List<String> line, Path output, boolean loaded) throws IOException, InterruptedException {
        Files.deleteIfExists(output);
        Files.deleteIfExists(folder.resolve("disk.img.lock"));
        File console = line.get(0).equals(vtsim.toString()) ? output.toFile() : folder.resolve("console").toFile();
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile()).redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(console);
        builder.environment().put("TERM", "xterm");
        Process process = builder.start();
        long end = System.nanoTime() + LIMIT.toNanos();
        double began = loaded ? Double.NaN : 0;
        try {
            while (System.nanoTime() < end) {
                double seconds = all(process).mapToDouble(p -> p.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3).sum();
                long memory = all(process).mapToLong(Boot::memory).max().orElse(0);
                String text = Files.exists(output) ? Files.readString(output, StandardCharsets.ISO_8859_1) : "";
                if (Double.isNaN(began) && !text.isEmpty()) {
                    began = seconds;
                }
                if (text.contains("\n" + READY)) {
                    return new Cost(seconds - began, memory);
                }
                if (!process.isAlive()) {
                    throw new IllegalStateException(line + " ended:\n" + text);
                }
                Thread.sleep(20);
            }
            throw new IllegalStateException(line + " did not boot");
        } finally {
            List<ProcessHandle> left = new ArrayList<>(all(process).toList());
            left.forEach(ProcessHandle::destroyForcibly);
            process.waitFor();
        }
    }

    private static Stream<ProcessHandle> all(Process process) {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants());
    }

    /** @return MiB of memory a process has held at most */
    private static long memory(ProcessHandle process) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0) >> 10;
        } catch (IOException | java.io.UncheckedIOException gone) {
            return 0;
        }
    }

    // The initial RAM disk: an archive of the "newc" kind, compressed.

    private static byte[] ramDisk(byte[] busybox) throws IOException {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        for (String directory : List.of("bin", "dev", "proc", "sys")) {
            entry(archive, directory, 0040755, new byte[0]);
        }
        entry(archive, "bin/busybox", 0100755, busybox);
        entry(archive, "bin/sh", 0120777, "busybox".getBytes(StandardCharsets.US_ASCII));
        entry(archive, "init", 0100755, INIT.getBytes(StandardCharsets.US_ASCII));
        entry(archive, "TRAILER!!!", 0, new byte[0]);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(packed)) {
            archive.writeTo(zip);
        }
        return packed.toByteArray();
    }

    private static void entry(ByteArrayOutputStream archive, String name, int mode, byte[] content) {
        int number = archive.size() / 4 + 1;
        int links = 1;
        String header = String.format("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", number, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0);
        archive.writeBytes((header + name + "\0").getBytes(StandardCharsets.US_ASCII));
        align(archive);
        archive.writeBytes(content);
        align(archive);
    }

    private static void align(ByteArrayOutputStream archive) {
        archive.writeBytes(new byte[-archive.size() & 3]);
    }
}
