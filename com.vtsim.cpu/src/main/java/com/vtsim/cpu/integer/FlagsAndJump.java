package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.List;

/** CMP, TEST, INC or DEC on registers and the conditional jump behind it as one operation: the end of most blocks. */
abstract class FlagsAndJump extends NearJump {
    private static final List<String> JUMPS = List.of("JO", "JNO", "JB", "JNB", "JZ", "JNZ", "JBE", "JNBE",
        "JS", "JNS", "JP", "JNP", "JL", "JNL", "JLE", "JNLE");
    private final int condition;

    private FlagsAndJump(Instruction jump, Translation at) {
        super(jump, at);
        condition = JUMPS.indexOf(jump.mnemonic());
    }

    final void jump(Cpu cpu) {
        if (cpu.condition(condition)) {
            cpu.execution.secondOfPair();
            take(cpu);
        }
    }

    /** @return the operation, or null if these two stay apart */
    static Operation of(Instruction first, Instruction jump, Translation at) {
        if (!JUMPS.contains(jump.mnemonic()) || !(first.operands().size() > 0 && first.operand(0) instanceof Operand.Register d)) {
            return null;
        }
        if (d.file() != Operand.RegisterFile.GENERAL || d.highByte()) {
            return null;
        }
        if (first.operands().size() == 1) {
            return switch (first.mnemonic()) {
                case "DEC" -> d.size() == 4 ? decrement32(d.number(), jump, at) : d.size() == 8 ? decrement64(d.number(), jump, at) : null;
                case "INC" -> d.size() == 4 ? increment32(d.number(), jump, at) : d.size() == 8 ? increment64(d.number(), jump, at) : null;
                default -> null;
            };
        }
        boolean compare = first.mnemonic().equals("CMP");
        if (!compare && !first.mnemonic().equals("TEST")) {
            return null;
        }
        if (first.operand(1) instanceof Operand.Register s && s.file() == Operand.RegisterFile.GENERAL && !s.highByte()) {
            return compare ? compare(d.size(), d.number(), s.number(), jump, at) : test(d.size(), d.number(), s.number(), jump, at);
        }
        if (first.operand(1) instanceof Operand.Immediate i) {
            return compare ? compareImmediate(d.size(), d.number(), i.value(), jump, at) : testImmediate(d.size(), d.number(), i.value(), jump, at);
        }
        return null;
    }

    private static Operation compare(int size, int a, int b, Instruction jump, Translation at) {
        return switch (size) {
            case 4 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    long x = cpu.r[a] & 0xFFFF_FFFFL;
                    long y = cpu.r[b] & 0xFFFF_FFFFL;
                    cpu.flagsOfDifference(x, y, x - y, 32);
                    jump(cpu);
                }
            };
            case 8 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    long x = cpu.r[a];
                    long y = cpu.r[b];
                    cpu.flagsOfDifference64(x, y, x - y);
                    jump(cpu);
                }
            };
            default -> null;
        };
    }

    private static Operation compareImmediate(int size, int a, long immediate, Instruction jump, Translation at) {
        return switch (size) {
            case 1 -> new FlagsAndJump(jump, at) {
                private final long y = immediate & 0xFF;

                @Override
                public void execute(Cpu cpu) {
                    long x = cpu.r[a] & 0xFF;
                    cpu.flagsOfDifference(x, y, x - y, 8);
                    jump(cpu);
                }
            };
            case 4 -> new FlagsAndJump(jump, at) {
                private final long y = immediate & 0xFFFF_FFFFL;

                @Override
                public void execute(Cpu cpu) {
                    long x = cpu.r[a] & 0xFFFF_FFFFL;
                    cpu.flagsOfDifference(x, y, x - y, 32);
                    jump(cpu);
                }
            };
            case 8 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    long x = cpu.r[a];
                    cpu.flagsOfDifference64(x, immediate, x - immediate);
                    jump(cpu);
                }
            };
            default -> null;
        };
    }

    private static Operation test(int size, int a, int b, Instruction jump, Translation at) {
        return switch (size) {
            case 1 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    cpu.flagsOfLogic((byte) (cpu.r[a] & cpu.r[b]));
                    jump(cpu);
                }
            };
            case 4 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    cpu.flagsOfLogic((int) (cpu.r[a] & cpu.r[b]));
                    jump(cpu);
                }
            };
            case 8 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    cpu.flagsOfLogic(cpu.r[a] & cpu.r[b]);
                    jump(cpu);
                }
            };
            default -> null;
        };
    }

    private static Operation testImmediate(int size, int a, long immediate, Instruction jump, Translation at) {
        return switch (size) {
            case 1 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    cpu.flagsOfLogic((byte) (cpu.r[a] & immediate));
                    jump(cpu);
                }
            };
            case 4 -> new FlagsAndJump(jump, at) {
                @Override
                public void execute(Cpu cpu) {
                    cpu.flagsOfLogic((int) (cpu.r[a] & immediate));
                    jump(cpu);
                }
            };
            default -> null;
        };
    }

    private static Operation increment32(int d, Instruction jump, Translation at) {
        return new FlagsAndJump(jump, at) {
            @Override
            public void execute(Cpu cpu) {
                int before = (int) cpu.r[d];
                int result = before + 1;
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.flagsOfIncrement(before, result);
                jump(cpu);
            }
        };
    }

    private static Operation increment64(int d, Instruction jump, Translation at) {
        return new FlagsAndJump(jump, at) {
            @Override
            public void execute(Cpu cpu) {
                long before = cpu.r[d];
                long result = before + 1;
                cpu.r[d] = result;
                cpu.flagsOfIncrement(before, result);
                jump(cpu);
            }
        };
    }

    private static Operation decrement32(int d, Instruction jump, Translation at) {
        return new FlagsAndJump(jump, at) {
            @Override
            public void execute(Cpu cpu) {
                int before = (int) cpu.r[d];
                int result = before - 1;
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.flagsOfDecrement(before, result);
                jump(cpu);
            }
        };
    }

    private static Operation decrement64(int d, Instruction jump, Translation at) {
        return new FlagsAndJump(jump, at) {
            @Override
            public void execute(Cpu cpu) {
                long before = cpu.r[d];
                long result = before - 1;
                cpu.r[d] = result;
                cpu.flagsOfDecrement(before, result);
                jump(cpu);
            }
        };
    }
}
