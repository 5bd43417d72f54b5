package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.checks.Launcher.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images that are missing, cut short or of another kind: one line each, and the machine keeps what it had. */
class ImageTest {
    private static final int MULTIBOOT = 0x1BAD_B002;
    private static final int ADDRESSES = 0x1_0000;

    @TempDir
    Path folder;

    private Launcher launcher;

    @BeforeEach
    void makeImages() throws IOException {
        launcher = new Launcher(folder);
        Files.write(folder.resolve("empty.bin"), new byte[0]);
        Files.write(folder.resolve("odd.rom"), new byte[5000]);
        Files.write(folder.resolve("cut.kludge"), kludge());
        Files.write(folder.resolve("cut.elf"), elf());
    }

    /** A kernel with an address header that asks for 8 KiB, of which the file has one. */
    private static byte[] kludge() {
        ByteBuffer file = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : new int[] {MULTIBOOT, ADDRESSES, -MULTIBOOT - ADDRESSES, 0x10_0000, 0x10_0000, 0x10_2000, 0x10_2000, 0x10_0020}) {
            file.putInt(word);
        }
        return file.array();
    }

    /** A 32-bit ELF file whose segment lies behind its end. */
    private static byte[] elf() {
        ByteBuffer file = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0x464C_457F).putInt(0x0001_0101).putLong(0);
        file.putShort((short) 2).putShort((short) 3).putInt(1).putInt(0x10_0000).putInt(52).putInt(0).putInt(0);
        file.putShort((short) 52).putShort((short) 32).putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 0);
        for (int word : new int[] {1, 0x1000, 0x10_0000, 0x10_0000, 0x2000, 0x2000, 7, 0x1000, MULTIBOOT, 0, -MULTIBOOT}) {
            file.putInt(word);
        }
        return file.array();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "rom empty.bin                      | '/empty.bin' is empty",
        "rom odd.rom                        | odd.rom is no ROM image: it has 5000 bytes; a ROM has a multiple of 4096, at most 16 MiB",
        "flat absent.bin                    | no file '/absent.bin'",
        "flat odd.rom --address 0fff000h    | odd.rom does not fit: image ff_f000h-100_0387h is not in RAM, which is 0h-9_ffffh, 10_0000h-ff_ffffh",
        "multiboot absent.elf               | no file '/absent.elf'",
        "multiboot cut.kludge               | cut.kludge is cut short: the image needs bytes 0 to 8191, the file has 1024",
        "multiboot cut.elf                  | cut.elf is cut short: segment 0 needs bytes 4096 to 12287, the file has 1024",
        "linux absent                       | no file '/absent'",
        "asm absent.asm                     | no file '/absent.asm'"})
    void aWrongImageIsOneLineAndChangesNothing(String arguments, String message) throws Exception {
        String load = "machine:load a " + arguments;
        Outcome outcome = launcher.vtsim("machine:create a --memory 16M; machine:load a asm " + Launcher.root().resolve("cnf/guests/ticks.asm")
                + "; machine:run a --quiet --instructions 1000; machine:digest a; try { " + load + " } { }; machine:digest a; " + load);
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).isEqualTo("vtsim: " + message.replace("'/", "'" + folder.toRealPath() + "/") + "\n");
        List<String> digests = outcome.out().lines().filter(line -> line.matches("a .* [0-9a-f]{64}")).toList();
        assertThat(digests).as(outcome.out()).hasSize(2);
        assertThat(digests.get(0)).isEqualTo(digests.get(1));
    }

    @Test
    void aMachineThatIsNotThereIsSaid() throws Exception {
        assertThat(launcher.vtsim("machine:run b")).isEqualTo(new Outcome(1, "", "vtsim: no machine 'b'; there is none at all\n"));
    }

    /** A bundle taken out of the framework is a part that is not installed. */
    @Test
    void aPartThatIsNotInstalledIsSaid() throws Exception {
        Outcome outcome = launcher.vtsim("uninstall com.vtsim.pci.lpc; machine:create a");
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("vtsim: part '").contains("com.vtsim.pci.lpc", "is not installed").hasLineCount(1);
    }
}
