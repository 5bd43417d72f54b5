package com.vtsim.machine.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Builds kernels by hand, byte by byte as the Multiboot and ELF specifications lay them out. */
final class MultibootFile {
    static final int CODE = 0x10_0000;
    private static final int HEADER_AT = 0x1000;

    final ByteBuffer bytes;

    private MultibootFile(int length) {
        bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** One segment at 1 MiB: 256 bytes from file offset 1000h, 4096 in memory; the Multiboot header is its beginning, its entry at 10_0020h. */
    static MultibootFile elf() {
        MultibootFile file = new MultibootFile(0x1100);
        file.bytes.put(0, new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1});
        file.u16(16, 2).u16(18, 3).u32(20, 1);
        file.u32(24, CODE + 0x20).u32(28, 52).u16(40, 52).u16(42, 32).u16(44, 1);
        file.programHeader(0, 1, 0x1000, CODE, CODE, 0x100, 0x1000);
        return file.header(HEADER_AT, 3);
    }

    /** No ELF: header at byte 20h, loaded at 20_0000h, 200h bytes of image, zeros up to 20_1000h, entry 20_0040h. */
    static MultibootFile addressed() {
        MultibootFile file = new MultibootFile(0x210);
        file.header(0x20, 1 << 16);
        return file.addresses(0x20_0010, 0x20_0000, 0x20_0200, 0x20_1000, 0x20_0040);
    }

    MultibootFile header(int at, int flags) {
        return u32(at, 0x1BADB002).u32(at + 4, flags).u32(at + 8, -(0x1BADB002 + flags));
    }

    MultibootFile addresses(int header, int load, int loadEnd, int bssEnd, int entry) {
        return u32(0x2C, header).u32(0x30, load).u32(0x34, loadEnd).u32(0x38, bssEnd).u32(0x3C, entry);
    }

    MultibootFile programHeader(int index, int type, int offset, int linear, int physical, int inFile, int inMemory) {
        int at = 52 + 32 * index;
        return u32(at, type).u32(at + 4, offset).u32(at + 8, linear).u32(at + 12, physical).u32(at + 16, inFile).u32(at + 20, inMemory).u32(at + 24, 7);
    }

    MultibootFile u16(int at, int value) {
        bytes.putShort(at, (short) value);
        return this;
    }

    MultibootFile u32(int at, int value) {
        bytes.putInt(at, value);
        return this;
    }

    Path in(Path folder) throws IOException {
        return in(folder, bytes.capacity());
    }

    Path in(Path folder, int length) throws IOException {
        return Files.write(folder.resolve("kernel"), java.util.Arrays.copyOf(bytes.array(), length));
    }
}
