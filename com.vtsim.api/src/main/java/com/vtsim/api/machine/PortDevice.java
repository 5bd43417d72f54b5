package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** Registers in port space. Called on the machine's thread only. */
@ConsumerType
public interface PortDevice {
    /**
     * @param port the port's number, 0–FFFFh
     * @param size 1, 2 or 4 bytes
     * @return the value, zero-extended
     */
    int read(int port, int size);

    /** Stores the low {@code size} bytes of {@code value}. */
    void write(int port, int size, int value);
}
