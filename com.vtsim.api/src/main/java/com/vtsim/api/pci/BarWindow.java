package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Registration;
import java.util.Objects;

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
    private PciHost.Span mapped;

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
        mapped = null;
    }

    /**
     * Maps what of the window reaches the function, at a base, 0 for nowhere. What sizing leaves (all ones) ends at the top of the space and is
     * not mapped either. A ROM is mapped as a whole or not at all.
     *
     * @param host null if there is none
     */
    void move(Board board, PciHost host, PciFunction function, long base) {
        long to = base + size >= (isPorts() ? 0x1_0000 : wide ? 1L << 52 : FOUR_GIB) || base < 0 ? 0 : base;
        PciHost.Span span = to == 0 ? null : host == null ? new PciHost.Span(to, size) : host.reach(function, isPorts(), to, size);
        if (span != null && rom != null && span.length() != size) {
            span = null;
        }
        if (to == mappedAt && Objects.equals(span, mapped)) {
            return;
        }
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
        if (span != null) {
            mapping = isPorts() ? board.ports().map((int) span.base(), (int) span.length(), width, ports)
                    : rom != null ? board.memory().mapRom(to, rom)
                    : board.memory().map(span.base(), span.length(), span.base() == to ? memory : new Rest(memory, (int) (span.base() - to)));
        }
        mappedAt = to;
        mapped = span;
    }

    /** A window whose beginning does not reach the function. */
    private record Rest(MmioDevice memory, int skipped) implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return memory.read(offset + skipped, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            memory.write(offset + skipped, size, value);
        }
    }
}
