package com.vtsim.api.machine;

import java.util.List;

/** Memory that nobody may touch: every access fails the test. Tests that need some of it extend it. */
public class NoMemory implements MemorySpace {
    private static AssertionError touched() {
        return new AssertionError("this part has no business with memory");
    }

    @Override
    public long ramSize() {
        return 0;
    }

    @Override
    public List<Region> regions() {
        return List.of();
    }

    @Override
    public long read(long hpa, int size) {
        throw touched();
    }

    @Override
    public void write(long hpa, int size, long value) {
        throw touched();
    }

    @Override
    public void read(long hpa, byte[] into, int offset, int length) {
        throw touched();
    }

    @Override
    public void write(long hpa, byte[] from, int offset, int length) {
        throw touched();
    }

    @Override
    public MemoryPage page(long hpa) {
        throw touched();
    }

    @Override
    public Registration map(long base, long length, MmioDevice device) {
        throw touched();
    }

    @Override
    public Registration mapRom(long base, byte[] image) {
        throw touched();
    }

    @Override
    public Registration mapRam(long base, byte[] content) {
        throw touched();
    }

    @Override
    public void route(long base, long length, boolean readsRam, boolean writesRam) {
        throw touched();
    }

    @Override
    public Registration observe(MapObserver observer) {
        throw touched();
    }
}
