package com.vtsim.cpu.isa;

import java.util.ArrayList;
import java.util.List;

/**
 * One line of the opcode table, read: opcode column, mnemonic, operand codes and attributes.
 * The notation is explained in docs/instruction-table.md.
 */
final class RowText {
    private static final OperandCode[] NONE = {};

    String feature;
    String opcodeColumn;
    String mnemonic;
    String operandColumn;
    OperandCode[] operands = NONE;
    int map;
    int opcode;
    int digit = -1;
    int fixedRm = -1;
    boolean slashR;
    boolean registerInOpcode;
    boolean condition;
    boolean vex;
    boolean lockable;
    boolean default64;
    boolean forced64;
    boolean narrow;
    boolean ignoresMod;
    boolean registerOnly;
    boolean memoryOnly;
    boolean alias;
    boolean b0;
    boolean sizedWithoutOperand;
    long prefixes;
    long modes;
    long operandSizes;
    long addressSizes;
    long w;
    long l;

    private RowText() { }

    /**
     * @param line four columns separated by bars: opcode, mnemonic, operands, attributes
     * @return the row
     * @throws IllegalArgumentException naming what is not in the notation
     */
    static RowText parse(String line, String feature) {
        RowText row = new RowText();
        row.feature = feature;
        List<String> columns = split(line, '|');
        row.opcodeColumn = columns.get(0);
        row.mnemonic = columns.get(1);
        row.operandColumn = columns.size() > 2 ? columns.get(2) : "";
        if (!row.operandColumn.isEmpty()) {
            List<String> codes = split(row.operandColumn, ',');
            row.operands = new OperandCode[codes.size()];
            for (int i = 0; i < row.operands.length; i++) {
                row.operands[i] = OperandCode.of(codes.get(i));
            }
        }
        row.readOpcode(split(row.opcodeColumn, ' '));
        if (columns.size() > 3 && !columns.get(3).isEmpty()) {
            for (String attribute : split(columns.get(3), ' ')) {
                row.readAttribute(attribute);
            }
        }
        return row;
    }

    static List<String> split(String text, char separator) {
        List<String> parts = new ArrayList<>(6);
        int start = 0;
        for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
            add(parts, text.substring(start, at).strip(), separator);
            start = at + 1;
        }
        add(parts, text.substring(start).strip(), separator);
        return parts;
    }

    private static void add(List<String> parts, String part, char separator) {
        if (separator != ' ' || !part.isEmpty()) {
            parts.add(part);
        }
    }

    private void readOpcode(List<String> parts) {
        List<Integer> bytes = new ArrayList<>(4);
        for (String part : parts) {
            if (part.startsWith("VEX.")) {
                readVex(part);
            } else if (part.startsWith("/")) {
                if (part.equals("/r")) {
                    slashR = true;
                } else {
                    digit = part.charAt(1) - '0';
                }
            } else if (!readPrefix(part, bytes.isEmpty() && !vex)) {
                if (part.endsWith("+r") || part.endsWith("+i")) {
                    registerInOpcode = true;
                } else if (part.endsWith("+cc")) {
                    condition = true;
                }
                bytes.add(Integer.parseInt(part.substring(0, 2), 16));
            }
        }
        takeBytes(bytes);
    }

    private boolean readPrefix(String part, boolean first) {
        if (!first) {
            return false;
        }
        switch (part) {
            case "NP" -> prefixes = Row.NP;
            case "NFx" -> prefixes = Row.NP | Row.P66;
            case "66" -> prefixes = Row.P66;
            case "F3" -> prefixes = Row.PF3;
            case "F2" -> prefixes = Row.PF2;
            default -> {
                return false;
            }
        }
        return true;
    }

    private void takeBytes(List<Integer> bytes) {
        int at = 0;
        if (!vex && bytes.get(0) == 0x0F) {
            map = 1;
            at = 1;
            if (bytes.get(1) == 0x38 || bytes.get(1) == 0x3A) {
                map = bytes.get(1) == 0x38 ? 2 : 3;
                at = 2;
            }
        }
        opcode = bytes.get(at++);
        if (at == bytes.size()) {
            return;
        }
        // A further byte is a ModRM byte with mod = 11b that is part of the opcode.
        int modRm = bytes.get(at);
        digit = modRm >> 3 & 7;
        registerOnly = true;
        if (registerInOpcode) {
            registerInOpcode = false;
        } else {
            fixedRm = modRm & 7;
        }
    }

    private void readVex(String text) {
        vex = true;
        prefixes = Row.NP;
        for (String part : split(text.substring(4), '.')) {
            switch (part) {
                case "128", "L0", "LZ" -> l = Row.L128;
                case "256", "L1" -> l = Row.L256;
                case "LIG" -> l = Row.ANY_L;
                case "66" -> prefixes = Row.P66;
                case "F3" -> prefixes = Row.PF3;
                case "F2" -> prefixes = Row.PF2;
                case "0F" -> map = 4;
                case "0F38" -> map = 5;
                case "0F3A" -> map = 6;
                case "W0" -> w = Row.W0;
                case "W1" -> w = Row.W1_LONG | Row.W1_LEGACY;
                case "WIG" -> w = Row.ANY_W;
                default -> throw new IllegalArgumentException("VEX part " + part);
            }
        }
    }

    private void readAttribute(String attribute) {
        switch (attribute) {
            case "lock" -> lockable = true;
            case "i64" -> modes = Row.LEGACY;
            case "o64" -> modes = Row.LONG;
            case "d64" -> default64 = true;
            case "f64" -> forced64 = true;
            case "os16" -> operandSizes |= Row.OS16;
            case "os32" -> operandSizes |= Row.OS32;
            case "os64" -> operandSizes |= Row.OS64;
            case "as16" -> addressSizes |= Row.AS16;
            case "as32" -> addressSizes |= Row.AS32;
            case "as64" -> addressSizes |= Row.AS64;
            case "nowide" -> narrow = true;
            case "w32" -> w |= Row.W1_LEGACY;
            case "mod*" -> ignoresMod = true;
            case "reg" -> registerOnly = true;
            case "mem" -> memoryOnly = true;
            case "alias" -> alias = true;
            case "b0" -> b0 = true;
            case "os" -> sizedWithoutOperand = true;
            default -> throw new IllegalArgumentException("attribute " + attribute);
        }
    }

    /** @return whether some operand takes its size from the operand-size attribute, so that 66 still has that meaning */
    boolean sizedBy66() {
        for (OperandCode code : operands) {
            if (code.registerSize[0] == 2 && code.registerSize[1] == 4) {
                return true;
            }
        }
        return false;
    }

    /** @return the row for one condition code, 0–15, of a row that stands for all sixteen */
    RowText forCondition(int code, String name) {
        // Plain string building: this runs at every start, before regular expressions and formatters are loaded.
        String digits = hex(opcode + code);
        String line = new StringBuilder(64).append(opcodeColumn.replace(hex(opcode).concat("+cc"), digits)).append('|')
                .append(mnemonic.replace("cc", name)).append('|').append(operandColumn).toString();
        RowText row = parse(line, feature);
        row.lockable = lockable;
        row.modes = modes;
        row.default64 = default64;
        row.forced64 = forced64;
        return row;
    }

    private static String hex(int value) {
        return String.valueOf(new char[] {Character.toUpperCase(Character.forDigit(value >> 4, 16)), Character.toUpperCase(Character.forDigit(value & 15, 16))});
    }
}
