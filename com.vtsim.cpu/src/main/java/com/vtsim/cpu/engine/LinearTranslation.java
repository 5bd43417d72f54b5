package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.TranslationBuffer.Entry;

/**
 * Linear to host-physical addresses, as they are cached: a direct-mapped software TLB in front of {@link Paging}, what it is
 * tagged with, and what drops it. {@link LinearMemory} makes the accesses.
 *
 * @sdm Caching Translation Information
 */
public final class LinearTranslation {
    /** No page has this address. */
    private static final long NO_PAGE = -1;
    /** In place of an EPT pointer where there is no EPT. */
    public static final long NO_EPT = TranslationBuffer.NO_EPT;

    private final Cpu cpu;
    private final Paging paging;
    private final TranslationBuffer buffer = new TranslationBuffer();
    /** Index of the set that fits CPL and EFLAGS.AC, in {@link TranslationBuffer.Context#sets}. */
    private int rightsSet;
    private TranslationBuffer.Set set;
    private LinearMemory memory;
    private MemorySpace space;
    private boolean alignmentChecked;
    /** Host-physical address of the APIC-access page of the VM that runs, or {@link #NO_PAGE}. */
    private long apicPage = NO_PAGE;
    private ApicAccesses apic;
    private int processor;
    private long eptPointer = NO_EPT;
    private boolean cachesStructures = true;
    /** Null unless stale uses are counted. */
    private StaleUses stale;

    LinearTranslation(Cpu cpu) {
        this.cpu = cpu;
        this.paging = new Paging(cpu);
    }

    /** Names the one who uses the entries that fit. */
    void selectFor(LinearMemory accesses) {
        memory = accesses;
        select();
    }

    /** Gives the memory that the structures and pages are in; null when detached. */
    void attach(MemorySpace hostPhysical) {
        space = hostPhysical;
        paging.attach(hostPhysical);
        flush();
    }

    /** Accesses to a page of host-physical memory go to somebody else from now on; it is cached nowhere. @param accesses null: to none */
    public void apicPage(long page, ApicAccesses accesses) {
        apicPage = accesses == null ? NO_PAGE : page & -4096L;
        apic = accesses;
    }

    /** @return whether host-physical memory at an address is the APIC-access page */
    boolean onApicPage(long physical) {
        return (physical & -4096L) == apicPage;
    }

    /** @return who takes accesses to the APIC-access page */
    ApicAccesses apic() {
        return apic;
    }

    /** @return the host-physical address, unless an access to it makes the VM exit. @param access kind, as {@link Paging} numbers it */
    long allowed(long physical, int access) {
        if (onApicPage(physical)) {
            throw apic.refuse((int) physical & 0xFFF, access);
        }
        return physical;
    }

    /** @return page walks */
    public Paging paging() {
        return paging;
    }

    /** @return number of the current TLB context, 0–15 */
    int context() {
        return buffer.current().number;
    }

    /** @return the current TLB context */
    TranslationBuffer.Context currentContext() {
        return buffer.current();
    }

    private void select() {
        set = buffer.current().sets[rightsSet];
        memory.entries(stale == null ? set.entries : stale.none);
        // Guest-paging verification looks at the structures of each walk.
        paging.structures(cachesStructures && cpu.vmx != null && !cpu.vmx.verifiesPaging() ? buffer.current().structures : null);
    }

    /** Whether paging-structure caches are used. Turned off, they forget. */
    public void cacheStructures(boolean on) {
        cachesStructures = on;
        buffer.dropStructures(TranslationBuffer.ALL);
        select();
    }

    /** Starts or ends to count the uses of stale translations. */
    public void countStale(boolean on) {
        stale = !on ? null : stale == null ? new StaleUses(cpu) : stale;
        select();
        cpu.execution.code().contextChanged();
        cpu.execution.endBlock();
    }

    /** @return counts of stale uses, or null while they are not counted */
    public StaleUses stale() {
        return stale;
    }

    /** Picks the entries that fit CPL and EFLAGS.AC; called by {@link Segments#modeChanged}. */
    void rightsChanged() {
        int wanted = cpu.cpl == 3 ? 1 : (cpu.system.cr4 & SystemState.CR4_SMAP) != 0 && (cpu.systemFlags & Flags.AC) != 0 ? 2 : 0;
        if (wanted != rightsSet) {
            rightsSet = wanted;
            select();
        }
        boolean checked = cpu.execution != null && cpu.execution.traps.alignmentChecked();
        if (checked != alignmentChecked) {
            alignmentChecked = checked;
            reselect();
        }
    }

    // What is cached, and when it goes

    /**
     * Other tags from now on, as VM entries and exits bring them. Nothing is dropped.
     *
     * @param vpid    virtual-processor identifier; 0 outside of VMs, and in those without
     * @param pointer address part of the EPT pointer, or {@link #NO_EPT}
     */
    public void tag(int vpid, long pointer) {
        processor = vpid;
        eptPointer = pointer;
        reselect();
    }

    /** CR0, CR3, CR4, EFER or the tags have changed: goes on with the entries that fit. */
    public void reselect() {
        boolean replaced = buffer.select(processor, cpu.system.processContext(), eptPointer, cpu.system.translationRules(), cpu.system.pkru);
        select();
        if (replaced) {
            cpu.execution.code().drop(1 << buffer.current().number, true);
        } else {
            cpu.execution.code().contextChanged();
        }
        cpu.execution.endBlock();
    }

    /** Drops every translation, those of code, of global pages and of other virtual processors included. */
    public void flush() {
        drop(TranslationBuffer.ALL, true);
        reselect();
    }

    /** A control register has changed: drops every translation of the current virtual processor, and goes on by other rules. */
    void controlChanged() {
        drop(buffer.of(processor), true);
        reselect();
    }

    private void drop(int contexts, boolean globals) {
        buffer.drop(contexts, globals);
        cpu.execution.code().drop(contexts, globals);
        cpu.execution.endBlock();
    }

    private void dropAddress(int contexts, long linear, boolean onlyGlobal) {
        buffer.dropAddress(contexts, linear, onlyGlobal);
        cpu.execution.code().dropAddress(contexts, linear, onlyGlobal);
        cpu.execution.endBlock();
    }

    /** Translations of an address, and the paging structures that would be used for it. */
    private void dropMappings(int contexts, long linear) {
        buffer.dropStructures(contexts, linear);
        dropAddress(contexts, linear, false);
    }

    /**
     * MOV to CR3: what is not global of the context goes, unless software asks to keep it.
     *
     * @sdm Operations that Invalidate TLBs and Paging-Structure Caches
     */
    void contextChanged(boolean keep) {
        if (!keep) {
            drop(buffer.of(processor, cpu.system.processContext()), false);
        }
        reselect();
    }

    /** INVLPG: drops what maps an address in the current process context, with all its paging structures, and, of global pages, in every one; of the current virtual processor. */
    public void flushPage(long linear) {
        int own = buffer.of(processor, cpu.system.processContext());
        buffer.dropStructures(own);
        dropAddress(own, linear, false);
        dropAddress(buffer.of(processor) & ~own, linear, true);
    }

    /** INVPCID, type 0: drops what maps an address in a process context of the current virtual processor; global pages may stay. */
    public void flushPage(int context, long linear) {
        dropMappings(buffer.of(processor, context), linear);
    }

    /** INVPCID, type 1: drops a process context of the current virtual processor but for its global pages. */
    public void flushContext(int context) {
        drop(buffer.of(processor, context), false);
    }

    /** INVPCID, type 2: drops every process context of the current virtual processor. */
    public void flushContexts() {
        drop(buffer.of(processor), true);
    }

    /** INVPCID, type 3: drops every process context of the current virtual processor but for its global pages. */
    public void flushLocal() {
        drop(buffer.of(processor), false);
    }

    /** INVVPID, type 0: drops what maps an address for a virtual processor. */
    public void flushPageOf(int vpid, long linear) {
        dropMappings(buffer.of(vpid), linear);
    }

    /** INVVPID, types 1 and 3: drops what is cached for a virtual processor, or all but its global pages. */
    public void flushProcessor(int vpid, boolean globals) {
        drop(buffer.of(vpid), globals);
    }

    /** INVVPID, type 2: drops what is cached for any virtual processor but 0000h. */
    public void flushVirtual() {
        drop(buffer.ofVirtual(), true);
    }

    /** INVEPT: drops the combined mappings under an EPT pointer, or with {@link #NO_EPT} under any. */
    public void flushUnder(long pointer) {
        drop(buffer.under(pointer), true);
    }

    /** A violation concerned the address: what is cached of it in the current context goes. */
    public void violated(long linear) {
        dropMappings(1 << buffer.current().number, linear);
    }

    /**
     * A page fault concerned the address: what the current process context has cached of it goes.
     *
     * @sdm Operations that Invalidate TLBs and Paging-Structure Caches: page faults
     */
    void faulted(long linear) {
        int own = buffer.of(processor, cpu.system.processContext());
        buffer.dropFaulted(own, linear);
        buffer.dropStructures(own, linear);
        cpu.execution.code().faulted(own, linear);
    }

    /** PKRU has changed. Nothing is dropped: an entry whose key forbids an access is not seen meanwhile. */
    public void keysChanged() {
        buffer.rekey(cpu.system.pkru);
    }

    /** Accesses to a page are to be looked at one by one from now on. */
    void watched(long linear) {
        buffer.dropPage(linear);
    }

    /** Makes writes to this page take the slow path from now on: somebody has decoded code of it. */
    void dropWritable(MemoryPage page) {
        buffer.dropWritable(page);
    }

    // Use

    /** @return {@link Paging#USER} at privilege level 3 */
    int rights() {
        return cpu.cpl == 3 ? Paging.USER : 0;
    }

    /** Translates and, if the page can be had directly, fills the entry. @return host-physical address */
    long fill(long linear, int access) {
        return fill(set, linear, access, access | rights());
    }

    private long fill(TranslationBuffer.Set into, long linear, int access, int asked) {
        if (stale != null) {
            long known = stale.data(into, linear, access == Paging.WRITE, asked);
            if (known != -1) {
                return known;
            }
        }
        long physical = paging.translate(linear, asked);
        MemoryPage page = space.page(physical);
        if (page == null || onApicPage(physical) || cpu.execution.traps.watches(linear)) {
            return physical;
        }
        long tag = linear & -4096L;
        Entry e = into.fill(tag, page, paging.mapped(), paging.global(), paging.key());
        if (page.writable && access == Paging.WRITE && paging.keepsWrites()) {
            e.allowWrites();
        }
        return physical;
    }

    /** @return host-physical address, from the entry if that is known */
    long physical(long linear, int access) {
        Entry e = (stale == null ? set.entries : stale.none)[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        if (access == Paging.WRITE ? e.writeTag == tag || e.watchedTag == tag : e.readTag == tag) {
            return e.page.address + (linear & 0xFFF);
        }
        return allowed(fill(linear, access), access);
    }

    /** @return the same for an implicit access: it has the rights of the supervisor with EFLAGS.AC clear, and shares its entries */
    long systemPhysical(long linear, int access) {
        TranslationBuffer.Set supervisor = buffer.current().sets[0];
        Entry e = (stale == null ? supervisor.entries : stale.none)[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        if (access == Paging.WRITE ? e.writeTag == tag || e.watchedTag == tag : e.readTag == tag) {
            return e.page.address + (linear & 0xFFF);
        }
        return allowed(fill(supervisor, linear, access, access | Paging.IMPLICIT), access);
    }
}
