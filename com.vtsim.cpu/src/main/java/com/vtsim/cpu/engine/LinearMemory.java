package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.TranslationBuffer.Entry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Accesses to linear memory. One that hits an entry of {@link LinearTranslation} goes to the backing array of its page; what
 * has no such backing (devices, pages with decoded code when written, pages with a data breakpoint) never gets an entry
 * and takes the slow path. Accesses check the segment before they come here.
 */
public final class LinearMemory {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int ENTRIES = TranslationBuffer.ENTRIES;
    private static final long INVALID = TranslationBuffer.INVALID;

    private final Cpu cpu;
    private final LinearTranslation translation;
    /** Those that fit the current context and rights; here, and not behind {@link #translation}, for the sake of speed. */
    private Entry[] entries;
    private MemorySpace space;

    LinearMemory(Cpu cpu, LinearTranslation translation) {
        this.cpu = cpu;
        this.translation = translation;
        translation.selectFor(this);
    }

    /** Gives the memory to work on; null when detached. */
    public void attach(MemorySpace space) {
        this.space = space;
        translation.attach(space);
    }

    /** @return host-physical memory */
    public MemorySpace space() {
        return space;
    }

    /** @return page walks */
    public Paging paging() {
        return translation.paging();
    }

    /** Other entries fit from now on. */
    void entries(Entry[] fitting) {
        entries = fitting;
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
        long physical = translation.fill(linear, access);
        if (((linear ^ last) & -4096L) != 0) {
            translation.allowed(physical, access);
            translation.allowed(translation.fill(last & -4096L, access), access);
        } else if (translation.onApicPage(physical)) {
            translation.apic().probe((int) physical & 0xFFF, size, access == Paging.WRITE);
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
            translation.fill(linear, write ? Paging.WRITE : Paging.READ);
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

    /** @return the linear address of the last byte; raises the exception of an address that is not canonical or wraps */
    private long lastByte(long linear, int segment, int size) {
        if ((cpu.mode & Mode.SIZE_MASK) == 2) {
            long last = linear + size - 1;
            if (!translation.paging().canonical(linear) || !translation.paging().canonical(last)) {
                throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
            }
            return last;
        }
        return linear + size - 1 & 0xFFFF_FFFFL;
    }

    private long slowLoad(long linear, int segment, int size) {
        long last = lastByte(linear, segment, size);
        long at = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
        cpu.execution.traps.checkAlignment(at, size);
        if (((at ^ last) & -4096L) == 0) {
            long physical = translation.fill(at, Paging.READ);
            long value = translation.onApicPage(physical) ? translation.apic().read((int) physical & 0xFFF, size) : space.read(physical, size);
            cpu.execution.traps.dataAccess(at, size, false);
            return value;
        }
        long low = translation.physical(at, Paging.READ);
        long high = translation.physical(last & -4096L, Paging.READ);
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
            long physical = translation.fill(at, Paging.WRITE);
            if (!translation.paging().keepsWrites()) {
                translation.paging().translate(last, Paging.WRITE | translation.rights());
            }
            if (translation.onApicPage(physical)) {
                translation.apic().write((int) physical & 0xFFF, size, value);
            } else {
                space.write(physical, size, value);
            }
            cpu.execution.traps.dataAccess(at, size, true);
            return;
        }
        long low = translation.physical(at, Paging.WRITE);
        long high = translation.physical(last & -4096L, Paging.WRITE);
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
            return space.read(translation.systemPhysical(address, Paging.READ), size);
        }
        long value = 0;
        long physical = 0;
        for (int i = 0; i < size; i++) {
            long byteAddress = system(address + i);
            if (i == 0 || (byteAddress & 0xFFF) == 0) {
                physical = translation.systemPhysical(byteAddress, Paging.READ);
            }
            value |= space.read(physical, 1) << 8 * i;
            physical++;
        }
        return value;
    }

    /** Stores the low {@code size} (1, 2, 4 or 8) bytes as an implicit supervisor access; nothing is stored if it faults. */
    public void storeSystem(long linear, long value, int size) {
        long address = system(linear);
        long first = translation.systemPhysical(address, Paging.WRITE);
        int inFirst = Math.min(size, 4096 - ((int) address & 0xFFF));
        if (inFirst == size) {
            space.write(first, size, value);
            return;
        }
        long second = translation.systemPhysical(system(address + inFirst), Paging.WRITE);
        for (int i = 0; i < size; i++) {
            space.write(i < inFirst ? first + i : second + i - inFirst, 1, value >>> 8 * i & 0xFF);
        }
    }

    private long system(long linear) {
        return (cpu.mode & Mode.LONG) != 0 ? linear : linear & 0xFFFF_FFFFL;
    }
}
