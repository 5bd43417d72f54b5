package com.vtsim.api.machine;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Host-physical memory: RAM, ROM and windows of device registers. Little-endian. Machine thread only.
 * <p>
 * Where nothing is mapped, reads give all ones and writes vanish. Windows lie over ROM, ROM over RAM; of two windows the
 * later mapped wins.
 */
@ProviderType
public interface MemorySpace {
    /** Bytes of a page. */
    int PAGE = 4096;
    /** Bytes of a line, the unit in which RAM is poisoned. */
    int LINE = 64;

    /**
     * @param hpa  host-physical address, any alignment
     * @param size 1, 2, 4 or 8 bytes; an access to a device that is not aligned to its size is split into aligned ones
     * @return the value, zero-extended
     */
    long read(long hpa, int size);

    /** Stores the low {@code size} (1, 2, 4 or 8) bytes of {@code value}. */
    void write(long hpa, int size, long value);

    /** Copies {@code length} bytes from {@code hpa} on. */
    void read(long hpa, byte[] into, int offset, int length);

    /** Copies {@code length} bytes to {@code hpa} on. */
    void write(long hpa, byte[] from, int offset, int length);

    /**
     * The backing page of an address, for a processor's fast path; allocates RAM on first touch.
     * The answer holds until {@link MapObserver#mapChanged}.
     *
     * @return null where reads reach a device or nothing
     */
    MemoryPage page(long hpa);

    /**
     * Maps a window of device registers.
     *
     * @param base   host-physical, a multiple of 4096
     * @param length bytes, a multiple of 4096, at most 1 GiB
     */
    Registration map(long base, long length, MmioDevice device);

    /**
     * Maps a read-only image; its length is rounded up to a page and padded with FFh.
     *
     * @param base host-physical, a multiple of 4096
     */
    Registration mapRom(long base, byte[] image);

    /**
     * Maps RAM-like memory of its own beside the machine's RAM (a device's buffer, flash in RAM). Its content is the caller's array:
     * the caller saves it.
     *
     * @param base host-physical, a multiple of 4096
     * @param content a multiple of 4096 bytes
     */
    Registration mapRam(long base, byte[] content);

    /**
     * Routes a range as the chipset's programmable attribute map does: to RAM, or past it to ROM and windows.
     *
     * @param base       host-physical, a multiple of 4096
     * @param length     bytes, a multiple of 4096
     * @param readsRam   whether reads reach RAM, whatever is mapped over it
     * @param writesRam  whether writes reach RAM, whatever is mapped over it
     */
    void route(long base, long length, boolean readsRam, boolean writesRam);

    /** @return bytes of RAM in the machine */
    long ramSize();

    /** @return ranges, ascending, with what answers there */
    List<Region> regions();

    /** Adds one who hears of accesses that reach nothing. */
    default Registration unanswered(Unanswered listener) {
        return () -> { };
    }

    /** Adds one who hears of changes of the map: a processor with cached pages. */
    Registration observe(MapObserver observer);

    /**
     * Gives lines of RAM an uncorrectable error. A line is healed when each of its bytes has been written; whatever reads it before meets
     * poison. Pages with such a line have no {@link #page}.
     *
     * @param hpa    host-physical address in the first line
     * @param length bytes, at least 1
     * @throws OperatorException where there is no RAM; nothing is then poisoned
     */
    default void poison(long hpa, long length) {
        throw new OperatorException("this memory cannot be poisoned");
    }

    /** Heals the lines of a range, whatever is in them. @return how many had been poisoned */
    default int heal(long hpa, long length) {
        return 0;
    }

    /** @return host-physical addresses of the poisoned lines, ascending */
    default List<Long> poisoned() {
        return List.of();
    }

    /** Hears of every read through this very object that meets poison; without one the reader gets what was there. @param listener null for none */
    default void onPoison(PoisonListener listener) {
        // Memory without poison has nothing to tell.
    }

    /** Hears of reads that meet poison. */
    @FunctionalInterface
    interface PoisonListener {
        /**
         * Called before the read returns, whose caller gets what is thrown here.
         *
         * @param line host-physical address of the poisoned line
         */
        void met(long line);
    }

    /**
     * A range of the map.
     *
     * @param base   host-physical
     * @param length bytes
     * @param kind   {@code ram}, {@code rom}, {@code device} or {@code hole}
     * @param owner  the part's name; {@code board} for RAM
     */
    record Region(long base, long length, String kind, String owner) { }

    /** Hears of changes of the map. */
    @FunctionalInterface
    interface MapObserver {
        /** Every {@link MemoryPage} obtained for the range is stale. */
        void mapChanged(long base, long length);
    }
}
