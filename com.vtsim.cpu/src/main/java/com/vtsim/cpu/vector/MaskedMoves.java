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
 * Loads and stores of the elements whose mask has its sign bit set, and gathers. Elements that are not selected raise no
 * fault. A gather that faults keeps the elements it has, and their masks are clear.
 *
 * @sdm VMASKMOV; VPMASKMOV; VPGATHERDD/VPGATHERQD; VPGATHERDQ/VPGATHERQQ; VGATHERDPS/VGATHERQPS; VGATHERDPD/VGATHERQPD
 */
final class MaskedMoves {
    private MaskedMoves() { }

    static void define(Semantics s) {
        s.define("VMASKMOVPS", (instruction, at) -> move(instruction, at, 4));
        s.define("VMASKMOVPD", (instruction, at) -> move(instruction, at, 8));
        s.define("VPMASKMOVD", (instruction, at) -> move(instruction, at, 4));
        s.define("VPMASKMOVQ", (instruction, at) -> move(instruction, at, 8));
        for (int index : new int[] {4, 8}) {
            String letter = index == 4 ? "D" : "Q";
            s.define("VPGATHER" + letter + "D", (instruction, at) -> gather(instruction, at, index, 4));
            s.define("VPGATHER" + letter + "Q", (instruction, at) -> gather(instruction, at, index, 8));
            s.define("VGATHER" + letter + "PS", (instruction, at) -> gather(instruction, at, index, 4));
            s.define("VGATHER" + letter + "PD", (instruction, at) -> gather(instruction, at, index, 8));
        }
    }

    private static boolean selected(long[] v, int mask, int i, int size) {
        return size == 8 ? v[mask + i] < 0 : (int) (v[mask + (i >> 1)] >>> 32 * (i & 1)) < 0;
    }

    private static void put(long[] v, int at, int i, int size, long value) {
        if (size == 8) {
            v[at + i] = value;
        } else {
            int shift = 32 * (i & 1);
            v[at + (i >> 1)] = v[at + (i >> 1)] & ~(Swar.LOW << shift) | (value & Swar.LOW) << shift;
        }
    }

    private static Operation move(Instruction instruction, Translation at, int size) {
        int count = instruction.vectorLength() / size;
        int mask = Moves.index(instruction.operand(1));
        if (instruction.operand(0) instanceof Operand.Memory m) {
            return store(at.memory(m), mask, Moves.index(instruction.operand(2)), count, size);
        }
        MemoryRef from = at.memory(instruction, 2);
        int d = Moves.index(instruction.operand(0));
        int longs = instruction.vectorLength() / 8;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.avx();
                long[] v = cpu.floating.vector;
                for (int i = 0; i < count; i++) {
                    long value = selected(v, mask, i, size)
                        ? cpu.memory.load(from.readable(cpu, size, (long) i * size), from.segment, size) : 0;
                    put(v, FloatingState.RESULT, i, size, value);
                }
                for (int i = 0; i < FloatingState.LONGS; i++) {
                    v[d + i] = i < longs ? v[FloatingState.RESULT + i] : 0;
                }
            }
        };
    }

    private static Operation store(MemoryRef to, int mask, int data, int count, int size) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.avx();
                long[] v = cpu.floating.vector;
                probe(cpu, v);
                for (int i = 0; i < count; i++) {
                    if (selected(v, mask, i, size)) {
                        long value = size == 8 ? v[data + i] : v[data + (i >> 1)] >>> 32 * (i & 1);
                        cpu.memory.store(to.writable(cpu, size, (long) i * size), to.segment, value, size);
                    }
                }
            }

            /** Of two pages silicon reports the first selected byte for the first, the last selected one for the second. */
            private void probe(Cpu cpu, long[] v) {
                int first = -1;
                int last = -1;
                for (int i = 0; i < count; i++) {
                    if (selected(v, mask, i, size)) {
                        first = first < 0 ? i : first;
                        last = i;
                    }
                }
                if (first < 0) {
                    return;
                }
                long from = to.writable(cpu, size, (long) first * size);
                long end = to.writable(cpu, size, (long) last * size) + size - 1;
                cpu.memory.probeWrite(from, to.segment, 1);
                if (((end ^ from) & -4096L) != 0) {
                    cpu.memory.probeWrite(end, to.segment, 1);
                }
            }
        };
    }

    /** @return null, for #UD, where two of the three registers are one */
    private static Operation gather(Instruction instruction, Translation at, int indexSize, int size) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int index = ((Operand.Memory) instruction.operand(1)).index();
        int mask = ((Operand.Register) instruction.operand(2)).number();
        return d == index || d == mask || index == mask ? null : new Gather(instruction, at, indexSize, size);
    }

    private static final class Gather extends Operation {
        private final MemoryRef from;
        private final int d;
        private final int mask;
        private final int index;
        private final int scale;
        private final int length;
        private final int count;
        private final int indexSize;
        private final int size;

        Gather(Instruction instruction, Translation at, int indexSize, int size) {
            Operand.Memory m = (Operand.Memory) instruction.operand(1);
            from = at.memory(new Operand.Memory(m.segment(), m.base(), Operand.Memory.NONE, 1, m.displacement(), m.addressSize(), size));
            d = Moves.index(instruction.operand(0));
            mask = Moves.index(instruction.operand(2));
            index = FloatingState.LONGS * m.index();
            scale = m.scale();
            length = instruction.vectorLength();
            count = length / Math.max(indexSize, size);
            this.indexSize = indexSize;
            this.size = size;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.avx();
            long[] v = cpu.floating.vector;
            int bytes = count * size;
            // All bits of an element's mask become its sign before anything is loaded, as the manual says.
            for (int i = 0; i < FloatingState.LONGS; i++) {
                v[mask + i] = 8 * i >= length ? 0 : size == 8 ? v[mask + i] >> 63 : Swar.spread(v[mask + i], Swar.H32, 32);
            }
            for (int i = 0; i < count; i++) {
                if (selected(v, mask, i, size)) {
                    long offset = indexSize == 8 ? v[index + i] : (int) (v[index + (i >> 1)] >>> 32 * (i & 1));
                    long value = cpu.memory.load(from.readable(cpu, size, offset * scale), from.segment, size);
                    put(v, d, i, size, value);
                    put(v, mask, i, size, 0);
                    if (length == 16) {
                        v[d + 2] = 0;
                        v[d + 3] = 0;
                    }
                }
            }
            for (int i = 0; i < FloatingState.LONGS; i++) {
                v[mask + i] = 0;
                if (8 * i >= bytes) {
                    v[d + i] = 0;
                }
            }
        }
    }
}
