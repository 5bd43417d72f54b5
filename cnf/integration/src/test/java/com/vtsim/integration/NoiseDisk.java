package com.vtsim.integration;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/** The image of a disk whose second half holds noise for a guest to copy to the first, which is empty. */
final class NoiseDisk {
    private static final int MEBIBYTE = 1 << 20;

    private NoiseDisk() { }

    /** Writes the image, twice as many mebibytes as its half has. @return the MD5 digest of the noise, as {@code md5sum} writes it */
    static String write(Path file, int mebibytesOfNoise, long seed) throws IOException {
        try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            Random random = new Random(seed);
            byte[] chunk = new byte[MEBIBYTE];
            image.seek((long) mebibytesOfNoise * MEBIBYTE);
            for (int i = 0; i < mebibytesOfNoise; i++) {
                random.nextBytes(chunk);
                image.write(chunk);
                md5.update(chunk);
            }
            return HexFormat.of().formatHex(md5.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has MD5", e);
        }
    }

    /** @return the MD5 digest of a disk's first mebibytes */
    static String digestOfFirst(Path file, int mebibytes) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            byte[] chunk = new byte[MEBIBYTE];
            for (int i = 0; i < mebibytes; i++) {
                md5.update(chunk, 0, in.readNBytes(chunk, 0, MEBIBYTE));
            }
            return HexFormat.of().formatHex(md5.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has MD5", e);
        }
    }
}
