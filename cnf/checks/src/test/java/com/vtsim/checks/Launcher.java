package com.vtsim.checks;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs {@code ./vtsim} as it was built, with its files in a folder of the test's own. */
final class Launcher {
    private static final int LIMIT_SECONDS = 120;

    private final Path folder;

    /** What a run left behind. */
    record Outcome(int status, String out, String err) { }

    Launcher(Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder.resolve("deploy"));
    }

    static Path root() {
        return Path.of(System.getProperty("vtsim.root"));
    }

    Outcome vtsim(String commands) throws IOException, InterruptedException {
        return run(root().resolve("vtsim").toString(), "-c", commands);
    }

    /** Starts it without waiting; what it says goes to the file {@code out} in the test's folder. */
    Process start(String commands) throws IOException {
        return builder(root().resolve("vtsim").toString(), "-c", commands).start();
    }

    Outcome run(String... line) throws IOException, InterruptedException {
        Process process = builder(line).start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(List.of(line) + " did not end");
        }
        return new Outcome(process.exitValue(), said("out"), said("err"));
    }

    private String said(String where) throws IOException {
        return Files.readString(folder.resolve(where), StandardCharsets.UTF_8);
    }

    private ProcessBuilder builder(String... line) {
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        builder.environment().put("VTSIM_BUILD", "never");
        builder.environment().put("VTSIM_HOME", folder.toString());
        builder.environment().put("VTSIM_DEPLOY", folder.resolve("deploy").toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        // Most runs are over before the optimising compiler would have paid for itself.
        builder.environment().put("VTSIM_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
        return builder.redirectInput(new File("/dev/null")).redirectOutput(folder.resolve("out").toFile()).redirectError(folder.resolve("err").toFile());
    }
}
