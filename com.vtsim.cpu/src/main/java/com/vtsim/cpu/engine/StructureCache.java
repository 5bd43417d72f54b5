package com.vtsim.cpu.engine;

import java.util.Arrays;

/**
 * The paging-structure caches of one context: entries that reference another structure, by the linear addresses they serve. Level 1 is the PDE
 * cache, 4 the PML5E cache. An entry holds where the next structure is, and what the rights of its own and of all entries above come to.
 *
 * @sdm Paging-Structure Caches
 */
final class StructureCache {
    /** No such entry. */
    static final long NONE = -1;
    /** Beside the address of the next structure: R/W and U/S where all entries have them, XD where one has. */
    static final long RW = Paging.RW, US = Paging.US, NO_EXECUTE = 1;
    private static final int LEVELS = 5;
    private static final int[] SLOTS = {0, 64, 32, 8, 4};
    private static final long FREE = 0;

    private final long[][] tags = new long[LEVELS][];
    private final long[][] values = new long[LEVELS][];
    private boolean used;

    StructureCache() {
        for (int level = 0; level < LEVELS; level++) {
            tags[level] = new long[SLOTS[level]];
            values[level] = new long[SLOTS[level]];
        }
    }

    private static int slot(long linear, int level) {
        return (int) (linear >>> 12 + 9 * level) & SLOTS[level] - 1;
    }

    /** Entries of HLAT paging serve HLAT paging only, and those of ordinary paging ordinary paging. */
    private static long tag(long linear, int level, boolean managed) {
        return linear >>> 12 + 9 * level << 2 | (managed ? 2 : 0) | 1;
    }

    /** @return next structure and rights, or {@link #NONE} */
    long find(long linear, int level, boolean managed) {
        int slot = slot(linear, level);
        return tags[level][slot] == tag(linear, level, managed) ? values[level][slot] : NONE;
    }

    /** @param value next structure and rights */
    void keep(long linear, int level, boolean managed, long value) {
        int slot = slot(linear, level);
        tags[level][slot] = tag(linear, level, managed);
        values[level][slot] = value;
        used = true;
    }

    /** Drops all. */
    void drop() {
        if (used) {
            used = false;
            for (long[] tag : tags) {
                Arrays.fill(tag, FREE);
            }
        }
    }

    /** Drops what would be used for an address. */
    void drop(long linear) {
        for (int level = 1; level < LEVELS && used; level++) {
            int slot = slot(linear, level);
            if (tags[level][slot] >>> 2 == linear >>> 12 + 9 * level) {
                tags[level][slot] = FREE;
            }
        }
    }
}
