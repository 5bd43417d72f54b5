package com.vtsim.cpu.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Intel's own decoder of processor traces, built with the host's compiler: gcc and the library libipt. */
public final class TraceDecoder {
    private final Path folder;
    private final Path program;

    private TraceDecoder(Path folder, Path program) {
        this.folder = folder;
        this.program = program;
    }

    /** @return null where there is no compiler or no library */
    public static TraceDecoder build(Path folder) throws IOException, InterruptedException {
        Path source = folder.resolve("decode.c");
        try (InputStream text = TraceDecoder.class.getResourceAsStream("decode.c")) {
            Files.copy(text, source, StandardCopyOption.REPLACE_EXISTING);
        }
        Path program = folder.resolve("decode");
        try {
            int status = run(List.of("gcc", "-O1", "-o", program.toString(), source.toString(), "-lipt"), folder);
            return status == 0 ? new TraceDecoder(folder, program) : null;
        } catch (IOException noCompiler) {
            return null;
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

    /**
     * Decodes.
     *
     * @param sections what of the memory lies where, as the program takes it; none for all of it where it is
     * @return linear addresses of instructions in hexadecimal, and what went wrong in words
     */
    public List<String> decode(byte[] trace, byte[] memory, String... sections) {
        try {
            Path traced = Files.write(folder.resolve("trace"), trace);
            Path image = Files.write(folder.resolve("memory"), memory);
            List<String> command = new ArrayList<>(List.of(program.toString(), traced.toString(), image.toString()));
            command.addAll(List.of(sections));
            int status = run(command, folder);
            if (status != 0) {
                throw new IOException("the decoder ended with status " + status);
            }
            return Files.readAllLines(folder.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
