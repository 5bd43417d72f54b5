package com.vtsim.cpu.x87;

import com.vtsim.cpu.isa.Instruction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** One x87 instruction with the state to run it in, and what comes of it; laid out for x87silicon.c. */
final class X87Case {
    static final long START = 0x1000_0800L;
    static final long DATA = 0x2000_0000L;
    static final int WINDOW = 128;
    static final long WINDOW_AT = DATA + 4096 - WINDOW;
    static final int IMAGE = 160;
    /** Bytes of a case and of an outcome. */
    static final int SIZE = 48 + IMAGE + WINDOW;

    byte[] code;
    Instruction instruction;
    long flags;
    long rax;
    long rcx = WINDOW_AT;
    /** FXSAVE image with FIP and FDP of 64 bits. */
    final ByteBuffer image = ByteBuffer.allocate(IMAGE).order(ByteOrder.LITTLE_ENDIAN);
    final byte[] window = new byte[WINDOW];

    void write(ByteBuffer to) {
        to.put(code);
        to.position(to.position() + 16 - code.length);
        to.putLong(code.length).putLong(flags).putLong(rax).putLong(rcx);
        to.put(image.array());
        to.put(window);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(code) + " " + instruction.mnemonic() + " " + instruction.form().operands() + state(image)
            + " flags " + Long.toHexString(flags) + " rcx " + Long.toHexString(rcx)
            + " memory " + HexFormat.of().formatHex(window, 0, 64);
    }

    static String state(ByteBuffer image) {
        StringBuilder text = new StringBuilder();
        int top = image.getShort(2) >> 11 & 7;
        text.append(String.format(" fcw %04x fsw %04x ftw %02x fop %03x fip %x fdp %x", image.getShort(0), image.getShort(2), image.get(4),
            image.getShort(6), image.getLong(8), image.getLong(16)));
        for (int i = 0; i < 8; i++) {
            String mark = (image.get(4) >> (top + i & 7) & 1) == 0 ? "-" : "";
            text.append(String.format(" %s%04x:%016x", mark, image.getShort(32 + 16 * i + 8), image.getLong(32 + 16 * i)));
        }
        return text.toString();
    }

    /** What came of a case. {@code trap} -1: the instruction completed. */
    static final class Outcome {
        long rip;
        int trap;
        long flags;
        long rax;
        long cr2;
        final ByteBuffer image = ByteBuffer.allocate(IMAGE).order(ByteOrder.LITTLE_ENDIAN);
        final byte[] window = new byte[WINDOW];

        Outcome copy() {
            Outcome o = new Outcome();
            o.rip = rip;
            o.trap = trap;
            o.flags = flags;
            o.rax = rax;
            o.cr2 = cr2;
            o.image.put(0, image, 0, IMAGE);
            System.arraycopy(window, 0, o.window, 0, WINDOW);
            return o;
        }

        static Outcome read(ByteBuffer from) {
            Outcome o = new Outcome();
            o.rip = from.getLong();
            o.trap = (int) from.getLong();
            o.flags = from.getLong() & 0x8D5;
            o.rax = from.getLong();
            o.cr2 = from.getLong();
            from.getLong();
            from.get(o.image.array());
            from.get(o.window);
            if (o.rip != START) {
                o.trap = -1;
                o.rip--;
            }
            return o;
        }

        @Override
        public String toString() {
            return (trap < 0 ? "done" : "trap " + trap + " cr2 " + Long.toHexString(cr2)) + state(image) + " flags " + Long.toHexString(flags) + " rax " + Long.toHexString(rax)
                + " memory " + HexFormat.of().formatHex(window, 0, 64);
        }
    }
}
