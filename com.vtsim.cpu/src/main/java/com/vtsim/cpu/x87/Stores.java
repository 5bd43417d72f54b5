package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatFormat;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Stores. @sdm FST/FSTP; FIST/FISTP; FISTTP; FBSTP */
final class Stores {
    private static final long QNAN = 0xC000_0000_0000_0000L;

    private Stores() { }

    static void define(Semantics s) {
        s.define("FST", (i, at) -> store(i, at, false));
        s.define("FSTP", (i, at) -> store(i, at, true));
        s.define("FIST", (i, at) -> new Whole(false, false, i, at));
        s.define("FISTP", (i, at) -> new Whole(true, false, i, at));
        s.define("FISTTP", (i, at) -> new Whole(true, true, i, at));
        s.define("FBSTP", Decimal::new);
    }

    private static X87Operation store(Instruction i, Translation at, boolean pops) {
        if (i.operand(0) instanceof Operand.Register r) {
            return new Copy(r.number(), pops, i, at);
        }
        int size = ((Operand.Memory) i.operand(0)).size();
        return size == 10 ? new Extended(i, at) : new Real(size == 4, pops, i, at);
    }

    private static final class Copy extends X87Operation {
        private final int to;
        private final boolean pops;

        Copy(int to, boolean pops, Instruction i, Translation at) {
            super(i, at);
            this.to = to;
            this.pops = pops;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            int p = physical(f, to);
            if (empty(f, 0)) {
                if (!stackFault(cpu, f, false)) {
                    return;
                }
                writeIndefinite(f, p);
            } else {
                f.status &= ~C1;
                f.exponent[p] = f.exponent[f.top];
                f.significand[p] = f.significand[f.top];
                f.valid |= 1 << p;
            }
            if (pops) {
                pop(f);
            }
        }
    }

    /** FSTP m80. */
    private static final class Extended extends X87Operation {
        Extended(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            boolean missing = empty(f, 0);
            if (missing && (f.control & FloatUnit.INVALID) == 0) {
                stackFault(cpu, f, false);
                return;
            }
            long linear = memory.writable(cpu, 10);
            // Two stores, as on processors: the first has happened if the second faults.
            cpu.memory.store64(linear, memory.segment, missing ? QNAN : f.significand[f.top]);
            cpu.memory.store16(linear + 8, memory.segment, missing ? 0xFFFF : f.exponent[f.top]);
            if (missing) {
                stackFault(cpu, f, false);
            } else {
                f.status &= ~C1;
            }
            pop(f);
        }
    }

    /** FST and FSTP to binary32 and binary64. */
    private static final class Real extends X87Operation {
        private final boolean single;
        private final boolean pops;

        Real(boolean single, boolean pops, Instruction i, Translation at) {
            super(i, at);
            this.single = single;
            this.pops = pops;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            if (!single && Quick.usable(f) && !empty(f, 0) && Quick.fitsDouble(f.exponent[f.top], f.significand[f.top])) {
                storeQuickly(cpu, f);
                return;
            }
            FloatUnit u = f.unit;
            prepare(f);
            u.adjusts = false;
            int flags;
            if (empty(f, 0)) {
                u.result.indefinite();
                flags = STACK;
            } else {
                read(f, 0, u.a);
                if (number(u.a)) {
                    u.round(single ? FloatFormat.SINGLE : FloatFormat.DOUBLE);
                } else {
                    nan(u);
                }
                flags = u.flags;
            }
            int kept = flags & ~f.control & ~FloatUnit.PRECISION & 0x3F;
            if (kept != 0) {
                // Nothing was rounded to be stored.
                flags &= ~FloatUnit.PRECISION;
                u.roundedUp = false;
            } else {
                if (single) {
                    memory.store32(cpu, u.result.toSingle());
                } else {
                    memory.store64(cpu, u.result.toDouble());
                }
            }
            f.status = u.roundedUp ? f.status | C1 : f.status & ~C1;
            if (flags != 0) {
                raise(cpu, f, flags);
            }
            if (pops && kept == 0) {
                pop(f);
            }
        }

        private void storeQuickly(Cpu cpu, FloatingState f) {
            int before = f.status;
            long bits = Quick.toDouble(f, f.exponent[f.top], f.significand[f.top]);
            int after = f.status;
            // The store may fault; then nothing has changed.
            f.status = before;
            memory.store64(cpu, bits);
            f.status = after;
            if (pops) {
                pop(f);
            }
        }
    }

    /** FIST, FISTP and FISTTP. */
    private static final class Whole extends X87Operation {
        private final int size;
        private final boolean pops;
        private final boolean truncates;

        Whole(boolean pops, boolean truncates, Instruction i, Translation at) {
            super(i, at);
            this.size = ((Operand.Memory) i.operand(0)).size();
            this.pops = pops;
            this.truncates = truncates;
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            prepare(f);
            if (truncates) {
                u.rounding = FloatUnit.TRUNCATE;
            }
            long value = -1L << 8 * size - 1;
            int flags;
            if (empty(f, 0)) {
                flags = STACK;
            } else {
                read(f, 0, u.a);
                value = u.toInteger(8 * size);
                flags = u.flags;
            }
            boolean stores = (flags & ~f.control & FloatUnit.INVALID) == 0;
            if (stores) {
                cpu.memory.store(memory.writable(cpu, size), memory.segment, value, size);
            }
            f.status = u.roundedUp ? f.status | C1 : f.status & ~C1;
            if (flags != 0) {
                raise(cpu, f, flags);
            }
            if (pops && stores) {
                pop(f);
            }
        }
    }

    /** FBSTP: eighteen packed digits and a sign. */
    private static final class Decimal extends X87Operation {
        private static final long LIMIT = 1_000_000_000_000_000_000L;

        Decimal(Instruction i, Translation at) {
            super(i, at);
        }

        @Override
        void perform(Cpu cpu, FloatingState f) {
            FloatUnit u = f.unit;
            prepare(f);
            long low = QNAN;
            int high = 0xFFFF;
            int flags = STACK;
            if (!empty(f, 0)) {
                read(f, 0, u.a);
                long value = Math.abs(u.toInteger(64));
                if (value < 0 || value >= LIMIT) {
                    u.flags = FloatUnit.INVALID;
                    u.roundedUp = false;
                }
                flags = u.flags;
                if ((flags & FloatUnit.INVALID) == 0) {
                    low = digits(value % 10_000_000_000_000_000L, 16);
                    high = (int) digits(value / 10_000_000_000_000_000L, 2) | (u.a.negative ? 0x8000 : 0);
                }
            }
            boolean stores = (flags & ~f.control & FloatUnit.INVALID) == 0;
            if (stores) {
                long linear = memory.writable(cpu, 10);
                cpu.memory.store64(linear, memory.segment, low);
                cpu.memory.store16(linear + 8, memory.segment, high);
            }
            f.status = u.roundedUp ? f.status | C1 : f.status & ~C1;
            raise(cpu, f, flags);
            if (stores) {
                pop(f);
            }
        }

        private static long digits(long value, int count) {
            long packed = 0;
            long rest = value;
            for (int i = 0; i < count; i++) {
                packed |= rest % 10 << 4 * i;
                rest /= 10;
            }
            return packed;
        }
    }
}
