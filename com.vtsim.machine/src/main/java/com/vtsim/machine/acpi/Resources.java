package com.vtsim.machine.acpi;

import java.io.ByteArrayOutputStream;

/** A resource template. Source: ACPI Specification, Resource Data Types for ACPI. */
final class Resources {
    private static final int IRQ = 0x22, IO = 0x47, END = 0x79, MEMORY32_FIXED = 0x86, DWORD_SPACE = 0x87, WORD_SPACE = 0x88, QWORD_SPACE = 0x8A;
    private static final int TYPE_MEMORY = 0, TYPE_IO = 1, TYPE_BUS = 2;
    /** Decodes positively, both ends fixed. */
    private static final int FIXED = 0x0C;
    private static final int READ_WRITE = 1;
    /** Ranges of ports: ISA and others. */
    private static final int ENTIRE_RANGE = 3;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Resources little(long value, int size) {
        for (int i = 0; i < size; i++) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    Resources irq(int line) {
        return little(IRQ, 1).little(1L << line, 2);
    }

    /** Ports at a fixed place. */
    Resources ports(int base, int length) {
        return little(IO, 1).little(1, 1).little(base, 2).little(base, 2).little(1, 1).little(length, 1);
    }

    Resources memory(long base, long length) {
        return little(MEMORY32_FIXED, 1).little(9, 2).little(READ_WRITE, 1).little(base, 4).little(length, 4);
    }

    /** Bus numbers a bridge passes. */
    Resources buses(int first, int last) {
        return word(TYPE_BUS, 0, first, last);
    }

    /** Ports a bridge passes. */
    Resources portWindow(int first, int last) {
        return word(TYPE_IO, ENTIRE_RANGE, first, last);
    }

    private Resources word(int type, int flags, int first, int last) {
        return little(WORD_SPACE, 1).little(13, 2).little(type, 1).little(FIXED, 1).little(flags, 1).little(0, 2).little(first, 2).little(last, 2)
            .little(0, 2).little(last - first + 1, 2);
    }

    /** Memory a bridge passes. */
    Resources memoryWindow(long first, long last) {
        return little(DWORD_SPACE, 1).little(23, 2).little(TYPE_MEMORY, 1).little(FIXED, 1).little(READ_WRITE, 1).little(0, 4).little(first, 4)
            .little(last, 4).little(0, 4).little(last - first + 1, 4);
    }

    /** Memory a bridge passes above 4 GiB. */
    Resources highWindow(long first, long last) {
        return little(QWORD_SPACE, 1).little(43, 2).little(TYPE_MEMORY, 1).little(FIXED, 1).little(READ_WRITE, 1).little(0, 8).little(first, 8)
            .little(last, 8).little(0, 8).little(last - first + 1, 8);
    }

    /** @return the template as a term */
    byte[] term() {
        little(END, 1).little(0, 1);
        return Aml.buffer(out.toByteArray());
    }
}
