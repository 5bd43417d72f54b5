package com.vtsim.cpu.engine;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.cpu.trace.ProcessorTrace;
import com.vtsim.cpu.vmx.Vmx;
import java.util.function.Consumer;

/**
 * The architectural state of a logical processor and what operations do with it. Fields are public for the operations'
 * sake, which live in packages by instruction group; nothing outside the bundle sees them. Machine thread only.
 * <p>
 * Arithmetic flags are kept in three longs from which each flag is one expression:
 * {@link #flagResult} (sign-extended result), {@link #flagCarry} (bit 63 carry out, bit 62 carry into the sign bit) and
 * {@link #flagAux} (bit 4 AF, bits 15:8 exclusive-ored to the result's low byte for PF, bit 63 to its sign for SF).
 */
public final class Cpu {
    /** Segment register numbers, as encoded. */
    public static final int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;
    /** Numbers of general registers, as encoded. */
    public static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    /** Index in {@link #r} that always holds 0. */
    public static final int ZERO = 16;
    /** Index in {@link #r} of the instruction pointer: of the current block's first instruction while a block executes. */
    public static final int RIP = 17;

    /** General registers by encoding, then {@link #ZERO} and {@link #RIP}. */
    public final long[] r = new long[18];
    /** Instruction pointer after the current block; operations that transfer control set it. */
    public long next;
    /** Result of the latest flag-setting operation, sign-extended to 64 bits. */
    public long flagResult;
    /** Bit 63: CF; bit 62: CF exclusive-or OF. */
    public long flagCarry;
    /** Bit 4: AF; bits 15:8: parity delta; bit 63: sign delta. Other bits 0. */
    public long flagAux;
    /** RFLAGS without the six arithmetic flags; bit 1 set. Change it through {@link #rflags(long, long)}. */
    public int systemFlags = Flags.ONE;

    /** Effective segment bases: what is added to an offset (0 for ES, CS, SS, DS in 64-bit mode). */
    public final long[] segBase = new long[6];
    /** Current privilege level, 0–3. */
    public int cpl;
    /** {@link Mode} of the current code; kept by {@link Segments#modeChanged}. */
    public int mode;
    /** All bits of a stack address: FFFFh, FFFF_FFFFh or all ones. */
    public long stackMask = 0xFFFF;

    /** Linear memory through the TLB. */
    public final LinearMemory memory;
    /** Linear to host-physical addresses, and what of them is cached. */
    public final LinearTranslation translation;
    /** Segment registers and descriptor tables. */
    public final Segments segments;
    /** Control registers, MSRs and the other system state. */
    public final SystemState system;
    /** Delivery of exceptions and interrupts. */
    public final Interrupts interrupts;
    /** Task switches. */
    public final TaskSwitch tasks;
    /** Far jumps, calls and returns. */
    public final FarTransfers far;
    /** IRET. */
    public final InterruptReturn interruptReturn;
    /** Model-specific registers. */
    public final Msrs msrs;
    /** What CPUID answers. */
    public final Cpuid cpuid;
    /** Registers of the x87, MMX, SSE and AVX units. */
    public final FloatingState floating;
    /** Types of memory. */
    public final MemoryTypes memoryTypes = new MemoryTypes(this);
    /** Machine-check banks. */
    public final MachineChecks machineChecks = new MachineChecks(this);
    /** The key that Key Locker wraps keys with. */
    public final WrappingKey wrappingKey = new WrappingKey();
    /** What MONITOR watches. */
    public final AddressMonitor monitor = new AddressMonitor(this);
    /** The run loop. */
    public final Execution execution;
    /** Performance counters. */
    public final PerformanceCounters performance = new PerformanceCounters(this);
    /** VMX operation. */
    public final Vmx vmx;
    /** Processor trace. */
    public final ProcessorTrace trace;

    /** The board's ports; null while detached. */
    public PortSpace ports;
    /** Virtual time; null while detached. */
    public Clock clock;
    /** The machine's interrupt controller; null where there is none. */
    public InterruptController controller;
    /** Takes what the operator should know of the guest's mistakes. */
    public Consumer<String> reports = text -> { };
    /** Number of this logical processor in its machine, from 0. */
    public int index;

    private final GuestFault fault = new GuestFault();

    /** A processor without instructions, for tests of single operations. */
    public Cpu() {
        this(new Semantics());
    }

    /** Wires the sections of the processor together; state as after power-on, nothing attached. */
    public Cpu(Semantics semantics) {
        this(semantics, CpuModel.X86_64_V3);
    }

    /** The same for a model of choice. */
    public Cpu(Semantics semantics, CpuModel model) {
        system = new SystemState(this);
        floating = new FloatingState(this);
        segments = new Segments(this);
        translation = new LinearTranslation(this);
        memory = new LinearMemory(this, translation);
        interrupts = new Interrupts(this);
        tasks = new TaskSwitch(this);
        cpuid = new Cpuid(this, semantics, model);
        msrs = new Msrs(this);
        far = new FarTransfers(this);
        interruptReturn = new InterruptReturn(this);
        execution = new Execution(this, semantics);
        vmx = new Vmx(this);
        trace = new ProcessorTrace(this);
    }

    // Faults

    /** @return the fault to throw: {@code throw cpu.fault(13, 0)} */
    public GuestFault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.errorCode = errorCode;
        fault.information = 0;
        fault.atNext = false;
        return fault;
    }

    /** @return a prepared VM exit to throw */
    public GuestFault vmExit() {
        return fault(GuestFault.VM_EXIT, GuestFault.NO_CODE);
    }

    /** @return #UD to throw */
    public GuestFault undefined() {
        return fault(6, GuestFault.NO_CODE);
    }

    /** @return #GP with a selector or 0 to throw */
    public GuestFault protection(int errorCode) {
        return fault(13, errorCode);
    }

    // Registers by size

    /** @return an 8-bit register: 0–15 low bytes */
    public int low8(int register) {
        return (int) r[register] & 0xFF;
    }

    /** @return AH, CH, DH or BH for 0–3 */
    public int high8(int register) {
        return (int) r[register] >> 8 & 0xFF;
    }

    /** Sets a low byte. */
    public void low8(int register, int value) {
        r[register] = r[register] & ~0xFFL | value & 0xFF;
    }

    /** Sets AH, CH, DH or BH for 0–3. */
    public void high8(int register, int value) {
        r[register] = r[register] & ~0xFF00L | (value & 0xFF) << 8;
    }

    /** @return a byte register by number and shift: 0, or 8 for AH, CH, DH, BH */
    public int byteOf(int register, int shift) {
        return (int) (r[register] >>> shift) & 0xFF;
    }

    /** Sets a byte register by number and shift. */
    public void setByte(int register, int shift, int value) {
        r[register] = r[register] & ~(0xFFL << shift) | (long) (value & 0xFF) << shift;
    }

    /** @return a 16-bit register, zero-extended */
    public int get16(int register) {
        return (int) r[register] & 0xFFFF;
    }

    /** Sets the low 16 bits. */
    public void set16(int register, int value) {
        r[register] = r[register] & ~0xFFFFL | value & 0xFFFF;
    }

    /** @return a 32-bit register */
    public int get32(int register) {
        return (int) r[register];
    }

    /** Sets a 32-bit register; bits 63:32 become 0. */
    public void set32(int register, int value) {
        r[register] = value & 0xFFFF_FFFFL;
    }

    // Flags

    /** @return CF */
    public boolean cf() {
        return flagCarry < 0;
    }

    /** @return PF */
    public boolean pf() {
        int b = (int) (flagResult ^ flagAux >> 8) & 0xFF;
        return (0x9669 >> ((b ^ b >> 4) & 0xF) & 1) != 0;
    }

    /** @return AF */
    public boolean af() {
        return (flagAux & Flags.AF) != 0;
    }

    /** @return ZF */
    public boolean zf() {
        return flagResult == 0;
    }

    /** @return SF */
    public boolean sf() {
        return (flagResult ^ flagAux) < 0;
    }

    /** @return OF */
    public boolean of() {
        return (flagCarry ^ flagCarry << 1) < 0;
    }

    /** @return whether the condition of Jcc, SETcc, CMOVcc holds: the low 4 bits of the opcode */
    public boolean condition(int code) {
        boolean holds = switch (code >> 1) {
            case 0 -> of();
            case 1 -> cf();
            case 2 -> zf();
            case 3 -> cf() || zf();
            case 4 -> sf();
            case 5 -> pf();
            case 6 -> less();
            default -> less() || zf();
        };
        return holds == ((code & 1) == 0);
    }

    /** @return SF ≠ OF */
    public boolean less() {
        return (flagResult ^ flagAux ^ flagCarry ^ flagCarry << 1) < 0;
    }

    /** @return the six arithmetic flags in their places in RFLAGS */
    public int arithmeticFlags() {
        return (cf() ? Flags.CF : 0) | (pf() ? Flags.PF : 0) | (int) flagAux & Flags.AF | (zf() ? Flags.ZF : 0)
            | (sf() ? Flags.SF : 0) | (of() ? Flags.OF : 0);
    }

    /** Sets the six arithmetic flags from their places in RFLAGS. */
    public void arithmeticFlags(int flags) {
        boolean zero = (flags & Flags.ZF) != 0;
        boolean parity = (flags & Flags.PF) != 0;
        flagResult = zero ? 0 : 1;
        flagAux = (flags & Flags.SF) != 0 ? Long.MIN_VALUE : 0;
        flagAux |= flags & Flags.AF | (zero == parity ? 0 : 1 << 8);
        boolean carry = (flags & Flags.CF) != 0;
        boolean overflow = (flags & Flags.OF) != 0;
        flagCarry = (carry ? Long.MIN_VALUE : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    /** Sets CF alone. */
    public void cf(boolean carry) {
        boolean overflow = of();
        flagCarry = (carry ? Long.MIN_VALUE : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    /** Sets OF alone. */
    public void of(boolean overflow) {
        boolean carry = cf();
        flagCarry = (carry ? Long.MIN_VALUE : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    /** @return RFLAGS */
    public long rflags() {
        return systemFlags | arithmeticFlags();
    }

    /**
     * Sets those bits of RFLAGS that {@code mask} names, and lets the run loop know if IF or TF, and the mode if VM or AC changed.
     * No check of privilege is made here.
     */
    public void rflags(long value, long mask) {
        int flags = (int) (rflags() & ~mask | value & mask);
        arithmeticFlags(flags & Flags.ARITHMETIC);
        int before = systemFlags;
        systemFlags = flags & ~Flags.ARITHMETIC | Flags.ONE;
        int changed = before ^ systemFlags;
        if ((changed & (Flags.VM | Flags.AC)) != 0) {
            segments.modeChanged();
        }
        if ((changed & (Flags.IF | Flags.TF | Flags.RF)) != 0) {
            execution.flagsChanged();
        }
    }

    /** Sets flags after an addition {@code a + b (+ carry)} of 8, 16 or 32 bits: operands and sum zero-extended, the sum not truncated. */
    public void flagsOfSum(long a, long b, long sum, int bits) {
        long carries = a ^ b ^ sum;
        flagResult = sum << 64 - bits >> 64 - bits;
        flagCarry = carries << 63 - bits;
        flagAux = carries & Flags.AF;
    }

    /** Sets flags after a subtraction {@code a - b (- borrow)} of 8, 16 or 32 bits: operands zero-extended, the difference not truncated. */
    public void flagsOfDifference(long a, long b, long difference, int bits) {
        flagsOfSum(a, b, difference, bits);
    }

    /** Sets flags after an addition of 64 bits. */
    public void flagsOfSum64(long a, long b, long sum) {
        long carries = a ^ b ^ sum;
        flagResult = sum;
        flagCarry = (a & b | (a | b) & ~sum) & Long.MIN_VALUE | carries >>> 1 & 1L << 62;
        flagAux = carries & Flags.AF;
    }

    /** Sets flags after a subtraction of 64 bits. */
    public void flagsOfDifference64(long a, long b, long difference) {
        long carries = a ^ b ^ difference;
        flagResult = difference;
        flagCarry = (~a & b | (~a | b) & difference) & Long.MIN_VALUE | carries >>> 1 & 1L << 62;
        flagAux = carries & Flags.AF;
    }

    /** Sets flags after AND, OR, XOR, TEST: the result sign-extended; CF, OF and AF become 0. */
    public void flagsOfLogic(long result) {
        flagResult = result;
        flagCarry = 0;
        flagAux = 0;
    }

    /** Sets flags after {@code before + 1}, both sign-extended; CF stays. */
    public void flagsOfIncrement(long before, long result) {
        long carry = flagCarry & Long.MIN_VALUE;
        flagCarry = carry | (carry ^ ~before & result & Long.MIN_VALUE) >>> 1;
        flagResult = result;
        flagAux = (before ^ result) & Flags.AF;
    }

    /** Sets flags after {@code before - 1}, both sign-extended; CF stays. */
    public void flagsOfDecrement(long before, long result) {
        long carry = flagCarry & Long.MIN_VALUE;
        flagCarry = carry | (carry ^ before & ~result & Long.MIN_VALUE) >>> 1;
        flagResult = result;
        flagAux = (before ^ result) & Flags.AF;
    }

    /** Sets CF and OF alone. */
    public void carryAndOverflow(boolean carry, boolean overflow) {
        flagCarry = (carry ? Long.MIN_VALUE : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    /** Sets ZF, SF and PF from a sign-extended result, CF and OF as given, and AF to 0. */
    public void flagsOf(long result, boolean carry, boolean overflow) {
        flagResult = result;
        flagAux = 0;
        carryAndOverflow(carry, overflow);
    }

    /** State of the generator behind RDRAND and RDSEED: seeded, so that a run is deterministic. */
    public long randomState = 0x5654_5349_4D01L;

    /** @return the next 64 bits for RDRAND and RDSEED */
    public long random() {
        randomState += 0x9E37_79B9_7F4A_7C15L;
        long z = (randomState ^ randomState >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        z = (z ^ z >>> 27) * 0x94D0_49BB_1331_11EBL;
        return z ^ z >>> 31;
    }

    /** @return {@code target}, checked as that of a near branch: #GP(0) if it is not canonical or beyond the code segment's limit */
    public long branchTarget(long target) {
        if ((mode & Mode.SIZE_MASK) == 2 ? !memory.paging().canonical(target) : target > segments.limit[CS]) {
            throw protection(0);
        }
        return target;
    }

    // Stack

    /** Pushes 2, 4 or 8 bytes. Nothing has changed if it faults. */
    public void push(long value, int size) {
        long sp = r[RSP] - size & stackMask;
        memory.store(stackWritable(sp, size), SS, value, size);
        setStackPointer(sp);
    }

    /** @return the value popped, zero-extended. Nothing has changed if it faults. */
    public long pop(int size) {
        long value = peek(0, size);
        setStackPointer(r[RSP] + size);
        return value;
    }

    /** @return the value {@code offset} bytes above the top of the stack, zero-extended */
    public long peek(long offset, int size) {
        long sp = r[RSP] + offset & stackMask;
        return memory.load(stackReadable(sp, size), SS, size);
    }

    /** Sets the stack pointer as wide as the stack is. */
    public void setStackPointer(long value) {
        r[RSP] = stackMask == 0xFFFF ? r[RSP] & ~0xFFFFL | value & 0xFFFF : value & stackMask;
    }

    /** @return linear address of {@code size} bytes at an offset of the stack segment, to be written */
    public long stackWritable(long offset, int size) {
        return (mode & Mode.FLAT) != 0 ? segBase[SS] + offset : segments.writable(SS, offset, size);
    }

    /** @return linear address of {@code size} bytes at an offset of the stack segment, to be read */
    public long stackReadable(long offset, int size) {
        return (mode & Mode.FLAT) != 0 ? segBase[SS] + offset : segments.readable(SS, offset, size);
    }
}
