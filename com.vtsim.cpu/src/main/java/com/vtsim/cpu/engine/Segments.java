package com.vtsim.cpu.engine;

/**
 * Segment registers with their hidden parts, descriptor-table registers, the checks that a segment makes on an access,
 * and the loading of segment registers.
 *
 * @sdm Segment Registers; Limit Checking; Type Checking; Privilege Levels
 */
public final class Segments {
    /** Bits of a hidden part's attributes, as in the descriptor's second doubleword shifted right by 8. */
    public static final int TYPE = 0xF, ACCESSED = 1, WRITABLE = 1 << 1, EXPAND_DOWN = 1 << 2, CODE = 1 << 3, NON_SYSTEM = 1 << 4,
        PRESENT = 1 << 7, LONG_CODE = 1 << 13, BIG = 1 << 14, GRANULARITY = 1 << 15, UNUSABLE = 1 << 16;
    /** Attributes of every segment in real mode after reset: present, read/write, accessed. */
    public static final int REAL_MODE = PRESENT | NON_SYSTEM | WRITABLE | ACCESSED;
    /** Attributes of every segment in virtual-8086 mode. */
    private static final int V86_MODE = REAL_MODE | 3 << 5;

    private final Cpu cpu;

    /** Selectors of ES, CS, SS, DS, FS, GS. */
    public final int[] selector = new int[6];
    /** Base addresses as loaded; {@link Cpu#segBase} has what is in effect. */
    public final long[] base = new long[6];
    /** Highest offset (lowest valid one less 1 for expand-down), scaled by granularity: unsigned 32 bits. */
    public final long[] limit = new long[6];
    /** Attributes. */
    public final int[] access = new int[6];
    /** LDTR. */
    public int ldtSelector, ldtAccess;
    /** LDTR. */
    public long ldtBase, ldtLimit;
    /** TR. */
    public int taskSelector, taskAccess;
    /** TR. */
    public long taskBase, taskLimit;
    /** GDTR and IDTR. */
    public long gdtBase, idtBase;
    /** GDTR and IDTR. */
    public int gdtLimit, idtLimit;

    private final Descriptor loading = new Descriptor();

    Segments(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Recomputes what depends on CPL, segments, CR0.PE, EFLAGS.VM and EFER.LMA: {@link Cpu#mode}, {@link Cpu#segBase}, {@link Cpu#stackMask}. */
    public void modeChanged() {
        boolean longMode = cpu.system.longMode();
        boolean protectedMode = (cpu.system.cr0 & SystemState.CR0_PE) != 0;
        boolean v86 = (cpu.systemFlags & Flags.VM) != 0;
        boolean code64 = longMode && (access[Cpu.CS] & LONG_CODE) != 0;
        int size = code64 ? 2 : (access[Cpu.CS] & BIG) != 0 ? 1 : 0;
        boolean stack32 = (access[Cpu.SS] & BIG) != 0;
        boolean flat = code64 || flat(Cpu.ES) && flat(Cpu.SS) && flat(Cpu.DS);
        cpu.mode = size | (stack32 && !code64 ? Mode.STACK32 : 0) | (flat ? Mode.FLAT : 0) | (cpu.cpl == 3 ? Mode.USER : 0)
            | (protectedMode ? Mode.PROTECTED : 0) | (v86 ? Mode.V86 : 0) | (longMode ? Mode.LONG : 0);
        cpu.stackMask = code64 ? -1L : stack32 ? 0xFFFF_FFFFL : 0xFFFFL;
        for (int i = Cpu.ES; i <= Cpu.DS; i++) {
            cpu.segBase[i] = code64 ? 0 : base[i];
        }
        cpu.segBase[Cpu.FS] = base[Cpu.FS];
        cpu.segBase[Cpu.GS] = base[Cpu.GS];
        cpu.translation.rightsChanged();
        cpu.floating.rightsChanged();
        cpu.performance.levelChanged();
    }

    private boolean flat(int segment) {
        int wanted = PRESENT | NON_SYSTEM | WRITABLE;
        return base[segment] == 0 && limit[segment] == 0xFFFF_FFFFL
            && (access[segment] & (wanted | CODE | EXPAND_DOWN | UNUSABLE)) == wanted;
    }

    // Accesses

    /** @return linear address of {@code size} bytes to be read at an offset; throws #GP or #SS if the segment forbids it */
    public long readable(int segment, long offset, int size) {
        if ((cpu.mode & Mode.SIZE_MASK) == 2) {
            return cpu.segBase[segment] + offset;
        }
        int attributes = access[segment];
        if ((attributes & UNUSABLE) != 0 || (attributes & (CODE | WRITABLE)) == CODE || !inside(limit[segment], attributes, offset, size)) {
            throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
        }
        return cpu.segBase[segment] + offset & 0xFFFF_FFFFL;
    }

    /** @return linear address of {@code size} bytes to be written at an offset; throws #GP or #SS if the segment forbids it */
    public long writable(int segment, long offset, int size) {
        if ((cpu.mode & Mode.SIZE_MASK) == 2) {
            return cpu.segBase[segment] + offset;
        }
        int attributes = access[segment];
        if ((attributes & (UNUSABLE | CODE | WRITABLE)) != WRITABLE || !inside(limit[segment], attributes, offset, size)) {
            throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
        }
        return cpu.segBase[segment] + offset & 0xFFFF_FFFFL;
    }

    /** @return whether {@code size} bytes at an offset lie within a segment of this limit and these attributes */
    static boolean inside(long limit, int attributes, long offset, int size) {
        long last = offset + size - 1;
        if ((attributes & (CODE | EXPAND_DOWN)) == EXPAND_DOWN) {
            long top = (attributes & BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFFL;
            return offset > limit && last <= top;
        }
        // In a segment of 4 GiB an access that wraps breaks no limit.
        return last <= limit || limit == 0xFFFF_FFFFL;
    }

    // Descriptors

    /** @return whether the selector is null: index and table indicator 0 */
    public static boolean isNull(int selector) {
        return (selector & 0xFFFC) == 0;
    }

    /**
     * Reads the descriptor a selector names; a page fault is the guest's.
     *
     * @return false if it lies beyond its table's limit or there is no local table; nothing is read then
     */
    public boolean fetch(int selector, Descriptor into) {
        boolean local = (selector & 4) != 0;
        long tableLimit = local ? (ldtAccess & UNUSABLE) != 0 ? -1 : ldtLimit : gdtLimit;
        if ((selector | 7) > tableLimit) {
            return false;
        }
        into.selector = selector;
        into.address = (local ? ldtBase : gdtBase) + (selector & 0xFFF8);
        into.set(cpu.memory.loadSystem(into.address, 8));
        return true;
    }

    /** As {@link #fetch}, or #GP with the selector. */
    public void fetchOrFault(int selector, Descriptor into) {
        if (!fetch(selector, into)) {
            throw cpu.protection(selector & 0xFFFC);
        }
    }

    /**
     * Reads the upper half of a system descriptor in IA-32e mode; does nothing otherwise.
     * #GP with the selector if it lies beyond the table or its type field is not 0.
     */
    public void fetchUpper(Descriptor of) {
        if ((cpu.mode & Mode.LONG) == 0) {
            return;
        }
        boolean local = (of.selector & 4) != 0;
        long tableLimit = local ? ldtLimit : gdtLimit;
        if ((of.selector | 7) + 8 > tableLimit) {
            throw cpu.protection(of.selector & 0xFFFC);
        }
        long upper = cpu.memory.loadSystem(of.address + 8, 8);
        of.upper = (int) upper;
        of.last = (int) (upper >>> 32);
        if ((of.last & 0x1F00) != 0) {
            throw cpu.protection(of.selector & 0xFFFC);
        }
    }

    /** Sets the accessed bit of a code or data segment in its table. */
    public void markAccessed(Descriptor descriptor) {
        if ((descriptor.high & 1 << 8) == 0) {
            descriptor.high |= 1 << 8;
            cpu.memory.storeSystem(descriptor.address + 5, descriptor.high >> 8, 1);
        }
    }

    // Loads

    /**
     * Loads ES, SS, DS, FS or GS as MOV, POP and LDS do, with every check of the current mode. Nothing has changed if it faults.
     *
     * @param value 16 bits
     * @sdm MOV—Move (Operation)
     */
    public void load(int segment, int value) {
        if ((cpu.mode & (Mode.PROTECTED | Mode.V86)) != Mode.PROTECTED) {
            int before = access[segment];
            loadReal(segment, value);
            if (access[segment] == before && limit[segment] <= 0xFFFF) {
                // Nothing but the base is new: the common case, and frequent in 16-bit code.
                cpu.segBase[segment] = base[segment];
                return;
            }
        } else if (isNull(value)) {
            if (segment == Cpu.SS && ((cpu.mode & Mode.SIZE_MASK) != 2 || cpu.cpl == 3 || (value & 3) != cpu.cpl)) {
                throw cpu.protection(0);
            }
            loadNull(segment, value);
        } else {
            fetchOrFault(value, loading);
            if (segment == Cpu.SS) {
                checkStack(loading, cpu.cpl, 13);
            } else {
                checkData(loading);
            }
            markAccessed(loading);
            set(segment, value, loading);
        }
        changed();
    }

    /** Recomputes the mode; if it is another one, the current block was not translated for it. */
    private void changed() {
        int before = cpu.mode;
        modeChanged();
        if (cpu.mode != before) {
            cpu.execution.endBlock();
        }
    }

    /** Loads any segment register as real and virtual-8086 mode do; the caller calls {@link #modeChanged}. */
    void loadReal(int segment, int value) {
        selector[segment] = value;
        base[segment] = (long) value << 4;
        if ((cpu.systemFlags & Flags.VM) != 0) {
            limit[segment] = 0xFFFF;
            access[segment] = V86_MODE;
        } else if (segment == Cpu.CS || (access[segment] & UNUSABLE) != 0) {
            // Limit and size stay what protected mode made them, as on silicon ("unreal" mode depends on it).
            access[segment] = access[segment] & BIG | REAL_MODE;
        }
    }

    /** Makes a data segment register, or in 64-bit mode SS, null; the caller calls {@link #modeChanged}. */
    public void loadNull(int segment, int value) {
        selector[segment] = value;
        base[segment] = 0;
        access[segment] |= UNUSABLE;
    }

    /** @return whether type and privilege let a descriptor into DS, ES, FS or GS */
    boolean permitsData(Descriptor d) {
        return d.readable() && (d.conforming() || (d.selector & 3) <= d.dpl() && cpu.cpl <= d.dpl());
    }

    private void checkData(Descriptor d) {
        if (!permitsData(d)) {
            throw cpu.protection(d.selector & 0xFFFC);
        }
        if (!d.present()) {
            throw cpu.fault(11, d.selector & 0xFFFC);
        }
    }

    /**
     * Checks a descriptor for SS.
     *
     * @param level  RPL and DPL it has to have
     * @param vector raised if it does not fit: 13, or 10 where the selector comes from a TSS
     */
    public void checkStack(Descriptor d, int level, int vector) {
        if ((d.selector & 3) != level || !d.writableData() || d.dpl() != level) {
            throw cpu.fault(vector, d.selector & 0xFFFC);
        }
        if (!d.present()) {
            throw cpu.fault(12, d.selector & 0xFFFC);
        }
    }

    /** Puts a checked descriptor into a segment register; the caller calls {@link #modeChanged}. */
    public void set(int segment, int value, Descriptor d) {
        selector[segment] = value;
        base[segment] = d.base();
        limit[segment] = d.limit();
        access[segment] = d.access();
    }

    /**
     * Puts a checked code segment into CS and its level into CPL; the caller calls {@link #modeChanged}.
     *
     * @param level the new CPL, which also becomes CS.RPL
     */
    public void setCode(Descriptor d, int level) {
        set(Cpu.CS, d.selector & 0xFFFC | level, d);
        cpu.cpl = level;
    }

    /** Loads CS in real or virtual-8086 mode; recomputes the mode. */
    public void setRealCode(int value) {
        int before = access[Cpu.CS];
        loadReal(Cpu.CS, value);
        if (access[Cpu.CS] == before) {
            cpu.segBase[Cpu.CS] = base[Cpu.CS];
        } else {
            changed();
        }
    }

    /**
     * Raises #GP(0) unless an instruction pointer lies in a code segment.
     *
     * @param d  the code segment that is about to be loaded
     * @param ip as it will be loaded
     */
    public void checkTarget(Descriptor d, long ip) {
        boolean code64 = (cpu.mode & Mode.LONG) != 0 && d.long64();
        if (code64 ? !cpu.memory.paging().canonical(ip) : ip > d.limit() || ip < 0) {
            throw cpu.protection(0);
        }
    }

    /** Sets the base of FS or GS alone, as WRFSBASE and IA32_FS_BASE do. */
    public void setBase(int segment, long value) {
        base[segment] = value;
        cpu.segBase[segment] = value;
    }

    /** After a return to an outer level: data segments that it must not see become null. */
    public void dropInnerData() {
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            if (i == Cpu.CS || i == Cpu.SS) {
                continue;
            }
            boolean conforming = (access[i] & (CODE | EXPAND_DOWN)) == (CODE | EXPAND_DOWN);
            if ((access[i] & UNUSABLE) == 0 && !conforming && (access[i] >> 5 & 3) < cpu.cpl) {
                // The bases of FS and GS stay: 64-bit programs use them with null selectors.
                selector[i] = 0;
                access[i] |= UNUSABLE;
            }
        }
    }
}
