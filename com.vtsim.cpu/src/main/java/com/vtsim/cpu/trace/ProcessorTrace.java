package com.vtsim.cpu.trace;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Feature;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Paging;
import java.util.Arrays;

/**
 * Intel Processor Trace: its registers, when it is on, and what the engine tells of where execution goes. While it is on the engine executes
 * blocks up to their last instruction and that one alone; off, nothing asks for it.
 * <p>
 * Instruction pointers are linear addresses. Ranges are compared with at taken branches, interrupts and exceptions.
 *
 * @sdm Intel Processor Trace
 */
public final class ProcessorTrace {
    /** Address ranges. */
    public static final int RANGES = 2;
    /** MSR addresses. */
    public static final int OUTPUT_BASE = 0x560, OUTPUT_MASK_PTRS = 0x561, CTL = 0x570, STATUS = 0x571, CR3_MATCH = 0x572, ADDR0_A = 0x580;

    /** IA32_RTIT_CTL. */
    static final long TRACE_EN = 1, OS = 1 << 2, USER = 1 << 3, CR3_FILTER = 1 << 7, TOPA = 1 << 8, TSC_EN = 1 << 10, DIS_RETC = 1 << 11,
        BRANCH_EN = 1 << 13, FUP_ON_PTW = 1 << 5, PTW_EN = 1 << 12;
    /** IA32_RTIT_CTL.ADDRn_CFG. */
    static final int FILTER = 1, STOP = 2;
    private static final int ADDR0_CFG = 32;
    private static final long DEFINED = TRACE_EN | OS | USER | CR3_FILTER | TOPA | TSC_EN | DIS_RETC | BRANCH_EN | FUP_ON_PTW | PTW_EN
        | 0xFFL << ADDR0_CFG;
    /** IA32_RTIT_STATUS. */
    private static final long FILTER_EN = 1, CONTEXT_EN = 1 << 1, TRIGGER_EN = 1 << 2, ERROR = 1 << 4, STOPPED = 1 << 5,
        STATUS_DEFINED = FILTER_EN | CONTEXT_EN | TRIGGER_EN | ERROR | STOPPED;
    /** Bytes between packet stream boundaries. */
    private static final int PERIOD = 2048;
    /** Calls that returns are compared with. */
    private static final int CALLS = 64;
    /** Places that its state takes. */
    public static final int SAVED = 20 + CALLS + TraceOutput.SAVED;
    private static final long NONE = -1;
    private static final int NO_MODE = -1;
    /** A VM entry or exit is under way. */
    private static final int ENTRY = 1, EXIT = 2;

    private final Cpu cpu;
    private final TraceOutput output;
    private final TracePackets packets;

    private long control;
    private long status;
    private long cr3Match;
    private final long[] ranges = new long[2 * RANGES];

    /** Tracing has been enabled, and begins before the next instruction. */
    private boolean starting;
    private boolean contextEn;
    private boolean filterEn;
    private boolean inStopRange;
    private long lastCr3;
    private int lastMode = NO_MODE;
    private final long[] calls = new long[CALLS];
    private int depth;
    private int top;
    private int transition;
    private long leftAt;
    private boolean tellsPaging;

    /** For a processor's constructor. */
    public ProcessorTrace(Cpu cpu) {
        this.cpu = cpu;
        output = new TraceOutput(cpu, this);
        packets = new TracePackets(this, output);
    }

    /** Power-on state. */
    public void reset() {
        control = 0;
        status = 0;
        cr3Match = 0;
        Arrays.fill(ranges, 0);
        output.reset();
        starting = false;
        transition = 0;
        cpu.execution.traced(false);
    }

    // Registers

    /** @return IA32_RTIT_CTL */
    public long control() {
        return control;
    }

    /** @return whether a value of IA32_RTIT_CTL has no reserved bit and no reserved encoding */
    public static boolean legal(long wanted) {
        boolean ranges = (wanted >> ADDR0_CFG & 0xF) <= STOP && (wanted >> ADDR0_CFG + 4 & 0xF) <= STOP;
        return (wanted & ~DEFINED) == 0 && ranges;
    }

    /** WRMSR to IA32_RTIT_CTL. @return false for #GP(0) */
    public boolean control(long wanted) {
        boolean on = (control & TRACE_EN) != 0;
        boolean stays = on && (wanted & TRACE_EN) != 0;
        if (!legal(wanted) || stays && wanted != control) {
            return false;
        }
        if (on && !stays) {
            disable();
        }
        control = wanted;
        if (!on && (wanted & TRACE_EN) != 0) {
            starting = triggered();
            cpu.execution.traced(starting);
        }
        return true;
    }

    /** @return IA32_RTIT_STATUS */
    public long status() {
        long enabled = triggered() && !starting ? TRIGGER_EN | (contextEn ? CONTEXT_EN : 0) | (filterEn ? FILTER_EN : 0) : 0;
        return status | enabled;
    }

    /** @return whether IA32_RTIT_CTL.TraceEn is 1 */
    public boolean isEnabled() {
        return (control & TRACE_EN) != 0;
    }

    private boolean off() {
        return (control & TRACE_EN) == 0;
    }

    /** WRMSR to IA32_RTIT_STATUS. @return false for #GP(0) */
    public boolean status(long wanted) {
        if (!off() || (wanted & ~STATUS_DEFINED) != 0) {
            return false;
        }
        status = wanted & (ERROR | STOPPED);
        return true;
    }

    /** @return IA32_RTIT_CR3_MATCH */
    public long cr3Match() {
        return cr3Match;
    }

    /** WRMSR to IA32_RTIT_CR3_MATCH. @return false for #GP(0) */
    public boolean cr3Match(long wanted) {
        if (!off() || (wanted & 0x1F) != 0 || wanted >>> Paging.PHYSICAL_BITS != 0) {
            return false;
        }
        cr3Match = wanted;
        return true;
    }

    /** @return IA32_RTIT_OUTPUT_BASE */
    public long outputBase() {
        return output.base();
    }

    /** WRMSR to IA32_RTIT_OUTPUT_BASE. @return false for #GP(0) */
    public boolean outputBase(long wanted) {
        return off() && output.base(wanted);
    }

    /** @return IA32_RTIT_OUTPUT_MASK_PTRS */
    public long outputPointers() {
        return output.pointers();
    }

    /** WRMSR to IA32_RTIT_OUTPUT_MASK_PTRS. @return false for #GP(0) */
    public boolean outputPointers(long wanted) {
        return off() && output.pointers(wanted);
    }

    /** @param index 0 for IA32_RTIT_ADDR0_A, 1 for IA32_RTIT_ADDR0_B and so on */
    public long range(int index) {
        return ranges[index];
    }

    /** WRMSR to IA32_RTIT_ADDRn_A or _B. @return false for #GP(0) */
    public boolean range(int index, long wanted) {
        if (!off() || !cpu.memory.paging().canonical(wanted)) {
            return false;
        }
        ranges[index] = wanted;
        return true;
    }

    // For its operator

    /** @return whether the processor has it */
    boolean present() {
        return cpu.cpuid.has(Feature.INTEL_PT);
    }

    /** @return ADDRn_CFG: 0, {@link #FILTER} or {@link #STOP} */
    int use(int range) {
        return (int) (control >> ADDR0_CFG + 4 * range) & 0xF;
    }

    TraceOutput output() {
        return output;
    }

    // Whether packets are made

    /** @return TriggerEn */
    boolean triggered() {
        return (control & TRACE_EN) != 0 && status == 0;
    }

    private boolean packetEn() {
        return triggered() && contextEn && filterEn && !inStopRange;
    }

    private boolean branches() {
        return (control & BRANCH_EN) != 0;
    }

    /** @return whether output addresses are guest-physical */
    boolean guestPhysical() {
        return cpu.vmx.tracesGuestPhysical();
    }

    /** The output cannot be used as it is set up: the trace ends. */
    void operationalError() {
        status |= ERROR;
        cpu.execution.traced(false);
        cpu.reports.accept("processor trace: operational error, the output is not set up as it must be");
    }

    /** A region that says so is full, or execution has come to a range that says so: the trace ends. */
    void stopped() {
        status |= STOPPED;
        cpu.execution.traced(false);
    }

    /** Looks where execution is. */
    private void evaluate(long ip) {
        boolean level = (control & (cpu.cpl == 0 ? OS : USER)) != 0;
        boolean filtered = (control & CR3_FILTER) != 0 && (cpu.system.cr3 & ~0x1FL) != cr3Match;
        contextEn = level && !filtered;
        boolean any = false;
        boolean in = false;
        inStopRange = false;
        for (int i = 0; i < RANGES; i++) {
            int use = use(i);
            boolean within = use != 0 && Long.compareUnsigned(ip, ranges[2 * i]) >= 0 && Long.compareUnsigned(ip, ranges[2 * i + 1]) <= 0;
            any |= use == FILTER;
            in |= use == FILTER && within;
            inStopRange |= use == STOP && within;
        }
        filterEn = in || !any;
    }

    // What the engine tells

    /** An instruction is about to be executed. Throws the VM exit where the output's pages, guest-physical, cannot be written. */
    public void before() {
        if (output.prepare() && starting) {
            start();
        }
    }

    private void start() {
        starting = false;
        tellsPaging = false;
        packets.reset();
        depth = 0;
        lastMode = NO_MODE;
        long ip = cpu.execution.linearIp();
        evaluate(ip);
        boolean traces = packetEn() && branches();
        boundary(NONE);
        if (traces) {
            enabled(ip);
        }
        stopIfInRange();
    }

    /** Begins where something else than an instruction comes first. */
    private void startFirst() {
        if (triggered() && !guestPhysical() && output.prepare() && starting) {
            start();
        }
    }

    /**
     * An instruction has been executed by itself.
     *
     * @param kind    as {@link BranchKind} says
     * @param taken   of a conditional jump
     * @param from    linear address of the instruction
     * @param behind  of the one behind it
     */
    public void executed(int kind, boolean taken, long from, long behind) {
        if (!triggered() || starting) {
            // Enabled or disabled by the instruction itself.
            return;
        }
        long to = cpu.execution.linearIp();
        switch (kind) {
            case BranchKind.NONE -> { }
            case BranchKind.DIRECT_JUMP -> near(to);
            case BranchKind.DIRECT_CALL -> {
                near(to);
                called(behind, to);
            }
            case BranchKind.INDIRECT_JUMP -> move(NONE, false, to, true);
            case BranchKind.INDIRECT_CALL -> {
                move(NONE, false, to, true);
                called(behind, to);
            }
            case BranchKind.RETURN -> returned(to);
            case BranchKind.FAR -> {
                boolean told = tellsPaging || cpu.system.cr3 != lastCr3 && !cpu.vmx.nonRoot;
                tellsPaging = false;
                move(NONE, told, to, true);
            }
            case BranchKind.SOFTWARE_INTERRUPT -> delivered(from);
            case BranchKind.INTO -> {
                if (to != behind) {
                    delivered(from);
                }
            }
            case BranchKind.MOV_CR3 -> move(NONE, true, to, false);
            case BranchKind.VMPTRLD -> {
                if (!cpu.cf() && !cpu.zf()) {
                    vmcs();
                }
            }
            case BranchKind.COUNTED -> conditional(to != behind, to);
            default -> conditional(taken, to);
        }
        boundaryIfDue();
    }

    private void boundaryIfDue() {
        if (triggered() && packets.sinceBoundary() >= PERIOD) {
            boundary(cpu.execution.linearIp());
        }
    }

    /** @return of a kind that has a condition: the low 4 bits of its opcode; -1 for others */
    public static int condition(int kind) {
        return kind >= BranchKind.CONDITIONAL ? kind - BranchKind.CONDITIONAL : -1;
    }

    /** PTWRITE. @param size 4 or 8 bytes */
    public void ptwrite(long value, int size) {
        if ((control & PTW_EN) != 0 && packetEn() && !starting) {
            boolean tells = (control & FUP_ON_PTW) != 0;
            packets.written(value, size, tells);
            if (tells) {
                packets.source(cpu.execution.linearIp());
            }
        }
    }

    /** An event has been delivered. @param from linear address to go on at after the handler */
    public void delivered(long from) {
        if (triggered() && !starting) {
            move(from, cpu.system.cr3 != lastCr3, cpu.execution.linearIp(), true);
            boundaryIfDue();
        }
    }

    /** An event is about to be delivered. */
    public void delivering() {
        startFirst();
    }

    /** INIT has been taken: the processor is at its first instruction, or waits for a start-up message. */
    public void initialised(long from, boolean waits) {
        if (!triggered() || starting) {
            return;
        }
        if (!waits) {
            move(from, true, cpu.execution.linearIp(), true);
        } else if (packetEn() && branches()) {
            packets.source(from);
        }
    }

    /** A start-up message has been taken. */
    public void startedUp() {
        if (triggered() && !starting) {
            move(NONE, true, cpu.execution.linearIp(), true);
        }
    }

    /** A VM entry begins to load what the guest is to have. @param conceals whether it makes no PIP */
    public void entering(boolean conceals) {
        transition = ENTRY;
        tellsPaging = !conceals;
    }

    /** The VM entry has loaded it all, or failed. */
    public void entered() {
        transition = 0;
    }

    /** A VM exit begins. */
    public void leaving() {
        startFirst();
        transition = EXIT;
        leftAt = cpu.execution.linearIp();
    }

    /** A VM exit has loaded the host. @param conceals whether it makes no PIP */
    public void left(boolean conceals) {
        transition = 0;
        if (triggered() && !starting) {
            move(leftAt, !conceals, cpu.execution.linearIp(), true);
            boundaryIfDue();
        }
    }

    // Packets

    private void disable() {
        if (triggered() && !starting) {
            if (packetEn() && branches()) {
                if (transition != ENTRY) {
                    packets.source(transition == EXIT ? leftAt : cpu.execution.linearIp());
                }
                packets.disabled();
            }
            packets.flush();
        }
        starting = false;
        contextEn = false;
        filterEn = false;
        output.forget();
        cpu.execution.traced(false);
    }

    /** A taken branch whose target the code names. */
    private void near(long to) {
        if ((control >> ADDR0_CFG) != 0) {
            move(NONE, false, to, false);
        }
    }

    private void conditional(boolean taken, long to) {
        boolean before = packetEn();
        if (taken && (control >> ADDR0_CFG) != 0) {
            evaluate(to);
            if (before && !packetEn() && branches()) {
                // The target follows from the code: it is not sent.
                packets.disabled();
            } else if (!before && packetEn()) {
                enabled(to);
            }
            stopIfInRange();
        }
        if (before && packetEn() && branches()) {
            packets.branch(taken);
        }
    }

    private void called(long behind, long to) {
        if (packetEn() && behind != to) {
            top = top + 1 & CALLS - 1;
            calls[top] = behind;
            depth = Math.min(depth + 1, CALLS);
        }
    }

    private void returned(long to) {
        boolean before = packetEn();
        boolean compressed = before && depth > 0 && calls[top] == to && (control & DIS_RETC) == 0;
        if (compressed) {
            evaluate(to);
            if (packetEn()) {
                depth--;
                top = top - 1 & CALLS - 1;
                if (branches()) {
                    packets.branch(true);
                }
                return;
            }
            depth = 0;
            if (branches()) {
                packets.disabled(to);
            }
            stopIfInRange();
            return;
        }
        depth = 0;
        move(NONE, false, to, true);
    }

    /**
     * Execution has come elsewhere.
     *
     * @param source  linear address that an event has interrupted, or {@link #NONE}
     * @param paging  whether CR3 may have changed
     * @param indirect whether only a packet can tell the target
     */
    private void move(long source, boolean paging, long to, boolean indirect) {
        boolean before = packetEn();
        evaluate(to);
        boolean after = packetEn();
        if (source != NONE && before && branches()) {
            packets.source(source);
        }
        if (paging) {
            paging();
        }
        if (before && !after) {
            if (branches()) {
                if (contextEn) {
                    packets.disabled(to);
                } else {
                    packets.disabled();
                }
            }
        } else if (after && !before) {
            enabled(to);
        } else if (after && indirect && branches()) {
            mode();
            packets.target(to);
        }
        stopIfInRange();
    }

    private void enabled(long ip) {
        depth = 0;
        if (branches()) {
            lastMode = NO_MODE;
            mode();
            packets.enabled(ip);
        }
    }

    private void stopIfInRange() {
        if (inStopRange && contextEn && triggered()) {
            packets.stop();
            stopped();
        }
    }

    /** MODE.Exec, if it has changed. */
    private void mode() {
        int size = cpu.mode & Mode.SIZE_MASK;
        int mode = size == 2 ? 1 : size == 1 ? 2 : 0;
        if (mode != lastMode) {
            lastMode = mode;
            packets.mode(mode);
        }
    }

    private void paging() {
        lastCr3 = cpu.system.cr3;
        if (contextEn && triggered() && (control & OS) != 0) {
            packets.paging(cpu.system.cr3, cpu.vmx.nonRoot && !cpu.vmx.concealedFromTrace());
        }
    }

    private void vmcs() {
        if (contextEn && cpu.vmx.current != com.vtsim.cpu.vmx.Vmx.NONE && cpu.vmx.on && !(cpu.vmx.nonRoot && cpu.vmx.concealedFromTrace())) {
            packets.vmcs(cpu.vmx.current);
        }
    }

    /** PSB and what follows it. @param ip where execution is, {@link #NONE} where TIP.PGE will tell */
    private void boundary(long ip) {
        packets.boundary();
        depth = 0;
        if ((control & TSC_EN) != 0) {
            packets.timeStamp(cpu.msrs.visibleTimeStamp());
        }
        paging();
        vmcs();
        packets.ratio((int) (cpu.cpuid.tscFrequency / 100_000_000L));
        if (ip != NONE && packetEn() && branches()) {
            lastMode = NO_MODE;
            mode();
            packets.source(ip);
        }
        packets.boundaryEnd();
    }

    // State

    /** Puts registers, and what has not been written yet, into {@link #SAVED} places. */
    public void save(long[] to, int at) {
        long[] own = {control, status, cr3Match, output.base(), output.pointers(), starting ? 1 : 0, contextEn ? 1 : 0, filterEn ? 1 : 0,
            lastCr3, lastMode, depth, top};
        System.arraycopy(own, 0, to, at, own.length);
        System.arraycopy(ranges, 0, to, at + 12, ranges.length);
        packets.save(to, at + 16);
        System.arraycopy(calls, 0, to, at + 20, CALLS);
        output.save(to, at + 20 + CALLS);
    }

    /** Adopts what was saved; nothing where a former version has saved nothing. */
    public void restore(long[] from, int at) {
        reset();
        if (from.length < at + SAVED) {
            return;
        }
        control = from[at];
        status = from[at + 1];
        cr3Match = from[at + 2];
        output.base(from[at + 3]);
        output.pointers(from[at + 4]);
        starting = from[at + 5] != 0;
        contextEn = from[at + 6] != 0;
        filterEn = from[at + 7] != 0;
        lastCr3 = from[at + 8];
        lastMode = (int) from[at + 9];
        depth = (int) from[at + 10];
        top = (int) from[at + 11];
        System.arraycopy(from, at + 12, ranges, 0, ranges.length);
        packets.restore(from, at + 16);
        System.arraycopy(from, at + 20, calls, 0, CALLS);
        output.restore(from, at + 20 + CALLS);
        cpu.execution.traced(triggered());
    }
}
