package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** INC, DEC, NEG, NOT. @sdm INC—Increment by 1; DEC—Decrement by 1; NEG—Two's Complement Negation; NOT—One's Complement Negation */
final class IncDec {
    private IncDec() { }

    static void define(Semantics s) {
        s.define("INC", IncDec::increment);
        s.define("DEC", IncDec::decrement);
        s.define("NEG", IncDec::negate);
        s.define("NOT", IncDec::not);
    }

    private static Operation increment(Instruction instruction, Translation at) {
        if (instruction.operand(0) instanceof Operand.Register r && r.size() >= 4) {
            return r.size() == 8 ? increment64(r.number()) : increment32(r.number());
        }
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long before = Place.signed(place.load(cpu, linear), place.bits);
                long result = Place.signed(before + 1, place.bits);
                place.store(cpu, linear, result);
                cpu.flagsOfIncrement(before, result);
            }
        };
    }

    private static Operation increment32(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int before = (int) cpu.r[d];
                int result = before + 1;
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.flagsOfIncrement(before, result);
            }
        };
    }

    private static Operation increment64(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long before = cpu.r[d];
                long result = before + 1;
                cpu.r[d] = result;
                cpu.flagsOfIncrement(before, result);
            }
        };
    }

    private static Operation decrement(Instruction instruction, Translation at) {
        if (instruction.operand(0) instanceof Operand.Register r && r.size() >= 4) {
            return r.size() == 8 ? decrement64(r.number()) : decrement32(r.number());
        }
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long before = Place.signed(place.load(cpu, linear), place.bits);
                long result = Place.signed(before - 1, place.bits);
                place.store(cpu, linear, result);
                cpu.flagsOfDecrement(before, result);
            }
        };
    }

    private static Operation decrement32(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                int before = (int) cpu.r[d];
                int result = before - 1;
                cpu.r[d] = result & 0xFFFF_FFFFL;
                cpu.flagsOfDecrement(before, result);
            }
        };
    }

    private static Operation decrement64(int d) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long before = cpu.r[d];
                long result = before - 1;
                cpu.r[d] = result;
                cpu.flagsOfDecrement(before, result);
            }
        };
    }

    private static Operation negate(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        if (place.size == 8) {
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    long linear = place.open(cpu);
                    long before = place.load(cpu, linear);
                    place.store(cpu, linear, -before);
                    cpu.flagsOfDifference64(0, before, -before);
                }
            };
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                long before = place.load(cpu, linear);
                place.store(cpu, linear, -before);
                cpu.flagsOfDifference(0, before, -before, place.bits);
            }
        };
    }

    private static Operation not(Instruction instruction, Translation at) {
        Place place = Place.of(instruction, 0, at);
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long linear = place.open(cpu);
                place.store(cpu, linear, ~place.load(cpu, linear));
            }
        };
    }
}
