package com.vtsim.cpu.isa;

import java.util.List;

/**
 * A decoded instruction: a row of the opcode table with its operands filled in. Immutable; knows nothing of where it stands.
 *
 * @param form            the row of the opcode table
 * @param operands        in Intel order, implicit operands that the syntax writes included ({@code SHL EAX, CL})
 * @param length          bytes, prefixes included: 1–15
 * @param operandSize     effective operand-size attribute in bytes: 2, 4 or 8 (8 where the form defaults to or is forced to 64 bits)
 * @param addressSize     effective address-size attribute in bytes: 2, 4 or 8
 * @param segmentOverride ES 0 … GS 5, or -1; what string instructions and XLAT use in place of DS
 * @param lock            F0 given and allowed by the form
 * @param repeat          0, 0xF2 or 0xF3: the last repeat prefix where it is not part of the opcode
 * @param vectorLength    bytes of a VEX form (16 or 32), 0 for other forms
 * @param codeSize        16, 32 or 64: the code it was decoded as
 */
public record Instruction(Form form, List<Operand> operands, int length, int operandSize, int addressSize,
        int segmentOverride, boolean lock, int repeat, int vectorLength, int codeSize) implements Decoded {

    /** @return the mnemonic as the manual prints it, upper case, without size suffix: {@code MOV}, {@code JNZ}, {@code MOVSB} */
    public String mnemonic() {
        return form.mnemonic();
    }

    /** @param index 0-based, in Intel order */
    public Operand operand(int index) {
        return operands.get(index);
    }
}
