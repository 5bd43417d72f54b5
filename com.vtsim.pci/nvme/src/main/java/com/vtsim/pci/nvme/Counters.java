package com.vtsim.pci.nvme;

/** What the SMART log counts. */
final class Counters {
    private static final int UNIT = 512 * 1000;

    private long readBytes;
    private long writtenBytes;
    private long reads;
    private long writes;
    private long errors;

    /** As saved. */
    record Saved(long readBytes, long writtenBytes, long reads, long writes, long errors) { }

    void read(int bytes) {
        readBytes += bytes;
        reads++;
    }

    void written(int bytes) {
        writtenBytes += bytes;
        writes++;
    }

    /** @return the number of this error, from 1 */
    long error() {
        return ++errors;
    }

    long reads() {
        return reads;
    }

    long writes() {
        return writes;
    }

    long errors() {
        return errors;
    }

    /** @return thousands of 512 bytes, rounded up, as the log has them */
    long unitsRead() {
        return (readBytes + UNIT - 1) / UNIT;
    }

    /** @return thousands of 512 bytes, rounded up, as the log has them */
    long unitsWritten() {
        return (writtenBytes + UNIT - 1) / UNIT;
    }

    void clear() {
        restore(new Saved(0, 0, 0, 0, 0));
    }

    Saved save() {
        return new Saved(readBytes, writtenBytes, reads, writes, errors);
    }

    void restore(Saved saved) {
        readBytes = saved.readBytes();
        writtenBytes = saved.writtenBytes();
        reads = saved.reads();
        writes = saved.writes();
        errors = saved.errors();
    }
}
