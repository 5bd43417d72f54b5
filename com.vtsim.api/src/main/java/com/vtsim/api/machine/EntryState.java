package com.vtsim.api.machine;

import java.util.Map;

/**
 * Where and how a loaded image starts.
 *
 * @param mode      processor mode
 * @param entry     instruction pointer (offset in a flat code segment; in {@link Mode#REAL} offset in {@code registers["cs"]})
 * @param registers further registers by lower-case name: {@code rax}, {@code rsp}, {@code cs} …, {@code cr3}; model-specific ones ({@code msr:2ff}) are
 *                  set on every processor, as firmware does; others as the mode's definition says
 */
public record EntryState(Mode mode, long entry, Map<String, Long> registers) {
    /** Modes of entry. Interrupts are off in each, the direction flag is clear. */
    public enum Mode {
        /** Real-address mode; segment registers as given, 0 if not. */
        REAL,
        /** Protected mode, paging off, flat 4 GiB segments at privilege level 0 (selectors 10h code, 18h data). */
        PROTECTED,
        /** 64-bit mode, 4-level paging with the given {@code cr3}, flat segments (selectors 10h code, 18h data). */
        LONG
    }

    /** Copies the map. */
    public EntryState {
        registers = Map.copyOf(registers);
    }
}
