package com.vtsim.cpu.hot;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.hot.LateFlags.Rule;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.List;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/**
 * The frequent integer instructions of 64-bit code as bytecode: operands of 1 (low bytes), 4 and 8 bytes. What they do is
 * what the operations of the package {@code integer} do, which is tested against silicon; a test compares the two.
 */
final class IntegerCode {
    private static final List<String> CONDITIONS =
        List.of("O", "NO", "B", "NB", "Z", "NZ", "BE", "NBE", "S", "NS", "P", "NP", "L", "NL", "LE", "NLE");

    private final BlockCode code;

    IntegerCode(BlockCode code) {
        this.code = code;
    }

    /** @return where a near branch goes, checked: with the same bits 63:47 as a canonical address a target is canonical */
    static long near(Cpu cpu, long from, long to) {
        return (to ^ from) >>> 47 == 0 ? to : cpu.branchTarget(to);
    }

    /** @return whether the instruction has been written; if not, nothing has */
    boolean write(Instruction i) {
        if (i.lock() || i.repeat() != 0 && !i.mnemonic().startsWith("ENDBR")) {
            return false;
        }
        String name = i.mnemonic();
        switch (name) {
            case "NOP", "ENDBR64":
                return true;
            case "MOV":
                return move(i);
            case "ADD", "ADC", "SUB", "SBB", "CMP", "AND", "OR", "XOR", "TEST":
                return twoOperands(i, name);
            case "LEA":
                return loadAddress(i);
            case "MOVZX", "MOVSX", "MOVSXD":
                return extend(i, !name.equals("MOVZX"));
            case "SHL", "SHR", "SAR":
                return shift(i, name);
            case "INC", "DEC", "NEG", "NOT":
                return oneOperand(i, name);
            case "IMUL":
                return multiply(i);
            case "CDQE", "CDQ", "CQO":
                return widen(name);
            case "PUSH", "POP":
                return stack(i, name.equals("PUSH"));
            case "JMP", "CALL", "RET":
                return branch(i, name);
            default:
                return conditional(i, name);
        }
    }

    private static boolean wide(Operand operand) {
        return operand instanceof Operand.Register r && r.file() == Operand.RegisterFile.GENERAL && r.size() >= 4;
    }

    /** Whether an operand is one that can be written here: immediate, memory or general register, of 1, 4 or 8 bytes. */
    private static boolean plain(Operand operand) {
        if (operand.size() != 1 && operand.size() != 4 && operand.size() != 8) {
            return false;
        }
        return operand instanceof Operand.Register r ? r.file() == Operand.RegisterFile.GENERAL && !r.highByte()
            : operand instanceof Operand.Memory || operand instanceof Operand.Immediate;
    }

    /** Pushes an operand of {@code size} bytes, zero-extended. */
    private void value(Operand operand, int size) {
        if (operand instanceof Operand.Register r) {
            code.get(r.number());
            code.truncate(size);
        } else if (operand instanceof Operand.Immediate immediate) {
            code.constant(immediate.value() & -1L >>> 64 - 8 * size);
        } else {
            Operand.Memory memory = (Operand.Memory) operand;
            code.load(() -> code.linear(memory), memory.segment(), size, false);
        }
    }

    private boolean move(Instruction i) {
        Operand d = i.operand(0);
        Operand s = i.operand(1);
        if (!plain(d) || !plain(s)) {
            return false;
        }
        if (d instanceof Operand.Memory memory) {
            code.store(() -> code.linear(memory), memory.segment(), memory.size(), () -> value(s, memory.size()));
        } else {
            value(s, d.size());
            setTruncated(((Operand.Register) d).number(), d.size());
        }
        return true;
    }

    /** Pops a value that is zero-extended from its size. */
    private void setTruncated(int register, int size) {
        if (size == 1) {
            code.set(register, 1);
        } else {
            code.set(register);
        }
    }

    private boolean twoOperands(Instruction i, String name) {
        Operand d = i.operand(0);
        Operand s = i.operand(1);
        int size = d.size();
        if (!plain(d) || !plain(s) && !(s instanceof Operand.Immediate)) {
            return false;
        }
        boolean stores = !name.equals("CMP") && !name.equals("TEST");
        boolean carries = name.equals("ADC") || name.equals("SBB");
        if (carries) {
            code.flags();
        }
        int linear = -1;
        int a;
        if (d instanceof Operand.Memory memory && stores) {
            code.linear(memory);
            linear = code.keep();
            int at = linear;
            code.load(() -> code.load(at), memory.segment(), size, true);
            a = code.keep();
            value(s, size);
        } else {
            value(d, size);
            a = code.keep();
            value(s, size);
        }
        int b = code.keep();
        compute(name, a, b);
        int result = code.keep();
        if (linear >= 0) {
            int at = linear;
            code.store(() -> code.load(at), ((Operand.Memory) d).segment(), size, () -> code.load(result));
        } else if (stores) {
            code.load(result);
            code.set(((Operand.Register) d).number(), size);
        }
        late(name, size, a, b, result);
        return true;
    }

    private void compute(String name, int a, int b) {
        code.load(a);
        code.load(b);
        switch (name) {
            case "ADD" -> code.m.visitInsn(Opcodes.LADD);
            case "SUB", "CMP" -> code.m.visitInsn(Opcodes.LSUB);
            case "ADC" -> {
                code.m.visitInsn(Opcodes.LADD);
                carry();
                code.m.visitInsn(Opcodes.LADD);
            }
            case "SBB" -> {
                code.m.visitInsn(Opcodes.LSUB);
                carry();
                code.m.visitInsn(Opcodes.LSUB);
            }
            case "OR" -> code.m.visitInsn(Opcodes.LOR);
            case "XOR" -> code.m.visitInsn(Opcodes.LXOR);
            default -> code.m.visitInsn(Opcodes.LAND);
        }
    }

    private void carry() {
        code.field("flagCarry");
        code.number(63);
        code.m.visitInsn(Opcodes.LUSHR);
    }

    private void late(String name, int size, int a, int b, int result) {
        switch (name) {
            case "ADD", "ADC" -> code.late(new LateFlags(Rule.SUM, size, a, b, result));
            case "SUB", "CMP" -> code.late(new LateFlags(Rule.DIFFERENCE, size, a, b, result));
            case "SBB" -> code.late(new LateFlags(Rule.BORROW, size, a, b, result));
            default -> {
                code.load(result);
                if (size == 1) {
                    code.m.visitInsn(Opcodes.L2I);
                    code.m.visitInsn(Opcodes.I2B);
                    code.m.visitInsn(Opcodes.I2L);
                } else if (size == 4) {
                    code.m.visitInsn(Opcodes.L2I);
                    code.m.visitInsn(Opcodes.I2L);
                }
                code.late(new LateFlags(Rule.LOGIC, size, a, b, code.keep()));
            }
        }
    }

    private boolean loadAddress(Instruction i) {
        if (!wide(i.operand(0))) {
            return false;
        }
        code.offset((Operand.Memory) i.operand(1));
        code.set(((Operand.Register) i.operand(0)).number(), i.operandSize());
        return true;
    }

    private boolean extend(Instruction i, boolean signed) {
        Operand s = i.operand(1);
        if (!wide(i.operand(0)) || s instanceof Operand.Register r && r.highByte()) {
            return false;
        }
        value(s, s.size());
        if (signed) {
            code.m.visitInsn(Opcodes.L2I);
            if (s.size() < 4) {
                code.m.visitInsn(s.size() == 1 ? Opcodes.I2B : Opcodes.I2S);
            }
            code.m.visitInsn(Opcodes.I2L);
        }
        code.set(((Operand.Register) i.operand(0)).number(), i.operandSize());
        return true;
    }

    private boolean shift(Instruction i, String name) {
        if (!wide(i.operand(0)) || !(i.operand(1) instanceof Operand.Immediate immediate)) {
            return false;
        }
        int size = i.operand(0).size();
        int d = ((Operand.Register) i.operand(0)).number();
        int count = (int) immediate.value() & (size == 8 ? 63 : 31);
        if (count == 0) {
            return false;
        }
        value(i.operand(0), size);
        int before = code.keep();
        code.constant(count);
        int by = code.keep();
        code.load(before);
        if (size == 4 && name.equals("SAR")) {
            code.m.visitInsn(Opcodes.L2I);
            code.m.visitInsn(Opcodes.I2L);
        }
        code.number(count);
        code.m.visitInsn(name.equals("SHL") ? Opcodes.LSHL : name.equals("SHR") ? Opcodes.LUSHR : Opcodes.LSHR);
        code.set(d, size);
        Rule rule = name.equals("SHL") ? Rule.LEFT : name.equals("SHR") ? Rule.RIGHT : Rule.ARITHMETIC;
        code.late(new LateFlags(rule, size, before, by, -1));
        return true;
    }

    private boolean oneOperand(Instruction i, String name) {
        if (!wide(i.operand(0))) {
            return false;
        }
        int size = i.operand(0).size();
        int d = ((Operand.Register) i.operand(0)).number();
        if (name.equals("NOT")) {
            code.get(d);
            code.constant(-1);
            code.m.visitInsn(Opcodes.LXOR);
            code.set(d, size);
            return true;
        }
        if (name.equals("NEG")) {
            code.constant(0);
            int zero = code.keep();
            value(i.operand(0), size);
            int b = code.keep();
            compute("SUB", zero, b);
            int result = code.keep();
            code.load(result);
            code.set(d, size);
            code.late(new LateFlags(Rule.DIFFERENCE, size, zero, b, result));
            return true;
        }
        boolean up = name.equals("INC");
        code.flags();
        code.get(d);
        signed(size);
        int before = code.keep();
        code.load(before);
        code.constant(1);
        code.m.visitInsn(up ? Opcodes.LADD : Opcodes.LSUB);
        signed(size);
        int result = code.keep();
        code.load(result);
        code.set(d, size);
        code.late(new LateFlags(up ? Rule.INCREMENT : Rule.DECREMENT, size, before, result, -1));
        return true;
    }

    private void signed(int size) {
        if (size == 4) {
            code.m.visitInsn(Opcodes.L2I);
            code.m.visitInsn(Opcodes.I2L);
        }
    }

    private boolean multiply(Instruction i) {
        int count = i.operands().size();
        if (count < 2 || !wide(i.operand(0))) {
            return false;
        }
        int size = i.operandSize();
        int d = ((Operand.Register) i.operand(0)).number();
        value(i.operand(count - 2), size);
        signed(size);
        int a = code.keep();
        value(i.operand(count - 1), size);
        signed(size);
        int b = code.keep();
        code.load(a);
        code.load(b);
        code.m.visitInsn(Opcodes.LMUL);
        code.set(d, size);
        code.late(new LateFlags(Rule.PRODUCT, size, a, b, -1));
        return true;
    }

    private boolean widen(String name) {
        code.get(Cpu.RAX);
        switch (name) {
            case "CDQE" -> {
                signed(4);
                code.set(Cpu.RAX);
            }
            case "CDQ" -> {
                signed(4);
                code.number(31);
                code.m.visitInsn(Opcodes.LSHR);
                code.set(Cpu.RDX, 4);
            }
            default -> {
                code.number(63);
                code.m.visitInsn(Opcodes.LSHR);
                code.set(Cpu.RDX);
            }
        }
        return true;
    }

    private boolean stack(Instruction i, boolean push) {
        if (!wide(i.operand(0)) || i.operandSize() != 8) {
            return false;
        }
        int register = ((Operand.Register) i.operand(0)).number();
        if (push) {
            pushed(() -> code.get(register));
            return true;
        }
        code.load(() -> code.get(Cpu.RSP), Cpu.SS, 8, false);
        int value = code.keep();
        popped(8);
        code.load(value);
        code.set(register);
        return true;
    }

    /** Stores 8 bytes below the top of the stack and moves it. */
    private void pushed(Runnable value) {
        code.get(Cpu.RSP);
        code.constant(8);
        code.m.visitInsn(Opcodes.LSUB);
        int top = code.keep();
        code.store(() -> code.load(top), Cpu.SS, 8, value);
        code.load(top);
        code.set(Cpu.RSP);
    }

    private void popped(long bytes) {
        code.get(Cpu.RSP);
        code.constant(bytes);
        code.m.visitInsn(Opcodes.LADD);
        code.set(Cpu.RSP);
    }

    private boolean branch(Instruction i, String name) {
        if (i.operandSize() != 8 || name.equals("CALL") || name.equals("JMP") && !(i.operand(0) instanceof Operand.Relative)) {
            return false;
        }
        if (name.equals("JMP")) {
            code.flags();
            code.atInstruction();
            code.branch(code.end() + ((Operand.Relative) i.operand(0)).displacement());
            return true;
        }
        long extra = i.operands().isEmpty() ? 0 : ((Operand.Immediate) i.operand(0)).value() & 0xFFFF;
        code.flags();
        code.load(() -> code.get(Cpu.RSP), Cpu.SS, 8, false);
        int target = code.keep();
        code.next(() -> {
            code.cpu();
            code.load(target);
            code.ofCpu("branchTarget", "(J)J");
        });
        popped(8 + extra);
        return true;
    }

    private boolean conditional(Instruction i, String name) {
        if (name.startsWith("J")) {
            int condition = CONDITIONS.indexOf(name.substring(1));
            return condition >= 0 && i.operandSize() == 8 && jump(condition, (Operand.Relative) i.operand(0));
        }
        if (name.startsWith("CMOV")) {
            return conditionalMove(i, CONDITIONS.indexOf(name.substring(4)));
        }
        return name.startsWith("SET") && conditionalByte(i, CONDITIONS.indexOf(name.substring(3)));
    }

    private boolean jump(int condition, Operand.Relative relative) {
        LateFlags flags = code.late();
        code.flags();
        code.atInstruction();
        Label taken = new Label();
        LateFlags.jump(code, flags, condition, taken);
        code.finish();
        code.m.visitLabel(taken);
        code.branch(code.end() + relative.displacement());
        return true;
    }

    private boolean conditionalMove(Instruction i, int condition) {
        if (condition < 0 || !wide(i.operand(0)) || !wide(i.operand(1))) {
            return false;
        }
        int d = ((Operand.Register) i.operand(0)).number();
        code.get(((Operand.Register) i.operand(1)).number());
        int moved = code.keep();
        code.get(d);
        int old = code.keep();
        choose(condition, () -> code.load(moved), () -> code.load(old));
        code.set(d, i.operandSize());
        return true;
    }

    private boolean conditionalByte(Instruction i, int condition) {
        if (condition < 0 || !(i.operand(0) instanceof Operand.Register r) || r.highByte()) {
            return false;
        }
        code.get(r.number());
        int before = code.keep();
        choose(condition, () -> code.constant(1), () -> code.constant(0));
        code.load(before);
        code.constant(~0xFFL);
        code.m.visitInsn(Opcodes.LAND);
        code.m.visitInsn(Opcodes.LOR);
        code.set(r.number());
        return true;
    }

    /** Pushes one of two longs. */
    private void choose(int condition, Runnable yes, Runnable no) {
        Label holds = new Label();
        Label end = new Label();
        LateFlags.jump(code, code.late(), condition, holds);
        no.run();
        code.m.visitJumpInsn(Opcodes.GOTO, end);
        code.m.visitLabel(holds);
        yes.run();
        code.m.visitLabel(end);
    }
}
