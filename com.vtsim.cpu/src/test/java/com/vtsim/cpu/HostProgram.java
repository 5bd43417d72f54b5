package com.vtsim.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program in C, compiled by gcc, that does on the host's processor what cases in a file tell it and writes what came of them to another. */
public final class HostProgram {
    private final Path folder;
    private final Path program;

    private HostProgram(Path folder, Path program) {
        this.folder = folder;
        this.program = program;
    }

    /**
     * Compiles a program.
     *
     * @param beside the class whose resource it is
     * @param name   its name, without {@code .c}
     * @return the program, or a String that says why there is none
     */
    public static Object open(Path folder, Class<?> beside, String name) throws IOException, InterruptedException {
        if (!System.getProperty("os.arch").equals("amd64") || !System.getProperty("os.name").equals("Linux")) {
            return "the host is not Linux on x86-64";
        }
        Path source = folder.resolve(name + ".c");
        try (InputStream text = beside.getResourceAsStream(name + ".c")) {
            Files.copy(text, source);
        }
        Path program = folder.resolve(name);
        try {
            int status = run(List.of("gcc", "-O1", "-o", program.toString(), source.toString()), folder);
            return status == 0 ? new HostProgram(folder, program) : "gcc failed: " + Files.readString(folder.resolve("log"));
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

    /** Runs the program on the cases, each followed in the answer by as many bytes as it has. @return the answer, little-endian */
    public ByteBuffer run(ByteBuffer cases, String... arguments) throws IOException, InterruptedException {
        Path input = folder.resolve("cases");
        Path output = folder.resolve("outcomes");
        Files.write(input, cases.array());
        Files.write(output, new byte[cases.capacity()]);
        List<String> command = new ArrayList<>(List.of(program.toString(), input.toString(), output.toString()));
        command.addAll(List.of(arguments));
        int status = run(command, folder);
        if (status != 0) {
            throw new IOException(program.getFileName() + " ended with status " + status + ": " + Files.readString(folder.resolve("log")));
        }
        return ByteBuffer.wrap(Files.readAllBytes(output)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
