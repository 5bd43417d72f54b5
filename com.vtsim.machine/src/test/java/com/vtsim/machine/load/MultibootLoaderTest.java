package com.vtsim.machine.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace.Region;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Expected values: Multiboot Specification 0.6.96; System V ABI, Object Files. */
final class MultibootLoaderTest {
    private static final List<Region> MAP = List.of(
            new Region(0, 16 << 20, "ram", "board"),
            new Region(0xE000_0000L, 0x1000_0000, "device", "host"),
            new Region(0xFF00_0000L, 0x1_0000, "ram", "test"),
            new Region(0xFFFC_0000L, 0x4_0000, "rom", "board"),
            new Region(1L << 32, 1 << 30, "ram", "board"));

    @TempDir
    Path folder;

    @Test void elfSegmentIsPlacedAtItsPhysicalAddressAndFilledWithZeros() throws IOException {
        Image image = read(MultibootFile.elf().programHeader(0, 1, 0x1000, 0xC010_0000, 0x10_0000, 0x100, 0x1000).u32(24, 0xC010_0020));
        Image.Segment segment = image.segments().get(0);
        assertThat(segment.address()).isEqualTo(0x10_0000);
        assertThat(segment.content()).hasSize(0x100).startsWith(0x02, 0xB0, 0xAD, 0x1B);
        assertThat(segment.length()).isEqualTo(0x1000);
        assertThat(image.entry().entry()).as("entry, linear in the file").isEqualTo(0x10_0020);
        assertThat(image.roms()).isEmpty();
    }

    /** Machine state: EAX and EBX. */
    @Test void kernelIsEnteredInProtectedModeWithMagicAndInformation() throws IOException {
        Image image = read(MultibootFile.elf());
        assertThat(image.entry().mode()).isEqualTo(EntryState.Mode.PROTECTED);
        assertThat(image.entry().registers()).containsEntry("rax", 0x2BAD_B002L);
        assertThat(information(image).getInt(0)).as("flags: memory, command line, memory map, loader name").isEqualTo(0x245);
    }

    @Test void addressFieldsPlaceAnImageThatIsNoElf() throws IOException {
        Image image = read(MultibootFile.addressed());
        Image.Segment segment = image.segments().get(0);
        assertThat(segment.address()).isEqualTo(0x20_0000);
        assertThat(segment.content()).as("header 10h bytes after the load address, 20h in the file").hasSize(0x200);
        assertThat(segment.content()[0x10]).isEqualTo((byte) 0x02);
        assertThat(segment.length()).isEqualTo(0x1000);
        assertThat(image.entry().entry()).isEqualTo(0x20_0040);
    }

    @Test void loadEndOfZeroMeansTheWholeFileAndBssEndOfZeroMeansNone() throws IOException {
        Image.Segment segment = read(MultibootFile.addressed().addresses(0x20_0010, 0x20_0000, 0, 0, 0x20_0040)).segments().get(0);
        assertThat(segment.content()).hasSize(0x200);
        assertThat(segment.length()).isEqualTo(0x200);
    }

    @Test void commandLineBeginsWithTheFile() throws IOException {
        Image image = read(MultibootFile.elf(), Map.of("append", "console=com1 verbose"));
        assertThat(string(image, information(image).getInt(16))).isEqualTo("kernel console=com1 verbose");
        assertThat(string(image, information(image).getInt(64))).isEqualTo("VTSim");
    }

    /** Boot information format, mem_* and mmap_*: upper memory up to its first hole, entries preceded by their size; types as firmware's INT 15h, E820h has them. */
    @Test void memoryMapNamesTheRamThatAPcLetsAKernelUseAndWhatItReserves() throws IOException {
        Image image = read(MultibootFile.elf());
        ByteBuffer information = information(image);
        assertThat(information.getInt(4)).isEqualTo(639);
        assertThat(information.getInt(8)).isEqualTo(15 * 1024);
        ByteBuffer map = at(image, information.getInt(48));
        long[][] expected = {{0, 0x9_FC00, 1}, {0x9_FC00, 0x400, 2}, {0xE_0000, 0x2_0000, 2}, {0x10_0000, 15 << 20, 1}, {0xE000_0000L, 0x1000_0000, 2},
            {0xFFFC_0000L, 0x4_0000, 2}, {1L << 32, 1 << 30, 1}};
        assertThat(information.getInt(44)).isEqualTo(expected.length * 24);
        for (int i = 0; i < expected.length; i++) {
            assertThat(map.getInt(24 * i)).isEqualTo(20);
            assertThat(map.getLong(24 * i + 4)).isEqualTo(expected[i][0]);
            assertThat(map.getLong(24 * i + 12)).isEqualTo(expected[i][1]);
            assertThat(map.getInt(24 * i + 20)).isEqualTo((int) expected[i][2]);
        }
    }

    /** The BIOS data area of a PC: 40:0E segment of the extended area, 40:13 KiB of low memory. Kernels with real-mode parts put them below. */
    @Test void theBiosDataAreaSaysWhereLowMemoryEnds() throws IOException {
        Image image = read(MultibootFile.elf());
        ByteBuffer low = at(image, 0);
        assertThat(low.getShort(0x400)).as("com1").isEqualTo((short) 0x3F8);
        assertThat(low.getShort(0x40E) & 0xFFFF).isEqualTo(0x9FC0);
        assertThat(low.getShort(0x413)).isEqualTo((short) 639);
    }

    /** A BIOS returns from what it does not support with the carry flag set and AH = 86h. */
    @Test void everyVectorOfRealModeLeadsToAHandler() throws IOException {
        Image image = read(MultibootFile.elf());
        ByteBuffer low = at(image, 0);
        for (int vector = 0; vector < 256; vector++) {
            int target = ((low.getShort(4 * vector + 2) & 0xFFFF) << 4) + (low.getShort(4 * vector) & 0xFFFF);
            ByteBuffer code = at(image, target);
            boolean line = vector >= 8 && vector < 16 || vector >= 0x70 && vector < 0x78;
            assertThat(code.get(0)).as("vector %02x", vector).isEqualTo((byte) (line ? 0x50 : 0x55));
        }
    }

    @Test void aKernelAtTheBottomOfMemoryKeepsIt() throws IOException {
        Image image = read(MultibootFile.elf().programHeader(0, 1, 0x1000, 0x400, 0x400, 0x100, 0x1000).u32(24, 0x400));
        assertThat(image.segments()).extracting(Image.Segment::what).doesNotContain("BIOS data area", "BIOS handlers");
    }

    @Test void aCompressedKernelIsExpanded() throws IOException {
        Path plain = MultibootFile.elf().in(folder);
        Path packed = folder.resolve("kernel.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            Files.copy(plain, out);
        }
        assertThat(ImageLoader.read("multiboot", packed, Map.of(), MAP).segments().get(0).address()).isEqualTo(0x10_0000);
        Files.write(packed, Arrays.copyOf(Files.readAllBytes(packed), 40));
        assertThatThrownBy(() -> ImageLoader.read("multiboot", packed, Map.of(), MAP)).isInstanceOf(OperatorException.class).hasMessageContaining("cannot be expanded");
    }

    @Test void modulesFollowTheKernelAtPageBoundariesEachWithItsCommandLine() throws IOException {
        Path first = Files.write(folder.resolve("first"), new byte[5000]);
        Path second = Files.writeString(folder.resolve("second"), "hello");
        Image image = read(MultibootFile.elf(), Map.of("module", first + "," + second + " a=1 b"));
        ByteBuffer information = information(image);
        assertThat(information.getInt(0) & 8).isEqualTo(8);
        assertThat(information.getInt(20)).isEqualTo(2);
        ByteBuffer modules = at(image, information.getInt(24));
        assertThat(modules.getInt(0)).isEqualTo(0x10_1000);
        assertThat(modules.getInt(4)).isEqualTo(0x10_1000 + 5000);
        assertThat(modules.getInt(16)).isEqualTo(0x10_3000);
        assertThat(modules.getInt(20)).isEqualTo(0x10_3005);
        assertThat(string(image, modules.getInt(24))).isEqualTo(second + " a=1 b");
        assertThat(at(image, 0x10_3000).get(0)).isEqualTo((byte) 'h');
    }

    @Test void informationMovesAwayFromAKernelInLowMemory() throws IOException {
        MultibootFile file = MultibootFile.elf().programHeader(0, 1, 0x1000, 0x1000, 0x1000, 0x100, 0x9_EC00).u32(24, 0x1000);
        Image image = read(file);
        assertThat(image.entry().registers().get("rbx")).isGreaterThanOrEqualTo(0x10_0000L);
    }

    @Test void placingWritesContentAndZeros() throws IOException {
        Image image = read(MultibootFile.elf());
        RecordingMemory memory = new RecordingMemory(0x10_2000);
        java.util.Arrays.fill(memory.bytes, (byte) 0x55);
        image.place(memory.space());
        assertThat(memory.bytes[0x10_0000]).isEqualTo((byte) 0x02);
        assertThat(memory.bytes[0x10_0100]).isZero();
        assertThat(memory.bytes[0x10_0FFF]).isZero();
        assertThat(memory.bytes[0x10_1000]).isEqualTo((byte) 0x55);
    }

    @ParameterizedTest(name = "{0} = {1}: {2}")
    @CsvSource({
        "4096, 0, no header with the magic 1BAD_B002h",
        "4104, 1, checksum does not make the sum 0",
        "28, 70000, the program header table",
        "44, 0, no program headers",
        "56, 1048576, the file has 4352",
        "64, -1048576, is not in RAM",
        "68, 8192, 8192 bytes in the file for 4096 in memory",
        "72, 134217728, is not in RAM",
        "24, 0, which is in none of its segments",
        "18, 62, no ELF executable for the 80386",
        "0, 0, is no ELF file",
        "52, 0, no loadable segment"})
    void damagedElfIsOneClearLine(int at, int value, String message) {
        MultibootFile file = MultibootFile.elf();
        if (at == 18 || at == 44) {
            file.u16(at, value);
        } else {
            file.u32(at, value);
        }
        assertRefused(file, message);
    }

    @ParameterizedTest(name = "header {0}, load {1}, load end {2}, bss end {3}, entry {4}: {5}")
    @CsvSource({
        "0x200010, 0x200020, 0x200200, 0, 0x200040, does not fit header address",
        "0x200010, 0x1fff00, 0x200200, 0, 0x200040, does not fit header address",
        "0x200010, 0x200000, 0x1fffff, 0, 0x200040, do not ascend",
        "0x200010, 0x200000, 0x200200, 0x200100, 0x200040, do not ascend",
        "0x200010, 0x200000, 0x200800, 0, 0x200040, cut short",
        "0x200010, 0x200000, 0x200200, 0, 0x300000, outside of the image",
        "0x200010, 0x200000, 0x200200, 0x7000000, 0x200040, is not in RAM"})
    void wrongAddressFieldsAreOneClearLine(String header, String load, String loadEnd, String bssEnd, String entry, String message) {
        assertRefused(MultibootFile.addressed().addresses(Integer.decode(header), Integer.decode(load), Integer.decode(loadEnd), Integer.decode(bssEnd),
                Integer.decode(entry)), message);
    }

    @Test void elfOf64BitsIsRefusedByName() {
        MultibootFile file = MultibootFile.elf();
        file.bytes.put(4, (byte) 2);
        assertRefused(file, "64-bit ELF");
    }

    /** OS image format, The magic fields of Multiboot header: a flag in 15:0 that is not understood or cannot be met fails the load. */
    @ParameterizedTest(name = "flags {0}")
    @CsvSource({"4, video mode", "8, does not define", "0x8000, does not define"})
    void requirementsThatCannotBeMetAreRefused(String flags, String message) {
        assertRefused(MultibootFile.elf().header(0x1000, Integer.decode(flags)), message);
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {1, 40, 60, 0x1008, 0x1010, 0x10FF})
    void truncatedFileIsOneClearLine(int length) throws IOException {
        Path path = MultibootFile.elf().in(folder, length);
        assertThatThrownBy(() -> ImageLoader.read("multiboot", path, Map.of(), MAP)).isInstanceOf(OperatorException.class).hasMessageStartingWith("kernel ").hasMessageNotContaining("\n");
    }

    @Test void headerBeyondTheFirst8192BytesIsNotSeen() {
        MultibootFile file = MultibootFile.addressed();
        assertThat(MultibootHeader.SEARCH).isEqualTo(8192);
        assertRefused(file.u32(0x20, 0), "first 8192 bytes");
    }

    @Test void overlappingSegmentsAreRefused() {
        assertRefused(MultibootFile.elf().u16(44, 2).programHeader(1, 1, 0x1000, 0x10_0800, 0x10_0800, 0x10, 0x10), "overlaps segment 0");
    }

    @Test void missingModuleIsNamed() throws IOException {
        Path kernel = MultibootFile.elf().in(folder);
        assertThatThrownBy(() -> ImageLoader.read("multiboot", kernel, Map.of("module", folder + "/none"), MAP)).hasMessage("no file '" + folder + "/none'");
    }

    @Test void moduleLargerThanRamIsRefused() throws IOException {
        Path kernel = MultibootFile.elf().in(folder);
        Path large = Files.write(folder.resolve("large"), new byte[16 << 20]);
        assertThatThrownBy(() -> ImageLoader.read("multiboot", kernel, Map.of("module", large.toString()), MAP)).hasMessageStartingWith("no room in RAM for module large: 16 MiB wanted");
    }

    private void assertRefused(MultibootFile file, String message) {
        assertThatThrownBy(() -> read(file)).isInstanceOf(OperatorException.class).hasMessageContaining(message).hasMessageNotContaining("\n");
    }

    private Image read(MultibootFile file) throws IOException {
        return read(file, Map.of());
    }

    private Image read(MultibootFile file, Map<String, String> options) throws IOException {
        return ImageLoader.read("multiboot", file.in(folder), options, MAP);
    }

    private static ByteBuffer information(Image image) {
        return at(image, image.entry().registers().get("rbx"));
    }

    private static ByteBuffer at(Image image, long address) {
        for (Image.Segment segment : image.segments()) {
            if (segment.address() <= address && address < segment.end()) {
                int from = (int) (address - segment.address());
                return ByteBuffer.wrap(segment.content(), from, segment.content().length - from).slice().order(ByteOrder.LITTLE_ENDIAN);
            }
        }
        throw new AssertionError("nothing is placed at " + Long.toHexString(address));
    }

    private static String string(Image image, int address) {
        ByteBuffer bytes = at(image, address);
        StringBuilder text = new StringBuilder();
        for (byte b; (b = bytes.get()) != 0;) {
            text.append((char) b);
        }
        return text.toString();
    }
}
