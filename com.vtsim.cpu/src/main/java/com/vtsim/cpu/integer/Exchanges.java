package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Exchanges and moves with the bytes in another order. @sdm XCHG; CMPXCHG; CMPXCHG8B/CMPXCHG16B; XADD; BSWAP; MOVBE; XLAT/XLATB */
final class Exchanges {
    private Exchanges() { }

    static void define(Semantics s) {
        s.define("XCHG", Exchanges::exchange);
        s.define("XADD", Exchanges::exchangeAdd);
        s.define("CMPXCHG", Exchanges::compareExchange);
        s.define("CMPXCHG8B", Exchanges::compareExchange8);
        s.define("CMPXCHG16B", Exchanges::compareExchange16);
        s.define("BSWAP", Exchanges::swapBytes);
        s.define("MOVBE", Exchanges::moveBigEndian);
        s.define("XLAT", Exchanges::translate);
    }

    private static Operation exchange(Instruction instruction, Translation at) {
        if (instruction.repeat() == 0xF3 && instruction.form().opcode().startsWith("90")
            && ((Operand.Register) instruction.operand(0)).number() == 8) {
            // F3 90 is PAUSE for processors even where REX.B makes the operand R8.
            return Hints.nothing();
        }
        Place first = Place.of(instruction, 0, at);
        Place second = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = first.open(cpu);
                long value = first.load(cpu, linear);
                first.store(cpu, linear, second.read(cpu));
                second.write(cpu, value);
            }
        };
    }

    private static void flagsOfSum(Cpu cpu, long a, long b, int bits) {
        if (bits == 64) {
            cpu.flagsOfSum64(a, b, a + b);
        } else {
            cpu.flagsOfSum(a, b, a + b, bits);
        }
    }

    private static void flagsOfDifference(Cpu cpu, long a, long b, int bits) {
        if (bits == 64) {
            cpu.flagsOfDifference64(a, b, a - b);
        } else {
            cpu.flagsOfDifference(a, b, a - b, bits);
        }
    }

    private static Operation exchangeAdd(Instruction instruction, Translation at) {
        Place first = Place.of(instruction, 0, at);
        Place second = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = first.open(cpu);
                long a = first.load(cpu, linear);
                long b = second.read(cpu);
                // The source register is written first: where both are the same, the sum stays.
                if (first.memory != null) {
                    first.store(cpu, linear, a + b);
                    second.write(cpu, a);
                } else {
                    second.write(cpu, a);
                    first.store(cpu, linear, a + b);
                }
                flagsOfSum(cpu, a, b, first.bits);
            }
        };
    }

    private static Operation compareExchange(Instruction instruction, Translation at) {
        Place first = Place.of(instruction, 0, at);
        Place second = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = first.open(cpu);
                long value = first.load(cpu, linear);
                long accumulator = cpu.r[Cpu.RAX] & Place.mask(first.size);
                if (value == accumulator) {
                    first.store(cpu, linear, second.read(cpu));
                } else {
                    if (first.memory != null) {
                        first.store(cpu, linear, value);
                    }
                    if (first.size == 1) {
                        cpu.setByte(Cpu.RAX, 0, (int) value);
                    } else {
                        Place.set(cpu, Cpu.RAX, first.size, value);
                    }
                }
                flagsOfDifference(cpu, accumulator, value, first.bits);
            }
        };
    }

    private static void zeroFlag(Cpu cpu, boolean zero) {
        int flags = cpu.arithmeticFlags() & ~Flags.ZF;
        cpu.arithmeticFlags(zero ? flags | Flags.ZF : flags);
    }

    private static Operation compareExchange8(Instruction instruction, Translation at) {
        MemoryRef m = at.memory(instruction, 0);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long[] r = cpu.r;
                long linear = m.writable(cpu, 8);
                long value = cpu.memory.loadForWrite64(linear, m.segment);
                boolean equal = value == (r[Cpu.RAX] & 0xFFFF_FFFFL | r[Cpu.RDX] << 32);
                if (equal) {
                    cpu.memory.store64(linear, m.segment, r[Cpu.RBX] & 0xFFFF_FFFFL | r[Cpu.RCX] << 32);
                } else {
                    cpu.memory.store64(linear, m.segment, value);
                    r[Cpu.RAX] = value & 0xFFFF_FFFFL;
                    r[Cpu.RDX] = value >>> 32;
                }
                zeroFlag(cpu, equal);
            }
        };
    }

    private static Operation compareExchange16(Instruction instruction, Translation at) {
        MemoryRef m = at.memory(instruction, 0);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long[] r = cpu.r;
                long linear = m.writable(cpu, 16);
                if ((linear & 15) != 0) {
                    throw cpu.protection(0);
                }
                long low = cpu.memory.loadForWrite64(linear, m.segment);
                long high = cpu.memory.loadForWrite64(linear + 8, m.segment);
                boolean equal = low == r[Cpu.RAX] && high == r[Cpu.RDX];
                cpu.memory.store64(linear, m.segment, equal ? r[Cpu.RBX] : low);
                cpu.memory.store64(linear + 8, m.segment, equal ? r[Cpu.RCX] : high);
                if (!equal) {
                    r[Cpu.RAX] = low;
                    r[Cpu.RDX] = high;
                }
                zeroFlag(cpu, equal);
            }
        };
    }

    private static Operation swapBytes(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        return switch (instruction.operandSize()) {
            case 8 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = Long.reverseBytes(cpu.r[d]);
                }
            };
            case 4 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = Integer.reverseBytes((int) cpu.r[d]) & 0xFFFF_FFFFL;
                }
            };
            // Undefined for 16 bits; processors give 0.
            default -> Action.of(cpu -> cpu.set16(d, 0));
        };
    }

    private static Operation moveBigEndian(Instruction instruction, Translation at) {
        Place destination = Place.of(instruction, 0, at);
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                destination.write(cpu, Long.reverseBytes(source.read(cpu)) >>> 64 - source.bits);
            }
        };
    }

    private static Operation translate(Instruction instruction, Translation at) {
        int segment = instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : Cpu.DS;
        MemoryRef m = at.memory(new Operand.Memory(segment, Cpu.RBX, Operand.Memory.NONE, 1, 0, instruction.addressSize(), 1));
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.setByte(Cpu.RAX, 0, cpu.memory.load8(m.readable(cpu, 1, cpu.r[Cpu.RAX] & 0xFF), m.segment));
            }
        };
    }
}
