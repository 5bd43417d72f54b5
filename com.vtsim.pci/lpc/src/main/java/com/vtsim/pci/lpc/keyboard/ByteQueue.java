package com.vtsim.pci.lpc.keyboard;

/** A first-in first-out store of bytes that refuses what does not fit. */
final class ByteQueue {
    private final byte[] bytes;
    private int head;
    private int size;

    ByteQueue(int capacity) {
        bytes = new byte[capacity];
    }

    int size() {
        return size;
    }

    int room() {
        return bytes.length - size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void clear() {
        size = 0;
    }

    /** @return whether it fitted */
    boolean add(int value) {
        if (size == bytes.length) {
            return false;
        }
        bytes[(head + size++) % bytes.length] = (byte) value;
        return true;
    }

    /** @return the oldest, 0–255 */
    int remove() {
        int value = bytes[head] & 0xFF;
        head = (head + 1) % bytes.length;
        size--;
        return value;
    }

    byte[] save() {
        byte[] saved = new byte[size];
        for (int i = 0; i < size; i++) {
            saved[i] = bytes[(head + i) % bytes.length];
        }
        return saved;
    }

    void restore(byte[] saved) {
        clear();
        for (byte b : saved) {
            add(b);
        }
    }
}
