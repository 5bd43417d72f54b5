package com.vtsim.pci.lpc;

import java.util.Arrays;

/** A first-in first-out store of bytes. */
public final class ByteQueue {
    private byte[] bytes;
    private int head;
    private int size;

    /** @param capacity bytes until it is full, or, where {@link #append} is used, until it grows */
    public ByteQueue(int capacity) {
        bytes = new byte[capacity];
    }

    /** @return bytes in it */
    public int size() {
        return size;
    }

    /** @return bytes that still fit */
    public int room() {
        return bytes.length - size;
    }

    /** @return whether nothing is in it */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Throws away what is in it. */
    public void clear() {
        size = 0;
    }

    /** Adds a byte unless it is full. @return whether it fitted */
    public boolean add(int value) {
        if (size == bytes.length) {
            return false;
        }
        bytes[(head + size++) % bytes.length] = (byte) value;
        return true;
    }

    /** Adds bytes, and grows where they do not fit. */
    public void append(byte[] more) {
        if (size + more.length > bytes.length) {
            bytes = Arrays.copyOf(save(), Integer.highestOneBit(size + more.length) * 2);
            head = 0;
        }
        for (byte b : more) {
            add(b);
        }
    }

    /** Takes the oldest out; there must be one. @return it, 0–255 */
    public int remove() {
        int value = bytes[head] & 0xFF;
        head = (head + 1) % bytes.length;
        size--;
        return value;
    }

    /** @return what is in it, the oldest first */
    public byte[] save() {
        byte[] saved = new byte[size];
        for (int i = 0; i < size; i++) {
            saved[i] = bytes[(head + i) % bytes.length];
        }
        return saved;
    }

    /** Puts in what {@link #save} gave, in place of what is in it; what a bounded queue has no room for is lost. */
    public void restore(byte[] saved) {
        clear();
        for (byte b : saved) {
            add(b);
        }
    }
}
