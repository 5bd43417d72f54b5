package com.vtsim.cpu.engine;

/**
 * Segment registers with their hidden parts, descriptor-table registers, and the checks that a segment makes on an access.
 */
public final class Segments {
    /** Bits of a hidden part's attributes, as in the descriptor's second doubleword shifted right by 8. */
    public static final int TYPE = 0xF, ACCESSED = 1, WRITABLE = 1 << 1, EXPAND_DOWN = 1 << 2, CODE = 1 << 3, NON_SYSTEM = 1 << 4,
        PRESENT = 1 << 7, LONG_CODE = 1 << 13, BIG = 1 << 14, GRANULARITY = 1 << 15, UNUSABLE = 1 << 16;

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
        cpu.memory.rightsChanged();
    }

    private boolean flat(int segment) {
        int wanted = PRESENT | NON_SYSTEM | WRITABLE;
        return base[segment] == 0 && limit[segment] == 0xFFFF_FFFFL
            && (access[segment] & (wanted | CODE | EXPAND_DOWN | UNUSABLE)) == wanted;
    }

    /** @return linear address of {@code size} bytes to be read at an offset; throws #GP or #SS if the segment forbids it */
    public long readable(int segment, long offset, int size) {
        int attributes = access[segment];
        if ((attributes & UNUSABLE) != 0 || (attributes & (CODE | WRITABLE)) == CODE || !inside(segment, attributes, offset, size)) {
            throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
        }
        return cpu.segBase[segment] + offset & 0xFFFF_FFFFL;
    }

    /** @return linear address of {@code size} bytes to be written at an offset; throws #GP or #SS if the segment forbids it */
    public long writable(int segment, long offset, int size) {
        int attributes = access[segment];
        if ((attributes & (UNUSABLE | CODE | WRITABLE)) != WRITABLE || !inside(segment, attributes, offset, size)) {
            throw cpu.fault(segment == Cpu.SS ? 12 : 13, 0);
        }
        return cpu.segBase[segment] + offset & 0xFFFF_FFFFL;
    }

    private boolean inside(int segment, int attributes, long offset, int size) {
        long last = offset + size - 1;
        if ((attributes & (CODE | EXPAND_DOWN)) == EXPAND_DOWN) {
            long top = (attributes & BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFFL;
            return offset > limit[segment] && last <= top;
        }
        return last <= limit[segment];
    }
}
