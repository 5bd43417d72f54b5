package com.vtsim.cpu.vmx;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A VMCS in its region of memory. The processor keeps none of it: the region holds the revision identifier, the abort
 * indicator, the launch state, and from byte 64 on each field in 8 bytes, in the order of {@link VmcsField}. So a region may be
 * copied after VMCLEAR, and a snapshot of memory holds every VMCS.
 *
 * @sdm Format of the VMCS Region
 */
public final class Vmcs {
    private static final int ABORT = 4, LAUNCH = 8, DATA = 64;
    private static final VmcsField[] FIELDS = VmcsField.values();
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private MemorySpace space;

    void attach(MemorySpace memory) {
        space = memory;
    }

    /** @return the revision identifier, bit 31 (shadow VMCS) included */
    int revision(long region) {
        return (int) space.read(region, 4);
    }

    /** Leaves the reason of a VMX abort. */
    void abort(long region, int indicator) {
        space.write(region + ABORT, 4, indicator);
    }

    /** @return whether the launch state is "launched" */
    public boolean launched(long region) {
        return space.read(region + LAUNCH, 4) == 1;
    }

    /** Sets the launch state. */
    void launched(long region, boolean launched) {
        space.write(region + LAUNCH, 4, launched ? 1 : 0);
    }

    /** @return a field, zero-extended */
    public long read(long region, VmcsField field) {
        return space.read(region + DATA + 8L * field.ordinal(), 8) & field.mask();
    }

    /** Sets a field to what fits into it. */
    public void write(long region, VmcsField field, long value) {
        space.write(region + DATA + 8L * field.ordinal(), 8, value & field.mask());
    }

    /** Reads all fields. */
    public void load(long region, VmcsImage into) {
        MemoryPage page = space.page(region);
        for (int i = 0; i < FIELDS.length; i++) {
            if (page == null) {
                into.set(FIELDS[i], read(region, FIELDS[i]));
            } else {
                into.set(FIELDS[i], (long) LONG.get(page.bytes, page.offset + DATA + 8 * i));
            }
        }
    }

    /** Writes all fields. */
    void store(long region, VmcsImage from) {
        MemoryPage page = space.page(region);
        boolean direct = page != null && page.writable && !page.isWatched();
        for (int i = 0; i < FIELDS.length; i++) {
            if (direct) {
                LONG.set(page.bytes, page.offset + DATA + 8 * i, from.get(FIELDS[i]));
            } else {
                write(region, FIELDS[i], from.get(FIELDS[i]));
            }
        }
    }
}
