package com.vtsim.shell.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** machine:load and machine:create: how words become options. */
final class LoadCommandsTest {
    @TempDir
    Path folder;

    private final StubMachine stub = new StubMachine();
    private final LoadCommands commands = new LoadCommands(stub.machines());

    @Test void optionsThatAreGivenReachTheMachine() {
        load("console=com1", "a,b", "", "", "", "multiboot", "kernel");
        assertThat(stub.options).isEqualTo(Map.of("append", "console=com1", "module", "a,b"));
        load("", "", "64K", "10010h", "real", "flat", "image");
        assertThat(stub.options).isEqualTo(Map.of("address", "0x10000", "entry", "0x10010", "mode", "real"));
        assertThat(stub.asked).containsExactly("load multiboot", "load flat");
    }

    @Test void unknownKindNamesTheNearest() {
        assertThatThrownBy(() -> load("", "", "", "", "", "ron", "image")).hasMessageStartingWith("no kind of image 'ron'; did you mean 'rom'? there are rom, ");
    }

    @Test void sourceNeedsAnAssembler() throws Exception {
        Files.writeString(folder.resolve("a.asm"), "nop");
        assertThatThrownBy(() -> load("", "", "", "", "", "asm", "a.asm")).hasMessage("no assembler is installed; com.vtsim.cpu brings it");
    }

    @Test void createTakesSizesAndFurtherOptions() {
        MachineCommands machines = new MachineCommands(stub.machines());
        assertThatThrownBy(() -> machines.create("512M", "2", "", "", "", "true", "colour=red, size=3", "mine.json", "a")).hasMessage("far enough");
        assertThat(stub.asked).containsExactly("a mine.json {memory=536870912, cpus=2, test-devices=true, colour=red, size=3}");
        assertThatThrownBy(() -> machines.create("", "", "", "", "", "", "colour", "q35", "a")).hasMessage("'colour' is no option; write --options NAME=VALUE,...");
        assertThatThrownBy(() -> machines.create("512Q", "", "", "", "", "", "", "q35", "a")).hasMessageContaining("'512Q' is no size");
    }

    private void load(String append, String module, String address, String entry, String mode, String kind, String file) {
        commands.load(new StubSession(folder).session(), append, module, "", address, entry, mode, "m", kind, Path.of(file));
    }
}
