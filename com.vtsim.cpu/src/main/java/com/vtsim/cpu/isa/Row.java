package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.OperandCode.Method;

/**
 * A row of the opcode table, compiled: where it stands in the opcode maps and under which conditions it is the one.
 * <p>
 * Every condition is a set of one-hot state bits; a row fits when the state has no bit outside {@link #allowed}.
 */
final class Row {
    /** State bits: which prefix counts as mandatory. */
    static final long NP = 1L;
    static final long P66 = 1L << 1;
    static final long PF3 = 1L << 2;
    static final long PF2 = 1L << 3;
    static final long ANY_PREFIX = NP | P66 | PF3 | PF2;
    /** State bits: ModRM.mod. */
    static final long MEMORY = 1L << 4;
    static final long REGISTER = 1L << 5;
    /** State bits: ModRM.r/m, eight of them. */
    static final int RM_SHIFT = 6;
    static final long ANY_RM = 0xFFL << RM_SHIFT;
    /** State bits: operand size before a form's own default, by prefixes only. */
    static final long OS16 = 1L << 14;
    static final long OS32 = 1L << 15;
    static final long OS64 = 1L << 16;
    static final long ANY_OS = OS16 | OS32 | OS64;
    /** State bits: address size. */
    static final long AS16 = 1L << 17;
    static final long AS32 = 1L << 18;
    static final long AS64 = 1L << 19;
    static final long ANY_AS = AS16 | AS32 | AS64;
    /** State bits: mode. */
    static final long LEGACY = 1L << 20;
    static final long LONG = 1L << 21;
    static final long ANY_MODE = LEGACY | LONG;
    /** State bits: REX.B. */
    static final long B0 = 1L << 22;
    static final long B1 = 1L << 23;
    static final long ANY_B = B0 | B1;
    /** State bits: VEX.W, split by mode because some forms ignore it outside 64-bit mode. */
    static final long W0 = 1L << 24;
    static final long W1_LONG = 1L << 25;
    static final long W1_LEGACY = 1L << 26;
    static final long ANY_W = W0 | W1_LONG | W1_LEGACY;
    /** State bits: VEX.L. */
    static final long L128 = 1L << 27;
    static final long L256 = 1L << 28;
    static final long ANY_L = L128 | L256;

    /** Opcode maps: one-byte, 0F, 0F 38, 0F 3A, and the VEX maps 0F, 0F 38, 0F 3A. */
    static final int MAPS = 7;
    static final int VEX_MAPS = 3;

    final Form form;
    final int map;
    final int opcode;
    /** How many opcodes from {@link #opcode} on the row covers: 8 where the low bits are a register, else 1. */
    final int opcodes;
    final boolean modRm;
    /** ModRM.reg, or -1 for any. */
    final int digit;
    final long allowed;
    final OperandCode[] operands;
    /** The operand size defaults to 64 bits in 64-bit mode. */
    final boolean default64;
    /** The operand size is 64 bits in 64-bit mode whatever the prefixes. */
    final boolean forced64;
    /** REX.W has no meaning: the operand size is at most 4 bytes. */
    final boolean narrow;
    /** ModRM.mod is ignored and taken as 11b. */
    final boolean ignoresMod;
    /** A second encoding of the same instruction, never chosen by the assembler. */
    final boolean alias;
    /** 66 is part of the opcode, not an operand-size prefix. */
    final boolean mandatory66;
    /** F2 or F3 is part of the opcode. */
    final boolean mandatoryRepeat;
    final boolean vex;
    /** No operand is in VEX.vvvv, which must then be 1111b. */
    final boolean vvvvUnused;
    /** Operands, if any, do not show the operand size, which still matters. */
    final boolean sizedWithoutOperand;
    /** Operands that give an {@link Operand}. */
    final int explicit;

    Row(RowText text, int index) {
        form = new Form(text.mnemonic, text.opcodeColumn, text.operandColumn, text.feature, index, text.lockable);
        map = text.map;
        opcode = text.opcode;
        opcodes = text.registerInOpcode ? 8 : 1;
        digit = text.digit;
        operands = text.operands;
        default64 = text.default64;
        forced64 = text.forced64;
        narrow = text.narrow;
        ignoresMod = text.ignoresMod;
        alias = text.alias;
        vex = text.vex;
        sizedWithoutOperand = text.sizedWithoutOperand;
        boolean usesModRm = text.slashR || text.digit >= 0 || text.fixedRm >= 0;
        boolean register = text.registerOnly;
        boolean memory = text.memoryOnly;
        boolean vvvv = false;
        int written = 0;
        for (OperandCode code : operands) {
            usesModRm |= code.usesModRm();
            register |= code.registerOnly();
            memory |= code.memoryOnly();
            vvvv |= code.usesVvvv();
            written += code.implied() ? 0 : 1;
        }
        modRm = usesModRm;
        vvvvUnused = vex && !vvvv;
        explicit = written;
        long mod = MEMORY | REGISTER;
        if (!ignoresMod) {
            mod = register ? REGISTER : memory ? MEMORY : mod;
        }
        boolean vsib = find(Method.VSIB) >= 0;
        // VSIB needs a SIB byte, which 16-bit addresses have not.
        long rm = vsib ? 1L << RM_SHIFT + 4 : text.fixedRm >= 0 ? 1L << RM_SHIFT + text.fixedRm : ANY_RM;
        long prefix = text.prefixes == 0 ? ANY_PREFIX : text.prefixes;
        mandatory66 = prefix == P66 && !text.sizedBy66();
        mandatoryRepeat = prefix == PF2 || prefix == PF3;
        long sizes = sizeConditions(text);
        allowed = prefix | mod | rm | (vsib ? sizes & ~AS16 : sizes) | (text.b0 ? B0 : ANY_B)
                | (text.w == 0 ? ANY_W : text.w) | (text.l == 0 ? ANY_L : text.l);
    }

    /** Turns conditions on the effective operand size into conditions on mode and prefixes. */
    private static long sizeConditions(RowText text) {
        long mode = text.modes == 0 ? ANY_MODE : text.modes;
        long as = text.addressSizes == 0 ? ANY_AS : text.addressSizes;
        long os = text.operandSizes == 0 ? ANY_OS : text.operandSizes;
        if (os == OS64 || as == AS64) {
            mode &= LONG;
        } else if (as == AS16) {
            mode &= LEGACY;
        }
        if (text.operandSizes != 0) {
            if (text.narrow && (os & OS32) != 0) {
                os |= OS64;
            }
            if (text.default64 || text.forced64) {
                if (os == OS32) {
                    mode &= LEGACY;
                } else if (os == OS64) {
                    mode &= LONG;
                    os = text.forced64 ? ANY_OS : OS32 | OS64;
                }
            }
        }
        return mode | as | os;
    }

    /**
     * @param size        operand-size attribute in bytes
     * @param codeDefault the one that needs no prefix
     * @return whether the size makes a difference to this form
     */
    boolean distinguishes(int size, int codeDefault) {
        if (size == codeDefault) {
            return true;
        }
        int a = size == 8 ? 2 : size == 4 ? 1 : 0;
        int b = codeDefault == 8 ? 2 : codeDefault == 4 ? 1 : 0;
        for (OperandCode code : operands) {
            if (code.registerSize[a] != code.registerSize[b] || code.memorySize[a] != code.memorySize[b]) {
                return true;
            }
        }
        // Without operands the size still says how much a return or a stack instruction moves, or it selects the row.
        return (allowed & ANY_OS) != ANY_OS || sizedWithoutOperand;
    }

    /** @return index of the first operand with a method, or -1 */
    int find(Method method) {
        for (int i = 0; i < operands.length; i++) {
            if (operands[i].method == method) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public String toString() {
        return form.opcode() + " " + form.mnemonic() + " " + form.operands();
    }
}
