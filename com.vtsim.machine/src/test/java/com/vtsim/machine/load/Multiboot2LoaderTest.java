package com.vtsim.machine.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace.Region;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected values: Multiboot2 Specification 2.0; System V ABI, Object Files. */
final class Multiboot2LoaderTest {
    private static final List<Region> MAP = List.of(new Region(0, 16 << 20, "ram", "board"), new Region(0xE000_0000L, 0x1000_0000, "device", "host"));
    private static final int HEADER_AT = 0x1000;

    @TempDir
    Path folder;

    private final List<int[]> tags = new ArrayList<>();

    /** One segment at 1 MiB: 256 bytes from file offset 1000h, which the header begins, 4096 in memory; linked at FFFF_8000_0010_0000h if it has 64 bits. */
    private byte[] kernel(boolean wide) {
        ByteBuffer file = ByteBuffer.allocate(0x1100).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7F, 'E', 'L', 'F', (byte) (wide ? 2 : 1), 1, 1});
        file.putShort(16, (short) 2).putShort(18, (short) (wide ? 62 : 3)).putInt(20, 1);
        if (wide) {
            file.putLong(24, 0xFFFF_8000_0010_0080L).putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 1);
            file.putInt(64, 1).putLong(72, HEADER_AT).putLong(80, 0xFFFF_8000_0010_0000L).putLong(88, 0x10_0000).putLong(96, 0x100).putLong(104, 0x1000);
        } else {
            file.putInt(24, 0x10_0080).putInt(28, 52).putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) 1);
            file.putInt(52, 1).putInt(56, HEADER_AT).putInt(60, 0x10_0000).putInt(64, 0x10_0000).putInt(68, 0x100).putInt(72, 0x1000);
        }
        return header(file, HEADER_AT).array();
    }

    /** The header with the tags of this test, each {type, flags, words …}, and the one that ends it. */
    private ByteBuffer header(ByteBuffer file, int at) {
        file.position(at + 16);
        for (int[] tag : tags) {
            file.putShort((short) tag[0]).putShort((short) tag[1]).putInt(8 + 4 * (tag.length - 2));
            for (int i = 2; i < tag.length; i++) {
                file.putInt(tag[i]);
            }
            file.position(file.position() + 7 & -8);
        }
        file.putShort((short) 0).putShort((short) 0).putInt(8);
        int length = file.position() - at;
        return file.putInt(at, 0xE852_50D6).putInt(at + 4, 0).putInt(at + 8, length).putInt(at + 12, -(0xE852_50D6 + length));
    }

    private Image read(byte[] file, Map<String, String> options) throws IOException {
        return ImageLoader.read("multiboot2", Files.write(folder.resolve("kernel"), file), options, MAP);
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

    /** @return offsets of the information's tags by type; of several of a type the last */
    private static Map<Integer, Integer> information(Image image) {
        ByteBuffer bytes = at(image, image.entry().registers().get("rbx"));
        Map<Integer, Integer> found = new TreeMap<>();
        int at = 8;
        for (; bytes.getInt(at) != 0; at += bytes.getInt(at + 4) + 7 & -8) {
            found.put(bytes.getInt(at), at);
        }
        assertThat(bytes.getInt(at + 4)).as("size of the tag that ends it").isEqualTo(8);
        assertThat(bytes.getInt(0)).as("total size").isEqualTo(at + 8);
        return found;
    }

    private static String string(ByteBuffer bytes, int at, int length) {
        byte[] text = new byte[length];
        bytes.get(at, text);
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    /** Machine state: EAX, EBX. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void anElfOfEitherClassIsEnteredInProtectedMode(boolean wide) throws IOException {
        Image image = read(kernel(wide), Map.of());
        assertThat(image.segments().get(0).address()).isEqualTo(0x10_0000);
        assertThat(image.segments().get(0).length()).isEqualTo(0x1000);
        assertThat(image.entry().mode()).isEqualTo(EntryState.Mode.PROTECTED);
        assertThat(image.entry().entry()).isEqualTo(0x10_0080);
        assertThat(image.entry().registers()).containsEntry("rax", 0x36D7_6289L);
    }

    @Test
    void informationHasCommandLineModulesAndMemory() throws IOException {
        Path module = Files.writeString(folder.resolve("module"), "hello");
        Image image = read(kernel(false), Map.of("append", "console=com1", "module", module + " a=1"));
        ByteBuffer bytes = at(image, image.entry().registers().get("rbx"));
        Map<Integer, Integer> found = information(image);
        assertThat(found.keySet()).containsExactly(1, 2, 3, 4, 6, 14, 15);
        assertThat(string(bytes, found.get(1) + 8, 13)).isEqualTo("console=com1\0");
        assertThat(string(bytes, found.get(2) + 8, 6)).isEqualTo("VTSim\0");
        assertThat(bytes.getInt(found.get(3) + 8)).isEqualTo(0x10_1000);
        assertThat(bytes.getInt(found.get(3) + 12)).isEqualTo(0x10_1005);
        assertThat(string(bytes, found.get(3) + 16, module.toString().length() + 5)).isEqualTo(module + " a=1\0");
        assertThat(bytes.getInt(found.get(4) + 8)).isEqualTo(639);
        assertThat(bytes.getInt(found.get(4) + 12)).isEqualTo(15 * 1024);
    }

    @Test
    void memoryMapHasEntriesOf24Bytes() throws IOException {
        Image image = read(kernel(false), Map.of());
        ByteBuffer bytes = at(image, image.entry().registers().get("rbx"));
        int map = information(image).get(6);
        long[][] expected = {{0, 0x9_FC00, 1}, {0x9_FC00, 0x400, 2}, {0xE_0000, 0x2_0000, 2}, {0x10_0000, 15 << 20, 1}, {0xE000_0000L, 0x1000_0000, 2}};
        assertThat(bytes.getInt(map + 4)).isEqualTo(16 + expected.length * 24);
        assertThat(bytes.getInt(map + 8)).isEqualTo(24);
        for (int i = 0; i < expected.length; i++) {
            assertThat(bytes.getLong(map + 16 + 24 * i)).isEqualTo(expected[i][0]);
            assertThat(bytes.getLong(map + 24 + 24 * i)).isEqualTo(expected[i][1]);
            assertThat(bytes.getInt(map + 32 + 24 * i)).isEqualTo((int) expected[i][2]);
        }
    }

    /** ACPI old RSDP, ACPI new RSDP: copies of the root pointer, filled when the image is placed. */
    @Test
    void rootPointersAreFilledInTheirTags() throws IOException {
        Image image = read(kernel(false), Map.of());
        long information = image.entry().registers().get("rbx");
        assertThat(image.segments().stream().filter(segment -> segment.what().equals(Image.ROOT_POINTER)).map(segment -> segment.address() - information + " " + segment.length()))
            .containsExactly(information(image).get(14) + 8 + " 20", information(image).get(15) + 8 + " 36");
    }

    @Test
    void addressAndEntryTagsPlaceAnImageThatIsNoElf() throws IOException {
        tags.add(new int[] {2, 0, 0x20_0020, 0x20_0000, 0x20_0200, 0x20_1000});
        tags.add(new int[] {3, 0, 0x20_0040});
        Image image = read(header(ByteBuffer.allocate(0x240).order(ByteOrder.LITTLE_ENDIAN), 0x20).array(), Map.of());
        assertThat(image.segments().get(0).address()).isEqualTo(0x20_0000);
        assertThat(image.segments().get(0).content()).hasSize(0x200);
        assertThat(image.segments().get(0).length()).isEqualTo(0x1000);
        assertThat(image.entry().entry()).isEqualTo(0x20_0040);
        tags.get(0)[3] = -1;
        assertThat(read(header(ByteBuffer.allocate(0x240).order(ByteOrder.LITTLE_ENDIAN), 0x20).array(), Map.of()).segments().get(0).address())
            .as("load address FFFF_FFFFh: the file from its beginning").isEqualTo(0x20_0000);
    }

    @Test
    void theEntryTagWinsOverTheElfHeader() throws IOException {
        tags.add(new int[] {3, 0, 0x10_0090});
        assertThat(read(kernel(true), Map.of()).entry().entry()).isEqualTo(0x10_0090);
    }

    /** The general tag structure: what is not optional (flag 0) has to be understood. */
    @ParameterizedTest(name = "tag {0} with flags {1}: {3}")
    @CsvSource({"5, 0, 0, a frame buffer", "77, 0, 0, tag 77", "1, 0, 8, type 8", "2, 0, 0, damaged"})
    void whatCannotBeMetIsRefused(int type, int flags, int word, String message) {
        tags.add(new int[] {type, flags, word});
        assertThatThrownBy(() -> read(kernel(false), Map.of())).isInstanceOf(OperatorException.class).hasMessageContaining(message).hasMessageNotContaining("\n");
    }

    @ParameterizedTest(name = "tag {0} with flags {1}")
    @CsvSource({"5, 1, 0", "77, 1, 0", "1, 1, 8", "1, 0, 6", "7, 0, 0", "10, 0, 0", "4, 0, 3", "9, 0, 0"})
    void whatIsOptionalOrHasNoEffectIsNot(int type, int flags, int word) throws IOException {
        tags.add(new int[] {type, flags, word});
        assertThat(read(kernel(false), Map.of()).entry().entry()).isEqualTo(0x10_0080);
    }

    @Test
    void filesThatAreNoKernelsAreOneClearLine() {
        assertThatThrownBy(() -> read(new byte[64], Map.of())).hasMessageContaining("no header with the magic E852_50D6h");
        byte[] damaged = kernel(false);
        damaged[HEADER_AT + 12]++;
        assertThatThrownBy(() -> read(damaged, Map.of())).hasMessageContaining("checksum");
        byte[] far = kernel(true);
        ByteBuffer.wrap(far).order(ByteOrder.LITTLE_ENDIAN).putLong(88, -4096);
        assertThatThrownBy(() -> read(far, Map.of())).hasMessageContaining("beyond any memory");
        byte[] outside = kernel(true);
        ByteBuffer.wrap(outside).order(ByteOrder.LITTLE_ENDIAN).putLong(72, Long.MAX_VALUE);
        assertThatThrownBy(() -> read(outside, Map.of())).hasMessageContaining("cut short");
    }
}
