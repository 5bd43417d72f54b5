package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.AddressMonitor;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import com.vtsim.cpu.system.Ports;

/**
 * Which instructions make a VM exit: each is wrapped, and asks before it does what it means. Faults that go before an
 * exit (by privilege, or of an undefined instruction) are left to the instruction itself.
 *
 * @sdm Instructions That Cause VM Exits; Relative Priority of Faults and VM Exits
 */
public final class Intercepts {
    private static final int GDTR_IDTR_BASE = 28;

    private Intercepts() { }

    /** Looks before the instruction. */
    private interface Guard {
        /** Throws the exit, or returns to let the instruction go on. */
        void check(Cpu cpu, Vmx vmx);
    }

    /** Makes a guard for an instruction. */
    private interface Guards {
        Guard of(Instruction instruction, Translation at);
    }

    private static final class Guarded extends Operation {
        private final Operation inner;
        private final Guard guard;

        Guarded(Operation inner, Guard guard) {
            this.inner = inner;
            this.guard = guard;
        }

        @Override
        public void execute(Cpu cpu) {
            if (cpu.vmx.nonRoot) {
                guard.check(cpu, cpu.vmx);
            }
            inner.execute(cpu);
        }

        @Override
        public boolean endsBlock() {
            return inner.endsBlock();
        }
    }

    private static void guard(Semantics s, String mnemonic, Guards guards) {
        s.wrap(mnemonic, factory -> (instruction, at) -> {
            Operation inner = factory.create(instruction, at);
            return inner == null ? null : new Guarded(inner, guards.of(instruction, at));
        });
    }

    /** Exits at privilege level 0 if the control is set. */
    private static void privileged(Semantics s, String mnemonic, ExitReason reason, Control control) {
        guard(s, mnemonic, (instruction, at) -> (cpu, vmx) -> {
            if (cpu.cpl == 0 && (control == null || vmx.has(control))) {
                throw vmx.instructionExit(reason, 0, 0);
            }
        });
    }

    /** Puts the guards before the instructions, whose meaning has been defined. */
    public static void define(Semantics s) {
        simple(s);
        timeStamps(s);
        extendedStates(s);
        descriptorTables(s);
        invalidations(s);
        msrs(s);
        ControlRegisterExits.define(s);
        io(s);
        random(s, "RDRAND", ExitReason.RDRAND, Control.RDRAND_EXITING);
        random(s, "RDSEED", ExitReason.RDSEED, Control.RDSEED_EXITING);
        userWait(s, "UMWAIT", ExitReason.UMWAIT);
        userWait(s, "TPAUSE", ExitReason.TPAUSE);
        loadKey(s);
        BusLocks.define(s);
    }

    private static void simple(Semantics s) {
        guard(s, "CPUID", (instruction, at) -> (cpu, vmx) -> {
            throw vmx.instructionExit(ExitReason.CPUID, 0, 0);
        });
        privileged(s, "HLT", ExitReason.HLT, Control.HLT_EXITING);
        privileged(s, "INVD", ExitReason.INVD, null);
        privileged(s, "WBINVD", ExitReason.WBINVD, Control.WBINVD_EXITING);
        privileged(s, "WBNOINVD", ExitReason.WBINVD, Control.WBINVD_EXITING);
        guard(s, "XSETBV", (instruction, at) -> (cpu, vmx) -> {
            if (cpu.cpl == 0 && (cpu.system.cr4 & SystemState.CR4_OSXSAVE) != 0) {
                throw vmx.instructionExit(ExitReason.XSETBV, 0, 0);
            }
        });
        guard(s, "PAUSE", (instruction, at) -> (cpu, vmx) -> {
            boolean loops = cpu.cpl == 0 && vmx.has(Control.PAUSE_LOOP_EXITING) && !vmx.has(Control.PAUSE_EXITING) && vmx.boundary.pausedTooLong();
            if (loops || vmx.has(Control.PAUSE_EXITING)) {
                throw vmx.instructionExit(ExitReason.PAUSE, 0, 0);
            }
        });
        guard(s, "MWAIT", (instruction, at) -> (cpu, vmx) -> {
            if (cpu.cpl == 0 && vmx.has(Control.MWAIT_EXITING)) {
                throw vmx.instructionExit(ExitReason.MWAIT, cpu.monitor.armed() == AddressMonitor.NONE ? 0 : 1, 0);
            }
        });
        privileged(s, "MONITOR", ExitReason.MONITOR, Control.MONITOR_EXITING);
    }

    /** No state component is one for supervisors, so no bit of the XSS-exiting bitmap can ask for an exit. */
    private static void extendedStates(Semantics s) {
        for (String mnemonic : new String[] {"XSAVES", "XSAVES64", "XRSTORS", "XRSTORS64"}) {
            guard(s, mnemonic, (instruction, at) -> (cpu, vmx) -> {
                if (!vmx.has(Control.ENABLE_XSAVES)) {
                    throw cpu.undefined();
                }
            });
        }
    }

    private static boolean timeStampAllowed(Cpu cpu) {
        return cpu.cpl == 0 || (cpu.system.cr4 & SystemState.CR4_TSD) == 0;
    }

    private static void timeStamps(Semantics s) {
        guard(s, "RDTSC", (instruction, at) -> (cpu, vmx) -> {
            if (timeStampAllowed(cpu) && vmx.has(Control.RDTSC_EXITING)) {
                throw vmx.instructionExit(ExitReason.RDTSC, 0, 0);
            }
        });
        guard(s, "RDTSCP", (instruction, at) -> (cpu, vmx) -> {
            if (!vmx.has(Control.ENABLE_RDTSCP)) {
                throw cpu.undefined();
            }
            if (timeStampAllowed(cpu) && vmx.has(Control.RDTSC_EXITING)) {
                throw vmx.instructionExit(ExitReason.RDTSCP, 0, 0);
            }
        });
        guard(s, "RDPID", (instruction, at) -> (cpu, vmx) -> {
            if (!vmx.has(Control.ENABLE_RDTSCP)) {
                throw cpu.undefined();
            }
        });
        guard(s, "RDPMC", (instruction, at) -> (cpu, vmx) -> {
            if ((cpu.cpl == 0 || (cpu.system.cr4 & SystemState.CR4_PCE) != 0) && vmx.has(Control.RDPMC_EXITING)) {
                throw vmx.instructionExit(ExitReason.RDPMC, 0, 0);
            }
        });
    }

    private static void descriptorTables(Semantics s) {
        String[] tables = {"SGDT", "SIDT", "LGDT", "LIDT"};
        String[] segments = {"SLDT", "STR", "LLDT", "LTR"};
        for (int i = 0; i < 4; i++) {
            int identity = i << GDTR_IDTR_BASE;
            table(s, tables[i], ExitReason.GDTR_IDTR, identity);
            table(s, segments[i], ExitReason.LDTR_TR, identity);
        }
    }

    private static void table(Semantics s, String mnemonic, ExitReason reason, int identity) {
        boolean store = mnemonic.startsWith("S");
        guard(s, mnemonic, (instruction, at) -> {
            Operand operand = instruction.operand(0);
            int size = reason == ExitReason.GDTR_IDTR && instruction.operandSize() != 2 ? 1 << 11 : 0;
            int information = InstructionInformation.operand(operand) | identity | size;
            return (cpu, vmx) -> {
                boolean allowed = cpu.cpl == 0 || store && (cpu.system.cr4 & SystemState.CR4_UMIP) == 0;
                if (allowed && vmx.has(Control.DESCRIPTOR_TABLE_EXITING)) {
                    throw vmx.instructionExit(reason, VmxInstructions.displacement(cpu, operand, at), information);
                }
            };
        });
    }

    private static void invalidations(Semantics s) {
        guard(s, "INVLPG", (instruction, at) -> {
            var memory = at.memory(instruction, 0);
            return (cpu, vmx) -> {
                if (cpu.cpl == 0 && vmx.has(Control.INVLPG_EXITING)) {
                    long linear = cpu.segBase[memory.segment] + memory.offset(cpu);
                    throw vmx.instructionExit(ExitReason.INVLPG, (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL, 0);
                }
            };
        });
        guard(s, "INVPCID", (instruction, at) -> {
            Operand operand = instruction.operand(1);
            int information = InstructionInformation.operand(operand) | InstructionInformation.second(instruction.operand(0));
            return (cpu, vmx) -> {
                if (!vmx.has(Control.ENABLE_INVPCID)) {
                    throw cpu.undefined();
                }
                if (cpu.cpl == 0 && vmx.has(Control.INVLPG_EXITING)) {
                    throw vmx.instructionExit(ExitReason.INVPCID, VmxInstructions.displacement(cpu, operand, at), information);
                }
            };
        });
    }

    private static void msrs(Semantics s) {
        s.wrap("RDMSR", factory -> (instruction, at) -> ControlRegisterExits.replaced(factory, instruction, at, (cpu, vmx) -> {
            msr(cpu, vmx, ExitReason.RDMSR, 0);
            return X2ApicMode.read(cpu, vmx);
        }));
        s.wrap("WRMSR", factory -> (instruction, at) -> ControlRegisterExits.replaced(factory, instruction, at, (cpu, vmx) -> {
            msr(cpu, vmx, ExitReason.WRMSR, 2048);
            return X2ApicMode.write(cpu, vmx);
        }));
    }

    private static void msr(Cpu cpu, Vmx vmx, ExitReason reason, int half) {
        if (cpu.cpl == 0 && msrExits(cpu, vmx, half)) {
            throw vmx.instructionExit(reason, 0, 0);
        }
    }

    private static boolean msrExits(Cpu cpu, Vmx vmx, int half) {
        if (!vmx.has(Control.USE_MSR_BITMAPS)) {
            return true;
        }
        int address = cpu.get32(Cpu.RCX);
        int low = address & 0x1FFF;
        boolean high = (address & ~0x1FFF) == 0xC000_0000;
        if (!high && address != low) {
            return true;
        }
        long at = vmx.image.get(VmcsField.MSR_BITMAP) + half + (high ? 1024 : 0) + (low >> 3);
        return (cpu.memory.space().read(at, 1) >> (low & 7) & 1) != 0;
    }

    private static void random(Semantics s, String mnemonic, ExitReason reason, Control control) {
        guard(s, mnemonic, (instruction, at) -> {
            int information = InstructionInformation.register(instruction);
            return (cpu, vmx) -> {
                if (vmx.has(control)) {
                    throw vmx.instructionExit(reason, 0, information);
                }
            };
        });
    }

    private static void userWait(Semantics s, String mnemonic, ExitReason reason) {
        guard(s, mnemonic, (instruction, at) -> {
            int information = InstructionInformation.register(instruction);
            return (cpu, vmx) -> {
                if (vmx.has(Control.ENABLE_USER_WAIT) && timeStampAllowed(cpu) && vmx.has(Control.RDTSC_EXITING)) {
                    throw vmx.instructionExit(reason, 0, information);
                }
            };
        });
    }

    private static void loadKey(Semantics s) {
        guard(s, "LOADIWKEY", (instruction, at) -> {
            int information = ((Operand.Register) instruction.operand(0)).number() << 3 | InstructionInformation.second(instruction.operand(1));
            return (cpu, vmx) -> {
                boolean defined = (cpu.system.cr4 & SystemState.CR4_KL) != 0 && (cpu.system.cr4 & SystemState.CR4_OSFXSR) != 0
                    && (cpu.system.cr0 & SystemState.CR0_EM) == 0;
                if (defined && cpu.cpl == 0 && vmx.has(Control.LOADIWKEY_EXITING)) {
                    throw vmx.instructionExit(ExitReason.LOADIWKEY, 0, information);
                }
            };
        });
    }

    // Port input and output

    private static void io(Semantics s) {
        guard(s, "IN", (instruction, at) -> port(instruction.operand(1), instruction.operand(0).size(), true));
        guard(s, "OUT", (instruction, at) -> port(instruction.operand(0), instruction.operand(1).size(), false));
        String suffixes = "BWD";
        for (int i = 0; i < 3; i++) {
            int size = 1 << i;
            guard(s, "INS" + suffixes.charAt(i), (instruction, at) -> string(instruction, size, true));
            guard(s, "OUTS" + suffixes.charAt(i), (instruction, at) -> string(instruction, size, false));
        }
    }

    private static Guard port(Operand operand, int size, boolean input) {
        int fixed = operand instanceof Operand.Immediate immediate ? (int) immediate.value() & 0xFF : -1;
        return (cpu, vmx) -> {
            int port = fixed >= 0 ? fixed : cpu.get16(Cpu.RDX);
            if (ioExits(cpu, vmx, port, size)) {
                throw vmx.instructionExit(ExitReason.IO, size - 1 | (input ? 8 : 0) | (fixed >= 0 ? 1 << 6 : 0) | (long) port << 16, 0);
            }
        };
    }

    private static Guard string(Instruction instruction, int size, boolean input) {
        boolean repeated = instruction.repeat() != 0;
        int information = InstructionInformation.string(instruction, input);
        int segment = input ? Cpu.ES : information >> 15 & 7;
        int index = input ? Cpu.RDI : Cpu.RSI;
        int width = instruction.addressSize();
        long mask = width == 8 ? -1L : (1L << 8 * width) - 1;
        return (cpu, vmx) -> {
            if (repeated && (cpu.r[Cpu.RCX] & mask) == 0) {
                return;
            }
            int port = cpu.get16(Cpu.RDX);
            if (ioExits(cpu, vmx, port, size)) {
                long linear = cpu.segBase[segment] + (cpu.r[index] & mask);
                boolean wide = (cpu.mode & Mode.SIZE_MASK) == 2;
                throw vmx.instructionExit(ExitReason.IO, size - 1 | (input ? 8 : 0) | 1 << 4 | (repeated ? 1 << 5 : 0) | (long) port << 16,
                    information, wide ? linear : linear & 0xFFFF_FFFFL);
            }
        };
    }

    /** The I/O permission bitmap of the guest's TSS goes first. */
    private static boolean ioExits(Cpu cpu, Vmx vmx, int port, int size) {
        boolean bitmaps = vmx.has(Control.USE_IO_BITMAPS);
        if (!bitmaps && !vmx.has(Control.UNCONDITIONAL_IO_EXITING)) {
            return false;
        }
        Ports.check(cpu, port, size);
        if (!bitmaps || port + size > 0x10000) {
            return true;
        }
        for (int p = port; p < port + size; p++) {
            long map = vmx.image.get(p < 0x8000 ? VmcsField.IO_BITMAP_A : VmcsField.IO_BITMAP_B);
            if ((cpu.memory.space().read(map + ((p & 0x7FFF) >> 3), 1) >> (p & 7) & 1) != 0) {
                return true;
            }
        }
        return false;
    }
}
