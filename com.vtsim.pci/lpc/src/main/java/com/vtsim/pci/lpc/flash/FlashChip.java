package com.vtsim.pci.lpc.flash;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.util.Arrays;

/**
 * A flash chip that is written by command, a byte wide; a wider access is a row of bytes. It has the commands of Intel's basic command set,
 * with what firmware for virtual machines tells flash from ROM and RAM by: once the status register has been cleared it reads 00h.
 * Programming turns ones into zeros, erasing a block of 4 KiB makes it all ones; both are done when the command is, and in the file.
 */
final class FlashChip implements MmioDevice {
    /** Bytes that are erased at once; a file has a whole number of them. */
    static final int BLOCK = 4096;
    private static final int MANUFACTURER = 0x89;
    private static final int DEVICE = 0x18;
    private static final int READY = 0x80;
    private static final int ERASE_ERROR = 0x20;
    private static final int PROGRAM_ERROR = 0x10;
    private static final int ERASED = 0xFF;

    private final DiskFile file;
    private byte[] content;
    private Mode mode = Mode.ARRAY;
    private int status = READY;

    /** What a read gives, and what the next write is. */
    enum Mode {
        /** Content; the next write is a command. */
        ARRAY,
        /** The status register; the next write is a command. */
        STATUS,
        /** Manufacturer and device; the next write is a command. */
        IDENTITY,
        /** The status register; the next write is the byte to program. */
        PROGRAM,
        /** The status register; the next write confirms that a block is to be erased. */
        ERASE
    }

    FlashChip(DiskFile file) {
        this.file = file;
    }

    /** Opens the file, which is what the chip holds. @return why that is not possible; empty if it is */
    String open() {
        file.open();
        if (!file.isOpen()) {
            return file.failure();
        }
        try {
            content = content(file);
            return "";
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    /** Reads a whole file. */
    static byte[] content(DiskFile file) throws IOException {
        byte[] bytes = new byte[Math.toIntExact(file.blocks() * BLOCK)];
        file.read(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** @return bytes */
    long length() {
        return file.blocks() * BLOCK;
    }

    byte[] content() {
        return content;
    }

    boolean isReadOnly() {
        return file.isReadOnly();
    }

    void close() {
        try {
            file.flush();
        } catch (IOException e) {
            throw new OperatorException("flash " + file.path() + " could not be written: " + e.getMessage(), e);
        } finally {
            file.close();
        }
    }

    void reset() {
        mode = Mode.ARRAY;
        status = READY;
    }

    Mode mode() {
        return mode;
    }

    int status() {
        return status;
    }

    void restore(Mode savedMode, int savedStatus) {
        mode = savedMode;
        status = savedStatus & ERASED;
    }

    @Override
    public long read(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) read(offset + i) << 8 * i;
        }
        return value;
    }

    private int read(int at) {
        return switch (mode) {
            case ARRAY -> content[at] & 0xFF;
            case IDENTITY -> (at & 1) == 0 ? MANUFACTURER : DEVICE;
            case STATUS, PROGRAM, ERASE -> status;
        };
    }

    @Override
    public void write(int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            write(offset + i, (int) (value >>> 8 * i) & 0xFF);
        }
    }

    private void write(int at, int value) {
        switch (mode) {
            case PROGRAM -> {
                content[at] &= (byte) value;
                done(at, 1, PROGRAM_ERROR);
            }
            case ERASE -> {
                if (value == 0xD0) {
                    int block = at & -BLOCK;
                    Arrays.fill(content, block, block + BLOCK, (byte) ERASED);
                    done(block, BLOCK, ERASE_ERROR);
                } else {
                    status |= READY | ERASE_ERROR | PROGRAM_ERROR;
                    mode = Mode.STATUS;
                }
            }
            default -> command(value);
        }
    }

    private void command(int value) {
        switch (value) {
            case 0x10, 0x40 -> mode = Mode.PROGRAM;
            case 0x20 -> mode = Mode.ERASE;
            case 0x50 -> {
                status = 0;
                mode = Mode.STATUS;
            }
            case 0x70 -> mode = Mode.STATUS;
            case 0x90 -> mode = Mode.IDENTITY;
            default -> mode = Mode.ARRAY;
        }
    }

    private void done(int from, int length, int error) {
        status |= READY;
        mode = Mode.STATUS;
        try {
            file.write(from, content, from, length);
        } catch (IOException e) {
            status |= error;
        }
    }
}
