package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Registration;

/** What a base address register maps, and where it is mapped at the moment. */
final class BarWindow {
    private static final long FOUR_GIB = 1L << 32;

    private final long size;
    private final int type;
    private final boolean wide;
    private final MmioDevice memory;
    private final PortDevice ports;
    private final int width;
    private final byte[] rom;
    private Registration mapping;
    private long mappedAt;

    BarWindow(long size, int type, boolean wide, MmioDevice memory, PortDevice ports, int width, byte[] rom) {
        this.size = size;
        this.type = type;
        this.wide = wide;
        this.memory = memory;
        this.ports = ports;
        this.width = width;
        this.rom = rom;
    }

    long size() {
        return size;
    }

    /** The read-only low bits: space, width, prefetchable. */
    int type() {
        return type;
    }

    boolean wide() {
        return wide;
    }

    boolean isPorts() {
        return ports != null;
    }

    /** The board has withdrawn the mapping. */
    void forget() {
        mapping = null;
        mappedAt = 0;
    }

    /** Maps at a base, 0 for nowhere. What sizing leaves (all ones) ends at the top of the space and is not mapped either. */
    void move(Board board, long base) {
        long to = base + size >= (isPorts() ? 0x1_0000 : wide ? 1L << 52 : FOUR_GIB) || base < 0 ? 0 : base;
        if (to == mappedAt) {
            return;
        }
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
        if (to != 0) {
            mapping = isPorts() ? board.ports().map((int) to, (int) size, width, ports)
                    : rom != null ? board.memory().mapRom(to, rom)
                    : board.memory().map(to, size, memory);
        }
        mappedAt = to;
    }
}
