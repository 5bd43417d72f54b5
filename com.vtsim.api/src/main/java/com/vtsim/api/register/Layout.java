package com.vtsim.api.register;

/**
 * Where a register lies, what it holds after reset, and what each of its bits does. Immutable: each method returns a new layout.
 * <p>
 * A bit has one attribute at most ({@link #ro}, {@link #rw}, {@link #rw1c}, {@link #rw1s}, {@link #wo}, {@link #rc}, {@link #once});
 * a bit without one is reserved: it reads 0, and writes to it are dropped.
 * Masks of 8-byte registers with bit 31 set need the suffix L, as an int is sign-extended. {@link #sticky} and {@link #locks} modify bits that have an attribute.
 */
public final class Layout {
    private final int offset;
    private final int width;
    private String title = "";
    private long reset;
    private long ro;
    private long rw;
    private long rw1c;
    private long rw1s;
    private long wo;
    private long rc;
    private long once;
    private long sticky;
    private long lockable;
    private long lock;

    private Layout(int offset, int width) {
        this.offset = offset;
        this.width = width;
    }

    private Layout(Layout from) {
        this(from.offset, from.width);
        title = from.title;
        reset = from.reset;
        ro = from.ro;
        rw = from.rw;
        rw1c = from.rw1c;
        rw1s = from.rw1s;
        wo = from.wo;
        rc = from.rc;
        once = from.once;
        sticky = from.sticky;
        lockable = from.lockable;
        lock = from.lock;
    }

    /**
     * A register, all bits reserved.
     *
     * @param offset bytes from the block's base
     * @param width  1, 2, 4 or 8 bytes
     */
    public static Layout at(int offset, int width) {
        if (offset < 0 || width != 1 && width != 2 && width != 4 && width != 8) {
            throw new IllegalArgumentException("no register: offset " + offset + ", width " + width);
        }
        return new Layout(offset, width);
    }

    /** The long name, as the manual prints it. */
    public Layout title(String title) {
        Layout l = new Layout(this);
        l.title = title;
        return l;
    }

    /** The value after reset, in bits that have an attribute. 0 if not said. */
    public Layout reset(long value) {
        Layout l = new Layout(this);
        l.reset = value & all();
        return l;
    }

    /** Read-only: the device sets them. */
    public Layout ro(long mask) {
        Layout l = new Layout(this);
        l.ro |= free(mask);
        return l;
    }

    /** All bits read-only with this value: an identity or capability register. */
    public Layout constant(long value) {
        return ro(all()).reset(value);
    }

    /** Read and write. */
    public Layout rw(long mask) {
        Layout l = new Layout(this);
        l.rw |= free(mask);
        return l;
    }

    /** Read and write, kept over a warm reset. */
    public Layout rws(long mask) {
        return rw(mask).sticky(mask);
    }

    /** Set by the device, cleared by writing 1. */
    public Layout rw1c(long mask) {
        Layout l = new Layout(this);
        l.rw1c |= free(mask);
        return l;
    }

    /** As {@link #rw1c}, kept over a warm reset. */
    public Layout rw1cs(long mask) {
        return rw1c(mask).sticky(mask);
    }

    /** Set by writing 1, cleared by reset or the device: a lock bit, a command in progress. */
    public Layout rw1s(long mask) {
        Layout l = new Layout(this);
        l.rw1s |= free(mask);
        return l;
    }

    /** Write-only: reads 0; the device sees what was written. */
    public Layout wo(long mask) {
        Layout l = new Layout(this);
        l.wo |= free(mask);
        return l;
    }

    /** Set by the device, cleared by reading. */
    public Layout rc(long mask) {
        Layout l = new Layout(this);
        l.rc |= free(mask);
        return l;
    }

    /** Written once after reset (R/WO): a write locks these bits in the bytes it covers, whatever it writes. */
    public Layout once(long mask) {
        Layout l = new Layout(this);
        l.once |= free(mask);
        return l;
    }

    /** Modifies bits that have an attribute: kept over a warm reset. */
    public Layout sticky(long mask) {
        Layout l = new Layout(this);
        l.sticky |= mask & all();
        return l;
    }

    /** While a bit of {@code lock} is set in this register, writes leave the bits of {@code mask} alone. Judged by the value before the write. */
    public Layout locks(long lock, long mask) {
        Layout l = new Layout(this);
        l.lock |= lock & all();
        l.lockable |= mask & all();
        return l;
    }

    private long free(long mask) {
        long wanted = mask & all();
        if (width < 8 && mask >>> 8 * width != 0 && mask >> 8 * width != -1) {
            throw new IllegalArgumentException("mask " + Long.toHexString(mask) + " is wider than the register at " + Integer.toHexString(offset));
        }
        if ((wanted & named()) != 0) {
            throw new IllegalArgumentException("bits " + Long.toHexString(wanted & named()) + " of the register at " + Integer.toHexString(offset) + " have two attributes");
        }
        return wanted;
    }

    private long named() {
        return ro | rw | rw1c | rw1s | wo | rc | once;
    }

    /** @return ones in the register's width */
    public long all() {
        return -1L >>> 64 - 8 * width;
    }

    /** @return bytes from the block's base */
    public int offset() {
        return offset;
    }

    /** @return 1, 2, 4 or 8 bytes */
    public int width() {
        return width;
    }

    /** @return the long name, or an empty text */
    public String title() {
        return title;
    }

    /** @return the value after reset */
    public long resetValue() {
        return reset & named();
    }

    /** @return bits that have an attribute */
    public long implemented() {
        return named();
    }

    /** @return bits a read shows */
    public long readable() {
        return named() & ~wo;
    }

    /** @return bits a write replaces: rw, wo and, before the first write, once */
    public long replaced() {
        return rw | wo | once;
    }

    /** @return bits a written 1 clears */
    public long clearedByOne() {
        return rw1c;
    }

    /** @return bits a written 1 sets */
    public long setByOne() {
        return rw1s;
    }

    /** @return bits a read clears */
    public long clearedByRead() {
        return rc;
    }

    /** @return bits that can be written once */
    public long writtenOnce() {
        return once;
    }

    /** @return bits kept over a warm reset */
    public long kept() {
        return sticky;
    }

    /** @return bits of a register with this value that a write cannot change because of a lock bit */
    public long lockedAt(long value) {
        return (value & lock) != 0 ? lockable : 0;
    }

    /** @return bits that some lock bit protects */
    public long lockable() {
        return lockable;
    }
}
