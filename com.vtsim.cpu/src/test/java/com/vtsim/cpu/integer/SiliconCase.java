package com.vtsim.cpu.integer;

import com.vtsim.cpu.isa.Instruction;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** One instruction with the state to run it in; laid out for silicon.c, which explains the addresses. */
public final class SiliconCase {
    /** See silicon.c. */
    public static final long CODE = 0x1000_0000L;
    /** See silicon.c. */
    public static final long START = CODE + 0x800;
    /** See silicon.c. */
    public static final long DATA = 0x2000_0000L;
    /** See silicon.c. */
    public static final int PAGE = 4096;
    /** See silicon.c. */
    public static final int WINDOW = 128;
    /** Linear addresses of the two windows. */
    public static final long MIDDLE = DATA + PAGE - WINDOW / 2;
    /** See silicon.c. */
    public static final long END = DATA + 2 * PAGE - WINDOW;
    /** Bytes of a case and of an outcome. */
    static final int SIZE = 416;
    /** Bytes of x87 and vector state: the image of FXSAVE64, then bits 255:128 of the vector registers. */
    public static final int STATE = 768;

    public final long[] registers = new long[16];
    public long flags;
    public byte[] code;
    public boolean legacy;
    public final byte[] middle = new byte[WINDOW];
    public final byte[] end = new byte[WINDOW];
    /** x87 and vector state, or null to leave it alone. */
    public byte[] state;
    /** What the bytes decode to, or null. */
    public Instruction instruction;

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
        if (state != null) {
            to.put(state);
        }
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
    public static final class Outcome {
        public final long[] registers = new long[16];
        public long flags;
        public long rip;
        public int trap;
        public int error;
        public long cr2;
        public final byte[] middle = new byte[WINDOW];
        public final byte[] end = new byte[WINDOW];

        /** x87 and vector state, or null. */
        public byte[] state;

        static Outcome read(ByteBuffer from, boolean extended) {
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
            if (extended) {
                o.state = new byte[STATE];
                from.get(o.state);
            }
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
