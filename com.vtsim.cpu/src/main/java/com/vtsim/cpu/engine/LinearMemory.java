package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Linear memory: a direct-mapped software TLB in front of {@link Paging}. An entry holds the chunk and offset of a page of
 * RAM; what has no such backing (devices, pages with decoded code when written, pages with a data breakpoint) never gets
 * one and takes the slow path. Accesses check the segment before they come here.
 */
public final class LinearMemory {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int ENTRIES = 1024;
    private static final long INVALID = 1;

    /** One object an entry: a hit costs one bounds check and one cache line. */
    private static final class Entry {
        long readTag = INVALID;
        long writeTag = INVALID;
        byte[] bytes;
        int offset;
    }

    /** A set of entries for one kind of access rights. */
    private static final class Set {
        final Entry[] entries = new Entry[ENTRIES];
        boolean used;

        Set() {
            Arrays.setAll(entries, i -> new Entry());
        }

        void drop() {
            for (Entry entry : entries) {
                entry.readTag = INVALID;
                entry.writeTag = INVALID;
            }
            used = false;
        }
    }

    private final Cpu cpu;
    private final Paging paging;
    /** Supervisor; user; supervisor with EFLAGS.AC set while SMAP is on. */
    private final Set[] sets = {new Set(), new Set(), new Set()};
    private Entry[] entries;
    private int current;
    private MemorySpace space;
    private boolean alignmentChecked;

    LinearMemory(Cpu cpu) {
        this.cpu = cpu;
        this.paging = new Paging(cpu);
        select(0);
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

    /** @return page walks */
    public Paging paging() {
        return paging;
    }

    private void select(int set) {
        current = set;
        entries = sets[set].entries;
    }

    /** Picks the entries that fit CPL and EFLAGS.AC; called by {@link Segments#modeChanged}. */
    void rightsChanged() {
        int set = cpu.cpl == 3 ? 1 : (cpu.system.cr4 & SystemState.CR4_SMAP) != 0 && (cpu.systemFlags & Flags.AC) != 0 ? 2 : 0;
        if (set != current) {
            select(set);
        }
        boolean checked = cpu.execution != null && cpu.execution.alignmentChecked();
        if (checked != alignmentChecked) {
            alignmentChecked = checked;
            flush();
        }
    }

    /** Drops every translation, decoded-code look-ups included. */
    public void flush() {
        for (Set set : sets) {
            if (set.used) {
                set.drop();
            }
        }
        cpu.execution.translationsChanged();
    }

    /** Drops the translations of one page. */
    public void flushPage(long linear) {
        int i = index(linear);
        for (Set set : sets) {
            set.entries[i].readTag = INVALID;
            set.entries[i].writeTag = INVALID;
        }
        cpu.execution.translationsChanged();
    }

    /** Makes writes to this page take the slow path from now on: somebody has decoded code of it. */
    void dropWritable(MemoryPage page) {
        for (Set set : sets) {
            if (set.used) {
                for (Entry entry : set.entries) {
                    if (entry.writeTag != INVALID && entry.bytes == page.bytes && entry.offset == page.offset) {
                        entry.writeTag = INVALID;
                    }
                }
            }
        }
    }

    private static int index(long linear) {
        return (int) (linear >>> 12) & ENTRIES - 1;
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
        if (e.writeTag != (linear & -4096L) || at > 4096 - size) {
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
        long last = lastByte(linear, segment, size);
        paging.translate(linear, access | rights());
        if (((linear ^ last) & -4096L) != 0) {
            paging.translate(last & -4096L, access | rights());
        }
    }

    /**
     * For bulk operations: the page behind a linear address.
     *
     * @return how many bytes from there on can be read (or, with {@code write}, written) in {@link #runBytes} at
     *         {@link #runOffset}, without crossing a page; 0 where the access has to go byte by byte
     */
    public int run(long linear, int segment, boolean write) {
        Entry e = entries[index(linear)];
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
        long physical = paging.translate(linear, access | rights());
        MemoryPage page = space.page(physical);
        if (page == null || cpu.execution.watches(linear)) {
            return physical;
        }
        Entry e = entries[index(linear)];
        long tag = linear & -4096L;
        if (e.readTag != tag) {
            e.writeTag = INVALID;
        }
        e.readTag = tag;
        e.bytes = page.bytes;
        e.offset = page.offset;
        if (page.writable && !page.isWatched() && access == Paging.WRITE) {
            e.writeTag = tag;
        }
        sets[current].used = true;
        return physical;
    }

    private long slowLoad(long linear, int segment, int size) {
        long last = lastByte(linear, segment, size);
        long at = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
        cpu.execution.checkAlignment(at, size);
        if (((at ^ last) & -4096L) == 0) {
            long value = space.read(fill(at, Paging.READ), size);
            cpu.execution.dataAccess(at, size, false);
            return value;
        }
        long low = fill(at, Paging.READ);
        long high = fill(last & -4096L, Paging.READ);
        int first = 4096 - ((int) at & 0xFFF);
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | space.read(i < first ? low + i : high + i - first, 1);
        }
        cpu.execution.dataAccess(at, size, false);
        return value;
    }

    private void slowStore(long linear, int segment, long value, int size) {
        long last = lastByte(linear, segment, size);
        long at = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
        cpu.execution.checkAlignment(at, size);
        if (((at ^ last) & -4096L) == 0) {
            space.write(fill(at, Paging.WRITE), size, value);
            cpu.execution.dataAccess(at, size, true);
            return;
        }
        long low = fill(at, Paging.WRITE);
        long high = fill(last & -4096L, Paging.WRITE);
        int first = 4096 - ((int) at & 0xFFF);
        for (int i = 0; i < size; i++) {
            space.write(i < first ? low + i : high + i - first, 1, value >>> 8 * i & 0xFF);
        }
        cpu.execution.dataAccess(at, size, true);
    }

    // Accesses the processor makes on its own behalf: descriptor tables, task-state segments. They are supervisor accesses whatever CPL is.

    /** Loads {@code size} (1, 2, 4 or 8) bytes as an implicit supervisor access; a fault is the guest's. */
    public long loadSystem(long linear, int size) {
        long address = system(linear);
        long value = 0;
        long physical = 0;
        for (int i = 0; i < size; i++) {
            long byteAddress = system(address + i);
            if (i == 0 || (byteAddress & 0xFFF) == 0) {
                physical = paging.translate(byteAddress, Paging.READ | Paging.IMPLICIT);
                if ((byteAddress & 0xFFF) + size - i <= 4096 && i == 0) {
                    return space.read(physical, size);
                }
            }
            value |= space.read(physical, 1) << 8 * i;
            physical++;
        }
        return value;
    }

    /** Stores the low {@code size} (1, 2, 4 or 8) bytes as an implicit supervisor access; nothing is stored if it faults. */
    public void storeSystem(long linear, long value, int size) {
        long address = system(linear);
        long first = paging.translate(address, Paging.WRITE | Paging.IMPLICIT);
        int inFirst = Math.min(size, 4096 - ((int) address & 0xFFF));
        if (inFirst == size) {
            space.write(first, size, value);
            return;
        }
        long second = paging.translate(system(address + inFirst), Paging.WRITE | Paging.IMPLICIT);
        for (int i = 0; i < size; i++) {
            space.write(i < inFirst ? first + i : second + i - inFirst, 1, value >>> 8 * i & 0xFF);
        }
    }

    private long system(long linear) {
        return (cpu.mode & Mode.LONG) != 0 ? linear : linear & 0xFFFF_FFFFL;
    }
}
