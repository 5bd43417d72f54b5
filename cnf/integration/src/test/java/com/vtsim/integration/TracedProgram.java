package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A program for the stock kernel that has itself traced by Intel Processor Trace, and Intel's decoder of what comes out. */
final class TracedProgram {
    /** Where a static program lies that is not position-independent. */
    private static final long LINEAR = 0x400000;
    /** How often the program is at each label: five times 3000 rounds, of which half jump and two make a system call. */
    private static final Map<String, Integer> COUNTS = Map.of("traced", 5, "each", 15_000, "odd", 7_500, "even", 15_000, "asks", 10, "over", 5, "target", 15_000);

    private TracedProgram() { }

    private static int run(Path folder, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        process.destroyForcibly();
        return ended ? process.exitValue() : -1;
    }

    private static void source(String name, Path folder) throws IOException {
        try (InputStream source = TracedProgram.class.getResourceAsStream("/trace/" + name)) {
            Files.copy(source, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    static Path build(Path folder) throws IOException, InterruptedException {
        source("traced.c", folder);
        assertThat(run(folder, "/usr/bin/gcc", "-O1", "-static", "-no-pie", "-o", "traced", "traced.c")).as(() -> "gcc builds the traced program").isZero();
        return folder.resolve("traced");
    }

    /** Decodes what the program has said. */
    static void assertDecodes(String said, Path folder) throws IOException, InterruptedException {
        Path program = build(folder);
        source("decode.c", folder);
        if (run(folder, "/usr/bin/gcc", "-O1", "-o", "decode", "decode.c", "-lipt") != 0) {
            abort("the driver works, but nothing decodes what it has traced: libipt-dev is not installed");
        }
        String bytes = said.lines().filter(line -> line.matches("trace: [0-9a-f]{2,128}")).map(line -> line.substring(7)).collect(Collectors.joining());
        Files.write(folder.resolve("trace"), HexFormat.of().parseHex(bytes));
        String section = "0:%x:%x:0".formatted(Files.size(program), LINEAR);
        assertThat(run(folder, folder.resolve("decode").toString(), "trace", "traced", section)).isZero();
        List<String> decoded = Files.readAllLines(folder.resolve("log"));
        assertThat(decoded).allMatch(line -> line.matches("[0-9a-f]+"));
        Map<String, Long> counts = decoded.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        COUNTS.forEach((label, count) -> {
            Matcher place = Pattern.compile(" " + label + " 0x([0-9a-f]+)").matcher(said);
            assertThat(place.find()).as(label).isTrue();
            assertThat(counts.get(place.group(1))).as(label).isEqualTo((long) count);
        });
    }
}
