package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** Bit tests and scans. @sdm BT; BTS; BTR; BTC; BSF; BSR; TZCNT; LZCNT; POPCNT */
final class Bits {
    /** Gives ZF 0, SF 0, PF 1. */
    private static final long NOT_ZERO_BUT_EVEN = 0x100;

    private Bits() { }

    /** What becomes of a datum in which one bit was selected. */
    private interface Change {
        long apply(long value, long bit);
    }

    static void define(Semantics s) {
        s.define("BT", test(null));
        s.define("BTS", test((value, bit) -> value | bit));
        s.define("BTR", test((value, bit) -> value & ~bit));
        s.define("BTC", test((value, bit) -> value ^ bit));
        s.define("BSF", (i, at) -> scan(i, at, true));
        s.define("BSR", (i, at) -> scan(i, at, false));
        s.define("TZCNT", (i, at) -> countZeros(i, at, true));
        s.define("LZCNT", (i, at) -> countZeros(i, at, false));
        s.define("POPCNT", Bits::population);
    }

    private static OperationFactory test(Change change) {
        return (instruction, at) -> {
            int size = instruction.operandSize();
            if (instruction.operand(1) instanceof Operand.Immediate i) {
                return inPlace(Place.of(instruction, 0, at), -1, (int) i.value() & size * 8 - 1, change);
            }
            int index = ((Operand.Register) instruction.operand(1)).number();
            if (instruction.operand(0) instanceof Operand.Register) {
                return inPlace(Place.of(instruction, 0, at), index, 0, change);
            }
            return inString(at.memory(instruction, 0), index, size, change);
        };
    }

    /** @param index register with the bit's number, or -1 for a constant number */
    private static Operation inPlace(Place place, int index, int constant, Change change) {
        int mask = place.bits - 1;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int number = index < 0 ? constant : (int) cpu.r[index] & mask;
                if (change == null) {
                    cpu.cf((place.read(cpu) >>> number & 1) != 0);
                    return;
                }
                long linear = place.open(cpu);
                long value = place.load(cpu, linear);
                place.store(cpu, linear, change.apply(value, 1L << number));
                cpu.cf((value >>> number & 1) != 0);
            }
        };
    }

    /** The register's signed number selects a bit of a string of bits that begins at the memory operand. */
    private static Operation inString(MemoryRef m, int index, int size, Change change) {
        int bits = size * 8;
        int log = Integer.numberOfTrailingZeros(bits);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long number = Place.signed(cpu.r[index], bits);
                long extra = (number >> log) * size;
                int bit = (int) number & bits - 1;
                if (change == null) {
                    cpu.cf((cpu.memory.load(m.readable(cpu, size, extra), m.segment, size) >>> bit & 1) != 0);
                    return;
                }
                long linear = m.writable(cpu, size, extra);
                long value = cpu.memory.loadForWrite(linear, m.segment, size);
                cpu.memory.store(linear, m.segment, change.apply(value, 1L << bit), size);
                cpu.cf((value >>> bit & 1) != 0);
            }
        };
    }

    /** A source of 0 sets ZF and leaves the destination as it was. Flags but ZF are undefined; processors set PF by the number, clear others. */
    private static Operation scan(Instruction instruction, Translation at, boolean forward) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long value = source.read(cpu);
                if (value == 0) {
                    cpu.flagsOf(0, false, false);
                    return;
                }
                int number = forward ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value);
                Place.set(cpu, d, source.size, number);
                cpu.flagsOf(number == 0 ? NOT_ZERO_BUT_EVEN : number, false, false);
            }
        };
    }

    private static Operation countZeros(Instruction instruction, Translation at, boolean trailing) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long value = source.read(cpu);
                int count = trailing ? Math.min(Long.numberOfTrailingZeros(value), source.bits)
                    : Long.numberOfLeadingZeros(value) - (64 - source.bits);
                Place.set(cpu, d, source.size, count);
                cpu.arithmeticFlags((count == 0 ? Flags.ZF : 0) | (value == 0 ? Flags.CF : 0));
            }
        };
    }

    private static Operation population(Instruction instruction, Translation at) {
        int d = ((Operand.Register) instruction.operand(0)).number();
        Place source = Place.of(instruction, 1, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long value = source.read(cpu);
                Place.set(cpu, d, source.size, Long.bitCount(value));
                cpu.arithmeticFlags(value == 0 ? Flags.ZF : 0);
            }
        };
    }
}
