package com.vtsim.pci.lpc.serial;

import java.util.Arrays;

/** Characters on their way to the guest, as many as the operator sends. */
final class Wire {
    private byte[] bytes = new byte[256];
    private int head;
    private int size;

    int size() {
        return size;
    }

    void add(byte[] more) {
        if (size + more.length > bytes.length) {
            byte[] grown = new byte[Integer.highestOneBit(size + more.length) * 2];
            System.arraycopy(save(), 0, grown, 0, size);
            bytes = grown;
            head = 0;
        }
        for (byte b : more) {
            bytes[(head + size++) % bytes.length] = b;
        }
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
        head = 0;
        size = 0;
        bytes = Arrays.copyOf(bytes, Math.max(bytes.length, saved.length));
        add(saved);
    }
}
