package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;

/** Memory as the unit's walks see it: tables lie in RAM below the host address width. */
final class TableMemory {
    private final long beyond;
    private MemorySpace memory;

    TableMemory(Capability capability) {
        beyond = -1L << capability.hostAddressWidth();
    }

    void attach(MemorySpace newMemory) {
        memory = newMemory;
    }

    /** @return bits that no host-physical address has */
    long beyond() {
        return beyond;
    }

    /** @return whether tables can be there */
    boolean holds(long hpa) {
        return (hpa & beyond) == 0 && memory.page(hpa) != null;
    }

    long read(long hpa) {
        return memory.read(hpa, 8);
    }

    void write(long hpa, long value) {
        memory.write(hpa, 8, value);
    }
}
