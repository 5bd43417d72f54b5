package com.vtsim.pci.lpc.keyboard;

/**
 * Scan codes: the controller's translation of set 2 into set 1, and which keys type an ASCII character on a US keyboard.
 */
final class Keys {
    /** Set 1 code of the left shift key. */
    static final int SHIFT = 0x2A;
    /** Set 1 code of the left control key. */
    static final int CONTROL = 0x1D;
    /** In {@link #ascii}: with shift. */
    static final int WITH_SHIFT = 0x100;
    /** In {@link #ascii}: with control. */
    static final int WITH_CONTROL = 0x200;

    /** Index is a set 2 make code up to 84h, the element what the controller makes of it. */
    private static final int[] TRANSLATION = {
        0xFF, 0x43, 0x41, 0x3F, 0x3D, 0x3B, 0x3C, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3E, 0x0F, 0x29, 0x59,
        0x65, 0x38, 0x2A, 0x70, 0x1D, 0x10, 0x02, 0x5A, 0x66, 0x71, 0x2C, 0x1F, 0x1E, 0x11, 0x03, 0x5B,
        0x67, 0x2E, 0x2D, 0x20, 0x12, 0x05, 0x04, 0x5C, 0x68, 0x39, 0x2F, 0x21, 0x14, 0x13, 0x06, 0x5D,
        0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5E, 0x6A, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5F,
        0x6B, 0x33, 0x25, 0x17, 0x18, 0x0B, 0x0A, 0x60, 0x6C, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0C, 0x61,
        0x6D, 0x73, 0x28, 0x74, 0x1A, 0x0D, 0x62, 0x6E, 0x3A, 0x36, 0x1C, 0x1B, 0x75, 0x2B, 0x63, 0x76,
        0x55, 0x56, 0x77, 0x78, 0x79, 0x7A, 0x0E, 0x7B, 0x7C, 0x4F, 0x7D, 0x4B, 0x47, 0x7E, 0x7F, 0x6F,
        0x52, 0x53, 0x50, 0x4C, 0x4D, 0x48, 0x01, 0x45, 0x57, 0x4E, 0x51, 0x4A, 0x37, 0x49, 0x46, 0x54,
        0x80, 0x81, 0x82, 0x41, 0x54};

    /** Keys of the main block in the order of their set 1 codes from 02h on: without shift, with shift. */
    private static final String PLAIN = "1234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./";
    private static final String SHIFTED = "!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?";
    private static final int FIRST = 0x02;
    private static final int SPACE = 0x39;
    private static final int ESCAPE = 0x01;

    private static final int[] SET_2 = new int[0x80];

    static {
        for (int code = TRANSLATION.length - 1; code > 0; code--) {
            if (TRANSLATION[code] < 0x80) {
                SET_2[TRANSLATION[code]] = code;
            }
        }
    }

    private Keys() { }

    /** @return what the controller gives for a byte from the keyboard other than F0h */
    static int translate(int code) {
        return code < TRANSLATION.length ? TRANSLATION[code] : code;
    }

    /** @return the set 2 make code of a key given by its set 1 code */
    static int set2(int code) {
        return SET_2[code];
    }

    /** @return the set 3 make code of a key of the main block given by its set 1 code */
    static int set3(int code) {
        return switch (code) {
            case ESCAPE -> 0x08;
            case CONTROL -> 0x11;
            case 0x38 -> 0x19;
            case 0x3A -> 0x14;
            case 0x2B -> 0x5C;
            default -> SET_2[code];
        };
    }

    /** @return the set 1 code of the key that types the character, with {@link #WITH_SHIFT} or {@link #WITH_CONTROL}; 0 if none does */
    static int ascii(int character) {
        int c = character == '\r' ? '\n' : character == 0x7F ? '\b' : character;
        if (c == ' ') {
            return SPACE;
        }
        if (c == 0x1B) {
            return ESCAPE;
        }
        int key = c == 0 ? -1 : PLAIN.indexOf(c);
        if (key >= 0) {
            return FIRST + key;
        }
        key = c == 0 ? -1 : SHIFTED.indexOf(c);
        if (key >= 0) {
            return FIRST + key | WITH_SHIFT;
        }
        return c >= 1 && c <= 26 ? FIRST + PLAIN.indexOf('a' + c - 1) | WITH_CONTROL : 0;
    }
}
