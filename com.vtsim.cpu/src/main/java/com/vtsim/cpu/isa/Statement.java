package com.vtsim.cpu.isa;

import java.util.List;

/** A line of source, parsed. */
final class Statement {
    final int line;
    /** The label in front, or null. */
    String label;
    int labelColumn;
    /** Lower-case directive or mnemonic, or null for a label alone. */
    String name;
    int column;
    /** TIMES count, or null. */
    Expression times;
    /** Arguments of a directive. */
    List<Argument> arguments = List.of();
    List<SourceOperand> operands = List.of();
    /** Mode and RIP-relative default at this place. */
    int bits;
    boolean defaultRelative;
    boolean lock;
    int repeat;
    int segmentOverride = -1;
    /** From o16, o32, o64 or 0. */
    int operandSize;
    /** From a16, a32, a64 or 0. */
    int addressSize;
    /** Bytes it took in the pass before. */
    int length;

    /** An argument of a data directive: a string, or an expression. */
    record Argument(String string, Expression value, int column) { }

    Statement(int line) {
        this.line = line;
    }

    boolean isData() {
        return isData(name);
    }

    static boolean isData(String name) {
        return name != null && switch (name) {
            case "db", "dw", "dd", "dq", "resb", "resw", "resd", "resq", "align", "org", "equ" -> true;
            default -> false;
        };
    }
}
