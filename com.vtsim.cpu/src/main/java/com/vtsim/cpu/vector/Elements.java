package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Single elements into and out of registers, masks of sign bits, stores under a mask of bytes, EMMS.
 *
 * @sdm PINSRW; PEXTRW; PINSRB/PINSRD/PINSRQ; PEXTRB/PEXTRD/PEXTRQ; EXTRACTPS; INSERTPS; PMOVMSKB; MOVMSKPS; MASKMOVQ; MASKMOVDQU; EMMS
 */
final class Elements {
    private static final long TOP_BITS = 0x8080_8080_8080_8080L;

    private Elements() { }

    static void define(Semantics s) {
        insertAndExtract(s, "B", 8);
        insertAndExtract(s, "W", 16);
        insertAndExtract(s, "D", 32);
        insertAndExtract(s, "Q", 64);
        for (String v : new String[] {"", "V"}) {
            s.define(v + "EXTRACTPS", (instruction, at) -> extract(instruction, at, 32));
            s.define(v + "INSERTPS", Elements::insertSingle);
            s.define(v + "PMOVMSKB", Elements::byteMask);
            s.define(v + "MOVMSKPS", (instruction, at) -> signs(instruction, 32));
            s.define(v + "MOVMSKPD", (instruction, at) -> signs(instruction, 64));
            s.define(v + "MASKMOVDQU", Elements::maskedStore);
        }
        s.define("MASKMOVQ", Elements::maskedStore);
        s.define("EMMS", (instruction, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                Mmx.check(cpu);
                cpu.floating.valid = 0;
                cpu.floating.top = 0;
            }
        });
    }

    private static void insertAndExtract(Semantics s, String suffix, int bits) {
        for (String v : new String[] {"", "V"}) {
            s.define(v + "PINSR" + suffix, (instruction, at) -> insert(instruction, at, bits));
            s.define(v + "PEXTR" + suffix, (instruction, at) -> extract(instruction, at, bits));
        }
    }

    private static int immediate(Instruction instruction) {
        return (int) ((Operand.Immediate) instruction.operand(instruction.operands().size() - 1)).value() & 0xFF;
    }

    private static void check(Cpu cpu, boolean vex) {
        if (vex) {
            cpu.floating.avx();
        } else {
            cpu.floating.sse();
        }
    }

    private static Operation insert(Instruction instruction, Translation at, int bits) {
        int count = instruction.operands().size();
        Datum from = Datum.of(instruction.operand(count - 2), at);
        int perLong = 64 / bits;
        int element = immediate(instruction) & (Mmx.isMmx(instruction) ? perLong - 1 : 2 * perLong - 1);
        int shift = element % perLong * bits;
        long mask = -1L >>> 64 - bits << shift;
        if (Mmx.isMmx(instruction)) {
            int d = Mmx.register(instruction.operand(0));
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    Mmx.check(cpu);
                    long value = from.read(cpu);
                    Mmx.enter(cpu.floating);
                    Mmx.set(cpu.floating, d, cpu.floating.significand[d] & ~mask | value << shift & mask);
                }
            };
        }
        boolean vex = instruction.vectorLength() != 0;
        int d = Moves.index(instruction.operand(0));
        int a = vex ? Moves.index(instruction.operand(1)) : d;
        int which = element / perLong;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                long value = from.read(cpu);
                long[] v = cpu.floating.vector;
                v[d + 1 - which] = v[a + 1 - which];
                v[d + which] = v[a + which] & ~mask | value << shift & mask;
                if (vex) {
                    v[d + 2] = 0;
                    v[d + 3] = 0;
                }
            }
        };
    }

    private static Operation extract(Instruction instruction, Translation at, int bits) {
        Datum to = Datum.of(instruction.operand(0), at);
        int perLong = 64 / bits;
        int element = immediate(instruction);
        int shift = element % perLong * bits;
        long mask = -1L >>> 64 - bits;
        int mm = Mmx.register(instruction.operand(1));
        if (mm >= 0) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    Mmx.check(cpu);
                    Mmx.enter(cpu.floating);
                    to.write(cpu, cpu.floating.significand[mm] >>> shift & mask);
                }
            };
        }
        boolean vex = instruction.vectorLength() != 0;
        int from = Moves.index(instruction.operand(1)) + (element / perLong & 1);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                to.write(cpu, cpu.floating.vector[from] >>> shift & mask);
            }
        };
    }

    private static Operation insertSingle(Instruction instruction, Translation at) {
        int count = instruction.operands().size();
        Datum from = Datum.of(instruction.operand(count - 2), at);
        int i = immediate(instruction);
        boolean vex = instruction.vectorLength() != 0;
        int d = Moves.index(instruction.operand(0));
        int a = vex ? Moves.index(instruction.operand(1)) : d;
        boolean memory = from.inMemory();
        int b = memory ? 0 : Moves.index(instruction.operand(count - 2)) + (i >> 7);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                long[] v = cpu.floating.vector;
                long value = (memory ? from.read(cpu) : v[b] >>> (i >> 6 & 1) * 32) & 0xFFFF_FFFFL;
                int shift = (i >> 4 & 1) * 32;
                int which = i >> 5 & 1;
                v[d + 1 - which] = v[a + 1 - which];
                v[d + which] = v[a + which] & ~(0xFFFF_FFFFL << shift) | value << shift;
                v[d] &= kept(i);
                v[d + 1] &= kept(i >> 2);
                if (vex) {
                    v[d + 2] = 0;
                    v[d + 3] = 0;
                }
            }
        };
    }

    /** @return mask of what two bits of a zero mask leave */
    private static long kept(int zeroed) {
        return ((zeroed & 1) == 0 ? 0xFFFF_FFFFL : 0) | ((zeroed & 2) == 0 ? 0xFFFF_FFFFL << 32 : 0);
    }

    /** @return the highest bits of the eight bytes */
    private static int topBits(long x) {
        return (int) (((x & TOP_BITS) >>> 7) * 0x0102_0408_1020_4080L >>> 56);
    }

    private static Operation byteMask(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int mm = Mmx.register(instruction.operand(1));
        if (mm >= 0) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    Mmx.check(cpu);
                    Mmx.enter(cpu.floating);
                    cpu.set32(d, topBits(cpu.floating.significand[mm]));
                }
            };
        }
        boolean vex = instruction.vectorLength() != 0;
        boolean wide = instruction.vectorLength() == 32;
        int from = Moves.index(instruction.operand(1));
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                long[] v = cpu.floating.vector;
                int mask = topBits(v[from]) | topBits(v[from + 1]) << 8;
                if (wide) {
                    mask |= topBits(v[from + 2]) << 16 | topBits(v[from + 3]) << 24;
                }
                cpu.set32(d, mask);
            }
        };
    }

    private static Operation signs(Instruction instruction, int bits) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int from = Moves.index(instruction.operand(1));
        boolean vex = instruction.vectorLength() != 0;
        int longs = vex ? instruction.vectorLength() / 8 : 2;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                cpu.set32(d, signs(cpu.floating.vector, from, longs, bits));
            }
        };
    }

    /** @return the sign bits of packed numbers of 32 or 64 bits */
    static int signs(long[] v, int from, int longs, int bits) {
        int mask = 0;
        for (int i = longs - 1; i >= 0; i--) {
            long x = v[from + i];
            mask = bits == 64 ? mask << 1 | (int) (x >>> 63) : mask << 2 | (int) (x >>> 63) << 1 | (int) x >>> 31;
        }
        return mask;
    }

    /** Bytes whose mask has its highest bit set go to DS:rDI. */
    private static Operation maskedStore(Instruction instruction, Translation at) {
        int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
        boolean mmx = Mmx.isMmx(instruction);
        int bytes = mmx ? 8 : 16;
        MemoryRef memory = at.memory(new Operand.Memory(segment, Cpu.RDI, Operand.Memory.NONE, 1, 0, instruction.addressSize(), bytes));
        boolean vex = instruction.vectorLength() != 0;
        int data = ((Operand.Register) instruction.operand(0)).number();
        int mask = ((Operand.Register) instruction.operand(1)).number();
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                FloatingState f = cpu.floating;
                if (mmx) {
                    Mmx.check(cpu);
                    // Also if the store faults, as on silicon.
                    Mmx.enter(f);
                } else {
                    check(cpu, vex);
                }
                long[] from = mmx ? f.significand : f.vector;
                int scale = mmx ? 1 : FloatingState.LONGS;
                long linear = memory.writable(cpu, bytes);
                int selected = topBits(from[mask * scale]) | (mmx ? 0 : topBits(from[mask * scale + 1]) << 8);
                // Whatever the mask, and the higher half first: so does silicon.
                for (int i = bytes - 8; i >= 0; i -= 8) {
                    cpu.memory.probeWrite(linear + i, segment, 8);
                }
                for (int i = 0; i < bytes; i++) {
                    if ((selected >> i & 1) != 0) {
                        cpu.memory.store8(linear + i, segment, (int) (from[data * scale + (i >> 3)] >>> 8 * (i & 7)));
                    }
                }
            }
        };
    }
}
