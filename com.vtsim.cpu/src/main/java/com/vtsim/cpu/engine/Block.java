package com.vtsim.cpu.engine;

/** A straight run of operations decoded from one page (its last instruction may reach into the next). */
final class Block {
    /** {@link Mode} it was decoded for. */
    final int key;
    /** Offset of its first byte in its page. */
    final int offset;
    /** Bytes. */
    final int length;
    /** In order. */
    final Operation[] operations;
    /** Offset of each instruction from the first. */
    final short[] starts;
    /** The page its last instruction reaches into, or null. */
    final CodePage second;
    /** False once a byte of it has been written. */
    boolean valid = true;
    /** Next in its bucket of {@link CodePage}. */
    Block chained;

    Block(int key, int offset, int length, Operation[] operations, short[] starts, CodePage second) {
        this.key = key;
        this.offset = offset;
        this.length = length;
        this.operations = operations;
        this.starts = starts;
        this.second = second;
    }
}
