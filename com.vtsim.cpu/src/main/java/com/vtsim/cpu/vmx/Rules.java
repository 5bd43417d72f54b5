package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.SystemState;

/** What several rules ask. */
final class Rules {
    private static final long EFER_KNOWN = SystemState.EFER_SCE | SystemState.EFER_LME | SystemState.EFER_LMA | SystemState.EFER_NXE;

    private Rules() { }

    /** @param cr4 decides on 48 or 57 bits */
    static boolean canonical(EntryRule.Context c, long address, long cr4) {
        int shift = (cr4 & SystemState.CR4_LA57 & c.cpu().cpuid.controlBits4()) != 0 ? 7 : 16;
        return address << shift >> shift == address;
    }

    /** @return whether the bits above the processor's linear-address width are all the same; the highest of the width may differ from them */
    static boolean width(EntryRule.Context c, long address) {
        long above = address >> ((SystemState.CR4_LA57 & c.cpu().cpuid.controlBits4()) != 0 ? 57 : 48);
        return above == 0 || above == -1;
    }

    static boolean pat(long value) {
        for (int i = 0; i < 8; i++) {
            int type = (int) (value >>> 8 * i) & 0xFF;
            if (type > 7 || type == 2 || type == 3) {
                return false;
            }
        }
        return true;
    }

    static boolean efer(long value) {
        return (value & ~EFER_KNOWN) == 0;
    }
}
