package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;

/** SBB. @sdm SBB—Integer Subtraction With Borrow */
final class Sbb implements TwoOperandForms {
    @Override
    public Operation regReg8(int d, int dShift, int s, int sShift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.byteOf(d, dShift);
                long b = cpu.byteOf(s, sShift);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.setByte(d, dShift, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 8);
            }
        };
    }

    @Override
    public Operation regImm8(int d, int dShift, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.byteOf(d, dShift);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.setByte(d, dShift, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 8);
            }
        };
    }

    @Override
    public Operation regMem8(int d, int dShift, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.byteOf(d, dShift);
                long b = m.load8(cpu);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.setByte(d, dShift, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 8);
            }
        };
    }

    @Override
    public Operation memReg8(MemoryRef m, int s, int sShift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 1);
                long a = cpu.memory.loadForWrite8(at, m.segment);
                long b = cpu.byteOf(s, sShift);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store8(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 8);
            }
        };
    }

    @Override
    public Operation memImm8(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 1);
                long a = cpu.memory.loadForWrite8(at, m.segment);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store8(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 8);
            }
        };
    }

    @Override
    public Operation regReg16(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFFL;
                long b = cpu.r[s] & 0xFFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.set16(d, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 16);
            }
        };
    }

    @Override
    public Operation regImm16(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.set16(d, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 16);
            }
        };
    }

    @Override
    public Operation regMem16(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFFL;
                long b = m.load16(cpu);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.set16(d, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 16);
            }
        };
    }

    @Override
    public Operation memReg16(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 2);
                long a = cpu.memory.loadForWrite16(at, m.segment);
                long b = cpu.r[s] & 0xFFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store16(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 16);
            }
        };
    }

    @Override
    public Operation memImm16(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 2);
                long a = cpu.memory.loadForWrite16(at, m.segment);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store16(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 16);
            }
        };
    }

    @Override
    public Operation regReg32(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFF_FFFFL;
                long b = cpu.r[s] & 0xFFFF_FFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference & 0xFFFF_FFFFL;
                cpu.flagsOfDifference(a, b, difference, 32);
            }
        };
    }

    @Override
    public Operation regImm32(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFF_FFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference & 0xFFFF_FFFFL;
                cpu.flagsOfDifference(a, b, difference, 32);
            }
        };
    }

    @Override
    public Operation regMem32(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d] & 0xFFFF_FFFFL;
                long b = m.load32(cpu) & 0xFFFF_FFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference & 0xFFFF_FFFFL;
                cpu.flagsOfDifference(a, b, difference, 32);
            }
        };
    }

    @Override
    public Operation memReg32(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 4);
                long a = cpu.memory.loadForWrite32(at, m.segment) & 0xFFFF_FFFFL;
                long b = cpu.r[s] & 0xFFFF_FFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store32(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 32);
            }
        };
    }

    @Override
    public Operation memImm32(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 4);
                long a = cpu.memory.loadForWrite32(at, m.segment) & 0xFFFF_FFFFL;
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store32(at, m.segment, (int) difference);
                cpu.flagsOfDifference(a, b, difference, 32);
            }
        };
    }

    @Override
    public Operation regReg64(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d];
                long b = cpu.r[s];
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference;
                cpu.flagsOfDifference64(a, b, difference);
            }
        };
    }

    @Override
    public Operation regImm64(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d];
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference;
                cpu.flagsOfDifference64(a, b, difference);
            }
        };
    }

    @Override
    public Operation regMem64(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long a = cpu.r[d];
                long b = m.load64(cpu);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.r[d] = difference;
                cpu.flagsOfDifference64(a, b, difference);
            }
        };
    }

    @Override
    public Operation memReg64(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 8);
                long a = cpu.memory.loadForWrite64(at, m.segment);
                long b = cpu.r[s];
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store64(at, m.segment, difference);
                cpu.flagsOfDifference64(a, b, difference);
            }
        };
    }

    @Override
    public Operation memImm64(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                long at = m.writable(cpu, 8);
                long a = cpu.memory.loadForWrite64(at, m.segment);
                long difference = a - b - (cpu.flagCarry >>> 63);
                cpu.memory.store64(at, m.segment, difference);
                cpu.flagsOfDifference64(a, b, difference);
            }
        };
    }
}
