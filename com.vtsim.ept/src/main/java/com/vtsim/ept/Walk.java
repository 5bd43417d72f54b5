package com.vtsim.ept;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.MemorySpace;

/**
 * One walk of the EPT paging structures.
 *
 * @sdm EPT Violations; Accessed and Dirty Flags for EPT; Page-Modification Logging; Exit Qualification for EPT Violations
 */
final class Walk {
    private static final int QUALIFICATION_LINEAR = 1 << 7, QUALIFICATION_FINAL = 1 << 8;
    private static final int QUALIFICATION_USER = 1 << 9, QUALIFICATION_WRITABLE = 1 << 10, QUALIFICATION_NO_EXECUTE = 1 << 11;
    private static final int QUALIFICATION_VERIFICATION = 1 << 15;
    private static final int ALLOWED_PAGING_WRITE = 1 << 4, ALLOWED_VERIFIED = 1 << 5;
    private static final int MOST_LEVELS = 5;
    private static final int LOG_ENTRIES = 512;

    private final long[] address = new long[MOST_LEVELS];
    private final long[] entry = new long[MOST_LEVELS];

    void translate(MemorySpace memory, EptAccess access) {
        long rights = EptEntry.RIGHTS | EptEntry.EXECUTE_USER;
        long table = access.eptp & EptEntry.FRAME;
        int count = 0;
        for (int level = EptEntry.levels(access.eptp);; level--) {
            address[count] = table + (access.guestPhysical >>> 3 + 9 * level & 0x1FF) * 8;
            long value = memory.read(address[count], 8);
            entry[count++] = value;
            access.reads = count;
            rights &= value;
            if (!EptEntry.present(value, access.modeBased)) {
                violation(access, 0, value);
                return;
            }
            boolean pages = access.pagingWrite && EptEntry.leaf(value, level) && (value & (EptEntry.PAGING_WRITE | EptEntry.READ)) == EptEntry.PAGING_WRITE;
            if (pages || EptEntry.misconfigured(value, level)) {
                access.outcome = EptAccess.MISCONFIGURATION;
                return;
            }
            if (EptEntry.leaf(value, level)) {
                finish(memory, access, rights, count, level);
                return;
            }
            table = value & EptEntry.FRAME;
        }
    }

    private static boolean flags(EptAccess access) {
        return (access.eptp & EptEntry.EPTP_FLAGS) != 0;
    }

    /** With accessed and dirty flags an access to a guest paging structure counts as a write; a load of PDPTE registers, which has no linear address, does not. */
    private static boolean structureWrites(EptAccess access) {
        return access.pagingStructure && access.linearValid && flags(access);
    }

    private static boolean writes(EptAccess access) {
        return access.write || structureWrites(access);
    }

    private static long needed(EptAccess access) {
        long execute = access.modeBased && access.userLinear ? EptEntry.EXECUTE_USER : EptEntry.EXECUTE;
        return (access.read ? EptEntry.READ : 0) | (writes(access) ? EptEntry.WRITE : 0) | (access.fetch ? execute : 0);
    }

    private void finish(MemorySpace memory, EptAccess access, long rights, int count, int level) {
        long needed = needed(access);
        long leaf = entry[count - 1];
        boolean pagingWrites = access.pagingStructure && access.pagingWrite && (leaf & EptEntry.PAGING_WRITE) != 0;
        long missing = needed & ~rights & ~(pagingWrites ? EptEntry.WRITE : 0);
        if (missing == EptEntry.WRITE && subPages(access, count, level)) {
            access.outcome = SubPages.look(memory, access);
            if (access.outcome != EptAccess.OK && access.outcome != EptAccess.VIOLATION) {
                return;
            }
            missing = access.outcome == EptAccess.OK ? 0 : missing;
        }
        if (missing != 0) {
            violation(access, rights, leaf);
            return;
        }
        if (access.verifies && last(access) && (leaf & EptEntry.VERIFY) != 0 && !access.verified) {
            violation(access, rights, leaf);
            access.qualification |= QUALIFICATION_VERIFICATION;
            return;
        }
        access.pageSize = 1L << 3 + 9 * level;
        access.hostPhysical = leaf & EptEntry.FRAME & -access.pageSize | access.guestPhysical & access.pageSize - 1;
        access.memoryType = (int) (leaf >> 3) & 0xF;
        boolean dirty = !flags(access) || writes(access) || (leaf & EptEntry.DIRTY) != 0;
        long without = dirty ? rights : rights & ~EptEntry.WRITE;
        access.allowed = (int) (without & EptEntry.RIGHTS | (without & EptEntry.EXECUTE_USER) >> 7)
            | (dirty && (leaf & EptEntry.PAGING_WRITE) != 0 ? ALLOWED_PAGING_WRITE : 0) | ((leaf & EptEntry.VERIFY) != 0 ? ALLOWED_VERIFIED : 0);
        access.outcome = EptAccess.OK;
        if (needed != 0 && flags(access) && !access.dry) {
            mark(memory, access, count);
        }
    }

    /** Whether a write that is not allowed is one that sub-page permissions decide: the leaf maps 4 KiB and alone forbids it. */
    private boolean subPages(EptAccess access, int count, int level) {
        boolean eligible = !access.pagingStructure && level == 1 && (entry[count - 1] & EptEntry.SUB_PAGES) != 0 && access.subPageTable != EptAccess.NONE;
        for (int i = 0; i < count - 1; i++) {
            eligible &= (entry[i] & EptEntry.WRITE) != 0;
        }
        return eligible;
    }

    /** Sets the flags; the page is logged when it becomes dirty, and nothing happens if the log has no room. */
    private void mark(MemorySpace memory, EptAccess access, int count) {
        boolean dirty = writes(access);
        boolean logged = dirty && (entry[count - 1] & EptEntry.DIRTY) == 0 && access.log != EptAccess.NONE;
        if (logged && access.logIndex >= LOG_ENTRIES) {
            access.outcome = EptAccess.LOG_FULL;
            return;
        }
        for (int i = 0; i < count; i++) {
            long set = EptEntry.ACCESSED | (dirty && i == count - 1 ? EptEntry.DIRTY : 0);
            if ((entry[i] & set) != set) {
                memory.write(address[i], 8, entry[i] | set);
            }
        }
        if (logged) {
            memory.write(access.log + 8L * access.logIndex, 8, access.guestPhysical & -4096L);
            access.logIndex = access.logIndex - 1 & 0xFFFF;
        }
    }

    private static boolean last(EptAccess access) {
        return access.linearValid && !access.pagingStructure;
    }

    /** @param decisive the entry whose suppress-#VE bit counts: the one that is not present, else the leaf */
    private static void violation(EptAccess access, long rights, long decisive) {
        access.outcome = EptAccess.VIOLATION;
        access.suppressed = (decisive & EptEntry.SUPPRESS) != 0;
        boolean last = last(access);
        access.qualification = (access.read || structureWrites(access) ? 1 : 0) | (writes(access) ? 2 : 0) | (access.fetch ? 4 : 0)
            | (rights & EptEntry.RIGHTS) << 3 | (access.modeBased && (rights & EptEntry.EXECUTE_USER) != 0 ? 1 << 6 : 0)
            | (access.linearValid ? QUALIFICATION_LINEAR : 0) | (last ? QUALIFICATION_FINAL | advanced(access) : 0);
    }

    private static int advanced(EptAccess access) {
        return (access.userLinear ? QUALIFICATION_USER : 0) | (access.writableLinear ? QUALIFICATION_WRITABLE : 0)
            | (access.noExecuteLinear ? QUALIFICATION_NO_EXECUTE : 0);
    }
}
