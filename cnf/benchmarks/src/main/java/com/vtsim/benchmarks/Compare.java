package com.vtsim.benchmarks;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs the same images on VTSim, QEMU and Bochs, one after the other, several times in turn, and prints medians. Processor time is
 * measured, which other programs on the machine disturb less than wall time. What a run of {@link Guest#NOTHING} costs is subtracted:
 * starting, and on VTSim power-on. VTSim runs each image once before, so that it is compiled.
 */
public final class Compare {
    private static final String BOOT = "boot";
    private static final int RUNS = Integer.getInteger("rounds", 5);
    private static final long LIMIT_SECONDS = 300;
    static final Path VGA = Path.of("/usr/share/vgabios/vgabios.bin");

    private final Path folder;
    /** Sums of the logarithms of the ratios. */
    private double ofQemu;
    private double ofBochs;

    private Compare(Path folder) {
        this.folder = folder;
    }

    /** @param arguments names of guests, and {@code boot}; all without */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> names = arguments.length > 0 ? List.of(arguments) : List.of("integer", "copy", "sieve", "calls", "x87", "scalar", "simd", "paging", BOOT);
        List<Guest> guests = names.stream().filter(name -> !name.equals(BOOT)).map(name -> Guest.valueOf(name.toUpperCase(Locale.ROOT))).toList();
        Path folder = Files.createTempDirectory("vtsim-compare");
        Compare compare = new Compare(folder);
        if (!guests.isEmpty()) {
            System.out.printf("%-8s %16s %12s %12s %12s %12s %12s%n", "guest", "instructions", "VTSim M/s", "QEMU M/s", "Bochs M/s", "of QEMU", "of Bochs");
            guests.forEach(compare::print);
            System.out.printf(Locale.ROOT, "geometric mean: %.2f of QEMU, %.2f of Bochs%n", Math.exp(compare.ofQemu / guests.size()), Math.exp(compare.ofBochs / guests.size()));
        }
        if (names.contains(BOOT)) {
            new Boot(folder, Path.of(System.getProperty("vtsim"))).compare(RUNS);
        }
        System.out.println(Compare.machine());
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> file.toFile().delete());
        }
        Files.delete(folder);
    }

    private void print(Guest guest) {
        try {
            System.out.println(line(guest));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static String machine() throws IOException {
        String processor = Files.readAllLines(Path.of("/proc/cpuinfo")).stream().filter(line -> line.startsWith("model name")).findFirst().orElse("");
        return processor.substring(processor.indexOf(':') + 1).strip() + "; load " + Files.readString(Path.of("/proc/loadavg")).split(" ")[1] + " in the last 5 minutes; Java " + Runtime.version();
    }

    private String line(Guest guest) throws IOException, InterruptedException {
        Path nothing = Files.write(folder.resolve("nothing.rom"), Guest.NOTHING.rom(1));
        Path image = Files.write(folder.resolve("guest.rom"), guest.rom(guest.rounds));
        double[][] seconds = new double[3][RUNS];
        long instructions;
        try (Bench empty = new Bench(Files.readAllBytes(nothing)); Bench bench = new Bench(Files.readAllBytes(image))) {
            instructions = bench.run() - empty.run();
            for (int i = 0; i < RUNS; i++) {
                seconds[0][i] = time(bench) - time(empty);
                seconds[1][i] = time(qemu(image)) - time(qemu(nothing));
                seconds[2][i] = time(bochs(image)) - time(bochs(nothing));
            }
        }
        double[] rates = Arrays.stream(seconds).mapToDouble(runs -> instructions / median(runs) / 1e6).toArray();
        ofQemu += Math.log(rates[0] / rates[1]);
        ofBochs += Math.log(rates[0] / rates[2]);
        return String.format(Locale.ROOT, "%-8s %,16d %12.0f %12s %12s %12s %12s", guest.name().toLowerCase(Locale.ROOT), instructions, rates[0],
                rate(rates[1]), rate(rates[2]), ratio(rates[0], rates[1]), ratio(rates[0], rates[2]));
    }

    private static String rate(double value) {
        return Double.isNaN(value) ? "missing" : String.format(Locale.ROOT, "%.0f", value);
    }

    private static String ratio(double ours, double other) {
        return Double.isNaN(other) ? "" : String.format(Locale.ROOT, "%.2f", ours / other);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double time(Bench bench) throws InterruptedException {
        long before = bench.processorNanos();
        bench.run();
        return (bench.processorNanos() - before) / 1e9;
    }

    /** @return processor seconds of a program and its children; not a number if it is not installed */
    private double time(List<String> line) throws IOException, InterruptedException {
        if (!onPath(line.get(0))) {
            return Double.NaN;
        }
        Path times = folder.resolve("times");
        List<String> timed = new ArrayList<>(List.of("bash", "-c", "TIMEFORMAT='%3U %3S'; { time \"$@\" >\"$0.output\" 2>&1; } 2>\"$0\"", times.toString()));
        timed.addAll(line);
        ProcessBuilder builder = new ProcessBuilder(timed).directory(folder.toFile()).inheritIO().redirectInput(new File("/dev/null"));
        builder.environment().put("TERM", "xterm");
        Process process = builder.start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new IllegalStateException(line + " did not end");
        }
        return Stream.of(Files.readString(times).strip().split(" ")).mapToDouble(Double::parseDouble).sum();
    }

    private static List<String> qemu(Path image) {
        return List.of("qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-display", "none", "-monitor", "none", "-serial", "none", "-bios", image.toString(),
                "-device", "isa-debug-exit,iobase=0xf4");
    }

    /** Bochs wants a terminal, and a word to begin. */
    private List<String> bochs(Path image) throws IOException {
        if (!onPath("bochs") || !onPath("script")) {
            return List.of("bochs");
        }
        Path configuration = folder.resolve(image.getFileName() + ".bochsrc");
        Files.write(configuration, List.of("romimage: file=" + image + ", address=0xffff0000", "vgaromimage: file=" + VGA, "megs: 64", "cpu: count=1, ips=100000000",
                "clock: sync=none", "display_library: term", "log: " + folder.resolve("bochs.log"), "port_e9_hack: enabled=0"));
        Path commands = Files.writeString(folder.resolve("commands"), "c\n");
        return new ArrayList<>(List.of("script", "-qec", "bochs -q -f " + configuration + " -rc " + commands, "/dev/null"));
    }

    private static boolean onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
