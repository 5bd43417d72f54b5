package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.TranslationBuffer.Entry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Linear memory: a direct-mapped software TLB in front of {@link Paging}. An entry holds the chunk and offset of a page of
 * RAM; what has no such backing (devices, pages with decoded code when written, pages with a data breakpoint) never gets
 * one and takes the slow path. Accesses check the segment before they come here.
 */
public final class LinearMemory {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int ENTRIES = TranslationBuffer.ENTRIES;
    private static final long INVALID = TranslationBuffer.INVALID;
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
    private Entry[] entries;
    private MemorySpace space;
    private boolean alignmentChecked;
    /** Host-physical address of the APIC-access page of the VM that runs, or {@link #NO_PAGE}. */
    private long apicPage = NO_PAGE;
    private ApicAccesses apic;
    private int processor;
    private long eptPointer = NO_EPT;
    /** Null unless stale uses are counted. */
    private StaleUses stale;

    LinearMemory(Cpu cpu) {
        this.cpu = cpu;
        this.paging = new Paging(cpu);
        select();
    }

    /** Gives the memory to work on; null when detached. */
    public void attach(MemorySpace space) {
        this.space = space;
        paging.attach(space);
        flush();
    }

    /** @return host-physical memory */
    public MemorySpace space() {
        return space;
    }

    /** Accesses to a page of host-physical memory go to somebody else from now on; it is cached nowhere. @param accesses null: to none */
    public void apicPage(long page, ApicAccesses accesses) {
        apicPage = accesses == null ? NO_PAGE : page & -4096L;
        apic = accesses;
    }

    /** @return the host-physical address, unless an access to it makes the VM exit. @param access kind, as {@link Paging} numbers it */
    long allowed(long physical, int access) {
        if ((physical & -4096L) == apicPage) {
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
        entries = stale == null ? set.entries : stale.none;
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
        boolean replaced = buffer.select(processor, cpu.system.processContext(), eptPointer, cpu.system.translationRules());
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

    /** INVLPG: drops what maps an address in the current process context and, of global pages, in every one; of the current virtual processor. */
    public void flushPage(long linear) {
        int own = buffer.of(processor, cpu.system.processContext());
        dropAddress(own, linear, false);
        dropAddress(buffer.of(processor) & ~own, linear, true);
    }

    /** INVPCID, type 0: drops what maps an address in a process context of the current virtual processor; global pages may stay. */
    public void flushPage(int context, long linear) {
        dropAddress(buffer.of(processor, context), linear, false);
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
        dropAddress(buffer.of(vpid), linear, false);
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
        dropAddress(1 << buffer.current().number, linear, false);
    }

    /** Drops the translations of data: protection keys do not concern code. */
    public void flushData() {
        buffer.drop(TranslationBuffer.ALL, true);
    }

    /** Makes writes to this page take the slow path from now on: somebody has decoded code of it. */
    void dropWritable(MemoryPage page) {
        buffer.dropWritable(page);
    }

    /** Loads a byte, zero-extended. @param segment for the exception if the address is not canonical */
    public int load8(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        if (e.readTag == (linear & -4096L)) {
            return e.bytes[e.offset + ((int) linear & 0xFFF)] & 0xFF;
        }
        return (int) slowLoad(linear, segment, 1);
    }

    /** Loads 2 bytes, zero-extended. */
    public int load16(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.readTag == (linear & -4096L) && at <= 4096 - 2) {
            return (short) SHORT.get(e.bytes, e.offset + at) & 0xFFFF;
        }
        return (int) slowLoad(linear, segment, 2);
    }

    /** Loads 4 bytes. */
    public int load32(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.readTag == (linear & -4096L) && at <= 4096 - 4) {
            return (int) INT.get(e.bytes, e.offset + at);
        }
        return (int) slowLoad(linear, segment, 4);
    }

    /** Loads 8 bytes. */
    public long load64(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.readTag == (linear & -4096L) && at <= 4096 - 8) {
            return (long) LONG.get(e.bytes, e.offset + at);
        }
        return slowLoad(linear, segment, 8);
    }

    /** Stores the low byte. */
    public void store8(long linear, int segment, int value) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        if (e.writeTag == (linear & -4096L)) {
            e.bytes[e.offset + ((int) linear & 0xFFF)] = (byte) value;
            return;
        }
        slowStore(linear, segment, value, 1);
    }

    /** Stores the low 2 bytes. */
    public void store16(long linear, int segment, int value) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 2) {
            SHORT.set(e.bytes, e.offset + at, (short) value);
            return;
        }
        slowStore(linear, segment, value, 2);
    }

    /** Stores 4 bytes. */
    public void store32(long linear, int segment, int value) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 4) {
            INT.set(e.bytes, e.offset + at, value);
            return;
        }
        slowStore(linear, segment, value, 4);
    }

    /** Stores 8 bytes. */
    public void store64(long linear, int segment, long value) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 8) {
            LONG.set(e.bytes, e.offset + at, value);
            return;
        }
        slowStore(linear, segment, value, 8);
    }

    /**
     * The same for a read that will be followed by a write to the same place: faults as the write would.
     *
     * @return 1, 2, 4 or 8 bytes, zero-extended
     */
    public long loadForWrite(long linear, int segment, int size) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        long tag = linear & -4096L;
        if (e.writeTag != tag && e.watchedTag != tag || at > 4096 - size) {
            probeWrite(linear, segment, size);
        }
        return load(linear, segment, size);
    }

    /** {@link #loadForWrite} of a byte. */
    public int loadForWrite8(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        if (e.writeTag == (linear & -4096L)) {
            return e.bytes[e.offset + ((int) linear & 0xFFF)] & 0xFF;
        }
        return (int) loadForWrite(linear, segment, 1);
    }

    /** {@link #loadForWrite} of 2 bytes. */
    public int loadForWrite16(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 2) {
            return (short) SHORT.get(e.bytes, e.offset + at) & 0xFFFF;
        }
        return (int) loadForWrite(linear, segment, 2);
    }

    /** {@link #loadForWrite} of 4 bytes. */
    public int loadForWrite32(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 4) {
            return (int) INT.get(e.bytes, e.offset + at);
        }
        return (int) loadForWrite(linear, segment, 4);
    }

    /** {@link #loadForWrite} of 8 bytes. */
    public long loadForWrite64(long linear, int segment) {
        Entry e = entries[(int) (linear >>> 12) & ENTRIES - 1];
        int at = (int) linear & 0xFFF;
        if (e.writeTag == (linear & -4096L) && at <= 4096 - 8) {
            return (long) LONG.get(e.bytes, e.offset + at);
        }
        return loadForWrite(linear, segment, 8);
    }

    /** @return {@code size} (1, 2, 4 or 8) bytes, zero-extended */
    public long load(long linear, int segment, int size) {
        return switch (size) {
            case 1 -> load8(linear, segment);
            case 2 -> load16(linear, segment);
            case 4 -> load32(linear, segment) & 0xFFFF_FFFFL;
            default -> load64(linear, segment);
        };
    }

    /** Stores the low {@code size} (1, 2, 4 or 8) bytes. */
    public void store(long linear, int segment, long value, int size) {
        switch (size) {
            case 1 -> store8(linear, segment, (int) value);
            case 2 -> store16(linear, segment, (int) value);
            case 4 -> store32(linear, segment, (int) value);
            default -> store64(linear, segment, value);
        }
    }

    /** Throws the fault that a read of {@code size} (1–4096) bytes would. */
    public void probeRead(long linear, int segment, int size) {
        probe(linear, segment, size, Paging.READ);
    }

    /** Throws the fault that a write of {@code size} (1–4096) bytes would; what follows can be stored without fault. */
    public void probeWrite(long linear, int segment, int size) {
        probe(linear, segment, size, Paging.WRITE);
    }

    private void probe(long linear, int segment, int size, int access) {
        Entry e = entries[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        boolean known = access == Paging.WRITE ? e.writeTag == tag || e.watchedTag == tag : e.readTag == tag;
        if (known && ((int) linear & 0xFFF) + size <= 4096) {
            return;
        }
        long last = lastByte(linear, segment, size);
        long physical = fill(linear, access);
        if (((linear ^ last) & -4096L) != 0) {
            allowed(physical, access);
            allowed(fill(last & -4096L, access), access);
        } else if ((physical & -4096L) == apicPage) {
            apic.probe((int) physical & 0xFFF, size, access == Paging.WRITE);
        }
    }

    /**
     * For bulk operations: the page behind a linear address.
     *
     * @return how many bytes from there on can be read (or, with {@code write}, written) in {@link #runBytes} at
     *         {@link #runOffset}, without crossing a page; 0 where the access has to go byte by byte
     */
    public int run(long linear, int segment, boolean write) {
        Entry e = entries[TranslationBuffer.index(linear)];
        int at = (int) linear & 0xFFF;
        if ((write ? e.writeTag : e.readTag) != (linear & -4096L)) {
            lastByte(linear, segment, 1);
            fill(linear, write ? Paging.WRITE : Paging.READ);
            if ((write ? e.writeTag : e.readTag) != (linear & -4096L)) {
                return 0;
            }
        }
        runBytes = e.bytes;
        runOffset = e.offset + at;
        return 4096 - at;
    }

    /** Of the latest {@link #run}. */
    public byte[] runBytes;
    /** Of the latest {@link #run}. */
    public int runOffset;

    private int rights() {
        return cpu.cpl == 3 ? Paging.USER : 0;
    }

    /** @return the linear address of the last byte; raises the exception of an address that is not canonical or wraps */
    private long lastByte(long linear, int segment, int size) {
        if ((cpu.mode & Mode.SIZE_MASK) == 2) {
            long last = linear + size - 1;
            if (!paging.canonical(linear) || !paging.canonical(last)) {
                throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
            }
            return last;
        }
        return linear + size - 1 & 0xFFFF_FFFFL;
    }

    /** Translates and, if the page can be had directly, fills the entry. @return host-physical address */
    private long fill(long linear, int access) {
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
        if (page == null || (physical & -4096L) == apicPage || cpu.execution.traps.watches(linear)) {
            return physical;
        }
        long tag = linear & -4096L;
        Entry e = into.fill(tag, page, paging.mapped(), paging.global());
        if (page.writable && access == Paging.WRITE && paging.keepsWrites()) {
            if (page.isWatched()) {
                e.watchedTag = tag;
            } else {
                e.writeTag = tag;
                e.watchedTag = INVALID;
            }
        }
        return physical;
    }

    /** @return host-physical address, from the entry if that is known */
    private long physical(long linear, int access) {
        Entry e = entries[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        if (access == Paging.WRITE ? e.writeTag == tag || e.watchedTag == tag : e.readTag == tag) {
            return e.page.address + (linear & 0xFFF);
        }
        return allowed(fill(linear, access), access);
    }

    private long slowLoad(long linear, int segment, int size) {
        long last = lastByte(linear, segment, size);
        long at = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
        cpu.execution.traps.checkAlignment(at, size);
        if (((at ^ last) & -4096L) == 0) {
            long physical = fill(at, Paging.READ);
            long value = (physical & -4096L) == apicPage ? apic.read((int) physical & 0xFFF, size) : space.read(physical, size);
            cpu.execution.traps.dataAccess(at, size, false);
            return value;
        }
        long low = physical(at, Paging.READ);
        long high = physical(last & -4096L, Paging.READ);
        int first = 4096 - ((int) at & 0xFFF);
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | space.read(i < first ? low + i : high + i - first, 1);
        }
        cpu.execution.traps.dataAccess(at, size, false);
        return value;
    }

    private void slowStore(long linear, int segment, long value, int size) {
        Entry e = entries[TranslationBuffer.index(linear)];
        int in = (int) linear & 0xFFF;
        if (e.watchedTag == (linear & -4096L) && in <= 4096 - size) {
            storeWatched(e, in, value, size);
            return;
        }
        long last = lastByte(linear, segment, size);
        long at = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
        cpu.execution.traps.checkAlignment(at, size);
        if (((at ^ last) & -4096L) == 0) {
            long physical = fill(at, Paging.WRITE);
            if (!paging.keepsWrites()) {
                paging.translate(last, Paging.WRITE | rights());
            }
            if ((physical & -4096L) == apicPage) {
                apic.write((int) physical & 0xFFF, size, value);
            } else {
                space.write(physical, size, value);
            }
            cpu.execution.traps.dataAccess(at, size, true);
            return;
        }
        long low = physical(at, Paging.WRITE);
        long high = physical(last & -4096L, Paging.WRITE);
        int first = 4096 - ((int) at & 0xFFF);
        for (int i = 0; i < size; i++) {
            space.write(i < first ? low + i : high + i - first, 1, value >>> 8 * i & 0xFF);
        }
        cpu.execution.traps.dataAccess(at, size, true);
    }

    /** Stores to a page whose writes somebody wants to know of; nobody does any more, and it becomes a page like others. */
    private static void storeWatched(Entry e, int in, long value, int size) {
        int at = e.offset + in;
        switch (size) {
            case 1 -> e.bytes[at] = (byte) value;
            case 2 -> SHORT.set(e.bytes, at, (short) value);
            case 4 -> INT.set(e.bytes, at, (int) value);
            default -> LONG.set(e.bytes, at, value);
        }
        MemoryPage page = e.page;
        if (page.isWatched()) {
            page.written(in, size);
        } else {
            e.writeTag = e.watchedTag;
            e.watchedTag = INVALID;
        }
    }

    // Accesses the processor makes on its own behalf: descriptor tables, task-state segments. They are supervisor accesses whatever CPL is.

    /** Loads {@code size} (1, 2, 4 or 8) bytes as an implicit supervisor access; a fault is the guest's. */
    public long loadSystem(long linear, int size) {
        long address = system(linear);
        if (((int) address & 0xFFF) + size <= 4096) {
            return space.read(systemPhysical(address, Paging.READ), size);
        }
        long value = 0;
        long physical = 0;
        for (int i = 0; i < size; i++) {
            long byteAddress = system(address + i);
            if (i == 0 || (byteAddress & 0xFFF) == 0) {
                physical = systemPhysical(byteAddress, Paging.READ);
            }
            value |= space.read(physical, 1) << 8 * i;
            physical++;
        }
        return value;
    }

    /** Stores the low {@code size} (1, 2, 4 or 8) bytes as an implicit supervisor access; nothing is stored if it faults. */
    public void storeSystem(long linear, long value, int size) {
        long address = system(linear);
        long first = systemPhysical(address, Paging.WRITE);
        int inFirst = Math.min(size, 4096 - ((int) address & 0xFFF));
        if (inFirst == size) {
            space.write(first, size, value);
            return;
        }
        long second = systemPhysical(system(address + inFirst), Paging.WRITE);
        for (int i = 0; i < size; i++) {
            space.write(i < inFirst ? first + i : second + i - inFirst, 1, value >>> 8 * i & 0xFF);
        }
    }

    /** Implicit accesses have the rights of the supervisor with EFLAGS.AC clear, and share its entries. */
    private long systemPhysical(long linear, int access) {
        TranslationBuffer.Set supervisor = buffer.current().sets[0];
        Entry e = (stale == null ? supervisor.entries : stale.none)[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        if (access == Paging.WRITE ? e.writeTag == tag || e.watchedTag == tag : e.readTag == tag) {
            return e.page.address + (linear & 0xFFF);
        }
        return allowed(fill(supervisor, linear, access, access | Paging.IMPLICIT), access);
    }

    private long system(long linear) {
        return (cpu.mode & Mode.LONG) != 0 ? linear : linear & 0xFFFF_FFFFL;
    }
}
