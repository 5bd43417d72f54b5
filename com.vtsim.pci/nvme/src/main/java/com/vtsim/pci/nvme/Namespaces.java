package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.disk.Drives.Drive;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The namespaces, numbered from 1, each a file of the host. An empty name leaves its number inactive. */
final class Namespaces {
    /** The namespace identifier that stands for all. */
    static final int ALL = 0xFFFF_FFFF;
    /** Namespaces of a controller. */
    static final int MOST = 64;

    private final DiskFile[] files;

    /** @throws OperatorException if a file cannot be used; none is then left open */
    Namespaces(String[] names, int blockSize) {
        if (names.length > MOST) {
            throw new OperatorException("a controller has " + MOST + " namespaces at most, not " + names.length);
        }
        files = new DiskFile[names.length];
        try {
            for (int i = 0; i < files.length; i++) {
                files[i] = names[i].isBlank() ? null : DiskFile.named(names[i].strip(), blockSize);
            }
        } catch (OperatorException e) {
            close();
            throw e;
        }
    }

    /** @return how many numbers there are, active or not: NN, at least 1 */
    int count() {
        return Math.max(1, files.length);
    }

    /** @return whether the identifier is in range; what it names may be inactive */
    boolean isValid(int id) {
        return id > 0 && id <= count();
    }

    /** @return the namespace's file, or null if it is inactive or there is no such number */
    DiskFile file(int id) {
        return id > 0 && id <= files.length ? files[id - 1] : null;
    }

    /** @return numbers of active namespaces above one, ascending */
    int[] active(int above) {
        return IntStream.rangeClosed(1, files.length).filter(id -> files[id - 1] != null && Integer.compareUnsigned(id, above) > 0).toArray();
    }

    /** @return blocks of each number, 0 where it is inactive */
    long[] sizes() {
        long[] sizes = new long[files.length];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = files[i] == null ? 0 : files[i].blocks();
        }
        return sizes;
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
