package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;

/** One instruction on its way to text. */
final class InstructionText {
    private final Instruction instruction;
    private final Row row;
    private final long address;
    private final boolean string;
    private final StringBuilder text = new StringBuilder(48);

    InstructionText(Instruction instruction, long address) {
        this.instruction = instruction;
        this.address = address;
        row = OpcodeTable.instance().rows().get(instruction.form().index());
        string = row.find(OperandCode.Method.X) >= 0 || row.find(OperandCode.Method.Y) >= 0;
    }

    String text() {
        int operands = instruction.operands().size();
        String name = Disassembler.shown(instruction.mnemonic());
        String suffix = null;
        if (name.contains("cmp") && operands > 2 && instruction.operand(operands - 1) instanceof Immediate immediate && isPacked(name)) {
            suffix = Disassembler.predicate(immediate.value(), row.vex);
            if (suffix != null) {
                int at = name.indexOf("cmp") + 3;
                name = name.substring(0, at) + suffix + name.substring(at);
                operands--;
            }
        }
        if (instruction.lock()) {
            text.append("lock ");
        }
        if (instruction.repeat() != 0) {
            text.append(repeatName()).append(' ');
        }
        if (string) {
            appendString(name);
            return text.toString();
        }
        appendAddressSize();
        appendOperandSize();
        appendName(wideMove() ? "movabs" : name + sizeSuffix());
        appendImplied(OperandCode.Method.XLAT);
        for (int i = 0; i < operands; i++) {
            if (i > 0) {
                text.append(',');
            }
            append(row.operands[i], instruction.operand(i));
        }
        return text.toString().stripTrailing();
    }

    private static boolean isPacked(String name) {
        return name.equals("cmpps") || name.equals("cmppd") || name.equals("cmpss") || name.equals("cmpsd") || name.startsWith("vcmp");
    }

    private String repeatName() {
        boolean compares = switch (instruction.mnemonic()) {
            case "CMPSB", "CMPSW", "CMPSD", "CMPSQ", "SCASB", "SCASW", "SCASD", "SCASQ" -> true;
            default -> false;
        };
        return instruction.repeat() == 0xF2 ? "repnz" : compares || !string ? "repz" : "rep";
    }

    private void appendName(String name) {
        text.append(name);
        for (int i = name.length(); i < 6; i++) {
            text.append(' ');
        }
        text.append(' ');
    }

    /** An address without registers does not show its size. */
    private void appendAddressSize() {
        int size = instruction.addressSize();
        if (size * 8 == instruction.codeSize()) {
            return;
        }
        boolean vsib = row.find(OperandCode.Method.VSIB) >= 0;
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Memory memory && memory.base() == Memory.NONE && (memory.index() == Memory.NONE || vsib)) {
                text.append(size == 2 ? "addr16 " : "addr32 ");
            }
        }
        if (instruction.mnemonic().startsWith("LOOP")) {
            text.append(size == 2 ? "addr16 " : "addr32 ");
        }
    }

    /** Conditional branches and far pointers have no letter for a size that is not the usual one: GNU syntax says it in front. */
    private void appendOperandSize() {
        boolean conditional = row.map == 1 && row.find(OperandCode.Method.J) >= 0;
        boolean shortBranch = row.map == 0 && row.find(OperandCode.Method.J) >= 0 && row.operands[0].memorySize[0] == 1;
        if ((conditional || shortBranch || row.find(OperandCode.Method.A) >= 0) && unusual(instruction.operandSize())) {
            text.append(instruction.operandSize() == 2 ? "data16 " : "data32 ");
        }
    }

    /** A 64-bit immediate or memory offset, which only MOV has. */
    private boolean wideMove() {
        return row.find(OperandCode.Method.O) >= 0 && instruction.addressSize() == 8
                || row.opcode == 0xB8 && row.map == 0 && instruction.operandSize() == 8;
    }

    /**
     * The letter that tells an operand size which no operand shows and which is not the usual one here.
     *
     * @return {@code w}, {@code d}, {@code q} or nothing
     */
    private String sizeSuffix() {
        int size = instruction.operandSize();
        String letter = size == 2 ? "w" : size == 4 ? "d" : "q";
        switch (instruction.mnemonic()) {
            case "SGDT", "SIDT", "LGDT", "LIDT" -> {
                return instruction.codeSize() == 64 ? "" : letter;
            }
            case "SYSRET", "SYSEXIT" -> {
                return instruction.codeSize() != 64 ? "" : size == 8 ? "q" : "d";
            }
            case "PUSHA", "POPA", "PUSHF", "POPF", "IRET" -> {
                return instruction.codeSize() == 16 ? "" : letter;
            }
            default -> {
                return sizeIsHidden() && unusual(size) ? letter : "";
            }
        }
    }

    private boolean sizeIsHidden() {
        if (row.sizedWithoutOperand) {
            return true;
        }
        if (instruction.operands().size() != 1) {
            return false;
        }
        Operand only = instruction.operand(0);
        return only instanceof Immediate && row.form.mnemonic().equals("PUSH")
                || only instanceof Relative && (row.opcode == 0xE8 || row.opcode == 0xE9) && row.map == 0;
    }

    private boolean unusual(int size) {
        return switch (instruction.codeSize()) {
            case 16 -> size != 2;
            case 32 -> size != 4;
            default -> size == 2 || size == 8 && !row.default64 && !row.forced64;
        };
    }

    /** String instructions are written with the operands they imply, and with no letter for the size. */
    private void appendString(String name) {
        appendName(name.substring(0, name.length() - 1));
        String port = "dx";
        String stem = row.form.mnemonic().substring(0, 3);
        int size = row.operands[0].memorySize[0];
        if (stem.equals("OUT") || stem.equals("LOD") || stem.equals("SCA")) {
            text.append(stem.equals("OUT") ? port : RegisterNames.general(0, size, false)).append(',');
        }
        for (int i = 0; i < row.operands.length; i++) {
            text.append(i > 0 ? "," : "");
            appendImplied(row.operands[i]);
        }
        if (stem.equals("INS") || stem.equals("STO")) {
            text.append(',').append(stem.equals("INS") ? port : RegisterNames.general(0, size, false));
        }
    }

    private void appendImplied(OperandCode.Method method) {
        int at = row.find(method);
        if (at >= 0) {
            appendImplied(row.operands[at]);
        }
    }

    private void appendImplied(OperandCode code) {
        int number = code.method == OperandCode.Method.X ? 6 : code.method == OperandCode.Method.Y ? 7 : 3;
        int segment = code.method == OperandCode.Method.Y ? 0 : instruction.segmentOverride() >= 0 ? instruction.segmentOverride() : 3;
        text.append(pointer(code.memorySize[0])).append(RegisterNames.segment(segment)).append(":[")
                .append(RegisterNames.general(number, instruction.addressSize(), false)).append(']');
    }

    private void append(OperandCode code, Operand operand) {
        if (operand instanceof Register register) {
            boolean top = code.method == OperandCode.Method.FIXED && register.file() == RegisterFile.X87;
            if (code.method == OperandCode.Method.E && shownByOperandSize()) {
                text.append(RegisterNames.general(register.number(), instruction.operandSize(), false));
            } else {
                text.append(top ? "st" : RegisterNames.of(register));
            }
        } else if (operand instanceof Memory memory) {
            append(memory);
        } else if (operand instanceof Immediate immediate) {
            append(code, immediate);
        } else if (operand instanceof Relative relative) {
            hex(address + instruction.length() + relative.displacement(), instruction.operandSize());
        } else if (operand instanceof FarPointer far) {
            hex(far.selector(), 2);
            text.append(':');
            hex(far.offset(), far.size() - 2);
        }
    }

    /** Only 16 bits are used, but GNU syntax names the register at operand size. */
    private boolean shownByOperandSize() {
        return switch (row.form.mnemonic()) {
            case "LAR", "LSL" -> true;
            case "MOV" -> row.operands[0].method == OperandCode.Method.S;
            default -> false;
        };
    }

    private void append(OperandCode code, Immediate immediate) {
        if (code.method == OperandCode.Method.ONE) {
            text.append('1');
        } else {
            hex(immediate.value(), immediate.size());
        }
    }

    private void append(Memory memory) {
        if (row.form.operands().equals("Mp") && memory.size() == 4) {
            // m16:16; without FAR it would read as a near branch.
            text.append("far WORD PTR ");
        } else if (row.find(OperandCode.Method.O) < 0) {
            text.append(pointer(memory.size()));
        }
        boolean absolute = memory.base() == Memory.NONE && memory.index() == Memory.NONE;
        if (absolute || memory.segment() != Encoder.defaultSegment(memory)) {
            text.append(RegisterNames.segment(memory.segment())).append(':');
        }
        if (absolute) {
            hex(memory.displacement(), memory.addressSize());
            return;
        }
        text.append('[');
        if (memory.base() == Memory.RIP) {
            text.append(memory.addressSize() == 8 ? "rip" : "eip");
        } else if (memory.base() != Memory.NONE) {
            text.append(RegisterNames.general(memory.base(), memory.addressSize(), false));
        }
        if (memory.index() != Memory.NONE) {
            text.append(memory.base() == Memory.NONE ? "" : "+").append(indexName(memory));
            if (memory.addressSize() != 2) {
                text.append('*').append(memory.scale());
            }
        }
        appendDisplacement(memory);
        text.append(']');
    }

    private String indexName(Memory memory) {
        int vsib = row.find(OperandCode.Method.VSIB);
        if (vsib >= 0) {
            return RegisterNames.of(Registers.of(RegisterFile.VECTOR, memory.index(), row.operands[vsib].registerSize[0]));
        }
        return RegisterNames.general(memory.index(), memory.addressSize(), false);
    }

    private void appendDisplacement(Memory memory) {
        long displacement = memory.displacement();
        // A base of BP, RBP or R13 cannot be encoded without one.
        boolean needed = memory.base() == Memory.RIP || memory.base() == Memory.NONE
                || (memory.base() & 7) == 5 && (memory.addressSize() != 2 || memory.index() == Memory.NONE);
        if (displacement == 0 && !needed) {
            return;
        }
        if (displacement < 0) {
            text.append('-');
            hex(-displacement, 8);
        } else {
            text.append('+');
            hex(displacement, memory.addressSize());
        }
    }

    private String pointer(int size) {
        switch (row.form.mnemonic()) {
            case "SGDT", "SIDT", "LGDT", "LIDT", "INVPCID", "LDDQU", "VLDDQU" -> {
                return "";
            }
            default -> { }
        }
        boolean vector = row.vex || row.find(OperandCode.Method.V) >= 0 || row.find(OperandCode.Method.P) >= 0;
        return switch (size) {
            case 1 -> "BYTE PTR ";
            case 2 -> "WORD PTR ";
            case 4 -> "DWORD PTR ";
            case 6 -> "FWORD PTR ";
            case 8 -> "QWORD PTR ";
            case 10 -> "TBYTE PTR ";
            case 16 -> vector ? "XMMWORD PTR " : "OWORD PTR ";
            case 32 -> "YMMWORD PTR ";
            default -> "";
        };
    }

    private void hex(long value, int size) {
        long shown = size >= 8 ? value : value & (1L << size * 8) - 1;
        text.append("0x").append(Long.toHexString(shown));
    }
}
