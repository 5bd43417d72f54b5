package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/** MXCSR and the 512-byte image of x87 and SSE state. @sdm LDMXCSR; STMXCSR; FXSAVE; FXRSTOR */
final class StateImages {
    private static final int IMAGE = 416;

    /** The image on its way: legacy region as longs. */
    private final long[] image = new long[64];

    private StateImages() { }

    static void define(Semantics s) {
        StateImages images = new StateImages();
        s.define("FXSAVE", (instruction, at) -> images.save(instruction, at, false));
        s.define("FXSAVE64", (instruction, at) -> images.save(instruction, at, true));
        s.define("FXRSTOR", (instruction, at) -> images.restore(instruction, at, false));
        s.define("FXRSTOR64", (instruction, at) -> images.restore(instruction, at, true));
        s.define("LDMXCSR", StateImages::load);
        s.define("VLDMXCSR", StateImages::load);
        s.define("STMXCSR", StateImages::store);
        s.define("VSTMXCSR", StateImages::store);
    }

    private static Operation load(Instruction instruction, Translation at) {
        MemoryRef from = at.memory(instruction, 0);
        boolean vex = instruction.vectorLength() != 0;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                int value = from.load32(cpu);
                if ((value & ~FloatingState.MXCSR_MASK) != 0) {
                    throw cpu.protection(0);
                }
                cpu.floating.mxcsr = value;
            }
        };
    }

    private static Operation store(Instruction instruction, Translation at) {
        MemoryRef to = at.memory(instruction, 0);
        boolean vex = instruction.vectorLength() != 0;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu, vex);
                to.store32(cpu, cpu.floating.mxcsr);
            }
        };
    }

    private static void check(Cpu cpu, boolean vex) {
        if (vex) {
            cpu.floating.avx();
        } else {
            cpu.floating.sse();
        }
    }

    // The x87 part, which XSAVE shares

    /** Puts x87 state into the first 160 bytes of an image, MXCSR and its mask left as they are. @param wide offsets of 64 bits, no selectors */
    static void putX87(FloatingState f, long[] image, boolean wide) {
        long words = f.control & 0xFFFF | (long) f.statusWord() << 16 | (long) f.valid << 32
            | (long) f.lastOpcode << 48;
        image[0] = words;
        image[1] = wide ? f.lastIp : f.lastIp & 0xFFFF_FFFFL | (long) f.lastCs << 32;
        image[2] = wide ? f.lastDp : f.lastDp & 0xFFFF_FFFFL | (long) f.lastDs << 32;
        for (int i = 0; i < 8; i++) {
            int physical = f.top + i & 7;
            image[4 + 2 * i] = f.significand[physical];
            image[5 + 2 * i] = f.exponent[physical] & 0xFFFF;
        }
    }

    /** Adopts x87 state from an image. */
    static void takeX87(FloatingState f, long[] image, boolean wide) {
        f.loadControl((int) image[0]);
        f.loadStatus((int) (image[0] >>> 16) & 0xFFFF);
        f.valid = (int) (image[0] >>> 32) & 0xFF;
        f.lastOpcode = (int) (image[0] >>> 48) & 0x7FF;
        f.lastIp = wide ? image[1] : image[1] & 0xFFFF_FFFFL;
        f.lastDp = wide ? image[2] : image[2] & 0xFFFF_FFFFL;
        // CPUID.ZERO_FCS_FDS.
        f.lastCs = 0;
        f.lastDs = 0;
        for (int i = 0; i < 8; i++) {
            int physical = f.top + i & 7;
            f.significand[physical] = image[4 + 2 * i];
            f.exponent[physical] = (int) image[5 + 2 * i] & 0xFFFF;
        }
    }

    private Operation save(Instruction instruction, Translation at, boolean wide) {
        MemoryRef to = at.memory(instruction, 0);
        int registers = at.code64() ? 16 : 8;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.x87();
                long linear = to.writable(cpu, 512);
                if ((linear & 15) != 0) {
                    throw cpu.protection(0);
                }
                cpu.memory.probeWrite(linear, to.segment, 512);
                FloatingState f = cpu.floating;
                putX87(f, image, wide);
                image[3] = f.mxcsr | (long) FloatingState.MXCSR_MASK << 32;
                for (int i = 0; i < registers; i++) {
                    image[20 + 2 * i] = f.vector[FloatingState.LONGS * i];
                    image[21 + 2 * i] = f.vector[FloatingState.LONGS * i + 1];
                }
                int longs = registers == 16 ? IMAGE / 8 : 36;
                for (int i = 0; i < longs; i++) {
                    cpu.memory.store64(linear + 8 * i, to.segment, image[i]);
                }
            }
        };
    }

    private Operation restore(Instruction instruction, Translation at, boolean wide) {
        MemoryRef from = at.memory(instruction, 0);
        int registers = at.code64() ? 16 : 8;
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                cpu.floating.x87();
                long linear = from.readable(cpu, 512);
                if ((linear & 15) != 0) {
                    throw cpu.protection(0);
                }
                cpu.memory.probeRead(linear, from.segment, 512);
                for (int i = 0; i < IMAGE / 8; i++) {
                    image[i] = cpu.memory.load64(linear + 8 * i, from.segment);
                }
                if (((int) image[3] & ~FloatingState.MXCSR_MASK) != 0) {
                    throw cpu.protection(0);
                }
                FloatingState f = cpu.floating;
                takeX87(f, image, wide);
                f.mxcsr = (int) image[3];
                for (int i = 0; i < registers; i++) {
                    f.vector[FloatingState.LONGS * i] = image[20 + 2 * i];
                    f.vector[FloatingState.LONGS * i + 1] = image[21 + 2 * i];
                }
            }
        };
    }
}
