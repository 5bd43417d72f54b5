package com.vtsim.cpu.engine;

/**
 * Takes the accesses to the APIC-access page of a VM, which never reach memory. Offsets are within the page.
 *
 * @sdm Virtualizing Memory-Mapped APIC Accesses
 */
public interface ApicAccesses {
    /** A kind of access beside those of {@link Paging}: MONITOR and UMONITOR. */
    int MONITOR = 16;

    /** @return {@code size} (1, 2, 4 or 8) bytes as the virtual APIC has them; throws the VM exit where a read makes one */
    long read(int offset, int size);

    /** Stores the low {@code size} bytes; throws the VM exit where a write makes one. */
    void write(int offset, int size, long value);

    /** Throws the VM exit that an access of {@code size} bytes would make, if it makes one. */
    void probe(int offset, int size, boolean write);

    /** @return to throw: an access that nothing virtualizes. @param access kind, as {@link Paging} numbers it, or {@link #MONITOR} */
    GuestFault refuse(int offset, int access);
}
