package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a guest has written and flushed is on the host, however the process ends. */
class DiskTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 4096;
    private static final Path GUEST = Launcher.root().resolve("cnf/guests/disk.asm");
    private static final Pattern FLUSHED = Pattern.compile("flushed ([0-9a-f]{8})\r?\n");

    @TempDir
    Path folder;

    private Launcher launcher;
    private Path disk;

    @BeforeEach
    void launchInAFolderOfOurOwn() throws IOException {
        launcher = new Launcher(folder);
        disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength((long) PAGE * PAGES);
        }
    }

    private String said() throws IOException {
        return Files.readString(folder.resolve("out"), StandardCharsets.UTF_8);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whatIsFlushedOutlivesAKilledProcess() throws Exception {
        Process process = launcher.start("machine:create a --memory 16M --options nvme=" + disk + "; machine:load a asm " + GUEST + " --mode protected; machine:run a");
        try {
            while (!said().contains("flushed 0000003f")) {
                assertThat(process.isAlive()).as("it runs: %s", said()).isTrue();
                Thread.onSpinWait();
            }
        } finally {
            process.destroyForcibly();
        }
        process.waitFor();
        int last = -1;
        for (Matcher line = FLUSHED.matcher(said()); line.find(); ) {
            last = Math.max(last, Integer.parseInt(line.group(1), 16));
        }
        assertThat(last).isGreaterThanOrEqualTo(0x3F);
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(disk)).order(ByteOrder.LITTLE_ENDIAN);
        for (int page = 0; page < PAGES; page++) {
            int first = file.getInt(page * PAGE);
            assertThat(first).as("page %d of %d that are flushed", page, last + 1).isIn(page, page <= last ? page : 0);
            for (int at = 0; at < PAGE; at += 4) {
                assertThat(file.getInt(page * PAGE + at)).as("page %d is whole at %d", page, at).isEqualTo(first);
            }
        }
    }
}
