package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Control and debug registers in VMX non-root operation: masks and shadows, CR3 targets, the TPR shadow, and the exits.
 *
 * @sdm Guest/Host Masks and Read Shadows for CR0 and CR4; Changes to Instruction Behavior in VMX Non-Root Operation
 */
final class ControlRegisterExits {
    private static final int MOV_TO = 0, MOV_FROM = 1, CLTS = 2, LMSW = 3;
    private static final VmcsField[] TARGETS = {VmcsField.CR3_TARGET0, VmcsField.CR3_TARGET1, VmcsField.CR3_TARGET2, VmcsField.CR3_TARGET3};

    private ControlRegisterExits() { }

    /** What an instruction does in a guest: all of it, or nothing if its usual meaning is to follow. */
    interface InGuest {
        /** @return whether the instruction is done */
        boolean execute(Cpu cpu, Vmx vmx);
    }

    static Operation replaced(OperationFactory factory, Instruction instruction, Translation at, InGuest meaning) {
        Operation inner = factory.create(instruction, at);
        if (inner == null) {
            return null;
        }
        return new Operation() {
            @Override
            public void execute(Cpu cpu) {
                if (!cpu.vmx.nonRoot || !meaning.execute(cpu, cpu.vmx)) {
                    inner.execute(cpu);
                }
            }

            @Override
            public boolean endsBlock() {
                return inner.endsBlock();
            }
        };
    }

    private static int number(Instruction instruction, int index) {
        return ((Operand.Register) instruction.operand(index)).number();
    }

    static void define(Semantics s) {
        s.wrap("MOV Ry,Cy", factory -> (instruction, at) -> {
            int to = number(instruction, 0);
            int from = number(instruction, 1);
            return replaced(factory, instruction, at, (cpu, vmx) -> read(cpu, vmx, from, to));
        });
        s.wrap("MOV Cy,Ry", factory -> (instruction, at) -> {
            int to = number(instruction, 0);
            int from = number(instruction, 1);
            long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
            return replaced(factory, instruction, at, (cpu, vmx) -> write(cpu, vmx, to, from, cpu.r[from] & mask));
        });
        s.wrap("CLTS", factory -> (instruction, at) -> replaced(factory, instruction, at, ControlRegisterExits::clearTaskSwitched));
        s.wrap("LMSW", factory -> (instruction, at) -> loadStatusWord(factory, instruction, at));
        s.wrap("MOV Ry,Dy", factory -> (instruction, at) -> replaced(factory, instruction, at,
            (cpu, vmx) -> debug(vmx, number(instruction, 1), number(instruction, 0), true)));
        s.wrap("MOV Dy,Ry", factory -> (instruction, at) -> replaced(factory, instruction, at,
            (cpu, vmx) -> debug(vmx, number(instruction, 0), number(instruction, 1), false)));
    }

    private static RuntimeException exit(Vmx vmx, int control, int kind, int register) {
        return vmx.instructionExit(ExitReason.CR_ACCESS, control | kind << 4 | register << 8, 0);
    }

    /** This exit goes before #GP by privilege and #UD by CR4.DE. */
    private static boolean debug(Vmx vmx, int debug, int register, boolean from) {
        if (vmx.has(Control.MOV_DR_EXITING)) {
            throw vmx.instructionExit(ExitReason.MOV_DR, debug | (from ? 1 << 4 : 0) | register << 8, 0);
        }
        return false;
    }

    private static boolean read(Cpu cpu, Vmx vmx, int control, int register) {
        if (cpu.cpl != 0) {
            return false;
        }
        if (control == 3 && vmx.has(Control.CR3_STORE_EXITING) || control == 8 && vmx.has(Control.CR8_STORE_EXITING)) {
            throw exit(vmx, control, MOV_FROM, register);
        }
        if (control == 8 && vmx.has(Control.USE_TPR_SHADOW)) {
            cpu.r[register] = vmx.apic.taskPriority() >> 4;
            return true;
        }
        return false;
    }

    private static boolean write(Cpu cpu, Vmx vmx, int control, int register, long value) {
        if (cpu.cpl != 0) {
            return false;
        }
        switch (control) {
            case 0 -> {
                long mask = vmx.shown.cr0Mask();
                if (((value ^ vmx.image.get(VmcsField.CR0_SHADOW)) & mask) != 0) {
                    throw exit(vmx, 0, MOV_TO, register);
                }
                cpu.system.writeCr0(value & ~mask | cpu.system.cr0 & mask);
                return true;
            }
            case 3 -> {
                if (vmx.has(Control.CR3_LOAD_EXITING) && !target(vmx, value)) {
                    throw exit(vmx, 3, MOV_TO, register);
                }
                return false;
            }
            case 4 -> {
                long mask = vmx.shown.cr4Mask();
                if (((value ^ vmx.image.get(VmcsField.CR4_SHADOW)) & mask) != 0) {
                    throw exit(vmx, 4, MOV_TO, register);
                }
                cpu.system.writeCr4(value & ~mask | cpu.system.cr4 & mask);
                return true;
            }
            case 8 -> {
                return taskPriority(cpu, vmx, register, value);
            }
            default -> {
                return false;
            }
        }
    }

    private static boolean target(Vmx vmx, long value) {
        long count = vmx.image.get(VmcsField.CR3_TARGET_COUNT);
        for (int i = 0; i < count; i++) {
            if (vmx.image.get(TARGETS[i]) == value) {
                return true;
            }
        }
        return false;
    }

    private static boolean taskPriority(Cpu cpu, Vmx vmx, int register, long value) {
        if (vmx.has(Control.CR8_LOAD_EXITING)) {
            throw exit(vmx, 8, MOV_TO, register);
        }
        if (!vmx.has(Control.USE_TPR_SHADOW) || value >>> 4 != 0) {
            return false;
        }
        vmx.apic.taskPriority((int) value << 4);
        cpu.execution.endBlock();
        return true;
    }

    private static boolean clearTaskSwitched(Cpu cpu, Vmx vmx) {
        if (cpu.cpl != 0 || (vmx.shown.cr0Mask() & SystemState.CR0_TS) == 0) {
            return false;
        }
        if ((vmx.image.get(VmcsField.CR0_SHADOW) & SystemState.CR0_TS) != 0) {
            throw exit(vmx, 0, CLTS, 0);
        }
        return true;
    }

    private static Operation loadStatusWord(OperationFactory factory, Instruction instruction, Translation at) {
        Operand operand = instruction.operand(0);
        MemoryRef memory = operand instanceof Operand.Memory m ? at.memory(m) : null;
        int register = operand instanceof Operand.Register r ? r.number() : 0;
        return replaced(factory, instruction, at, (cpu, vmx) -> {
            if (cpu.cpl != 0) {
                return false;
            }
            long linear = memory == null ? 0 : memory.readable(cpu, 2);
            int source = memory == null ? cpu.get16(register) : cpu.memory.load16(linear, memory.segment);
            long shadow = vmx.image.get(VmcsField.CR0_SHADOW);
            long mask = vmx.shown.cr0Mask();
            boolean sets = (mask & 1) != 0 && (source & 1) != 0 && (shadow & 1) == 0;
            if (sets || ((source ^ shadow) & mask & 0xE) != 0) {
                long wide = (cpu.mode & Mode.SIZE_MASK) == 2 ? linear : linear & 0xFFFF_FFFFL;
                throw vmx.instructionExit(ExitReason.CR_ACCESS, LMSW << 4 | (memory == null ? 0 : 1 << 6) | (long) source << 16, 0, wide);
            }
            long free = ~mask & 0xE | ~mask & source & 1;
            cpu.system.writeCr0(cpu.system.cr0 & ~free | source & free);
            return true;
        });
    }
}
