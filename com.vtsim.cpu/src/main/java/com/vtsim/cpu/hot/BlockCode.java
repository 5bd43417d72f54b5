package com.vtsim.cpu.hot;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Execution;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.LinearMemory;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.util.LinkedHashMap;
import java.util.Map;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * The method of a block under construction. A general register that has been read or written stands in a local variable
 * too; writes go to both places at once, so that state is exact wherever the method may be left. The arithmetic flags of
 * the latest instruction stay operands in local variables until something needs them: see {@link LateFlags}.
 */
final class BlockCode {
    static final String CPU_NAME = Type.getInternalName(Cpu.class);
    static final String RUN = "(L" + CPU_NAME + ";L" + Type.getInternalName(Execution.class) + ";)I";
    static final String EXECUTION_NAME = Type.getInternalName(Execution.class);
    private static final String MEMORY_NAME = Type.getInternalName(LinearMemory.class);
    private static final String FAULT_NAME = Type.getInternalName(GuestFault.class);

    /** Local variables: parameters, what is loaded at the beginning, general registers, and what is free behind them. */
    private static final int CPU = 1, EXECUTION = 2, REGISTERS = 3, IP = 4, MEMORY = 6, GENERAL = 8, FREE = 40;

    final MethodVisitor m;
    final Instruction[] instructions;
    private final short[] starts;
    private final int length;
    private final boolean[] known = new boolean[16];
    private final boolean[] called;
    private final Map<LateFlags, Label> handlers = new LinkedHashMap<>();
    private final Label top = new Label();
    private int free = FREE;
    private int index;
    /** Flags of the latest instruction that set some, if the processor does not have them yet; else null. */
    private LateFlags late;
    /** The current instruction may have ended the block. */
    private boolean observed;
    private int position;

    BlockCode(MethodVisitor m, Instruction[] instructions, short[] starts, int length) {
        this.m = m;
        this.instructions = instructions;
        this.starts = starts;
        this.length = length;
        this.called = new boolean[instructions.length];
    }

    /** Writes the whole method. @return of which instructions it calls the interpreter's operations */
    boolean[] write() {
        m.visitCode();
        m.visitVarInsn(Opcodes.ALOAD, CPU);
        m.visitFieldInsn(Opcodes.GETFIELD, CPU_NAME, "r", "[J");
        m.visitVarInsn(Opcodes.ASTORE, REGISTERS);
        m.visitVarInsn(Opcodes.ALOAD, CPU);
        m.visitFieldInsn(Opcodes.GETFIELD, CPU_NAME, "memory", "L" + MEMORY_NAME + ";");
        m.visitVarInsn(Opcodes.ASTORE, MEMORY);
        m.visitVarInsn(Opcodes.ALOAD, REGISTERS);
        number(Cpu.RIP);
        m.visitInsn(Opcodes.LALOAD);
        m.visitVarInsn(Opcodes.LSTORE, IP);
        m.visitLabel(top);
        IntegerCode integer = new IntegerCode(this);
        for (index = 0; index < instructions.length; index++) {
            observed = false;
            if (!integer.write(instructions[index])) {
                call();
            }
            if (observed && index < instructions.length - 1) {
                leaveIfEnded();
            }
        }
        flags();
        finish();
        handlers.forEach((flags, label) -> {
            m.visitLabel(label);
            int thrown = free++;
            m.visitVarInsn(Opcodes.ASTORE, thrown);
            flags.store(this);
            m.visitVarInsn(Opcodes.ALOAD, thrown);
            m.visitInsn(Opcodes.ATHROW);
        });
        m.visitMaxs(0, 0);
        m.visitEnd();
        return called;
    }

    /** Returns: every instruction has been executed. */
    void finish() {
        number(instructions.length);
        m.visitInsn(Opcodes.IRETURN);
    }

    /** Calls the interpreter's operation, which may do anything. */
    private void call() {
        flags();
        atInstruction();
        called[index] = true;
        m.visitFieldInsn(Opcodes.GETSTATIC, HotBlocks.NAME, HotBlocks.constant(index), HotBlocks.OPERATION);
        m.visitVarInsn(Opcodes.ALOAD, CPU);
        m.visitMethodInsn(Opcodes.INVOKEVIRTUAL, Type.getInternalName(Operation.class), "execute", "(L" + CPU_NAME + ";)V", false);
        java.util.Arrays.fill(known, false);
        observed = true;
    }

    private void leaveIfEnded() {
        Label on = new Label();
        m.visitVarInsn(Opcodes.ALOAD, EXECUTION);
        m.visitFieldInsn(Opcodes.GETFIELD, EXECUTION_NAME, "limit", "I");
        m.visitJumpInsn(Opcodes.IFNE, on);
        if (late != null) {
            late.store(this);
        }
        number(index + 1);
        m.visitInsn(Opcodes.IRETURN);
        m.visitLabel(on);
    }

    /** Lets the run loop know which instruction is under way: before whatever may fault or look at the time. */
    void atInstruction() {
        if (position != index) {
            position = index;
            m.visitVarInsn(Opcodes.ALOAD, EXECUTION);
            number(index);
            m.visitFieldInsn(Opcodes.PUTFIELD, EXECUTION_NAME, "position", "I");
        }
    }

    // Where the instruction stands

    /** @return offset of the following instruction from the block's first byte */
    int end() {
        return index + 1 < starts.length ? starts[index + 1] : length;
    }

    /** Pushes the instruction pointer at an offset from the block's first byte. */
    void ip(long offset) {
        m.visitVarInsn(Opcodes.LLOAD, IP);
        if (offset != 0) {
            constant(offset);
            m.visitInsn(Opcodes.LADD);
        }
    }

    /** Pops the next instruction pointer: what the processor goes on with. @param target pushes it, the processor below it */
    void next(Runnable target) {
        cpu();
        target.run();
        m.visitFieldInsn(Opcodes.PUTFIELD, CPU_NAME, "next", "J");
    }

    /** Goes to an offset from the block's first byte; at 0 the block is executed again, as often as the run loop allows. */
    void branch(long offset) {
        next(() -> {
            if (offset == 0) {
                ip(0);
            } else {
                cpu();
                ip(0);
                ip(offset);
                statically(IntegerCode.class, "near", "(L" + CPU_NAME + ";JJ)J");
            }
        });
        if (offset == 0) {
            Label out = new Label();
            m.visitVarInsn(Opcodes.ALOAD, EXECUTION);
            number(instructions.length);
            m.visitMethodInsn(Opcodes.INVOKEVIRTUAL, EXECUTION_NAME, "again", "(I)Z", false);
            m.visitJumpInsn(Opcodes.IFEQ, out);
            next(() -> ip(length));
            m.visitJumpInsn(Opcodes.GOTO, top);
            m.visitLabel(out);
        }
        finish();
    }

    // Values

    void cpu() {
        m.visitVarInsn(Opcodes.ALOAD, CPU);
    }

    void number(int value) {
        if (value >= -1 && value <= 5) {
            m.visitInsn(Opcodes.ICONST_0 + value);
        } else {
            m.visitIntInsn(Opcodes.SIPUSH, value);
        }
    }

    void constant(long value) {
        if (value == 0 || value == 1) {
            m.visitInsn(value == 0 ? Opcodes.LCONST_0 : Opcodes.LCONST_1);
        } else {
            m.visitLdcInsn(value);
        }
    }

    /** Reduces the long on the stack to the low {@code size} bytes. */
    void truncate(int size) {
        if (size < 8) {
            constant(-1L >>> 64 - 8 * size);
            m.visitInsn(Opcodes.LAND);
        }
    }

    void statically(Class<?> in, String name, String descriptor) {
        m.visitMethodInsn(Opcodes.INVOKESTATIC, Type.getInternalName(in), name, descriptor, false);
    }

    void ofCpu(String name, String descriptor) {
        m.visitMethodInsn(Opcodes.INVOKEVIRTUAL, CPU_NAME, name, descriptor, false);
    }

    void field(String name) {
        cpu();
        m.visitFieldInsn(Opcodes.GETFIELD, CPU_NAME, name, "J");
    }

    /** @return a local variable for the long on the stack, which goes there */
    int keep() {
        int local = free;
        free += 2;
        m.visitVarInsn(Opcodes.LSTORE, local);
        return local;
    }

    void load(int local) {
        m.visitVarInsn(Opcodes.LLOAD, local);
    }

    /** Pushes a general register. */
    void get(int register) {
        int local = GENERAL + 2 * register;
        if (known[register]) {
            load(local);
            return;
        }
        m.visitVarInsn(Opcodes.ALOAD, REGISTERS);
        number(register);
        m.visitInsn(Opcodes.LALOAD);
        m.visitInsn(Opcodes.DUP2);
        m.visitVarInsn(Opcodes.LSTORE, local);
        known[register] = true;
    }

    /** Pops a general register's new value, all 64 bits. */
    void set(int register) {
        int local = GENERAL + 2 * register;
        m.visitVarInsn(Opcodes.LSTORE, local);
        known[register] = true;
        m.visitVarInsn(Opcodes.ALOAD, REGISTERS);
        number(register);
        load(local);
        m.visitInsn(Opcodes.LASTORE);
    }

    /** Pops the value of a general register of 1 (low byte), 4 or 8 bytes. */
    void set(int register, int size) {
        truncate(size);
        if (size == 1) {
            get(register);
            constant(~0xFFL);
            m.visitInsn(Opcodes.LAND);
            m.visitInsn(Opcodes.LOR);
        }
        set(register);
    }

    // Memory

    /** Pushes the effective address. */
    void offset(Operand.Memory memory) {
        boolean relative = memory.base() == Operand.Memory.RIP;
        boolean any = true;
        if (relative) {
            ip(memory.displacement() + end());
        } else if (memory.base() != Operand.Memory.NONE) {
            get(memory.base());
        } else {
            any = false;
        }
        if (memory.index() != Operand.Memory.NONE) {
            get(memory.index());
            if (memory.scale() > 1) {
                number(Integer.numberOfTrailingZeros(memory.scale()));
                m.visitInsn(Opcodes.LSHL);
            }
            if (any) {
                m.visitInsn(Opcodes.LADD);
            }
            any = true;
        }
        if (!any) {
            constant(memory.displacement());
        } else if (!relative && memory.displacement() != 0) {
            constant(memory.displacement());
            m.visitInsn(Opcodes.LADD);
        }
        truncate(memory.addressSize());
    }

    /** Pushes the linear address. */
    void linear(Operand.Memory memory) {
        offset(memory);
        if (memory.segment() >= Cpu.FS) {
            cpu();
            m.visitFieldInsn(Opcodes.GETFIELD, CPU_NAME, "segBase", "[J");
            number(memory.segment());
            m.visitInsn(Opcodes.LALOAD);
            m.visitInsn(Opcodes.LADD);
        }
    }

    /** Pushes what {@code size} bytes at a linear address hold, zero-extended. @param address pushes it */
    void load(Runnable address, int segment, int size, boolean forWrite) {
        String type = size == 8 ? "J" : "I";
        access(() -> {
            m.visitVarInsn(Opcodes.ALOAD, MEMORY);
            address.run();
            number(segment);
        }, (forWrite ? "loadForWrite" : "load") + 8 * size, "(JI)" + type);
        if (size < 8) {
            m.visitInsn(Opcodes.I2L);
            if (size == 4) {
                truncate(4);
            }
        }
    }

    /** Stores {@code size} bytes at a linear address. @param address pushes it @param value pushes the value, a long */
    void store(Runnable address, int segment, int size, Runnable value) {
        access(() -> {
            m.visitVarInsn(Opcodes.ALOAD, MEMORY);
            address.run();
            number(segment);
            value.run();
            if (size < 8) {
                m.visitInsn(Opcodes.L2I);
            }
        }, "store" + 8 * size, "(JI" + (size == 8 ? "J" : "I") + ")V");
    }

    /** Whatever the access may raise finds the flags stored: a handler does it, so that accesses that raise nothing need not. */
    private void access(Runnable arguments, String name, String descriptor) {
        atInstruction();
        arguments.run();
        Label from = new Label();
        Label to = new Label();
        m.visitLabel(from);
        m.visitMethodInsn(Opcodes.INVOKEVIRTUAL, MEMORY_NAME, name, descriptor, false);
        m.visitLabel(to);
        if (late != null) {
            m.visitTryCatchBlock(from, to, handlers.computeIfAbsent(late, flags -> new Label()), FAULT_NAME);
        }
        observed = true;
    }

    // Flags

    /** The instruction sets the flags so. */
    void late(LateFlags flags) {
        late = flags;
    }

    /** @return flags the processor does not have yet, or null */
    LateFlags late() {
        return late;
    }

    /** Makes the processor have the flags. */
    void flags() {
        if (late != null) {
            late.store(this);
            late = null;
        }
    }
}
