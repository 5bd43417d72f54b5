package com.vtsim.pci.lpc.serial;

/** The transmitting side of a 16550A: holding register or FIFO of 16, and the shift register. */
final class Transmitter {
    private static final int THRE = 0x20;
    private static final int TEMT = 0x40;
    private static final int DEPTH = 16;

    private final int[] fifo = new int[DEPTH];
    private int head;
    private int size;
    private int most;
    private boolean first;
    private int shifting;
    private boolean thre;

    void reset() {
        shifting = -1;
        first = true;
        clear();
    }

    /** Empties holding register and FIFO. */
    void clear() {
        head = 0;
        size = 0;
        most = 0;
        thre = true;
    }

    /** The FIFO has just been switched: the next indication comes at once. */
    void first() {
        first = true;
    }

    /** @return whether the character was taken; a full FIFO loses it, a full holding register takes it in place of the old one */
    boolean accept(int value, boolean fifos) {
        thre = false;
        if (!fifos) {
            size = 0;
        } else if (size == DEPTH) {
            return false;
        }
        fifo[(head + size++) % DEPTH] = value;
        most = Math.max(most, size);
        return true;
    }

    /** @return the character the shift register is done with, or -1 */
    int finish() {
        int sent = shifting;
        shifting = -1;
        return sent;
    }

    /** @return whether there was a character to shift */
    boolean load() {
        if (size == 0) {
            return false;
        }
        shifting = fifo[head];
        head = (head + 1) % DEPTH;
        size--;
        return true;
    }

    boolean drained() {
        return size == 0;
    }

    /** @return whether there has been but one character at a time since the last indication, and that was not the first */
    boolean lone() {
        return most < 2 && !first;
    }

    /** The indication. */
    void empty() {
        thre = true;
        most = 0;
        first = false;
    }

    boolean thre() {
        return thre;
    }

    /** @return this side's bits of the line status */
    int status() {
        return (thre ? THRE : 0) | (size == 0 && shifting < 0 ? TEMT : 0);
    }

    Saved save() {
        int[] waiting = new int[size];
        for (int i = 0; i < size; i++) {
            waiting[i] = fifo[(head + i) % DEPTH];
        }
        return new Saved(waiting, most, first, shifting, thre);
    }

    void restore(Saved saved) {
        head = 0;
        System.arraycopy(saved.waiting, 0, fifo, 0, saved.waiting.length);
        size = saved.waiting.length;
        most = saved.most;
        first = saved.first;
        shifting = saved.shifting;
        thre = saved.thre;
    }

    /**
     * State of the transmitter.
     *
     * @param waiting  characters, oldest first
     * @param most     characters that have waited at the same time since the last indication
     * @param first    whether no indication has been given since the FIFO was switched
     * @param shifting the character being sent, or -1
     * @param thre     the indication that the holding register is empty
     */
    record Saved(int[] waiting, int most, boolean first, int shifting, boolean thre) {
        Saved {
            if (waiting.length > DEPTH) {
                throw new IllegalArgumentException("the FIFO holds " + DEPTH + " characters");
            }
        }
    }
}
