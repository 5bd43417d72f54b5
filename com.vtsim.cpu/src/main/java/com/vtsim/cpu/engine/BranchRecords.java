package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.List;

/**
 * The last sixteen branches, as IA32_DEBUGCTL.LBR has them recorded. While it does, instructions are executed one at a time.
 *
 * @sdm Last Branch, Interrupt, and Exception Recording; Last Branch Recording for Processors Based on Haswell Microarchitecture
 */
final class BranchRecords {
    /** Number of records; format of a record in IA32_PERF_CAPABILITIES: addresses are offsets, bit 63 of the source says mispredicted. */
    static final int RECORDS = 16, FORMAT = 3;
    /** MSR addresses. */
    static final int SELECT = 0x1C8, TOS = 0x1C9, FROM = 0x680, TO = 0x6C0;
    /** Kinds of branches, as MSR_LBR_SELECT has the bits that leave them out. */
    static final int JCC = 1 << 2, RELATIVE_CALL = 1 << 3, INDIRECT_CALL = 1 << 4, RETURN = 1 << 5, INDIRECT_JUMP = 1 << 6, RELATIVE_JUMP = 1 << 7,
        FAR = 1 << 8;
    /** MSR_LBR_SELECT: branches that end at level 0, and others, are left out; calls are taken away by their returns. */
    private static final int LEVEL_0 = 1, OTHER_LEVELS = 1 << 1, CALL_STACK = 1 << 9;
    /** Bits of MSR_LBR_SELECT that are there. */
    static final long SELECT_DEFINED = 0x3FF;

    /** As the opcode numbers them. */
    private static final List<String> CONDITIONS = List.of("JO", "JNO", "JB", "JNB", "JZ", "JNZ", "JBE", "JNBE", "JS", "JNS", "JP", "JNP", "JL", "JNL",
        "JLE", "JNLE");

    private final Cpu cpu;
    private boolean met;

    BranchRecords(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return whether branches are recorded */
    boolean on() {
        return (cpu.msrs.debugControl() & Msrs.DEBUGCTL_LBR) != 0;
    }

    /** @return what kind of branch the next instruction is, 0 if it is none; {@link #met} knows then whether it will be taken wherever it leads */
    int next(Instruction instruction) {
        int kind = instruction == null ? 0 : kind(instruction);
        int condition = kind == JCC ? CONDITIONS.indexOf(instruction.form().mnemonic()) : -1;
        met = kind != 0 && (kind != JCC || condition >= 0 && cpu.condition(condition));
        return kind;
    }

    /** @return whether the branch is taken; of one that counts RCX, only its target can tell */
    boolean met() {
        return met;
    }

    private static int kind(Instruction instruction) {
        String mnemonic = instruction.form().mnemonic();
        boolean relative = !instruction.operands().isEmpty() && instruction.operand(0) instanceof Operand.Relative;
        boolean farPointer = instruction.form().operands().endsWith("p");
        return switch (mnemonic) {
            case "CALL" -> relative ? RELATIVE_CALL : farPointer ? FAR : INDIRECT_CALL;
            case "JMP" -> relative ? RELATIVE_JUMP : farPointer ? FAR : INDIRECT_JUMP;
            case "RET" -> RETURN;
            case "RETF", "INT", "INT1", "INT3", "INTO", "SYSCALL", "SYSRET", "SYSENTER", "SYSEXIT" -> FAR;
            default -> mnemonic.startsWith("IRET") ? FAR : mnemonic.startsWith("J") || mnemonic.startsWith("LOOP") ? JCC : 0;
        };
    }

    /** Records a branch, interrupt or exception that has been taken. */
    void taken(int kind, long from, long to) {
        int select = (int) cpu.msrs.rested(SELECT);
        if ((select & (kind | (cpu.cpl == 0 ? LEVEL_0 : OTHER_LEVELS))) != 0) {
            return;
        }
        int top = (int) cpu.msrs.rested(TOS);
        if ((select & CALL_STACK) != 0 && kind == RETURN) {
            cpu.msrs.rest(FROM + top, 0);
            cpu.msrs.rest(TO + top, 0);
            cpu.msrs.rest(TOS, top - 1 & RECORDS - 1);
            return;
        }
        top = top + 1 & RECORDS - 1;
        cpu.msrs.rest(FROM + top, from & Long.MAX_VALUE);
        cpu.msrs.rest(TO + top, to);
        cpu.msrs.rest(TOS, top);
    }
}
