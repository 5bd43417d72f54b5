package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.floating.FloatUnit;
import com.vtsim.cpu.floating.Unpacked;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * An x87 instruction that is no control instruction: it waits for pending exceptions, works on the register stack, and
 * leaves its address in the last-instruction pointer. As on recent processors the pointer to the operand and the opcode
 * change with unmasked exceptions only, and the selectors are always 0.
 *
 * @sdm x87 FPU Instruction and Data (Operand) Pointers; Floating-Point Exception Handling
 */
abstract class X87Operation extends Operation {
    /** Condition codes, and stack fault, in the status word. */
    static final int C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, C3 = 1 << 14, SF = 1 << 6;
    /** Invalid operation by over- or underflow of the stack. */
    static final int STACK = SF | FloatUnit.INVALID;
    /** Exceptions noticed before an operand is changed: unmasked, they leave everything as it was. */
    static final int BEFORE = FloatUnit.INVALID | FloatUnit.DENORMAL | FloatUnit.ZERO_DIVIDE;

    /** The memory operand, or null. */
    final MemoryRef memory;
    private final int start;
    private final int length;

    X87Operation(Instruction instruction, Translation at) {
        this.start = at.start();
        this.length = at.end() - at.start();
        boolean has = !instruction.operands().isEmpty() && instruction.operand(0) instanceof Operand.Memory;
        this.memory = has ? at.memory(instruction, 0) : null;
    }

    /** @return number i of the operand ST(i) */
    static int stack(Instruction instruction, int operand) {
        return ((Operand.Register) instruction.operand(operand)).number();
    }

    @Override
    public final void execute(Cpu cpu) {
        FloatingState f = cpu.floating;
        f.x87();
        f.awaitExceptions();
        perform(cpu, f);
        f.lastIp = cpu.r[Cpu.RIP] + start;
    }

    /** Does it; a fault of its memory operand comes before any change. */
    abstract void perform(Cpu cpu, FloatingState f);

    // Exceptions

    /** Notes exceptions in the status word. @return those that are not masked */
    final int raise(Cpu cpu, FloatingState f, int flags) {
        f.status |= flags;
        int unmasked = flags & ~f.control & 0x3F;
        if (unmasked != 0) {
            keepPointers(cpu, f);
        }
        return unmasked;
    }

    private void keepPointers(Cpu cpu, FloatingState f) {
        if (memory != null) {
            f.lastDp = memory.offset(cpu);
        }
        long linear = cpu.segBase[Cpu.CS] + cpu.r[Cpu.RIP] + start;
        for (int i = 0; i < length - 1; i++) {
            int escape = Waiting.codeByte(cpu, linear + i);
            if ((escape & 0xF8) == 0xD8) {
                f.lastOpcode = (escape & 7) << 8 | Waiting.codeByte(cpu, linear + i + 1);
                return;
            }
        }
    }

    /**
     * Notes a stack fault; C1 says which.
     *
     * @param over whether a register that is pushed to is not empty
     * @return whether it is masked: the result is the indefinite QNaN then
     */
    final boolean stackFault(Cpu cpu, FloatingState f, boolean over) {
        f.status = f.status & ~C1 | (over ? C1 : 0);
        return raise(cpu, f, STACK) == 0;
    }

    /**
     * Ends an arithmetic operation: notes its exceptions, stores its result.
     *
     * @param register physical number of the destination
     * @return whether the result was stored: no exception of the first sort is unmasked
     */
    final boolean complete(Cpu cpu, FloatingState f, int register) {
        FloatUnit u = f.unit;
        if (u.flags == 0) {
            f.status &= ~C1;
            write(f, register, u.result);
            return true;
        }
        int early = u.flags & BEFORE;
        if ((early & ~f.control) != 0) {
            f.status &= ~C1;
            raise(cpu, f, early);
            return false;
        }
        f.status = u.roundedUp ? f.status | C1 : f.status & ~C1;
        write(f, register, u.result);
        raise(cpu, f, u.flags);
        return true;
    }

    // The register stack

    /** @return physical number of ST(i) */
    static int physical(FloatingState f, int i) {
        return f.top + i & 7;
    }

    static boolean empty(FloatingState f, int i) {
        return (f.valid >>> (f.top + i & 7) & 1) == 0;
    }

    /** Takes ST(i) apart. */
    static void read(FloatingState f, int i, Unpacked into) {
        int p = f.top + i & 7;
        into.extended(f.exponent[p], f.significand[p]);
    }

    /** Puts a value that is rounded to double extended in a physical register. */
    static void write(FloatingState f, int register, Unpacked from) {
        f.exponent[register] = from.extendedExponent();
        f.significand[register] = from.extendedSignificand();
        f.valid |= 1 << register;
    }

    static void writeIndefinite(FloatingState f, int register) {
        f.exponent[register] = 0xFFFF;
        f.significand[register] = 0xC000_0000_0000_0000L;
        f.valid |= 1 << register;
    }

    /**
     * Begins an instruction on ST(1) and ST(0) that leaves its result in one register and pops: reads both into the unit's {@code a} and {@code b}.
     *
     * @return false if one of them is empty: then the stack fault has been answered
     */
    final boolean readBoth(Cpu cpu, FloatingState f, int destination) {
        if (empty(f, 0) || empty(f, 1)) {
            if (stackFault(cpu, f, false)) {
                writeIndefinite(f, destination);
                pop(f);
            }
            return false;
        }
        prepare(f);
        read(f, 1, f.unit.a);
        read(f, 0, f.unit.b);
        return true;
    }

    /** Decrements TOP. */
    static void push(FloatingState f) {
        f.top = f.top - 1 & 7;
    }

    /** Empties ST(0) and increments TOP. */
    static void pop(FloatingState f) {
        f.valid &= ~(1 << f.top);
        f.top = f.top + 1 & 7;
    }

    // Arithmetic

    /** Makes the unit ready: rounding as the control word says, no flags. */
    static void prepare(FloatingState f) {
        FloatUnit u = f.unit;
        u.begin();
        u.rounding = f.control >> 10 & 3;
        u.masked = f.control & 0x3F;
        u.adjusts = true;
        u.denormalsAreZeros = false;
        u.flushToZero = false;
    }

    static boolean number(Unpacked operand) {
        return operand.kind.ordinal() <= Unpacked.Kind.INFINITY.ordinal();
    }

    /** Result of an operation on one operand that is no number. */
    static void nan(FloatUnit u) {
        if (u.a.kind == Unpacked.Kind.UNSUPPORTED) {
            u.flags |= FloatUnit.INVALID;
            u.result.indefinite();
            return;
        }
        quieten(u, u.a);
    }

    private static void quieten(FloatUnit u, Unpacked from) {
        if (from.kind == Unpacked.Kind.SIGNALLING) {
            u.flags |= FloatUnit.INVALID;
        }
        u.result.set(from);
        u.result.kind = Unpacked.Kind.QUIET;
        u.result.significand |= 1L << 62;
    }

    /**
     * Result of an operation on two operands of which at least one is no number.
     *
     * @sdm Rules for Handling NaNs
     */
    static void nans(FloatUnit u) {
        Unpacked a = u.a;
        Unpacked b = u.b;
        if (a.kind == Unpacked.Kind.UNSUPPORTED || b.kind == Unpacked.Kind.UNSUPPORTED) {
            u.flags |= FloatUnit.INVALID;
            u.result.indefinite();
            return;
        }
        if (a.kind == Unpacked.Kind.SIGNALLING || b.kind == Unpacked.Kind.SIGNALLING) {
            u.flags |= FloatUnit.INVALID;
        }
        if (!a.isNan() || !b.isNan()) {
            quieten(u, a.isNan() ? a : b);
        } else if (a.kind != b.kind) {
            quieten(u, a.kind == Unpacked.Kind.QUIET ? a : b);
        } else {
            int larger = Long.compareUnsigned(a.significand, b.significand);
            quieten(u, larger > 0 || larger == 0 && !a.negative ? a : b);
        }
    }
}
