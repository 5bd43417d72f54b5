package com.vtsim.api.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.RequestTranslator;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A VT-d remapping hardware unit as its operator and firmware see it. Machine thread only. */
@ConsumerType
public interface RemappingUnit extends RequestTranslator {
    /** @return host-physical base of the register window; -1 while no register enables it */
    long registerBase();

    /** @return what firmware announces of the unit in the ACPI DMAR table */
    Announcement announcement();

    /**
     * Walks the tables for a request without touching caches, fault records or accessed bits.
     *
     * @param sourceId   requester
     * @param pasid      20 bits, or -1
     * @param dmaAddress as the device has it
     */
    Walk walk(int sourceId, int pasid, long dmaAddress);

    /** @return fault recording registers with a fault in them, in order of index */
    List<Fault> faults();

    /** @return how many faults each requester has made since the part was made, recorded or not, by requester */
    default List<Tally> tallies() {
        return List.of();
    }

    /** @return what the unit's caches hold */
    List<Cached> cached();

    /** @return domains that the tables in memory define now, by id: who is in each, and what each reaches */
    List<Domain> domains();

    /** @return mistakes in what firmware and software have set up, by registers and tables as they are now, at most 256 */
    default List<Finding> lint() {
        return List.of();
    }

    /** @return entries of the interrupt remapping table in force; 0 while interrupts are not remapped */
    default int interruptEntries() {
        return 0;
    }

    /**
     * Says what becomes of an interrupt request by the table alone, without touching caches, fault records or descriptors.
     *
     * @param index    into the interrupt remapping table
     * @param sourceId requester, or -1 for one that the entry accepts
     * @return the entry, and for a posted interrupt the descriptor; {@link Walk#hostPhysical} is the entry's address
     */
    default Walk walkInterrupt(int index, int sourceId) {
        return new Walk(List.of(), -1, "the unit does not remap interrupts");
    }

    /** Begins or ends to compare every cached translation with its tables when it is used. Ending forgets what was found. */
    void watchStale(boolean on);

    /** @return whether uses of cached translations are compared with their tables */
    boolean watchesStale();

    /** @return uses of a cached entry whose table had changed without invalidation, oldest first, at most 256 kinds */
    List<Stale> stale();

    /**
     * What the DMAR table says of a unit. Source: Intel VT-d Architecture Specification, DMA Remapping Hardware Unit Definition Structure.
     *
     * @param base            host-physical base of the register window
     * @param length          bytes of the window
     * @param includeAll      whether the unit has every device that no other unit names
     * @param scope           the functions it has, if not all
     * @param hostAddressWidth bits of a host-physical address
     * @param interruptRemapping whether it remaps interrupts
     * @param reserved        memory that firmware's devices need mapped (RMRR)
     * @param x2apicOptOut    whether firmware asks the system not to use x2APIC mode
     * @param deviceTlbs      whether devices may have translation caches of their own (ATSR)
     * @param proximity       NUMA proximity domain (RHSA), or -1
     */
    record Announcement(long base, long length, boolean includeAll, List<PciAddress> scope, int hostAddressWidth, boolean interruptRemapping, List<Reserved> reserved,
            boolean x2apicOptOut, boolean deviceTlbs, int proximity) { }

    /**
     * A reserved memory region.
     *
     * @param base  host-physical, a multiple of 4096
     * @param limit last byte
     * @param scope the functions that need it
     */
    record Reserved(long base, long limit, List<PciAddress> scope) { }

    /**
     * A walk.
     *
     * @param steps        in order
     * @param hostPhysical where it ends, or -1
     * @param fault        the fault reason in words, empty if there is none
     */
    record Walk(List<Step> steps, long hostPhysical, String fault) { }

    /**
     * An entry read by a walk.
     *
     * @param table   root, context, PASID directory, page directory …
     * @param address host-physical address of the entry
     * @param entry   its low and, where it has one, high half
     * @param meaning decoded, one line
     */
    record Step(String table, long address, List<Long> entry, String meaning) { }

    /**
     * A recorded fault.
     *
     * @param index    of the recording register
     * @param sourceId requester
     * @param pasid    process address space id, or -1
     * @param kind     {@code read}, {@code write} or {@code interrupt}
     * @param reason   fault reason code
     * @param words    what the reason means
     * @param address  page of the DMA address, or the interrupt index
     * @param entry    the last entry that a walk reads now, empty for none
     */
    record Fault(int index, int sourceId, int pasid, String kind, int reason, String words, long address, String entry) { }

    /**
     * Faults of a requester.
     *
     * @param sourceId requester
     * @param faults   1 or more
     */
    record Tally(int sourceId, long faults) { }

    /**
     * A cached entry.
     *
     * @param cache  {@code context}, {@code IOTLB}, {@code paging structure} or {@code interrupt entry}
     * @param domain its tag, or -1 where the cache has none
     * @param key    requester, DMA address or index
     * @param value  what it says
     */
    record Cached(String cache, int domain, String key, String value) { }

    /**
     * A domain.
     *
     * @param id      domain id
     * @param members functions whose context entries name it
     * @param tables  host-physical addresses of the tables they name; more than one is a mistake
     * @param reaches ranges of DMA addresses with where they lead, adjacent ones merged; the last says so if there are more than 64
     * @param remark  a mistake worth telling, or empty
     */
    record Domain(int id, List<PciAddress> members, List<Long> tables, List<String> reaches, String remark) { }

    /**
     * A mistake.
     *
     * @param where device, domain, table or region
     * @param what  what is wrong and what follows
     */
    record Finding(String where, String what) { }

    /**
     * A use of a stale entry.
     *
     * @param cache  which cache it was in
     * @param who    requester and DMA address or interrupt index
     * @param cached what the cache said
     * @param now    what the tables say
     * @param uses   how often
     */
    record Stale(String cache, String who, String cached, String now, long uses) { }
}
