package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Makes instructions of every row of the opcode table with seeded operands, sizes and prefixes. */
final class FormGenerator {
    private static final long[] NOTABLE = {0, 1, -1, 2, 0x7F, -0x80, 0x80, 0xFF, 0x7FFF, -0x8000, 0x1_0000, 0x7FFF_FFFFL, -0x8000_0000L, Long.MIN_VALUE, Long.MAX_VALUE};

    /** A generated instruction: the row it is of, what it is made of, its bytes. */
    record Sample(Row row, int codeSize, List<Operand> operands, byte[] bytes) { }

    private final SplittableRandom random;
    private final int codeSize;
    private final Encoder encoder;
    private boolean highBytes;
    private int addressSize;
    private int sizeIndex;
    private Row row;

    FormGenerator(int codeSize, long seed) {
        this.codeSize = codeSize;
        random = new SplittableRandom(seed);
        encoder = new Encoder(codeSize);
    }

    /** @return up to {@code count} encodable instructions of the row in this mode; none where it does not exist there */
    List<Sample> generate(Row form, int count) {
        List<Sample> samples = new ArrayList<>(count);
        for (int attempt = 0; attempt < count * 8 && samples.size() < count; attempt++) {
            Sample sample = attempt(form);
            if (sample != null) {
                samples.add(sample);
            }
        }
        return samples;
    }

    private Sample attempt(Row form) {
        row = form;
        int[] sizes = codeSize == 64 ? new int[] {2, 4, 8, 4, 8} : new int[] {2, 4};
        int operandSize = sizes[random.nextInt(sizes.length)];
        int codeDefault = form.mandatory66 ? codeSize == 64 && form.forced64 ? 8 : 4 : codeSize == 16 ? 2 : codeSize == 64 && (form.default64 || form.forced64) ? 8 : 4;
        if (!form.distinguishes(operandSize, codeDefault)) {
            operandSize = codeDefault;
        }
        if (form.vex && operandSize == 2) {
            operandSize = 4;
        }
        sizeIndex = operandSize == 8 ? 2 : operandSize == 4 ? 1 : 0;
        boolean other = random.nextInt(4) == 0;
        addressSize = codeSize == 64 ? other ? 4 : 8 : codeSize == 32 == other ? 2 : 4;
        highBytes = random.nextBoolean();
        List<Operand> operands = new ArrayList<>();
        boolean memory = false;
        for (OperandCode code : form.operands) {
            if (!code.implied()) {
                Operand operand = operand(code);
                operands.add(operand);
                memory |= operand instanceof Memory;
            } else {
                memory = true;
            }
        }
        boolean strings = form.find(OperandCode.Method.X) >= 0 || form.find(OperandCode.Method.Y) >= 0;
        encoder.lock = form.form.lockable() && random.nextInt(4) == 0;
        encoder.repeat = strings ? new int[] {0, 0, 0xF2, 0xF3}[random.nextInt(4)] : 0;
        encoder.segmentOverride = form.find(OperandCode.Method.X) >= 0 && random.nextBoolean() ? segment() : -1;
        if (encoder.segmentOverride == 3) {
            encoder.segmentOverride = -1;
        }
        if (!memory && !usesAddressSize(form)) {
            addressSize = codeSize == 64 ? 8 : codeSize == 32 ? 4 : 2;
        }
        if (clashes(form, operands)) {
            return null;
        }
        byte[] bytes = encoder.encode(form, operandSize, addressSize, operands);
        return bytes == null ? null : new Sample(form, codeSize, operands, bytes);
    }

    /** What is undefined or another instruction: a gather whose registers are not three different ones, MOV to CS, XCHG of rAX with itself. */
    private static boolean clashes(Row form, List<Operand> operands) {
        if (form.opcode == 0x90 && form.opcodes == 8) {
            return ((Register) operands.get(0)).number() == 0;
        }
        if (form.find(OperandCode.Method.VSIB) == 1) {
            int destination = ((Register) operands.get(0)).number();
            int index = ((Memory) operands.get(1)).index();
            int mask = ((Register) operands.get(2)).number();
            return destination == index || destination == mask || index == mask;
        }
        return form.opcode == 0x8E && form.map == 0 && ((Register) operands.get(0)).number() == 1;
    }

    private static boolean usesAddressSize(Row form) {
        return (form.allowed & Row.ANY_AS) != Row.ANY_AS || form.form.operands().contains("Rn");
    }

    private int segment() {
        return codeSize == 64 ? 4 + random.nextInt(2) : random.nextInt(6);
    }

    private int number() {
        return random.nextInt(codeSize == 64 ? 16 : 8);
    }

    private Operand operand(OperandCode code) {
        int size = code.registerSize[sizeIndex];
        if (size == OperandCode.VECTOR_LENGTH) {
            size = row.vex && (row.allowed & Row.ANY_L) == Row.L256 ? 32 : 16;
        }
        return switch (code.method) {
            case E -> random.nextInt(3) > 0 ? memory(code) : general(code);
            case Q -> random.nextInt(3) > 0 ? memory(code) : Registers.of(RegisterFile.MMX, random.nextInt(8), 8);
            case W -> random.nextInt(3) > 0 ? memory(code) : Registers.of(RegisterFile.VECTOR, number(), size);
            case G, R, Z, B -> general(code);
            case M, VSIB -> memory(code);
            case I, SIGNED -> immediate(code);
            case ONE -> new Immediate(1, 1);
            case J -> new Relative(value(code.memorySize[sizeIndex]), code.memorySize[sizeIndex]);
            case O -> new Memory(random.nextBoolean() ? 3 : segment(), Memory.NONE, Memory.NONE, 1, value(addressSize), addressSize, code.memorySize[sizeIndex]);
            case A -> new FarPointer(random.nextInt(0x1_0000), value(code.memorySize[sizeIndex] - 2) & (sizeIndex == 0 ? 0xFFFF : 0xFFFF_FFFFL), code.memorySize[sizeIndex]);
            case S -> Registers.of(RegisterFile.SEGMENT, random.nextInt(6), 2);
            case C -> Registers.of(RegisterFile.CONTROL, new int[] {0, 2, 3, 4, codeSize == 64 ? 8 : 0}[random.nextInt(5)], size);
            case D -> Registers.of(RegisterFile.DEBUG, random.nextInt(8), size);
            case P, N -> Registers.of(RegisterFile.MMX, random.nextInt(8), 8);
            case V, U, H, L -> Registers.of(RegisterFile.VECTOR, number(), size);
            case STI -> Registers.of(RegisterFile.X87, random.nextInt(8), 10);
            case FIXED -> code.fixed;
            case ACCUMULATOR -> Registers.of(RegisterFile.GENERAL, 0, size);
            case X, Y, XLAT -> throw new IllegalArgumentException(code.text);
        };
    }

    private Register general(OperandCode code) {
        int size = code.registerSize[sizeIndex];
        if (size == OperandCode.ADDRESS_SIZE) {
            size = addressSize;
        }
        if (size == 1 && (highBytes || codeSize != 64)) {
            return Registers.general(random.nextInt(8), 1, false);
        }
        return Registers.of(RegisterFile.GENERAL, number(), size);
    }

    private Memory memory(OperandCode code) {
        int size = code.memorySize[sizeIndex];
        if (size == OperandCode.VECTOR_LENGTH) {
            size = row.vex && (row.allowed & Row.ANY_L) == Row.L256 ? 32 : 16;
        }
        int base = Memory.NONE;
        int index = Memory.NONE;
        int scale = 1;
        boolean vsib = code.method == OperandCode.Method.VSIB;
        if (addressSize == 2) {
            int rm = random.nextInt(9);
            base = rm == 8 ? Memory.NONE : Addressing.BASE_16[rm];
            index = rm == 8 ? Memory.NONE : Addressing.INDEX_16[rm];
        } else {
            base = random.nextInt(8) == 0 ? Memory.NONE : number();
            if (vsib || random.nextInt(2) == 0) {
                index = highBytes && !vsib ? random.nextInt(4) : number();
                scale = 1 << random.nextInt(4);
            }
            if (base >= 0 && highBytes) {
                base &= 7;
            }
            if (codeSize == 64 && base == Memory.NONE && index == Memory.NONE && random.nextBoolean()) {
                base = Memory.RIP;
            }
        }
        long displacement = switch (random.nextInt(4)) {
            case 0 -> value(Math.min(addressSize, 4));
            case 1 -> value(1);
            default -> 0;
        };
        if (base == Memory.NONE) {
            displacement = value(Math.min(addressSize, 4));
        }
        Memory plain = new Memory(3, base, index, scale, displacement, addressSize, size);
        int segment = random.nextInt(3) == 0 ? segment() : Encoder.defaultSegment(plain);
        return new Memory(segment, base, index, scale, displacement, addressSize, size);
    }

    private Immediate immediate(OperandCode code) {
        int bytes = code.memorySize[sizeIndex];
        long value = value(bytes);
        if (code.method == OperandCode.Method.I) {
            value &= (1L << bytes * 8) - 1;
        }
        return new Immediate(value, code.registerSize[sizeIndex]);
    }

    /** @return a notable or random value, sign-extended from so many bytes */
    private long value(int bytes) {
        long value = random.nextBoolean() ? NOTABLE[random.nextInt(NOTABLE.length)] : random.nextLong();
        int unused = 64 - bytes * 8;
        return value << unused >> unused;
    }
}
