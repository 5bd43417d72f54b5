package com.vtsim.pci.lpc.serial;

/** The receiving side of a 16550A: buffer register or FIFO of 16, with the errors that belong to each character. */
final class Receiver {
    /** Line status: break interrupt. */
    static final int BI = 0x10;

    private static final int DR = 0x01;
    private static final int OE = 0x02;
    private static final int ERRORS = 0x1C;
    private static final int FIFO_ERROR = 0x80;
    private static final int DEPTH = 16;
    private static final int[] TRIGGER = {1, 4, 8, 14};

    private final int[] fifo = new int[DEPTH];
    private int head;
    private int size;
    private int latest;
    private boolean overrun;
    private int errors;
    private boolean fifos;

    void reset() {
        clear();
        latest = 0;
        fifos = false;
    }

    /** Empties it. */
    void clear() {
        head = 0;
        size = 0;
        overrun = false;
        errors = 0;
    }

    /** Says whether the FIFO is in use. */
    void depth(boolean inUse) {
        fifos = inUse;
    }

    boolean waiting() {
        return size > 0;
    }

    boolean room(boolean inUse) {
        return size < (inUse ? DEPTH : 1);
    }

    /** A character has been shifted in. Overrun: the FIFO keeps what it has, the buffer register takes the new one. */
    void arrive(int value, int error, boolean inUse) {
        if (!room(inUse)) {
            overrun = true;
            if (inUse) {
                return;
            }
            size = 0;
        }
        fifo[(head + size++) % DEPTH] = value | error << 8;
        if (size == 1) {
            errors |= error;
        }
    }

    /** @return the oldest character; the latest one again if there is none */
    int read() {
        if (size > 0) {
            latest = fifo[head] & 0xFF;
            head = (head + 1) % DEPTH;
            size--;
            errors |= size > 0 ? fifo[head] >> 8 & ERRORS : 0;
        }
        return latest;
    }

    /** Reads this side's bits of the line status; the errors are then gone. */
    int status() {
        int value = (size > 0 ? DR : 0) | (overrun ? OE : 0) | errors;
        if (fifos) {
            for (int i = 0; i < size; i++) {
                value |= fifo[(head + i) % DEPTH] >> 8 != 0 ? FIFO_ERROR : 0;
            }
        }
        overrun = false;
        errors = 0;
        if (size > 0) {
            fifo[head] &= 0xFF;
        }
        return value;
    }

    /** @return whether the line status holds an error */
    boolean failed() {
        return overrun || errors != 0;
    }

    /** @param level 0–3 as FCR encodes it */
    boolean reached(int level) {
        return size >= TRIGGER[level];
    }

    Saved save() {
        int[] waiting = new int[size];
        for (int i = 0; i < size; i++) {
            waiting[i] = fifo[(head + i) % DEPTH];
        }
        return new Saved(waiting, latest, overrun, errors, fifos);
    }

    void restore(Saved saved) {
        clear();
        System.arraycopy(saved.waiting, 0, fifo, 0, saved.waiting.length);
        size = saved.waiting.length;
        latest = saved.latest;
        overrun = saved.overrun;
        errors = saved.errors;
        fifos = saved.fifos;
    }

    /**
     * State of the receiver.
     *
     * @param waiting characters, oldest first, errors in bits 15:8
     * @param latest  what the buffer register still holds
     */
    record Saved(int[] waiting, int latest, boolean overrun, int errors, boolean fifos) {
        Saved {
            if (waiting.length > DEPTH) {
                throw new IllegalArgumentException("the FIFO holds " + DEPTH + " characters");
            }
        }
    }
}
