package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** SETcc and CMOVcc. Between registers a class for each condition. @sdm SETcc—Set Byte on Condition; CMOVcc—Conditional Move */
final class ConditionalMoves {
    private static final String[] CONDITIONS =
        {"O", "NO", "B", "NB", "Z", "NZ", "BE", "NBE", "S", "NS", "P", "NP", "L", "NL", "LE", "NLE"};

    private ConditionalMoves() { }

    static void define(Semantics s) {
        for (int i = 0; i < CONDITIONS.length; i++) {
            s.define("SET" + CONDITIONS[i], set(i));
            s.define("CMOV" + CONDITIONS[i], move(i));
        }
    }

    private static OperationFactory set(int condition) {
        return (instruction, at) -> {
            if (instruction.operand(0) instanceof Operand.Register r) {
                return set(condition, r.number(), Place.shift(r));
            }
            MemoryRef m = at.memory(instruction, 0);
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    m.store8(cpu, cpu.condition(condition) ? 1 : 0);
                }
            };
        };
    }

    private static OperationFactory move(int condition) {
        return (instruction, at) -> {
            int size = instruction.operandSize();
            Operand.Register d = (Operand.Register) instruction.operand(0);
            if (size >= 4 && instruction.operand(1) instanceof Operand.Register s) {
                return move(condition, d.number(), s.number(), Place.mask(size));
            }
            return moveAny(condition, d.number(), instruction, at);
        };
    }

    /** The source is read, and may fault, whether or not the condition holds. */
    private static Operation moveAny(int condition, int d, Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long value = source.read(cpu);
                Place.set(cpu, d, size, cpu.condition(condition) ? value : cpu.r[d]);
            }
        };
    }

    private static Operation set(int condition, int d, int shift) {
        return switch (condition) {
            case 0 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.of() ? 1 : 0);
                }
            };
            case 1 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, !cpu.of() ? 1 : 0);
                }
            };
            case 2 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagCarry < 0 ? 1 : 0);
                }
            };
            case 3 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagCarry >= 0 ? 1 : 0);
                }
            };
            case 4 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagResult == 0 ? 1 : 0);
                }
            };
            case 5 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagResult != 0 ? 1 : 0);
                }
            };
            case 6 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagCarry < 0 || cpu.flagResult == 0 ? 1 : 0);
                }
            };
            case 7 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.flagCarry >= 0 && cpu.flagResult != 0 ? 1 : 0);
                }
            };
            case 8 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.sf() ? 1 : 0);
                }
            };
            case 9 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, !cpu.sf() ? 1 : 0);
                }
            };
            case 10 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.pf() ? 1 : 0);
                }
            };
            case 11 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, !cpu.pf() ? 1 : 0);
                }
            };
            case 12 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.less() ? 1 : 0);
                }
            };
            case 13 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, !cpu.less() ? 1 : 0);
                }
            };
            case 14 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, cpu.less() || cpu.flagResult == 0 ? 1 : 0);
                }
            };
            default -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.setByte(d, shift, !cpu.less() && cpu.flagResult != 0 ? 1 : 0);
                }
            };
        };
    }

    private static Operation move(int condition, int d, int s, long mask) {
        return switch (condition) {
            case 0 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.of() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 1 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (!cpu.of() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 2 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagCarry < 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 3 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagCarry >= 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 4 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagResult == 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 5 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagResult != 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 6 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagCarry < 0 || cpu.flagResult == 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 7 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.flagCarry >= 0 && cpu.flagResult != 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 8 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.sf() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 9 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (!cpu.sf() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 10 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.pf() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 11 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (!cpu.pf() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 12 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.less() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 13 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (!cpu.less() ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            case 14 -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (cpu.less() || cpu.flagResult == 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
            default -> new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    cpu.r[d] = (!cpu.less() && cpu.flagResult != 0 ? cpu.r[s] : cpu.r[d]) & mask;
                }
            };
        };
    }
}
