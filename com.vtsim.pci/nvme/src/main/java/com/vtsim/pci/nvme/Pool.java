package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of the host with the namespaces that the guest has made. The name of a file says all that is to be kept of its namespace:
 * {@code ns3-512.img} is number 3, with blocks of 512 bytes, attached; {@code ns4-4096-detached.img} is not.
 */
final class Pool {
    private static final Pattern NAME = Pattern.compile("ns([1-9][0-9]?)-(512|4096)(-detached)?\\.img");

    private final Path folder;
    private final long capacity;

    /** A namespace of the pool. */
    record Found(int id, DiskFile file, boolean attached) { }

    /**
     * @param folder   must exist
     * @param capacity bytes that all its namespaces may have together
     * @throws OperatorException if there is no such folder
     */
    Pool(Path folder, long capacity) {
        if (!Files.isDirectory(folder)) {
            throw new OperatorException("pool " + folder + " is no folder");
        }
        this.folder = folder;
        this.capacity = capacity;
    }

    long capacity() {
        return capacity;
    }

    /** @return what is there. @throws OperatorException if a file cannot be used */
    List<Found> find() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> NAME.matcher(path.getFileName().toString())).filter(Matcher::matches).sorted(java.util.Comparator.comparing(Matcher::group))
                    .map(name -> new Found(Integer.parseInt(name.group(1)), DiskFile.named(folder.resolve(name.group()).toString(), Integer.parseInt(name.group(2))), name.group(3) == null)).toList();
        } catch (IOException e) {
            throw new OperatorException("pool " + folder + " cannot be read: " + e.getMessage());
        }
    }

    private Path path(int id, int blockSize, boolean attached) {
        return folder.resolve("ns" + id + "-" + blockSize + (attached ? "" : "-detached") + ".img");
    }

    /** A new namespace, detached, all zero. @throws OperatorException if the file cannot be used */
    DiskFile create(int id, int blockSize, long bytes) throws IOException {
        Path path = path(id, blockSize, false);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return DiskFile.named(path.toString(), blockSize);
    }

    void delete(DiskFile file) throws IOException {
        file.close();
        Files.deleteIfExists(file.path());
    }

    /** Renames the file after what its namespace has become. @throws OperatorException if the file cannot be used */
    DiskFile become(DiskFile file, int id, int blockSize, boolean attached) throws IOException {
        file.flush();
        file.close();
        Path path = path(id, blockSize, attached);
        Files.move(file.path(), path);
        return DiskFile.named(path.toString(), blockSize);
    }
}
