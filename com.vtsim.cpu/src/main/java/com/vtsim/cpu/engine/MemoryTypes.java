package com.vtsim.cpu.engine;

/**
 * The memory type of an access: what CR0.CD, the page attribute table and the memory-type range registers, or EPT in their place, make of it together.
 * Nothing is cached here but translations, so types show in what goes by them: bus locks, MONITOR, and what the operator is told.
 *
 * @sdm Methods of Caching Available; Selecting Memory Types for Pentium III and More Recent Processor Families; Memory Type Used for Translated Guest-Physical Addresses
 */
public final class MemoryTypes {
    /** Types, as all their registers number them; the last is one of the page attribute table only. */
    public static final int UC = 0, WC = 1, WT = 4, WP = 5, WB = 6, UC_MINUS = 7;
    /** {@link #of} where nothing is mapped. */
    public static final int UNMAPPED = -1;

    private static final String[] NAMES = {"UC", "WC", "?", "?", "WT", "WP", "WB", "UC-"};
    private static final int PAT = 0x277, DEFAULT = 0x2FF, FIRST_RANGE = 0x200, RANGES = 8;
    private static final long ENABLED = 1 << 11, FIXED_ENABLED = 1 << 10, VALID = 1 << 11;
    private static final long PAGES = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;
    /** In a type that EPT gives: the page attribute table has no say. */
    private static final int IGNORE_PAT = 1 << 3;

    private final Cpu cpu;

    MemoryTypes(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return name of a type */
    public static String name(int type) {
        return type == UNMAPPED ? "not mapped" : NAMES[type];
    }

    /** @return type of an access to a linear address now, or {@link #UNMAPPED}; no side effects */
    public int of(long linear) {
        long guestPhysical = cpu.memory.paging().peekGuestPhysical(linear);
        return guestPhysical == -1 ? UNMAPPED : of(guestPhysical, cpu.memory.paging().patIndex());
    }

    /**
     * The same of a physical address, guest-physical in a guest with EPT.
     *
     * @param index entry of the page attribute table that the mapping chooses, or -1 without paging
     */
    public int of(long guestPhysical, int index) {
        if (!caches()) {
            return UC;
        }
        int nested = cpu.memory.paging().nestedType(guestPhysical);
        if (nested == NestedPaging.NO_TYPE) {
            return UNMAPPED;
        }
        int range = nested == NestedPaging.NONE ? range(guestPhysical) : nested & 7;
        return nested != NestedPaging.NONE && (nested & IGNORE_PAT) != 0 ? range : combined(range, attribute(index));
    }

    private boolean caches() {
        return (cpu.system.cr0 & SystemState.CR0_CD) == 0;
    }

    private int attribute(int index) {
        return index < 0 ? WB : (int) (cpu.msrs.rested(PAT) >>> 8 * index) & 7;
    }

    /** @return type from that of a range register (or EPT) and that of the page attribute table. @sdm Effective Page-Level Memory Types */
    static int combined(int range, int attribute) {
        return switch (attribute) {
            case WB -> range;
            case WC -> WC;
            case UC_MINUS -> range == WC || range == WP ? WC : UC;
            case WT -> range == WB || range == WT || range == WP ? WT : UC;
            case WP -> range == WB || range == WT || range == WP ? WP : UC;
            default -> UC;
        };
    }

    // Range registers

    /** @return type that the memory-type range registers give. @sdm Memory Type Range Registers (MTRRs): MTRR Precedences */
    int range(long physical) {
        long defaults = cpu.msrs.rested(DEFAULT);
        if ((defaults & ENABLED) == 0) {
            return UC;
        }
        if (isFixed(physical, defaults)) {
            return fixed(physical);
        }
        int found = UNMAPPED;
        for (int i = 0; i < RANGES; i++) {
            if (covers(i, physical)) {
                int type = (int) cpu.msrs.rested(FIRST_RANGE + 2 * i) & 7;
                found = found == UNMAPPED || found == type ? type : overlap(found, type);
            }
        }
        return found == UNMAPPED ? (int) defaults & 7 : found;
    }

    private static boolean isFixed(long physical, long defaults) {
        return physical < 1 << 20 && (defaults & FIXED_ENABLED) != 0;
    }

    private boolean covers(int i, long physical) {
        long mask = cpu.msrs.rested(FIRST_RANGE + 2 * i + 1);
        return (mask & VALID) != 0 && ((physical ^ cpu.msrs.rested(FIRST_RANGE + 2 * i)) & mask & PAGES) == 0;
    }

    /** Write-through wins over write-back, uncacheable over all; other overlaps are not defined. */
    private static int overlap(int a, int b) {
        return (a == WT || a == WB) && (b == WT || b == WB) ? WT : UC;
    }

    /** Eight ranges of 64 KiB, sixteen of 16 KiB, sixty-four of 4 KiB, eight in a register. */
    private int fixed(long physical) {
        int at = (int) physical;
        int register = at < 0x8_0000 ? 0x250 : at < 0xC_0000 ? 0x258 + (at - 0x8_0000 >> 17) : 0x268 + (at - 0xC_0000 >> 15);
        int shift = at < 0x8_0000 ? 16 : at < 0xC_0000 ? 14 : 12;
        return (int) (cpu.msrs.rested(register) >>> 8 * (at >> shift & 7)) & 7;
    }

    // In words

    /** @return type of an access to a linear address, and each part that has a say */
    public String explain(long linear) {
        long guestPhysical = cpu.memory.paging().peekGuestPhysical(linear);
        return guestPhysical == -1 ? "memory type: not mapped" : explain(guestPhysical, cpu.memory.paging().patIndex());
    }

    private String explain(long guestPhysical, int index) {
        String type = "memory type " + name(of(guestPhysical, index));
        if (!caches()) {
            return type + ": CR0.CD is 1";
        }
        int nested = cpu.memory.paging().nestedType(guestPhysical);
        if (nested == NestedPaging.NO_TYPE) {
            return "memory type: not mapped by EPT";
        }
        String attribute = index < 0 ? "no paging" : "PAT entry " + index + " is " + name(attribute(index));
        if (nested == NestedPaging.NONE) {
            return type + ": " + attribute + ", " + source(guestPhysical) + " " + name(range(guestPhysical));
        }
        return type + ": EPT says " + name(nested & 7) + ((nested & IGNORE_PAT) != 0 ? " and ignores PAT (" + attribute + ")" : ", " + attribute);
    }

    private String source(long physical) {
        long defaults = cpu.msrs.rested(DEFAULT);
        if ((defaults & ENABLED) == 0) {
            return "MTRRs are off:";
        }
        if (isFixed(physical, defaults)) {
            return "fixed MTRR says";
        }
        StringBuilder ranges = new StringBuilder();
        for (int i = 0; i < RANGES; i++) {
            if (covers(i, physical)) {
                ranges.append(ranges.isEmpty() ? "" : " and ").append(i);
            }
        }
        return ranges.isEmpty() ? "MTRR default is" : "variable MTRR " + ranges + " says";
    }
}
