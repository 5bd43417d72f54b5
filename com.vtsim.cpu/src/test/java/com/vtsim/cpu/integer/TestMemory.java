package com.vtsim.cpu.integer;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Registration;
import java.util.List;

/** Plain RAM from address 0, all ones behind it, for tests that need nothing else of a machine. */
public final class TestMemory implements MemorySpace {
    /** The content. */
    public final byte[] bytes;
    private final MemoryPage[] pages;

    /** @param size bytes, a multiple of 4096 */
    public TestMemory(int size) {
        bytes = new byte[size];
        pages = new MemoryPage[size / PAGE];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = new MemoryPage((long) i * PAGE, bytes, i * PAGE, true);
        }
    }

    @Override
    public long read(long hpa, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            long at = hpa + i;
            value = value << 8 | (at >= 0 && at < bytes.length ? bytes[(int) at] & 0xFF : 0xFF);
        }
        return value;
    }

    @Override
    public void write(long hpa, int size, long value) {
        for (int i = 0; i < size; i++) {
            long at = hpa + i;
            if (at >= 0 && at < bytes.length) {
                bytes[(int) at] = (byte) (value >>> 8 * i);
                MemoryPage page = pages[(int) (at / PAGE)];
                if (page.isWatched()) {
                    page.written((int) at & PAGE - 1, 1);
                }
            }
        }
    }

    @Override
    public void read(long hpa, byte[] into, int offset, int length) {
        for (int i = 0; i < length; i++) {
            into[offset + i] = (byte) read(hpa + i, 1);
        }
    }

    @Override
    public void write(long hpa, byte[] from, int offset, int length) {
        for (int i = 0; i < length; i++) {
            write(hpa + i, 1, from[offset + i]);
        }
    }

    @Override
    public MemoryPage page(long hpa) {
        return hpa >= 0 && hpa < bytes.length ? pages[(int) (hpa / PAGE)] : null;
    }

    @Override
    public Registration map(long base, long length, MmioDevice device) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Registration mapRom(long base, byte[] image) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Registration mapRam(long base, byte[] content) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void route(long base, long length, boolean readsRam, boolean writesRam) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long ramSize() {
        return bytes.length;
    }

    @Override
    public List<Region> regions() {
        return List.of(new Region(0, bytes.length, "ram", "board"));
    }

    @Override
    public Registration observe(MapObserver observer) {
        return () -> { };
    }
}
