package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Single-root I/O virtualization: the function can appear as several. Machine thread only.
 * Source: PCI Express Base Specification, SR-IOV Extended Capability.
 */
public final class VirtualFunctions extends Capability {
    private static final Field ENABLE = Field.bit(0);
    private static final Field MEMORY_SPACE = Field.bit(3);
    /** Software says that functions above 7 can be reached; it may not change while there are virtual functions. */
    private static final Field ARI_HIERARCHY = Field.bit(4);
    private static final int PAGE_SIZES = 0x0553;

    private final Runnable changed;
    private final int total;
    private final long[] sizes = new long[6];
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        CAP(at(0x04, 4).constant(0).title("SR-IOV Capabilities")),
        CTL(at(0x08, 2).rw(0x0019).title("SR-IOV Control")),
        STS(at(0x0A, 2).constant(0).title("SR-IOV Status")),
        INITIAL(at(0x0C, 2).ro(0xFFFF).title("Initial VFs")),
        TOTAL(at(0x0E, 2).ro(0xFFFF).title("Total VFs")),
        NUM(at(0x10, 2).rw(0xFFFF).title("Number of VFs")),
        LINK(at(0x12, 1).constant(0).title("Function Dependency Link")),
        OFFSET(at(0x14, 2).ro(0xFFFF).title("First VF Offset")),
        STRIDE(at(0x16, 2).ro(0xFFFF).title("VF Stride")),
        DEVICE(at(0x1A, 2).ro(0xFFFF).title("VF Device Identification")),
        PAGES(at(0x1C, 4).constant(PAGE_SIZES).title("Supported Page Sizes")),
        PAGE(at(0x20, 4).rw(PAGE_SIZES).reset(1).title("System Page Size")),
        BAR0(at(0x24, 4).rw(0xFFFF_FFFF).title("VF Base Address 0")),
        BAR1(at(0x28, 4).rw(0xFFFF_FFFF).title("VF Base Address 1")),
        BAR2(at(0x2C, 4).rw(0xFFFF_FFFF).title("VF Base Address 2")),
        BAR3(at(0x30, 4).rw(0xFFFF_FFFF).title("VF Base Address 3")),
        BAR4(at(0x34, 4).rw(0xFFFF_FFFF).title("VF Base Address 4")),
        BAR5(at(0x38, 4).rw(0xFFFF_FFFF).title("VF Base Address 5")),
        MIGRATION(at(0x3C, 4).constant(0).title("VF Migration State Array Offset"));

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
     * @param total   how many there can be
     * @param offset  routing id of the first, counted from this function's
     * @param stride  from one to the next
     * @param device  their device identification
     * @param changed called when they appear, disappear or move
     */
    public VirtualFunctions(int total, int offset, int stride, int device, Runnable changed) {
        super("SRIOV", 0x0010, 1, 0x40);
        this.total = total;
        this.changed = changed;
        registers.strap(Row.INITIAL, total);
        registers.strap(Row.TOTAL, total);
        registers.strap(Row.OFFSET, offset);
        registers.strap(Row.STRIDE, stride);
        registers.strap(Row.DEVICE, device);
    }

    /**
     * A 32-bit base address that the virtual functions share: each has a window of this size, one behind the other.
     *
     * @param index 0–5
     * @param size  bytes, a power of two from 4096 on
     */
    public VirtualFunctions memory(int index, long size) {
        sizes[index] = size;
        return this;
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    private void written(Row register, long old, long now, long written) {
        if (register.ordinal() >= Row.BAR0.ordinal() && register.ordinal() <= Row.BAR5.ordinal()) {
            int index = register.ordinal() - Row.BAR0.ordinal();
            registers.set(register, sizes[index] == 0 ? 0 : now & -size(index));
        } else if (register == Row.CTL && (other(AlternativeRouting.class) == null || ENABLE.isSet(old))) {
            registers.set(register, other(AlternativeRouting.class) == null ? now & ~ARI_HIERARCHY.mask() : now & ~ARI_HIERARCHY.mask() | old & ARI_HIERARCHY.mask());
        } else if (register == Row.NUM && (registers.isSet(Row.CTL, ENABLE) || now > total)) {
            registers.set(register, old);
        } else if (register == Row.PAGE && Long.bitCount(now) != 1) {
            registers.set(register, old);
        }
        changed.run();
    }

    @Override
    protected void cleared(Reset kind) {
        changed.run();
    }

    /** @return how many there are at the moment */
    public int present() {
        return registers.isSet(Row.CTL, ENABLE) ? (int) registers.get(Row.NUM) : 0;
    }

    /** @param number 1 for the first; @return its routing id, counted from this function's */
    public int routingOffset(int number) {
        return (int) (registers.get(Row.OFFSET) + (number - 1) * registers.get(Row.STRIDE));
    }

    /** @return bytes of each one's window: never less than the system page size */
    public long size(int index) {
        return Math.max(sizes[index], registers.get(Row.PAGE) << 12);
    }

    /** @param number 1 for the first; @return base of its window, or 0 while memory space is not enabled */
    public long base(int index, int number) {
        long base = registers.get(Row.values()[Row.BAR0.ordinal() + index]) & -size(index);
        return registers.isSet(Row.CTL, MEMORY_SPACE) && base != 0 ? base + (number - 1) * size(index) : 0;
    }
}
