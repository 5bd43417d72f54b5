package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** LEA, MOVZX, MOVSX, MOVSXD and the conversions in the accumulator. @sdm LEA; MOVZX; MOVSX/MOVSXD; CBW/CWDE/CDQE; CWD/CDQ/CQO */
final class Extensions {
    private Extensions() { }

    static void define(Semantics s) {
        s.define("LEA", Extensions::lea);
        s.define("MOVZX", Extensions::moveZeroExtended);
        s.define("MOVSX", Extensions::moveSignExtended);
        s.define("MOVSXD", Extensions::moveSignExtended);
        s.define("CBW", (i, at) -> Action.of(cpu -> cpu.set16(Cpu.RAX, (byte) cpu.r[Cpu.RAX])));
        s.define("CWDE", (i, at) -> Action.of(cpu -> cpu.set32(Cpu.RAX, (short) cpu.r[Cpu.RAX])));
        s.define("CDQE", (i, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[Cpu.RAX] = (int) cpu.r[Cpu.RAX];
            }
        });
        s.define("CWD", (i, at) -> Action.of(cpu -> cpu.set16(Cpu.RDX, (short) cpu.r[Cpu.RAX] >> 15)));
        s.define("CDQ", (i, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[Cpu.RDX] = (int) cpu.r[Cpu.RAX] >> 31 & 0xFFFF_FFFFL;
            }
        });
        s.define("CQO", (i, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[Cpu.RDX] = cpu.r[Cpu.RAX] >> 63;
            }
        });
    }

    private static Operation lea(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        MemoryRef m = at.memory(instruction, 1);
        return switch (instruction.operandSize()) {
            case 2 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.set16(d, (int) m.offset(cpu));
                }
            };
            case 4 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = m.offset(cpu) & 0xFFFF_FFFFL;
                }
            };
            default -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = m.offset(cpu);
                }
            };
        };
    }

    private static Operation moveZeroExtended(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Operand source = instruction.operand(1);
        if (instruction.operandSize() == 2) {
            return moveTo16(instruction, at, false);
        }
        if (source instanceof Operand.Register s) {
            return s.size() == 1 ? zeroByte(d, s.number(), Place.shift(s)) : zeroWord(d, s.number());
        }
        MemoryRef m = at.memory(instruction, 1);
        if (source.size() == 1) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = m.load8(cpu);
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = m.load16(cpu);
            }
        };
    }

    private static Operation zeroByte(int d, int s, int shift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = cpu.r[s] >>> shift & 0xFF;
            }
        };
    }

    private static Operation zeroWord(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = cpu.r[s] & 0xFFFF;
            }
        };
    }

    private static Operation moveTo16(Instruction instruction, Translation at, boolean signed) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place s = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long value = s.read(cpu);
                cpu.set16(d, (int) (signed ? Place.signed(value, s.bits) : value));
            }
        };
    }

    private static Operation moveSignExtended(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Operand source = instruction.operand(1);
        if (instruction.operandSize() == 2) {
            return moveTo16(instruction, at, true);
        }
        long mask = Place.mask(instruction.operandSize());
        if (source instanceof Operand.Register s) {
            return switch (s.size()) {
                case 1 -> signByte(d, s.number(), Place.shift(s), mask);
                case 2 -> signWord(d, s.number(), mask);
                default -> signDoubleword(d, s.number(), mask);
            };
        }
        MemoryRef m = at.memory(instruction, 1);
        return switch (source.size()) {
            case 1 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (byte) m.load8(cpu) & mask;
                }
            };
            case 2 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (short) m.load16(cpu) & mask;
                }
            };
            default -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = m.load32(cpu) & mask;
                }
            };
        };
    }

    private static Operation signByte(int d, int s, int shift, long mask) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = (byte) (cpu.r[s] >>> shift) & mask;
            }
        };
    }

    private static Operation signWord(int d, int s, long mask) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = (short) cpu.r[s] & mask;
            }
        };
    }

    private static Operation signDoubleword(int d, int s, long mask) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = (int) cpu.r[s] & mask;
            }
        };
    }
}
