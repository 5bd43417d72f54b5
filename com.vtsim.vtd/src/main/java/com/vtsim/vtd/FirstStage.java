package com.vtsim.vtd;

import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/**
 * Walks first-stage tables, which have the form of the processor's 4- and 5-level paging, alone or nested in a second stage.
 * Source: VT-d specification, First-Level Translation; Nested Translation.
 */
final class FirstStage {
    static final long P = 1;
    private static final long RW = 1 << 1;
    private static final long US = 1 << 2;
    private static final long A = 1 << 5;
    private static final long D = 1 << 6;
    private static final long PS = 1 << 7;
    /** Extended accessed. */
    private static final long EA = 1 << 10;
    private static final long XD = 1L << 63;
    private static final long PAGE = ~0xFFFL;
    private static final String[] NAMES = {"", "FL-PTE", "FL-PDE", "FL-PDPTE", "FL-PML4E", "FL-PML5E"};

    /** Of a paging entry through the second stage. */
    private static final Access FETCH = new Access();

    private final Capability capability;
    private final TableMemory memory;
    private final SecondStage second;
    /** Second-stage walks for the tables and the page of a nested translation. */
    private final Outcome inner = new Outcome();
    private boolean mayMark;

    FirstStage(Capability capability, TableMemory memory, SecondStage second) {
        this.capability = capability;
        this.memory = memory;
        this.second = second;
    }

    /**
     * Walks from {@link Outcome#firstTable}.
     *
     * @param address checked to be canonical already
     * @param access  what is wanted
     * @param cache   paging-structure cache to use and to fill, or null: then accessed and dirty bits are left alone too
     * @return false with the fault set
     */
    boolean walk(long address, Access access, TranslationCache cache, Outcome out) {
        long table = out.firstTable;
        int level = out.firstLevels;
        long flags = Caches.WRITE | Caches.USER | Caches.EXECUTE;
        boolean hit = false;
        for (int to = 1; cache != null && to < out.firstLevels; to++) {
            int line = cache.find(out.domain, out.tag, Caches.prefix(address, to));
            if (line >= 0) {
                table = cache.first(line);
                flags = cache.second(line);
                level = to;
                hit = true;
                break;
            }
        }
        boolean nested = out.stage == Outcome.NESTED;
        mayMark = !nested || (flags & Caches.SECOND_WRITE) != 0;
        if (!hit && nested && (table = table(table, true, cache, out)) < 0) {
            return false;
        }
        for (; ; level--) {
            long at = table + (address >>> Caches.shift(level) & 0x1FF) * 8;
            if (!memory.holds(at)) {
                return out.fail(level == out.firstLevels ? FaultReason.FIRST_TOP_ACCESS : FaultReason.FIRST_ACCESS);
            }
            long entry = memory.read(at);
            boolean leaf = level == 1 || (entry & PS) != 0 && level <= 3;
            note(out, level, at, entry, leaf);
            if ((entry & P) == 0) {
                return out.fail(FaultReason.FIRST_NOT_PRESENT);
            }
            if ((entry & reserved(level, leaf)) != 0) {
                return out.fail(FaultReason.FIRST_RESERVED);
            }
            flags &= ((entry & RW) != 0 ? Caches.WRITE : 0) | ((entry & US) != 0 ? Caches.USER : 0) | ((entry & XD) == 0 ? Caches.EXECUTE : 0);
            if (leaf) {
                out.leafAt = at;
                out.leaf = entry;
                out.leafLevel = level;
                return page(address, at, entry, flags, access, cache, out);
            }
            if (cache != null && !mark(at, entry, A | (out.extendedAccessed ? EA : 0), out)) {
                return false;
            }
            table = entry & SecondStage.ADDRESS_SPACE & PAGE;
            if (nested && (table = table(table, false, cache, out)) < 0) {
                return false;
            }
            if (cache != null) {
                cache.insert(out.domain, out.tag, Caches.prefix(address, level - 1), table, flags | (nested ? Caches.NESTED | (mayMark ? Caches.SECOND_WRITE : 0) : 0), entry);
            }
        }
    }

    /** The leaf is found: where it leads, and whether that may be. */
    private boolean page(long address, long at, long entry, long flags, Access access, TranslationCache cache, Outcome out) {
        int level = out.leafLevel;
        long page = entry & SecondStage.ADDRESS_SPACE & -1L << Caches.shift(level);
        out.rights = Caches.READ | flags & Caches.WRITE;
        out.flags = flags & (Caches.USER | Caches.EXECUTE) | Caches.SECOND_WRITE;
        out.page = page;
        out.firstLeafLevel = level;
        out.complete = true;
        if (!permitted(access, out)) {
            // What the second stage says is not known yet.
            out.complete = out.stage != Outcome.NESTED;
            return false;
        }
        if (cache != null && !mark(at, entry, A | (access.write ? D : 0) | (out.extendedAccessed ? EA : 0), out)) {
            out.complete = false;
            return false;
        }
        if (!access.write && (entry & D) == 0) {
            out.flags |= Caches.CLEAN;
        }
        return out.stage != Outcome.NESTED || nestedPage(page | address & (1L << Caches.shift(level)) - 1, access, cache, out);
    }

    private boolean nestedPage(long guestPhysical, Access access, TranslationCache cache, Outcome out) {
        out.complete = false;
        if (guestPhysical >>> out.width != 0) {
            return out.fail(FaultReason.FIRST_BEYOND_WIDTH);
        }
        if (!secondStage(guestPhysical, access, cache, out)) {
            return out.fail(inner.fault);
        }
        out.leafLevel = Math.min(out.leafLevel, inner.leafLevel);
        out.page = inner.hostPhysical(guestPhysical) & -1L << Caches.shift(out.leafLevel);
        out.secondLeaf = inner.leaf;
        out.rights = inner.rights & (out.rights | ~Caches.WRITE);
        out.flags = out.flags & ~Caches.SECOND_WRITE | inner.flags & (Caches.CLEAN | Caches.SNOOP) | Caches.NESTED | ((inner.rights & Caches.WRITE) != 0 ? Caches.SECOND_WRITE : 0);
        out.complete = true;
        return permitted(access, out);
    }

    private boolean secondStage(long guestPhysical, Access access, TranslationCache cache, Outcome out) {
        inner.begin();
        inner.scalable = true;
        inner.domain = out.domain;
        inner.table = out.table;
        inner.levels = out.levels;
        inner.marks = out.marks;
        inner.steps = out.steps;
        inner.snooped = out.snooped;
        return second.walk(guestPhysical, access, cache, inner);
    }

    /** Where a table of a nested translation is. @return host-physical, or -1 with the fault set */
    private long table(long guestPhysical, boolean top, TranslationCache cache, Outcome out) {
        if (guestPhysical >>> out.width != 0) {
            out.fail(FaultReason.FIRST_BEYOND_WIDTH);
            return -1;
        }
        if (!secondStage(guestPhysical, FETCH, cache, out)) {
            out.fail(inner.fault == FaultReason.SM_READ_DENIED ? top ? FaultReason.FIRST_TOP_DENIED : FaultReason.FIRST_READ_DENIED : inner.fault);
            return -1;
        }
        mayMark = (inner.rights & Caches.WRITE) != 0;
        if (out.marks && !mayMark) {
            out.fail(FaultReason.FIRST_WRITE_DENIED);
            return -1;
        }
        return inner.hostPhysical(guestPhysical);
    }

    /** Sets bits of an entry. @return false with the fault set if the second stage does not permit it */
    private boolean mark(long at, long entry, long bits, Outcome out) {
        if ((entry & bits) == bits) {
            return true;
        }
        if (!mayMark || !out.snooped) {
            return out.fail(mayMark ? FaultReason.FIRST_NOT_SNOOPED : FaultReason.FIRST_WRITE_DENIED);
        }
        memory.write(at, entry | bits);
        return true;
    }

    /** Judges what a complete walk, or the IOTLB, gave. */
    static boolean permitted(Access access, Outcome out) {
        if (!access.privileged && (out.flags & Caches.USER) == 0) {
            return out.fail(FaultReason.USER_DENIED);
        }
        if (access.execute && (out.flags & Caches.EXECUTE) == 0) {
            return out.fail(FaultReason.EXECUTE_DENIED);
        }
        boolean override = access.privileged && !out.writeProtect && (out.flags & Caches.SECOND_WRITE) != 0;
        if (access.write && (out.rights & Caches.WRITE) == 0 && !override) {
            return out.fail(FaultReason.SM_WRITE_DENIED);
        }
        return access.write || (out.rights & (access.zeroLength ? Caches.READ | Caches.WRITE : Caches.READ)) != 0 || out.fail(FaultReason.SM_READ_DENIED);
    }

    /** @return bits that a present entry must not have */
    long reserved(int level, boolean leaf) {
        long stray = memory.beyond() & SecondStage.ADDRESS_SPACE;
        if (!leaf) {
            return stray | (level >= 4 ? PS : 0);
        }
        if (level == 1) {
            return stray;
        }
        long unsupported = level == 3 && !capability.has(Capability.FL1GP) ? PS : 0;
        // Bit 12 of a large page is its PAT bit.
        return stray | unsupported | (1L << Caches.shift(level)) - 1 & ~0x1FFFL;
    }

    private static void note(Outcome out, int level, long at, long entry, boolean leaf) {
        if (out.steps != null) {
            String meaning = (entry & P) == 0 ? "not present" : String.format("%s%s%s %s%s%s", (entry & RW) != 0 ? "RW" : "R-", (entry & US) != 0 ? " user" : " supervisor",
                    (entry & XD) != 0 ? " XD" : "", leaf ? String.format("%s page at %x", SecondStage.size(level), entry & SecondStage.ADDRESS_SPACE & -1L << Caches.shift(level))
                            : String.format("table at %x", entry & SecondStage.ADDRESS_SPACE & PAGE), (entry & A) != 0 ? ", accessed" : "", leaf && (entry & D) != 0 ? ", dirty" : "");
            out.steps.add(new Step(NAMES[level], at, List.of(entry), meaning));
        }
    }
}
