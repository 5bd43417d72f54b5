package com.vtsim.cpu.engine;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** AES-GCM-SIV behind the derivation of its keys, with a nonce of zeros: from RFC 8452's definitions, on the JDK's AES. An oracle. */
final class GcmSiv {
    /** x^128 + x^127 + x^126 + x^121 + 1. */
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(128).or(BigInteger.ONE.shiftLeft(127)).or(BigInteger.ONE.shiftLeft(126))
        .or(BigInteger.ONE.shiftLeft(121)).or(BigInteger.ONE);

    private GcmSiv() { }

    static byte[] aes(byte[] key, byte[] block, int mode) {
        try {
            Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(mode, new SecretKeySpec(key, "AES"));
            return cipher.doFinal(block);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static BigInteger element(byte[] block) {
        byte[] reversed = new byte[16];
        for (int i = 0; i < 16; i++) {
            reversed[i] = block[15 - i];
        }
        return new BigInteger(1, reversed);
    }

    private static BigInteger product(BigInteger a, BigInteger b) {
        BigInteger sum = BigInteger.ZERO;
        for (int i = 0; i < b.bitLength(); i++) {
            sum = b.testBit(i) ? sum.xor(a.shiftLeft(i)) : sum;
        }
        for (int i = sum.bitLength() - 1; i >= 128; i--) {
            sum = sum.testBit(i) ? sum.xor(MODULUS.shiftLeft(i - 128)) : sum;
        }
        return sum;
    }

    /** x^-128, as the RFC gives it: x^127 + x^124 + x^121 + x^114 + 1. */
    private static final BigInteger INVERSE = BigInteger.ONE.setBit(127).setBit(124).setBit(121).setBit(114);

    /** @param blocks whole blocks of 16 bytes */
    static byte[] polyval(byte[] key, byte[] blocks) {
        BigInteger sum = BigInteger.ZERO;
        for (int i = 0; i < blocks.length; i += 16) {
            byte[] block = new byte[16];
            System.arraycopy(blocks, i, block, 0, 16);
            sum = product(product(sum.xor(element(block)), element(key)), INVERSE);
        }
        byte[] result = new byte[16];
        for (int i = 0; i < 128; i++) {
            result[i / 8] |= (byte) (sum.testBit(i) ? 1 << i % 8 : 0);
        }
        return result;
    }

    /** @return the tag, then the ciphertext. @param aad whole blocks, as is the plaintext */
    static byte[] seal(byte[] authentication, byte[] encryption, byte[] aad, byte[] plaintext) {
        ByteBuffer input = ByteBuffer.allocate(aad.length + plaintext.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        input.put(aad).put(plaintext).putLong(8L * aad.length).putLong(8L * plaintext.length);
        byte[] sum = polyval(authentication, input.array());
        sum[15] &= 0x7F;
        byte[] tag = aes(encryption, sum, Cipher.ENCRYPT_MODE);
        byte[] counter = tag.clone();
        counter[15] |= (byte) 0x80;
        ByteBuffer result = ByteBuffer.allocate(16 + plaintext.length);
        result.put(tag);
        for (int i = 0; i < plaintext.length; i += 16) {
            byte[] stream = aes(encryption, counter, Cipher.ENCRYPT_MODE);
            for (int k = 0; k < 16; k++) {
                result.put((byte) (plaintext[i + k] ^ stream[k]));
            }
            ByteBuffer count = ByteBuffer.wrap(counter).order(ByteOrder.LITTLE_ENDIAN);
            count.putInt(0, count.getInt(0) + 1);
        }
        return result.array();
    }
}
