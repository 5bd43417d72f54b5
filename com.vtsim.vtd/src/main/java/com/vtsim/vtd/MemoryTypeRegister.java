package com.vtsim.vtd;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** The unit's memory type range registers. Source: VT-d specification, Memory Type Range Registers. */
enum MemoryTypeRegister implements Register {
    MTRRCAP(at(0x100, 8).constant(0x508).title("MTRR Capability")),                                  // as IA32_MTRRCAP: WC, fixed ranges, 8 variable ones
    MTRRDEF(at(0x108, 8).rw(0xCFF).title("MTRR Default Type")),
    FIX64K_00000(fixed(0x120)),
    FIX16K_80000(fixed(0x128)),
    FIX16K_A0000(fixed(0x130)),
    FIX4K_C0000(fixed(0x138)),
    FIX4K_C8000(fixed(0x140)),
    FIX4K_D0000(fixed(0x148)),
    FIX4K_D8000(fixed(0x150)),
    FIX4K_E0000(fixed(0x158)),
    FIX4K_E8000(fixed(0x160)),
    FIX4K_F0000(fixed(0x168)),
    FIX4K_F8000(fixed(0x170)),
    PHYSBASE0(base(0x180)), PHYSMASK0(mask(0x188)),
    PHYSBASE1(base(0x190)), PHYSMASK1(mask(0x198)),
    PHYSBASE2(base(0x1A0)), PHYSMASK2(mask(0x1A8)),
    PHYSBASE3(base(0x1B0)), PHYSMASK3(mask(0x1B8)),
    PHYSBASE4(base(0x1C0)), PHYSMASK4(mask(0x1C8)),
    PHYSBASE5(base(0x1D0)), PHYSMASK5(mask(0x1D8)),
    PHYSBASE6(base(0x1E0)), PHYSMASK6(mask(0x1E8)),
    PHYSBASE7(base(0x1F0)), PHYSMASK7(mask(0x1F8));

    /** Bytes from the window's base to the first of these registers, and behind the last. */
    static final int FROM = 0x100;
    static final int TO = 0x220;

    private final Layout layout;

    MemoryTypeRegister(Layout layout) {
        this.layout = layout;
    }

    private static Layout fixed(int offset) {
        return at(offset, 8).rw(-1L).title("Fixed-Range MTRR");
    }

    private static Layout base(int offset) {
        return at(offset, 8).rw(0x0000_3FFF_FFFF_F0FFL).title("Variable-Range MTRR, base");
    }

    private static Layout mask(int offset) {
        return at(offset, 8).rw(0x0000_3FFF_FFFF_F800L).title("Variable-Range MTRR, mask");
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
