package com.vtsim.ept;

/**
 * Layout of EPT paging-structure entries, and what is wrong with one.
 *
 * @sdm EPT Translation Mechanism; EPT Misconfigurations
 */
final class EptEntry {
    /** Permissions; with mode-based execute control bit 2 is for supervisor-mode linear addresses. */
    static final long READ = 1, WRITE = 1 << 1, EXECUTE = 1 << 2, RIGHTS = 7, EXECUTE_USER = 1 << 10;
    /** Sub-page write permissions; suppress #VE. */
    static final long SUB_PAGES = 1L << 61, SUPPRESS = 1L << 63;
    /** Verify guest paging; paging-write access. */
    static final long VERIFY = 1L << 57, PAGING_WRITE = 1L << 58;
    /** Ignore PAT; maps a page; accessed; dirty. */
    static final long IGNORE_PAT = 1 << 6, LARGE = 1 << 7, ACCESSED = 1 << 8, DIRTY = 1 << 9;
    /** EPTP: accessed and dirty flags are enabled. */
    static final long EPTP_FLAGS = 1 << 6;
    /** Width of a physical address. */
    private static final int PHYSICAL_BITS = 40;
    /** Bits of an address in an entry. */
    static final long FRAME = (1L << PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final long TOO_HIGH = (1L << 52) - 1 & ~((1L << PHYSICAL_BITS) - 1);

    /** EPT half of IA32_VMX_EPT_VPID_CAP: what this part does. */
    static final long CAPABILITIES = 1           // execute-only translations
        | 1 << 6 | 1 << 7                        // page-walk length 4 and 5
        | 1 << 8 | 1 << 14                       // EPTP memory type uncacheable and write-back
        | 1 << 16 | 1 << 17                      // 2-MByte and 1-GByte pages
        | 1 << 20 | 1 << 25 | 1 << 26            // INVEPT, single-context and all-context
        | 1 << 21 | 1 << 22;                     // accessed and dirty flags, advanced information for violations

    private static final String[] TYPES = {"UC", "WC", "2", "3", "WT", "WP", "WB", "7"};

    private EptEntry() { }

    /** @return levels of the walk an EPTP asks for */
    static int levels(long eptp) {
        return (int) (eptp >> 3 & 7) + 1;
    }

    /** @return whether any permission is given */
    static boolean present(long entry, boolean modeBased) {
        return (entry & (modeBased ? RIGHTS | EXECUTE_USER : RIGHTS)) != 0;
    }

    /** @return whether a present entry maps a page */
    static boolean leaf(long entry, int level) {
        return level == 1 || level <= 3 && (entry & LARGE) != 0;
    }

    /** @return whether a present entry has settings that are reserved */
    static boolean misconfigured(long entry, int level) {
        if ((entry & (READ | WRITE)) == WRITE || (entry & TOO_HIGH) != 0) {
            return true;
        }
        if (!leaf(entry, level)) {
            return (entry & (level >= 4 ? 0xF8 : 0x78)) != 0;
        }
        int type = (int) (entry >> 3) & 7;
        boolean unaligned = level > 1 && (entry & (1L << 3 + 9 * level) - 1 & ~0xFFFL) != 0;
        return unaligned || type == 2 || type == 3 || type == 7;
    }

    /** @return an entry in words */
    static String describe(long entry, int level) {
        if (!present(entry, true)) {
            return "not present" + ((entry & SUPPRESS) != 0 ? ", #VE suppressed" : "");
        }
        String rights = ((entry & READ) != 0 ? "r" : "-") + ((entry & WRITE) != 0 ? "w" : "-") + ((entry & EXECUTE) != 0 ? "x" : "-")
            + ((entry & EXECUTE_USER) != 0 ? "u" : "-");
        if (misconfigured(entry, level)) {
            return rights + " misconfigured";
        }
        String flags = ((entry & ACCESSED) != 0 ? " accessed" : "") + ((entry & DIRTY) != 0 ? " dirty" : "");
        if (!leaf(entry, level)) {
            return rights + flags + String.format(" table at %010x", entry & FRAME);
        }
        String size = level == 1 ? "4K" : level == 2 ? "2M" : "1G";
        return rights + flags + String.format(" %s page at %010x, %s%s", size, entry & FRAME, TYPES[(int) (entry >> 3) & 7],
            (entry & IGNORE_PAT) != 0 ? " ignoring PAT" : "") + ((entry & SUPPRESS) != 0 ? ", #VE suppressed" : "")
            + (level == 1 && (entry & SUB_PAGES) != 0 ? ", sub-page write permissions" : "");
    }
}
