package com.vtsim.api.ept;

/** An access to be translated and its outcome; one object per processor, reused, so that a fill allocates nothing. */
public final class EptAccess {
    /** The access went through; {@link #hostPhysical} is valid. */
    public static final int OK = 0;
    /** EPT violation; {@link #qualification} is valid. */
    public static final int VIOLATION = 1;
    /** EPT misconfiguration. */
    public static final int MISCONFIGURATION = 2;

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
    /** In: the linear address is a user-mode one (U/S = 1 in every entry); for mode-based execute control. */
    public boolean userLinear;
    /** In: whether the access is only asked about: no accessed or dirty flag is set. */
    public boolean dry;
    /** Out: {@link #OK}, {@link #VIOLATION} or {@link #MISCONFIGURATION}. */
    public int outcome;
    /** Out: host-physical address. */
    public long hostPhysical;
    /** Out: exit qualification of a violation. */
    public long qualification;
    /** Out: bytes of the mapping used, 4 KiB, 2 MiB or 1 GiB. */
    public long pageSize;
    /** Out: memory type of the leaf, 0–6, and bit 6 ignore-PAT. */
    public int memoryType;
    /** Out: what a cached translation may allow without asking again: bit 0 read, 1 write, 2 execute (for this kind of linear address). */
    public int allowed;
}
