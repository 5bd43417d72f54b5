package com.vtsim.cpu.vector;

/** AES of whole blocks, with keys of 128 and 256 bits. Blocks and keys are longs as vector registers hold them. FIPS 197. */
final class AesCipher {
    private static final int MOST_ROUNDS = 14;

    /** The state, then the round keys of encryption: 2 longs each. */
    private final long[] forward = new long[2 * (MOST_ROUNDS + 2)];
    /** The same for decryption: round keys in between went through InvMixColumns. */
    private final long[] backward = new long[2 * (MOST_ROUNDS + 2)];
    private final long[] key = new long[4];
    private int rounds;

    /**
     * Goes on with another key, unless it is the one already.
     *
     * @param words 4 or 8: 32 bits each
     */
    void key(long[] from, int at, int words) {
        boolean same = rounds == words + 6;
        for (int i = 0; i < words >> 1; i++) {
            same &= key[i] == from[at + i];
            key[i] = from[at + i];
        }
        if (!same) {
            rounds = words + 6;
            expand(words);
        }
    }

    private int word(int i) {
        return (int) (forward[2 + (i >> 1)] >>> 32 * (i & 1));
    }

    private void expand(int words) {
        System.arraycopy(key, 0, forward, 2, words >> 1);
        int constant = 1;
        for (int i = words; i < 4 * (rounds + 1); i++) {
            int last = word(i - 1);
            if (i % words == 0) {
                last = Integer.rotateRight(Aes.substituted(last), 8) ^ constant;
                constant = constant << 1 ^ ((constant & 0x80) != 0 ? 0x11B : 0);
            } else if (words == 8 && i % 8 == 4) {
                last = Aes.substituted(last);
            }
            long value = (word(i - words) ^ last) & Swar.LOW;
            int at = 2 + (i >> 1);
            forward[at] = (i & 1) == 0 ? value : forward[at] | value << 32;
        }
        for (int i = 2; i < 2 * (rounds + 2); i++) {
            boolean outer = i < 4 || i >= 2 * (rounds + 1);
            backward[i] = outer ? forward[i] : Aes.unmix((int) forward[i]) & Swar.LOW | (long) Aes.unmix((int) (forward[i] >>> 32)) << 32;
        }
    }

    /** Encrypts a block. */
    void encrypt(long[] from, int at, long[] to, int there) {
        forward[0] = from[at] ^ forward[2];
        forward[1] = from[at + 1] ^ forward[3];
        for (int i = 1; i < rounds; i++) {
            Aes.encryptRound(forward, 2 + 2 * i);
        }
        Aes.encryptLast(forward, 2 + 2 * rounds);
        to[there] = forward[0];
        to[there + 1] = forward[1];
    }

    /** Decrypts a block where it is. */
    void decrypt(long[] x, int at) {
        int last = 2 + 2 * rounds;
        backward[0] = x[at] ^ backward[last];
        backward[1] = x[at + 1] ^ backward[last + 1];
        for (int i = rounds - 1; i > 0; i--) {
            Aes.decryptRound(backward, 2 + 2 * i);
        }
        Aes.decryptLast(backward, 2);
        x[at] = backward[0];
        x[at + 1] = backward[1];
    }
}
