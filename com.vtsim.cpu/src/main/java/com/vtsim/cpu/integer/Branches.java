package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Near JMP, CALL, RET, and the branches that count. @sdm JMP—Jump; CALL—Call Procedure; RET—Return From Procedure; LOOP/LOOPcc; Jcc */
final class Branches {
    private Branches() { }

    static void define(Semantics s) {
        s.define("JMP", Branches::jump);
        s.define("CALL", Branches::call);
        s.define("RET", Branches::ret);
        s.define("LOOP", (i, at) -> loop(i, at, Long.MIN_VALUE, 0));
        s.define("LOOPE", (i, at) -> loop(i, at, 0, 0));
        s.define("LOOPNE", (i, at) -> loop(i, at, 0, 1));
        s.define("JCXZ", Branches::jumpIfZero);
        s.define("JECXZ", Branches::jumpIfZero);
        s.define("JRCXZ", Branches::jumpIfZero);
    }

    /** Ends a block and goes to where an operand says. */
    private abstract static class Indirect extends Operation {
        @Override
        public final boolean endsBlock() {
            return true;
        }
    }

    private static Operation jump(Instruction instruction, Translation at) {
        if (instruction.operand(0) instanceof Operand.Relative) {
            return new NearJump(instruction, at) {
                @Override
                public void execute(Cpu cpu) {
                    take(cpu);
                }
            };
        }
        if (instruction.operandSize() == 8) {
            return jump64(instruction, at);
        }
        Place place = Place.of(instruction, 0, at);
        return new Indirect() {
            @Override
            public void execute(Cpu cpu) {
                cpu.next = cpu.branchTarget(place.read(cpu));
            }
        };
    }

    private static Operation jump64(Instruction instruction, Translation at) {
        if (instruction.operand(0) instanceof Operand.Register register) {
            int s = register.number();
            return new Indirect() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.next = cpu.branchTarget(cpu.r[s]);
                }
            };
        }
        MemoryRef m = at.memory(instruction, 0);
        return new Indirect() {
            @Override
            public void execute(Cpu cpu) {
                cpu.next = cpu.branchTarget(m.load64(cpu));
            }
        };
    }

    private static Operation call(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        if (instruction.operand(0) instanceof Operand.Relative) {
            return size == 8 ? new Call64(instruction, at) : new NearJump(instruction, at) {
                @Override
                public void execute(Cpu cpu) {
                    call(cpu, destinationUnchecked(cpu), size);
                }
            };
        }
        Place place = Place.of(instruction, 0, at);
        return new Indirect() {
            @Override
            public void execute(Cpu cpu) {
                call(cpu, place.read(cpu), size);
            }
        };
    }

    private static final class Call64 extends NearJump {
        Call64(Instruction instruction, Translation at) {
            super(instruction, at);
        }

        @Override
        public void execute(Cpu cpu) {
            long sp = cpu.r[Cpu.RSP] - 8;
            cpu.memory.store64(sp, Cpu.SS, cpu.next);
            take(cpu);
            cpu.r[Cpu.RSP] = sp;
        }
    }

    /** The return address is stored before the target is checked, as processors do it; the stack pointer changes last. */
    private static void call(Cpu cpu, long target, int size) {
        long sp = cpu.r[Cpu.RSP] - size;
        cpu.memory.store(cpu.stackWritable(sp & cpu.stackMask, size), Cpu.SS, cpu.next, size);
        cpu.next = cpu.branchTarget(target);
        cpu.setStackPointer(sp);
    }

    private static Operation ret(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        long extra = instruction.operands().isEmpty() ? 0 : ((Operand.Immediate) instruction.operand(0)).value() & 0xFFFF;
        if (size == 8) {
            long bytes = 8 + extra;
            return new Indirect() {
                @Override
                public void execute(Cpu cpu) {
                    long sp = cpu.r[Cpu.RSP];
                    cpu.next = cpu.branchTarget(cpu.memory.load64(sp, Cpu.SS));
                    cpu.r[Cpu.RSP] = sp + bytes;
                }
            };
        }
        return new Indirect() {
            @Override
            public void execute(Cpu cpu) {
                cpu.next = cpu.branchTarget(cpu.peek(0, size));
                cpu.setStackPointer(cpu.r[Cpu.RSP] + size + extra);
            }
        };
    }

    /**
     * @param ignore all ones in its sign where ZF plays no part
     * @param unlike 0 to go on while ZF is 1, 1 to go on while ZF is 0
     */
    private static Operation loop(Instruction instruction, Translation at, long ignore, int unlike) {
        int addressSize = instruction.addressSize();
        long mask = Place.mask(addressSize);
        return new NearJump(instruction, at) {
            @Override
            public void execute(Cpu cpu) {
                long count = cpu.r[Cpu.RCX] - 1 & mask;
                boolean again = count != 0 && (ignore < 0 || cpu.zf() == (unlike == 0));
                long to = again ? destination(cpu) : cpu.next;
                Place.set(cpu, Cpu.RCX, addressSize, count);
                cpu.next = to;
            }
        };
    }

    private static Operation jumpIfZero(Instruction instruction, Translation at) {
        long mask = Place.mask(instruction.addressSize());
        return new NearJump(instruction, at) {
            @Override
            public void execute(Cpu cpu) {
                if ((cpu.r[Cpu.RCX] & mask) == 0) {
                    take(cpu);
                }
            }
        };
    }
}
