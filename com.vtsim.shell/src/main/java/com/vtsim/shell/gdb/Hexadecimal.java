package com.vtsim.shell.gdb;

import java.nio.charset.StandardCharsets;

/** Bytes and numbers as the protocol writes them. */
final class Hexadecimal {
    private static final char[] DIGITS = "0123456789abcdef".toCharArray();

    private Hexadecimal() { }

    /** The low eight bits. */
    static String digits(int value) {
        return new String(new char[] {DIGITS[value >> 4 & 15], DIGITS[value & 15]});
    }

    static String of(byte[] bytes) {
        StringBuilder text = new StringBuilder(2 * bytes.length);
        for (byte b : bytes) {
            text.append(DIGITS[b >> 4 & 15]).append(DIGITS[b & 15]);
        }
        return text.toString();
    }

    static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** @throws NumberFormatException if these are no bytes */
    static byte[] bytes(String digits) {
        if (digits.length() % 2 != 0) {
            throw new NumberFormatException("half a byte");
        }
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits, 2 * i, 2 * i + 2, 16);
        }
        return bytes;
    }

    /** An address. @throws NumberFormatException if it is none */
    static long number(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    /** A length or an offset. @throws NumberFormatException if it is none */
    static int small(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
