package com.vtsim.vtd;

import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/** Where a walk has come to; reused, so that walks allocate nothing. */
final class Outcome {
    /** Why the request is blocked, or null. */
    FaultReason fault;
    /** Whether the entry that governs the request disables fault processing. */
    boolean silent;
    /** The context entry's halves. */
    long low;
    long high;
    int domain;
    /** Whether requests pass untranslated. */
    boolean passThrough;
    /** Top table. */
    long table;
    /** Levels of tables, 3 to 5. */
    int levels;
    /** Bits of a DMA address that are translated. */
    int width;
    /** Host-physical address of the page. */
    long page;
    /** Level of the leaf: 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB. */
    int leafLevel;
    /** {@link Caches#READ} and {@link Caches#WRITE}. */
    long rights;
    long leafAt;
    long leaf;
    /** Where entries read are noted; null for nowhere. */
    List<Step> steps;

    void begin() {
        fault = null;
        silent = false;
        low = 0;
        high = 0;
        domain = 0;
        passThrough = false;
        rights = 0;
        leafAt = 0;
        leaf = 0;
        leafLevel = 0;
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
