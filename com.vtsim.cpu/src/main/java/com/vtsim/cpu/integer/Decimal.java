package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Decimal adjustment. @sdm AAA; AAS; AAM; AAD; DAA; DAS */
final class Decimal {
    private Decimal() { }

    static void define(Semantics s) {
        s.define("AAA", (i, at) -> Action.of(cpu -> unpacked(cpu, 0x106)));
        s.define("AAS", (i, at) -> Action.of(cpu -> unpacked(cpu, -0x106)));
        s.define("DAA", (i, at) -> Action.of(cpu -> packed(cpu, 1)));
        s.define("DAS", (i, at) -> Action.of(cpu -> packed(cpu, -1)));
        s.define("AAM", Decimal::afterMultiply);
        s.define("AAD", Decimal::beforeDivide);
    }

    private static void unpacked(Cpu cpu, int correction) {
        int ax = cpu.get16(Cpu.RAX);
        boolean adjust = (ax & 0xF) > 9 || cpu.af();
        int result = (adjust ? ax + correction : ax) & 0xFF0F;
        cpu.set16(Cpu.RAX, result);
        setFlags(cpu, result, adjust, adjust);
    }

    private static void packed(Cpu cpu, int direction) {
        int al = cpu.byteOf(Cpu.RAX, 0);
        boolean low = (al & 0xF) > 9 || cpu.af();
        boolean high = al > 0x99 || cpu.cf();
        int result = al + direction * ((low ? 6 : 0) + (high ? 0x60 : 0));
        // DAS: the borrow of the first step shows in CF as well.
        boolean carry = high || direction < 0 && low && al < 6;
        cpu.setByte(Cpu.RAX, 0, result);
        setFlags(cpu, result, carry, low);
    }

    private static void setFlags(Cpu cpu, int result, boolean carry, boolean auxiliary) {
        cpu.flagsOf((byte) result, carry, false);
        cpu.flagAux = auxiliary ? Flags.AF : 0;
    }

    private static Operation afterMultiply(Instruction instruction, Translation at) {
        int base = (int) ((Operand.Immediate) instruction.operand(0)).value() & 0xFF;
        return Action.of(cpu -> {
            if (base == 0) {
                throw cpu.fault(0, GuestFault.NO_CODE);
            }
            int al = cpu.byteOf(Cpu.RAX, 0);
            cpu.set16(Cpu.RAX, al / base << 8 | al % base);
            setFlags(cpu, al % base, false, false);
        });
    }

    private static Operation beforeDivide(Instruction instruction, Translation at) {
        int base = (int) ((Operand.Immediate) instruction.operand(0)).value() & 0xFF;
        return Action.of(cpu -> {
            int al = cpu.byteOf(Cpu.RAX, 0);
            int product = cpu.byteOf(Cpu.RAX, 8) * base & 0xFF;
            cpu.set16(Cpu.RAX, al + product & 0xFF);
            // CF, AF and OF are undefined; processors set them as the addition does.
            cpu.flagsOfSum(al, product, al + product, 8);
        });
    }
}
