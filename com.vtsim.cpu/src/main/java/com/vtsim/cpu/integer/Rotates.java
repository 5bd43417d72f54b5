package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** ROL, ROR, RCL, RCR. They change CF and OF alone, OF by CL as for the first bit whatever the count. @sdm RCL/RCR/ROL/ROR—Rotate */
final class Rotates {
    private Rotates() { }

    static void define(Semantics s) {
        s.define("ROL", (i, at) -> wide(i) ? leftWide(i) : Shifts.any(i, at, byConstant(i) ? Rotates::leftByConstant : Rotates::left));
        s.define("ROR", (i, at) -> wide(i) ? rightWide(i) : Shifts.any(i, at, byConstant(i) ? Rotates::rightByConstant : Rotates::right));
        s.define("RCL", (i, at) -> Shifts.any(i, at, Rotates::leftThroughCarry));
        s.define("RCR", (i, at) -> Shifts.any(i, at, Rotates::rightThroughCarry));
    }

    private static boolean byConstant(Instruction instruction) {
        return instruction.operand(0) instanceof Operand.Register && instruction.operand(1) instanceof Operand.Immediate;
    }

    /** @return whether a register of 32 or 64 bits is rotated by a constant that leaves OF */
    private static boolean wide(Instruction instruction) {
        return byConstant(instruction) && instruction.operand(0).size() >= 4 && count(instruction) > 1;
    }

    private static int count(Instruction instruction) {
        int mask = instruction.operand(0).size() == 8 ? 63 : 31;
        return (int) ((Operand.Immediate) instruction.operand(1)).value() & mask;
    }

    private static Operation leftWide(Instruction instruction) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int count = count(instruction);
        if (instruction.operandSize() == 8) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    long result = Long.rotateLeft(cpu.r[d], count);
                    cpu.r[d] = result;
                    cpu.cf((result & 1) != 0);
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int result = Integer.rotateLeft((int) cpu.r[d], count);
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.cf((result & 1) != 0);
            }
        };
    }

    private static Operation rightWide(Instruction instruction) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int count = count(instruction);
        if (instruction.operandSize() == 8) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    long result = Long.rotateRight(cpu.r[d], count);
                    cpu.r[d] = result;
                    cpu.cf(result < 0);
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int result = Integer.rotateRight((int) cpu.r[d], count);
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.cf(result < 0);
            }
        };
    }

    /** Of a register by a constant, other counts than 1 leave OF. */
    private static long leftByConstant(Cpu cpu, long value, int count, int bits) {
        boolean before = cpu.of();
        long result = left(cpu, value, count, bits);
        if (count != 1) {
            cpu.of(before);
        }
        return result;
    }

    private static long rightByConstant(Cpu cpu, long value, int count, int bits) {
        boolean before = cpu.of();
        long result = right(cpu, value, count, bits);
        if (count != 1) {
            cpu.of(before);
        }
        return result;
    }

    private static long left(Cpu cpu, long value, int count, int bits) {
        int n = count & bits - 1;
        long result = n == 0 ? value : (value << n | value >>> bits - n) & -1L >>> 64 - bits;
        boolean carry = (result & 1) != 0;
        cpu.carryAndOverflow(carry, Shifts.signChanges(value, bits));
        return result;
    }

    private static long right(Cpu cpu, long value, int count, int bits) {
        int n = count & bits - 1;
        long result = n == 0 ? value : (value >>> n | value << bits - n) & -1L >>> 64 - bits;
        boolean carry = (result >>> bits - 1 & 1) != 0;
        cpu.carryAndOverflow(carry, ((value >>> bits - 1 ^ value) & 1) != 0);
        return result;
    }

    private static long leftThroughCarry(Cpu cpu, long value, int count, int bits) {
        int n = bits < 32 ? count % (bits + 1) : count;
        if (n == 0) {
            return value;
        }
        long carry = cpu.cf() ? 1 : 0;
        // Bit n-1 is the old carry; below it come the bits that left the top before the last, which is the new carry.
        long result = value << n | carry << n - 1;
        if (n > 1) {
            result |= value >>> bits + 1 - n;
        }
        carry = value >>> bits - n & 1;
        cpu.carryAndOverflow(carry != 0, Shifts.signChanges(value, bits));
        return result;
    }

    private static long rightThroughCarry(Cpu cpu, long value, int count, int bits) {
        int n = bits < 32 ? count % (bits + 1) : count;
        if (n == 0) {
            return value;
        }
        long carry = cpu.cf() ? 1 : 0;
        boolean overflow = ((value >>> bits - 1 ^ carry) & 1) != 0;
        long result = value >>> n | carry << bits - n;
        if (n > 1) {
            result |= value << bits + 1 - n;
        }
        carry = value >>> n - 1 & 1;
        cpu.carryAndOverflow(carry != 0, overflow);
        return result;
    }
}
