package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.register.Field;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/**
 * The tables of legacy mode in memory: root, context, second level.
 * Source: VT-d specification, Legacy Mode Address
 * Translation, Root Entry, Context Entry, Second-Level Paging Entries.
 */
final class LegacyTables {
    static final int ENTRY = 16;
    static final Field P = Field.bit(0);
    static final Field FPD = Field.bit(1);
    static final Field TT = Field.bits(3, 2);
    /** Context entry, high half: address width. */
    static final Field AW = Field.bits(2, 0);
    /** Context entry, high half: domain id. */
    static final Field DID = Field.bits(23, 8);
    /** Second-level entry: it maps a large page. */
    static final Field PS = Field.bit(7);

    private static final long ROOT_RESERVED = 0xFFE;
    private static final long CONTEXT_LOW_RESERVED = 0xFF0;
    private static final long CONTEXT_HIGH_RESERVED = 0xFFFF_FFFF_FF00_0080L;
    private static final int TRANSLATED = 0;
    private static final int PASS_THROUGH = 2;
    private static final long PAGE = ~0xFFFL;
    private static final long SNP = 1L << 11;
    private static final long TM = 1L << 62;
    /** Bits 63 and 61:52 of a paging entry are for software. */
    private static final long ADDRESS_SPACE = 0x000F_FFFF_FFFF_FFFFL;
    private static final String[] NAMES = {"", "SL-PTE", "SL-PDE", "SL-PDPTE", "SL-PML4E", "SL-PML5E"};

    private final Capability capability;
    private final long beyond;
    private MemorySpace memory;

    LegacyTables(Capability capability) {
        this.capability = capability;
        beyond = -1L << capability.hostAddressWidth();
    }

    void attach(MemorySpace newMemory) {
        memory = newMemory;
    }

    /** @return whether tables can be there */
    boolean isMemory(long hpa) {
        return (hpa & beyond) == 0 && memory.page(hpa) != null;
    }

    long read(long hpa) {
        return memory.read(hpa, 8);
    }

    /** Reads root and context entry; fills in the halves of the latter. @return false with the fault set */
    boolean context(long rootTable, int sourceId, Outcome out) {
        long at = rootTable + (sourceId >> 8 & 0xFF) * ENTRY;
        if (!isMemory(at)) {
            return out.fail(FaultReason.ROOT_ACCESS);
        }
        long low = read(at);
        long high = read(at + 8);
        if (out.steps != null) {
            out.steps.add(new Step("root", at, List.of(low, high), P.isSet(low) ? String.format("context table at %x", low & PAGE) : "not present"));
        }
        if (!P.isSet(low)) {
            return out.fail(FaultReason.ROOT_NOT_PRESENT);
        }
        if ((low & (ROOT_RESERVED | beyond)) != 0 || high != 0) {
            return out.fail(FaultReason.ROOT_RESERVED);
        }
        at = (low & PAGE) + (sourceId & 0xFF) * ENTRY;
        if (!isMemory(at)) {
            return out.fail(FaultReason.CONTEXT_ACCESS);
        }
        out.low = read(at);
        out.high = read(at + 8);
        if (out.steps != null) {
            out.steps.add(new Step("context", at, List.of(out.low, out.high), meaning(sourceId, out.low, out.high)));
        }
        return true;
    }

    private static String meaning(int sourceId, long low, long high) {
        if (!P.isSet(low)) {
            return PciAddress.of(sourceId) + " not present" + (FPD.isSet(low) ? ", faults not recorded" : "");
        }
        String how = switch ((int) TT.of(low)) {
            case TRANSLATED -> String.format("%d levels from %x", AW.of(high) + 2, low & PAGE);
            case 1 -> String.format("%d levels from %x, translation requests permitted", AW.of(high) + 2, low & PAGE);
            case PASS_THROUGH -> "pass-through";
            default -> "reserved translation type";
        };
        return String.format("%s domain %d, %s%s", PciAddress.of(sourceId), DID.of(high), how, FPD.isSet(low) ? ", faults not recorded" : "");
    }

    /** Judges a context entry and fills in what it says. @return false with the fault set */
    boolean decode(Outcome out) {
        out.silent = FPD.isSet(out.low);
        if (!P.isSet(out.low)) {
            return out.fail(FaultReason.CONTEXT_NOT_PRESENT);
        }
        int type = (int) TT.of(out.low);
        long wide = -1L << capability.domainBits();
        boolean strayTable = type != PASS_THROUGH && (out.low & beyond) != 0;
        if ((out.low & CONTEXT_LOW_RESERVED) != 0 || (out.high & CONTEXT_HIGH_RESERVED) != 0 || (DID.of(out.high) & wide) != 0 || strayTable) {
            return out.fail(FaultReason.CONTEXT_RESERVED);
        }
        int aw = (int) AW.of(out.high);
        boolean known = type == TRANSLATED || type == 1 && capability.extended(Capability.DT) || type == PASS_THROUGH && capability.extended(Capability.PT);
        if (!known || !capability.supportsWidth(aw)) {
            return out.fail(FaultReason.CONTEXT_INVALID);
        }
        out.domain = (int) DID.of(out.high);
        out.passThrough = type == PASS_THROUGH;
        out.table = out.low & PAGE;
        out.levels = aw + 2;
        out.width = Math.min(30 + 9 * aw, capability.guestAddressWidth());
        if (out.passThrough) {
            out.width = capability.hostAddressWidth();
            out.rights = Caches.READ | Caches.WRITE;
        }
        return true;
    }

    /**
     * Walks the second level.
     *
     * @param cache paging-structure cache to use and to fill, or null
     * @return false with the fault set; a not-present leaf leaves its place in {@code out}
     */
    boolean pages(long dmaAddress, boolean write, TranslationCache cache, Outcome out) {
        long table = out.table;
        int level = out.levels;
        long rights = Caches.READ | Caches.WRITE;
        for (int to = 1; cache != null && to < out.levels; to++) {
            int line = cache.find(out.domain, Caches.NO_PASID, Caches.prefix(dmaAddress, to));
            if (line >= 0) {
                table = cache.first(line);
                rights = cache.second(line);
                level = to;
                break;
            }
        }
        for (; ; level--) {
            long at = table + (dmaAddress >>> Caches.shift(level) & 0x1FF) * 8;
            if (!isMemory(at)) {
                return out.fail(FaultReason.PAGING_ACCESS);
            }
            long entry = read(at);
            boolean leaf = level == 1 || PS.isSet(entry) && level <= 3;
            note(out, level, at, entry, leaf);
            out.leafAt = at;
            out.leaf = entry;
            out.leafLevel = level;
            if ((entry & (Caches.READ | Caches.WRITE)) == 0) {
                out.rights = 0;
                return out.fail(write ? FaultReason.WRITE_DENIED : FaultReason.READ_DENIED);
            }
            if ((entry & reserved(level, leaf)) != 0) {
                return out.fail(FaultReason.PAGING_RESERVED);
            }
            rights &= entry;
            if (leaf) {
                out.rights = rights;
                out.page = entry & ADDRESS_SPACE & -1L << Caches.shift(level);
                return permitted(write, out);
            }
            table = entry & ADDRESS_SPACE & PAGE;
            if (cache != null) {
                cache.insert(out.domain, Caches.NO_PASID, Caches.prefix(dmaAddress, level - 1), table, rights, entry);
            }
        }
    }

    /** Judges what a complete walk, or the IOTLB, gave. */
    static boolean permitted(boolean write, Outcome out) {
        if ((out.rights & (write ? Caches.WRITE : Caches.READ)) == 0) {
            return out.fail(write ? FaultReason.WRITE_DENIED : FaultReason.READ_DENIED);
        }
        return true;
    }

    private long reserved(int level, boolean leaf) {
        long stray = beyond & ADDRESS_SPACE;
        if (!leaf) {
            return stray | SNP | TM | (level >= 4 ? PS.mask() : 0);
        }
        long snoop = capability.extended(Capability.SC) ? 0 : SNP;
        long mapping = capability.extended(Capability.DT) ? 0 : TM;
        if (level == 1) {
            return stray | snoop | mapping;
        }
        long unsupported = (Capability.SLLPS.of(capability.cap()) >> level - 2 & 1) == 0 ? PS.mask() : 0;
        return stray | snoop | mapping | unsupported | (1L << Caches.shift(level)) - 1 & PAGE;
    }

    private static void note(Outcome out, int level, long at, long entry, boolean leaf) {
        if (out.steps != null) {
            long rights = entry & (Caches.READ | Caches.WRITE);
            String meaning = rights == 0 ? "not present" : String.format("%s%s%s", (rights & Caches.READ) != 0 ? "R" : "-", (rights & Caches.WRITE) != 0 ? "W" : "-",
                    leaf ? String.format(" %s page at %x", level == 1 ? "4 KiB" : level == 2 ? "2 MiB" : "1 GiB", entry & ADDRESS_SPACE & -1L << Caches.shift(level))
                            : String.format(" table at %x", entry & ADDRESS_SPACE & PAGE));
            out.steps.add(new Step(NAMES[level], at, List.of(entry), meaning));
        }
    }
}
