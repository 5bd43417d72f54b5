package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.FarPointer;
import com.vtsim.cpu.isa.Operand.Immediate;
import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.Operand.Relative;
import com.vtsim.cpu.isa.SourceOperand.OfFarPointer;
import com.vtsim.cpu.isa.SourceOperand.OfMemory;
import com.vtsim.cpu.isa.SourceOperand.OfRegister;
import com.vtsim.cpu.isa.SourceOperand.OfValue;
import com.vtsim.cpu.isa.SourceOperand.Reach;
import java.util.ArrayList;
import java.util.List;

/** Finds the shortest encoding of one statement's instruction: tries its rows of the opcode table at every operand size. */
final class InstructionSelector {
    private final Decoder decoder = new Decoder();
    private final AddressResolver addresses = new AddressResolver();

    private Statement statement;
    private Spelling spelling;
    private Expression.Scope scope;
    private Encoder encoder;
    private List<Operand> operands;
    private Reach reach;
    private boolean far;
    private int addressSize;
    private byte[] best;
    private int bestMemorySize;
    private boolean ambiguous;
    private int atLeast;

    /**
     * @param given   the statement
     * @param names   symbols and the statement's place
     * @param minimum bytes the instruction must take if an encoding so long exists: what an earlier pass needed
     * @return its bytes
     * @throws AssemblyException if no encoding exists
     */
    byte[] select(Statement given, Expression.Scope names, int minimum) {
        statement = given;
        scope = names;
        spelling = Spelling.of(given);
        encoder = new Encoder(given.bits);
        encoder.lock = given.lock;
        encoder.repeat = given.repeat;
        encoder.segmentOverride = given.bits == 64 && given.segmentOverride < 4 ? -1 : given.segmentOverride;
        List<Row> rows = OpcodeTable.instance().rows(spelling.mnemonic());
        if (rows.isEmpty()) {
            throw scope.error(given.column, "there is no instruction or directive '" + given.name + "'" + Spelling.suggestion(given.name));
        }
        resolveOperands();
        atLeast = Math.max(0, minimum - spelling.leading().length);
        best = null;
        ambiguous = false;
        tryOrders(rows);
        if (best == null && atLeast > 0) {
            atLeast = 0;
            tryOrders(rows);
        }
        if (best == null) {
            throw mismatch(rows);
        }
        if (ambiguous) {
            throw scope.error(memoryColumn(), "the size of the memory operand is not clear: write byte, word, dword or qword before it");
        }
        return withLeading();
    }

    private byte[] withLeading() {
        byte[] leading = spelling.leading();
        if (leading.length == 0) {
            return best;
        }
        byte[] whole = new byte[leading.length + best.length];
        System.arraycopy(leading, 0, whole, 0, leading.length);
        System.arraycopy(best, 0, whole, leading.length, best.length);
        return whole;
    }

    private int memoryColumn() {
        for (SourceOperand operand : statement.operands) {
            if (operand instanceof OfMemory) {
                return operand.column();
            }
        }
        return statement.column;
    }

    private AssemblyException mismatch(List<Row> rows) {
        StringBuilder forms = new StringBuilder();
        for (Row row : rows) {
            String codes = row.form.operands().isEmpty() ? "no operands" : row.form.operands();
            if (forms.indexOf(codes) < 0) {
                forms.append(forms.length() > 0 ? "  " : "").append(codes);
            }
        }
        return scope.error(statement.column, "no form of " + statement.name + " takes these operands in " + statement.bits
                + "-bit code; in the manual's operand codes it takes: " + forms);
    }

    private void resolveOperands() {
        operands = new ArrayList<>();
        reach = Reach.ANY;
        far = false;
        addressSize = statement.addressSize != 0 ? statement.addressSize : statement.bits / 8;
        for (SourceOperand operand : spelling.operands()) {
            operands.add(resolve(operand));
        }
        boolean selector = spelling.mnemonic().equals("LAR") || spelling.mnemonic().equals("LSL")
                || spelling.mnemonic().equals("MOV") && operands.size() == 2 && operands.get(0) instanceof Register named && named.file() == RegisterFile.SEGMENT;
        if (selector && operands.size() == 2 && operands.get(1) instanceof Register wide && wide.file() == RegisterFile.GENERAL && wide.size() > 2) {
            // Only 16 bits of the register are used, whatever it is called.
            operands.set(1, Registers.of(RegisterFile.GENERAL, wide.number(), 2));
        }
        if (spelling.addressSize() != 0) {
            addressSize = spelling.addressSize();
        }
        if (spelling.segment() >= 0 && (statement.bits != 64 || spelling.segment() >= 4)) {
            encoder.segmentOverride = spelling.segment();
        }
    }

    private Operand resolve(SourceOperand operand) {
        if (operand instanceof OfRegister named) {
            Register register = named.register();
            RegisterFile file = register.file();
            if (register.number() > 7 && statement.bits != 64 || file == RegisterFile.GENERAL && register.size() == 8 && statement.bits != 64) {
                throw scope.error(named.column(), RegisterNames.of(register) + " exists in 64-bit code only");
            }
            if (file == RegisterFile.CONTROL || file == RegisterFile.DEBUG) {
                return Registers.of(file, register.number(), statement.bits == 64 ? 8 : 4);
            }
            return register;
        }
        if (operand instanceof OfMemory memory) {
            far |= memory.far();
            encoder.vectorIndexSize = addresses.vectorIndexSize(memory);
            Memory resolved = addresses.resolve(memory, statement, scope);
            addressSize = resolved.addressSize();
            return resolved;
        }
        if (operand instanceof OfFarPointer pointer) {
            long selector = pointer.selector().value(scope);
            if (selector >> 16 != 0) {
                throw scope.error(pointer.column(), "a selector has 16 bits");
            }
            long offset = pointer.offset().value(scope);
            // A difference with a label not yet placed may be out of any range.
            return new FarPointer((int) selector, scope.unknown() ? 0 : offset, pointer.size());
        }
        OfValue value = (OfValue) operand;
        reach = value.reach();
        long number = value.value().value(scope);
        return new Immediate(number, value.size());
    }

    private void tryOrders(List<Row> rows) {
        tryRows(rows);
        if (operands.size() == 2 && (spelling.mnemonic().equals("TEST") || spelling.mnemonic().equals("XCHG"))) {
            // These two do not care about the order.
            operands = List.of(operands.get(1), operands.get(0));
            tryRows(rows);
        }
    }

    private void tryRows(List<Row> rows) {
        int usual = statement.bits == 16 ? 2 : 4;
        for (Row row : rows) {
            if (row.alias || row.explicit != operands.size()) {
                continue;
            }
            int codeDefault = row.mandatory66 || row.vex ? 4 : usual;
            if (statement.bits == 64 && (row.default64 || row.forced64)) {
                codeDefault = 8;
            }
            int wanted = spelling.operandSize() != 0 ? spelling.operandSize() : statement.operandSize;
            if (wanted != 0) {
                tryRow(row, wanted);
                continue;
            }
            tryRow(row, codeDefault);
            boolean hidden = row.sizedWithoutOperand || row.explicit == 0 && (row.allowed & Row.ANY_OS) == Row.ANY_OS
                    || row.explicit > 0 && onlyUnsizedNumbers();
            for (int size = 2; size <= 8; size *= 2) {
                if (size != codeDefault && !hidden && row.distinguishes(size, codeDefault)) {
                    tryRow(row, size);
                }
            }
        }
    }

    /** Numbers without a size keyword say nothing of the operand size, which is then the usual one. */
    private boolean onlyUnsizedNumbers() {
        for (Operand operand : operands) {
            boolean unsized = operand instanceof Immediate immediate && immediate.size() == 0
                    || operand instanceof FarPointer pointer && pointer.size() == 0;
            if (!unsized) {
                return false;
            }
        }
        return true;
    }

    private void tryRow(Row row, int operandSize) {
        List<Operand> filled = fill(row, operandSize);
        if (filled == null) {
            return;
        }
        byte[] shortest = null;
        for (int displacement : new int[] {0, 1, 4}) {
            encoder.displacementAtLeast = displacement;
            byte[] bytes = encode(row, operandSize, filled);
            if (bytes == null) {
                break;
            }
            if (bytes.length >= atLeast) {
                shortest = bytes;
                break;
            }
        }
        if (shortest != null) {
            consider(row, operandSize, filled, shortest);
        }
    }

    private void consider(Row row, int operandSize, List<Operand> filled, byte[] bytes) {
        Decoded check = decoder.decode(ByteSource.of(bytes, 0), statement.bits);
        // XCHG EAX,EAX as 90 is another instruction, MOV CS,AX is none.
        if (!(check instanceof Instruction instruction) || !instruction.mnemonic().equals(row.form.mnemonic())) {
            return;
        }
        int memorySize = unsizedMemory(row, operandSize, filled);
        boolean branch = row.form.mnemonic().equals("JMP") || row.form.mnemonic().equals("CALL");
        if (best == null) {
            bestMemorySize = memorySize;
        } else if (memorySize != 0 && bestMemorySize != 0 && memorySize != bestMemorySize) {
            // A jump through memory is of the usual size unless said otherwise.
            ambiguous |= !branch;
            return;
        }
        if (best == null || bytes.length < best.length) {
            best = bytes;
        }
    }

    /** @return the size the row gives a memory operand written without one, or 0 */
    private int unsizedMemory(Row row, int operandSize, List<Operand> filled) {
        int index = operandSize == 8 ? 2 : operandSize == 4 ? 1 : 0;
        for (int i = 0; i < filled.size(); i++) {
            if (filled.get(i) instanceof Memory memory && memory.size() < 0) {
                int size = row.operands[i].memorySize[index];
                return size == OperandCode.VECTOR_LENGTH ? (row.allowed & Row.ANY_L) == Row.L256 ? 32 : 16 : size;
            }
        }
        return 0;
    }

    /** @return the operands as the row takes them: numbers become branch targets, far pointers get their size; null if they cannot */
    private List<Operand> fill(Row row, int operandSize) {
        int index = operandSize == 8 ? 2 : operandSize == 4 ? 1 : 0;
        if (far != row.form.operands().equals("Mp") && !operands.isEmpty() && operands.get(0) instanceof Memory memory && memory.size() != 6 && memory.size() != 10) {
            return null;
        }
        List<Operand> filled = operands;
        for (int i = 0; i < operands.size(); i++) {
            OperandCode code = row.operands[i];
            Operand operand = operands.get(i);
            Operand changed = operand;
            if (code.method == OperandCode.Method.J && operand instanceof Immediate) {
                changed = new Relative(0, code.memorySize[index]);
                boolean isShort = code.memorySize[index] == 1;
                if (reach == Reach.SHORT && !isShort || reach == Reach.NEAR && isShort) {
                    return null;
                }
            } else if (operand instanceof FarPointer pointer) {
                int size = code.memorySize[index];
                boolean sized = pointer.size() == 0 || pointer.size() == size - 2;
                if (code.method != OperandCode.Method.A || !sized || pointer.offset() >>> size * 8 - 16 != 0) {
                    return null;
                }
                changed = new FarPointer(pointer.selector(), pointer.offset(), size);
            } else if (operand instanceof Immediate immediate && immediate.size() != 0) {
                changed = sized(row, code, immediate, index);
                if (changed == null) {
                    return null;
                }
            } else if (operand instanceof Memory memory && far && memory.size() > 0) {
                // FAR DWORD: the size is the offset's.
                int size = code.memorySize[index];
                if (memory.size() != size - 2) {
                    return null;
                }
                changed = new Memory(memory.segment(), memory.base(), memory.index(), memory.scale(), memory.displacement(), memory.addressSize(), size);
            }
            if (changed != operand) {
                filled = new ArrayList<>(filled);
                filled.set(i, changed);
            }
        }
        return filled;
    }

    /** A size keyword before a number: how wide the datum is, or for PUSH and short forms how wide the encoding. */
    private static Operand sized(Row row, OperandCode code, Immediate immediate, int index) {
        int datum = code.registerSize[index];
        int encoded = code.memorySize[index];
        if (immediate.size() == datum || immediate.size() == encoded) {
            return new Immediate(immediate.value(), datum);
        }
        return null;
    }

    private byte[] encode(Row row, int operandSize, List<Operand> filled) {
        long as = addressSize == 8 ? Row.AS64 : addressSize == 4 ? Row.AS32 : Row.AS16;
        int size = (row.allowed & as) != 0 ? addressSize : rowAddressSize(row);
        if (row.form.operands().contains("Rn") && filled.get(0) instanceof Register register) {
            size = register.size();
        }
        byte[] bytes = encoder.encode(row, operandSize, size, filled);
        if (bytes == null) {
            return null;
        }
        for (int i = 0; i < filled.size(); i++) {
            Operand operand = filled.get(i);
            Operand changed = operand;
            if (operand instanceof Relative relative) {
                long target = ((Immediate) operands.get(i)).value();
                long distance = distance(target, scope.here() + spelling.leading().length + bytes.length, operandSize);
                if (relative.size() == 1 && distance != (byte) distance || distance != (int) distance) {
                    return null;
                }
                changed = new Relative(distance, relative.size());
            } else if (operand instanceof Memory memory && memory.base() == Memory.RIP && addresses.toRip()) {
                long distance = memory.displacement() - (scope.here() + bytes.length);
                if (distance != (int) distance) {
                    throw scope.error(memoryColumn(), "the address is more than 2 GiB away and cannot be reached relative to RIP");
                }
                changed = new Memory(memory.segment(), memory.base(), memory.index(), memory.scale(), distance, memory.addressSize(), memory.size());
            }
            if (changed != operand) {
                List<Operand> placed = new ArrayList<>(filled);
                placed.set(i, changed);
                return encoder.encode(row, operandSize, size, placed);
            }
        }
        return bytes;
    }

    private int rowAddressSize(Row row) {
        long as = row.allowed & Row.ANY_AS;
        return as == Row.AS64 ? 8 : as == Row.AS32 ? 4 : 2;
    }

    /** Targets wrap at the size of the instruction pointer the branch leaves. */
    private long distance(long target, long from, int operandSize) {
        long distance = target - from;
        if (scope.unknown()) {
            return 0;
        }
        if (operandSize == 2 && (distance >= 0x1_0000 || distance <= -0x1_0000)) {
            throw scope.error(statement.column, "the target is not in this 64 KiB segment; o32 before the branch, or a far one, reaches it");
        }
        return operandSize == 2 ? (short) distance : operandSize == 4 ? (int) distance : distance;
    }
}
