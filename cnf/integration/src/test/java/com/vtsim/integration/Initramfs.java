package com.vtsim.integration;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Builds an initial RAM disk: a cpio archive of the kind "newc", as the kernel's "initramfs buffer format" has it. */
final class Initramfs {
    private static final int FOLDER = 0040755, PROGRAM = 0100755, TERMINAL = 0020600;

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private int inode;

    Initramfs folder(String name) {
        return entry(name, FOLDER, 0, 0, new byte[0]);
    }

    Initramfs program(String name, byte[] content) {
        return entry(name, PROGRAM, 0, 0, content);
    }

    /** A character device. */
    Initramfs device(String name, int major, int minor) {
        return entry(name, TERMINAL, major, minor, new byte[0]);
    }

    byte[] bytes() {
        entry("TRAILER!!!", 0, 0, 0, new byte[0]);
        return archive.toByteArray();
    }

    private Initramfs entry(String name, int mode, int major, int minor, byte[] content) {
        byte[] path = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        int[] fields = {++inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, path.length, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08X", field));
        }
        archive.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        archive.writeBytes(path);
        align();
        archive.writeBytes(content);
        align();
        return this;
    }

    private void align() {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
