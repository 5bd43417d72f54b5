package com.vtsim.machine;

/**
 * The machine's RAM: chunks that are allocated when first touched, so that a machine of 64 GiB costs what its guest uses.
 * Addresses here are offsets in the RAM itself, without the hole below 4 GiB.
 */
final class Ram {
    /** Bytes of a chunk. */
    static final int CHUNK = 1 << 18;
    static final long LARGEST = 64L << 30;
    private static final long FOUR_GIB = 1L << 32;

    private final long size;
    private final long low;
    private final byte[][] chunks;
    /** Lines whose content has an uncorrectable error. */
    private final Poison poison = new Poison();

    /**
     * @param size bytes, a multiple of 4096, at most 64 GiB
     * @param low  bytes of it that lie at address 0; the rest lies at 4 GiB
     */
    Ram(long size, long low) {
        this.size = size;
        this.low = low;
        chunks = new byte[(int) ((size + CHUNK - 1) / CHUNK)][];
    }

    /** An untouched RAM of the same shape. */
    Ram empty() {
        return new Ram(size, low);
    }

    Poison poison() {
        return poison;
    }

    long size() {
        return size;
    }

    long low() {
        return low;
    }

    /** @return the offset of a host-physical address, or -1 where there is no RAM */
    long offset(long hpa) {
        if (hpa >= 0 && hpa < low) {
            return hpa;
        }
        return hpa >= FOUR_GIB && hpa - FOUR_GIB < size - low ? hpa - FOUR_GIB + low : -1;
    }

    /** @return the host-physical address of an offset */
    long address(long offset) {
        return offset < low ? offset : offset - low + FOUR_GIB;
    }

    /** @return the chunk that holds the offset, allocated if need be */
    byte[] chunk(long offset) {
        int index = (int) (offset / CHUNK);
        byte[] chunk = chunks[index];
        if (chunk == null) {
            chunk = new byte[(int) Math.min(CHUNK, size - (long) index * CHUNK)];
            chunks[index] = chunk;
        }
        return chunk;
    }

    /** @return the chunk that holds the offset, or null if nobody has touched it: it then reads zero */
    byte[] touched(long offset) {
        return chunks[(int) (offset / CHUNK)];
    }

    /** @return bytes of it that take host memory */
    long held() {
        long held = 0;
        for (byte[] chunk : chunks) {
            held += chunk == null ? 0 : chunk.length;
        }
        return held;
    }

    /** Where an offset lies in its chunk. */
    static int in(long offset) {
        return (int) (offset % CHUNK);
    }
}
