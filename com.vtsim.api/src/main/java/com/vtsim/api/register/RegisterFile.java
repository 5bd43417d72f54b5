package com.vtsim.api.register;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The registers of one block, by the table its enum is. Moves values as the attributes say, for accesses of any size at any offset, and
 * tells the device what was written. Machine thread only; allocates nothing on access.
 *
 * @param <R> the table
 */
public final class RegisterFile<R extends Enum<R> & Register> {
    private final Class<R> table;
    private final R[] rows;
    private final Layout[] layouts;
    private final long[] resets;
    private final long[] values;
    private final long[] locked;
    private final short[] rowAt;
    private final Device<R> device;

    /** The device around the registers. */
    public interface Device<R> {
        /**
         * A write has been carried out. Called once for each register it covers, by ascending offset. The device may
         * {@linkplain RegisterFile#set set} registers: putting {@code old} back refuses the write.
         *
         * @param register written to
         * @param old      value before
         * @param now      value after, by the attributes
         * @param written  what was written, 0 in bytes that the write did not cover
         */
        void written(R register, long old, long now, long written);

        /** A register is about to be read, written or shown: a device that computes its value sets it now. Must have no other effect. */
        default void refresh(R register) { }
    }

    /** A register as the operator sees it. */
    public record Value(String name, int offset, int width, long value, String title) { }

    /**
     * @param table  the enum that lists the registers; two must not overlap
     * @param device hears of writes
     */
    public RegisterFile(Class<R> table, Device<R> device) {
        this.table = table;
        this.device = device;
        rows = table.getEnumConstants();
        layouts = new Layout[rows.length];
        resets = new long[rows.length];
        values = new long[rows.length];
        locked = new long[rows.length];
        int length = 0;
        for (int i = 0; i < rows.length; i++) {
            layouts[i] = rows[i].layout();
            resets[i] = layouts[i].resetValue();
            length = Math.max(length, layouts[i].offset() + layouts[i].width());
        }
        rowAt = new short[length];
        Arrays.fill(rowAt, (short) -1);
        for (int i = 0; i < rows.length; i++) {
            for (int at = layouts[i].offset(); at < layouts[i].offset() + layouts[i].width(); at++) {
                if (rowAt[at] >= 0) {
                    throw new IllegalArgumentException(rows[i] + " overlaps " + rows[rowAt[at]]);
                }
                rowAt[at] = (short) i;
            }
        }
        reset(Reset.COLD);
    }

    /**
     * Changes what reset gives for one register: a strap, an identity that the configuration chooses. The present value follows
     * if it is the one that reset gave.
     */
    public void strap(R register, long value) {
        int i = register.ordinal();
        if (values[i] == resets[i]) {
            values[i] = value & layouts[i].implemented();
        }
        resets[i] = value & layouts[i].implemented();
    }

    /** @return bytes from the base to the end of the last register */
    public int length() {
        return rowAt.length;
    }

    /** @return the register that covers an offset, or null */
    public R at(int offset) {
        int i = row(offset);
        return i < 0 ? null : rows[i];
    }

    private int row(int offset) {
        return offset < rowAt.length ? rowAt[offset] : -1;
    }

    /**
     * A guest's read.
     *
     * @param offset 0 or more, any alignment
     * @param size   1–8 bytes
     * @return the value, zero-extended; 0 where nothing is listed
     */
    public long load(int offset, int size) {
        return read(offset, size, true);
    }

    /** As {@link #load}, without the effects of reading. */
    public long peek(int offset, int size) {
        return read(offset, size, false);
    }

    private long read(int offset, int size, boolean effects) {
        long result = 0;
        for (int done = 0; done < size; ) {
            int i = row(offset + done);
            if (i < 0) {
                done++;
                continue;
            }
            Layout layout = layouts[i];
            int skip = offset + done - layout.offset();
            int bytes = Math.min(layout.width() - skip, size - done);
            long lanes = lanes(skip, bytes);
            device.refresh(rows[i]);
            result |= (values[i] & layout.readable() & lanes) >>> 8 * skip << 8 * done;
            if (effects) {
                values[i] &= ~(layout.clearedByRead() & lanes);
            }
            done += bytes;
        }
        return result;
    }

    /**
     * A guest's write of the low {@code size} bytes of {@code value}.
     *
     * @param offset 0 or more, any alignment
     * @param size   1–8 bytes
     */
    public void store(int offset, int size, long value) {
        for (int done = 0; done < size; ) {
            int i = row(offset + done);
            if (i < 0) {
                done++;
                continue;
            }
            Layout layout = layouts[i];
            int skip = offset + done - layout.offset();
            int bytes = Math.min(layout.width() - skip, size - done);
            long lanes = lanes(skip, bytes);
            change(i, layout, lanes, value >>> 8 * done << 8 * skip & lanes);
            done += bytes;
        }
    }

    private void change(int i, Layout layout, long lanes, long written) {
        device.refresh(rows[i]);
        long old = values[i];
        long open = lanes & ~locked[i] & ~layout.lockedAt(old);
        long replaced = layout.replaced() & open;
        long now = old & ~replaced | written & replaced;
        now &= ~(layout.clearedByOne() & written & open);
        now |= layout.setByOne() & written & open;
        locked[i] |= layout.writtenOnce() & lanes;
        values[i] = now;
        device.written(rows[i], old, now, written);
    }

    private static long lanes(int skip, int bytes) {
        return -1L >>> 64 - 8 * bytes << 8 * skip;
    }

    /** @return the value as the device knows it, write-only bits included */
    public long get(R register) {
        return values[register.ordinal()];
    }

    /** @return a field of the value */
    public long get(R register, Field field) {
        return field.of(values[register.ordinal()]);
    }

    /** @return whether any bit of the field is set */
    public boolean isSet(R register, Field field) {
        return field.isSet(values[register.ordinal()]);
    }

    /** Sets the value from the device's side, whatever the attributes; reserved bits stay 0. */
    public void set(R register, long value) {
        int i = register.ordinal();
        values[i] = value & layouts[i].implemented();
    }

    /** Sets a field from the device's side. */
    public void set(R register, Field field, long value) {
        set(register, field.with(values[register.ordinal()], value));
    }

    /** Sets bits from the device's side. */
    public void raise(R register, long mask) {
        set(register, values[register.ordinal()] | mask);
    }

    /** Clears bits from the device's side. */
    public void clear(R register, long mask) {
        set(register, values[register.ordinal()] & ~mask);
    }

    /** Gives every register its reset value; a warm reset keeps sticky bits. */
    public void reset(Reset kind) {
        for (int i = 0; i < rows.length; i++) {
            long keep = kind == Reset.WARM ? layouts[i].kept() : 0;
            values[i] = values[i] & keep | resets[i] & ~keep;
            locked[i] &= keep;
        }
    }

    /** @return every value by mnemonic */
    public RegisterState save() {
        List<String> names = new ArrayList<>(rows.length);
        for (R row : rows) {
            names.add(row.name());
        }
        return new RegisterState(names, values.clone(), locked.clone());
    }

    /**
     * Adopts saved values; a register the state does not know takes its reset value.
     *
     * @throws StateException if a mnemonic is unknown or the lists differ in length; nothing is then changed
     */
    public void restore(RegisterState state) {
        if (state.values().length != state.names().size() || state.locked().length != state.names().size()) {
            throw new StateException("register state has " + state.names().size() + " names, " + state.values().length + " values, " + state.locked().length + " locks");
        }
        long[] newValues = resets.clone();
        long[] newLocked = new long[rows.length];
        for (int n = 0; n < state.names().size(); n++) {
            int i = indexOf(state.names().get(n));
            newValues[i] = state.values()[n] & layouts[i].implemented();
            newLocked[i] = state.locked()[n] & layouts[i].writtenOnce();
        }
        System.arraycopy(newValues, 0, values, 0, values.length);
        System.arraycopy(newLocked, 0, locked, 0, locked.length);
    }

    private int indexOf(String name) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].name().equals(name)) {
                return i;
            }
        }
        throw new StateException("register state names " + name + ", which is no register of " + table.getSimpleName());
    }

    /** @return every register, by offset, for the operator */
    public List<Value> dump() {
        List<Value> dump = new ArrayList<>(rows.length);
        for (int offset = 0; offset < rowAt.length; offset++) {
            int i = rowAt[offset];
            if (i >= 0 && layouts[i].offset() == offset) {
                dump.add(new Value(rows[i].name(), offset, layouts[i].width(), peek(offset, layouts[i].width()), layouts[i].title()));
            }
        }
        return dump;
    }
}
