package com.vtsim.irq.pic;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Message-signalled interrupts that no local APIC is there to take. As in an IRR, one that waits already takes in its equals. Each is the low
 * 32 bits of the address in bits 63:32 and the data in bits 31:0.
 */
final class HeldMessages {
    /** How many different ones can wait. */
    static final int MOST = 256;

    private final long[] messages = new long[MOST];
    private int count;

    /** @return whether it waits now */
    boolean add(long address, int data) {
        if (has(address, data)) {
            return true;
        }
        if (count == MOST) {
            return false;
        }
        messages[count++] = message(address, data);
        return true;
    }

    private static long message(long address, int data) {
        return address << 32 | data & 0xFFFF_FFFFL;
    }

    boolean has(long address, int data) {
        long wanted = message(address, data);
        for (int i = 0; i < count; i++) {
            if (messages[i] == wanted) {
                return true;
            }
        }
        return false;
    }

    boolean has(int vector) {
        return Arrays.stream(messages, 0, count).anyMatch(message -> (message & 0xFF) == vector);
    }

    boolean isEmpty() {
        return count == 0;
    }

    void clear() {
        count = 0;
    }

    long[] save() {
        return Arrays.copyOf(messages, count);
    }

    /** Takes the first {@link #MOST}. */
    void restore(long[] saved) {
        count = Math.min(saved.length, MOST);
        System.arraycopy(saved, 0, messages, 0, count);
    }

    /** @return address and data of each */
    @Override
    public String toString() {
        return LongStream.of(save()).mapToObj(message -> String.format("%08x:%04x", message >>> 32, message & 0xFFFF_FFFFL)).collect(Collectors.joining(" "));
    }
}
