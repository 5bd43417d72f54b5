package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;
import java.util.Arrays;
import java.util.List;

/**
 * Encodes one form with given operands: the decoder's inverse. Says no where form, operands and mode do not go together.
 */
final class Encoder {
    private final int codeSize;
    private final boolean longMode;
    private final byte[] out = new byte[40];
    private int length;

    /** Prefixes to write besides those that operands and sizes ask for. */
    boolean lock;
    /** 0, 0xF2 or 0xF3. */
    int repeat;
    /** For forms without a memory operand (string instructions): ES 0 … GS 5, or -1. */
    int segmentOverride = -1;
    /** Bytes a displacement takes at least: 0, 1 or 4 (2 in 16-bit addresses). */
    int displacementAtLeast;
    /** Bytes of the vector register that is the index of a gather, which the operand does not tell, or 0. */
    int vectorIndexSize;

    private Row row;
    private int sizeIndex;
    private int addressSize;
    private Operand[] operands;
    private int rex;
    private boolean rexNeeded;
    private boolean rexForbidden;
    private int vvvv;
    private int registerField;
    private Operand rm;

    /** @param codeSize 16, 32 or 64 */
    Encoder(int codeSize) {
        this.codeSize = codeSize;
        longMode = codeSize == 64;
    }

    /**
     * @param form        the row
     * @param operandSize effective operand-size attribute in bytes: 2, 4 or 8
     * @param address     effective address-size attribute in bytes: 2, 4 or 8
     * @param given       the explicit operands
     * @return the bytes, or null where they cannot be encoded so
     */
    byte[] encode(Row form, int operandSize, int address, List<? extends Operand> given) {
        if (given.size() != form.explicit || !usable(form, operandSize, address)) {
            return null;
        }
        row = form;
        addressSize = address;
        sizeIndex = operandSize == 8 ? 2 : operandSize == 4 ? 1 : 0;
        operands = given.toArray(new Operand[0]);
        rex = 0;
        rexNeeded = false;
        rexForbidden = false;
        vvvv = 0;
        registerField = form.digit < 0 ? 0 : form.digit;
        rm = null;
        length = 0;
        for (int i = 0; i < operands.length; i++) {
            if (!accepts(form.operands[i], operands[i]) || !place(form.operands[i], operands[i])) {
                return null;
            }
        }
        int raw = rawOperandSize(operandSize);
        if (raw < 0 || !writePrefixes(raw) || rexForbidden && (rex != 0 || rexNeeded) && !form.vex) {
            return null;
        }
        writeOpcode();
        if (form.modRm) {
            writeModRm();
        }
        for (int i = 0; i < operands.length; i++) {
            writeImmediate(form.operands[i], operands[i]);
        }
        return length > Decoder.MAX_LENGTH ? null : Arrays.copyOf(out, length);
    }

    private boolean usable(Row form, int operandSize, int address) {
        long mode = longMode ? Row.LONG : Row.LEGACY;
        long as = address == 8 ? Row.AS64 : address == 4 ? Row.AS32 : Row.AS16;
        return (form.allowed & mode) != 0 && (form.allowed & as) != 0
                && (longMode ? address != 2 : address != 8)
                && (longMode || operandSize != 8)
                && (!lock || form.form.lockable());
    }

    /** @return the size that prefixes must select for the form to have the operand size, 2, 4 or 8, or -1 where none does */
    private int rawOperandSize(int operandSize) {
        if (row.vex || row.mandatory66) {
            if (operandSize == 2 || longMode && row.forced64 && operandSize != 8) {
                return -1;
            }
            boolean wide = operandSize == 8 && !row.forced64;
            return (row.allowed & (wide ? Row.OS64 : Row.OS16 | Row.OS32)) == 0 ? -1 : wide ? 8 : 4;
        }
        int raw = operandSize;
        if (longMode && operandSize == 8 && (row.default64 || row.forced64)) {
            raw = 4;
        } else if (longMode && (row.forced64 || row.default64 && operandSize == 4 || row.narrow && operandSize == 8)) {
            return -1;
        }
        long bit = raw == 8 ? Row.OS64 : raw == 4 ? Row.OS32 : Row.OS16;
        return (row.allowed & bit) != 0 ? raw : -1;
    }

    /** @return whether the operand can stand where the code is */
    private boolean accepts(OperandCode code, Operand operand) {
        if (operand instanceof Register register) {
            return acceptsRegister(code, register);
        }
        if (operand instanceof Memory memory) {
            return acceptsMemory(code, memory);
        }
        return switch (code.method) {
            case I, SIGNED -> operand instanceof Immediate immediate && acceptsImmediate(code, immediate);
            case ONE -> operand instanceof Immediate immediate && immediate.value() == 1;
            case J -> operand instanceof Relative relative && relative.size() == code.memorySize[sizeIndex];
            case A -> operand instanceof FarPointer far && far.size() == code.memorySize[sizeIndex];
            default -> false;
        };
    }

    private boolean acceptsRegister(OperandCode code, Register register) {
        if (code.method == OperandCode.Method.FIXED) {
            return register.equals(code.fixed);
        }
        RegisterFile file = switch (code.method) {
            case E, G, R, Z, B, ACCUMULATOR -> RegisterFile.GENERAL;
            case S -> RegisterFile.SEGMENT;
            case C -> RegisterFile.CONTROL;
            case D -> RegisterFile.DEBUG;
            case P, Q, N -> RegisterFile.MMX;
            case V, W, U, H, L -> RegisterFile.VECTOR;
            case STI -> RegisterFile.X87;
            default -> null;
        };
        if (register.file() != file || register.number() > 7 && !longMode) {
            return false;
        }
        int size = code.registerSize[sizeIndex];
        if (code.method == OperandCode.Method.S) {
            size = 2;
        } else if (size == OperandCode.ADDRESS_SIZE) {
            size = addressSize;
        } else if (size == OperandCode.VECTOR_LENGTH) {
            size = vectorLength();
        }
        return register.size() == size && (code.method != OperandCode.Method.ACCUMULATOR || register.number() == 0);
    }

    private boolean acceptsMemory(OperandCode code, Memory memory) {
        if (memory.addressSize() != addressSize || code.method != OperandCode.Method.O && !Addressing.encodable(memory, code.method == OperandCode.Method.VSIB)) {
            return false;
        }
        int size = code.memorySize[sizeIndex];
        if (size == OperandCode.VECTOR_LENGTH) {
            size = vectorLength();
        }
        boolean sized = memory.size() == size || memory.size() < 0 || size == 0 || size == 512;
        return switch (code.method) {
            case E, Q, W, M -> sized && vectorIndexSize == 0;
            case VSIB -> sized && (vectorIndexSize == 0 || vectorIndexSize == code.registerSize[0]) && memory.index() != Memory.NONE && memory.addressSize() != 2;
            case O -> sized && memory.base() == Memory.NONE && memory.index() == Memory.NONE;
            default -> false;
        };
    }

    /** Whether the value, as the operation uses it, comes back from the bytes of the encoding. */
    private boolean acceptsImmediate(OperandCode code, Immediate immediate) {
        int datum = code.registerSize[sizeIndex];
        int bytes = code.memorySize[sizeIndex];
        if (immediate.size() > 0 && immediate.size() != datum) {
            return false;
        }
        long value = immediate.value();
        if (code.method == OperandCode.Method.I) {
            long high = bytes == 8 ? 0 : value >> bytes * 8 - 1 >> 1;
            return high == 0 || high == -1 && value >> bytes * 8 - 1 == -1;
        }
        if (bytes == 8) {
            return true;
        }
        // The operation sees the value cut to its own size: FFFFh and -1 are the same word.
        int unused = 64 - datum * 8;
        long cut = value << unused >> unused;
        boolean inRange = unused == 0 || value == cut || value >>> datum * 8 == 0;
        return inRange && cut == cut << 64 - bytes * 8 >> 64 - bytes * 8;
    }

    private int vectorLength() {
        return row.vex && (row.allowed & Row.ANY_L) == Row.L256 ? 32 : 16;
    }

    /** Puts the operand into its field. */
    private boolean place(OperandCode code, Operand operand) {
        if (operand instanceof Register register) {
            if (register.file() == RegisterFile.GENERAL && register.size() == 1) {
                rexForbidden |= register.highByte();
                rexNeeded |= !register.highByte() && register.number() >= 4 && register.number() < 8;
                if (rexNeeded && !longMode) {
                    return false;
                }
            }
            int number = register.highByte() ? register.number() + 4 : register.number();
            switch (code.method) {
                case G, P, V, S, C, D -> {
                    registerField = number & 7;
                    rex |= number > 7 ? 4 : 0;
                }
                case E, R, Q, N, W, U, STI -> {
                    rm = operand;
                    rex |= number > 7 ? 1 : 0;
                }
                case Z -> rex |= number > 7 ? 1 : 0;
                case B, H -> vvvv = number;
                default -> { }
            }
        } else if (operand instanceof Memory memory && code.method != OperandCode.Method.O) {
            rm = operand;
            rex |= memory.base() != Memory.RIP && memory.base() > 7 ? 1 : 0;
            rex |= memory.index() > 7 ? 2 : 0;
            return longMode ? true : (rex & 3) == 0 && memory.base() != Memory.RIP;
        }
        return true;
    }

    private boolean writePrefixes(int raw) {
        Memory memory = null;
        for (Operand operand : operands) {
            if (operand instanceof Memory found) {
                memory = found;
            }
        }
        if (lock) {
            if (!(operands.length > 0 && operands[0] instanceof Memory || memory != null && row.form.mnemonic().equals("XCHG"))) {
                return false;
            }
            put(0xF0);
        }
        int segment = memory == null ? segmentOverride : memory.segment() == defaultSegment(memory) ? -1 : memory.segment();
        if (segment >= 4) {
            put(0x60 + segment);
        } else if (segment >= 0 && !longMode) {
            put(0x26 + segment * 8);
        }
        if (addressSize != (longMode ? 8 : codeSize == 32 ? 4 : 2)) {
            put(0x67);
        }
        if (raw == 8) {
            rex |= 8;
        }
        if (row.vex) {
            return true;
        }
        long prefix = row.allowed & Row.ANY_PREFIX;
        boolean sized = longMode ? raw == 2 : raw != (codeSize == 32 ? 4 : 2);
        if (row.mandatory66) {
            sized = true;
        } else if (prefix == Row.P66 && !sized || prefix == Row.NP && (sized || repeat != 0)) {
            return false;
        }
        if (sized) {
            put(0x66);
        }
        if (prefix == Row.PF2 || prefix == Row.PF3) {
            if (repeat != 0) {
                return false;
            }
            put(prefix == Row.PF2 ? 0xF2 : 0xF3);
        } else if (repeat != 0) {
            put(repeat);
        }
        return longMode || rex == 0;
    }

    static int defaultSegment(Memory memory) {
        boolean stack = memory.base() == 5 || memory.base() == 4 && memory.addressSize() != 2;
        return stack ? 2 : 3;
    }

    private void writeOpcode() {
        int opcode = row.opcode;
        int z = row.find(OperandCode.Method.Z);
        if (z >= 0) {
            Register register = (Register) operands[z];
            opcode += register.highByte() ? register.number() + 4 : register.number() & 7;
        }
        if (row.vex) {
            writeVex();
        } else {
            if (rex != 0 || rexNeeded) {
                put(0x40 | rex);
            }
            if (row.map > 0) {
                put(0x0F);
                if (row.map > 1) {
                    put(row.map == 2 ? 0x38 : 0x3A);
                }
            }
        }
        put(opcode);
    }

    private void writeVex() {
        long w = row.allowed & Row.ANY_W;
        boolean w1 = (w & Row.W0) == 0 || w == Row.ANY_W && (rex & 8) != 0;
        long prefix = row.allowed & Row.ANY_PREFIX;
        int last = (prefix == Row.P66 ? 1 : prefix == Row.PF3 ? 2 : prefix == Row.PF2 ? 3 : 0)
                | (vectorLength() == 32 ? 4 : 0) | (~vvvv & 15) << 3;
        int inverted = ~rex;
        if (row.map == 4 && !w1 && (rex & 3) == 0) {
            put(0xC5);
            put((inverted & 4) << 5 | last);
        } else {
            put(0xC4);
            put((inverted & 4) << 5 | (inverted & 2) << 5 | (inverted & 1) << 5 | row.map - 3);
            put((w1 ? 0x80 : 0) | last);
        }
    }

    private void writeModRm() {
        if (rm instanceof Memory memory) {
            if (addressSize == 2) {
                writeMemory16(memory);
            } else {
                writeMemory32(memory);
            }
            return;
        }
        int field = 0;
        if (rm instanceof Register register) {
            field = register.highByte() ? register.number() + 4 : register.number() & 7;
        } else {
            // No operand there: a fixed r/m, or one that does not matter.
            field = Math.max(0, Long.numberOfTrailingZeros(row.allowed & Row.ANY_RM) - Row.RM_SHIFT);
        }
        put(0xC0 | registerField << 3 | field);
    }

    private void writeMemory16(Memory memory) {
        int field = Addressing.rm16(memory.base(), memory.index());
        int displacement = (short) memory.displacement();
        if (memory.base() == Memory.NONE) {
            put(registerField << 3 | 6);
            put2(displacement);
        } else if (displacement == 0 && field != 6 && displacementAtLeast == 0) {
            put(registerField << 3 | field);
        } else if (displacement == (byte) displacement && displacementAtLeast <= 1) {
            put(0x40 | registerField << 3 | field);
            put(displacement);
        } else {
            put(0x80 | registerField << 3 | field);
            put2(displacement);
        }
    }

    private void writeMemory32(Memory memory) {
        int reg = registerField << 3;
        int displacement = (int) memory.displacement();
        int base = memory.base();
        if (base == Memory.RIP) {
            put(reg | 5);
            put4(displacement);
            return;
        }
        boolean vsib = row.find(OperandCode.Method.VSIB) >= 0;
        boolean sib = memory.index() != Memory.NONE || vsib || (base & 7) == 4 && base >= 0 || base == Memory.NONE && longMode;
        int sibByte = Integer.numberOfTrailingZeros(memory.scale()) << 6 | (memory.index() == Memory.NONE ? 4 : memory.index() & 7) << 3;
        if (base == Memory.NONE) {
            put(reg | (sib ? 4 : 5));
            if (sib) {
                put(sibByte | 5);
            }
            put4(displacement);
            return;
        }
        int bytes = displacement == 0 && (base & 7) != 5 ? 0 : displacement == (byte) displacement ? 1 : 4;
        bytes = Math.max(bytes, displacementAtLeast);
        put((bytes == 0 ? 0 : bytes == 1 ? 0x40 : 0x80) | reg | (sib ? 4 : base & 7));
        if (sib) {
            put(sibByte | base & 7);
        }
        if (bytes == 1) {
            put(displacement);
        } else if (bytes > 1) {
            put4(displacement);
        }
    }

    private void writeImmediate(OperandCode code, Operand operand) {
        switch (code.method) {
            case I, SIGNED -> putValue(((Immediate) operand).value(), code.memorySize[sizeIndex]);
            case J -> putValue(((Relative) operand).displacement(), code.memorySize[sizeIndex]);
            case O -> putValue(((Memory) operand).displacement(), addressSize);
            case L -> put(((Register) operand).number() << 4);
            case A -> {
                FarPointer far = (FarPointer) operand;
                putValue(far.offset(), far.size() - 2);
                put2(far.selector());
            }
            default -> { }
        }
    }

    private void putValue(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            put((int) (value >> i * 8));
        }
    }

    private void put(int value) {
        out[length++] = (byte) value;
    }

    private void put2(int value) {
        putValue(value, 2);
    }

    private void put4(int value) {
        putValue(value, 4);
    }
}
