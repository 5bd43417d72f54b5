package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Message-signalled interrupts with a table of vectors in memory. Table and pending bits lie in a window of the function: either it has
 * a base address of its own for them ({@link #window}), or the function hands accesses in their ranges to {@link #table} and {@link #pendingBits}.
 * Machine thread only. Source: PCI Local Bus Specification, MSI-X Capability and Table Structures.
 * <pre>
 * MsiX messages = new MsiX(9, 4);
 * config.memory(4, messages.windowSize(), false, messages.window()).add(messages);
 * ...
 * messages.raise(3);
 * </pre>
 */
public final class MsiX extends Messages {
    /** Bytes of a table entry. */
    public static final int ENTRY = 16;
    private static final Field FUNCTION_MASK = Field.bit(14);
    private static final Field ENABLE = Field.bit(15);
    private static final int MASKED = 1;
    private static final int CONTROL = 3;

    private final int vectors;
    private final int tableAt;
    private final int pendingAt;
    private final int[] entries;
    private final long[] pending;
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        MC(at(0x02, 2).rw(0xC000).ro(0x07FF).title("Message Control")),
        TABLE(at(0x04, 4).ro(0xFFFF_FFFF).title("Table Offset and BIR")),
        PBA(at(0x08, 4).ro(0xFFFF_FFFF).title("Pending Bit Array Offset and BIR"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /**
     * With a window that holds nothing else: the table at its start, the pending bits in the page behind it.
     *
     * @param vectors 1–2048
     * @param bar     index of the window's base address, 0–5
     */
    public MsiX(int vectors, int bar) {
        this(vectors, bar, 0, bar, vectors * ENTRY + 0xFFF & ~0xFFF);
    }

    /**
     * @param vectors   1–2048
     * @param tableBar  index of the base address of the window with the table
     * @param tableAt   offset of the table in it, a multiple of 8
     * @param pendingBar as {@code tableBar}, for the pending bits
     * @param pendingAt as {@code tableAt}, for the pending bits
     */
    public MsiX(int vectors, int tableBar, int tableAt, int pendingBar, int pendingAt) {
        super("MSIX", 0x11, 12);
        if (vectors < 1 || vectors > 2048 || (tableAt & 7) != 0 || (pendingAt & 7) != 0) {
            throw new IllegalArgumentException("MSI-X with " + vectors + " vectors at " + tableAt + " and " + pendingAt + ": 1 to 2048 at multiples of 8 are wanted");
        }
        this.vectors = vectors;
        this.tableAt = tableAt;
        this.pendingAt = pendingAt;
        entries = new int[vectors * 4];
        pending = new long[(vectors + 63) / 64];
        registers.strap(Row.MC, vectors - 1);
        registers.strap(Row.TABLE, tableAt | tableBar);
        registers.strap(Row.PBA, pendingAt | pendingBar);
        cleared(Reset.COLD);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    @Override
    protected void cleared(Reset kind) {
        Arrays.fill(entries, 0);
        Arrays.fill(pending, 0);
        for (int vector = 0; vector < vectors; vector++) {
            entries[vector * 4 + CONTROL] = MASKED;
        }
    }

    private void written(Row register, long old, long now, long written) {
        if (register == Row.MC) {
            for (int word = 0; word < pending.length; word++) {
                for (long left = pending[word]; left != 0; left &= left - 1) {
                    sendPending(word * 64 + Long.numberOfTrailingZeros(left));
                }
            }
            changed();
        }
    }

    private void sendPending(int vector) {
        if (enabled() && isPending(vector) && !isMasked(vector)) {
            withdraw(vector);
            raise(vector);
        }
    }

    @Override
    public boolean enabled() {
        return registers.isSet(Row.MC, ENABLE);
    }

    @Override
    public int vectors() {
        return vectors;
    }

    /** @return whether a vector is masked, by itself or with all */
    public boolean isMasked(int vector) {
        return registers.isSet(Row.MC, FUNCTION_MASK) || (entries[vector * 4 + CONTROL] & MASKED) != 0;
    }

    /** @return whether a vector waits for its mask to be cleared */
    public boolean isPending(int vector) {
        return (pending[vector / 64] >> (vector & 63) & 1) != 0;
    }

    @Override
    public boolean raise(int vector) {
        if (!enabled()) {
            return false;
        }
        if (isMasked(vector)) {
            pending[vector / 64] |= 1L << (vector & 63);
            return true;
        }
        int entry = vector * 4;
        return send((long) entries[entry + 1] << 32 | entries[entry] & 0xFFFF_FFFFL, entries[entry + 2]);
    }

    @Override
    public void withdraw(int vector) {
        pending[vector / 64] &= ~(1L << (vector & 63));
    }

    /** @return bytes of a window that holds table and pending bits: a power of two, at least 4096 */
    public long windowSize() {
        int end = Math.max(tableAt + vectors * ENTRY, pendingAt + pending.length * 8);
        return Math.max(4096, Integer.highestOneBit(end - 1) * 2L);
    }

    /** @return a window that holds table and pending bits where the structure says, and nothing else */
    public MmioDevice window() {
        return new Shared();
    }

    /** Table and pending bits in one window. */
    private final class Shared implements MmioDevice {
        private final Table table = new Table();
        private final Pending bits = new Pending();

        @Override
        public long read(int offset, int size) {
            return inTable(offset) ? table.read(offset - tableAt, size) : inPending(offset) ? bits.read(offset - pendingAt, size) : 0;
        }

        @Override
        public void write(int offset, int size, long value) {
            if (inTable(offset)) {
                table.write(offset - tableAt, size, value);
            }
        }
    }

    /** @param offset in the window with the table; @return whether the table covers it */
    public boolean inTable(int offset) {
        return offset >= tableAt && offset < tableAt + vectors * ENTRY;
    }

    /** @param offset in the window with the pending bits; @return whether they cover it */
    public boolean inPending(int offset) {
        return offset >= pendingAt && offset < pendingAt + pending.length * 8;
    }

    /** @return the table, by offset from its start. Software accesses double and quad words; of others writes are dropped. */
    public MmioDevice table() {
        return new Table();
    }

    /** @return the pending bits, by offset from their start; read-only */
    public MmioDevice pendingBits() {
        return new Pending();
    }

    private void store(int word, int value) {
        int vector = word / 4;
        entries[word] = (word & 3) == 0 ? value & ~3 : (word & 3) == CONTROL ? value & MASKED : value;
        sendPending(vector);
    }

    private final class Table implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            long low = entries[offset / 4] & 0xFFFF_FFFFL;
            if (size == 8) {
                return low | (long) entries[offset / 4 + 1] << 32;
            }
            return low >>> 8 * (offset & 3) & -1L >>> 64 - 8 * size;
        }

        /** Of a quad word the lower half is in place before the upper, which may be the mask that falls. */
        @Override
        public void write(int offset, int size, long value) {
            if (size == 4) {
                store(offset / 4, (int) value);
            } else if (size == 8) {
                entries[offset / 4] = (offset & 8) == 0 ? (int) value & ~3 : (int) value;
                store(offset / 4 + 1, (int) (value >> 32));
            }
        }
    }

    private final class Pending implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return pending[offset / 8] >>> 8 * (offset & 7) & -1L >>> 64 - 8 * size;
        }

        @Override
        public void write(int offset, int size, long value) { }
    }

    @Override
    protected Map<String, Long> more() {
        Map<String, Long> more = new TreeMap<>();
        for (int vector = 0; vector < vectors; vector++) {
            int entry = vector * 4;
            more.put("ADDRESS" + vector, (long) entries[entry + 1] << 32 | entries[entry] & 0xFFFF_FFFFL);
            more.put("DATA" + vector, (long) entries[entry + CONTROL] << 32 | entries[entry + 2] & 0xFFFF_FFFFL);
        }
        for (int i = 0; i < pending.length; i++) {
            more.put("PENDING" + i, pending[i]);
        }
        return more;
    }

    @Override
    protected void more(Map<String, Long> values) {
        cleared(Reset.COLD);
        for (int vector = 0; vector < vectors; vector++) {
            int entry = vector * 4;
            long address = values.getOrDefault("ADDRESS" + vector, 0L);
            long data = values.getOrDefault("DATA" + vector, (long) MASKED << 32);
            entries[entry] = (int) address & ~3;
            entries[entry + 1] = (int) (address >> 32);
            entries[entry + 2] = (int) data;
            entries[entry + CONTROL] = (int) (data >> 32) & MASKED;
        }
        for (int i = 0; i < pending.length; i++) {
            pending[i] = values.getOrDefault("PENDING" + i, 0L);
        }
    }
}
