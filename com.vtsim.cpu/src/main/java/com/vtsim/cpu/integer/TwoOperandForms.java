package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * An instruction with a destination and a source, as one class of operation for each size and kind of operands: the hot
 * path of the interpreter is a call of such a class and nothing behind it. Immediates come zero-extended from the operand
 * size; byte registers as number and shift (8 for AH, CH, DH, BH).
 */
interface TwoOperandForms extends OperationFactory {
    /** Register, register: 8 bits. */
    Operation regReg8(int d, int dShift, int s, int sShift);

    /** Register, immediate: 8 bits. */
    Operation regImm8(int d, int dShift, long b);

    /** Register, memory: 8 bits. */
    Operation regMem8(int d, int dShift, MemoryRef m);

    /** Memory, register: 8 bits. */
    Operation memReg8(MemoryRef m, int s, int sShift);

    /** Memory, immediate: 8 bits. */
    Operation memImm8(MemoryRef m, long b);

    /** Register, register: 16 bits. */
    Operation regReg16(int d, int s);

    /** Register, immediate: 16 bits. */
    Operation regImm16(int d, long b);

    /** Register, memory: 16 bits. */
    Operation regMem16(int d, MemoryRef m);

    /** Memory, register: 16 bits. */
    Operation memReg16(MemoryRef m, int s);

    /** Memory, immediate: 16 bits. */
    Operation memImm16(MemoryRef m, long b);

    /** Register, register: 32 bits. */
    Operation regReg32(int d, int s);

    /** Register, immediate: 32 bits. */
    Operation regImm32(int d, long b);

    /** Register, memory: 32 bits. */
    Operation regMem32(int d, MemoryRef m);

    /** Memory, register: 32 bits. */
    Operation memReg32(MemoryRef m, int s);

    /** Memory, immediate: 32 bits. */
    Operation memImm32(MemoryRef m, long b);

    /** Register, register: 64 bits. */
    Operation regReg64(int d, int s);

    /** Register, immediate: 64 bits. */
    Operation regImm64(int d, long b);

    /** Register, memory: 64 bits. */
    Operation regMem64(int d, MemoryRef m);

    /** Memory, register: 64 bits. */
    Operation memReg64(MemoryRef m, int s);

    /** Memory, immediate: 64 bits. */
    Operation memImm64(MemoryRef m, long b);

    @Override
    default Operation create(Instruction instruction, Translation at) {
        Operand destination = instruction.operand(0);
        Operand source = instruction.operand(1);
        if (destination instanceof Operand.Memory m) {
            MemoryRef memory = at.memory(m);
            if (source instanceof Operand.Register s) {
                return switch (s.size()) {
                    case 1 -> memReg8(memory, s.number(), Place.shift(s));
                    case 2 -> memReg16(memory, s.number());
                    case 4 -> memReg32(memory, s.number());
                    default -> memReg64(memory, s.number());
                };
            }
            long value = immediate(source, m.size());
            return switch (m.size()) {
                case 1 -> memImm8(memory, value);
                case 2 -> memImm16(memory, value);
                case 4 -> memImm32(memory, value);
                default -> memImm64(memory, value);
            };
        }
        Operand.Register d = (Operand.Register) destination;
        if (source instanceof Operand.Register s) {
            return switch (d.size()) {
                case 1 -> regReg8(d.number(), Place.shift(d), s.number(), Place.shift(s));
                case 2 -> regReg16(d.number(), s.number());
                case 4 -> regReg32(d.number(), s.number());
                default -> regReg64(d.number(), s.number());
            };
        }
        if (source instanceof Operand.Memory s) {
            MemoryRef memory = at.memory(s);
            return switch (d.size()) {
                case 1 -> regMem8(d.number(), Place.shift(d), memory);
                case 2 -> regMem16(d.number(), memory);
                case 4 -> regMem32(d.number(), memory);
                default -> regMem64(d.number(), memory);
            };
        }
        long value = immediate(source, d.size());
        return switch (d.size()) {
            case 1 -> regImm8(d.number(), Place.shift(d), value);
            case 2 -> regImm16(d.number(), value);
            case 4 -> regImm32(d.number(), value);
            default -> regImm64(d.number(), value);
        };
    }

    private static long immediate(Operand operand, int size) {
        return ((Operand.Immediate) operand).value() & Place.mask(size);
    }
}
