package com.vtsim.vtd;

import com.vtsim.api.register.Field;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/**
 * Walks second-stage tables, those of legacy mode and of scalable mode.
 * Source: VT-d specification, Second-Level Paging Entries; Accessed and Dirty Flags.
 */
final class SecondStage {
    /** It maps a large page. */
    static final Field PS = Field.bit(7);
    static final long A = 1L << 8;
    static final long D = 1L << 9;
    /** Bits 63 and 61:52 of a paging entry are for software. */
    static final long ADDRESS_SPACE = 0x000F_FFFF_FFFF_FFFFL;

    private static final long PAGE = ~0xFFFL;
    private static final long SNP = 1L << 11;
    /** Reserved since it no longer stands for a transient mapping. */
    private static final long TM = 1L << 62;
    private static final String[] NAMES = {"", "SL-PTE", "SL-PDE", "SL-PDPTE", "SL-PML4E", "SL-PML5E"};

    private final Capability capability;
    private final TableMemory memory;

    SecondStage(Capability capability, TableMemory memory) {
        this.capability = capability;
        this.memory = memory;
    }

    /**
     * Walks from {@link Outcome#table}.
     *
     * @param address DMA address, or guest-physical in a nested translation; checked against the width already
     * @param cache   paging-structure cache to use and to fill, or null: then accessed and dirty bits are left alone too
     * @return false with the fault set; a not-present leaf leaves its place in {@code out}
     */
    boolean walk(long address, Access access, TranslationCache cache, Outcome out) {
        long table = out.table;
        int level = out.levels;
        long rights = Caches.READ | Caches.WRITE;
        for (int to = 1; cache != null && to < out.levels; to++) {
            int line = cache.find(out.domain, Caches.NO_PASID, Caches.prefix(address, to));
            if (line >= 0) {
                table = cache.first(line);
                rights = cache.second(line);
                level = to;
                break;
            }
        }
        for (; ; level--) {
            long at = table + (address >>> Caches.shift(level) & 0x1FF) * 8;
            if (!memory.holds(at)) {
                boolean top = level == out.levels;
                return out.fail(out.scalable ? top ? FaultReason.SECOND_TOP_ACCESS : FaultReason.SECOND_ACCESS : top ? FaultReason.CONTEXT_INVALID : FaultReason.PAGING_ACCESS);
            }
            long entry = memory.read(at);
            boolean leaf = level == 1 || PS.isSet(entry) && level <= 3;
            note(out, level, at, entry, leaf);
            out.leafAt = at;
            out.leaf = entry;
            out.secondLeaf = entry;
            out.leafLevel = level;
            if ((entry & (Caches.READ | Caches.WRITE)) == 0) {
                out.rights = 0;
                out.complete = true;
                return out.fail(out.scalable ? FaultReason.SECOND_NOT_PRESENT : access.write ? FaultReason.WRITE_DENIED : FaultReason.READ_DENIED);
            }
            if ((entry & reserved(level, leaf)) != 0) {
                return out.fail(out.scalable ? FaultReason.SECOND_RESERVED : FaultReason.PAGING_RESERVED);
            }
            rights &= entry;
            if (leaf) {
                out.rights = rights;
                out.flags = (entry & SNP) != 0 ? Caches.SNOOP : 0;
                out.page = entry & ADDRESS_SPACE & -1L << Caches.shift(level);
                out.complete = true;
                return permitted(access, out) && mark(at, entry, access.write, cache != null, out);
            }
            table = entry & ADDRESS_SPACE & PAGE;
            if (cache != null) {
                if (out.marks && (entry & A) == 0) {
                    if (!out.snooped) {
                        return out.fail(FaultReason.SECOND_NOT_SNOOPED);
                    }
                    memory.write(at, entry | A);
                }
                cache.insert(out.domain, Caches.NO_PASID, Caches.prefix(address, level - 1), table, rights, entry);
            }
        }
    }

    /** Sets accessed and dirty bits of a leaf. @return false with the fault set if they cannot be */
    private boolean mark(long at, long entry, boolean write, boolean real, Outcome out) {
        if (!out.marks) {
            return true;
        }
        long marked = entry | A | (write ? D : 0);
        if (real && marked != entry && !out.snooped) {
            out.complete = false;
            return out.fail(FaultReason.SECOND_NOT_SNOOPED);
        }
        if (real && marked != entry) {
            memory.write(at, marked);
            out.leaf = marked;
        }
        if ((marked & D) == 0) {
            out.flags |= Caches.CLEAN;
        }
        return true;
    }

    /** Judges what a complete walk, or the IOTLB, gave. */
    static boolean permitted(Access access, Outcome out) {
        boolean write = access.write;
        if ((out.rights & (write ? Caches.WRITE : access.zeroLength ? Caches.READ | Caches.WRITE : Caches.READ)) != 0) {
            return true;
        }
        if (out.scalable) {
            return out.fail(out.rights == 0 ? FaultReason.SECOND_NOT_PRESENT : write ? FaultReason.SM_WRITE_DENIED : FaultReason.SM_READ_DENIED);
        }
        return out.fail(write ? FaultReason.WRITE_DENIED : FaultReason.READ_DENIED);
    }

    /** @return bits that a present entry must not have */
    long reserved(int level, boolean leaf) {
        long stray = memory.beyond() & ADDRESS_SPACE;
        if (!leaf) {
            return stray | SNP | TM | (level >= 4 ? PS.mask() : 0);
        }
        long snoop = capability.extended(Capability.SC) ? 0 : SNP;
        if (level == 1) {
            return stray | TM | snoop;
        }
        long unsupported = (Capability.SLLPS.of(capability.cap()) >> level - 2 & 1) == 0 ? PS.mask() : 0;
        return stray | TM | snoop | unsupported | (1L << Caches.shift(level)) - 1 & PAGE;
    }

    /** @return {@code 4 KiB}, {@code 2 MiB} or {@code 1 GiB} */
    static String size(int level) {
        return level == 1 ? "4 KiB" : level == 2 ? "2 MiB" : "1 GiB";
    }

    private static void note(Outcome out, int level, long at, long entry, boolean leaf) {
        if (out.steps != null) {
            long rights = entry & (Caches.READ | Caches.WRITE);
            String meaning = rights == 0 ? "not present" : String.format("%s%s%s", (rights & Caches.READ) != 0 ? "R" : "-", (rights & Caches.WRITE) != 0 ? "W" : "-",
                    leaf ? String.format(" %s page at %x", size(level), entry & ADDRESS_SPACE & -1L << Caches.shift(level))
                            : String.format(" table at %x", entry & ADDRESS_SPACE & PAGE));
            if (rights != 0 && out.marks) {
                meaning += (entry & A) != 0 ? ", accessed" : ", not accessed";
                meaning += leaf ? (entry & D) != 0 ? ", dirty" : ", clean" : "";
            }
            out.steps.add(new Step(NAMES[level], at, List.of(entry), meaning));
        }
    }
}
