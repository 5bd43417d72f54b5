package com.vtsim.machine.load;

import com.vtsim.api.machine.MemorySpace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A range as firmware reports it (ACPI Specification, INT 15H, E820H - Query System Address Map).
 *
 * @param from host-physical
 * @param to   first address after
 * @param type {@link #AVAILABLE} or {@link #RESERVED}
 */
record MemoryRange(long from, long to, int type) {
    /** RAM for the operating system. */
    static final int AVAILABLE = 1;
    /** In use, or registers. */
    static final int RESERVED = 2;

    /** @return RAM without firmware's part of low memory, and what answers elsewhere as reserved, ascending */
    static List<MemoryRange> of(Ram ram, List<MemorySpace.Region> map) {
        List<MemoryRange> ranges = new ArrayList<>();
        for (long[] range : ram.ranges()) {
            ranges.add(new MemoryRange(range[0], range[1] == Ram.LOW_END ? LowMemory.END : range[1], AVAILABLE));
        }
        if (ranges.stream().anyMatch(range -> range.to == LowMemory.END)) {
            ranges.add(new MemoryRange(LowMemory.END, Ram.LOW_END, RESERVED));
        }
        ranges.add(new MemoryRange(LowMemory.FIRMWARE, Ram.HIGH, RESERVED));
        for (MemorySpace.Region region : map) {
            if (region.base() >= Ram.HIGH && (region.kind().equals("device") || region.kind().equals("rom"))) {
                ranges.add(new MemoryRange(region.base(), region.base() + region.length(), RESERVED));
            }
        }
        ranges.sort(Comparator.comparingLong(MemoryRange::from));
        return List.copyOf(ranges);
    }

    long length() {
        return to - from;
    }
}
