package com.vtsim.benchmarks;

import com.vtsim.cpu.isa.Assembler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A hard disk with a kernel, its initial RAM disk and a command line, which any PC BIOS starts: what Bochs needs in place of a loader of its own. */
final class BootDisk {
    private static final int SECTOR = 512, PIECES = 0x180, SIGNATURE = 0x1FE;
    /** Fields of the setup header, by the boot protocol. */
    private static final int SETUP_SECTORS = 0x1F1, LOADER = 0x210, FLAGS = 0x211, DISK_ADDRESS = 0x218, DISK_SIZE = 0x21C, HEAP_END = 0x224, COMMAND_LINE = 0x228;
    private static final int SETUP_AT = 0x90000, LINE_AT = 0x9E000, KERNEL_AT = 0x100000, RAM_DISK_AT = 0x8000000;
    private static final int MEGABYTE = 1 << 20;

    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private final ByteBuffer boot = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    private int pieces;

    private BootDisk() { }

    /** Writes the disk's image. */
    static void write(Path file, Path kernel, Path ramDisk, String commandLine) throws IOException {
        byte[] image = Files.readAllBytes(kernel);
        byte[] disk = Files.readAllBytes(ramDisk);
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int setup = (Math.max(image[SETUP_SECTORS] & 0xFF, 4 * (image[SETUP_SECTORS] == 0 ? 1 : 0)) + 1) * SECTOR;
        header.put(LOADER, (byte) 0xFF).put(FLAGS, (byte) (header.get(FLAGS) | 0x80));
        header.putInt(DISK_ADDRESS, RAM_DISK_AT).putInt(DISK_SIZE, disk.length);
        header.putShort(HEAP_END, (short) 0xDE00).putInt(COMMAND_LINE, LINE_AT);
        BootDisk made = new BootDisk();
        made.boot.put(loader());
        made.piece(image, 0, setup, SETUP_AT);
        byte[] line = (commandLine + "\0").getBytes(StandardCharsets.ISO_8859_1);
        made.piece(line, 0, line.length, LINE_AT);
        made.piece(image, setup, image.length - setup, KERNEL_AT);
        made.piece(disk, 0, disk.length, RAM_DISK_AT);
        made.boot.putShort(SIGNATURE, (short) 0xAA55);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(made.boot.array());
        made.content.writeTo(all);
        // Whole cylinders of 16 heads and 63 sectors, and room for the last transfer.
        int cylinder = 16 * 63 * SECTOR;
        int size = ((all.size() + MEGABYTE) / cylinder + 1) * cylinder;
        all.write(new byte[size - all.size()]);
        Files.write(file, all.toByteArray());
    }

    private void piece(byte[] bytes, int from, int length, int to) {
        int sectors = (length + SECTOR - 1) / SECTOR;
        int at = PIECES + 12 * pieces++;
        boot.putInt(at, 1 + content.size() / SECTOR).putInt(at + 4, sectors).putInt(at + 8, to);
        content.write(bytes, from, length);
        content.write(new byte[sectors * SECTOR - length], 0, sectors * SECTOR - length);
    }

    private static byte[] loader() throws IOException {
        try (InputStream in = BootDisk.class.getResourceAsStream("/guests/loader.asm")) {
            return Assembler.assemble(new String(in.readAllBytes(), StandardCharsets.UTF_8), 0).bytes();
        }
    }
}
