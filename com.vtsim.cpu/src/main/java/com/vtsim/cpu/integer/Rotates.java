package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/** ROL, ROR, RCL, RCR. They change CF and OF alone. @sdm RCL/RCR/ROL/ROR—Rotate */
final class Rotates {
    private Rotates() { }

    static void define(Semantics s) {
        s.define("ROL", (i, at) -> rotate(i, at, Rotates::left));
        s.define("ROR", (i, at) -> rotate(i, at, Rotates::right));
        s.define("RCL", (i, at) -> rotate(i, at, Rotates::leftThroughCarry));
        s.define("RCR", (i, at) -> rotate(i, at, Rotates::rightThroughCarry));
    }

    private static Operation rotate(Instruction instruction, Translation at, Shifts.Shift shift) {
        return Shifts.any(instruction, at, shift);
    }

    private static long left(Cpu cpu, long value, int count, int bits) {
        int n = count & bits - 1;
        long result = n == 0 ? value : (value << n | value >>> bits - n) & -1L >>> 64 - bits;
        boolean carry = (result & 1) != 0;
        cpu.carryAndOverflow(carry, carry != ((result >>> bits - 1 & 1) != 0));
        return result;
    }

    private static long right(Cpu cpu, long value, int count, int bits) {
        int n = count & bits - 1;
        long result = n == 0 ? value : (value >>> n | value << bits - n) & -1L >>> 64 - bits;
        boolean carry = (result >>> bits - 1 & 1) != 0;
        cpu.carryAndOverflow(carry, carry != ((result >>> bits - 2 & 1) != 0));
        return result;
    }

    private static long leftThroughCarry(Cpu cpu, long value, int count, int bits) {
        int n = bits < 32 ? count % (bits + 1) : count;
        long carry = cpu.cf() ? 1 : 0;
        long result = value;
        if (n != 0) {
            // Bit n-1 is the old carry; below it come the bits that left the top before the last, which is the new carry.
            result = value << n | carry << n - 1;
            if (n > 1) {
                result |= value >>> bits + 1 - n;
            }
            carry = value >>> bits - n & 1;
        }
        cpu.carryAndOverflow(carry != 0, carry != (result >>> bits - 1 & 1));
        return result;
    }

    private static long rightThroughCarry(Cpu cpu, long value, int count, int bits) {
        int n = bits < 32 ? count % (bits + 1) : count;
        long carry = cpu.cf() ? 1 : 0;
        long result = value;
        if (n != 0) {
            result = value >>> n | carry << bits - n;
            if (n > 1) {
                result |= value << bits + 1 - n;
            }
            carry = value >>> n - 1 & 1;
        }
        cpu.carryAndOverflow(carry != 0, ((result >>> bits - 1 ^ result >>> bits - 2) & 1) != 0);
        return result;
    }
}
