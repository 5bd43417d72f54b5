package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.disk.Drives.Drive;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The namespaces, numbered from 1, each a file of the host: those of the configuration, and those that the guest makes in a {@link Pool}. */
final class Namespaces {
    /** The namespace identifier that stands for all. */
    static final int ALL = 0xFFFF_FFFF;
    /** Namespaces of a controller. */
    static final int MOST = 64;
    /** Block sizes that can be had, by the number of their format. */
    static final int[] FORMATS = {512, 4096};

    private final DiskFile[] files;
    private final boolean[] attached;
    private final int configured;
    private final Pool pool;

    /**
     * @param pool where the guest may make more, or null
     * @throws OperatorException if a file cannot be used; none is then left open
     */
    Namespaces(String[] names, int blockSize, Pool pool) {
        if (names.length > MOST) {
            throw new OperatorException("a controller has " + MOST + " namespaces at most, not " + names.length);
        }
        this.pool = pool;
        configured = names.length;
        files = new DiskFile[pool == null ? names.length : MOST];
        attached = new boolean[files.length];
        try {
            for (int i = 0; i < configured; i++) {
                files[i] = names[i].isBlank() ? null : DiskFile.named(names[i].strip(), blockSize);
                attached[i] = files[i] != null;
            }
            for (Pool.Found found : pool == null ? List.<Pool.Found>of() : pool.find()) {
                adopt(found);
            }
        } catch (OperatorException e) {
            close();
            throw e;
        }
    }

    private void adopt(Pool.Found found) {
        if (found.id() <= configured || found.id() > MOST || files[found.id() - 1] != null) {
            found.file().close();
            throw new OperatorException(found.file().path() + " has the number of another namespace");
        }
        files[found.id() - 1] = found.file();
        attached[found.id() - 1] = found.attached();
    }

    /** @return how many numbers there are, active or not: NN, at least 1 */
    int count() {
        return Math.max(1, files.length);
    }

    /** @return whether the identifier is in range; what it names may be inactive */
    boolean isValid(int id) {
        return id > 0 && id <= count();
    }

    /** @return whether the guest can make and remove namespaces */
    boolean isManaged() {
        return pool != null;
    }

    /** @return the file of an attached namespace, or null if it is inactive or there is no such number */
    DiskFile file(int id) {
        return id > 0 && id <= files.length && attached[id - 1] ? files[id - 1] : null;
    }

    /** @return the file of a namespace, attached or not, or null if there is none */
    DiskFile allocated(int id) {
        return id > 0 && id <= files.length ? files[id - 1] : null;
    }

    /** @return numbers of active namespaces above one, ascending */
    int[] active(int above) {
        return IntStream.rangeClosed(1, files.length).filter(id -> file(id) != null && Integer.compareUnsigned(id, above) > 0).toArray();
    }

    /** @return numbers of namespaces above one, attached or not, ascending */
    int[] allocatedAbove(int above) {
        return IntStream.rangeClosed(1, files.length).filter(id -> files[id - 1] != null && Integer.compareUnsigned(id, above) > 0).toArray();
    }

    /** @return bytes that a new namespace can have at most */
    long unallocated() {
        long left = pool == null ? 0 : pool.capacity();
        for (int i = configured; i < files.length; i++) {
            left -= files[i] == null ? 0 : bytes(files[i]);
        }
        return Math.max(0, left);
    }

    /** @return bytes of all namespaces and what is left */
    long capacity() {
        long all = unallocated();
        for (DiskFile file : files) {
            all += file == null ? 0 : bytes(file);
        }
        return all;
    }

    private static long bytes(DiskFile file) {
        return file.blocks() * file.blockSize();
    }

    /** Makes a namespace, detached. @return its number, or 0 if there is none left */
    int create(int blockSize, long blocks) throws IOException {
        for (int id = configured + 1; id <= files.length; id++) {
            if (files[id - 1] == null) {
                files[id - 1] = pool.create(id, blockSize, blocks * blockSize);
                attached[id - 1] = false;
                return id;
            }
        }
        return 0;
    }

    /** @return whether the guest has made the namespace, and may remove it */
    boolean isMade(int id) {
        return id > configured && allocated(id) != null;
    }

    /** Removes a namespace that {@link #isMade}. */
    void delete(int id) throws IOException {
        DiskFile file = files[id - 1];
        files[id - 1] = null;
        attached[id - 1] = false;
        pool.delete(file);
    }

    /** @param id of a namespace; whether it is attached is remembered for those that were made */
    void attach(int id, boolean to) throws IOException {
        if (isMade(id)) {
            files[id - 1] = pool.become(files[id - 1], id, files[id - 1].blockSize(), to);
        }
        attached[id - 1] = to;
    }

    /** Gives a namespace other blocks, and no content. */
    void format(int id, int blockSize) throws IOException {
        DiskFile file = files[id - 1];
        file.erase();
        if (file.blockSize() != blockSize && isMade(id)) {
            files[id - 1] = pool.become(file, id, blockSize, attached[id - 1]);
        } else {
            file.format(blockSize);
        }
    }

    /** @return blocks of each number, 0 where it is inactive */
    long[] sizes() {
        long[] sizes = new long[files.length];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = file(i + 1) == null ? 0 : files[i].blocks();
        }
        return sizes;
    }

    /** @return block size of each namespace of the configuration, 0 where there is none; negative while it is detached */
    int[] formats() {
        int[] formats = new int[configured];
        for (int i = 0; i < configured; i++) {
            formats[i] = files[i] == null ? 0 : attached[i] ? files[i].blockSize() : -files[i].blockSize();
        }
        return formats;
    }

    /** Adopts formats as far as the files can have them. */
    void formats(int[] formats) {
        for (int i = 0; i < Math.min(configured, formats.length); i++) {
            int size = Math.abs(formats[i]);
            if (files[i] != null && size != 0) {
                attached[i] = formats[i] > 0;
                if (size != files[i].blockSize() && (size == FORMATS[0] || size == FORMATS[1]) && files[i].canHave(size)) {
                    files[i].format(size);
                }
            }
        }
    }

    /** Opens what is closed. @return what is wrong with one of them, or empty */
    String open() {
        String failure = "";
        for (DiskFile file : files) {
            if (file != null) {
                file.open();
                failure = file.failure().isEmpty() ? failure : file.failure();
            }
        }
        return failure;
    }

    /** Makes durable what was written to any of them. */
    void flush() throws IOException {
        for (DiskFile file : files) {
            if (file != null && file.isOpen()) {
                file.flush();
            }
        }
    }

    void close() {
        for (DiskFile file : files) {
            if (file != null) {
                file.close();
            }
        }
    }

    List<Drive> drives() {
        List<Drive> drives = new ArrayList<>();
        for (int id : active(0)) {
            DiskFile file = files[id - 1];
            drives.add(new Drive(id, file.path().toString(), file.blocks(), file.blockSize(), file.isReadOnly(), file.failure()));
        }
        return drives;
    }
}
