package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;
import java.util.List;

/**
 * Decodes instructions. Keeps the prefixes of the instruction under way, so an instance serves one thread at a time.
 *
 * @sdm Instruction Format; Opcode Map
 */
public final class Decoder {
    /** The architectural limit on an instruction's length in bytes. */
    public static final int MAX_LENGTH = 15;

    private static final int ES = 0;
    private static final int SS = 2;
    private static final int DS = 3;
    private static final Immediate ONE = new Immediate(1, 1);

    /** Thrown past the decoding methods where an instruction exceeds the length limit; never leaves the class. */
    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;
        static final TooLong THROWN = new TooLong();

        private TooLong() {
            super(null, null, false, false);
        }
    }

    private final OpcodeTable.Cell[][] legacy = OpcodeTable.instance().cells(false);
    private final OpcodeTable.Cell[][] wide = OpcodeTable.instance().cells(true);

    private ByteSource source;
    private int length;
    private boolean longMode;
    private boolean defaultBig;
    private int segment;
    private boolean lock;
    private int repeat;
    private boolean operandSizePrefix;
    private boolean addressSizePrefix;
    private int rex;
    private boolean vex;
    private int vvvv;
    private int vectorLength;
    private int addressSize;
    private int modRm;
    private int opcode;
    private Memory memory;

    /**
     * Decodes one instruction.
     *
     * @param bytes    where to fetch it from; asked for the bytes in order, for none behind the instruction and for at most 15.
     *                 What it throws passes through.
     * @param codeSize 16, 32 or 64: what CS.D and CS.L select
     * @return the instruction, or why there is none
     */
    public Decoded decode(ByteSource bytes, int codeSize) {
        source = bytes;
        length = 0;
        longMode = codeSize == 64;
        defaultBig = codeSize != 16;
        segment = Memory.NONE;
        lock = false;
        repeat = 0;
        operandSizePrefix = false;
        addressSizePrefix = false;
        rex = 0;
        vex = false;
        vvvv = 15;
        vectorLength = 0;
        memory = null;
        try {
            return decodeAfterPrefixes(readPrefixes());
        } catch (TooLong limit) {
            return Undecodable.TOO_LONG;
        }
    }

    /** @return bytes fetched by the last {@link #decode}, also where it failed */
    public int fetched() {
        return length;
    }

    private int next() {
        if (length == MAX_LENGTH) {
            throw TooLong.THROWN;
        }
        int value = source.next();
        length++;
        return value;
    }

    private int next2() {
        int low = next();
        return low | next() << 8;
    }

    private int next4() {
        int low = next2();
        return low | next2() << 16;
    }

    private long next8() {
        long low = next4() & 0xFFFF_FFFFL;
        return low | (long) next4() << 32;
    }

    /** @return the first byte that is no prefix */
    private int readPrefixes() {
        while (true) {
            int value = next();
            switch (value) {
                case 0x26, 0x2E, 0x36, 0x3E -> {
                    if (!longMode) {
                        segment = value >> 3 & 3;
                    }
                }
                case 0x64, 0x65 -> segment = value & 7;
                case 0x66 -> operandSizePrefix = true;
                case 0x67 -> addressSizePrefix = true;
                case 0xF0 -> lock = true;
                case 0xF2, 0xF3 -> repeat = value;
                default -> {
                    if (!longMode || (value & 0xF0) != 0x40) {
                        return value;
                    }
                    rex = value;
                    continue;
                }
            }
            // A REX prefix counts only directly before the opcode.
            rex = 0;
        }
    }

    private Decoded decodeAfterPrefixes(int first) {
        addressSize = longMode ? addressSizePrefix ? 4 : 8 : defaultBig == addressSizePrefix ? 2 : 4;
        int map = 0;
        int value = first;
        boolean haveModRm = false;
        if (value == 0x0F) {
            value = next();
            map = 1;
            if (value == 0x38 || value == 0x3A) {
                map = value == 0x38 ? 2 : 3;
                value = next();
            }
        } else if (value == 0xC4 || value == 0xC5) {
            int payload = next();
            if (longMode || payload >= 0xC0) {
                map = readVex(value == 0xC4, payload);
                if (map < 0) {
                    return Undecodable.UNDEFINED;
                }
                value = next();
            } else {
                modRm = payload;
                haveModRm = true;
            }
        }
        opcode = value;
        OpcodeTable.Cell cell = (longMode ? wide : legacy)[map][value];
        if (cell == null) {
            return Undecodable.UNDEFINED;
        }
        Row[] rows = cell.byReg[0];
        long state = state();
        if (cell.modRm) {
            if (!haveModRm) {
                modRm = next();
            }
            rows = cell.byReg[modRm >> 3 & 7];
            state |= (modRm >= 0xC0 ? Row.REGISTER : Row.MEMORY) | 1L << Row.RM_SHIFT + (modRm & 7);
        }
        for (Row row : rows) {
            if ((state & ~row.allowed) == 0) {
                return build(row);
            }
        }
        return Undecodable.UNDEFINED;
    }

    /** @return the opcode map, or -1 for a combination that is undefined */
    private int readVex(boolean threeBytes, int payload) {
        if (operandSizePrefix || repeat != 0 || lock || rex != 0) {
            return -1;
        }
        vex = true;
        int map = 1;
        int last = payload;
        rex = (payload & 0x80) == 0 ? 4 : 0;
        if (threeBytes) {
            rex |= (payload & 0x40) == 0 ? 2 : 0;
            rex |= (payload & 0x20) == 0 ? 1 : 0;
            map = payload & 0x1F;
            last = next();
            rex |= (last & 0x80) != 0 ? 8 : 0;
        }
        vvvv = ~last >> 3 & 15;
        if (!longMode) {
            // R and X are 1 here, or this were LES or LDS; B and vvvv's high bit are ignored.
            rex &= 8;
        }
        vectorLength = (last & 4) != 0 ? 32 : 16;
        switch (last & 3) {
            case 1 -> operandSizePrefix = true;
            case 2 -> repeat = 0xF3;
            case 3 -> repeat = 0xF2;
            default -> { }
        }
        return map >= 1 && map <= Row.VEX_MAPS ? map + 3 : -1;
    }

    private long state() {
        long state = repeat == 0xF3 ? Row.PF3 : repeat == 0xF2 ? Row.PF2 : operandSizePrefix ? Row.P66 : Row.NP;
        state |= longMode ? Row.LONG : Row.LEGACY;
        boolean w = (rex & 8) != 0;
        if (vex) {
            state |= w ? longMode ? Row.W1_LONG : Row.W1_LEGACY : Row.W0;
            state |= vectorLength == 32 ? Row.L256 : Row.L128;
        } else {
            int size = operandSizeByPrefixes();
            state |= size == 8 ? Row.OS64 : size == 4 ? Row.OS32 : Row.OS16;
        }
        state |= addressSize == 8 ? Row.AS64 : addressSize == 4 ? Row.AS32 : Row.AS16;
        return state | ((rex & 1) != 0 ? Row.B1 : Row.B0);
    }

    private int operandSizeByPrefixes() {
        if (longMode) {
            return (rex & 8) != 0 ? 8 : operandSizePrefix ? 2 : 4;
        }
        return defaultBig == operandSizePrefix ? 2 : 4;
    }

    private int operandSize(Row row) {
        if (vex || row.mandatory66) {
            return longMode && ((rex & 8) != 0 || row.forced64) ? 8 : 4;
        }
        int size = operandSizeByPrefixes();
        if (longMode) {
            if (row.forced64 || row.default64 && size == 4) {
                return 8;
            }
            if (row.narrow && size == 8) {
                return 4;
            }
        }
        return size;
    }

    private Decoded build(Row row) {
        if (vex && row.vvvvUnused && vvvv != 0) {
            return Undecodable.UNDEFINED;
        }
        int operandSize = operandSize(row);
        int sizeIndex = operandSize == 8 ? 2 : operandSize == 4 ? 1 : 0;
        if (row.modRm && modRm < 0xC0 && !row.ignoresMod) {
            readMemory(row, sizeIndex);
        }
        OperandCode[] codes = row.operands;
        List<Operand> operands;
        if (row.explicit == 0) {
            operands = List.of();
        } else if (row.explicit == 1) {
            Operand only = operand(codes[0], sizeIndex);
            if (only == null) {
                return Undecodable.UNDEFINED;
            }
            operands = List.of(only);
        } else {
            Operand[] filled = new Operand[row.explicit];
            for (int i = 0; i < filled.length; i++) {
                filled[i] = operand(codes[i], sizeIndex);
                if (filled[i] == null) {
                    return Undecodable.UNDEFINED;
                }
            }
            operands = List.of(filled);
        }
        if (lock && !(row.form.lockable() && memory != null) || !legalRegisters(row)) {
            return Undecodable.UNDEFINED;
        }
        return new Instruction(row.form, operands, length, operandSize, addressSize, segment, lock,
                row.mandatoryRepeat ? 0 : repeat, vex ? vectorLength : 0, longMode ? 64 : defaultBig ? 32 : 16);
    }

    /** Vector registers of a gather must be three different ones. @sdm VPGATHERDD (VSIB #UD conditions) */
    private boolean legalRegisters(Row row) {
        if (memory == null || row.operands.length != 3 || row.operands[1].method != OperandCode.Method.VSIB) {
            return true;
        }
        int destination = reg();
        return destination != memory.index() && destination != vvvv && memory.index() != vvvv;
    }

    private int reg() {
        return modRm >> 3 & 7 | (rex & 4) << 1;
    }

    private int rm() {
        return modRm & 7 | (rex & 1) << 3;
    }

    /** @return the operand, or null where the register field names no register */
    private Operand operand(OperandCode code, int sizeIndex) {
        switch (code.method) {
            case E:
                return memory != null ? memory : general(rm(), code, sizeIndex);
            case G:
                return general(reg(), code, sizeIndex);
            case R:
                return general(rm(), code, sizeIndex);
            case M, VSIB:
                return memory;
            case Z:
                return general(opcode & 7 | (rex & 1) << 3, code, sizeIndex);
            case B:
                return general(longMode ? vvvv : vvvv & 7, code, sizeIndex);
            case I, SIGNED:
                return immediate(code, sizeIndex);
            case J:
                return relative(code.memorySize[sizeIndex]);
            case O:
                return offset(code.memorySize[sizeIndex]);
            case A:
                return farPointer(sizeIndex);
            case S:
                return segmentRegister();
            case C:
                return controlRegister(code.registerSize[sizeIndex]);
            case D:
                return reg() > 7 ? null : Registers.of(RegisterFile.DEBUG, reg(), code.registerSize[sizeIndex]);
            case FIXED:
                return code.fixed;
            case ACCUMULATOR:
                return Registers.general(0, code.registerSize[sizeIndex], true);
            case ONE:
                return ONE;
            case P:
                return Registers.of(RegisterFile.MMX, modRm >> 3 & 7, 8);
            case Q:
                return memory != null ? memory : Registers.of(RegisterFile.MMX, modRm & 7, 8);
            case N:
                return Registers.of(RegisterFile.MMX, modRm & 7, 8);
            case STI:
                return Registers.of(RegisterFile.X87, modRm & 7, 10);
            case V:
                return vector(reg(), code);
            case W:
                return memory != null ? memory : vector(rm(), code);
            case U:
                return vector(rm(), code);
            case H:
                return vector(longMode ? vvvv : vvvv & 7, code);
            case L:
                int is4 = next();
                return vector(longMode ? is4 >> 4 : is4 >> 4 & 7, code);
            default:
                throw new IllegalStateException("operand code " + code + " gives no operand");
        }
    }

    private Register general(int number, OperandCode code, int sizeIndex) {
        int size = code.registerSize[sizeIndex];
        if (size == OperandCode.ADDRESS_SIZE) {
            size = addressSize;
        }
        return Registers.general(number, size, rex != 0 || vex);
    }

    private Register vector(int number, OperandCode code) {
        int size = code.registerSize[0];
        return Registers.of(RegisterFile.VECTOR, number, size == OperandCode.VECTOR_LENGTH ? Math.max(vectorLength, 16) : size);
    }

    private Operand segmentRegister() {
        int number = modRm >> 3 & 7;
        // MOV to CS is undefined.
        if (number > 5 || number == 1 && opcode == 0x8E) {
            return null;
        }
        return Registers.of(RegisterFile.SEGMENT, number, 2);
    }

    private Operand controlRegister(int size) {
        int number = reg();
        return switch (number) {
            case 0, 2, 3, 4, 8 -> Registers.of(RegisterFile.CONTROL, number, size);
            default -> null;
        };
    }

    private Immediate immediate(OperandCode code, int sizeIndex) {
        long value = switch (code.memorySize[sizeIndex]) {
            case 1 -> code.method == OperandCode.Method.SIGNED ? (byte) next() : next();
            case 2 -> code.method == OperandCode.Method.SIGNED ? (short) next2() : next2();
            case 4 -> next4();
            default -> next8();
        };
        return new Immediate(value, code.registerSize[sizeIndex]);
    }

    private Relative relative(int size) {
        long displacement = switch (size) {
            case 1 -> (byte) next();
            case 2 -> (short) next2();
            default -> next4();
        };
        return new Relative(displacement, size);
    }

    private FarPointer farPointer(int sizeIndex) {
        long offset = sizeIndex == 0 ? next2() : next4() & 0xFFFF_FFFFL;
        return new FarPointer(next2(), offset, sizeIndex == 0 ? 4 : 6);
    }

    private Memory offset(int size) {
        long displacement = switch (addressSize) {
            case 2 -> (short) next2();
            case 4 -> next4();
            default -> next8();
        };
        memory = new Memory(segment >= ES ? segment : DS, Memory.NONE, Memory.NONE, 1, displacement, addressSize, size);
        return memory;
    }

    private void readMemory(Row row, int sizeIndex) {
        int size = 0;
        boolean vsib = false;
        for (OperandCode code : row.operands) {
            if (code.usesRm()) {
                size = code.memorySize[sizeIndex];
                vsib = code.method == OperandCode.Method.VSIB;
                break;
            }
        }
        if (size == OperandCode.VECTOR_LENGTH) {
            size = Math.max(vectorLength, 16);
        }
        memory = addressSize == 2 ? readMemory16(size) : readMemory32(size, vsib);
    }

    private Memory readMemory16(int size) {
        int rm = modRm & 7;
        int mod = modRm >> 6;
        int base = Addressing.BASE_16[rm];
        long displacement = 0;
        if (mod == 1) {
            displacement = (byte) next();
        } else if (mod == 2) {
            displacement = (short) next2();
        } else if (rm == 6) {
            displacement = (short) next2();
            base = Memory.NONE;
        }
        int selected = segment >= ES ? segment : base == 5 ? SS : DS;
        return new Memory(selected, base, Addressing.INDEX_16[rm], 1, displacement, 2, size);
    }

    private Memory readMemory32(int size, boolean vsib) {
        int rm = modRm & 7;
        int mod = modRm >> 6;
        int base = rm | (rex & 1) << 3;
        int index = Memory.NONE;
        int scale = 1;
        if (rm == 4) {
            int sib = next();
            base = sib & 7 | (rex & 1) << 3;
            index = sib >> 3 & 7 | (rex & 2) << 2;
            if (index == 4 && !vsib) {
                index = Memory.NONE;
            } else {
                scale = 1 << (sib >> 6);
            }
            if ((sib & 7) == 5 && mod == 0) {
                base = Memory.NONE;
            }
        } else if (rm == 5 && mod == 0) {
            base = longMode ? Memory.RIP : Memory.NONE;
        }
        long displacement = mod == 1 ? (byte) next() : mod == 2 || base == Memory.NONE || base == Memory.RIP ? next4() : 0;
        int selected = segment >= ES ? segment : base == 4 || base == 5 ? SS : DS;
        return new Memory(selected, base, index, scale, displacement, addressSize, size);
    }
}
