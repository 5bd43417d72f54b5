package com.vtsim.cpu.isa;

/**
 * One row of the opcode table: an instruction form as the manual's opcode maps print it.
 * Forms are made by the {@link OpcodeTable} only and compare by identity of their row.
 *
 * @param mnemonic upper case, the manual's
 * @param opcode   the row's opcode column, for example {@code 0F A3 /r}
 * @param operands the row's operand codes in the manual's notation, for example {@code Ev,Gv}; empty where there are none
 * @param feature  the CPUID feature that announces the form ({@code SSE2}, {@code BMI1}, {@code VMX}); empty for the 8086–80486 set
 * @param index    the row's number in {@link OpcodeTable#forms()}: dense from 0, for tables of operations beside this one
 * @param lockable whether LOCK is allowed with a memory destination
 */
public record Form(String mnemonic, String opcode, String operands, String feature, int index, boolean lockable) {

    /** A form outside the table, for tests of what consumes forms; its index is -1. */
    public Form(String mnemonic, String opcode, String operands, String feature) {
        this(mnemonic, opcode, operands, feature, -1, false);
    }
}
