package com.vtsim.machine.load;

import com.vtsim.api.machine.OperatorException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** The bytes of an image, read with checks: what lies outside is one clear line. Little-endian. */
final class ImageFile {
    private static final long LARGEST = 1L << 30;
    private static final int GZIP = 0x8B1F;

    private final String name;
    private final byte[] bytes;

    private ImageFile(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    static ImageFile read(Path file) {
        if (!Files.exists(file)) {
            throw new OperatorException("no file '" + file + "'");
        }
        if (Files.isDirectory(file)) {
            throw new OperatorException("'" + file + "' is a directory; an image is a file");
        }
        try {
            long size = Files.size(file);
            if (size == 0) {
                throw new OperatorException("'" + file + "' is empty");
            }
            if (size > LARGEST) {
                throw new OperatorException("'" + file + "' has " + size + " bytes; an image has at most 1 GiB");
            }
            return new ImageFile(file.getFileName().toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new OperatorException("'" + file + "' cannot be read: " + e.getMessage(), e);
        }
    }

    /** As {@link #read}; what gzip has compressed is expanded, as boot loaders do. */
    static ImageFile expanded(Path file) {
        ImageFile read = read(file);
        if (read.length() < 2 || read.u16(0) != GZIP) {
            return read;
        }
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(read.bytes))) {
            byte[] bytes = in.readNBytes((int) LARGEST);
            if (bytes.length == 0 || in.read() >= 0) {
                throw read.wrong("has " + (bytes.length == 0 ? "no content" : "more than 1 GiB") + " when it is expanded");
            }
            return new ImageFile(read.name, bytes);
        } catch (IOException e) {
            throw new OperatorException("'" + file + "' cannot be expanded: " + e.getMessage(), e);
        }
    }

    String name() {
        return name;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return bytes.length;
    }

    /** Bytes {@code from} to {@code from + length - 1}; {@code what} names them should the file end before. */
    byte[] slice(String what, long from, long length) {
        if (from < 0 || length < 0 || from > bytes.length || length > bytes.length - from) {
            throw wrong("is cut short: " + what + " needs bytes " + from + " to " + (from + length - 1) + ", the file has " + bytes.length);
        }
        return Arrays.copyOfRange(bytes, (int) from, (int) (from + length));
    }

    long u8(int at) {
        return bytes[at] & 0xFF;
    }

    long u16(int at) {
        return u8(at) | u8(at + 1) << 8;
    }

    long u32(int at) {
        return u16(at) | u16(at + 2) << 16;
    }

    long u64(int at) {
        return u32(at) | u32(at + 4) << 32;
    }

    OperatorException wrong(String text) {
        return new OperatorException(name + " " + text);
    }
}
