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
 * Whole registers to and from registers and memory: the most frequent vector instructions, so each form is a class.
 *
 * @sdm MOVAPS; MOVUPS; MOVDQA,VMOVDQA32/64; MOVDQU,VMOVDQU8/16/32/64; MOVNTDQ; LDDQU
 */
final class Moves {
    private Moves() { }

    static void define(Semantics s) {
        for (String name : new String[] {"MOVAPS", "MOVAPD", "MOVDQA", "MOVNTDQ", "MOVNTPS", "MOVNTPD", "MOVNTDQA"}) {
            s.define(name, (instruction, at) -> move(instruction, at, 16));
            s.define("V" + name, (instruction, at) -> move(instruction, at, instruction.vectorLength()));
        }
        for (String name : new String[] {"MOVUPS", "MOVUPD", "MOVDQU", "LDDQU"}) {
            s.define(name, (instruction, at) -> move(instruction, at, 1));
            s.define("V" + name, (instruction, at) -> move(instruction, at, 1));
        }
    }

    private static Operation move(Instruction instruction, Translation at, int alignment) {
        int length = instruction.vectorLength();
        if (instruction.operand(0) instanceof Operand.Memory m) {
            int from = index(instruction.operand(1));
            return length == 0 ? new Store(at.memory(m), from, alignment - 1) : new StoreVex(at.memory(m), from, alignment - 1, length);
        }
        int to = index(instruction.operand(0));
        if (instruction.operand(1) instanceof Operand.Memory m) {
            return length == 0 ? new Load(at.memory(m), to, alignment - 1) : new LoadVex(at.memory(m), to, alignment - 1, length);
        }
        int from = index(instruction.operand(1));
        return length == 0 ? new Copy(to, from) : new CopyVex(to, from, length);
    }

    /** @return index of a vector register's lowest long */
    static int index(Operand operand) {
        return FloatingState.LONGS * ((Operand.Register) operand).number();
    }

    /** Stores 16 bytes; nothing is stored if it faults. @param alignment mask of address bits that must be 0 */
    static void store(Cpu cpu, MemoryRef to, int alignment, long low, long high) {
        long linear = to.writable(cpu, 16);
        if ((linear & alignment) != 0) {
            throw cpu.protection(0);
        }
        if ((linear & 0xFFF) > 4096 - 16) {
            cpu.memory.probeWrite(linear, to.segment, 16);
        }
        cpu.memory.store64(linear, to.segment, low);
        cpu.memory.store64(linear + 8, to.segment, high);
    }

    private static final class Copy extends Operation {
        private final int to;
        private final int from;

        Copy(int to, int from) {
            this.to = to;
            this.from = from;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.sse();
            long[] v = cpu.floating.vector;
            v[to] = v[from];
            v[to + 1] = v[from + 1];
        }
    }

    private static final class Load extends Operation {
        private final MemoryRef memory;
        private final int to;
        private final int alignment;

        Load(MemoryRef memory, int to, int alignment) {
            this.memory = memory;
            this.to = to;
            this.alignment = alignment;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.sse();
            long linear = memory.readable(cpu, 16);
            if ((linear & alignment) != 0) {
                throw cpu.protection(0);
            }
            long low = cpu.memory.load64(linear, memory.segment);
            long high = cpu.memory.load64(linear + 8, memory.segment);
            long[] v = cpu.floating.vector;
            v[to] = low;
            v[to + 1] = high;
        }
    }

    private static final class Store extends Operation {
        private final MemoryRef memory;
        private final int from;
        private final int alignment;

        Store(MemoryRef memory, int from, int alignment) {
            this.memory = memory;
            this.from = from;
            this.alignment = alignment;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.sse();
            long[] v = cpu.floating.vector;
            store(cpu, memory, alignment, v[from], v[from + 1]);
        }
    }

    private static final class CopyVex extends Operation {
        private final int to;
        private final int from;
        private final boolean wide;

        CopyVex(int to, int from, int length) {
            this.to = to;
            this.from = from;
            this.wide = length == 32;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.avx();
            long[] v = cpu.floating.vector;
            v[to] = v[from];
            v[to + 1] = v[from + 1];
            v[to + 2] = wide ? v[from + 2] : 0;
            v[to + 3] = wide ? v[from + 3] : 0;
        }
    }

    private static final class LoadVex extends Operation {
        private final MemoryRef memory;
        private final int to;
        private final int alignment;
        private final int length;

        LoadVex(MemoryRef memory, int to, int alignment, int length) {
            this.memory = memory;
            this.to = to;
            this.alignment = alignment;
            this.length = length;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.avx();
            long linear = memory.readable(cpu, length);
            if ((linear & alignment) != 0) {
                throw cpu.protection(0);
            }
            int segment = memory.segment;
            long x0 = cpu.memory.load64(linear, segment);
            long x1 = cpu.memory.load64(linear + 8, segment);
            boolean wide = length == 32;
            long x2 = wide ? cpu.memory.load64(linear + 16, segment) : 0;
            long x3 = wide ? cpu.memory.load64(linear + 24, segment) : 0;
            long[] v = cpu.floating.vector;
            v[to] = x0;
            v[to + 1] = x1;
            v[to + 2] = x2;
            v[to + 3] = x3;
        }
    }

    private static final class StoreVex extends Operation {
        private final MemoryRef memory;
        private final int from;
        private final int alignment;
        private final int length;

        StoreVex(MemoryRef memory, int from, int alignment, int length) {
            this.memory = memory;
            this.from = from;
            this.alignment = alignment;
            this.length = length;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.avx();
            long[] v = cpu.floating.vector;
            if (length == 16) {
                store(cpu, memory, alignment, v[from], v[from + 1]);
                return;
            }
            long linear = memory.writable(cpu, 32);
            if ((linear & alignment) != 0) {
                throw cpu.protection(0);
            }
            if ((linear & 0xFFF) > 4096 - 32) {
                cpu.memory.probeWrite(linear, memory.segment, 32);
            }
            for (int i = 0; i < 4; i++) {
                cpu.memory.store64(linear + 8 * i, memory.segment, v[from + i]);
            }
        }
    }
}
