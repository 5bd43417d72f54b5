package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.LinearTranslation;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * The instructions of the virtual-machine extensions.
 *
 * @sdm VMX Instruction Reference
 */
public final class VmxInstructions {
    private static final int FEATURE_CONTROL = 0x3A;
    /** IA32_FEATURE_CONTROL: locked, VMXON outside SMX. */
    private static final long ENABLED = 1 | 1 << 2;

    private VmxInstructions() { }

    /** Says what each of them means. */
    public static void define(Semantics s) {
        s.define("VMXON", (instruction, at) -> pointer(instruction, at, null, VmxInstructions::vmxon));
        s.define("VMXOFF", (instruction, at) -> plain(ExitReason.VMXOFF, VmxInstructions::vmxoff));
        s.define("VMCALL", (instruction, at) -> new Operation() {
            @Override
            public void execute(Cpu cpu) {
                vmcall(cpu);
            }

            @Override
            public boolean endsBlock() {
                return true;
            }
        });
        s.define("VMLAUNCH", (instruction, at) -> plain(ExitReason.VMLAUNCH, cpu -> cpu.vmx.entry().execute(true)));
        s.define("VMRESUME", (instruction, at) -> plain(ExitReason.VMRESUME, cpu -> cpu.vmx.entry().execute(false)));
        s.define("VMCLEAR", (instruction, at) -> pointer(instruction, at, ExitReason.VMCLEAR, VmxInstructions::vmclear));
        s.define("VMPTRLD", (instruction, at) -> pointer(instruction, at, ExitReason.VMPTRLD, VmxInstructions::vmptrld));
        s.define("VMPTRST", (instruction, at) -> pointer(instruction, at, ExitReason.VMPTRST, (cpu, memory) -> {
            memory.store64(cpu, cpu.vmx.current);
            cpu.vmx.succeed();
        }));
        s.define("VMREAD", (instruction, at) -> access(instruction, at, false));
        s.define("VMWRITE", (instruction, at) -> access(instruction, at, true));
        s.define("INVEPT", (instruction, at) -> invalidation(instruction, at, ExitReason.INVEPT));
        s.define("INVVPID", (instruction, at) -> invalidation(instruction, at, ExitReason.INVVPID));
        s.define("VMFUNC", (instruction, at) -> new Last() {
            @Override
            public void execute(Cpu cpu) {
                if (!cpu.vmx.nonRoot || !cpu.vmx.has(Control.ENABLE_VM_FUNCTIONS)) {
                    throw cpu.undefined();
                }
                cpu.vmx.function(cpu.get32(Cpu.RAX), cpu.r[Cpu.RCX] & 0xFFFF_FFFFL);
            }
        });
    }

    /** What an instruction without operands does. */
    private interface Action {
        void on(Cpu cpu);
    }

    /** What an instruction with a memory operand does. */
    private interface MemoryAction {
        void on(Cpu cpu, MemoryRef memory);
    }

    private abstract static class Last extends Operation {
        @Override
        public final boolean endsBlock() {
            return true;
        }
    }

    /** #UD outside of protected and 64-bit code, and outside of VMX operation. */
    private static void checkOperation(Cpu cpu, boolean needsVmx) {
        boolean compatibility = (cpu.mode & Mode.LONG) != 0 && (cpu.mode & Mode.SIZE_MASK) != 2;
        if ((cpu.mode & (Mode.PROTECTED | Mode.V86)) != Mode.PROTECTED || compatibility || needsVmx && !cpu.vmx.on) {
            throw cpu.undefined();
        }
    }

    private static void checkPrivilege(Cpu cpu) {
        if (cpu.cpl != 0) {
            throw cpu.protection(0);
        }
    }

    private static Operation plain(ExitReason reason, Action action) {
        return new Last() {
            @Override
            public void execute(Cpu cpu) {
                checkOperation(cpu, true);
                if (cpu.vmx.nonRoot) {
                    throw cpu.vmx.instructionExit(reason, 0, 0);
                }
                checkPrivilege(cpu);
                action.on(cpu);
            }
        };
    }

    /** @return the displacement for the exit qualification */
    static long displacement(Cpu cpu, Operand operand, Translation at) {
        long displacement = InstructionInformation.displacement(operand);
        return InstructionInformation.relative(operand) ? displacement + cpu.r[Cpu.RIP] + at.end() : displacement;
    }

    /** @param reason null for VMXON, which looks for itself */
    private static Operation pointer(Instruction instruction, Translation at, ExitReason reason, MemoryAction action) {
        MemoryRef memory = at.memory(instruction, 0);
        Operand operand = instruction.operand(0);
        int information = InstructionInformation.operand(operand);
        return new Last() {
            @Override
            public void execute(Cpu cpu) {
                checkOperation(cpu, reason != null);
                if (reason == null && (cpu.system.cr4 & SystemState.CR4_VMXE) == 0) {
                    throw cpu.undefined();
                }
                if (cpu.vmx.nonRoot) {
                    throw cpu.vmx.instructionExit(reason == null ? ExitReason.VMXON : reason, displacement(cpu, operand, at), information);
                }
                checkPrivilege(cpu);
                action.on(cpu, memory);
            }
        };
    }

    private static boolean region(long address) {
        return (address & 0xFFF) == 0 && Capabilities.physical(address);
    }

    private static void vmxon(Cpu cpu, MemoryRef memory) {
        Vmx vmx = cpu.vmx;
        if (vmx.on) {
            vmx.fail(VmError.VMXON_IN_ROOT);
            return;
        }
        cpu.msrs.read(FEATURE_CONTROL);
        boolean allowed = (cpu.msrs.value & ENABLED) == ENABLED && vmx.capabilities.validCr0(cpu.system.cr0, false)
            && vmx.capabilities.validCr4(cpu.system.cr4) && cpu.system.a20Mask == -1L;
        if (!allowed) {
            throw cpu.protection(0);
        }
        long address = memory.load64(cpu);
        if (!region(address) || vmx.vmcs.revision(address) != Capabilities.REVISION) {
            vmx.failInvalid("VMXON");
            return;
        }
        vmx.on = true;
        vmx.vmxon = address;
        vmx.current = Vmx.NONE;
        vmx.succeed();
    }

    private static void vmxoff(Cpu cpu) {
        cpu.vmx.on = false;
        cpu.vmx.vmxon = Vmx.NONE;
        cpu.vmx.current = Vmx.NONE;
        cpu.vmx.succeed();
        cpu.execution.endBlock();
    }

    private static void vmcall(Cpu cpu) {
        if (!cpu.vmx.on) {
            throw cpu.undefined();
        }
        if (cpu.vmx.nonRoot) {
            throw cpu.vmx.instructionExit(ExitReason.VMCALL, 0, 0);
        }
        checkOperation(cpu, true);
        checkPrivilege(cpu);
        cpu.vmx.fail(VmError.VMCALL_IN_ROOT);
    }

    private static void vmclear(Cpu cpu, MemoryRef memory) {
        Vmx vmx = cpu.vmx;
        long address = memory.load64(cpu);
        if (!region(address)) {
            vmx.fail(VmError.VMCLEAR_ADDRESS);
        } else if (address == vmx.vmxon) {
            vmx.fail(VmError.VMCLEAR_VMXON);
        } else {
            vmx.vmcs.launched(address, false);
            if (address == vmx.current) {
                vmx.current = Vmx.NONE;
            }
            vmx.succeed();
        }
    }

    private static void vmptrld(Cpu cpu, MemoryRef memory) {
        Vmx vmx = cpu.vmx;
        long address = memory.load64(cpu);
        if (!region(address)) {
            vmx.fail(VmError.VMPTRLD_ADDRESS);
        } else if (address == vmx.vmxon) {
            vmx.fail(VmError.VMPTRLD_VMXON);
        } else if ((vmx.vmcs.revision(address) & ~Capabilities.SHADOW) != Capabilities.REVISION) {
            vmx.fail(VmError.VMPTRLD_REVISION);
        } else {
            vmx.current = address;
            vmx.succeed();
        }
    }

    // VMREAD and VMWRITE

    private static Operation access(Instruction instruction, Translation at, boolean write) {
        Operand place = instruction.operand(write ? 1 : 0);
        Operand selector = instruction.operand(write ? 0 : 1);
        int encoding = ((Operand.Register) selector).number();
        int register = place instanceof Operand.Register r ? r.number() : -1;
        MemoryRef memory = register < 0 ? at.memory(instruction, write ? 1 : 0) : null;
        int size = at.code64() ? 8 : 4;
        int information = InstructionInformation.operand(place) | InstructionInformation.second(selector);
        return new Last() {
            @Override
            public void execute(Cpu cpu) {
                checkOperation(cpu, true);
                long number = size == 8 ? cpu.r[encoding] : cpu.r[encoding] & 0xFFFF_FFFFL;
                if (cpu.vmx.nonRoot && !shadowed(cpu.vmx, number, write)) {
                    throw cpu.vmx.instructionExit(write ? ExitReason.VMWRITE : ExitReason.VMREAD, displacement(cpu, place, at), information);
                }
                checkPrivilege(cpu);
                if (region(cpu.vmx) == Vmx.NONE) {
                    cpu.vmx.failInvalid(write ? "VMWRITE" : "VMREAD");
                    return;
                }
                if (write) {
                    long value = register >= 0 ? cpu.r[register] : cpu.memory.load(memory.readable(cpu, size), memory.segment, size);
                    store(cpu, number, size == 8 ? value : value & 0xFFFF_FFFFL, size);
                } else {
                    load(cpu, number);
                }
            }

            private void load(Cpu cpu, long number) {
                VmcsField field = VmcsField.of(number);
                if (field == null) {
                    cpu.vmx.fail(VmError.UNSUPPORTED_COMPONENT);
                    return;
                }
                long value = cpu.vmx.vmcs.read(region(cpu.vmx), field) >>> ((number & 1) != 0 ? 32 : 0);
                if (memory != null) {
                    cpu.memory.store(memory.writable(cpu, size), memory.segment, value, size);
                } else {
                    cpu.r[register] = size == 8 ? value : value & 0xFFFF_FFFFL;
                }
                cpu.vmx.succeed();
            }
        };
    }

    /** @return the VMCS that VMREAD and VMWRITE are about: in a guest the one that is linked */
    private static long region(Vmx vmx) {
        return vmx.nonRoot ? vmx.image.get(VmcsField.VMCS_LINK) : vmx.current;
    }

    /** Whether a guest's VMREAD or VMWRITE of a field goes to its shadow VMCS. @sdm VMCS Shadowing; Instructions That Cause VM Exits Conditionally */
    private static boolean shadowed(Vmx vmx, long number, boolean write) {
        if (!vmx.has(Control.VMCS_SHADOWING) || number >>> 15 != 0) {
            return false;
        }
        long bitmap = vmx.image.get(write ? VmcsField.VMWRITE_BITMAP : VmcsField.VMREAD_BITMAP);
        return (vmx.cpu.memory.space().read(bitmap + (number >> 3), 1) >> (number & 7) & 1) == 0;
    }

    private static void store(Cpu cpu, long number, long value, int size) {
        Vmx vmx = cpu.vmx;
        VmcsField field = VmcsField.of(number);
        if (field == null) {
            vmx.fail(VmError.UNSUPPORTED_COMPONENT);
        } else {
            long region = region(vmx);
            long whole = value;
            if ((number & 1) != 0) {
                whole = value << 32 | vmx.vmcs.read(region, field) & 0xFFFF_FFFFL;
            } else if (size == 4 && field.bits() == 64 && !field.natural()) {
                whole = vmx.vmcs.read(region, field) & ~0xFFFF_FFFFL | value;
            }
            vmx.vmcs.write(region, field, whole);
            cpu.execution.traps.vmwrite(field.encoding, field.name(), whole);
            vmx.succeed();
        }
    }

    // INVEPT and INVVPID

    private static Operation invalidation(Instruction instruction, Translation at, ExitReason reason) {
        int register = ((Operand.Register) instruction.operand(0)).number();
        Operand operand = instruction.operand(1);
        MemoryRef low = at.memory(instruction, 1);
        MemoryRef high = low.plus(8);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        int information = InstructionInformation.operand(operand) | InstructionInformation.second(instruction.operand(0));
        return new Last() {
            @Override
            public void execute(Cpu cpu) {
                checkOperation(cpu, true);
                if (reason == ExitReason.INVEPT && cpu.vmx.capabilities.ept() == null) {
                    throw cpu.undefined();
                }
                if (cpu.vmx.nonRoot) {
                    throw cpu.vmx.instructionExit(reason, displacement(cpu, operand, at), information);
                }
                checkPrivilege(cpu);
                long type = cpu.r[register] & mask;
                long first = low.load64(cpu);
                long second = high.load64(cpu);
                boolean done = reason == ExitReason.INVEPT ? invept(cpu, type, first) : invvpid(cpu, type, first, second);
                if (done) {
                    cpu.vmx.succeed();
                } else {
                    cpu.vmx.fail(VmError.INVALIDATION_OPERAND);
                }
            }
        };
    }

    private static boolean invept(Cpu cpu, long type, long eptp) {
        if (type != 1 && type != 2) {
            return false;
        }
        if (type == 1 && !cpu.vmx.capabilities.validPointer(eptp)) {
            return false;
        }
        cpu.vmx.capabilities.ept().invalidate((int) type, eptp);
        cpu.vmx.guestPhysical().invalidate(type == 1 ? GuestPhysical.tag(eptp) : LinearTranslation.NO_EPT);
        return true;
    }

    private static boolean invvpid(Cpu cpu, long type, long descriptor, long linear) {
        if (type < 0 || type > 3) {
            return false;
        }
        boolean reserved = type != 2 && descriptor >>> 16 != 0;
        boolean none = type != 2 && (descriptor & 0xFFFF) == 0;
        if (reserved || none || type == 0 && !cpu.memory.paging().canonical(linear)) {
            return false;
        }
        int vpid = (int) descriptor & 0xFFFF;
        switch ((int) type) {
            case 0 -> cpu.translation.flushPageOf(vpid, linear);
            case 1 -> cpu.translation.flushProcessor(vpid, true);
            case 2 -> cpu.translation.flushVirtual();
            default -> cpu.translation.flushProcessor(vpid, false);
        }
        return true;
    }
}
