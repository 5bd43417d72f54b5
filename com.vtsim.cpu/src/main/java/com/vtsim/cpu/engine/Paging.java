package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemorySpace;

/**
 * Linear to physical addresses: walks of the paging structures, with their checks, and the accessed and dirty bits.
 * Not a cache; {@link LinearTranslation} and {@link CodeCache} are, and {@link StructureCache} where it is turned on.
 *
 * @sdm Paging: 32-Bit Paging; PAE Paging; 4-Level Paging and 5-Level Paging (ordinary and HLAT paging); Access Rights; Page-Fault Exceptions
 */
public final class Paging {
    /** Kinds of access, or-ed. Data read is 0; {@link #IMPLICIT} is a supervisor access whatever CPL is. */
    public static final int READ = 0, WRITE = 1, USER = 2, FETCH = 4, IMPLICIT = 8;
    /** What {@link NestedPaging} is told beside: the page is a user-mode one, may be written, may not be executed. */
    public static final int USER_PAGE = 16, WRITABLE_PAGE = 32, NO_EXECUTE_PAGE = 64;
    /** MAXPHYADDR, as CPUID announces it. */
    public static final int PHYSICAL_BITS = 40;

    /** Bits of a paging-structure entry. */
    static final long P = 1, RW = 1 << 1, US = 1 << 2, A = 1 << 5, D = 1 << 6, PS = 1 << 7, G = 1 << 8, RESTART = 1 << 11, XD = 1L << 63;
    /** Bits of a page fault's error code. */
    static final int CODE_P = 1, CODE_W = 2, CODE_U = 4, CODE_RSVD = 8, CODE_ID = 16, CODE_PK = 32, CODE_HLAT = 128;

    private static final long FRAME = (1L << PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final long TOO_HIGH = (1L << 52) - 1 & ~((1L << PHYSICAL_BITS) - 1);

    private final Cpu cpu;
    private MemorySpace space;
    /** Makes guest-physical addresses final; null outside of a guest with EPT. */
    private NestedPaging nested;
    private boolean peeking;
    private long reads;

    /** Physical addresses of the entries used by the walk under way, root first, and their values. */
    private final long[] entryAddress = new long[5];
    private final long[] entry = new long[5];
    private int depth;
    /** Combined rights of the walk under way. */
    private long rights;
    private boolean executeDisabled;
    private int mapped = 12;
    /** Bit of the last entry that is bit 2 of the index into the page attribute table. */
    private int patBit = 7;
    /** The walk under way is one of HLAT paging. */
    private boolean managed;
    /** Paging-structure caches of the current context, or null where there are none. */
    private StructureCache structures;
    /** Level of the first entry that the walk under way has read, what an entry above it was cached as, and whether one was. */
    private int firstLevel;
    private long above;
    private boolean shortened;

    Paging(Cpu cpu) {
        this.cpu = cpu;
    }

    void attach(MemorySpace memory) {
        this.space = memory;
    }

    /** @return paging-structure entries that walks have read since power-on, those of EPT not counted */
    public long reads() {
        return reads;
    }

    /** Uses these paging-structure caches from now on, or none with null. */
    void structures(StructureCache caches) {
        structures = caches;
    }

    /** Turns the second dimension of translation on, or off with null. The caller drops what is cached. */
    public void nested(NestedPaging second) {
        nested = second;
    }

    /** @return guest-physical address of the structure that HLAT paging starts with, or {@link NestedPaging#ORDINARY} where a walk starts at CR3 */
    public long managedRoot(long linear) {
        return nested == null || !cpu.system.longMode() ? NestedPaging.ORDINARY : nested.root(linear);
    }

    /** @return the host-physical address of a guest-physical one, without checks; the same outside of a guest with EPT; -1 where nothing is mapped */
    public long hostPhysical(long guestPhysical) {
        return nested == null ? guestPhysical : nested.peek(guestPhysical);
    }

    /** Reads 8 bytes of guest-physical memory on the processor's own behalf, for PDPTEs. */
    long readPhysical(long address) {
        reads++;
        return space.read(nested == null ? address & cpu.system.a20Mask : nested.structure(address, false, 0, false), 8);
    }

    /** Reads a paging-structure entry. */
    private long read(long address, int size, long linear, int access) {
        if (nested == null) {
            reads += peeking ? 0 : 1;
            return space.read(address, size);
        }
        if (!peeking) {
            reads++;
            return space.read(nested.structure(address, false, linear, true), size);
        }
        long physical = nested.peek(address);
        if (physical == -1) {
            throw pageFault(linear, access, 0);
        }
        return space.read(physical, size);
    }

    /** @return whether the address is canonical for the number of linear-address bits in effect */
    public boolean canonical(long linear) {
        int shift = (cpu.system.cr4 & SystemState.CR4_LA57) != 0 ? 7 : 16;
        return linear << shift >> shift == linear;
    }

    /** @return physical address, after the walk's checks; throws #PF and sets the accessed and dirty bits where it succeeds */
    public long translate(long linear, int access) {
        SystemState system = cpu.system;
        long physical = linear;
        depth = 0;
        mapped = 12;
        if (nested != null) {
            nested.begin();
        }
        if ((system.cr0 & SystemState.CR0_PG) != 0) {
            physical = walk(linear, access) & ~0xFFFL | linear & 0xFFF;
        }
        long last = nested == null ? physical & system.a20Mask : nested.data(physical, access | page(), linear);
        if (shortened && cpu.translation.stale() != null) {
            cpu.translation.stale().structures(linear, last & -4096L, access);
        }
        return last;
    }

    /** @return what the walk has found of the page; without paging every address is a user-mode one, writable and executable */
    private int page() {
        if ((cpu.system.cr0 & SystemState.CR0_PG) == 0) {
            return USER_PAGE | WRITABLE_PAGE;
        }
        return ((rights & US) != 0 ? USER_PAGE : 0) | ((rights & RW) != 0 ? WRITABLE_PAGE : 0) | (executeDisabled ? NO_EXECUTE_PAGE : 0);
    }

    /** @return whether writes to the page just translated for a write need not ask again */
    boolean keepsWrites() {
        return nested == null || nested.keepsWrites();
    }

    /** @return bits of the offset in the mapping that the latest translation used: 12, 21, 22 or 30 */
    int mapped() {
        return mapped;
    }

    /** @return whether the latest translation used a global page */
    boolean global() {
        return depth > 0 && (entry[depth - 1] & G) != 0 && (cpu.system.cr4 & SystemState.CR4_PGE) != 0;
    }

    /** @return physical address without checks of rights and without side effects, or -1 where nothing is mapped */
    public long peek(long linear) {
        long physical = peekGuestPhysical(linear);
        return physical == -1 || nested == null ? physical : nested.peek(physical);
    }

    /** @return the physical address a walk would give an access now, without side effects; -1 where it would fault or exit */
    long fresh(long linear, int access) {
        int mappedBefore = mapped;
        int depthBefore = depth;
        long leafBefore = depth == 0 ? 0 : entry[depth - 1];
        long rightsBefore = rights;
        boolean executeDisabledBefore = executeDisabled;
        boolean managedBefore = managed;
        try {
            peeking = true;
            long physical = linear;
            depth = 0;
            if ((cpu.system.cr0 & SystemState.CR0_PG) != 0) {
                physical = frame(linear, access) & ~0xFFFL | linear & 0xFFF;
                checkRights(linear, access);
            }
            return nested == null ? physical & cpu.system.a20Mask : nested.peek(physical, access | page());
        } catch (GuestFault notAllowed) {
            return -1;
        } finally {
            peeking = false;
            mapped = mappedBefore;
            depth = depthBefore;
            if (depth > 0) {
                entry[depth - 1] = leafBefore;
            }
            rights = rightsBefore;
            executeDisabled = executeDisabledBefore;
            managed = managedBefore;
        }
    }

    /** @return the same, before EPT makes it final */
    public long peekGuestPhysical(long linear) {
        SystemState system = cpu.system;
        if (system.longMode() && !canonical(linear)) {
            return -1;
        }
        try {
            peeking = true;
            long physical = (system.cr0 & SystemState.CR0_PG) == 0 ? linear : frame(linear, 0) & ~0xFFFL | linear & 0xFFF;
            return physical & system.a20Mask;
        } catch (GuestFault notMapped) {
            return -1;
        } finally {
            peeking = false;
        }
    }

    /** @return entry of the page attribute table that the mapping of the latest walk chooses, 0–7; -1 without paging */
    int patIndex() {
        if ((cpu.system.cr0 & SystemState.CR0_PG) == 0) {
            return -1;
        }
        long last = entry[depth - 1];
        return (int) (last >> 3 & 3 | (last >> patBit & 1) << 2);
    }

    /** @return as {@link NestedPaging#memoryType}, or {@link NestedPaging#NONE} outside of a guest with EPT */
    int nestedType(long guestPhysical) {
        return nested == null ? NestedPaging.NONE : nested.memoryType(guestPhysical);
    }

    /** @return whether there is a second dimension of translation */
    public boolean isNested() {
        return nested != null;
    }

    private long walk(long linear, int access) {
        long frame = frame(linear, access);
        checkRights(linear, access);
        for (int i = 0; i < depth; i++) {
            long set = i == depth - 1 && (access & WRITE) != 0 ? A | D : A;
            if ((entry[i] & set) != set) {
                int size = wide() ? 8 : 4;
                space.write(nested == null ? entryAddress[i] : nested.structure(entryAddress[i], true, linear, true), size, entry[i] | set);
            }
        }
        if (structures != null && firstLevel > 0) {
            keepStructures(linear);
        }
        return frame;
    }

    /** Caches the entries of a walk that reference other structures; all have their accessed flag now. */
    private void keepStructures(long linear) {
        long known = above;
        for (int i = 0; i < depth - 1; i++) {
            known = entry[i] & FRAME | known & entry[i] & (RW | US) | (known | entry[i] >>> 63) & StructureCache.NO_EXECUTE;
            structures.keep(linear, firstLevel - i, managed, known);
        }
    }

    private boolean wide() {
        return (cpu.system.cr4 & SystemState.CR4_PAE) != 0;
    }

    /** Follows the structures to the page frame; throws for entries that are not present or have reserved bits set. */
    private long frame(long linear, int access) {
        begin();
        if (!wide()) {
            return frame32(linear, access);
        }
        if (!cpu.system.longMode()) {
            long pdpte = cpu.system.pdpte[(int) (linear >>> 30) & 3];
            if ((pdpte & P) == 0) {
                throw pageFault(linear, access, 0);
            }
            return levels(linear, access, pdpte & FRAME, 1);
        }
        long root = managedRoot(linear);
        managed = root != NestedPaging.ORDINARY;
        return levels(linear, access, managed ? root : cpu.system.cr3 & FRAME, topLevel());
    }

    private void begin() {
        depth = 0;
        rights = RW | US;
        executeDisabled = false;
        mapped = 12;
        patBit = 7;
        managed = false;
        firstLevel = 0;
        shortened = false;
    }

    private int topLevel() {
        return (cpu.system.cr4 & SystemState.CR4_LA57) != 0 ? 4 : 3;
    }

    /** Follows 8-byte entries from a level (1 page directory … 4 PML5) on. */
    private long levels(long linear, int access, long first, int top) {
        long table = first;
        int start = top;
        above = RW | US;
        if (structures != null && !peeking) {
            for (int level = 1; level <= top; level++) {
                long known = structures.find(linear, level, managed);
                if (known != StructureCache.NONE) {
                    rights &= known;
                    executeDisabled = (known & StructureCache.NO_EXECUTE) != 0;
                    above = known;
                    table = known & FRAME;
                    start = level - 1;
                    shortened = true;
                    break;
                }
            }
        }
        firstLevel = start;
        for (int level = start;; level--) {
            long value = next(linear, access, table, level);
            boolean page = level == 0 || (value & PS) != 0;
            long offset = (1L << 12 + 9 * level) - 1;
            // The low bits of a large page's address, but for PAT, and PS above PDPTEs.
            if (page && (level > 2 || (value & FRAME & offset & ~0x1000) != 0)) {
                throw pageFault(linear, access, CODE_P | CODE_RSVD);
            }
            if (managed && (value & RESTART) != 0) {
                return restarted(linear, access, level);
            }
            if (page) {
                mapped = 12 + 9 * level;
                patBit = level == 0 ? 7 : 12;
                return value & FRAME & ~offset | linear & offset & ~0xFFFL;
            }
            table = value & FRAME;
        }
    }

    /**
     * HLAT paging has met an entry with bit 11: all is done again from CR3, and the level limits the size of what is cached.
     *
     * @sdm 4-Level Paging and 5-Level Paging: Restart of HLAT Paging
     */
    private long restarted(long linear, int access, int level) {
        begin();
        if (!peeking) {
            nested.begin();
        }
        long frame = levels(linear, access, cpu.system.cr3 & FRAME, topLevel());
        mapped = Math.min(mapped, 12 + 9 * level);
        return frame;
    }

    /** Reads the 8-byte entry of a level (0 page table … 4 PML5) and takes in its rights. */
    private long next(long linear, int access, long table, int level) {
        long address = table + (linear >>> 12 + 9 * level & 0x1FF) * 8;
        long value = read(address, 8, linear, access);
        if ((value & P) == 0) {
            throw pageFault(linear, access, 0);
        }
        boolean noExecute = (cpu.system.efer & SystemState.EFER_NXE) != 0;
        // With PAE paging bits 62:52 are reserved too; in IA-32e mode they are ignored or hold the protection key.
        long reserved = TOO_HIGH | (noExecute ? 0 : XD) | (cpu.system.longMode() ? 0 : 0x7FF0_0000_0000_0000L);
        if ((value & reserved) != 0) {
            throw pageFault(linear, access, CODE_P | CODE_RSVD);
        }
        entryAddress[depth] = address;
        entry[depth++] = value;
        rights &= value;
        executeDisabled |= value < 0;
        return value;
    }

    private long frame32(long linear, int access) {
        above = RW | US;
        if (structures != null && !peeking) {
            long known = structures.find(linear, 1, false);
            if (known != StructureCache.NONE) {
                rights &= known;
                shortened = true;
                return entry32(linear, access, (known & 0xFFFF_F000L) + (linear >>> 12 & 0x3FF) * 4) & 0xFFFF_F000L;
            }
        }
        firstLevel = 1;
        long address = (cpu.system.cr3 & 0xFFFF_F000L) + (linear >>> 22 & 0x3FF) * 4;
        long pde = entry32(linear, access, address);
        if ((pde & PS) != 0 && (cpu.system.cr4 & SystemState.CR4_PSE) != 0) {
            // PSE-36: bits 20:13 are physical-address bits 39:32, bit 21 is reserved.
            if ((pde & 1 << 21) != 0) {
                throw pageFault(linear, access, CODE_P | CODE_RSVD);
            }
            mapped = 22;
            patBit = 12;
            return pde & 0xFFC0_0000L | (pde >>> 13 & 0xFF) << 32 | linear & 0x3F_F000L;
        }
        return entry32(linear, access, (pde & 0xFFFF_F000L) + (linear >>> 12 & 0x3FF) * 4) & 0xFFFF_F000L;
    }

    private long entry32(long linear, int access, long address) {
        long value = read(address, 4, linear, access);
        if ((value & P) == 0) {
            throw pageFault(linear, access, 0);
        }
        entryAddress[depth] = address;
        entry[depth++] = value;
        rights &= value;
        return value;
    }

    private void checkRights(long linear, int access) {
        SystemState system = cpu.system;
        boolean user = (access & (USER | IMPLICIT)) == USER;
        boolean userPage = (rights & US) != 0;
        boolean writable = (rights & RW) != 0;
        boolean allowed = true;
        if ((access & FETCH) != 0) {
            allowed = !executeDisabled && (user ? userPage : !userPage || (system.cr4 & SystemState.CR4_SMEP) == 0);
        } else if (user) {
            allowed = userPage && (writable || (access & WRITE) == 0);
        } else {
            if (userPage && (system.cr4 & SystemState.CR4_SMAP) != 0) {
                allowed = (access & IMPLICIT) == 0 && (cpu.systemFlags & Flags.AC) != 0;
            }
            if ((access & WRITE) != 0 && !writable && (system.cr0 & SystemState.CR0_WP) != 0) {
                allowed = false;
            }
        }
        int key = userPage && (access & FETCH) == 0 && keyForbids(access, user) ? CODE_PK : 0;
        if (!allowed || key != 0) {
            throw pageFault(linear, access, CODE_P | key);
        }
    }

    /** Whether the protection key of a user-mode address forbids a data access; the error code says so beside other causes. */
    private boolean keyForbids(int access, boolean user) {
        SystemState system = cpu.system;
        if ((system.cr4 & SystemState.CR4_PKE) == 0 || !system.longMode()) {
            return false;
        }
        int bits = system.pkru >>> 2 * ((int) (entry[depth - 1] >>> 59) & 0xF) & 3;
        return (bits & 1) != 0 || (bits & 2) != 0 && (access & WRITE) != 0 && (user || (system.cr0 & SystemState.CR0_WP) != 0);
    }

    /** @return the protection key of the latest translation, or {@link TranslationBuffer#NO_KEY} where keys have no say */
    int key() {
        boolean keyed = (cpu.system.cr4 & SystemState.CR4_PKE) != 0 && cpu.system.longMode() && (rights & US) != 0;
        return keyed ? (int) (entry[depth - 1] >>> 59) & 0xF : TranslationBuffer.NO_KEY;
    }

    private GuestFault pageFault(long linear, int access, int code) {
        if (!peeking) {
            if (shortened && cpu.translation.stale() != null) {
                cpu.translation.stale().structures(linear, -1, access);
            }
            cpu.translation.faulted(linear);
        }
        SystemState system = cpu.system;
        int errorCode = code;
        if (managed && ((code & CODE_P) == 0 || (code & CODE_RSVD) != 0)) {
            errorCode |= CODE_HLAT;
        }
        if ((access & WRITE) != 0) {
            errorCode |= CODE_W;
        }
        if ((access & (USER | IMPLICIT)) == USER) {
            errorCode |= CODE_U;
        }
        boolean fetchReported = (system.cr4 & SystemState.CR4_SMEP) != 0
            || (system.cr4 & SystemState.CR4_PAE) != 0 && (system.efer & SystemState.EFER_NXE) != 0;
        if ((access & FETCH) != 0 && fetchReported) {
            errorCode |= CODE_ID;
        }
        GuestFault fault = cpu.fault(14, errorCode);
        fault.information = linear;
        return fault;
    }
}
