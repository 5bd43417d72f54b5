package com.vtsim.vtd;

import com.vtsim.api.machine.StateException;
import java.util.Arrays;

/**
 * A set-associative cache whose entries stay until they are invalidated or replaced. Lines are named by their index, so that nothing is allocated.
 * What keys and values mean is the user's.
 */
final class TranslationCache {
    /** In look-ups: whatever the tag. */
    static final int ANY = -1;
    private static final int EMPTY = -1;
    private static final int FIELDS = 7;

    /** Which line of a set makes room. */
    enum Replacement { LRU, FIFO }

    private final int ways;
    private final int sets;
    private final Replacement replacement;
    private final int[] domains;
    private final int[] pasids;
    private final long[] keys;
    private final long[] firsts;
    private final long[] seconds;
    private final long[] thirds;
    private final long[] stamps;
    private long stamp;

    /** Judges a line. */
    @FunctionalInterface
    interface Choice {
        boolean takes(int line);
    }

    /** @param capacity lines, a power of two, at least 1; up to four share a set */
    TranslationCache(int capacity, Replacement replacement) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("a cache holds a power of two of entries, not " + capacity);
        }
        this.replacement = replacement;
        ways = Math.min(4, capacity);
        sets = capacity / ways;
        domains = new int[capacity];
        pasids = new int[capacity];
        keys = new long[capacity];
        firsts = new long[capacity];
        seconds = new long[capacity];
        thirds = new long[capacity];
        stamps = new long[capacity];
        Arrays.fill(domains, EMPTY);
    }

    /** Processes use the same addresses often: their numbers count too, lest they crowd one set. */
    private int set(int pasid, long key) {
        return (int) ((key + pasid * 0x2545_F491_4F6C_DD1DL) * 0x9E37_79B9_7F4A_7C15L >>> 33) % sets * ways;
    }

    /** @return the line, or -1 */
    int find(int domain, int pasid, long key) {
        int from = set(pasid, key);
        for (int line = from; line < from + ways; line++) {
            if (domains[line] != EMPTY && keys[line] == key && (domain == ANY || domains[line] == domain) && pasids[line] == pasid) {
                if (replacement == Replacement.LRU) {
                    stamps[line] = ++stamp;
                }
                return line;
            }
        }
        return -1;
    }

    /** Adds an entry, or replaces the one of the same key and tags. */
    void insert(int domain, int pasid, long key, long first, long second, long third) {
        int line = room(domain, pasid, key);
        domains[line] = domain;
        pasids[line] = pasid;
        keys[line] = key;
        firsts[line] = first;
        seconds[line] = second;
        thirds[line] = third;
        stamps[line] = ++stamp;
    }

    private int room(int domain, int pasid, long key) {
        int from = set(pasid, key);
        int oldest = from;
        for (int line = from; line < from + ways; line++) {
            if (domains[line] == domain && keys[line] == key && pasids[line] == pasid) {
                return line;
            }
            if (domains[oldest] != EMPTY && (domains[line] == EMPTY || stamps[line] < stamps[oldest])) {
                oldest = line;
            }
        }
        return oldest;
    }

    int domain(int line) {
        return domains[line];
    }

    int pasid(int line) {
        return pasids[line];
    }

    long key(int line) {
        return keys[line];
    }

    long first(int line) {
        return firsts[line];
    }

    long second(int line) {
        return seconds[line];
    }

    long third(int line) {
        return thirds[line];
    }

    boolean holds(int line) {
        return domains[line] != EMPTY;
    }

    /** @return lines there are */
    int capacity() {
        return domains.length;
    }

    void clear() {
        Arrays.fill(domains, EMPTY);
    }

    /** Drops the entries that are chosen. */
    void drop(Choice choice) {
        for (int line = 0; line < domains.length; line++) {
            if (domains[line] != EMPTY && choice.takes(line)) {
                domains[line] = EMPTY;
            }
        }
    }

    /** @return all that it holds, in the order of the latest use or entry */
    long[] save() {
        int count = 0;
        for (int each : domains) {
            count += each == EMPTY ? 0 : 1;
        }
        long[] saved = new long[count * FIELDS];
        int at = 0;
        for (int line = 0; line < domains.length; line++) {
            if (domains[line] != EMPTY) {
                long[] fields = {line, domains[line] & 0xFFFF_FFFFL | (long) pasids[line] << 32, keys[line], firsts[line], seconds[line], thirds[line], stamps[line]};
                System.arraycopy(fields, 0, saved, at, FIELDS);
                at += FIELDS;
            }
        }
        return saved;
    }

    /** @throws StateException if it cannot be from a cache of this capacity */
    void check(long[] saved) {
        if (saved.length % FIELDS != 0) {
            throw new StateException("a cache's state has " + saved.length + " numbers");
        }
        for (int at = 0; at < saved.length; at += FIELDS) {
            if (saved[at] < 0 || saved[at] >= domains.length) {
                throw new StateException("a cache's state has line " + saved[at] + ", there are " + domains.length);
            }
        }
    }

    void restore(long[] saved) {
        clear();
        stamp = 0;
        for (int at = 0; at < saved.length; at += FIELDS) {
            int line = (int) saved[at];
            domains[line] = (int) saved[at + 1];
            pasids[line] = (int) (saved[at + 1] >> 32);
            keys[line] = saved[at + 2];
            firsts[line] = saved[at + 3];
            seconds[line] = saved[at + 4];
            thirds[line] = saved[at + 5];
            stamps[line] = saved[at + 6];
            stamp = Math.max(stamp, stamps[line]);
        }
    }
}
