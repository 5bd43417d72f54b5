package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** PUSH, POP, PUSHA, POPA, ENTER, LEAVE. @sdm PUSH; POP; PUSHA/PUSHAD; POPA/POPAD; ENTER; LEAVE */
final class Stack {
    private Stack() { }

    static void define(Semantics s) {
        s.define("PUSH", Stack::push);
        s.define("POP", Stack::pop);
        s.define("PUSHA", (i, at) -> Action.of(cpu -> pushAll(cpu, 2)));
        s.define("PUSHAD", (i, at) -> Action.of(cpu -> pushAll(cpu, 4)));
        s.define("POPA", (i, at) -> Action.of(cpu -> popAll(cpu, 2)));
        s.define("POPAD", (i, at) -> Action.of(cpu -> popAll(cpu, 4)));
        s.define("ENTER", Stack::enter);
        s.define("LEAVE", Stack::leave);
    }

    private static Operation push(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        if (instruction.operand(0) instanceof Operand.Immediate immediate) {
            long value = immediate.value();
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.push(value, size);
                }
            };
        }
        if (instruction.operand(0) instanceof Operand.Register register) {
            return pushRegister(register.number(), size, at);
        }
        if (size == 8) {
            MemoryRef m = at.memory(instruction, 0);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    long value = m.load64(cpu);
                    long sp = cpu.r[Cpu.RSP] - 8;
                    cpu.memory.store64(sp, Cpu.SS, value);
                    cpu.r[Cpu.RSP] = sp;
                }
            };
        }
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.push(place.read(cpu), size);
            }
        };
    }

    private static Operation pushRegister(int s, int size, Translation at) {
        if (size == 8) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    long sp = cpu.r[Cpu.RSP] - 8;
                    cpu.memory.store64(sp, Cpu.SS, cpu.r[s]);
                    cpu.r[Cpu.RSP] = sp;
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.push(cpu.r[s], size);
            }
        };
    }

    private static Operation pop(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        if (instruction.operand(0) instanceof Operand.Register register) {
            int d = register.number();
            if (size == 8) {
                return new Operation() {
                    @Override
                    public void execute(Cpu cpu) {
                        long sp = cpu.r[Cpu.RSP];
                        long value = cpu.memory.load64(sp, Cpu.SS);
                        cpu.r[Cpu.RSP] = sp + 8;
                        cpu.r[d] = value;
                    }
                };
            }
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    Place.set(cpu, d, size, cpu.pop(size));
                }
            };
        }
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long before = cpu.r[Cpu.RSP];
                // An address with RSP as its base is computed after the increment.
                long value = cpu.pop(size);
                try {
                    place.write(cpu, value);
                } catch (GuestFault fault) {
                    cpu.r[Cpu.RSP] = before;
                    throw fault;
                }
            }
        };
    }

    private static void pushAll(Cpu cpu, int size) {
        long sp = cpu.r[Cpu.RSP];
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < 8; i++) {
                long at = cpu.stackWritable(sp - (long) size * (i + 1) & cpu.stackMask, size);
                if (pass == 0) {
                    cpu.memory.loadForWrite(at, Cpu.SS, size);
                } else {
                    cpu.memory.store(at, Cpu.SS, cpu.r[i], size);
                }
            }
        }
        cpu.setStackPointer(sp - 8L * size);
    }

    private static void popAll(Cpu cpu, int size) {
        // A fault on the way leaves what has been loaded, as processors do; the stack pointer changes last.
        for (int i = 0; i < 8; i++) {
            long value = cpu.peek((long) size * i, size);
            if (7 - i != Cpu.RSP) {
                Place.set(cpu, 7 - i, size, value);
            }
        }
        cpu.setStackPointer(cpu.r[Cpu.RSP] + 8L * size);
    }

    private static Operation enter(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        long bytes = ((Operand.Immediate) instruction.operand(0)).value() & 0xFFFF;
        int level = (int) ((Operand.Immediate) instruction.operand(1)).value() & 31;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                enter(cpu, size, bytes, level);
            }
        };
    }

    private static void enter(Cpu cpu, int size, long bytes, int level) {
        long before = cpu.r[Cpu.RSP];
        try {
            cpu.push(cpu.r[Cpu.RBP], size);
            long frame = cpu.r[Cpu.RSP];
            for (int i = 1; i < level; i++) {
                long offset = cpu.r[Cpu.RBP] - (long) size * i & cpu.stackMask;
                cpu.push(cpu.memory.load(cpu.stackReadable(offset, size), Cpu.SS, size), size);
            }
            if (level > 0) {
                cpu.push(frame, size);
            }
            // The manual has a write at the new top of the stack checked, though nothing is written there.
            long top = cpu.r[Cpu.RSP] - bytes & cpu.stackMask;
            cpu.memory.probeWrite(cpu.stackWritable(top, size), Cpu.SS, size);
            cpu.setStackPointer(top);
            Place.set(cpu, Cpu.RBP, size, frame);
        } catch (GuestFault fault) {
            cpu.r[Cpu.RSP] = before;
            throw fault;
        }
    }

    private static Operation leave(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long frame = cpu.r[Cpu.RBP];
                long value = cpu.memory.load(cpu.stackReadable(frame & cpu.stackMask, size), Cpu.SS, size);
                cpu.setStackPointer(frame + size);
                Place.set(cpu, Cpu.RBP, size, value);
            }
        };
    }
}
