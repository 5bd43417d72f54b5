package com.vtsim.cpu.engine;

/** The second dimension of translation: what makes guest-physical addresses final while a guest runs with EPT. */
public interface NestedPaging {
    /** {@link Paging#nestedType}: there is no second dimension. {@link #memoryType}: nothing is mapped. */
    int NONE = -1, NO_TYPE = -2;
    /** {@link #root}: the walk starts at CR3. */
    long ORDINARY = -1;

    /**
     * HLAT paging: where the walk of a linear address starts, if not at CR3.
     *
     * @return guest-physical address of the first paging structure, or {@link #ORDINARY}
     */
    long root(long linear);

    /** A linear address is about to be translated. */
    void begin();

    /**
     * Translates the outcome of a walk.
     *
     * @param access kind and page, as {@link Paging} numbers them
     * @param linear the address that was translated
     * @return host-physical address; throws the VM exit where there is none
     */
    long data(long guestPhysical, int access, long linear);

    /** @return whether the latest write that was translated stands for all of its page */
    boolean keepsWrites();

    /**
     * Translates the address of a paging-structure entry.
     *
     * @param write       whether accessed or dirty flags are to be set
     * @param linearValid false for PDPTEs loaded without an access to a linear address
     * @return host-physical address; throws the VM exit where there is none
     */
    long structure(long guestPhysical, boolean write, long linear, boolean linearValid);

    /** @return host-physical address without checks and side effects, or -1 */
    long peek(long guestPhysical);

    /** @return memory type in bits 2:0 and whether it leaves no say to the page attribute table in bit 3, or {@link #NO_TYPE}; no side effects */
    int memoryType(long guestPhysical);

    /** @return host-physical address of an access, which is not made: without side effects; -1 where it would make the VM exit */
    long peek(long guestPhysical, int access);
}
