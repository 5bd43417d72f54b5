package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** Hears of accesses that nobody answers, as the bus on which they end does. Called on the machine thread, after the access. */
@ConsumerType
@FunctionalInterface
public interface Unanswered {
    /**
     * @param address host-physical address or port number
     * @param size    bytes; an access to several places that do not answer may come as one or as several
     * @param write   rather than read
     */
    void unanswered(long address, int size, boolean write);
}
