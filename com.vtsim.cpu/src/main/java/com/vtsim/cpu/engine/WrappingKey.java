package com.vtsim.cpu.engine;

import java.util.Arrays;

/**
 * The internal wrapping key of Key Locker, IWKey: no instruction reads it. A restored machine goes on with it, as no machine that was
 * switched off would.
 *
 * @sdm LOADIWKEY—Load Internal Wrapping Key With Key Locker
 */
public final class WrappingKey {
    private static final int CONTROL = 6, LONGS = 7;

    /** The encryption key from its lowest bits on: 4 longs; the integrity key, 2; what LOADIWKEY had in EAX[4:0]. */
    private final long[] value = new long[LONGS];

    /**
     * Loads it.
     *
     * @param keys    4 longs of the encryption key, then 2 of the integrity key
     * @param control NoBackup in bit 0, KeySource in bits 4:1
     */
    public void load(long[] keys, int control) {
        System.arraycopy(keys, 0, value, 0, CONTROL);
        value[CONTROL] = control;
    }

    /** @return 64 bits of the encryption key. @param i 0–3, 0 the lowest */
    public long encryption(int i) {
        return value[i];
    }

    /** @return 64 bits of the integrity key. @param i 0 the lower, 1 the upper */
    public long integrity(int i) {
        return value[4 + i];
    }

    /** @return NoBackup in bit 0, KeySource in bits 4:1 */
    public int control() {
        return (int) value[CONTROL];
    }

    /** RESET leaves a key of zeros. */
    void reset() {
        Arrays.fill(value, 0);
    }

    /** @return all of it, 7 longs */
    public long[] save() {
        return value.clone();
    }

    /** Adopts what {@link #save} gave. */
    public void restore(long[] saved) {
        System.arraycopy(saved, 0, value, 0, LONGS);
    }
}
