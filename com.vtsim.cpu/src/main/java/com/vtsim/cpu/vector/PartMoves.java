package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * Moves of parts of registers: scalars, halves, to and from general and MMX registers.
 *
 * @sdm MOVD/MOVQ; MOVSS; MOVSD; MOVLPS; MOVHPS; MOVHLPS; MOVLHPS; MOVQ2DQ; MOVDQ2Q
 */
final class PartMoves {
    private static final long LOW = 0xFFFF_FFFFL;

    private PartMoves() { }

    static void define(Semantics s) {
        for (String name : new String[] {"MOVD", "MOVQ", "MOVNTQ"}) {
            s.define(name, PartMoves::whole);
        }
        s.define("VMOVD", PartMoves::whole);
        s.define("VMOVQ", PartMoves::whole);
        s.define("MOVQ2DQ", PartMoves::whole);
        s.define("MOVDQ2Q", PartMoves::whole);
        s.define("MOVSS", PartMoves::scalar);
        s.define("MOVSD", "Vdq,Wq", PartMoves::scalar);
        s.define("MOVSD", "Wq,Vdq", PartMoves::scalar);
        s.define("VMOVSS", PartMoves::scalar);
        s.define("VMOVSD", PartMoves::scalar);
        for (String type : new String[] {"PS", "PD"}) {
            half(s, "MOVL" + type, 0);
            half(s, "MOVH" + type, 1);
        }
        Kernel highToLow = (v, d, a, b, n) -> {
            long low = v[b + 1];
            v[d + 1] = v[a + 1];
            v[d] = low;
        };
        Kernel lowToHigh = (v, d, a, b, n) -> {
            long high = v[b];
            v[d] = v[a];
            v[d + 1] = high;
        };
        s.define("MOVHLPS", VectorForm.factory(highToLow));
        s.define("VMOVHLPS", VectorForm.factory(highToLow));
        s.define("MOVLHPS", VectorForm.factory(lowToHigh));
        s.define("VMOVLHPS", VectorForm.factory(lowToHigh));
    }

    /** A datum that fills its destination, zero-extended. */
    private static Operation whole(Instruction instruction, Translation at) {
        Datum to = Datum.of(instruction.operand(0), at);
        Datum from = Datum.of(instruction.operand(1), at);
        if (to.inMmx() || from.inMmx()) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    Mmx.check(cpu);
                    long value = from.read(cpu);
                    // TOP also if the store faults, as on silicon.
                    cpu.floating.top = 0;
                    to.write(cpu, value);
                    Mmx.enter(cpu.floating);
                }
            };
        }
        return instruction.vectorLength() == 0 ? new Whole(to, from) : new WholeVex(to, from);
    }

    private static final class Whole extends Operation {
        private final Datum to;
        private final Datum from;

        Whole(Datum to, Datum from) {
            this.to = to;
            this.from = from;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.sse();
            to.write(cpu, from.read(cpu));
        }
    }

    private static final class WholeVex extends Operation {
        private final Datum to;
        private final Datum from;

        WholeVex(Datum to, Datum from) {
            this.to = to;
            this.from = from;
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.floating.avx();
            to.writeVex(cpu, from.read(cpu));
        }
    }

    /** From memory zero-extended, to memory alone, between registers merged into the first source. */
    private static Operation scalar(Instruction instruction, Translation at) {
        Datum to = Datum.of(instruction.operand(0), at);
        int count = instruction.operands().size();
        Datum from = Datum.of(instruction.operand(count - 1), at);
        boolean vex = instruction.vectorLength() != 0;
        if (to.inMemory() || from.inMemory()) {
            return vex ? new WholeVex(to, from) : new Whole(to, from);
        }
        int d = Moves.index(instruction.operand(0));
        int a = count == 3 ? Moves.index(instruction.operand(1)) : d;
        int b = Moves.index(instruction.operand(count - 1));
        boolean single = instruction.mnemonic().endsWith("SS");
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                if (vex) {
                    cpu.floating.avx();
                } else {
                    cpu.floating.sse();
                }
                long[] v = cpu.floating.vector;
                long low = single ? v[a] & ~LOW | v[b] & LOW : v[b];
                v[d + 1] = v[a + 1];
                v[d] = low;
                if (vex) {
                    v[d + 2] = 0;
                    v[d + 3] = 0;
                }
            }
        };
    }

    private static void half(Semantics s, String name, int half) {
        OperationFactory factory = (instruction, at) -> {
            boolean vex = instruction.vectorLength() != 0;
            Datum to = Datum.of(instruction.operand(0), at);
            int count = instruction.operands().size();
            if (to.inMemory()) {
                int from = Moves.index(instruction.operand(1)) + half;
                return new Operation() {
                    @Override
                    public void execute(Cpu cpu) {
                        if (vex) {
                            cpu.floating.avx();
                        } else {
                            cpu.floating.sse();
                        }
                        to.write(cpu, cpu.floating.vector[from]);
                    }
                };
            }
            Datum from = Datum.of(instruction.operand(count - 1), at);
            int d = Moves.index(instruction.operand(0));
            int a = count == 3 ? Moves.index(instruction.operand(1)) : d;
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    if (vex) {
                        cpu.floating.avx();
                    } else {
                        cpu.floating.sse();
                    }
                    long value = from.read(cpu);
                    long[] v = cpu.floating.vector;
                    v[d + 1 - half] = v[a + 1 - half];
                    v[d + half] = value;
                    if (vex) {
                        v[d + 2] = 0;
                        v[d + 3] = 0;
                    }
                }
            };
        };
        s.define(name, factory);
        s.define("V" + name, factory);
    }
}
