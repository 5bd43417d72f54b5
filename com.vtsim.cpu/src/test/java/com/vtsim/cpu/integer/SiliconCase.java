package com.vtsim.cpu.integer;

import com.vtsim.cpu.isa.Instruction;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** One instruction with the state to run it in; laid out for silicon.c, which explains the addresses. */
final class SiliconCase {
    static final long CODE = 0x1000_0000L;
    static final long START = CODE + 0x800;
    static final long DATA = 0x2000_0000L;
    static final int PAGE = 4096;
    static final int WINDOW = 128;
    /** Linear addresses of the two windows. */
    static final long MIDDLE = DATA + PAGE - WINDOW / 2;
    static final long END = DATA + 2 * PAGE - WINDOW;
    /** Bytes of a case and of an outcome. */
    static final int SIZE = 416;

    final long[] registers = new long[16];
    long flags;
    byte[] code;
    boolean legacy;
    final byte[] middle = new byte[WINDOW];
    final byte[] end = new byte[WINDOW];
    /** What the bytes decode to, or null. */
    Instruction instruction;

    void write(ByteBuffer to) {
        for (long register : registers) {
            to.putLong(register);
        }
        to.putLong(flags);
        to.put(code);
        to.position(to.position() + 16 - code.length);
        to.putInt(code.length);
        to.putInt(legacy ? 1 : 0);
        to.put(middle);
        to.put(end);
    }

    /** Puts bytes where both windows show them, as far as they do. */
    void poke(long linear, long value, int size) {
        for (int i = 0; i < size; i++) {
            long at = linear + i;
            byte b = (byte) (value >>> 8 * i);
            if (at >= MIDDLE && at < MIDDLE + WINDOW) {
                middle[(int) (at - MIDDLE)] = b;
            } else if (at >= END && at < END + WINDOW) {
                end[(int) (at - END)] = b;
            }
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(HexFormat.of().formatHex(code)).append(legacy ? " (32) " : " (64) ");
        text.append(instruction == null ? "undecodable" : instruction.mnemonic() + " " + instruction.operands());
        text.append(" flags ").append(Long.toHexString(flags)).append(" registers");
        for (long register : registers) {
            text.append(' ').append(Long.toHexString(register));
        }
        return text.toString();
    }

    /** What came of a case. {@code trap} -1: the instruction completed. */
    static final class Outcome {
        final long[] registers = new long[16];
        long flags;
        long rip;
        int trap;
        int error;
        long cr2;
        final byte[] middle = new byte[WINDOW];
        final byte[] end = new byte[WINDOW];

        static Outcome read(ByteBuffer from) {
            Outcome o = new Outcome();
            for (int i = 0; i < 16; i++) {
                o.registers[i] = from.getLong();
            }
            o.flags = from.getLong();
            o.rip = from.getLong();
            o.trap = from.getInt();
            o.error = from.getInt();
            o.cr2 = from.getLong();
            from.get(o.middle);
            from.get(o.end);
            if (o.rip != START) {
                // The instruction is done: INT3 behind it or at its target has trapped, or the target cannot be fetched.
                o.rip -= o.trap == 3 ? 1 : 0;
                o.trap = -1;
            }
            return o;
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            text.append(trap < 0 ? "done" : "trap " + trap + " error " + error + (trap == 14 ? " cr2 " + Long.toHexString(cr2) : ""));
            text.append(" rip ").append(Long.toHexString(rip)).append(" flags ").append(Long.toHexString(flags)).append(" registers");
            for (long register : registers) {
                text.append(' ').append(Long.toHexString(register));
            }
            return text.toString();
        }
    }
}
