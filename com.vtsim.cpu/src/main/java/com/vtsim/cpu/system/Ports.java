package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Port input and output, single and repeated.
 *
 * @sdm IN—Input From Port; OUT; INS/INSB/INSW/INSD; OUTS; I/O Permission Bit Map
 */
public final class Ports {
    /** Iterations of a repeated instruction before interrupts get their chance. */
    private static final int MOST = 64;
    private static final char[] SUFFIXES = {'B', 'W', 'D'};

    private Ports() { }

    static void define(Semantics s) {
        s.define("IN", Ports::in);
        s.define("OUT", Ports::out);
        for (int i = 0; i < SUFFIXES.length; i++) {
            int size = 1 << i;
            s.define("INS" + SUFFIXES[i], (instruction, at) -> new InString(instruction, at, size));
            s.define("OUTS" + SUFFIXES[i], (instruction, at) -> new OutString(instruction, at, size));
        }
    }

    /** Raises #GP(0) unless IOPL or the I/O permission bitmap allows the access. */
    public static void check(Cpu cpu, int port, int size) {
        boolean protectedMode = (cpu.mode & Mode.PROTECTED) != 0;
        boolean v86 = (cpu.mode & Mode.V86) != 0;
        if (!protectedMode || !v86 && cpu.cpl <= (cpu.systemFlags >> 12 & 3)) {
            return;
        }
        boolean has = (cpu.segments.taskAccess & 8) != 0 && cpu.segments.taskLimit >= 103;
        if (has) {
            long at = cpu.memory.loadSystem(cpu.segments.taskBase + 102, 2) + (port >> 3);
            has = at + 1 <= cpu.segments.taskLimit
                && (cpu.memory.loadSystem(cpu.segments.taskBase + at, 2) >> (port & 7) & (1 << size) - 1) == 0;
        }
        if (!has) {
            throw cpu.protection(0);
        }
    }

    private static int read(Cpu cpu, int port, int size) {
        int value = cpu.ports == null ? -1 : cpu.ports.read(port, size);
        cpu.execution.traps.portAccess(port, size);
        return value;
    }

    private static void write(Cpu cpu, int port, int size, int value) {
        if (cpu.ports != null) {
            cpu.ports.write(port, size, value);
        }
        cpu.execution.traps.portAccess(port, size);
    }

    /** @return port number of an immediate operand, or -1 for DX */
    private static int port(Operand operand) {
        return operand instanceof Operand.Immediate immediate ? (int) immediate.value() & 0xFF : -1;
    }

    private static Operation in(Instruction instruction, Translation at) {
        int size = instruction.operand(0).size();
        int fixed = port(instruction.operand(1));
        return Effect.last(cpu -> {
            int port = fixed >= 0 ? fixed : cpu.get16(Cpu.RDX);
            check(cpu, port, size);
            int value = read(cpu, port, size);
            switch (size) {
                case 1 -> cpu.low8(Cpu.RAX, value);
                case 2 -> cpu.set16(Cpu.RAX, value);
                default -> cpu.set32(Cpu.RAX, value);
            }
        });
    }

    private static Operation out(Instruction instruction, Translation at) {
        int size = instruction.operand(1).size();
        int fixed = port(instruction.operand(0));
        return Effect.last(cpu -> {
            int port = fixed >= 0 ? fixed : cpu.get16(Cpu.RDX);
            check(cpu, port, size);
            int value = cpu.get32(Cpu.RAX);
            write(cpu, port, size, size == 4 ? value : value & (1 << 8 * size) - 1);
        });
    }

    /** INS or OUTS with or without a repeat prefix; restartable after a fault, with the registers as after the last whole iteration. */
    private abstract static class Transfer extends Operation {
        final MemoryRef memory;
        final int size;
        private final int index;
        private final int addressSize;
        private final long addressMask;
        private final boolean repeated;
        private final long start;
        private final long ipMask;

        Transfer(Instruction instruction, Translation at, int size, int index, int segment) {
            this.size = size;
            this.index = index;
            this.addressSize = instruction.addressSize();
            this.addressMask = addressSize == 8 ? -1L : addressSize == 4 ? 0xFFFF_FFFFL : 0xFFFFL;
            this.repeated = instruction.repeat() != 0;
            this.start = at.start();
            this.ipMask = at.code64() ? -1L : 0xFFFF_FFFFL;
            this.memory = at.memory(new Operand.Memory(segment, index, Operand.Memory.NONE, 1, 0, addressSize, size));
        }

        abstract void once(Cpu cpu, int port);

        @Override
        public final boolean endsBlock() {
            return true;
        }

        @Override
        public final void execute(Cpu cpu) {
            // Processors ask for permission even where the count is 0.
            check(cpu, cpu.get16(Cpu.RDX), size);
            int rest = !repeated || (cpu.systemFlags & Flags.TF) != 0 ? 1 : MOST;
            while (!repeated || (cpu.r[Cpu.RCX] & addressMask) != 0) {
                if (rest-- == 0) {
                    cpu.next = cpu.r[Cpu.RIP] + start & ipMask;
                    // What interrupts now saves RF as 1: the instruction goes on without its breakpoint.
                    cpu.rflags(Flags.RF, Flags.RF);
                    return;
                }
                int port = cpu.get16(Cpu.RDX);
                check(cpu, port, size);
                once(cpu, port);
                add(cpu, index, (cpu.systemFlags & Flags.DF) == 0 ? size : -size);
                if (!repeated) {
                    return;
                }
                add(cpu, Cpu.RCX, -1);
            }
        }

        private void add(Cpu cpu, int register, int bytes) {
            long sum = cpu.r[register] + bytes & addressMask;
            cpu.r[register] = addressSize == 2 ? cpu.r[register] & ~0xFFFFL | sum : sum;
        }
    }

    private static final class InString extends Transfer {
        InString(Instruction instruction, Translation at, int size) {
            super(instruction, at, size, Cpu.RDI, Cpu.ES);
        }

        @Override
        void once(Cpu cpu, int port) {
            // The fault of the write comes before the port is read: reading has side effects.
            long to = memory.writable(cpu, size);
            if (cpu.memory.run(to, Cpu.ES, true) < size) {
                cpu.memory.probeWrite(to, Cpu.ES, size);
            }
            cpu.memory.store(to, Cpu.ES, read(cpu, port, size), size);
        }
    }

    private static final class OutString extends Transfer {
        OutString(Instruction instruction, Translation at, int size) {
            super(instruction, at, size, Cpu.RSI, instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS);
        }

        @Override
        void once(Cpu cpu, int port) {
            write(cpu, port, size, (int) cpu.memory.load(memory.readable(cpu, size), memory.segment, size));
        }
    }
}
