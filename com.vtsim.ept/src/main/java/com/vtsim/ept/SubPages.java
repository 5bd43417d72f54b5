package com.vtsim.ept;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.MemorySpace;

/**
 * The walk of the sub-page permission table: which 128 bytes of a page may be written.
 *
 * @sdm Sub-Page Write Permissions; SPP-Derived Access; Exit Qualification for SPP-Related Events
 */
final class SubPages {
    private static final long VALID = 1;
    /** Reserved in an entry that refers to another table: bits 11:1, those beyond the physical-address width, bits 63:52. */
    private static final long RESERVED = ~(EptEntry.FRAME | VALID);
    /** Reserved in an entry of the last table: odd bits. */
    private static final long ODD = 0xAAAA_AAAA_AAAA_AAAAL;
    private static final int LEVELS = 4;

    private SubPages() { }

    /** @return an outcome of {@link EptAccess} for a write that the page itself does not allow */
    static int look(MemorySpace memory, EptAccess access) {
        long table = access.subPageTable & EptEntry.FRAME;
        for (int level = LEVELS; level > 1; level--) {
            long value = entry(memory, table, access.guestPhysical, level);
            if ((value & VALID) == 0) {
                return EptAccess.SUB_PAGE_MISS;
            }
            if ((value & RESERVED) != 0) {
                return EptAccess.SUB_PAGE_MISCONFIGURATION;
            }
            table = value & EptEntry.FRAME;
        }
        long permissions = entry(memory, table, access.guestPhysical, 1);
        if ((permissions & ODD) != 0) {
            return EptAccess.SUB_PAGE_MISCONFIGURATION;
        }
        int subPage = (int) (access.guestPhysical >> 7) & 31;
        return (permissions >> 2 * subPage & 1) != 0 ? EptAccess.OK : EptAccess.VIOLATION;
    }

    private static long entry(MemorySpace memory, long table, long guestPhysical, int level) {
        return memory.read(table + (guestPhysical >>> 3 + 9 * level & 0x1FF) * 8, 8);
    }
}
