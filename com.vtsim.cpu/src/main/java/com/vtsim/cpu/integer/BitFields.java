package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * BMI1, BMI2, ADX, CRC32 and random numbers, all of 32 or 64 bits.
 *
 * @sdm ANDN; BEXTR; BLSI; BLSMSK; BLSR; BZHI; MULX; PDEP; PEXT; RORX; SARX/SHLX/SHRX; ADCX; ADOX; CRC32; RDRAND; RDSEED
 */
final class BitFields {
    /** CRC-32C, the bits reflected. */
    private static final int POLYNOMIAL = 0x82F6_3B78;

    private BitFields() { }

    /** The result of two operands, all zero-extended from {@code bits}; sets flags if the instruction does. */
    private interface Function {
        long apply(Cpu cpu, long a, long b, int bits);
    }

    static void define(Semantics s) {
        s.define("ANDN", three((cpu, a, b, bits) -> logic(cpu, ~a & b, bits, false)));
        s.define("BEXTR", three(BitFields::extract));
        s.define("BZHI", three(BitFields::zeroHigh));
        s.define("PDEP", three((cpu, a, b, bits) -> deposit(a, b)));
        s.define("PEXT", three((cpu, a, b, bits) -> gather(a, b)));
        s.define("SARX", three((cpu, a, b, bits) -> Place.signed(a, bits) >> (b & bits - 1)));
        s.define("SHLX", three((cpu, a, b, bits) -> a << (b & bits - 1)));
        s.define("SHRX", three((cpu, a, b, bits) -> a >>> (b & bits - 1)));
        s.define("BLSI", two((cpu, a, b, bits) -> logic(cpu, -b & b, bits, b != 0)));
        s.define("BLSMSK", two((cpu, a, b, bits) -> logic(cpu, b - 1 ^ b, bits, b == 0)));
        s.define("BLSR", two((cpu, a, b, bits) -> logic(cpu, b - 1 & b, bits, b == 0)));
        s.define("ADCX", two(BitFields::addCarry));
        s.define("ADOX", two(BitFields::addOverflow));
        s.define("RORX", BitFields::rotate);
        s.define("MULX", BitFields::multiply);
        s.define("CRC32", BitFields::checksum);
        s.define("RDRAND", BitFields::random);
        s.define("RDSEED", BitFields::random);
    }

    /** Destination, and two sources of the same size. */
    private static OperationFactory three(Function function) {
        return (instruction, at) -> operation(instruction, Place.of(instruction, 1, at), Place.of(instruction, 2, at), function);
    }

    /** Destination, which is also the first source, and a second source. */
    private static OperationFactory two(Function function) {
        return (instruction, at) -> operation(instruction, Place.of(instruction, 0, at), Place.of(instruction, 1, at), function);
    }

    private static Operation operation(Instruction instruction, Place first, Place second, Function function) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = first.read(cpu);
                long b = second.read(cpu);
                Place.set(cpu, d, first.size, function.apply(cpu, a, b, first.bits));
            }
        };
    }

    private static long logic(Cpu cpu, long result, int bits, boolean carry) {
        cpu.flagsOf(Place.signed(result, bits), carry, false);
        // PF is undefined; processors clear it.
        cpu.flagAux = cpu.pf() ? 1 << 8 : 0;
        return result;
    }

    private static long extract(Cpu cpu, long a, long control, int bits) {
        int start = (int) control & 0xFF;
        int length = (int) control >> 8 & 0xFF;
        long field = start >= bits ? 0 : a >>> start;
        logic(cpu, length >= 64 ? field : field & (1L << length) - 1, bits, false);
        // SF is undefined; processors clear it.
        cpu.flagAux |= cpu.flagResult & Long.MIN_VALUE;
        return cpu.flagResult;
    }

    private static long zeroHigh(Cpu cpu, long a, long index, int bits) {
        int n = (int) index & 0xFF;
        return logic(cpu, n >= bits ? a : a & (1L << n) - 1, bits, n > bits - 1);
    }

    private static long deposit(long source, long mask) {
        long result = 0;
        long bit = 1;
        for (long rest = mask; rest != 0; rest &= rest - 1) {
            if ((source & bit) != 0) {
                result |= rest & -rest;
            }
            bit <<= 1;
        }
        return result;
    }

    private static long gather(long source, long mask) {
        long result = 0;
        long bit = 1;
        for (long rest = mask; rest != 0; rest &= rest - 1) {
            if ((source & rest & -rest) != 0) {
                result |= bit;
            }
            bit <<= 1;
        }
        return result;
    }

    private static long addCarry(Cpu cpu, long a, long b, int bits) {
        long sum = a + b + (cpu.cf() ? 1 : 0);
        cpu.cf(carryOut(a, b, sum, bits));
        return sum;
    }

    private static long addOverflow(Cpu cpu, long a, long b, int bits) {
        long sum = a + b + (cpu.of() ? 1 : 0);
        cpu.of(carryOut(a, b, sum, bits));
        return sum;
    }

    private static boolean carryOut(long a, long b, long sum, int bits) {
        return bits == 64 ? (a & b | (a | b) & ~sum) < 0 : sum >>> 32 != 0;
    }

    private static Operation rotate(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place source = Place.of(instruction, 1, at);
        int count = (int) ((Operand.Immediate) instruction.operand(2)).value();
        return Action.of(cpu -> {
            long value = source.read(cpu);
            cpu.r[d] = source.size == 8 ? Long.rotateRight(value, count) : Integer.rotateRight((int) value, count) & 0xFFFF_FFFFL;
        });
    }

    /** The high half goes to the first operand; it wins where both destinations are one register. */
    private static Operation multiply(Instruction instruction, Translation at) {
        int high = ((Operand.Register) instruction.operand(0)).number();
        int low = ((Operand.Register) instruction.operand(1)).number();
        Place source = Place.of(instruction, 2, at);
        return Action.of(cpu -> {
            long b = source.read(cpu);
            if (source.size == 8) {
                long a = cpu.r[Cpu.RDX];
                cpu.r[low] = a * b;
                cpu.r[high] = MultiplyDivide.highUnsigned(a, b);
            } else {
                long product = (cpu.r[Cpu.RDX] & 0xFFFF_FFFFL) * b;
                cpu.r[low] = product & 0xFFFF_FFFFL;
                cpu.r[high] = product >>> 32;
            }
        });
    }

    private static Operation checksum(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place source = Place.of(instruction, 1, at);
        return Action.of(cpu -> {
            long value = source.read(cpu);
            int crc = (int) cpu.r[d];
            for (int i = 0; i < source.bits; i++) {
                boolean bit = ((crc ^ value >>> i) & 1) != 0;
                crc = bit ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
            cpu.r[d] = crc & 0xFFFF_FFFFL;
        });
    }

    private static Operation random(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        int size = instruction.operandSize();
        return Action.of(cpu -> {
            Place.set(cpu, d, size, cpu.random());
            cpu.arithmeticFlags(Flags.CF);
        });
    }
}
