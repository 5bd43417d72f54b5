package com.vtsim.cpu.vmx;

import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/** The VM-exit instruction-information field, put together once per decoded instruction. @sdm Information for VM Exits Due to Instruction Execution */
final class InstructionInformation {
    private InstructionInformation() { }

    /** @return the part that tells a memory operand, or a register operand in bits 6:3 with bit 10 */
    static int operand(Operand operand) {
        if (operand instanceof Operand.Register register) {
            return 1 << 10 | register.number() << 3;
        }
        Operand.Memory memory = (Operand.Memory) operand;
        int bits = Integer.numberOfTrailingZeros(Math.max(1, memory.scale())) | size(memory.addressSize()) << 7 | memory.segment() << 15;
        bits |= memory.index() < 0 ? 1 << 22 : memory.index() << 18;
        boolean based = memory.base() >= 0 && memory.base() != Operand.Memory.RIP;
        return bits | (based ? memory.base() << 23 : 1 << 27);
    }

    private static int size(int bytes) {
        return bytes == 2 ? 0 : bytes == 4 ? 1 : 2;
    }

    /** @return a register operand in bits 31:28 */
    static int second(Operand operand) {
        return ((Operand.Register) operand).number() << 28;
    }

    /** @return for string I/O: address size, and the segment of OUTS */
    static int string(Instruction instruction, boolean input) {
        int segment = input ? 0 : instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : 3;
        return size(instruction.addressSize()) << 7 | segment << 15;
    }

    /** @return for RDRAND, RDSEED, UMWAIT and TPAUSE: the register and its size */
    static int register(Instruction instruction) {
        return ((Operand.Register) instruction.operand(0)).number() << 3 | size(instruction.operand(0).size()) << 11;
    }

    /** @return the displacement that goes to the exit qualification; of a RIP-relative operand, less the address of the next instruction */
    static long displacement(Operand operand) {
        return operand instanceof Operand.Memory memory ? memory.displacement() : 0;
    }

    /** @return whether the operand is addressed from the next instruction on */
    static boolean relative(Operand operand) {
        return operand instanceof Operand.Memory memory && memory.base() == Operand.Memory.RIP;
    }
}
