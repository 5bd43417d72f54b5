package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.vtsim.checks.Launcher.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Machines as an operator has them: the demo, guests that end the process, mistakes. */
class OperatorTest {
    private static final Path BIOS = Path.of("/usr/share/seabios/bios-256k.bin");

    @TempDir
    Path folder;

    private Launcher launcher;

    @BeforeEach
    void launchInAFolderOfOurOwn() throws IOException {
        launcher = new Launcher(folder);
    }

    /** Four updates of the interrupt controller's bundle: the guest misses nothing, and its machine equals an untouched one. */
    @Test
    void theDemoLosesNoInterrupt() throws Exception {
        Outcome demo = launcher.run(Launcher.root().resolve("vtsim").toString(), Launcher.root().resolve("demo.gogo").toString());
        assertThat(demo.err()).isEmpty();
        assertThat(demo.status()).isZero();
        assertThat(demo.out()).containsSubsequence("1.0.0 -> 1.0.1", "1.0.1 -> 1.0.2", "1.0.2 -> 1.0.3", "1.0.3 -> 1.0.4");
        assertThat(demo.out().split("carried over: state", -1)).hasSize(5);
        Matcher count = Pattern.compile("Taken: (\\d+)\\. Periods of the timer passed: (\\d+)\\. None lost\\.").matcher(demo.out());
        assertThat(count.find()).as(demo.out()).isTrue();
        assertThat(count.group(1)).isEqualTo(count.group(2));
        List<String> digests = demo.out().lines().filter(line -> line.matches("(demo|plain) .* [0-9a-f]{64}")).map(line -> line.substring(line.length() - 64)).toList();
        assertThat(digests).hasSize(2);
        assertThat(digests.get(0)).isEqualTo(digests.get(1));
    }

    /** Test devices: a write of v to port f4h ends the process with (v << 1) | 1. */
    @Test
    void aGuestsExitPortSetsTheExitStatus() throws Exception {
        Files.writeString(folder.resolve("exit.asm"), "bits 16\nmov al, 0x10\nout 0xf4, al\nhang: jmp hang\n");
        Outcome outcome = launcher.vtsim("machine:create a --memory 1M --test-devices; machine:load a asm exit.asm; machine:run a --instructions 1000");
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.status()).isEqualTo(33);
        assertThat(outcome.out().lines().reduce((first, last) -> last).orElse("")).startsWith("a switched off").contains("status 33");
    }

    @Test
    void seaBiosFindsNothingToBoot() throws Exception {
        assumeThat(BIOS).as("the distribution's package seabios").exists();
        Outcome outcome = launcher.vtsim("machine:create b --memory 256M; machine:load b rom " + BIOS + "; machine:run b --until \"No bootable device\" --deadline 60s");
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.status()).isZero();
        assertThat(outcome.out()).contains("SeaBIOS", "No bootable device");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "machine:show n                                  | no machine 'n'; there is a",
        "machine:create a                                | machine 'a' exists already; choose another name or destroy it first",
        "machine:create b --memory 3Q                    | '3Q' is no size; write it as 64K, 512M or 0x1000",
        "machine:create b --irq none                     | part 'irq' (com.vtsim.irq.none) is not installed; of this family there are com.vtsim.irq.apic, com.vtsim.irq.pic",
        "machine:create b --profile q36                  | no profile 'q36'; did you mean 'q35'? there are q35, gm45, the path of a description",
        "machine:create b --memori 3                     | machine:create: no such option: --memori; did you mean --memory?",
        "machine:load a rom absent.bin                   | no file 'HERE/absent.bin'",
        "machine:load a rom short.bin                    | short.bin is no ROM image: it has 100 bytes; a ROM has a multiple of 4096, at most 16 MiB",
        "machine:load a multiboot short.bin              | short.bin is no Multiboot 1 kernel: no header with the magic 1BAD_B002h in its first 8192 bytes",
        "machine:load a ron short.bin                    | no kind of image 'ron'; did you mean 'rom'? there are rom, flat",
        "machine:load a asm short.bin                    | short.bin, line 1, column 1: character",
        "machine:swap a irk pic                          | no part of machine a 'irk'; did you mean 'irq'?",
        "machine:run a --until x --instructions 10       | \"x\" did not appear: a stopped as asked after 10 instructions",
        "cpu:break a add nowhere                         | no",
        "mem:write a 0 5                                 | '5' is no row of bytes; write it as \"55 aa\", or give --text",
        "irq:raise a 24                                  | no interrupt line 24; there are 0 to 23",
        "pci:config a 00:02.0                            | no PCI function '00:02.0'",
        "pci:plug a edu rp1                              | no slot of machine a 'rp1'",
        "pci:dma a 00:1f.0 fetch 0x1000 4                | 'fetch' is no direction; it must be read or write",
        "pci:dma --pasid 0x100000 a 00:1f.0 read 0 4     | PASID 0x100000 is not possible; it has 20 bits",
        "pci:error a 00:1f.0 timeout                     | 00:1f.0 is no test endpoint",
        "irq:why a 256                                   | no vector 256; there are 0 to 255",
        "irq:trace a                                     | machine 'a' has recorded no interrupt; irq:trace a on begins to",
        "irq:trace a always                              | no word 'always'; there are on, off",
        "irq:carries b                                   | no machine 'b'; there is a"})
    void aMistakeIsOneLine(String command, String message) throws Exception {
        Files.writeString(folder.resolve("short.bin"), "!".repeat(100));
        Outcome outcome = launcher.vtsim("machine:create a --memory 1M; " + command + "; echo not reached");
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("vtsim: " + message.replace("HERE", folder.toRealPath().toString()));
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.out()).doesNotContain("not reached");
    }
}
