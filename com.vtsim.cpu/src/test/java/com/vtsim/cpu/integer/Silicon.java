package com.vtsim.cpu.integer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The host's processor as an oracle: compiles silicon.c and runs cases through it. */
public final class Silicon {
    private final Path folder;
    private final Path program;

    private Silicon(Path folder, Path program) {
        this.folder = folder;
        this.program = program;
    }

    /** @return the oracle, or why there is none */
    public static Object open(Path folder) throws IOException, InterruptedException {
        if (!System.getProperty("os.arch").equals("amd64") || !System.getProperty("os.name").equals("Linux")) {
            return "the host is not Linux on x86-64";
        }
        Path source = folder.resolve("silicon.c");
        try (InputStream text = Silicon.class.getResourceAsStream("silicon.c")) {
            Files.copy(text, source);
        }
        Path program = folder.resolve("silicon");
        try {
            int status = run(List.of("gcc", "-O1", "-o", program.toString(), source.toString()), folder);
            return status == 0 ? new Silicon(folder, program) : "gcc failed: " + Files.readString(folder.resolve("log"));
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

    /** @return what came of each; all cases have x87 and vector state, or none */
    public List<SiliconCase.Outcome> run(List<SiliconCase> cases) throws IOException, InterruptedException {
        boolean extended = cases.get(0).state != null;
        int size = SiliconCase.SIZE + (extended ? SiliconCase.STATE : 0);
        ByteBuffer buffer = ByteBuffer.allocate(cases.size() * size).order(ByteOrder.LITTLE_ENDIAN);
        for (SiliconCase test : cases) {
            test.write(buffer);
        }
        Path input = folder.resolve("cases");
        Path output = folder.resolve("outcomes");
        Files.write(input, buffer.array());
        Files.write(output, new byte[cases.size() * size]);
        List<String> command = new ArrayList<>(List.of(program.toString(), input.toString(), output.toString()));
        if (extended) {
            command.add("x");
        }
        int status = run(command, folder);
        if (status != 0) {
            throw new IOException("silicon ended with status " + status + ": " + Files.readString(folder.resolve("log")));
        }
        ByteBuffer answer = ByteBuffer.wrap(Files.readAllBytes(output)).order(ByteOrder.LITTLE_ENDIAN);
        List<SiliconCase.Outcome> outcomes = new ArrayList<>(cases.size());
        for (int i = 0; i < cases.size(); i++) {
            outcomes.add(SiliconCase.Outcome.read(answer, extended));
        }
        return outcomes;
    }
}
