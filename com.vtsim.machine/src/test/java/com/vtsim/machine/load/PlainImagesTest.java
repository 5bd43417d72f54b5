package com.vtsim.machine.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace.Region;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ROM and flat images. */
final class PlainImagesTest {
    private static final List<Region> MAP = List.of(new Region(0, 64 << 20, "ram", "board"));

    @TempDir
    Path folder;

    /** The reset vector FFFF_FFF0h is the ROM's last paragraph; real mode sees it at F_FFF0h too. */
    @Test void romEndsAtFourGibibytesAndItsLast128KibibytesBelowOneMebibyte() throws IOException {
        byte[] content = new byte[256 << 10];
        content[content.length - 16] = (byte) 0xEA;
        content[128 << 10] = 0x42;
        Image image = read("rom", content, Map.of());
        assertThat(image.roms()).extracting(Image.Segment::address).containsExactly(0xFFFC_0000L, 0xE_0000L);
        assertThat(image.roms().get(0).content()).isEqualTo(content);
        assertThat(image.roms().get(1).content()).hasSize(128 << 10).startsWith(0x42);
        assertThat(image.roms().get(1).content()[(128 << 10) - 16]).isEqualTo((byte) 0xEA);
        assertThat(image.entry()).as("starts at the reset vector").isNull();
    }

    @Test void smallRomIsSeenBelowOneMebibyteAsAWhole() throws IOException {
        assertThat(read("rom", new byte[64 << 10], Map.of()).roms()).extracting(Image.Segment::address).containsExactly(0xFFFF_0000L, 0xF_0000L);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4095, 4097, (16 << 20) + 4096})
    void romOfAnotherSizeIsRefused(int size) {
        assertThatThrownBy(() -> read("rom", new byte[size], Map.of())).isInstanceOf(OperatorException.class)
                .hasMessage("image is no ROM image: it has " + size + " bytes; a ROM has a multiple of 4096, at most 16 MiB");
    }

    @Test void flatImageIsABootSectorUnlessToldOtherwise() throws IOException {
        Image image = read("flat", new byte[512], Map.of());
        assertThat(image.segments()).extracting(Image.Segment::address).containsExactly(0x7C00L);
        assertThat(image.entry()).isEqualTo(new EntryState(EntryState.Mode.REAL, 0x7C00, Map.of("cs", 0L, "rsp", 0x7C00L, "msr:2ff", 0x806L)));
    }

    @Test void realModeEntryAbove64KibibytesGetsASegment() throws IOException {
        Image image = read("flat", new byte[512], Map.of("address", "0x21000", "entry", "21010h"));
        assertThat(image.entry().registers()).containsEntry("cs", 0x2000L);
        assertThat(image.entry().entry()).isEqualTo(0x1010);
    }

    @Test void protectedModeImageLiesAtOneMebibyte() throws IOException {
        Image image = read("flat", new byte[512], Map.of("mode", "protected"));
        assertThat(image.entry()).isEqualTo(new EntryState(EntryState.Mode.PROTECTED, 0x10_0000, Map.of("rsp", 0x7C00L, "msr:2ff", 0x806L)));
    }

    /** 4-Level Paging: PML4E and PDPTE refer to tables, a PDE with PS = 1 maps 2 MiB. */
    @Test void longModeImageGetsTablesThatMapFourGibibytesToThemselves() throws IOException {
        Image image = read("flat", new byte[512], Map.of("mode", "long"));
        Image.Segment tables = image.segments().get(1);
        assertThat(image.entry().registers()).containsEntry("cr3", tables.address());
        assertThat(tables.address() % 4096).isZero();
        ByteBuffer view = ByteBuffer.wrap(tables.content()).order(ByteOrder.LITTLE_ENDIAN);
        for (long linear : new long[] {0, 0x10_0000, 0x4020_0000L, 0xFEE0_0000L}) {
            long pdpt = view.getLong((int) (linear >>> 39 & 511) * 8);
            long directory = view.getLong((int) ((pdpt & ~0xFFFL) - tables.address() + (linear >>> 30 & 511) * 8));
            long entry = view.getLong((int) ((directory & ~0xFFFL) - tables.address() + (linear >>> 21 & 511) * 8));
            assertThat(pdpt & 3).isEqualTo(3);
            assertThat(directory & 3).isEqualTo(3);
            assertThat(entry).as("PDE of %x", linear).isEqualTo(linear & ~0x1F_FFFFL | 0x83);
        }
        assertThat(view.getLong(8)).as("second PML4E").isZero();
    }

    @Test void longModeTablesKeepOutOfTheImagesWay() throws IOException {
        Image image = read("flat", new byte[0x2000], Map.of("mode", "long", "address", "0x1000"));
        assertThat(image.entry().registers()).containsEntry("cr3", 0x3000L);
    }

    @ParameterizedTest(name = "{0}={1}: {2}")
    @CsvSource({
        "address, 0xB8000, 'image does not fit: image b_8000h-b_81ffh is not in RAM, which is 0h-9_ffffh, 10_0000h-3ff_ffffh'",
        "address, ten, 'address ''ten'' is no number; write it as 0x7c00, 7c00h, 31744 or 64K'",
        "address, 0x99999999999999999, 'address 0x99999999999999999 is too large; it must be below 10_0000_0000_0000h'",
        "entry, 0x8000, 'entry 8000h is outside of the image 7c00h-7dffh'",
        "mode, realm, 'no mode ''realm''; did you mean ''real''? there are real, protected, long'",
        "adress, 0, 'no option of flat images ''adress''; did you mean ''address''? there are address, entry, mode'"})
    void wrongOptionIsOneClearLine(String option, String value, String message) {
        assertThatThrownBy(() -> read("flat", new byte[512], Map.of(option, value))).isInstanceOf(OperatorException.class).hasMessage(message);
    }

    @Test void realModeImageCannotStartAboveOneMebibyte() {
        assertThatThrownBy(() -> read("flat", new byte[512], Map.of("address", "1M"))).hasMessageContaining("cannot be reached in real mode");
    }

    @Test void missingFileDirectoryAndEmptyFileAreNamed() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        assertThatThrownBy(() -> ImageLoader.read("rom", folder.resolve("none"), Map.of(), MAP)).hasMessage("no file '" + folder.resolve("none") + "'");
        assertThatThrownBy(() -> ImageLoader.read("rom", folder, Map.of(), MAP)).hasMessage("'" + folder + "' is a directory; an image is a file");
        assertThatThrownBy(() -> ImageLoader.read("flat", empty, Map.of(), MAP)).hasMessage("'" + empty + "' is empty");
    }

    @Test void unknownKindNamesTheNearest() {
        assertThatThrownBy(() -> ImageLoader.read("multibot", folder, Map.of(), MAP))
                .hasMessageStartingWith("no kind of image 'multibot'; did you mean 'multiboot'? there are flat, ");
    }

    private Image read(String kind, byte[] content, Map<String, String> options) throws IOException {
        return ImageLoader.read(kind, Files.write(folder.resolve("image"), content), options, MAP);
    }
}
