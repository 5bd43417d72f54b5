package com.vtsim.machine.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Terms of ACPI Machine Language as bytes. A term is built from the inside out: each method returns the bytes of one. Source: ACPI
 * Specification, ACPI Machine Language (AML) Specification.
 */
final class Aml {
    private static final int ZERO_OP = 0x00, ONE_OP = 0x01, NAME_OP = 0x08, BYTE_PREFIX = 0x0A, WORD_PREFIX = 0x0B, DWORD_PREFIX = 0x0C,
        STRING_PREFIX = 0x0D, QWORD_PREFIX = 0x0E, SCOPE_OP = 0x10, BUFFER_OP = 0x11, PACKAGE_OP = 0x12, METHOD_OP = 0x14, EXT = 0x5B,
        DEVICE_OP = 0x82, AND_OP = 0x7B, OR_OP = 0x7D, DWORD_FIELD_OP = 0x8A, EQUAL_OP = 0x93, ROOT = 0x5C, PARENT = 0x5E, DUAL_NAME = 0x2E, MULTI_NAME = 0x2F, ARG0 = 0x68, STORE_OP = 0x70, IF_OP = 0xA0, ELSE_OP = 0xA1,
        RETURN_OP = 0xA4;

    private Aml() { }

    /** Terms one after another. */
    static byte[] all(byte[]... terms) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] term : terms) {
            out.writeBytes(term);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** A path of segments of four characters: {@code \_SB_.PCI0}, {@code ^NAME}, {@code _HID}; shorter segments are filled with underscores. */
    static byte[] path(String path) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String rest = path;
        while (!rest.isEmpty() && (rest.charAt(0) == '\\' || rest.charAt(0) == '^')) {
            out.write(rest.charAt(0) == '\\' ? ROOT : PARENT);
            rest = rest.substring(1);
        }
        String[] segments = rest.isEmpty() ? new String[0] : rest.split("\\.");
        if (segments.length == 0) {
            out.write(0);
        } else if (segments.length == 2) {
            out.write(DUAL_NAME);
        } else if (segments.length > 2) {
            out.write(MULTI_NAME);
            out.write(segments.length);
        }
        for (String segment : segments) {
            out.writeBytes((segment + "____").substring(0, 4).getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    /** An integer in its shortest form. */
    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return bytes(value == 0 ? ZERO_OP : ONE_OP);
        }
        int size = (value & ~0xFFL) == 0 ? 1 : (value & ~0xFFFFL) == 0 ? 2 : (value & ~0xFFFF_FFFFL) == 0 ? 4 : 8;
        byte[] term = new byte[1 + size];
        term[0] = (byte) (size == 1 ? BYTE_PREFIX : size == 2 ? WORD_PREFIX : size == 4 ? DWORD_PREFIX : QWORD_PREFIX);
        for (int i = 0; i < size; i++) {
            term[1 + i] = (byte) (value >>> 8 * i);
        }
        return term;
    }

    static byte[] string(String text) {
        return all(bytes(STRING_PREFIX), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    /** A compressed EISA identifier: {@code PNP0A08}. */
    static byte[] eisaId(String id) {
        int letters = (id.charAt(0) - '@') << 10 | (id.charAt(1) - '@') << 5 | id.charAt(2) - '@';
        int number = Integer.parseInt(id.substring(3), 16);
        int value = letters << 16 | number;
        return integer(Integer.reverseBytes(value) & 0xFFFF_FFFFL);
    }

    static byte[] name(String name, byte[] value) {
        return all(bytes(NAME_OP), path(name), value);
    }

    static byte[] name(String name, long value) {
        return name(name, integer(value));
    }

    /** The length of a package counts its own bytes; a short one has one byte, a longer one four bits in the first. */
    private static byte[] length(int content) {
        if (content + 1 < 0x40) {
            return bytes(content + 1);
        }
        int size = content + 2 < 1 << 12 ? 2 : content + 3 < 1 << 20 ? 3 : 4;
        int total = content + size;
        byte[] field = new byte[size];
        field[0] = (byte) (size - 1 << 6 | total & 0xF);
        for (int i = 1; i < size; i++) {
            field[i] = (byte) (total >> 8 * i - 4);
        }
        return field;
    }

    private static byte[] block(byte[] opcode, byte[] content) {
        return all(opcode, length(content.length), content);
    }

    static byte[] scope(String path, byte[]... terms) {
        return block(bytes(SCOPE_OP), all(path(path), all(terms)));
    }

    static byte[] device(String name, byte[]... terms) {
        return block(bytes(EXT, DEVICE_OP), all(path(name), all(terms)));
    }

    static byte[] method(String name, int arguments, byte[]... terms) {
        return block(bytes(METHOD_OP), all(path(name), bytes(arguments), all(terms)));
    }

    static byte[] list(byte[]... elements) {
        return block(bytes(PACKAGE_OP), all(bytes(elements.length), all(elements)));
    }

    static byte[] buffer(byte[] content) {
        return block(bytes(BUFFER_OP), all(integer(content.length), content));
    }

    static byte[] storeArgument0(String into) {
        return all(bytes(STORE_OP, ARG0), path(into));
    }

    /** Argument of the method, 0 to 6. */
    static byte[] argument(int number) {
        return bytes(ARG0 + number);
    }

    /** Names 32 bits of a buffer. @param at bytes from its beginning */
    static byte[] dwordField(byte[] buffer, int at, String name) {
        return all(bytes(DWORD_FIELD_OP), buffer, integer(at), path(name));
    }

    static byte[] equal(byte[] left, byte[] right) {
        return all(bytes(EQUAL_OP), left, right);
    }

    /** {@code place &= mask}. */
    static byte[] keep(String place, long mask) {
        return all(bytes(AND_OP), path(place), integer(mask), path(place));
    }

    /** {@code place |= bits}. */
    static byte[] set(String place, long bits) {
        return all(bytes(OR_OP), path(place), integer(bits), path(place));
    }

    /** A UUID as a buffer: the first three groups little-endian. (ACPI Specification, ToUUID.) */
    static byte[] uuid(String text) {
        UUID id = UUID.fromString(text);
        ByteBuffer bytes = ByteBuffer.allocate(16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        byte[] in = bytes.array();
        int[] order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        byte[] out = new byte[order.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = in[order[i]];
        }
        return buffer(out);
    }

    static byte[] returned(byte[] value) {
        return all(bytes(RETURN_OP), value);
    }

    static byte[] ifElse(byte[] condition, byte[] then, byte[] otherwise) {
        return all(block(bytes(IF_OP), all(condition, then)), block(bytes(ELSE_OP), otherwise));
    }
}
