package com.vtsim.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Little-endian loads and stores of 1, 2, 4 and 8 bytes, and how an access falls into aligned pieces. */
final class Bytes {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() { }

    static long load(byte[] bytes, int at, int size) {
        return switch (size) {
            case 1 -> bytes[at] & 0xFFL;
            case 2 -> (short) SHORT.get(bytes, at) & 0xFFFFL;
            case 4 -> (int) INT.get(bytes, at) & 0xFFFF_FFFFL;
            case 8 -> (long) LONG.get(bytes, at);
            default -> throw new IllegalArgumentException("access of " + size + " bytes");
        };
    }

    static void store(byte[] bytes, int at, int size, long value) {
        switch (size) {
            case 1 -> bytes[at] = (byte) value;
            case 2 -> SHORT.set(bytes, at, (short) value);
            case 4 -> INT.set(bytes, at, (int) value);
            case 8 -> LONG.set(bytes, at, value);
            default -> throw new IllegalArgumentException("access of " + size + " bytes");
        }
    }

    /** @return all ones in {@code size} bytes */
    static long ones(int size) {
        return -1L >>> 64 - 8 * size;
    }

    /** @return the largest power of two that divides {@code address} and is not more than {@code left} */
    static int piece(long address, int left) {
        int aligned = (int) Math.min(Long.lowestOneBit(address | 8), 8);
        return Math.min(aligned, Integer.highestOneBit(left));
    }
}
