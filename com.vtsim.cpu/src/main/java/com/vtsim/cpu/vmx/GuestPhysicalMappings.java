package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.LinearTranslation;
import java.util.Arrays;

/**
 * What a processor keeps of EPT: pages by EPT pointer and guest-physical address, direct-mapped. No virtual processor and no process context
 * has a say, and what changes in memory is not seen until INVEPT.
 *
 * @sdm Information That May Be Cached; Creating and Using Cached Translation Information
 */
final class GuestPhysicalMappings {
    /** No such mapping. */
    static final long NONE = -1;
    /** What a mapping allows without asking again; bits of {@link com.vtsim.api.ept.EptAccess#allowed}. */
    static final int READ = 1, WRITE = 1 << 1, EXECUTE = 1 << 2, EXECUTE_USER = 1 << 3, PAGING_WRITE = 1 << 4, VERIFY = 1 << 5;
    private static final int SLOTS = 2048;

    private final long[] pages = new long[SLOTS];
    private final long[] pointers = new long[SLOTS];
    private final long[] frames = new long[SLOTS];
    private final byte[] rights = new byte[SLOTS];

    GuestPhysicalMappings() {
        Arrays.fill(pages, NONE);
    }

    private static int slot(long guestPhysical) {
        return (int) (guestPhysical >>> 12) & SLOTS - 1;
    }

    /** @return the host-physical address if all that is wanted is allowed, or {@link #NONE} */
    long find(long pointer, long guestPhysical, int wanted) {
        int i = slot(guestPhysical);
        boolean known = pages[i] == (guestPhysical & -4096L) && pointers[i] == pointer && (rights[i] & wanted) == wanted;
        return known ? frames[i] | guestPhysical & 0xFFF : NONE;
    }

    /** @return whether a mapping that {@link #find} has just found has all of these bits */
    boolean has(long guestPhysical, int bits) {
        return (rights[slot(guestPhysical)] & bits) == bits;
    }

    void keep(long pointer, long guestPhysical, long hostPhysical, int allowed) {
        int i = slot(guestPhysical);
        pages[i] = guestPhysical & -4096L;
        pointers[i] = pointer;
        frames[i] = hostPhysical & -4096L;
        rights[i] = (byte) allowed;
    }

    /** Drops the mapping of an address. */
    void drop(long pointer, long guestPhysical) {
        int i = slot(guestPhysical);
        if (pages[i] == (guestPhysical & -4096L) && pointers[i] == pointer) {
            pages[i] = NONE;
        }
    }

    /** Drops all mappings under a pointer, or with {@link LinearTranslation#NO_EPT} under any. */
    void drop(long pointer) {
        for (int i = 0; i < SLOTS; i++) {
            if (pointer == LinearTranslation.NO_EPT || pointers[i] == pointer) {
                pages[i] = NONE;
            }
        }
    }
}
