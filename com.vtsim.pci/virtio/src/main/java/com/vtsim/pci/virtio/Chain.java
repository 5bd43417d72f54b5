package com.vtsim.pci.virtio;

import com.vtsim.api.pci.Upstream;
import java.util.Arrays;

/** The buffers of one descriptor chain: those the device reads, then those it writes. One is used for all. */
final class Chain {
    /** Descriptors of the longest chain: no queue is larger. */
    static final int MOST = 1024;

    private final long[] addresses = new long[MOST];
    private final int[] lengths = new int[MOST];
    private int head;
    private int places;
    private int count;
    private int readable;
    private long readableBytes;
    private long writableBytes;

    void begin(int newHead) {
        head = newHead;
        places = 1;
        count = 0;
        readable = 0;
        readableBytes = 0;
        writableBytes = 0;
    }

    /** @return false if it is too long, or a readable buffer follows a writable one */
    boolean add(long address, int length, boolean writable) {
        if (count == MOST || !writable && count > readable) {
            return false;
        }
        addresses[count] = address;
        lengths[count++] = length;
        if (writable) {
            writableBytes += length & 0xFFFF_FFFFL;
        } else {
            readable++;
            readableBytes += length & 0xFFFF_FFFFL;
        }
        return true;
    }

    /** What it is called is known at its end. @param newPlaces how many it takes in its ring */
    void is(int newHead, int newPlaces) {
        head = newHead;
        places = newPlaces;
    }

    /** @return what the chain is called when it is given back */
    int head() {
        return head;
    }

    /** @return places that it takes in a packed ring */
    int places() {
        return places;
    }

    /** @return bytes the device may read */
    long readable() {
        return readableBytes;
    }

    /** @return bytes the device may write */
    long writable() {
        return writableBytes;
    }

    /** Reads from the chain. @param from bytes of the readable part to pass over; @return false if there is not so much or memory does not answer */
    boolean read(Upstream memory, long from, byte[] into, int length) {
        return readableBytes - from >= length && move(memory, 0, readable, from, into, 0, length, false);
    }

    /** Writes to the chain. @param at bytes of the writable part to pass over; @return false if there is not so much room or memory refuses */
    boolean write(Upstream memory, long at, byte[] bytes, int offset, int length) {
        return writableBytes - at >= length && move(memory, readable, count, at, bytes, offset, length, true);
    }

    private boolean move(Upstream memory, int first, int end, long skip, byte[] bytes, int offset, int length, boolean write) {
        long pass = skip;
        int done = 0;
        for (int i = first; i < end && done < length; i++) {
            long here = lengths[i] & 0xFFFF_FFFFL;
            if (pass >= here) {
                pass -= here;
                continue;
            }
            int piece = (int) Math.min(here - pass, length - done);
            long address = addresses[i] + pass;
            boolean good = write ? memory.write(address, bytes, offset + done, piece) : memory.read(address, bytes, offset + done, piece);
            if (!good) {
                return false;
            }
            pass = 0;
            done += piece;
        }
        return done == length;
    }

    @Override
    public String toString() {
        return count + " buffers of " + Arrays.toString(Arrays.copyOf(lengths, count)) + " bytes";
    }
}
