package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.SourceOperand.OfMemory;
import com.vtsim.cpu.isa.SourceOperand.OfRegister;
import com.vtsim.cpu.isa.SourceOperand.OfValue;
import com.vtsim.cpu.isa.SourceOperand.Reach;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a mnemonic as written means in the opcode table: assemblers know names and short forms that the table does not.
 *
 * @param mnemonic    the table's
 * @param operands    as the table's forms take them
 * @param operandSize bytes the spelling asks for, or 0
 * @param addressSize bytes, for string instructions with written operands, or 0
 * @param segment     override, for the same, or -1
 * @param leading     bytes in front (WAIT)
 */
record Spelling(String mnemonic, List<SourceOperand> operands, int operandSize, int addressSize, int segment, byte[] leading) {
    private static final byte[] NONE = {};
    private static final byte[] WAIT = {(byte) 0x9B};
    /** Comparison and carry-less multiply pseudo-operations: mnemonic and immediate. */
    private static final Map<String, PseudoOperation> PSEUDO = new HashMap<>();

    private record PseudoOperation(String mnemonic, int immediate) { }

    static {
        for (String type : List.of("ps", "pd", "ss", "sd")) {
            for (int i = 0; i < 32; i++) {
                if (i < 8) {
                    PSEUDO.put("cmp" + Disassembler.predicate(i, false) + type, new PseudoOperation("CMP" + type.toUpperCase(Locale.ROOT), i));
                }
                PSEUDO.put("vcmp" + Disassembler.predicate(i, true) + type, new PseudoOperation("VCMP" + type.toUpperCase(Locale.ROOT), i));
            }
        }
        String[] halves = {"lqlqdq", "hqlqdq", "lqhqdq", "hqhqdq"};
        for (int i = 0; i < 4; i++) {
            PSEUDO.put("pclmul" + halves[i], new PseudoOperation("PCLMULQDQ", i & 1 | (i & 2) << 3));
            PSEUDO.put("vpclmul" + halves[i], new PseudoOperation("VPCLMULQDQ", i & 1 | (i & 2) << 3));
        }
    }

    static Spelling of(Statement statement) {
        String name = statement.name;
        List<SourceOperand> operands = statement.operands;
        PseudoOperation pseudo = PSEUDO.get(name);
        if (pseudo != null) {
            List<SourceOperand> longer = new ArrayList<>(operands);
            longer.add(new OfValue(new Expression.Number(pseudo.immediate()), 0, Reach.ANY, statement.column));
            return plain(pseudo.mnemonic(), longer);
        }
        Spelling string = implied(statement);
        if (string != null) {
            return string;
        }
        String usual = usualSize(name, statement.operandSize != 0 ? statement.operandSize * 8 : statement.bits, statement.operandSize != 0);
        if (usual != null) {
            return plain(usual, operands);
        }
        if (name.equals("movabs")) {
            return plain("MOV", operands);
        }
        if (name.equals("imul") && operands.size() == 2 && operands.get(1) instanceof OfValue) {
            return plain("IMUL", List.of(operands.get(0), operands.get(0), operands.get(1)));
        }
        String upper = name.toUpperCase(Locale.ROOT);
        if (!OpcodeTable.instance().rows(upper).isEmpty()) {
            return plain(upper, name.startsWith("f") ? x87(name, operands) : operands);
        }
        if (name.startsWith("f") && !OpcodeTable.instance().rows("FN" + upper.substring(1)).isEmpty()) {
            return new Spelling("FN" + upper.substring(1), operands, 0, 0, -1, WAIT);
        }
        return suffixed(upper, operands);
    }

    private static Spelling plain(String mnemonic, List<SourceOperand> operands) {
        return new Spelling(mnemonic, operands, 0, 0, -1, NONE);
    }

    /** Names that mean the mode's usual size to assemblers, and 16 bits to the manual. */
    private static String usualSize(String name, int bits, boolean explicit) {
        return switch (name) {
            case "pusha", "popa" -> bits == 16 ? null : name.toUpperCase(Locale.ROOT) + "D";
            case "pushf", "popf" -> bits == 16 ? null : name.toUpperCase(Locale.ROOT) + (bits == 64 ? "Q" : "D");
            case "iret" -> bits == 16 ? null : explicit && bits == 64 ? "IRETQ" : "IRETD";
            default -> null;
        };
    }

    /** A letter at the end that names the operand size: PUSHW, RETFQ, LGDTD. */
    private static Spelling suffixed(String upper, List<SourceOperand> operands) {
        int size = switch (upper.charAt(upper.length() - 1)) {
            case 'W' -> 2;
            case 'D' -> 4;
            case 'Q' -> 8;
            default -> 0;
        };
        String stem = upper.substring(0, upper.length() - 1);
        boolean allowed = switch (stem) {
            case "PUSH", "POP", "CALL", "JMP", "RET", "RETF", "ENTER", "LEAVE", "SGDT", "SIDT", "LGDT", "LIDT", "SYSRET", "SYSEXIT",
                "FLDENV", "FNSTENV", "FRSTOR", "FNSAVE" -> true;
            default -> false;
        };
        return size != 0 && allowed ? new Spelling(stem, operands, size, 0, -1, NONE) : plain(upper, operands);
    }

    /** Short forms: one operand means the other is ST(0), none means ST(1). */
    private static List<SourceOperand> x87(String name, List<SourceOperand> operands) {
        boolean arithmetic = switch (name) {
            case "fadd", "fmul", "fsub", "fsubr", "fdiv", "fdivr" -> true;
            default -> false;
        };
        boolean popping = switch (name) {
            case "faddp", "fmulp", "fsubp", "fsubrp", "fdivp", "fdivrp" -> true;
            default -> false;
        };
        boolean topFirst = name.startsWith("fcmov") || name.startsWith("fcomi") || name.startsWith("fucomi");
        boolean single = switch (name) {
            case "fxch", "fcom", "fcomp", "fucom", "fucomp" -> true;
            default -> false;
        };
        if (operands.isEmpty()) {
            return single ? List.of(stack(1)) : popping ? List.of(stack(1), stack(0)) : topFirst ? List.of(stack(0), stack(1)) : operands;
        }
        boolean oneRegister = operands.size() == 1 && operands.get(0) instanceof OfRegister named && named.register().file() == RegisterFile.X87;
        if (oneRegister && (arithmetic || topFirst)) {
            return List.of(stack(0), operands.get(0));
        }
        return oneRegister && popping ? List.of(operands.get(0), stack(0)) : operands;
    }

    private static SourceOperand stack(int number) {
        return new OfRegister(Registers.of(RegisterFile.X87, number, 8), 0);
    }

    /** String instructions and XLAT with their operands written out, which then tell size, segment and address size. */
    private static Spelling implied(Statement statement) {
        boolean known = switch (statement.name) {
            case "movs", "cmps", "stos", "lods", "scas", "ins", "outs", "xlat" -> true;
            default -> false;
        };
        if (!known || statement.operands.isEmpty()) {
            return null;
        }
        int size = 0;
        int addressSize = 0;
        int segment = -1;
        for (SourceOperand operand : statement.operands) {
            if (operand instanceof OfMemory memory && !memory.registers().isEmpty()) {
                Register pointer = memory.registers().get(0).register();
                size = memory.size() > 0 ? memory.size() : size;
                addressSize = pointer.size();
                // What RDI points to is in ES, always.
                segment = pointer.number() != 7 && memory.segment() != 3 ? memory.segment() : segment;
            } else if (operand instanceof OfRegister named && named.register().number() == 0 && size == 0) {
                size = named.register().size();
            }
        }
        String letter = size == 1 ? "B" : size == 2 ? "W" : size == 4 ? "D" : "Q";
        String mnemonic = statement.name.equals("xlat") ? "XLAT" : statement.name.toUpperCase(Locale.ROOT) + letter;
        return new Spelling(mnemonic, List.of(), 0, addressSize, segment, NONE);
    }

    /** @return "; did you mean …?" with a mnemonic one letter or one exchange away, or nothing */
    static String suggestion(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        for (Form form : OpcodeTable.instance().forms()) {
            if (nearly(form.mnemonic(), upper)) {
                return "; did you mean '" + form.mnemonic().toLowerCase(Locale.ROOT) + "'?";
            }
        }
        return "; a label ends with ':'";
    }

    private static boolean nearly(String a, String b) {
        if (Math.abs(a.length() - b.length()) > 1) {
            return false;
        }
        int i = 0;
        while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        boolean swapped = i + 1 < a.length() && i + 1 < b.length() && a.charAt(i) == b.charAt(i + 1) && a.charAt(i + 1) == b.charAt(i)
                && a.substring(i + 2).equals(b.substring(i + 2));
        return swapped || a.substring(Math.min(a.length(), i + 1)).equals(b.substring(Math.min(b.length(), i + 1)))
                || a.substring(i).equals(b.substring(Math.min(b.length(), i + 1)))
                || a.substring(Math.min(a.length(), i + 1)).equals(b.substring(i));
    }
}
