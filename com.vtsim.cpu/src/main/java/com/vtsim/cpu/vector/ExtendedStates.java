package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Cpuid;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;

/**
 * XSAVE, XRSTOR and their kin, in the standard and the compacted format, and XCR0. There are no supervisor components:
 * IA32_XSS is always 0, and XSAVES saves what XSAVEC does.
 *
 * @sdm Managing State Using the XSAVE Feature Set
 */
final class ExtendedStates {
    private static final int HEADER = 512, EXTENDED = 576;
    private static final long X87 = 1, SSE = 2, AVX = 4, PKRU = 1 << 9;
    private static final long COMPACTED = 1L << 63;
    private static final int AVX_SIZE = 256, PKRU_SIZE = 8;

    /** The legacy region on its way. */
    private final long[] image = new long[64];

    private ExtendedStates() { }

    /** Which instruction of the family. */
    private enum Kind { SAVE, OPTIMISED, COMPACT, SUPERVISOR }

    static void define(Semantics s) {
        ExtendedStates states = new ExtendedStates();
        for (String wide : new String[] {"", "64"}) {
            s.define("XSAVE" + wide, states.save(Kind.SAVE));
            s.define("XSAVEOPT" + wide, states.save(Kind.OPTIMISED));
            s.define("XSAVEC" + wide, states.save(Kind.COMPACT));
            s.define("XSAVES" + wide, states.save(Kind.SUPERVISOR));
            s.define("XRSTOR" + wide, states.restore(false));
            s.define("XRSTORS" + wide, states.restore(true));
        }
        s.define("XGETBV", ExtendedStates::get);
        s.define("XSETBV", ExtendedStates::set);
    }

    // XCR0

    private static void check(Cpu cpu) {
        if ((cpu.system.cr4 & SystemState.CR4_OSXSAVE) == 0) {
            throw cpu.undefined();
        }
    }

    private static Operation get(Instruction instruction, Translation at) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu);
                int register = cpu.get32(Cpu.RCX);
                if (register != 0 && register != 1) {
                    throw cpu.protection(0);
                }
                long value = register == 0 ? cpu.system.xcr0 : cpu.system.xcr0 & inUse(cpu, 16);
                cpu.set32(Cpu.RAX, (int) value);
                cpu.set32(Cpu.RDX, (int) (value >>> 32));
            }
        };
    }

    private static Operation set(Instruction instruction, Translation at) {
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                check(cpu);
                long value = (long) cpu.get32(Cpu.RDX) << 32 | cpu.get32(Cpu.RAX) & 0xFFFF_FFFFL;
                boolean bad = cpu.cpl != 0 || cpu.get32(Cpu.RCX) != 0 || (value & X87) == 0 || (value & ~cpu.cpuid.components()) != 0
                    || (value & (SSE | AVX)) == AVX;
                if (bad) {
                    throw cpu.protection(0);
                }
                cpu.system.xcr0 = value;
                cpu.segments.modeChanged();
            }

            @Override
            public boolean endsBlock() {
                return true;
            }
        };
    }

    /** @return the components that are not in their initial configuration */
    private static long inUse(Cpu cpu, int registers) {
        FloatingState f = cpu.floating;
        long used = cpu.system.pkru != 0 ? PKRU : 0;
        for (int i = 0; i < registers * FloatingState.LONGS; i += FloatingState.LONGS) {
            used |= (f.vector[i] | f.vector[i + 1]) != 0 ? SSE : 0;
            used |= (f.vector[i + 2] | f.vector[i + 3]) != 0 ? AVX : 0;
        }
        long x87 = f.control ^ FloatingState.FCW_INIT | f.status | f.top | f.valid | f.lastIp | f.lastDp | f.lastCs | f.lastDs | f.lastOpcode;
        for (int i = 0; i < 8; i++) {
            x87 |= f.significand[i] | f.exponent[i];
        }
        return x87 != 0 ? used | X87 : used;
    }

    private static long requested(Cpu cpu) {
        return cpu.system.xcr0 & ((long) cpu.get32(Cpu.RDX) << 32 | cpu.get32(Cpu.RAX) & 0xFFFF_FFFFL);
    }

    // Layout

    /** @return where PKRU is, given the components of a compacted area (or {@link #COMPACTED} not set for the standard format) */
    private static int pkruAt(long format) {
        return format >= 0 ? Cpuid.PKRU_OFFSET : (format & AVX) != 0 ? EXTENDED + AVX_SIZE : EXTENDED;
    }

    /** @return bytes up to the end of the last of some components */
    private static int length(long components, long format) {
        return (components & PKRU) != 0 ? pkruAt(format) + PKRU_SIZE : (components & AVX) != 0 ? EXTENDED + AVX_SIZE : EXTENDED;
    }

    private static void checkAvailable(Cpu cpu, boolean supervisor, long linear) {
        if (supervisor && cpu.cpl != 0 || (linear & 63) != 0) {
            throw cpu.protection(0);
        }
    }

    private static void checkUsable(Cpu cpu) {
        check(cpu);
        if ((cpu.system.cr0 & SystemState.CR0_TS) != 0) {
            throw cpu.fault(7, GuestFault.NO_CODE);
        }
    }

    // Save

    private OperationFactory save(Kind kind) {
        return (instruction, at) -> {
            MemoryRef to = at.memory(instruction, 0);
            boolean wide = instruction.mnemonic().endsWith("64");
            int registers = at.code64() ? 16 : 8;
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    checkUsable(cpu);
                    long wanted = requested(cpu);
                    boolean compact = kind == Kind.COMPACT || kind == Kind.SUPERVISOR;
                    long format = compact ? COMPACTED | wanted : 0;
                    int length = length(wanted, format);
                    long linear = to.writable(cpu, length);
                    checkAvailable(cpu, kind == Kind.SUPERVISOR, linear);
                    cpu.memory.probeWrite(linear, to.segment, length);
                    long used = wanted & inUse(cpu, registers);
                    if (compact && (wanted & SSE) != 0 && cpu.floating.mxcsr != FloatingState.MXCSR_INIT) {
                        used |= SSE;
                    }
                    long written = kind == Kind.SAVE ? wanted : used;
                    boolean mxcsr = (compact ? used & SSE : wanted & (SSE | AVX)) != 0;
                    store(cpu, linear, to.segment, written, format, mxcsr, wide, registers);
                    header(cpu, linear, to.segment, wanted, used, format);
                }
            };
        };
    }

    private static void header(Cpu cpu, long linear, int segment, long wanted, long used, long format) {
        long present = used;
        if (format >= 0) {
            present |= cpu.memory.load64(linear + HEADER, segment) & ~wanted;
        } else {
            cpu.memory.store64(linear + HEADER + 8, segment, format);
        }
        cpu.memory.store64(linear + HEADER, segment, present);
    }

    private void store(Cpu cpu, long linear, int segment, long components, long format, boolean mxcsr, boolean wide, int registers) {
        FloatingState f = cpu.floating;
        long[] v = f.vector;
        if ((components & X87) != 0) {
            StateImages.putX87(f, image, wide);
            for (int i = 0; i < 20; i++) {
                if (i != 3) {
                    cpu.memory.store64(linear + 8 * i, segment, image[i]);
                }
            }
        }
        if (mxcsr) {
            cpu.memory.store64(linear + 24, segment, f.mxcsr | (long) FloatingState.MXCSR_MASK << 32);
        }
        for (int i = 0; i < registers; i++) {
            if ((components & SSE) != 0) {
                cpu.memory.store64(linear + 160 + 16 * i, segment, v[4 * i]);
                cpu.memory.store64(linear + 168 + 16 * i, segment, v[4 * i + 1]);
            }
            if ((components & AVX) != 0) {
                cpu.memory.store64(linear + EXTENDED + 16 * i, segment, v[4 * i + 2]);
                cpu.memory.store64(linear + EXTENDED + 8 + 16 * i, segment, v[4 * i + 3]);
            }
        }
        if ((components & PKRU) != 0) {
            cpu.memory.store64(linear + pkruAt(format), segment, cpu.system.pkru & 0xFFFF_FFFFL);
        }
    }

    // Restore

    private OperationFactory restore(boolean supervisor) {
        return (instruction, at) -> {
            MemoryRef from = at.memory(instruction, 0);
            boolean wide = instruction.mnemonic().endsWith("64");
            int registers = at.code64() ? 16 : 8;
            return new Operation() {
                @Override
                public void execute(Cpu cpu) {
                    checkUsable(cpu);
                    long linear = from.readable(cpu, EXTENDED);
                    checkAvailable(cpu, supervisor, linear);
                    cpu.memory.probeRead(linear, from.segment, EXTENDED);
                    long present = cpu.memory.load64(linear + HEADER, from.segment);
                    long format = cpu.memory.load64(linear + HEADER + 8, from.segment);
                    long wanted = requested(cpu);
                    if (badHeader(cpu, linear, from.segment, present, format, supervisor)) {
                        throw cpu.protection(0);
                    }
                    long loaded = wanted & present;
                    cpu.memory.probeRead(from.readable(cpu, length(loaded, format)), from.segment, length(loaded, format));
                    boolean mxcsr = format < 0 ? (loaded & SSE) != 0 : (wanted & (SSE | AVX)) != 0;
                    int value = mxcsr ? cpu.memory.load32(linear + 24, from.segment) : FloatingState.MXCSR_INIT;
                    if ((value & ~FloatingState.MXCSR_MASK) != 0) {
                        throw cpu.protection(0);
                    }
                    if (mxcsr || (wanted & SSE) != 0) {
                        cpu.floating.mxcsr = value;
                    }
                    load(cpu, linear, from.segment, wanted, loaded, format, wide, registers);
                }

                @Override
                public boolean endsBlock() {
                    return true;
                }
            };
        };
    }

    private static boolean badHeader(Cpu cpu, long linear, int segment, long present, long format, boolean supervisor) {
        long rest = 0;
        for (int i = format < 0 ? 16 : 8; i < (format < 0 ? 64 : 24); i += 8) {
            rest |= cpu.memory.load64(linear + HEADER + i, segment);
        }
        if (format < 0) {
            return rest != 0 || (format & ~COMPACTED & ~cpu.system.xcr0) != 0 || (present & ~(format & ~COMPACTED)) != 0;
        }
        return supervisor || rest != 0 || (present & ~cpu.system.xcr0) != 0;
    }

    private void load(Cpu cpu, long linear, int segment, long wanted, long loaded, long format, boolean wide, int registers) {
        FloatingState f = cpu.floating;
        long[] v = f.vector;
        if ((wanted & X87) != 0) {
            for (int i = 0; i < 20; i++) {
                image[i] = (loaded & X87) != 0 ? cpu.memory.load64(linear + 8 * i, segment) : i == 0 ? FloatingState.FCW_INIT : 0;
            }
            StateImages.takeX87(f, image, wide);
        }
        for (int i = 0; i < registers; i++) {
            if ((wanted & SSE) != 0) {
                boolean there = (loaded & SSE) != 0;
                v[4 * i] = there ? cpu.memory.load64(linear + 160 + 16 * i, segment) : 0;
                v[4 * i + 1] = there ? cpu.memory.load64(linear + 168 + 16 * i, segment) : 0;
            }
            if ((wanted & AVX) != 0) {
                boolean there = (loaded & AVX) != 0;
                v[4 * i + 2] = there ? cpu.memory.load64(linear + EXTENDED + 16 * i, segment) : 0;
                v[4 * i + 3] = there ? cpu.memory.load64(linear + EXTENDED + 8 + 16 * i, segment) : 0;
            }
        }
        if ((wanted & PKRU) != 0) {
            int keys = (loaded & PKRU) != 0 ? cpu.memory.load32(linear + pkruAt(format), segment) : 0;
            if (keys != cpu.system.pkru) {
                cpu.system.pkru = keys;
                cpu.translation.keysChanged();
            }
        }
    }
}
