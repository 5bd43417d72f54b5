package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.LinearMemory;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * The environment in its four formats (16 or 32 bits, real or protected mode), alone or with the registers behind it.
 *
 * @sdm FSTENV/FNSTENV; FLDENV; FSAVE/FNSAVE; FRSTOR; Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE
 */
final class Environment {
    private static final int REGISTERS = 80;

    private final MemoryRef memory;
    private final boolean wide;
    private final boolean real;
    private final int length;

    private Environment(Instruction i, Translation at) {
        memory = at.memory(i, 0);
        wide = i.operandSize() != 2;
        real = !at.is(Mode.PROTECTED) || at.is(Mode.V86);
        length = wide ? 28 : 14;
    }

    static void define(Semantics s) {
        s.define("FNSTENV", (i, at) -> {
            Environment e = new Environment(i, at);
            return Control.of(false, (cpu, f) -> {
                e.store(cpu, f, e.open(cpu, e.length, true));
                f.control |= 0x3F;
            });
        });
        s.define("FLDENV", (i, at) -> {
            Environment e = new Environment(i, at);
            return Control.of(true, (cpu, f) -> e.load(cpu, f, e.open(cpu, e.length, false)));
        });
        s.define("FNSAVE", Environment::save);
        s.define("FRSTOR", Environment::restore);
    }

    private static Operation save(Instruction i, Translation at) {
        Environment e = new Environment(i, at);
        return Control.of(false, (cpu, f) -> {
            long linear = e.open(cpu, e.length + REGISTERS, true);
            e.store(cpu, f, linear);
            for (int n = 0; n < 8; n++) {
                int p = f.top + n & 7;
                long at10 = linear + e.length + 10 * n;
                // By words, since alignment is not checked by more.
                for (int word = 0; word < 4; word++) {
                    cpu.memory.store16(at10 + 2 * word, e.memory.segment, (int) (f.significand[p] >>> 16 * word));
                }
                cpu.memory.store16(at10 + 8, e.memory.segment, f.exponent[p]);
            }
            f.initialise();
        });
    }

    private static Operation restore(Instruction i, Translation at) {
        Environment e = new Environment(i, at);
        return Control.of(true, (cpu, f) -> {
            long linear = e.open(cpu, e.length + REGISTERS, false);
            e.load(cpu, f, linear);
            for (int n = 0; n < 8; n++) {
                int p = f.top + n & 7;
                long at10 = linear + e.length + 10 * n;
                long significand = 0;
                for (int word = 3; word >= 0; word--) {
                    significand = significand << 16 | cpu.memory.load16(at10 + 2 * word, e.memory.segment);
                }
                f.significand[p] = significand;
                f.exponent[p] = cpu.memory.load16(at10 + 8, e.memory.segment);
            }
        });
    }

    /** @return linear address, after every fault the whole access would raise */
    private long open(Cpu cpu, int size, boolean write) {
        long linear = write ? memory.writable(cpu, size) : memory.readable(cpu, size);
        // Processors try the first word, then the last byte.
        if (write) {
            cpu.memory.probeWrite(linear, memory.segment, wide ? 4 : 2);
            cpu.memory.probeWrite(linear + size - 1, memory.segment, 1);
            cpu.memory.probeWrite(linear, memory.segment, size);
        } else {
            cpu.memory.probeRead(linear, memory.segment, wide ? 4 : 2);
            cpu.memory.probeRead(linear + size - 1, memory.segment, 1);
            cpu.memory.probeRead(linear, memory.segment, size);
        }
        return linear;
    }

    private void store(Cpu cpu, FloatingState f, long linear) {
        word(cpu, linear, 0, f.control, true);
        word(cpu, linear, 1, f.statusWord(), true);
        word(cpu, linear, 2, f.tagWord(), true);
        int ip = (int) f.lastIp;
        int dp = (int) f.lastDp;
        if (real) {
            // Linear addresses, were the selectors not always 0.
            ip += f.lastCs << 4;
            dp += f.lastDs << 4;
            int upper = wide ? 0xFFFF : 0xF;
            word(cpu, linear, 3, ip & 0xFFFF, true);
            word(cpu, linear, 4, (ip >>> 16 & upper) << 12 | f.lastOpcode, false);
            word(cpu, linear, 5, dp & 0xFFFF, true);
            word(cpu, linear, 6, (dp >>> 16 & upper) << 12, false);
        } else if (wide) {
            word(cpu, linear, 3, ip, false);
            word(cpu, linear, 4, f.lastOpcode << 16 | f.lastCs, false);
            word(cpu, linear, 5, dp, false);
            word(cpu, linear, 6, f.lastDs, true);
        } else {
            word(cpu, linear, 3, ip, true);
            word(cpu, linear, 4, f.lastCs, true);
            word(cpu, linear, 5, dp, true);
            word(cpu, linear, 6, f.lastDs, true);
        }
    }

    /** Stores the n-th word of the environment. @param filled whether ones fill bits 31:16 */
    private void word(Cpu cpu, long linear, int n, int value, boolean filled) {
        if (wide) {
            cpu.memory.store32(linear + 4L * n, memory.segment, filled ? value | 0xFFFF_0000 : value);
        } else {
            cpu.memory.store16(linear + 2L * n, memory.segment, value);
        }
    }

    private int word(Cpu cpu, long linear, int n) {
        LinearMemory m = cpu.memory;
        return wide ? m.load32(linear + 4L * n, memory.segment) : m.load16(linear + 2L * n, memory.segment);
    }

    private void load(Cpu cpu, FloatingState f, long linear) {
        f.loadControl(word(cpu, linear, 0));
        f.loadStatus(word(cpu, linear, 1));
        f.loadTags(word(cpu, linear, 2));
        int ip = word(cpu, linear, 3);
        int dp = word(cpu, linear, 5);
        int fourth = word(cpu, linear, 4);
        f.lastCs = 0;
        f.lastDs = 0;
        if (real) {
            f.lastIp = ip & 0xFFFF | (fourth >>> 12 & 0xFFFF) << 16 & 0xFFFF_FFFFL;
            f.lastDp = dp & 0xFFFF | (word(cpu, linear, 6) >>> 12 & 0xFFFF) << 16 & 0xFFFF_FFFFL;
            f.lastOpcode = fourth & 0x7FF;
        } else {
            f.lastIp = ip & 0xFFFF_FFFFL;
            f.lastDp = dp & 0xFFFF_FFFFL;
            f.lastOpcode = wide ? fourth >>> 16 & 0x7FF : 0;
        }
    }
}
