package com.vtsim.api.vtd;

import com.vtsim.api.pci.RequestTranslator;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A VT-d remapping hardware unit as its operator sees it. Machine thread only. */
@ConsumerType
public interface RemappingUnit extends RequestTranslator {
    /** @return host-physical base of the register window */
    long registerBase();

    /**
     * Walks the tables for a request without touching caches, fault records or accessed bits.
     *
     * @param sourceId   requester
     * @param pasid      20 bits, or -1
     * @param dmaAddress as the device has it
     */
    Walk walk(int sourceId, int pasid, long dmaAddress);

    /**
     * A walk.
     *
     * @param steps        in order
     * @param hostPhysical where it ends, or -1
     * @param fault        the fault reason in words, empty if there is none
     */
    record Walk(List<Step> steps, long hostPhysical, String fault) { }

    /**
     * An entry read by a walk.
     *
     * @param table   root, context, PASID directory, page directory …
     * @param address host-physical address of the entry
     * @param entry   its low and, where it has one, high half
     * @param meaning decoded, one line
     */
    record Step(String table, long address, List<Long> entry, String meaning) { }
}
