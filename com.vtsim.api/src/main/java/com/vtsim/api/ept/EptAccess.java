package com.vtsim.api.ept;

import com.vtsim.api.machine.MemorySpace;

/** An access to be translated and its outcome; one object per processor, reused, so that a fill allocates nothing. */
public final class EptAccess {
    /** The access went through; {@link #hostPhysical} is valid. */
    public static final int OK = 0;
    /** EPT violation; {@link #qualification} is valid. */
    public static final int VIOLATION = 1;
    /** EPT misconfiguration. */
    public static final int MISCONFIGURATION = 2;
    /** The access would be logged, and the page-modification log is full; nothing was marked. */
    public static final int LOG_FULL = 3;
    /** The sub-page permissions of a write are not there. */
    public static final int SUB_PAGE_MISS = 4;
    /** The sub-page permission table has reserved bits set. */
    public static final int SUB_PAGE_MISCONFIGURATION = 5;
    /** No log, no table: value of {@link #log} and {@link #subPageTable}. */
    public static final long NONE = -1;

    /** In: EPT pointer. */
    public long eptp;
    /** In: guest-physical address. */
    public long guestPhysical;
    /** In: guest-linear address, where {@link #linearValid}. */
    public long guestLinear;
    /** In: whether {@link #guestLinear} means something. */
    public boolean linearValid;
    /** In: data read. */
    public boolean read;
    /** In: data write. */
    public boolean write;
    /** In: instruction fetch. */
    public boolean fetch;
    /** In: the access is to a guest paging-structure entry rather than to the final translation. */
    public boolean pagingStructure;
    /** In: the linear address is a user-mode one (U/S = 1 in every entry, or no paging); for mode-based execute control and advanced information. */
    public boolean userLinear;
    /** In: paging lets the page of the linear address be written; advanced information. */
    public boolean writableLinear;
    /** In: paging forbids to execute from the page of the linear address; advanced information. */
    public boolean noExecuteLinear;
    /** In: mode-based execute control is on. */
    public boolean modeBased;
    /** In: EPT paging-write control is on: a leaf's bit 58 lets guest paging write. */
    public boolean pagingWrite;
    /** In: guest-paging verification is on. */
    public boolean verifies;
    /** In: each leaf that mapped a paging structure of this walk had bit 58 set. */
    public boolean verified = true;
    /** In: host-physical address of the page-modification log, or {@link #NONE}. */
    public long log = NONE;
    /** In and out: PML index. */
    public int logIndex;
    /** In: host-physical address of the sub-page permission table, or {@link #NONE}. */
    public long subPageTable = NONE;
    /** In: whether the access is only asked about: no accessed or dirty flag is set. */
    public boolean dry;
    /** In: hears of a poisoned structure that the walk reads, unless {@link #dry}, and may throw; null for nobody. */
    public MemorySpace.PoisonListener poison;
    /** Out: {@link #OK} or another of the constants. */
    public int outcome;
    /** Out: entries read by the walk. */
    public int reads;
    /** Out: host-physical address. */
    public long hostPhysical;
    /** Out: exit qualification of a violation. */
    public long qualification;
    /** Out: whether the entry that a violation is about suppresses #VE. */
    public boolean suppressed;
    /** Out: bytes of the mapping used, 4 KiB, 2 MiB or 1 GiB. */
    public long pageSize;
    /** Out: memory type of the leaf, 0–6, and in bit 3 whether it ignores PAT. */
    public int memoryType;
    /** Out: what a cached translation may allow without asking again: bit 0 read, 1 write, 2 execute (with mode-based control for supervisor-mode linear addresses), 3 execute for user-mode ones, 4 writes of guest paging, 5 the page is only for verified paging. */
    public int allowed;
}
