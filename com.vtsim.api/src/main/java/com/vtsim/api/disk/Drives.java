package com.vtsim.api.disk;

import com.vtsim.api.machine.Part;
import java.util.List;
import java.util.stream.Collectors;
import org.osgi.annotation.versioning.ConsumerType;

/** A part that keeps blocks in files of the host. Machine thread only. */
@ConsumerType
public interface Drives extends Part {
    /** Configuration key, {@code String[]}: a file for each drive, as {@link DiskFile#named} takes it; an empty one leaves a gap in the numbering. */
    String FILES = "files";

    /** What has been written to a file stays written. */
    @Override
    default String irrevocable() {
        return drives().stream().filter(each -> !each.readOnly()).map(each -> "writes to " + each.path()).collect(Collectors.joining(", "));
    }

    /** @return the drives that are there, by number */
    List<Drive> drives();

    /**
     * A drive.
     *
     * @param number    as the guest counts it, from 1
     * @param path      the host's file
     * @param blocks    how many
     * @param blockSize bytes
     * @param readOnly  whether writes are refused
     * @param failure   why the file cannot be used at present; empty if it can
     */
    record Drive(int number, String path, long blocks, int blockSize, boolean readOnly, String failure) { }
}
