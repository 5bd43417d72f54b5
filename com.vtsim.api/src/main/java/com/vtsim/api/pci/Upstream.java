package com.vtsim.api.pci;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The way of one requester towards memory. A write to FEEx_xxxxh is a message-signalled interrupt. Requests of a function
 * whose bus-master enable is clear are not sent: ask before. Machine thread only.
 */
@ProviderType
public interface Upstream {
    /**
     * @param dmaAddress as the device has it
     * @return false if the request was blocked or reached nothing (unsupported request): {@code into} is then all ones
     */
    boolean read(long dmaAddress, byte[] into, int offset, int length);

    /** @return false if the request was blocked; nothing is then written from the blocked page on */
    boolean write(long dmaAddress, byte[] from, int offset, int length);

    /** Sends a message-signalled interrupt: a 4-byte write. @return false if it was blocked */
    boolean message(long address, int data);

    /** @return the 16-bit source-id the requests carry */
    int sourceId();
}
