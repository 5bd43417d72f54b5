package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** A part that takes message-signalled interrupts: writes to FEEx_xxxxh that do not come from a processor. Machine thread only. */
@ConsumerType
public interface MessageTarget extends Part {
    /**
     * @param address FEEx_xxxxh
     * @param data    32 bits
     */
    void message(long address, int data);
}
