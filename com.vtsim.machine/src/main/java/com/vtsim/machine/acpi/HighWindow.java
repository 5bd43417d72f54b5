package com.vtsim.machine.acpi;

import com.vtsim.api.pci.PciFunction;
import java.util.Collection;

/**
 * Host-physical addresses above 4 GiB that the host bridge passes on: those where firmware has put functions' memory, rounded to the space it keeps for that
 * (32 GiB), so that what is plugged in later finds room too. Source: PCI Local Bus Specification, Base Addresses; PCI-to-PCI Bridge Architecture
 * Specification, Prefetchable Base Upper 32 Bits.
 *
 * @param first lowest address
 * @param last  highest address; below {@code first} where firmware has put nothing there
 */
record HighWindow(long first, long last) {
    private static final long FOUR_GIB = 1L << 32;
    private static final long ROOM = 1L << 35;
    private static final int HEADER_TYPE = 0x0E;
    private static final int BASE_ADDRESS = 0x10;
    private static final int PREFETCHABLE_BASE = 0x24;
    private static final int PREFETCHABLE_UPPER = 0x28;
    private static final int WIDE = 4;

    /** @param ramEnd first address after RAM */
    static HighWindow of(Collection<PciFunction> functions, long ramEnd) {
        long first = Long.MAX_VALUE;
        long last = -1;
        for (PciFunction function : functions) {
            boolean bridge = (function.configRead(HEADER_TYPE, 1) & 0x7F) == 1;
            for (int at = BASE_ADDRESS; at < (bridge ? 0x18 : 0x28); at += 4) {
                int low = function.configRead(at, 4);
                if ((low & 7) != WIDE) {
                    continue;
                }
                long base = wide(low & -16, function.configRead(at + 4, 4));
                at += 4;
                if (base >= FOUR_GIB) {
                    first = Math.min(first, base);
                    last = Math.max(last, base);
                }
            }
            if (bridge && (function.configRead(PREFETCHABLE_BASE, 2) & 0xF) == 1) {
                long base = wide(function.configRead(PREFETCHABLE_BASE, 2) << 16 & 0xFFF0_0000, function.configRead(PREFETCHABLE_UPPER, 4));
                long limit = wide(function.configRead(PREFETCHABLE_BASE + 2, 2) << 16 | 0xF_FFFF, function.configRead(PREFETCHABLE_UPPER + 4, 4));
                if (base >= FOUR_GIB && limit > base) {
                    first = Math.min(first, base);
                    last = Math.max(last, limit);
                }
            }
        }
        return last < 0 ? new HighWindow(0, -1) : new HighWindow(Math.max(first & -ROOM, Math.max(FOUR_GIB, ramEnd)), last | ROOM - 1);
    }

    private static long wide(int low, int high) {
        return low & 0xFFFF_FFFFL | (high & 0xFFFF_FFFFL) << 32;
    }

    boolean exists() {
        return first <= last;
    }
}
