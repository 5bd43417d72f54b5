package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Registration;

/**
 * Where software finds the unit's registers, and moves them: bit 0 enables, bits 63:12 are the base. It begins as firmware would leave it.
 * Sources: Mobile Intel 4 Series Express Chipset Family Datasheet, Remap Base Address Registers; Intel Core Processor Datasheet, Volume 2,
 * MCHBAR Registers; Intel Xeon Processor Datasheet, Volume 2, VTBAR.
 */
final class BaseRegister implements MmioDevice {
    private static final long ENABLE = 1;
    private static final long PAGE = ~0xFFFL;

    /** Layouts that platforms have. */
    enum Layout {
        /** No register: the ACPI DMAR table alone tells. */
        FIXED(-1),
        /** Management engine. */
        GM45_ME(0x10),
        /** Graphics. */
        GM45_GRAPHICS(0x18),
        /** Channel VC0: all other DMA. */
        GM45_VC0(0x20),
        /** Channel VC1: audio. */
        GM45_VC1(0x28),
        /** Graphics. */
        CLIENT_GRAPHICS(0x5400),
        /** All other DMA. */
        CLIENT_VC0(0x5410),
        /** VTBAR in configuration space, see {@link VtBar}. */
        SERVER(-1);

        private final int offset;

        Layout(int offset) {
            this.offset = offset;
        }

        /** @param name as a configuration has it: {@code gm45-vc0} */
        static Layout named(String name) {
            for (Layout layout : values()) {
                if (layout.toString().equals(name)) {
                    return layout;
                }
            }
            throw new IllegalArgumentException("layout is one of " + java.util.Arrays.toString(values()) + ", not '" + name + "'");
        }

        /** @return offset in the hub's register space, or -1 */
        int offset() {
            return offset;
        }

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    private final Layout layout;
    private final long initial;
    private final int length;
    private final MmioDevice window;
    private long value;
    private Board board;
    private Registration mapping;

    /**
     * @param base   host-physical, as firmware leaves it
     * @param length bytes of the window
     */
    BaseRegister(Layout layout, long base, int length, MmioDevice window) {
        if ((base & ~PAGE) != 0) {
            throw new IllegalArgumentException("a register window begins at a multiple of 1000h, not at " + Long.toHexString(base));
        }
        this.layout = layout;
        initial = base | ENABLE;
        this.length = length;
        this.window = window;
        value = initial;
    }

    Layout layout() {
        return layout;
    }

    /** @return the base, or -1 while the window is not enabled */
    long base() {
        return (value & ENABLE) != 0 ? value & PAGE : -1;
    }

    long value() {
        return value;
    }

    /** What software or a predecessor left. */
    void value(long newValue) {
        value = newValue & (PAGE | ENABLE);
        map();
    }

    void attach(Board newBoard) {
        board = newBoard;
        mapping = null;
        map();
    }

    void reset() {
        value(initial);
    }

    private void map() {
        if (board == null) {
            return;
        }
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
        if (base() >= 0) {
            mapping = board.memory().map(base(), length, window);
        }
    }

    @Override
    public long read(int offset, int size) {
        return value >>> 8 * offset & -1L >>> 64 - 8 * size;
    }

    @Override
    public void write(int offset, int size, long written) {
        long lanes = -1L >>> 64 - 8 * size << 8 * offset;
        value(value & ~lanes | written << 8 * offset & lanes);
    }
}
