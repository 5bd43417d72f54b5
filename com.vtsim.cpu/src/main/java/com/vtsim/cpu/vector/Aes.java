package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Semantics;

/**
 * Rounds of AES and multiplication without carries. Tables are computed from the field's definition.
 *
 * @sdm AESENC; AESENCLAST; AESDEC; AESDECLAST; AESIMC; AESKEYGENASSIST; PCLMULQDQ
 */
final class Aes {
    private static final int[] S = new int[256];
    private static final int[] INVERSE = new int[256];
    /** A column of MixColumns ∘ SubBytes for a byte in row 0; further rows are rotations. */
    private static final int[] ENCRYPT = new int[256];
    private static final int[] DECRYPT = new int[256];
    /** A column of InvMixColumns for a byte in row 0. */
    private static final int[] UNMIX = new int[256];

    static {
        for (int x = 0; x < 256; x++) {
            int inverse = 0;
            for (int y = 1; y < 256 && x != 0; y++) {
                if (multiply(x, y) == 1) {
                    inverse = y;
                    break;
                }
            }
            int s = inverse ^ rotate(inverse, 1) ^ rotate(inverse, 2) ^ rotate(inverse, 3) ^ rotate(inverse, 4) ^ 0x63;
            S[x] = s;
            INVERSE[s] = x;
        }
        for (int x = 0; x < 256; x++) {
            ENCRYPT[x] = multiply(S[x], 2) | S[x] << 8 | S[x] << 16 | multiply(S[x], 3) << 24;
            UNMIX[x] = multiply(x, 14) | multiply(x, 9) << 8 | multiply(x, 13) << 16 | multiply(x, 11) << 24;
        }
        for (int x = 0; x < 256; x++) {
            DECRYPT[x] = UNMIX[INVERSE[x]];
        }
    }

    private Aes() { }

    private static int rotate(int x, int by) {
        return (x << by | x >> 8 - by) & 0xFF;
    }

    /** Multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
    private static int multiply(int x, int y) {
        int result = 0;
        int power = x;
        for (int rest = y; rest != 0; rest >>= 1) {
            result ^= (rest & 1) != 0 ? power : 0;
            power = power << 1 ^ ((power & 0x80) != 0 ? 0x11B : 0);
        }
        return result;
    }

    static void define(Semantics s) {
        for (String v : new String[] {"", "V"}) {
            s.define(v + "AESENC", VectorForm.factory((x, d, a, b, n) -> round(x, d, a, b, ENCRYPT, 1)));
            s.define(v + "AESDEC", VectorForm.factory((x, d, a, b, n) -> round(x, d, a, b, DECRYPT, -1)));
            s.define(v + "AESENCLAST", VectorForm.factory((x, d, a, b, n) -> lastRound(x, d, a, b, S, 1)));
            s.define(v + "AESDECLAST", VectorForm.factory((x, d, a, b, n) -> lastRound(x, d, a, b, INVERSE, -1)));
            s.define(v + "AESIMC", VectorForm.factory((x, d, a, b, n) -> {
                x[d + 1] = unmix((int) x[b + 1]) & Swar.LOW | (long) unmix((int) (x[b + 1] >>> 32)) << 32;
                x[d] = unmix((int) x[b]) & Swar.LOW | (long) unmix((int) (x[b] >>> 32)) << 32;
            }));
            s.define(v + "AESKEYGENASSIST", VectorForm.byImmediate(i -> (x, d, a, b, n) -> {
                long low = assist((int) (x[b] >>> 32), i);
                x[d + 1] = assist((int) (x[b + 1] >>> 32), i);
                x[d] = low;
            }));
            s.define(v + "PCLMULQDQ", VectorForm.byImmediate(i -> (x, d, a, b, n) -> {
                long p = x[a + (i & 1)];
                long q = x[b + (i >> 4 & 1)];
                x[d] = carryless(p, q);
                x[d + 1] = Long.reverse(carryless(Long.reverse(p), Long.reverse(q))) >>> 1;
            }));
        }
    }

    /** @return byte of row {@code r} in column {@code c} */
    private static int at(long[] x, int state, int r, int c) {
        return (int) (x[state + (c >> 1)] >>> 32 * (c & 1) + 8 * r) & 0xFF;
    }

    /** @param turn 1 where rows are shifted left, −1 where right */
    private static int column(long[] x, int state, int c, int[] table, int turn) {
        return table[at(x, state, 0, c)]
            ^ Integer.rotateLeft(table[at(x, state, 1, c + turn & 3)], 8)
            ^ Integer.rotateLeft(table[at(x, state, 2, c + 2 & 3)], 16)
            ^ Integer.rotateLeft(table[at(x, state, 3, c - turn & 3)], 24);
    }

    private static void round(long[] x, int d, int a, int b, int[] table, int turn) {
        long low = column(x, a, 0, table, turn) & Swar.LOW | (long) column(x, a, 1, table, turn) << 32;
        long high = column(x, a, 2, table, turn) & Swar.LOW | (long) column(x, a, 3, table, turn) << 32;
        long keyLow = x[b];
        x[d + 1] = high ^ x[b + 1];
        x[d] = low ^ keyLow;
    }

    private static int substituted(long[] x, int state, int c, int[] table, int turn) {
        return table[at(x, state, 0, c)] | table[at(x, state, 1, c + turn & 3)] << 8
            | table[at(x, state, 2, c + 2 & 3)] << 16 | table[at(x, state, 3, c - turn & 3)] << 24;
    }

    private static void lastRound(long[] x, int d, int a, int b, int[] table, int turn) {
        long low = substituted(x, a, 0, table, turn) & Swar.LOW | (long) substituted(x, a, 1, table, turn) << 32;
        long high = substituted(x, a, 2, table, turn) & Swar.LOW | (long) substituted(x, a, 3, table, turn) << 32;
        long keyLow = x[b];
        x[d + 1] = high ^ x[b + 1];
        x[d] = low ^ keyLow;
    }

    /** A round on the state at 0 with the round key at {@code key}. */
    static void encryptRound(long[] x, int key) {
        round(x, 0, 0, key, ENCRYPT, 1);
    }

    /** The same for the last round. */
    static void encryptLast(long[] x, int key) {
        lastRound(x, 0, 0, key, S, 1);
    }

    /** A round of the equivalent inverse cipher on the state at 0. */
    static void decryptRound(long[] x, int key) {
        round(x, 0, 0, key, DECRYPT, -1);
    }

    /** The same for the last round. */
    static void decryptLast(long[] x, int key) {
        lastRound(x, 0, 0, key, INVERSE, -1);
    }

    /** InvMixColumns of a column. */
    static int unmix(int column) {
        return UNMIX[column & 0xFF] ^ Integer.rotateLeft(UNMIX[column >> 8 & 0xFF], 8)
            ^ Integer.rotateLeft(UNMIX[column >> 16 & 0xFF], 16) ^ Integer.rotateLeft(UNMIX[column >>> 24], 24);
    }

    /** SubWord. */
    static int substituted(int word) {
        return S[word & 0xFF] | S[word >> 8 & 0xFF] << 8 | S[word >> 16 & 0xFF] << 16 | S[word >>> 24] << 24;
    }

    private static long assist(int word, int constant) {
        int s = substituted(word);
        return s & Swar.LOW | (long) (Integer.rotateRight(s, 8) ^ constant) << 32;
    }

    /** @return the low 64 bits of the product over GF(2) */
    private static long carryless(long p, long q) {
        long result = 0;
        for (long rest = q; rest != 0; rest &= rest - 1) {
            result ^= p << Long.numberOfTrailingZeros(rest);
        }
        return result;
    }
}
