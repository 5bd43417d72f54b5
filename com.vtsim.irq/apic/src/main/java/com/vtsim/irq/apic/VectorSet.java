package com.vtsim.irq.apic;

/** 256 bits, one a vector: IRR, ISR or TMR. */
final class VectorSet {
    /** Answer where the set is empty. */
    static final int NONE = -1;

    private final long[] bits = new long[4];

    void set(int vector) {
        bits[vector >> 6] |= 1L << vector;
    }

    void clear(int vector) {
        bits[vector >> 6] &= ~(1L << vector);
    }

    boolean has(int vector) {
        return (bits[vector >> 6] >>> vector & 1) != 0;
    }

    void set(int vector, boolean value) {
        if (value) {
            set(vector);
        } else {
            clear(vector);
        }
    }

    /** @return the highest vector, or {@link #NONE} */
    int highest() {
        for (int i = 3; i >= 0; i--) {
            if (bits[i] != 0) {
                return 64 * i + 63 - Long.numberOfLeadingZeros(bits[i]);
            }
        }
        return NONE;
    }

    /** @return the n-th 32 bits */
    int word(int n) {
        return (int) (bits[n >> 1] >>> 32 * (n & 1));
    }

    void clear() {
        java.util.Arrays.fill(bits, 0);
    }

    long[] save() {
        return bits.clone();
    }

    void restore(long[] saved) {
        System.arraycopy(saved, 0, bits, 0, bits.length);
    }

    /** @return the vectors, hexadecimal: {@code 30 ef}; {@code -} for none */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int v = 0; v < 256; v++) {
            if (has(v)) {
                text.append(text.isEmpty() ? "" : " ").append(String.format("%02x", v));
            }
        }
        return text.isEmpty() ? "-" : text.toString();
    }
}
