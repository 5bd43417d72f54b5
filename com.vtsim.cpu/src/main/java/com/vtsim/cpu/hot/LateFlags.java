package com.vtsim.cpu.hot;

import com.vtsim.cpu.integer.FlagRules;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/**
 * Flags not computed yet: the rule, and the local variables with what it takes. Most are overwritten before anybody asks.
 * What a condition asks is often to be had from the operands for less.
 *
 * @param rule   what sets them
 * @param size   bytes of the operation
 * @param a      first operand, zero-extended
 * @param b      second operand, zero-extended; unused for logic
 * @param result the result: of {@link Rule#LOGIC} sign-extended; unused where a rule finds it itself
 */
record LateFlags(Rule rule, int size, int a, int b, int result) {
    private static final String LONGS3 = "(JJJ)V", LONGS3_BITS = "(JJJI)V";

    /** What sets flags. */
    enum Rule {
        /** Addition, with carry or without. */
        SUM(null),
        /** Subtraction or comparison. */
        DIFFERENCE(null),
        /** Subtraction with borrow: its operands alone do not tell. */
        BORROW(null),
        /** AND, OR, XOR, TEST. */
        LOGIC(null),
        /** Shifts by a constant: value before, count. */
        LEFT("left"), RIGHT("right"), ARITHMETIC("arithmetic"),
        /** IMUL, truncated: both factors. */
        PRODUCT("product"),
        /** INC, DEC: before and result; CF stays, so those before have to be stored first. */
        INCREMENT(null), DECREMENT(null);

        private final String method;

        Rule(String method) {
            this.method = method;
        }
    }

    /** Makes the processor have them. */
    void store(BlockCode code) {
        code.cpu();
        if (rule.method != null) {
            code.load(a);
            code.load(b);
            code.statically(FlagRules.class, rule.method + 8 * size, "(L" + BlockCode.CPU_NAME + ";JJ)V");
            return;
        }
        switch (rule) {
            case LOGIC -> {
                code.load(result);
                code.ofCpu("flagsOfLogic", "(J)V");
            }
            case INCREMENT, DECREMENT -> {
                code.load(a);
                code.load(b);
                code.ofCpu(rule == Rule.INCREMENT ? "flagsOfIncrement" : "flagsOfDecrement", "(JJ)V");
            }
            default -> {
                code.load(a);
                code.load(b);
                code.load(result);
                String name = rule == Rule.SUM ? "flagsOfSum" : "flagsOfDifference";
                if (size == 8) {
                    code.ofCpu(name + "64", LONGS3);
                } else {
                    code.number(8 * size);
                    code.ofCpu(name, LONGS3_BITS);
                }
            }
        }
    }

    /**
     * Jumps if a condition holds.
     *
     * @param flags     what the processor does not have yet and the condition asks for, or null to ask the processor
     * @param condition the low 4 bits of the opcode of Jcc
     */
    static void jump(BlockCode code, LateFlags flags, int condition, Label to) {
        boolean holds = (condition & 1) == 0;
        int pair = condition >> 1;
        if (flags != null && flags.rule == Rule.DIFFERENCE && flags.compare(code, pair, holds, to)
            || flags != null && flags.rule == Rule.LOGIC && flags.test(code, pair, holds, to)) {
            return;
        }
        code.flags();
        ask(code, pair, holds, to);
    }

    private static void ask(BlockCode code, int pair, boolean holds, Label to) {
        switch (pair) {
            case 1 -> {
                code.field("flagCarry");
                code.constant(0);
                code.m.visitInsn(Opcodes.LCMP);
                code.m.visitJumpInsn(holds ? Opcodes.IFLT : Opcodes.IFGE, to);
            }
            case 2 -> {
                code.field("flagResult");
                code.constant(0);
                code.m.visitInsn(Opcodes.LCMP);
                code.m.visitJumpInsn(holds ? Opcodes.IFEQ : Opcodes.IFNE, to);
            }
            default -> {
                code.cpu();
                code.number(2 * pair);
                code.ofCpu("condition", "(I)Z");
                code.m.visitJumpInsn(holds ? Opcodes.IFNE : Opcodes.IFEQ, to);
            }
        }
    }

    /** Of a comparison the operands tell all but overflow and parity. */
    private boolean compare(BlockCode code, int pair, boolean holds, Label to) {
        boolean signed = pair >= 6;
        if (pair == 0 || pair == 5) {
            return false;
        }
        if (pair == 4) {
            code.load(result);
            sign(code);
            code.constant(0);
        } else {
            code.load(a);
            side(code, signed);
            code.load(b);
            side(code, signed);
        }
        code.m.visitInsn(Opcodes.LCMP);
        int jump = switch (pair) {
            case 2 -> holds ? Opcodes.IFEQ : Opcodes.IFNE;
            case 3, 7 -> holds ? Opcodes.IFLE : Opcodes.IFGT;
            default -> holds ? Opcodes.IFLT : Opcodes.IFGE;
        };
        code.m.visitJumpInsn(jump, to);
        return true;
    }

    /** Makes the comparison of longs that of the operands: signed, or unsigned, for which narrow ones are zero-extended already. */
    private void side(BlockCode code, boolean signed) {
        if (signed) {
            sign(code);
        } else if (size == 8) {
            code.constant(Long.MIN_VALUE);
            code.m.visitInsn(Opcodes.LXOR);
        }
    }

    private void sign(BlockCode code) {
        if (size == 4) {
            code.m.visitInsn(Opcodes.L2I);
            code.m.visitInsn(Opcodes.I2L);
        } else if (size == 1) {
            code.m.visitInsn(Opcodes.L2I);
            code.m.visitInsn(Opcodes.I2B);
            code.m.visitInsn(Opcodes.I2L);
        }
    }

    /** After logic CF and OF are 0, and the result tells the rest but parity. */
    private boolean test(BlockCode code, int pair, boolean holds, Label to) {
        int jump = switch (pair) {
            case 2, 3 -> holds ? Opcodes.IFEQ : Opcodes.IFNE;
            case 4, 6 -> holds ? Opcodes.IFLT : Opcodes.IFGE;
            case 7 -> holds ? Opcodes.IFLE : Opcodes.IFGT;
            default -> 0;
        };
        if (jump == 0) {
            return false;
        }
        code.load(result);
        code.constant(0);
        code.m.visitInsn(Opcodes.LCMP);
        code.m.visitJumpInsn(jump, to);
        return true;
    }
}
