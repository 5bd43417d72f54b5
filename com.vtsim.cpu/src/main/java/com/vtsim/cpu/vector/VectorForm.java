package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * The operands of a vector instruction, legacy or VEX: destination, first source (the destination itself in legacy
 * forms), second source.
 */
final class VectorForm {
    /** Whether it is VEX-encoded: bits above the destination become 0. */
    final boolean vex;
    /** Index of the destination's lowest long. */
    final int d;
    /** Index of the first source's lowest long. */
    final int a;
    /** The second source. */
    final Source b;
    /** Longs of the destination. */
    final int longs;
    /** The immediate, or 0. */
    final int immediate;
    /** Whether bits 255:128 of the destination are cleared. */
    final boolean clears;

    private VectorForm(Instruction instruction, Translation at, boolean unaligned) {
        vex = instruction.vectorLength() != 0;
        int count = instruction.operands().size();
        boolean hasImmediate = instruction.operand(count - 1) instanceof Operand.Immediate;
        immediate = hasImmediate ? (int) ((Operand.Immediate) instruction.operand(count - 1)).value() & 0xFF : 0;
        count -= hasImmediate ? 1 : 0;
        if (count > 1 && !vex && instruction.form().operands().contains(",XMM0")) {
            count--;
        } else if (count == 4) {
            count = 3;
        }
        Operand.Register destination = (Operand.Register) instruction.operand(0);
        d = FloatingState.LONGS * destination.number();
        Operand last = instruction.operand(count - 1);
        a = count == 3 ? FloatingState.LONGS * ((Operand.Register) instruction.operand(1)).number() : d;
        b = Source.of(last, at, !vex && !unaligned && last.size() == 16 ? 16 : 1);
        longs = destination.size() / 8;
        clears = vex && longs == 2;
    }

    static VectorForm of(Instruction instruction, Translation at) {
        return new VectorForm(instruction, at, false);
    }

    /** @return the form of an instruction whose memory operand need not be aligned in any encoding */
    static VectorForm unaligned(Instruction instruction, Translation at) {
        return new VectorForm(instruction, at, true);
    }

    /** Throws what silicon does where vector instructions may not be executed. */
    void check(Cpu cpu) {
        if (vex) {
            cpu.floating.avx();
        } else {
            cpu.floating.sse();
        }
    }

    /** Clears what a VEX instruction clears above its destination. */
    void finish(long[] v) {
        if (clears) {
            v[d + 2] = 0;
            v[d + 3] = 0;
        }
    }

    /** @return an operation that applies a kernel */
    Operation operation(Kernel kernel) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu);
                long[] v = cpu.floating.vector;
                kernel.on(v, d, a, b.at(cpu), longs);
                finish(v);
            }
        };
    }

    /** @return a factory of operations that apply a kernel */
    static OperationFactory factory(Kernel kernel) {
        return (instruction, at) -> of(instruction, at).operation(kernel);
    }

    /** What makes a kernel of an immediate. */
    @FunctionalInterface
    interface ByImmediate {
        /** @param immediate 0–255 */
        Kernel of(int immediate);
    }

    /** @return a factory of operations that apply a kernel made for the immediate */
    static OperationFactory byImmediate(ByImmediate kernels) {
        return (instruction, at) -> {
            VectorForm form = of(instruction, at);
            return form.operation(kernels.of(form.immediate));
        };
    }
}
