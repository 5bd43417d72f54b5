package com.vtsim.api.pci;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A function that keeps translations itself (a device-TLB: Address Translation Services), as the remapping unit that owns it sees it. The unit finds it by
 * its address in {@link PciHost#function}. What it sends goes through its {@link Upstream}. Machine thread only.
 */
@ConsumerType
public interface DeviceTlb extends PciFunction {
    /** {@link #pageResponse}: the pages of the group are there. */
    int RESPONSE_SUCCESS = 0;
    /** {@link #pageResponse}: a page of the group is not to be had. */
    int RESPONSE_INVALID = 1;
    /** {@link #pageResponse}: no page request of this function is served any more. */
    int RESPONSE_FAILURE = 15;

    /**
     * An invalidation request. The function drops what it has of the range and, before it returns, sends what it had under way with such translations.
     * It may send requests in here.
     *
     * @param pasid   process address space id the request is tagged with, or -1 for translations without one
     * @param address untranslated, a multiple of {@code length}
     * @param length  bytes, a power of two from 4096; {@link Long#MIN_VALUE} (2<sup>63</sup>) with address 0 for all
     * @param global  whatever the PASID
     * @return whether it answers with its completion. False is a device that hangs or has gone: the unit records a time-out
     */
    boolean invalidate(int pasid, long address, long length, boolean global);

    /**
     * The same, for a function that may answer later: with {@link Upstream#invalidated} and the tag. Until then wait descriptors behind the request wait.
     *
     * @param tag of the request, 0–31
     * @return whether it has answered already. False is an answer to come, or none: then the unit records a time-out in the end
     */
    default boolean invalidate(int tag, int pasid, long address, long length, boolean global) {
        return invalidate(pasid, address, length, global);
    }

    /**
     * A page request group response.
     *
     * @param pasid process address space id, or -1 if the request had none or the response is not to have one
     * @param group page request group index, 9 bits
     * @param code  {@link #RESPONSE_SUCCESS}, {@link #RESPONSE_INVALID} or {@link #RESPONSE_FAILURE}
     */
    default void pageResponse(int pasid, int group, int code) { }
}
