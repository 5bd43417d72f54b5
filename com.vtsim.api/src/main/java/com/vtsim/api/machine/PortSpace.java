package com.vtsim.api.machine;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** The 64 KiB port space. Where nothing is mapped, reads give all ones and writes vanish. Machine thread only. */
@ProviderType
public interface PortSpace {
    /**
     * @param port 0–FFFFh
     * @param size 1, 2 or 4 bytes, any alignment
     * @return the value, zero-extended
     */
    int read(int port, int size);

    /** Writes the low {@code size} bytes of {@code value}. */
    void write(int port, int size, int value);

    /**
     * Maps a device. Of two mappings of a port the later wins.
     *
     * @param base   first port
     * @param length ports
     * @param width  widest access the device takes, 1, 2 or 4 bytes: wider or unaligned ones are split, low address first
     */
    Registration map(int base, int length, int width, PortDevice device);

    /** Adds one who hears of accesses that reach nothing. */
    default Registration unanswered(Unanswered listener) {
        return () -> { };
    }

    /** @return ranges, ascending, with the part that answers there */
    List<Range> ranges();

    /**
     * A mapped range.
     *
     * @param base   first port
     * @param length ports
     * @param owner  the part's name
     */
    record Range(int base, int length, String owner) { }
}
