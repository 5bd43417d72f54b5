package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** SHL, SHR, SAR, SHLD, SHRD. @sdm SAL/SAR/SHL/SHR—Shift; SHLD—Double Precision Shift Left; SHRD—Double Precision Shift Right */
final class Shifts {
    private Shifts() { }

    static void define(Semantics s) {
        s.define("SHL", forms(Shifts::left32, Shifts::left64, Shifts::left32, Shifts::left64, Shifts::left));
        s.define("SHR", forms(Shifts::right32, Shifts::right64, Shifts::right32, Shifts::right64, Shifts::right));
        s.define("SAR", forms(Shifts::arithmetic32, Shifts::arithmetic64, Shifts::arithmetic32, Shifts::arithmetic64, Shifts::arithmetic));
        s.define("SHLD", (i, at) -> twice(i, at, true));
        s.define("SHRD", (i, at) -> twice(i, at, false));
    }

    /** A shift of a wide register by a count that is not 0. */
    private interface ByConstant {
        Operation create(int register, int count);
    }

    /** A shift of a wide register by CL. */
    private interface ByCl {
        Operation create(int register);
    }

    /** What a shift by a count that is not 0 does: the new value, with the flags set. */
    interface Shift {
        long apply(Cpu cpu, long value, int count, int bits);
    }

    /** @return a factory: wide registers have classes of their own */
    private static OperationFactory forms(ByConstant constant32, ByConstant constant64, ByCl cl32, ByCl cl64, Shift shift) {
        return (instruction, at) -> {
            if (instruction.operand(0) instanceof Operand.Register r && r.size() >= 4) {
                if (!(instruction.operand(1) instanceof Operand.Immediate i)) {
                    return (r.size() == 8 ? cl64 : cl32).create(r.number());
                }
                int n = (int) i.value() & (r.size() == 8 ? 63 : 31);
                if (n != 0) {
                    return (r.size() == 8 ? constant64 : constant32).create(r.number(), n);
                }
            }
            return any(instruction, at, shift);
        };
    }

    /** A shift or rotate by an immediate or CL; a count of 0 leaves the flags, but is a write otherwise. */
    static Operation any(Instruction instruction, Translation at, Shift shift) {
        Place place = Place.of(instruction, 0, at);
        int countMask = place.size == 8 ? 63 : 31;
        if (instruction.operand(1) instanceof Operand.Immediate i) {
            return byConstant(place, (int) i.value() & countMask, shift);
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long value = place.load(cpu, linear);
                int count = (int) cpu.r[Cpu.RCX] & countMask;
                place.store(cpu, linear, count == 0 ? value : shift.apply(cpu, value, count, place.bits));
            }
        };
    }

    private static Operation byConstant(Place place, int count, Shift shift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long value = place.load(cpu, linear);
                place.store(cpu, linear, count == 0 ? value : shift.apply(cpu, value, count, place.bits));
            }
        };
    }

    private static void left32(Cpu cpu, int d, int count) {
        long before = cpu.r[d] & 0xFFFF_FFFFL;
        cpu.r[d] = before << count & 0xFFFF_FFFFL;
        FlagRules.left32(cpu, before, count);
    }

    private static Operation left32(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                left32(cpu, d, count);
            }
        };
    }

    private static Operation left32(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 31;
                if (count == 0) {
                    cpu.r[d] &= 0xFFFF_FFFFL;
                } else {
                    left32(cpu, d, count);
                }
            }
        };
    }

    private static void left64(Cpu cpu, int d, int count) {
        long before = cpu.r[d];
        cpu.r[d] = before << count;
        FlagRules.left64(cpu, before, count);
    }

    private static Operation left64(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                left64(cpu, d, count);
            }
        };
    }

    private static Operation left64(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 63;
                if (count != 0) {
                    left64(cpu, d, count);
                }
            }
        };
    }

    /** OF is defined for a count of 1; processors set it for other counts as for the first bit's shift. */
    static boolean signChanges(long value, int bits) {
        return ((value >>> bits - 1 ^ value >>> bits - 2) & 1) != 0;
    }

    private static long left(Cpu cpu, long value, int count, int bits) {
        long result = Place.signed(value << count, bits);
        boolean carry = count <= bits && (value << count - 1 >>> bits - 1 & 1) != 0;
        cpu.flagsOf(result, carry, signChanges(value, bits));
        return result;
    }

    private static void right32(Cpu cpu, int d, int count) {
        long before = cpu.r[d] & 0xFFFF_FFFFL;
        cpu.r[d] = before >>> count;
        FlagRules.right32(cpu, before, count);
    }

    private static Operation right32(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                right32(cpu, d, count);
            }
        };
    }

    private static Operation right32(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 31;
                if (count == 0) {
                    cpu.r[d] &= 0xFFFF_FFFFL;
                } else {
                    right32(cpu, d, count);
                }
            }
        };
    }

    private static void right64(Cpu cpu, int d, int count) {
        long before = cpu.r[d];
        cpu.r[d] = before >>> count;
        FlagRules.right64(cpu, before, count);
    }

    private static Operation right64(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                right64(cpu, d, count);
            }
        };
    }

    private static Operation right64(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 63;
                if (count != 0) {
                    right64(cpu, d, count);
                }
            }
        };
    }

    private static long right(Cpu cpu, long value, int count, int bits) {
        long result = value >>> count;
        cpu.flagsOf(Place.signed(result, bits), (value >>> count - 1 & 1) != 0, (value >>> bits - 1 & 1) != 0);
        return result;
    }

    private static void arithmetic32(Cpu cpu, int d, int count) {
        long before = cpu.r[d];
        cpu.r[d] = (int) before >> count & 0xFFFF_FFFFL;
        FlagRules.arithmetic32(cpu, before, count);
    }

    private static Operation arithmetic32(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                arithmetic32(cpu, d, count);
            }
        };
    }

    private static Operation arithmetic32(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 31;
                if (count == 0) {
                    cpu.r[d] &= 0xFFFF_FFFFL;
                } else {
                    arithmetic32(cpu, d, count);
                }
            }
        };
    }

    private static void arithmetic64(Cpu cpu, int d, int count) {
        long before = cpu.r[d];
        cpu.r[d] = before >> count;
        FlagRules.arithmetic64(cpu, before, count);
    }

    private static Operation arithmetic64(int d, int count) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                arithmetic64(cpu, d, count);
            }
        };
    }

    private static Operation arithmetic64(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int count = (int) cpu.r[Cpu.RCX] & 63;
                if (count != 0) {
                    arithmetic64(cpu, d, count);
                }
            }
        };
    }

    private static long arithmetic(Cpu cpu, long value, int count, int bits) {
        long signed = Place.signed(value, bits);
        long result = signed >> count;
        cpu.flagsOf(result, (signed >> count - 1 & 1) != 0, false);
        return result;
    }

    private static Operation twice(Instruction instruction, Translation at, boolean left) {
        Place place = Place.of(instruction, 0, at);
        int s = ((Operand.Register) instruction.operand(1)).number();
        int mask = place.size == 8 ? 63 : 31;
        int constant = instruction.operand(2) instanceof Operand.Immediate i ? (int) i.value() & mask : -1;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long value = place.load(cpu, linear);
                int count = constant >= 0 ? constant : (int) cpu.r[Cpu.RCX] & mask;
                if (count != 0) {
                    long source = Place.get(cpu, s, place.size);
                    value = left ? leftTwice(cpu, value, source, count, place.bits) : rightTwice(cpu, value, source, count, place.bits);
                }
                place.store(cpu, linear, value);
            }
        };
    }

    /** Of 16 bits by more than 16, which the manual leaves undefined, processors go round: destination, source, destination. */
    private static long leftTwice(Cpu cpu, long value, long source, int count, int bits) {
        long result;
        boolean carry;
        if (bits == 64) {
            result = value << count | source >>> 64 - count;
            carry = (value >>> 64 - count & 1) != 0;
        } else if (bits == 32) {
            long both = value << 32 | source;
            result = both << count >>> 32;
            carry = (value >>> 32 - count & 1) != 0;
        } else {
            long three = value << 32 | source << 16 | value;
            result = three << count >>> 32 & 0xFFFF;
            carry = (three << count >>> 48 & 1) != 0;
        }
        long signed = Place.signed(result, bits);
        cpu.flagsOf(signed, carry, signChanges(value, bits));
        return result;
    }

    private static long rightTwice(Cpu cpu, long value, long source, int count, int bits) {
        long result;
        boolean carry;
        if (bits == 64) {
            result = value >>> count | source << 64 - count;
            carry = (value >>> count - 1 & 1) != 0;
        } else if (bits == 32) {
            long both = source << 32 | value;
            result = both >>> count & 0xFFFF_FFFFL;
            carry = (value >>> count - 1 & 1) != 0;
        } else {
            long three = value << 32 | source << 16 | value;
            result = three >>> count & 0xFFFF;
            carry = (three >>> count - 1 & 1) != 0;
        }
        long signed = Place.signed(result, bits);
        cpu.flagsOf(signed, carry, ((value >>> bits - 1 ^ source) & 1) != 0);
        return result;
    }
}
