package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * MOVS, CMPS, STOS, LODS, SCAS with their repeat prefixes. A fault leaves the registers as after the last whole iteration,
 * so that the instruction can be restarted; a long repetition gives way to interrupts now and then by leaving itself as
 * the next instruction.
 *
 * @sdm MOVS; CMPS; STOS; LODS; SCAS; REP/REPE/REPZ/REPNE/REPNZ—Repeat String Operation Prefix
 */
final class Strings {
    /** Iterations in one execution. */
    static final int MOST = 4096;

    private static final char[] SUFFIXES = {'B', 'W', 'D', 'Q'};

    private Strings() { }

    static void define(Semantics s) {
        for (int i = 0; i < SUFFIXES.length; i++) {
            int size = 1 << i;
            s.define("MOVS" + SUFFIXES[i], repeatable(size, Move::new));
            s.define("STOS" + SUFFIXES[i], repeatable(size, Store::new));
            s.define("LODS" + SUFFIXES[i], repeatable(size, Load::new));
            s.define("CMPS" + SUFFIXES[i], repeatable(size, Compare::new));
            s.define("SCAS" + SUFFIXES[i], repeatable(size, Scan::new));
        }
    }

    private interface StepFactory {
        Step create(Instruction instruction, Translation at, int size);
    }

    private static OperationFactory repeatable(int size, StepFactory steps) {
        return (instruction, at) -> {
            if (instruction.operands().size() > 0) {
                return null;
            }
            Step step = steps.create(instruction, at, size);
            return instruction.repeat() == 0 ? step : new Repeated(step, instruction, at);
        };
    }

    /** One iteration. */
    abstract static class Step extends Operation {
        final MemoryRef source;
        final MemoryRef destination;
        final int size;
        final int addressSize;
        final long addressMask;

        Step(Instruction instruction, Translation at, int size) {
            this.size = size;
            this.addressSize = instruction.addressSize();
            this.addressMask = Place.mask(addressSize);
            int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
            this.source = at.memory(new Operand.Memory(segment, Cpu.RSI, Operand.Memory.NONE, 1, 0, addressSize, size));
            this.destination = at.memory(new Operand.Memory(Cpu.ES, Cpu.RDI, Operand.Memory.NONE, 1, 0, addressSize, size));
        }

        /** Moves an index register on by a number of elements in the direction of DF. */
        final void advance(Cpu cpu, int register, long elements) {
            long bytes = (cpu.systemFlags & Flags.DF) == 0 ? elements * size : -elements * size;
            Place.set(cpu, register, addressSize, cpu.r[register] + bytes);
        }

        final long loadSource(Cpu cpu) {
            return cpu.memory.load(source.readable(cpu, size), source.segment, size);
        }

        final long loadDestination(Cpu cpu) {
            return cpu.memory.load(destination.readable(cpu, size), Cpu.ES, size);
        }

        /**
         * Many iterations at once, if they can be had without a fault.
         *
         * @param most at least 1
         * @return how many iterations were done, counter not changed; 0 to go on one by one
         */
        long bulk(Cpu cpu, long most) {
            return 0;
        }

        /** @return whether it has bulk iterations: MOVS, STOS */
        boolean fast() {
            return false;
        }

        /** @return whether ZF ends the repetition: CMPS, SCAS */
        boolean conditional() {
            return false;
        }

        final void flagsOfDifference(Cpu cpu, long a, long b) {
            if (size == 8) {
                cpu.flagsOfDifference64(a, b, a - b);
            } else {
                cpu.flagsOfDifference(a, b, a - b, size * 8);
            }
        }
    }

    /** With a repeat prefix. */
    private static final class Repeated extends Operation {
        private final Step step;
        private final long start;
        private final long ipMask;
        private final boolean whileZero;

        Repeated(Step step, Instruction instruction, Translation at) {
            this.step = step;
            this.start = at.start();
            this.ipMask = at.code64() ? -1L : 0xFFFF_FFFFL;
            this.whileZero = instruction.repeat() == 0xF3;
        }

        @Override
        public boolean endsBlock() {
            return true;
        }

        @Override
        public void execute(Cpu cpu) {
            if (step.addressSize == 4) {
                truncate(cpu);
            }
            // With single steps a trap comes after each iteration.
            boolean single = (cpu.systemFlags & Flags.TF) != 0;
            if (!step.conditional() || single) {
                repeat(cpu, single ? 1 : MOST);
                return;
            }
            long result = cpu.flagResult;
            long carry = cpu.flagCarry;
            long aux = cpu.flagAux;
            boolean done = false;
            try {
                done = repeat(cpu, MOST);
            } finally {
                if (!done) {
                    // Flags change when all is done; on the way, and where it faults, they are as before.
                    cpu.flagResult = result;
                    cpu.flagCarry = carry;
                    cpu.flagAux = aux;
                }
            }
        }

        /** In 64-bit code 32-bit counts and moving pointers lose their high halves even where nothing is done, as on processors. */
        private void truncate(Cpu cpu) {
            cpu.r[Cpu.RCX] &= 0xFFFF_FFFFL;
            if (step.fast()) {
                cpu.r[Cpu.RDI] &= 0xFFFF_FFFFL;
                if (step instanceof Move) {
                    cpu.r[Cpu.RSI] &= 0xFFFF_FFFFL;
                }
            }
        }

        /** @return whether the repetition has come to its end */
        private boolean repeat(Cpu cpu, long most) {
            long rest = most;
            while (true) {
                long count = cpu.r[Cpu.RCX] & step.addressMask;
                if (count == 0) {
                    return true;
                }
                if (rest == 0) {
                    cpu.next = cpu.r[Cpu.RIP] + start & ipMask;
                    cpu.execution.partly();
                    // What interrupts now saves RF as 1: the instruction goes on without its breakpoint.
                    cpu.rflags(Flags.RF, Flags.RF);
                    return false;
                }
                long done = step.bulk(cpu, Long.compareUnsigned(count, rest) < 0 ? count : rest);
                if (done == 0) {
                    step.execute(cpu);
                    done = 1;
                }
                rest -= done;
                Place.set(cpu, Cpu.RCX, step.addressSize, count - done);
                if (step.conditional() && cpu.zf() != whileZero) {
                    return true;
                }
            }
        }
    }

    private static final class Move extends Step {
        Move(Instruction instruction, Translation at, int size) {
            super(instruction, at, size);
        }

        @Override
        public void execute(Cpu cpu) {
            long value = loadSource(cpu);
            cpu.memory.store(destination.writable(cpu, size), Cpu.ES, value, size);
            advance(cpu, Cpu.RSI, 1);
            advance(cpu, Cpu.RDI, 1);
        }

        @Override
        boolean fast() {
            return true;
        }

        @Override
        long bulk(Cpu cpu, long most) {
            long elements = StringRuns.copy(cpu, this, most);
            if (elements > 0) {
                advance(cpu, Cpu.RSI, elements);
                advance(cpu, Cpu.RDI, elements);
            }
            return elements;
        }
    }

    private static final class Store extends Step {
        Store(Instruction instruction, Translation at, int size) {
            super(instruction, at, size);
        }

        @Override
        public void execute(Cpu cpu) {
            cpu.memory.store(destination.writable(cpu, size), Cpu.ES, cpu.r[Cpu.RAX], size);
            advance(cpu, Cpu.RDI, 1);
        }

        @Override
        boolean fast() {
            return true;
        }

        @Override
        long bulk(Cpu cpu, long most) {
            long elements = StringRuns.fill(cpu, this, most);
            if (elements > 0) {
                advance(cpu, Cpu.RDI, elements);
            }
            return elements;
        }
    }

    private static final class Load extends Step {
        Load(Instruction instruction, Translation at, int size) {
            super(instruction, at, size);
        }

        @Override
        public void execute(Cpu cpu) {
            long value = loadSource(cpu);
            if (size == 1) {
                cpu.setByte(Cpu.RAX, 0, (int) value);
            } else {
                Place.set(cpu, Cpu.RAX, size, value);
            }
            advance(cpu, Cpu.RSI, 1);
        }
    }

    private static final class Compare extends Step {
        Compare(Instruction instruction, Translation at, int size) {
            super(instruction, at, size);
        }

        @Override
        boolean conditional() {
            return true;
        }

        @Override
        public void execute(Cpu cpu) {
            long b = loadDestination(cpu);
            long a = loadSource(cpu);
            advance(cpu, Cpu.RSI, 1);
            advance(cpu, Cpu.RDI, 1);
            flagsOfDifference(cpu, a, b);
        }
    }

    private static final class Scan extends Step {
        Scan(Instruction instruction, Translation at, int size) {
            super(instruction, at, size);
        }

        @Override
        boolean conditional() {
            return true;
        }

        @Override
        public void execute(Cpu cpu) {
            long a = cpu.r[Cpu.RAX] & Place.mask(size);
            long b = loadDestination(cpu);
            advance(cpu, Cpu.RDI, 1);
            flagsOfDifference(cpu, a, b);
        }
    }
}
