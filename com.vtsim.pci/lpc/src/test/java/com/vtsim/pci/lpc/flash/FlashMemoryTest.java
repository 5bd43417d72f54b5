package com.vtsim.pci.lpc.flash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.BenchBoard;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.NoMemory;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands and status bits: Intel StrataFlash Embedded Memory (P30), Basic Command Set; Status Register. */
class FlashMemoryTest {
    private static final int PROGRAM = 0x40, ERASE = 0x20, CONFIRM = 0xD0, CLEAR = 0x50, STATUS = 0x70, IDENTITY = 0x90, ARRAY = 0xFF;
    private static final int READY = 0x80;

    private final Map<Long, byte[]> roms = new TreeMap<>();
    private final Map<Long, MmioDevice> windows = new TreeMap<>();
    private FlashMemory flash;
    private MmioDevice chip;

    @TempDir
    Path folder;

    private final class Board extends BenchBoard {
        Board() {
            super(List.of());
        }

        @Override
        public MemorySpace memory() {
            return new NoMemory() {
                @Override
                public Registration mapRom(long base, byte[] image) {
                    roms.put(base, image);
                    return () -> { };
                }

                @Override
                public Registration map(long base, long length, MmioDevice device) {
                    windows.put(base, device);
                    return () -> { };
                }
            };
        }

        @Override
        public void post(Runnable action) { }

        @Override
        public void reset(Reset kind) { }
    }

    private String file(String name, int length) throws IOException {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i >> 12 ^ i);
        }
        return Files.write(folder.resolve(name), bytes).toString();
    }

    @BeforeEach
    void attach() throws IOException {
        flash = new FlashMemory("flash", "ro:" + file("code", 0x4_0000), file("variables", 0x2000));
        flash.attach(new Board());
        chip = windows.get(0xFFFB_E000L);
    }

    @AfterEach
    void detach() {
        flash.detach();
    }

    private void write(int at, int... values) {
        for (int value : values) {
            chip.write(at, 1, value);
        }
    }

    private int kept(int at) throws IOException {
        return Files.readAllBytes(folder.resolve("variables"))[at] & 0xFF;
    }

    @Test
    void chipsLieBelowFourGibAndTheFirstBelowOneMibToo() {
        assertThat(roms.keySet()).containsExactly(0xE_0000L, 0xFFFC_0000L);
        assertThat(roms.get(0xFFFC_0000L)).hasSize(0x4_0000);
        assertThat(roms.get(0xE_0000L)).isEqualTo(Arrays.copyOfRange(roms.get(0xFFFC_0000L), 0x2_0000, 0x4_0000));
        assertThat(windows.keySet()).containsExactly(0xFFFB_E000L);
    }

    @Test
    void itReadsItsContentInAnyWidth() {
        assertThat(chip.read(0x1004, 1)).isEqualTo(0x05);
        assertThat(chip.read(0x1004, 8)).isEqualTo(0x0A0B_0809_0607_0405L);
    }

    @Test
    void programmingClearsBitsOnly() throws IOException {
        write(0x23, PROGRAM, 0x0F);
        assertThat(chip.read(0x23, 1)).isEqualTo(READY);
        write(0x23, ARRAY);
        assertThat(chip.read(0x23, 1)).isEqualTo(0x03);
        assertThat(kept(0x23)).isEqualTo(0x03);
        assertThat(chip.read(0x22, 1)).isEqualTo(0x22);
    }

    @Test
    void erasingABlockMakesItAllOnes() throws IOException {
        write(0x1234, ERASE, CONFIRM);
        assertThat(chip.read(0x1234, 1)).isEqualTo(READY);
        write(0x1234, ARRAY);
        assertThat(chip.read(0x1000, 8)).isEqualTo(-1);
        assertThat(chip.read(0x1FF8, 8)).isEqualTo(-1);
        assertThat(chip.read(0xFFF, 1)).isEqualTo(0xFF);
        assertThat(chip.read(0xFFE, 1)).isEqualTo(0xFE);
        assertThat(kept(0x1000)).isEqualTo(0xFF);
    }

    /** Status Register: bits 5 and 4 together are a command sequence error. */
    @Test
    void anEraseThatIsNotConfirmedIsAnError() {
        write(0x1234, ERASE, 0x00);
        assertThat(chip.read(0x1234, 1)).isEqualTo(READY | 0x30);
        write(0, ARRAY);
        assertThat(chip.read(0x1234, 1)).isEqualTo(0x35);
    }

    /** How firmware for virtual machines finds out: ROM would not change, RAM would read the command. */
    @Test
    void itIsToldFromRomAndRamByItsStatus() {
        write(0x10, CLEAR);
        assertThat(chip.read(0x10, 1)).isZero();
        write(0x10, STATUS);
        assertThat(chip.read(0x10, 1)).isZero();
        write(0x10, ARRAY);
        assertThat(chip.read(0x10, 1)).isEqualTo(0x10);
    }

    @Test
    void itNamesItsMaker() {
        write(0, IDENTITY);
        assertThat(chip.read(0, 1)).isEqualTo(0x89);
        assertThat(chip.read(1, 1)).isEqualTo(0x18);
    }

    @Test
    void itsModeIsStateAndIsReset() throws IOException {
        write(0, STATUS);
        State state = flash.save();
        flash.detach();
        FlashMemory successor = new FlashMemory("flash", "ro:" + folder.resolve("code"), folder.resolve("variables").toString());
        successor.restore(state);
        successor.attach(new Board());
        chip = windows.get(0xFFFB_E000L);
        assertThat(chip.read(0x11, 1)).isEqualTo(READY);
        successor.reset(Reset.WARM);
        assertThat(chip.read(0x11, 1)).isEqualTo(0x11);
        successor.detach();
    }

    @Test
    void foreignStateAndUnusableFilesAreRefused() throws IOException {
        assertThatThrownBy(() -> flash.restore(new State("flash", 1, Map.of("mode", new long[0], "status", new long[0])))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> flash.restore(new State("flash", 1, Map.of("mode", new long[] {9}, "status", new long[1])))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> new FlashMemory("f", folder + "/none")).isInstanceOf(OperatorException.class);
        String odd = file("odd", 100);
        assertThatThrownBy(() -> new FlashMemory("f", odd)).isInstanceOf(OperatorException.class);
        String large = file("large", (16 << 20) + 4096);
        assertThatThrownBy(() -> new FlashMemory("f", large)).isInstanceOf(OperatorException.class).hasMessageContaining("16 MiB");
    }
}
