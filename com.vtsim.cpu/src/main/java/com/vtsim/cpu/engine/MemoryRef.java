package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Operand;

/**
 * A memory operand ready for execution: one formula without branches for every addressing form, since {@code r[ZERO]} is
 * always 0 and {@code r[RIP]} is the block's first instruction pointer.
 */
public final class MemoryRef {
    /** ES 0 … GS 5. */
    public final int segment;
    private final int base;
    private final int index;
    private final int shift;
    private final long displacement;
    private final long mask;
    private final boolean checked;
    /** Base and displacement in a flat 64-bit segment: the most frequent form needs the least work. */
    private final boolean plain;
    /** The segment's base is 0 whatever it is loaded with: 64-bit mode, or flat by {@link Mode#FLAT}. */
    private final boolean unbased;

    MemoryRef(Operand.Memory operand, Translation at) {
        this.segment = operand.segment();
        this.index = operand.index() == Operand.Memory.NONE ? Cpu.ZERO : operand.index();
        this.shift = Integer.numberOfTrailingZeros(operand.scale());
        this.mask = operand.addressSize() == 2 ? 0xFFFFL : operand.addressSize() == 4 ? 0xFFFF_FFFFL : -1L;
        boolean relative = operand.base() == Operand.Memory.RIP;
        this.base = relative ? Cpu.RIP : operand.base() == Operand.Memory.NONE ? Cpu.ZERO : operand.base();
        this.displacement = relative ? operand.displacement() + at.end() : operand.displacement();
        boolean data = segment == Cpu.ES || segment == Cpu.SS || segment == Cpu.DS;
        this.checked = !at.code64() && !(at.is(Mode.FLAT) && data);
        this.unbased = at.code64() ? segment < Cpu.FS : !checked;
        this.plain = unbased && mask == -1L && index == Cpu.ZERO;
    }

    private MemoryRef(MemoryRef from, long bytes) {
        this.segment = from.segment;
        this.base = from.base;
        this.index = from.index;
        this.shift = from.shift;
        this.displacement = from.displacement + bytes;
        this.mask = from.mask;
        this.checked = from.checked;
        this.unbased = from.unbased;
        this.plain = from.plain;
    }

    /** @return the operand {@code bytes} further on (the selector behind an offset, say); wraps as the address size does */
    public MemoryRef plus(long bytes) {
        return new MemoryRef(this, bytes);
    }

    /** @return the effective address: offset in the segment, truncated to the address size */
    public long offset(Cpu cpu) {
        long[] r = cpu.r;
        return r[base] + (r[index] << shift) + displacement & mask;
    }

    /**
     * @param extra bytes added before truncation: bit-string operands of BT and its kin address beyond their datum
     * @return linear address for a read of {@code size} bytes; throws the guest's fault if the segment forbids it
     */
    public long readable(Cpu cpu, int size, long extra) {
        long[] r = cpu.r;
        long offset = r[base] + (r[index] << shift) + displacement + extra & mask;
        if (checked) {
            return cpu.segments.readable(segment, offset, size);
        }
        return cpu.segBase[segment] + offset;
    }

    /** As {@link #readable(Cpu, int, long)} for a write. */
    public long writable(Cpu cpu, int size, long extra) {
        long[] r = cpu.r;
        long offset = r[base] + (r[index] << shift) + displacement + extra & mask;
        if (checked) {
            return cpu.segments.writable(segment, offset, size);
        }
        return cpu.segBase[segment] + offset;
    }

    /** @return linear address for a read of {@code size} bytes; throws the guest's fault if the segment forbids it */
    public long readable(Cpu cpu, int size) {
        long[] r = cpu.r;
        if (plain) {
            return r[base] + displacement;
        }
        long offset = r[base] + (r[index] << shift) + displacement & mask;
        if (unbased) {
            return offset;
        }
        if (checked) {
            return cpu.segments.readable(segment, offset, size);
        }
        return cpu.segBase[segment] + offset;
    }

    /** @return linear address for a write, or a read followed by a write, of {@code size} bytes */
    public long writable(Cpu cpu, int size) {
        long[] r = cpu.r;
        if (plain) {
            return r[base] + displacement;
        }
        long offset = r[base] + (r[index] << shift) + displacement & mask;
        if (unbased) {
            return offset;
        }
        if (checked) {
            return cpu.segments.writable(segment, offset, size);
        }
        return cpu.segBase[segment] + offset;
    }

    /** Loads a byte, zero-extended. */
    public int load8(Cpu cpu) {
        return cpu.memory.load8(readable(cpu, 1), segment);
    }

    /** Loads 2 bytes, zero-extended. */
    public int load16(Cpu cpu) {
        return cpu.memory.load16(readable(cpu, 2), segment);
    }

    /** Loads 4 bytes. */
    public int load32(Cpu cpu) {
        return cpu.memory.load32(readable(cpu, 4), segment);
    }

    /** Loads 8 bytes. */
    public long load64(Cpu cpu) {
        return cpu.memory.load64(readable(cpu, 8), segment);
    }

    /** Stores the low byte. */
    public void store8(Cpu cpu, int value) {
        cpu.memory.store8(writable(cpu, 1), segment, value);
    }

    /** Stores the low 2 bytes. */
    public void store16(Cpu cpu, int value) {
        cpu.memory.store16(writable(cpu, 2), segment, value);
    }

    /** Stores 4 bytes. */
    public void store32(Cpu cpu, int value) {
        cpu.memory.store32(writable(cpu, 4), segment, value);
    }

    /** Stores 8 bytes. */
    public void store64(Cpu cpu, long value) {
        cpu.memory.store64(writable(cpu, 8), segment, value);
    }
}
