package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** Registers in a window of host-physical memory. Called on the machine's thread only. */
@ConsumerType
public interface MmioDevice {
    /**
     * @param offset bytes from the window's base; a multiple of {@code size}
     * @param size   1, 2, 4 or 8 bytes
     * @return the value, zero-extended; 0 where reserved
     */
    long read(int offset, int size);

    /** Stores the low {@code size} bytes; what the specification forbids is dropped, never thrown. */
    void write(int offset, int size, long value);
}
