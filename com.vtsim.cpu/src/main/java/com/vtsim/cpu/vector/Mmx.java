package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Instructions on MMX registers, and the transition to MMX state they make. @sdm Effect of MMX Instructions on x87 FPU State */
final class Mmx {
    private static final int EXPONENT = 0xFFFF;

    private Mmx() { }

    /** Throws what silicon does where MMX instructions may not be executed, a pending x87 exception included. */
    static void check(Cpu cpu) {
        cpu.floating.mmx();
        cpu.floating.awaitExceptions();
    }

    /** Every MMX instruction but EMMS: all registers valid, TOP 0. */
    static void enter(FloatingState f) {
        f.top = 0;
        f.valid = 0xFF;
    }

    /** Sets a register. */
    static void set(FloatingState f, int register, long value) {
        f.significand[register] = value;
        f.exponent[register] = EXPONENT;
    }

    /** @return whether the first operand is an MMX register */
    static boolean isMmx(Instruction instruction) {
        return register(instruction.operand(0)) >= 0;
    }

    /** @return number of an MMX register, or -1 */
    static int register(Operand operand) {
        return operand instanceof Operand.Register r && r.file() == Operand.RegisterFile.MMX ? r.number() : -1;
    }

    /** A source of 8 bytes or less in an MMX register or memory. */
    static final class Place {
        private final MemoryRef memory;
        private final int number;
        private final int size;

        Place(Operand operand, Translation at) {
            memory = operand instanceof Operand.Memory m ? at.memory(m) : null;
            number = register(operand);
            size = operand.size();
        }

        boolean inMemory() {
            return memory != null;
        }

        long read(Cpu cpu) {
            return memory != null ? cpu.memory.load(memory.readable(cpu, size), memory.segment, size) : cpu.floating.significand[number];
        }
    }

    /** @return an operation that computes an MMX register from itself and a second source (the last but an immediate) */
    static Operation operation(Instruction instruction, Translation at, Kernel.Lanes f) {
        int d = register(instruction.operand(0));
        int count = instruction.operands().size();
        int last = instruction.operand(count - 1) instanceof Operand.Immediate ? count - 2 : count - 1;
        Place source = new Place(instruction.operand(last), at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu);
                long b = source.read(cpu);
                FloatingState state = cpu.floating;
                enter(state);
                set(state, d, f.of(state.significand[d], b));
            }
        };
    }

    /** @return a factory for a mnemonic with MMX and vector forms */
    static OperationFactory orVector(Kernel.Lanes mmx, Kernel vector) {
        return (instruction, at) -> isMmx(instruction) ? operation(instruction, at, mmx) : VectorForm.of(instruction, at).operation(vector);
    }
}
