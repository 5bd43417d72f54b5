package com.vtsim.api.disk;

import com.vtsim.api.machine.OperatorException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of the host as the medium of a disk. What a completed {@link #write} wrote survives the end of this process; what a completed
 * {@link #flush} covered survives that of the host. The volatile cache of a disk is thus the host's page cache, and none is lost with a device's bundle.
 * <p>
 * It stands here, among the contracts, because disks live in several bundles and providers do not import providers. One thread at a time.
 */
public final class DiskFile implements AutoCloseable {
    private static final String READ_ONLY = "ro:";

    private final Path path;
    private final boolean readOnly;
    private int blockSize;
    private long length;
    private RandomAccessFile file;
    private boolean dirty;
    private String failure = "";

    private DiskFile(Path path, boolean readOnly, int blockSize) {
        this.path = path;
        this.readOnly = readOnly;
        this.blockSize = blockSize;
    }

    /**
     * Opens a file, and keeps others that ask for a lock from it: this process and others.
     *
     * @param text      a path, or {@code ro:} and a path
     * @param blockSize bytes; the file's length must be a multiple of it
     * @throws OperatorException if it does not exist, cannot be opened, has no whole number of blocks, or is in use
     */
    public static DiskFile named(String text, int blockSize) {
        boolean readOnly = text.startsWith(READ_ONLY);
        DiskFile disk = new DiskFile(Path.of(readOnly ? text.substring(READ_ONLY.length()) : text), readOnly, blockSize);
        disk.open();
        if (!disk.failure.isEmpty()) {
            throw new OperatorException(disk.failure);
        }
        return disk;
    }

    /** Opens it again after {@link #close}; {@link #failure} says how that went. No effect while it is open. */
    public void open() {
        if (file != null) {
            return;
        }
        failure = "";
        if (!Files.isRegularFile(path)) {
            failure = "disk " + path + (Files.exists(path) ? " is no regular file" : " does not exist; disk:create makes one");
            return;
        }
        try {
            file = new RandomAccessFile(path.toFile(), readOnly ? "r" : "rw");
            FileLock lock = file.getChannel().tryLock(0, Long.MAX_VALUE, readOnly);
            length = file.length();
            if (lock == null) {
                refuse("is in use by another program");
            } else if (length == 0 || length % blockSize != 0) {
                refuse("has " + length + " bytes; it must be one block of " + blockSize + " bytes or a whole number of them");
            }
        } catch (OverlappingFileLockException e) {
            refuse("is in use by another disk of this or another machine");
        } catch (FileNotFoundException e) {
            refuse("cannot be opened for " + (readOnly ? "reading" : "writing; ro: before the path makes it read-only") + ": " + e.getMessage());
        } catch (IOException e) {
            refuse("cannot be opened: " + e.getMessage());
        }
    }

    private void refuse(String why) {
        close();
        failure = "disk " + path + " " + why;
    }

    /** @return the host's path */
    public Path path() {
        return path;
    }

    /** @return whether writes are refused */
    public boolean isReadOnly() {
        return readOnly;
    }

    /** @return bytes of a block */
    public int blockSize() {
        return blockSize;
    }

    /** @return how many blocks it had when it was opened */
    public long blocks() {
        return length / blockSize;
    }

    /** @return why it cannot be used; empty if it can */
    public String failure() {
        return file == null && failure.isEmpty() ? "disk " + path + " is closed" : failure;
    }

    /** @return whether it is open */
    public boolean isOpen() {
        return file != null;
    }

    private RandomAccessFile opened() throws IOException {
        if (file == null) {
            throw new IOException(failure());
        }
        return file;
    }

    /** Reads; what the file has lost at its end since it was opened reads zero. @param at bytes from its beginning */
    public void read(long at, byte[] into, int offset, int count) throws IOException {
        RandomAccessFile from = opened();
        from.seek(at);
        int done = 0;
        while (done < count) {
            int n = from.read(into, offset + done, count - done);
            if (n < 0) {
                java.util.Arrays.fill(into, offset + done, offset + count, (byte) 0);
                return;
            }
            done += n;
        }
    }

    /** Writes. @param at bytes from its beginning */
    public void write(long at, byte[] from, int offset, int count) throws IOException {
        if (readOnly) {
            throw new IOException("disk " + path + " is read-only");
        }
        RandomAccessFile to = opened();
        dirty = true;
        to.seek(at);
        to.write(from, offset, count);
    }

    /** Whether {@link #format} to a block size is possible: it is not read-only and has a whole number of such blocks. */
    public boolean canHave(int newBlockSize) {
        return !readOnly && length % newBlockSize == 0;
    }

    /** Counts its blocks in another size from now on. @param newBlockSize see {@link #canHave} */
    public void format(int newBlockSize) {
        if (!canHave(newBlockSize)) {
            throw new IllegalArgumentException("disk " + path + " has no blocks of " + newBlockSize + " bytes");
        }
        blockSize = newBlockSize;
    }

    /** Makes all of it zero, without room on the host's medium where its file system can do without. */
    public void erase() throws IOException {
        if (readOnly) {
            throw new IOException("disk " + path + " is read-only");
        }
        dirty = true;
        opened().setLength(0);
        opened().setLength(length);
    }

    /** Returns when all that was written is on the host's medium. */
    public void flush() throws IOException {
        if (dirty) {
            opened().getFD().sync();
            dirty = false;
        }
    }

    /** Lets go of the file. No effect if it is closed. */
    @Override
    public void close() {
        RandomAccessFile open = file;
        file = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                failure = "disk " + path + " could not be closed: " + e.getMessage();
            }
        }
    }
}
