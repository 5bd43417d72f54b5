package com.vtsim.pci.nvme;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Numbers and text in data structures. */
final class LittleEndian {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() { }

    static int dword(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    static long qword(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    static void word(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, (short) value);
    }

    static void dword(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    static void qword(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }

    /** ASCII, left-justified and padded with spaces. */
    static void text(byte[] bytes, int at, int length, String text) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        Arrays.fill(bytes, at, at + length, (byte) ' ');
        System.arraycopy(ascii, 0, bytes, at, Math.min(length, ascii.length));
    }
}
