package com.vtsim.cpu.isa;

/**
 * One row of the opcode table: an instruction form as the manual's opcode maps print it.
 *
 * @param mnemonic upper case, the manual's
 * @param opcode   the row's opcode column, for example {@code 0F A3 /r}
 * @param operands the row's operand codes in the manual's notation, for example {@code Ev,Gv}; empty where there are none
 * @param feature  the CPUID feature that announces the form ({@code SSE2}, {@code BMI1}, {@code VMX}); empty for the 8086–80486 set
 */
public record Form(String mnemonic, String opcode, String operands, String feature) { }
