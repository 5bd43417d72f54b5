package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;

/** MOV between general registers, memory and immediates. @sdm MOV—Move */
final class Mov implements TwoOperandForms {
    @Override
    public Operation regReg8(int d, int dShift, int s, int sShift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.setByte(d, dShift, cpu.byteOf(s, sShift));
            }
        };
    }

    @Override
    public Operation regImm8(int d, int dShift, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.setByte(d, dShift, (int) b);
            }
        };
    }

    @Override
    public Operation regMem8(int d, int dShift, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.setByte(d, dShift, m.load8(cpu));
            }
        };
    }

    @Override
    public Operation memReg8(MemoryRef m, int s, int sShift) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store8(cpu, cpu.byteOf(s, sShift));
            }
        };
    }

    @Override
    public Operation memImm8(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store8(cpu, (int) b);
            }
        };
    }

    @Override
    public Operation regReg16(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.set16(d, (int) cpu.r[s]);
            }
        };
    }

    @Override
    public Operation regImm16(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.set16(d, (int) b);
            }
        };
    }

    @Override
    public Operation regMem16(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.set16(d, m.load16(cpu));
            }
        };
    }

    @Override
    public Operation memReg16(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store16(cpu, (int) cpu.r[s]);
            }
        };
    }

    @Override
    public Operation memImm16(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store16(cpu, (int) b);
            }
        };
    }

    @Override
    public Operation regReg32(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = cpu.r[s] & 0xFFFF_FFFFL;
            }
        };
    }

    @Override
    public Operation regImm32(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = b;
            }
        };
    }

    @Override
    public Operation regMem32(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = m.load32(cpu) & 0xFFFF_FFFFL;
            }
        };
    }

    @Override
    public Operation memReg32(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store32(cpu, (int) cpu.r[s]);
            }
        };
    }

    @Override
    public Operation memImm32(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store32(cpu, (int) b);
            }
        };
    }

    @Override
    public Operation regReg64(int d, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = cpu.r[s];
            }
        };
    }

    @Override
    public Operation regImm64(int d, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = b;
            }
        };
    }

    @Override
    public Operation regMem64(int d, MemoryRef m) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.r[d] = m.load64(cpu);
            }
        };
    }

    @Override
    public Operation memReg64(MemoryRef m, int s) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store64(cpu, cpu.r[s]);
            }
        };
    }

    @Override
    public Operation memImm64(MemoryRef m, long b) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                m.store64(cpu, b);
            }
        };
    }
}
