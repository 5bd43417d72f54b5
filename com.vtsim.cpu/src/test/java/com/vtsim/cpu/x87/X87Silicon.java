package com.vtsim.cpu.x87;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The host's processor as an oracle: compiles x87silicon.c and runs cases through it. */
final class X87Silicon {
    private final Path folder;
    private final Path program;

    private X87Silicon(Path folder, Path program) {
        this.folder = folder;
        this.program = program;
    }

    /** @return the oracle, or why there is none */
    static Object open(Path folder) throws IOException, InterruptedException {
        if (!System.getProperty("os.arch").equals("amd64") || !System.getProperty("os.name").equals("Linux")) {
            return "the host is not Linux on x86-64";
        }
        Path source = folder.resolve("x87silicon.c");
        try (InputStream text = X87Silicon.class.getResourceAsStream("x87silicon.c")) {
            Files.copy(text, source);
        }
        Path program = folder.resolve("x87silicon");
        try {
            int status = run(List.of("gcc", "-O1", "-o", program.toString(), source.toString()), folder);
            return status == 0 ? new X87Silicon(folder, program) : "gcc failed: " + Files.readString(folder.resolve("log"));
        } catch (IOException missing) {
            return "gcc is not installed";
        }
    }

    private static int run(List<String> command, Path folder) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
        if (!process.waitFor(150, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            return -1;
        }
        return process.exitValue();
    }

    List<X87Case.Outcome> run(List<X87Case> cases) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.allocate(cases.size() * X87Case.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (X87Case test : cases) {
            test.write(buffer);
        }
        Path input = folder.resolve("cases");
        Path output = folder.resolve("outcomes");
        Files.write(input, buffer.array());
        Files.write(output, new byte[cases.size() * X87Case.SIZE]);
        int status = run(List.of(program.toString(), input.toString(), output.toString()), folder);
        if (status != 0) {
            throw new IOException("x87silicon ended with status " + status + ": " + Files.readString(folder.resolve("log")));
        }
        ByteBuffer answer = ByteBuffer.wrap(Files.readAllBytes(output)).order(ByteOrder.LITTLE_ENDIAN);
        List<X87Case.Outcome> outcomes = new ArrayList<>(cases.size());
        for (int i = 0; i < cases.size(); i++) {
            outcomes.add(X87Case.Outcome.read(answer));
        }
        return outcomes;
    }
}
