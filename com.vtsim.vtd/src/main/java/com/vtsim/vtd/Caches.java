package com.vtsim.vtd;

import com.vtsim.api.register.Field;

/**
 * The unit's caches. Source: VT-d specification, Caching Translation Information.
 * <ul>
 * <li>context: key source-id; values are the entry's halves.
 * <li>IOTLB: key {@link #page}; values are page and rights, the leaf's address, the leaf.
 * <li>paging structure: key {@link #prefix}; values are the table's address, the rights on the way, the entry.
 * <li>PASID: key {@link #process}; values are three quarters of the PASID table entry.
 * <li>interrupt entry: key index; values are the entry's halves. Not tagged: domain 0.
 * </ul>
 */
final class Caches {
    /** Value of an IOTLB entry: reads are permitted. */
    static final long READ = 1;
    /** Value of an IOTLB entry: writes are permitted. */
    static final long WRITE = 2;
    /** Value of an IOTLB or paging-structure entry of the first stage: user requests are permitted. */
    static final long USER = 4;
    /** The same: execution is permitted. */
    static final long EXECUTE = 8;
    /** The same: it is of a nested translation. */
    static final long NESTED = 16;
    /** IOTLB: the dirty bit is not set yet; a write needs a walk. */
    static final long CLEAN = 32;
    /** The second stage, if there is one, permits writes. */
    static final long SECOND_WRITE = 128;
    /** The same: requests to the page snoop the processors' caches. */
    static final long SNOOP = 256;
    static final int NO_PASID = -1;
    /** Tag of context entries of scalable mode, which name no domain. */
    static final int NO_DOMAIN = 0x1_0000;
    private static final Field SIZE = Field.bits(1, 0);
    private static final Field LEVEL = Field.bits(2, 0);

    final TranslationCache context;
    final TranslationCache iotlb;
    final TranslationCache structure;
    final TranslationCache pasid;
    final TranslationCache interrupt;

    /** What is carried over. */
    record CacheState(long[] context, long[] iotlb, long[] structure, long[] pasid, long[] interrupt) { }

    /** @param capacity of the IOTLB; the others are a quarter */
    Caches(int capacity, TranslationCache.Replacement replacement) {
        int quarter = Math.max(1, capacity / 4);
        context = new TranslationCache(quarter, replacement);
        iotlb = new TranslationCache(capacity, replacement);
        structure = new TranslationCache(quarter, replacement);
        pasid = new TranslationCache(quarter, replacement);
        interrupt = new TranslationCache(quarter, replacement);
    }

    /** @param level 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB */
    static long page(long address, int level) {
        return address >>> shift(level) << 2 | level;
    }

    /** @param level of the table that the entry leads to, from 1 */
    static long prefix(long address, int level) {
        return address >>> shift(level + 1) << 3 | level;
    }

    /** @param pasid 20 bits */
    static long process(int sourceId, int pasid) {
        return (long) sourceId << 20 | pasid;
    }

    /** @return bits of an address below an entry of this level */
    static int shift(int level) {
        return 12 + 9 * (level - 1);
    }

    /** Drops everything that DMA remapping has cached. */
    void clearDma() {
        context.clear();
        pasid.clear();
        clearTranslations();
    }

    /** Drops all DMA translations. */
    void clearTranslations() {
        iotlb.clear();
        structure.clear();
    }

    /** Drops the translations of a domain. */
    void dropDomain(int domain) {
        iotlb.drop(line -> iotlb.domain(line) == domain);
        structure.drop(line -> structure.domain(line) == domain);
    }

    /**
     * Drops a domain's second-stage translations of a range, and all its first-stage and nested ones: which of them came through the range is not known.
     * Source: VT-d specification, IOTLB Invalidate.
     *
     * @param pages 2<sup>n</sup> of 4 KiB, from the range's own boundary
     * @param leavesOnly whether paging-structure entries of the second stage are kept
     */
    void dropPages(int domain, long address, int pages, boolean leavesOnly) {
        long mask = mask(pages);
        long from = address & mask;
        long to = from | ~mask;
        iotlb.drop(line -> iotlb.domain(line) == domain && (iotlb.pasid(line) != NO_PASID || inRange(iotlb, line, from, to)));
        structure.drop(line -> structure.domain(line) == domain && (structure.pasid(line) != NO_PASID || !leavesOnly && covers(line, from, to)));
    }

    /** Drops the translations of a process; those of the second stage, which all processes of the domain share, with them. Source: VT-d specification, PASID-based-IOTLB Invalidate Descriptor. */
    void dropProcess(int domain, int process) {
        iotlb.drop(line -> iotlb.domain(line) == domain && (iotlb.pasid(line) == process || iotlb.pasid(line) == NO_PASID));
        structure.drop(line -> structure.domain(line) == domain && structure.pasid(line) == process);
    }

    /** As {@link #dropPages}, of a process. */
    void dropProcessPages(int domain, int process, long address, int pages, boolean leavesOnly) {
        long mask = mask(pages);
        long from = address & mask;
        long to = from | ~mask;
        iotlb.drop(line -> iotlb.domain(line) == domain && iotlb.pasid(line) == process && inRange(iotlb, line, from, to));
        if (!leavesOnly) {
            structure.drop(line -> structure.domain(line) == domain && structure.pasid(line) == process && covers(line, from, to));
        }
    }

    private static long mask(int pages) {
        return pages >= Long.SIZE - 12 ? 0 : -1L << 12 + pages;
    }

    private static boolean inRange(TranslationCache iotlb, int line, long from, long to) {
        return meets(iotlb.key(line) >>> 2, shift((int) SIZE.of(iotlb.key(line))), from, to);
    }

    private boolean covers(int line, long from, long to) {
        return meets(structure.key(line) >>> 3, shift((int) LEVEL.of(structure.key(line)) + 1), from, to);
    }

    private static boolean meets(long number, int shift, long from, long to) {
        long first = number << shift;
        return Long.compareUnsigned(first, to) <= 0 && Long.compareUnsigned(first | (1L << shift) - 1, from) >= 0;
    }

    /** Drops the context entries of a domain. */
    void dropContexts(int domain) {
        context.drop(line -> isOf(line, domain));
    }

    /** Drops the context entries of a domain's requesters that agree in the bits not masked. */
    void dropContexts(int domain, int sourceId, int functionMask) {
        int ignored = switch (functionMask) {
            case 1 -> 4;
            case 2 -> 6;
            case 3 -> 7;
            default -> 0;
        };
        context.drop(line -> isOf(line, domain) && ((int) context.key(line) & ~ignored) == (sourceId & ~ignored));
    }

    private boolean isOf(int line, int domain) {
        return context.domain(line) == domain || context.domain(line) == NO_DOMAIN;
    }

    /** Drops the PASID entries of a domain. */
    void dropProcesses(int domain) {
        pasid.drop(line -> pasid.domain(line) == domain);
    }

    /** Drops the PASID entries of a process. */
    void dropProcesses(int domain, int process) {
        pasid.drop(line -> pasid.domain(line) == domain && (pasid.key(line) & 0xF_FFFF) == process);
    }

    /** Drops interrupt entries whose index agrees in the bits above {@code mask}. */
    void dropInterrupts(int index, int mask) {
        interrupt.drop(line -> interrupt.key(line) >>> mask == (long) index >>> mask);
    }

    void clear() {
        context.clear();
        pasid.clear();
        clearTranslations();
        interrupt.clear();
    }

    CacheState save() {
        return new CacheState(context.save(), iotlb.save(), structure.save(), pasid.save(), interrupt.save());
    }

    void check(CacheState state) {
        context.check(state.context());
        iotlb.check(state.iotlb());
        structure.check(state.structure());
        pasid.check(state.pasid());
        interrupt.check(state.interrupt());
    }

    void restore(CacheState state) {
        context.restore(state.context());
        iotlb.restore(state.iotlb());
        structure.restore(state.structure());
        pasid.restore(state.pasid());
        interrupt.restore(state.interrupt());
    }
}
