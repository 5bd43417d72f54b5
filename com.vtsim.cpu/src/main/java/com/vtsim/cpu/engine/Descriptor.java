package com.vtsim.cpu.engine;

/**
 * A descriptor as read from a descriptor table, with where it was read. Reused: nothing keeps one across an instruction.
 *
 * @sdm Segment Descriptors; System Descriptor Types; Call Gates; IDT Descriptors
 */
public final class Descriptor {
    /** System types. */
    public static final int TSS16 = 1, LDT = 2, BUSY_TSS16 = 3, CALL_GATE16 = 4, TASK_GATE = 5, INTERRUPT_GATE16 = 6, TRAP_GATE16 = 7,
        TSS32 = 9, BUSY_TSS32 = 0xB, CALL_GATE32 = 0xC, INTERRUPT_GATE32 = 0xE, TRAP_GATE32 = 0xF;

    /** The selector that found it, RPL included. */
    public int selector;
    /** Linear address of the first byte. */
    public long address;
    /** Bytes 3:0. */
    public int low;
    /** Bytes 7:4. */
    public int high;
    /** Bytes 11:8 of a 16-byte descriptor; 0 for others. */
    public int upper;
    /** Bytes 15:12 of a 16-byte descriptor; 0 for others. */
    public int last;

    void set(long eightBytes) {
        low = (int) eightBytes;
        high = (int) (eightBytes >>> 32);
        upper = 0;
        last = 0;
    }

    /** @return attributes as {@link Segments#access} holds them */
    public int access() {
        return high >> 8 & 0xF0FF;
    }

    /** @return segment base; of a 16-byte descriptor all 64 bits */
    public long base() {
        return low >>> 16 | (high & 0xFFL) << 16 | high & 0xFF00_0000L | (long) upper << 32;
    }

    /** @return limit in bytes, scaled by granularity */
    public long limit() {
        long limit = low & 0xFFFF | high & 0xF_0000;
        return (high & 1 << 23) != 0 ? limit << 12 | 0xFFF : limit;
    }

    /** @return type field, 0–15 */
    public int type() {
        return high >> 8 & 0xF;
    }

    /** @return descriptor privilege level */
    public int dpl() {
        return high >> 13 & 3;
    }

    /** @return P */
    public boolean present() {
        return (high & 1 << 15) != 0;
    }

    /** @return whether it describes a system segment or gate (S = 0) */
    public boolean system() {
        return (high & 1 << 12) == 0;
    }

    /** @return whether it describes a code segment */
    public boolean code() {
        return (high & 0x1800) == 0x1800;
    }

    /** @return whether it describes a conforming code segment */
    public boolean conforming() {
        return (high & 0x1C00) == 0x1C00;
    }

    /** @return whether it describes a writable data segment */
    public boolean writableData() {
        return (high & 0x1A00) == 0x1200;
    }

    /** @return whether it describes a data segment or a readable code segment */
    public boolean readable() {
        return (high & 0x1000) != 0 && (high & 0xA00) != 0x800;
    }

    /** @return L of a code segment */
    public boolean long64() {
        return (high & 1 << 21) != 0;
    }

    /** @return D/B */
    public boolean big() {
        return (high & 1 << 22) != 0;
    }

    /** @return selector of a gate */
    public int gateSelector() {
        return low >>> 16;
    }

    /** @return entry point of a gate: 16 bits for the 286's types, 64 for a 16-byte gate */
    public long gateOffset() {
        long offset = low & 0xFFFF;
        if ((high & 1 << 11) != 0) {
            offset |= high & 0xFFFF_0000L | (long) upper << 32;
        }
        return offset;
    }
}
