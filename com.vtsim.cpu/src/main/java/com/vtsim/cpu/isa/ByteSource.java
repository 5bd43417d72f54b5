package com.vtsim.cpu.isa;

/**
 * Where a decoder fetches an instruction's bytes from, one after the other.
 * A fetch that faults is the source's own affair: what it throws passes through the decoder unchanged.
 */
@FunctionalInterface
public interface ByteSource {

    /** @return the next byte, 0–255; called once for every byte of the instruction and never for one behind it */
    int next();

    /**
     * @param bytes  code
     * @param offset index of the first byte
     * @return a source over the array; past its end it throws {@link IndexOutOfBoundsException}
     */
    static ByteSource of(byte[] bytes, int offset) {
        return new ByteSource() {
            private int at = offset;

            @Override
            public int next() {
                return bytes[at++] & 0xFF;
            }
        };
    }
}
