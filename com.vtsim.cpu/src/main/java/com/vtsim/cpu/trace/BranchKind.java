package com.vtsim.cpu.trace;

import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.List;

/**
 * What an instruction is to a trace: which packets tell where execution goes after it.
 *
 * @sdm Change of Flow Instruction (COFI) Tracing
 */
public final class BranchKind {
    /** No packet. */
    public static final int NONE = 0;
    static final int DIRECT_JUMP = 1, DIRECT_CALL = 2, INDIRECT_JUMP = 3, INDIRECT_CALL = 4, RETURN = 5, FAR = 6, SOFTWARE_INTERRUPT = 7,
        MOV_CR3 = 8, VMPTRLD = 9, COUNTED = 10, INTO = 11;
    /** Conditional jumps: this, and the low 4 bits of the opcode. */
    static final int CONDITIONAL = 16;

    /** As the opcode numbers them. */
    private static final List<String> CONDITIONS = List.of("JO", "JNO", "JB", "JNB", "JZ", "JNZ", "JBE", "JNBE", "JS", "JNS", "JP", "JNP", "JL", "JNL",
        "JLE", "JNLE");

    private BranchKind() { }

    /** @param instruction null for what cannot be decoded */
    public static int of(Instruction instruction) {
        if (instruction == null) {
            return NONE;
        }
        String mnemonic = instruction.mnemonic();
        boolean relative = !instruction.operands().isEmpty() && instruction.operand(0) instanceof Operand.Relative;
        boolean farPointer = instruction.form().operands().endsWith("p");
        return switch (mnemonic) {
            case "CALL" -> relative ? DIRECT_CALL : farPointer ? FAR : INDIRECT_CALL;
            case "JMP" -> relative ? DIRECT_JUMP : farPointer ? FAR : INDIRECT_JUMP;
            case "RET" -> RETURN;
            case "RETF", "SYSCALL", "SYSRET", "SYSENTER", "SYSEXIT", "VMLAUNCH", "VMRESUME", "IRET", "IRETD", "IRETQ" -> FAR;
            case "INT", "INT1", "INT3" -> SOFTWARE_INTERRUPT;
            case "INTO" -> INTO;
            case "VMPTRLD" -> VMPTRLD;
            case "MOV" -> writesCr3(instruction) ? MOV_CR3 : NONE;
            default -> {
                int condition = CONDITIONS.indexOf(mnemonic);
                yield condition >= 0 ? CONDITIONAL + condition : mnemonic.startsWith("LOOP") || relative ? COUNTED : NONE;
            }
        };
    }

    private static boolean writesCr3(Instruction instruction) {
        return instruction.operand(0) instanceof Operand.Register register && register.file() == Operand.RegisterFile.CONTROL && register.number() == 3;
    }
}
