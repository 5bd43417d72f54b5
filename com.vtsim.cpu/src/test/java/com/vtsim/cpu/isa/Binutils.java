package com.vtsim.cpu.isa;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** GNU binutils as an oracle for decoder, disassembler and assembler. */
final class Binutils {

    private Binutils() { }

    /** Skips the test where the machine has no binutils. */
    static void assumeInstalled() {
        for (String tool : new String[] {"objdump", "as", "objcopy"}) {
            assumeTrue(onPath(tool), "binutils is not installed (no '" + tool + "' on the path): the round trip is skipped");
        }
    }

    private static boolean onPath(String tool) {
        for (String folder : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(folder, tool))) {
                return true;
            }
        }
        return false;
    }

    /**
     * @param image    code, disassembled from its first byte on; runs of zeros may be left out
     * @param codeSize 16, 32 or 64
     * @return what objdump prints, by offset, in order
     */
    static Map<Integer, String> objdump(byte[] image, int codeSize) {
        String mode = codeSize == 16 ? "i8086" : codeSize == 32 ? "i386" : "x86-64";
        Path file = temporary(".bin");
        try {
            Files.write(file, image);
            Process process = start("objdump", "-D", "-b", "binary", "-m", codeSize == 64 ? "i386:x86-64" : "i386", "-M", "intel,intel64," + mode, "-w",
                    "--no-show-raw-insn", file.toString());
            Map<Integer, String> lines = new HashMap<>(image.length / 2);
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    int colon = line.indexOf(":\t");
                    if (colon > 0) {
                        lines.put(Integer.parseInt(line.substring(0, colon).strip(), 16), line.substring(colon + 2));
                    }
                }
            }
            end(process, "objdump failed");
            return lines;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            delete(file);
        }
    }

    /**
     * @param source in GNU syntax, one section
     * @return the bytes of its text section
     */
    static byte[] assemble(String source) {
        Path text = temporary(".s");
        Path object = temporary(".o");
        Path binary = temporary(".bin");
        try {
            Files.writeString(text, source);
            finish(start("as", "--64", "-W", "-o", object.toString(), text.toString()));
            finish(start("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString()));
            return Files.readAllBytes(binary);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            delete(text);
            delete(object);
            delete(binary);
        }
    }

    private static Process start(String... command) throws IOException {
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static void finish(Process process) throws IOException {
        end(process, new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    private static void end(Process process, String complaint) throws IOException {
        try {
            if (process.waitFor() != 0) {
                throw new IOException(complaint);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
    }

    private static Path temporary(String suffix) {
        try {
            return Files.createTempFile("vtsim-isa", suffix);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
