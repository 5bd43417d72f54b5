package com.vtsim.ept;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.MemorySpace;

/**
 * One walk of the EPT paging structures.
 *
 * @sdm EPT Violations; Accessed and Dirty Flags for EPT; Exit Qualification for EPT Violations
 */
final class Walk {
    private static final int QUALIFICATION_LINEAR = 1 << 7, QUALIFICATION_FINAL = 1 << 8;
    private static final int MOST_LEVELS = 5;

    private final long[] address = new long[MOST_LEVELS];
    private final long[] entry = new long[MOST_LEVELS];

    void translate(MemorySpace memory, EptAccess access) {
        long rights = EptEntry.RIGHTS;
        long table = access.eptp & EptEntry.FRAME;
        int count = 0;
        for (int level = EptEntry.levels(access.eptp);; level--) {
            address[count] = table + (access.guestPhysical >>> 3 + 9 * level & 0x1FF) * 8;
            long value = memory.read(address[count], 8);
            entry[count++] = value;
            rights &= value;
            if (!EptEntry.present(value)) {
                violation(access, 0);
                return;
            }
            if (EptEntry.misconfigured(value, level)) {
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

    /** With accessed and dirty flags an access to a guest paging structure counts as a write. */
    private static boolean writes(EptAccess access) {
        return access.write || access.pagingStructure && flags(access);
    }

    private void finish(MemorySpace memory, EptAccess access, long rights, int count, int level) {
        boolean allowed = (!access.read || (rights & EptEntry.READ) != 0) && (!writes(access) || (rights & EptEntry.WRITE) != 0)
            && (!access.fetch || (rights & EptEntry.EXECUTE) != 0);
        boolean asks = access.read || access.write || access.fetch;
        if (asks && !allowed) {
            violation(access, rights);
            return;
        }
        long leaf = entry[count - 1];
        access.pageSize = 1L << 3 + 9 * level;
        access.hostPhysical = leaf & EptEntry.FRAME & -access.pageSize | access.guestPhysical & access.pageSize - 1;
        access.memoryType = (int) (leaf >> 3) & 0xF;
        boolean dirty = !flags(access) || writes(access) || (leaf & EptEntry.DIRTY) != 0;
        access.allowed = (int) (dirty ? rights : rights & ~EptEntry.WRITE);
        access.outcome = EptAccess.OK;
        if (asks && flags(access) && !access.dry) {
            mark(memory, count, writes(access));
        }
    }

    private void mark(MemorySpace memory, int count, boolean dirty) {
        for (int i = 0; i < count; i++) {
            long set = EptEntry.ACCESSED | (dirty && i == count - 1 ? EptEntry.DIRTY : 0);
            if ((entry[i] & set) != set) {
                memory.write(address[i], 8, entry[i] | set);
            }
        }
    }

    private static void violation(EptAccess access, long rights) {
        access.outcome = EptAccess.VIOLATION;
        access.qualification = (access.read ? 1 : 0) | (writes(access) ? 2 : 0) | (access.fetch ? 4 : 0) | (rights & EptEntry.RIGHTS) << 3
            | (access.linearValid ? QUALIFICATION_LINEAR : 0) | (access.linearValid && !access.pagingStructure ? QUALIFICATION_FINAL : 0);
    }
}
