package com.vtsim.integration;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A FAT16 file system on a whole disk, with files in its root directory. Source: Microsoft Extensible Firmware Initiative FAT32 File System Specification. */
final class FatImage {
    private static final int SECTOR = 512;
    private static final int CLUSTER = 8 * SECTOR;
    private static final int ROOT_ENTRIES = 512;
    private static final int ENTRY = 32;
    /** Of a table with 16 bits an entry: between 4,085 and 65,524 clusters make a file system FAT16. */
    private static final int CLUSTERS = 8192;
    private static final int TABLE_SECTORS = (CLUSTERS + 2) * 2 / SECTOR + 1;
    private static final int RESERVED_SECTORS = 1;
    private static final int ROOT_AT = (RESERVED_SECTORS + TABLE_SECTORS) * SECTOR;
    private static final int DATA_AT = ROOT_AT + ROOT_ENTRIES * ENTRY;
    private static final int LENGTH = DATA_AT + CLUSTERS * CLUSTER;
    private static final int LAST = 0xFFFF;

    private final ByteBuffer image = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private int files;
    private int free = 2;

    FatImage() {
        image.put(0, new byte[] {(byte) 0xEB, 0x3C, (byte) 0x90}).put(3, "VTSIM   ".getBytes(StandardCharsets.US_ASCII));
        image.putShort(11, (short) SECTOR).put(13, (byte) (CLUSTER / SECTOR)).putShort(14, (short) RESERVED_SECTORS).put(16, (byte) 1);
        image.putShort(17, (short) ROOT_ENTRIES).put(21, (byte) 0xF8).putShort(22, (short) TABLE_SECTORS).putShort(24, (short) 32).putShort(26, (short) 64);
        image.putInt(32, LENGTH / SECTOR).put(36, (byte) 0x80).put(38, (byte) 0x29).putInt(39, 1).put(43, "VTSIM      FAT16   ".getBytes(StandardCharsets.US_ASCII));
        image.putShort(SECTOR - 2, (short) 0xAA55);
        link(0, 0xFFF8);
        link(1, LAST);
    }

    private void link(int cluster, int next) {
        image.putShort(RESERVED_SECTORS * SECTOR + 2 * cluster, (short) next);
    }

    /** Adds a file. @param name eight characters at most, a point, and three at most */
    FatImage file(String name, byte[] content) {
        String[] parts = name.toUpperCase(Locale.ROOT).split("\\.");
        int at = ROOT_AT + ENTRY * files++;
        image.put(at, "%-8s%-3s".formatted(parts[0], parts[1]).getBytes(StandardCharsets.US_ASCII));
        image.putShort(at + 26, (short) free).putInt(at + 28, content.length);
        image.put(DATA_AT + (free - 2) * CLUSTER, content);
        int end = free + (content.length + CLUSTER - 1) / CLUSTER;
        for (; free < end; free++) {
            link(free, free + 1 < end ? free + 1 : LAST);
        }
        return this;
    }

    /** Writes the image. */
    Path write(Path file) throws IOException {
        return Files.write(file, image.array());
    }
}
