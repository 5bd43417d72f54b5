package com.vtsim.vtd;

import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/** Where a walk has come to; reused, so that walks allocate nothing. */
final class Outcome {
    /** {@link #stage}: second-stage tables, also those of legacy mode. */
    static final int SECOND = 2;
    static final int FIRST = 1;
    /** {@link #stage}: first-stage tables in a second stage. */
    static final int NESTED = 3;

    /** Why the request is blocked, or null. */
    FaultReason fault;
    /** Whether an entry that governs the request disables fault processing. */
    boolean silent;
    /** Whether scalable mode's fault reasons apply. */
    boolean scalable;
    /** The context entry's halves; in scalable mode the first two quarters. */
    long low;
    long high;
    /** Scalable mode: the parts of the PASID table entry that say something. */
    long entry0;
    long entry1;
    long entry2;
    /** Process address space id that the PASID table was asked for. */
    int pasid;
    int domain;
    /** Tag of cached translations: a PASID, or {@link Caches#NO_PASID} for those of the second stage. */
    int tag;
    /** {@link #FIRST}, {@link #SECOND} or {@link #NESTED}. */
    int stage;
    /** Whether requests pass untranslated. */
    boolean passThrough;
    /** Whether translation requests and translated requests are permitted. */
    boolean deviceTlb;
    /** Top table of the second stage. */
    long table;
    /** Levels of second-stage tables, 3 to 5. */
    int levels;
    /** Bits of a DMA address, or in a nested translation of a guest-physical one, that the second stage translates. */
    int width;
    /** Whether the second stage has accessed and dirty bits. */
    boolean marks;
    /** Top table of the first stage; guest-physical in a nested translation. */
    long firstTable;
    /** Levels of first-stage tables, 4 or 5. */
    int firstLevels;
    /** First stage: supervisor writes need the right to write. */
    boolean writeProtect;
    boolean extendedAccessed;
    /** Scalable mode: accesses to paging entries snoop the processors' caches; without that they cannot be marked. */
    boolean snooped;
    /** Scalable mode: requests to the page snoop the processors' caches. */
    boolean pageSnooped;
    /** Host-physical address of the page. */
    long page;
    /** Level of the leaf: 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB. */
    int leafLevel;
    /** {@link Caches#READ} and {@link Caches#WRITE}. */
    long rights;
    /** {@link Caches#USER} and its neighbours. */
    long flags;
    /** Whether the walk has an answer that may be cached: rights, or their absence. */
    boolean complete;
    long leafAt;
    /** The leaf; in a nested translation the first stage's. */
    long leaf;
    /** The second stage's leaf. */
    long secondLeaf;
    /** Level of the first stage's leaf. */
    int firstLeafLevel;
    /** Entries that a search for processes has looked at. */
    int looked;
    /** Where entries read are noted; null for nowhere. */
    List<Step> steps;

    void begin() {
        fault = null;
        silent = false;
        scalable = false;
        low = 0;
        high = 0;
        entry0 = 0;
        entry1 = 0;
        entry2 = 0;
        pasid = Caches.NO_PASID;
        domain = 0;
        tag = Caches.NO_PASID;
        stage = SECOND;
        passThrough = false;
        deviceTlb = false;
        marks = false;
        snooped = false;
        pageSnooped = false;
        beginPage();
    }

    /** Forgets what a walk for a page has found, and why it failed. */
    void beginPage() {
        fault = null;
        rights = 0;
        flags = 0;
        leafAt = 0;
        leaf = 0;
        leafLevel = 0;
        complete = false;
    }

    boolean fail(FaultReason reason) {
        fault = reason;
        return false;
    }

    /** @return where an address in the page goes */
    long hostPhysical(long dmaAddress) {
        return passThrough ? dmaAddress : page | dmaAddress & (1L << Caches.shift(leafLevel)) - 1;
    }
}
