package com.vtsim.cpu.engine;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.cpu.vmx.ExitReason;

/**
 * The run loop of the processor: executes blocks, recognises events between instructions, and turns faults into
 * deliveries.
 *
 * @sdm Priority Among Concurrent Events; Interrupt and Exception Handling
 */
public final class Execution {
    /** Reasons not to go straight to the next block; or-ed in {@link #events}. */
    private static final int LEAVE = 1, HALTED = 1 << 1, INTR = 1 << 2, NMI = 1 << 3, INIT = 1 << 4, SHADOW = 1 << 5, STEP = 1 << 6,
        WAIT_FOR_SIPI = 1 << 7, SIPI = 1 << 8, SHUTDOWN = 1 << 9, WATCH = 1 << 10, DEBUG = 1 << 11, OPERATOR = 1 << 12,
        SPIN = 1 << 13, VM = 1 << 14,
        MWAIT = 1 << 15, MASKED_INTR_ENDS_WAIT = 1 << 16;
    /** DR6.BS: the trap comes from EFLAGS.TF. */
    private static final long DR6_BS = 1 << 14;
    private static final int VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_DF = 8, VECTOR_PF = 14, VECTOR_AC = 17;

    private final Cpu cpu;
    private final CodeCache code;
    private final Breakpoints breakpoints;
    private final FaultChain chain;
    private final InstructionHistory history = new InstructionHistory();

    private int events;
    /** Operations of the current block to execute at most; 0 makes the current one the last. */
    private int limit;
    /** Index of the current operation in the current block. */
    private int position;
    private boolean inBlock;
    /** The block under execution, or executed last. */
    private Block current = Block.none();
    private long retired;
    private boolean intrPin;
    private boolean movSsShadow;
    private boolean nmiBlocked;
    private int startupVector;
    /** DR6 bits of debug traps that await their delivery. */
    private long pendingDebug;

    Execution(Cpu cpu, Semantics semantics) {
        this.cpu = cpu;
        this.code = new CodeCache(cpu, semantics);
        this.breakpoints = new Breakpoints(cpu);
        this.chain = new FaultChain(cpu);
    }

    // The run loop

    /** See {@link com.vtsim.api.machine.Processor#run}. */
    public Outcome run(long budget) {
        long end = retired + budget;
        breakpoints.resume(retired);
        while (true) {
            try {
                return loop(end);
            } catch (GuestFault fault) {
                faulted(fault);
            }
        }
    }

    private Outcome loop(long end) {
        while (true) {
            long left = end - retired;
            if (left <= 0) {
                return spent();
            }
            if (events != 0) {
                Outcome outcome = beforeInstruction();
                if (outcome != null) {
                    return outcome;
                }
                left = end - retired;
                if (left <= 0) {
                    return Outcome.BUDGET;
                }
                if ((events & (SHADOW | STEP)) != 0 || (events & WATCH) != 0 && breakpoints.near(linearIp())) {
                    executeOne();
                    continue;
                }
            }
            execute(left);
        }
    }

    /** The last instruction of a budget may be the one that met a watchpoint. */
    private Outcome spent() {
        if ((events & OPERATOR) == 0) {
            return Outcome.BUDGET;
        }
        events &= ~OPERATOR;
        return Outcome.BREAKPOINT;
    }

    /** Executes the block at the instruction pointer, or as much of it as {@code most} allows. */
    private void execute(long most) {
        Cpu c = cpu;
        long ip = c.r[Cpu.RIP];
        boolean code64 = (c.mode & Mode.SIZE_MASK) == 2;
        long linear = code64 ? ip : c.segBase[Cpu.CS] + ip & 0xFFFF_FFFFL;
        Block block = current.successor(linear, c.mode, code.epoch);
        if (block == null) {
            block = code.follow(current, linear);
        }
        int all = block.operations.length;
        Operation[] operations = block.whole;
        int count = operations.length;
        if (all > most) {
            operations = block.operations;
            count = (int) most;
        }
        if (!code64 && ip + block.length - 1 > c.segments.limit[Cpu.CS]) {
            operations = block.operations;
            count = 1;
            checkCodeLimit(block, ip);
        }
        long after = ip + block.length;
        c.next = code64 ? after : after & 0xFFFF_FFFFL;
        current = block;
        limit = count;
        inBlock = true;
        int i = 0;
        while (i < limit) {
            position = i;
            operations[i].execute(c);
            i++;
        }
        inBlock = false;
        if (i == operations.length) {
            retired += all;
            c.r[Cpu.RIP] = c.next;
        } else {
            retired += i;
            advance(ip + block.starts[i]);
        }
    }

    private void advance(long ip) {
        cpu.r[Cpu.RIP] = (cpu.mode & Mode.SIZE_MASK) == 2 ? ip : ip & 0xFFFF_FFFFL;
    }

    /** Near the end of the code segment instructions go one at a time, each checked. */
    private void checkCodeLimit(Block block, long ip) {
        int first = block.operations.length > 1 ? block.starts[1] : block.length;
        if (ip + first - 1 > cpu.segments.limit[Cpu.CS]) {
            throw cpu.protection(0);
        }
    }

    /** Executes exactly one instruction, and what follows from it: end of a shadow, single-step trap. */
    private void executeOne() {
        boolean trap = (cpu.systemFlags & Flags.TF) != 0;
        boolean afterMovSs = movSsShadow;
        underMovSs = movSsShadow;
        events &= ~SHADOW;
        movSsShadow = false;
        if (history.recording()) {
            history.record(linearIp(), cpu.mode);
        }
        cpu.systemFlags &= ~Flags.RF;
        long before = retired;
        execute(1);
        if (trap && retired != before && !stepSuppressed) {
            pendingDebug |= DR6_BS;
        }
        stepSuppressed = false;
        underMovSs = false;
        if (pendingDebug != 0) {
            if (afterMovSs && (pendingDebug & ~DR6_BS) == 0 && movSsShadow) {
                pendingDebug = 0;
            } else {
                events |= DEBUG;
            }
        }
        flagsChanged();
    }

    /** Whether the instruction under execution follows one that loaded SS. */
    private boolean underMovSs;

    /** Set by an event that was delivered inside an instruction (INT n): its single-step trap is not taken. */
    private boolean stepSuppressed;

    /**
     * Takes the event of the highest priority.
     *
     * @return why the run ends, or null to execute the next instruction
     */
    private Outcome beforeInstruction() {
        while (true) {
            if ((events & OPERATOR) != 0) {
                events &= ~OPERATOR;
                return Outcome.BREAKPOINT;
            }
            if ((events & LEAVE) != 0) {
                events &= ~LEAVE;
                return Outcome.LEFT;
            }
            if ((events & SPIN) != 0) {
                events &= ~SPIN;
                return Outcome.SPINNING;
            }
            if ((events & SHUTDOWN) != 0 && !cpu.vmx.nonRoot) {
                return Outcome.SHUTDOWN;
            }
            if ((events & INIT) != 0 && !cpu.vmx.blocksInit()) {
                initialise();
                continue;
            }
            if ((events & WAIT_FOR_SIPI) != 0) {
                if ((events & SIPI) == 0) {
                    return Outcome.IDLE;
                }
                startUp();
                continue;
            }
            boolean delivered = takeInterrupt();
            if (delivered) {
                continue;
            }
            if ((events & (HALTED | SHUTDOWN)) != 0) {
                return Outcome.IDLE;
            }
            return (events & WATCH) != 0 ? codeBreakpoint() : null;
        }
    }

    /** @return whether an event was delivered */
    private boolean takeInterrupt() {
        boolean guest = cpu.vmx.nonRoot;
        if ((events & VM) != 0 && cpu.vmx.beforeTraps()) {
            return true;
        }
        if ((events & DEBUG) != 0 && !movSsShadow) {
            awake(DEBUG);
            long status = pendingDebug;
            pendingDebug = 0;
            deliver(VECTOR_DB, GuestFault.NO_CODE, status, Interrupts.Source.EXCEPTION);
            return true;
        }
        boolean blocked = nmiBlocked && !cpu.vmx.virtualNmis() || movSsShadow;
        if ((events & VM) != 0 && cpu.vmx.beforeNmi(nmiBlocked || movSsShadow)) {
            return true;
        }
        if ((events & NMI) != 0 && !blocked) {
            events &= ~NMI;
            if (guest && cpu.vmx.nmi()) {
                return true;
            }
            awake(SHUTDOWN);
            nmiBlocked = true;
            deliver(VECTOR_NMI, GuestFault.NO_CODE, 0, Interrupts.Source.EXTERNAL);
            return true;
        }
        if ((events & VM) != 0 && cpu.vmx.interruptWindow((events & SHADOW) == 0 && (cpu.systemFlags & Flags.IF) != 0)) {
            return true;
        }
        if ((events & INTR) != 0 && cpu.controller != null && (events & SHUTDOWN) == 0 && cpu.vmx.interruptExits()) {
            cpu.vmx.externalInterrupt();
            return true;
        }
        if ((events & (INTR | SHADOW | SHUTDOWN)) == INTR && cpu.controller != null) {
            awake(0);
            int vector = cpu.controller.acknowledge(cpu.index);
            deliver(vector, GuestFault.NO_CODE, 0, Interrupts.Source.EXTERNAL);
            return true;
        }
        return false;
    }

    private Outcome codeBreakpoint() {
        long linear = linearIp();
        if (!breakpoints.near(linear)) {
            return null;
        }
        if (breakpoints.operatorStop(linear, retired)) {
            return Outcome.BREAKPOINT;
        }
        if ((cpu.systemFlags & Flags.RF) == 0) {
            long status = breakpoints.instruction(linear);
            if (status != 0) {
                deliver(VECTOR_DB, GuestFault.NO_CODE, status, Interrupts.Source.EXCEPTION);
            }
        }
        return null;
    }

    // Faults and deliveries

    private void faulted(GuestFault fault) {
        if (inBlock) {
            inBlock = false;
            retired += position;
            advance(fault.atNext ? cpu.next : cpu.r[Cpu.RIP] + current.starts[position]);
        }
        if (fault.vector == GuestFault.VM_EXIT) {
            cpu.vmx.leave();
            return;
        }
        if (fault.vector == GuestFault.FROZEN) {
            return;
        }
        deliver(fault.vector, fault.errorCode, fault.information, Interrupts.Source.EXCEPTION);
    }

    /**
     * Delivers an event and, where its delivery faults, what the manual makes of the two.
     *
     * @param information CR2 of a page fault, DR6 bits of a debug exception
     */
    private void deliver(int vector, int errorCode, long information, Interrupts.Source source) {
        if (!cpu.vmx.nonRoot || !cpu.vmx.takes(vector, errorCode, information, source)) {
            deliver(vector, errorCode, information, source, 0, true);
        }
    }

    /** Delivers the event that a VM entry injects: CR2 and DR6 stay. @param length of the instruction that a software event stands for */
    public void inject(int vector, int errorCode, Interrupts.Source source, int length) {
        deliver(vector, errorCode, 0, source, length, false);
    }

    private void deliver(int vector, int errorCode, long information, Interrupts.Source source, int length, boolean latching) {
        boolean latches = latching;
        int eventVector = vector;
        int eventCode = errorCode;
        long eventInformation = information;
        Interrupts.Source eventSource = source;
        chain.begin(vector, errorCode, information, source, retired);
        if (source == Interrupts.Source.EXCEPTION) {
            // Counted, so that time goes on for a guest whose handler faults at its first instruction, for ever.
            retired++;
        }
        while (true) {
            try {
                if (eventSource == Interrupts.Source.EXCEPTION && latches) {
                    latch(eventVector, eventInformation);
                }
                interrupts(eventVector, eventCode, eventSource, latches ? 0 : length);
                if (cpu.vmx.nonRoot) {
                    cpu.vmx.delivered();
                }
                return;
            } catch (GuestFault second) {
                if (second.atNext) {
                    cpu.r[Cpu.RIP] = cpu.next;
                }
                if (second.vector == GuestFault.VM_EXIT) {
                    cpu.vmx.leave();
                    return;
                }
                if (cpu.vmx.nonRoot && cpu.vmx.takesWhileDelivering(second)) {
                    return;
                }
                latches = true;
                chain.add(second);
                int next = eventSource == Interrupts.Source.EXCEPTION ? FaultChain.combine(eventVector, second.vector) : second.vector;
                if (next == FaultChain.TRIPLE) {
                    chain.shutdown();
                    if (cpu.vmx.nonRoot) {
                        cpu.vmx.tripleFault();
                        return;
                    }
                    events |= SHUTDOWN;
                    return;
                }
                boolean doubled = next == VECTOR_DF && second.vector != VECTOR_DF;
                if (doubled && second.vector == VECTOR_PF) {
                    cpu.system.cr2 = second.information;
                }
                eventVector = next;
                eventCode = doubled ? 0 : second.errorCode;
                eventInformation = second.information;
                eventSource = Interrupts.Source.EXCEPTION;
                if (cpu.vmx.nonRoot && cpu.vmx.takesNested(eventVector, eventCode, eventInformation, doubled)) {
                    return;
                }
            }
        }
    }

    private void interrupts(int vector, int errorCode, Interrupts.Source source, int length) {
        cpu.next = cpu.r[Cpu.RIP];
        cpu.interrupts.transfer(vector, errorCode, source, cpu.r[Cpu.RIP] + length);
        cpu.r[Cpu.RIP] = cpu.next;
    }

    /** Leaves what the exception says in CR2 or DR6. */
    private void latch(int vector, long information) {
        if (vector == VECTOR_PF) {
            cpu.system.cr2 = information;
        } else if (vector == VECTOR_DB) {
            cpu.system.dr[6] = cpu.system.dr[6] & ~0xFL | information;
        }
    }

    /** @return what happened in the latest chain of faults, in words */
    public FaultChain chain() {
        return chain;
    }

    // What operations and other sections ask of the loop

    /** The current operation is two instructions, and the second begins. */
    public void secondOfPair() {
        position++;
    }

    /** Leaves the block after the current operation: the mode, a mapping or a pin has changed. Operations that write control state call it. */
    public void endBlock() {
        limit = 0;
    }

    /** IF, TF or RF changed. */
    public void flagsChanged() {
        int now = events & ~(STEP | INTR);
        if ((cpu.systemFlags & (Flags.TF | Flags.RF)) != 0 || history.recording() || cpu.vmx.stepping()) {
            now |= STEP;
        }
        if (intrPin && ((cpu.systemFlags & Flags.IF) != 0 || cpu.vmx.interruptExits())) {
            now |= INTR;
        }
        if (now != events) {
            events = now;
            endBlock();
        }
    }

    /** No interrupt (after a load of SS no debug trap and no NMI either) before the instruction after this one has been executed. */
    public void shadow(boolean movSs) {
        events |= SHADOW;
        movSsShadow = movSs;
        endBlock();
    }

    /** Halts until an event. */
    public void halt() {
        events |= HALTED;
        endBlock();
    }

    /**
     * MWAIT: halts until the monitored line is written or an event comes; not at all if the line has been written already.
     *
     * @param masked whether an interrupt ends the wait although EFLAGS.IF is 0
     */
    public void waitForStore(boolean masked) {
        if (cpu.monitor.armed() == AddressMonitor.NONE || masked && intrPin) {
            cpu.monitor.disarm();
            return;
        }
        events |= MWAIT | (masked ? MASKED_INTR_ENDS_WAIT : 0);
        halt();
    }

    /** The monitored line has been written. */
    void monitored() {
        if ((events & MWAIT) != 0) {
            awake(0);
        }
    }

    /** HLT or MWAIT, and the events given, are over. MWAIT needs another MONITOR then. */
    private void awake(int over) {
        if ((events & MWAIT) != 0) {
            cpu.monitor.disarm();
        }
        events &= ~(HALTED | MWAIT | MASKED_INTR_ENDS_WAIT | over);
    }

    /** @return what an operation throws to halt before itself: it executes again after the next event */
    GuestFault freeze() {
        halt();
        return cpu.fault(GuestFault.FROZEN, GuestFault.NO_CODE);
    }

    /** PAUSE: with several processors the turn goes to the next, or two that wait for each other in step would never meet. */
    public void spin() {
        if (cpu.cpuid.processors > 1) {
            events |= SPIN;
            endBlock();
        }
    }

    /** IRET has been executed: NMIs are taken again. */
    public void unblockNmi() {
        if (cpu.vmx.iretUnblocks(nmiBlocked)) {
            nmiBlocked = false;
            if ((events & (NMI | VM)) != 0) {
                endBlock();
            }
        }
    }

    /** INT n and its kin were delivered by the current instruction: no single-step trap follows it. */
    public void suppressStep() {
        stepSuppressed = true;
    }

    /** Traps with these DR6 bits after the current instruction: task switch with T set, ICEBP's kin. */
    public void debugTrap(long status) {
        pendingDebug |= status;
        events |= DEBUG;
        endBlock();
    }

    /** DR7 or a debug address changed. */
    public void debugRegistersChanged() {
        breakpoints.changed();
        events = breakpoints.any() ? events | WATCH : events & ~WATCH;
        cpu.memory.flush();
        endBlock();
    }

    /** @return decoded code */
    CodeCache code() {
        return code;
    }

    /** Pages mean something else from now on: the board's memory map has changed. */
    public void pagesChanged() {
        code.forget();
        cpu.memory.flush();
        cpu.monitor.pagesChanged();
    }

    /** @return whether accesses to the page have to be looked at one by one: a data breakpoint lies in it, or alignment is checked */
    boolean watches(long linear) {
        return breakpoints.dataNear(linear) || alignmentChecked();
    }

    boolean alignmentChecked() {
        return (cpu.system.cr0 & SystemState.CR0_AM) != 0 && cpu.cpl == 3 && (cpu.systemFlags & Flags.AC) != 0;
    }

    /** Raises #AC if alignment is checked and the access is not aligned. */
    void checkAlignment(long linear, int size) {
        if ((linear & size - 1) != 0 && alignmentChecked()) {
            throw cpu.fault(VECTOR_AC, 0);
        }
    }

    /** Compares an access on a watched page with the data breakpoints. */
    void dataAccess(long linear, int size, boolean write) {
        if (!breakpoints.dataNear(linear) && !breakpoints.dataNear(linear + size - 1)) {
            return;
        }
        long status = breakpoints.data(linear, size, write);
        if (status != 0) {
            pendingDebug |= status;
            events |= DEBUG;
            endBlock();
        }
        if (breakpoints.operatorData(linear, size, write)) {
            events |= OPERATOR;
            endBlock();
        }
    }

    /** Compares a port access with the breakpoints. */
    public void portAccess(int port, int size) {
        if ((events & WATCH) == 0) {
            return;
        }
        long status = breakpoints.port(port, size);
        if (status != 0) {
            debugTrap(status);
        }
        if (breakpoints.operatorPort(port, size)) {
            events |= OPERATOR;
            endBlock();
        }
    }

    // Pins

    /** See {@link com.vtsim.api.machine.Processor#intr}. */
    public void intr(boolean asserted) {
        intrPin = asserted;
        if (asserted && (events & MASKED_INTR_ENDS_WAIT) != 0) {
            monitored();
        }
        flagsChanged();
    }

    /** An edge on the NMI pin: latched until it is taken. */
    public void nmi() {
        events |= NMI;
        endBlock();
    }

    /** INIT. */
    public void init() {
        events |= INIT;
        endBlock();
    }

    /** Start-up message; ignored unless the processor waits for one. */
    public void startup(int vector) {
        if ((events & WAIT_FOR_SIPI) != 0 || (events & INIT) != 0) {
            startupVector = vector;
            events |= SIPI;
        }
    }

    /** Leaves {@link #run} after the current instruction. */
    public void leave() {
        if (inBlock) {
            events |= LEAVE;
            endBlock();
        }
    }

    private void initialise() {
        if (cpu.vmx.nonRoot) {
            events &= ~INIT;
            cpu.vmx.leave(ExitReason.INIT, 0);
            return;
        }
        ResetState.init(cpu);
        if (cpu.system.localApic() != null) {
            cpu.system.localApic().init();
        }
        awake(INIT | SHADOW | NMI | SHUTDOWN | DEBUG);
        movSsShadow = false;
        pendingDebug = 0;
        nmiBlocked = false;
        if (cpu.index != 0) {
            events |= WAIT_FOR_SIPI;
        }
        flagsChanged();
    }

    private void startUp() {
        events &= ~SIPI;
        if (cpu.vmx.nonRoot) {
            cpu.vmx.leave(ExitReason.SIPI, startupVector);
            return;
        }
        events &= ~WAIT_FOR_SIPI;
        ResetState.startUp(cpu, startupVector);
    }

    // For VM entries and exits

    /** Something of VMX operation is (or is no longer) to be looked at before the next instruction. */
    public void vmAttention(boolean wanted) {
        events = wanted ? events | VM : events & ~VM;
        if (wanted) {
            endBlock();
        }
        flagsChanged();
    }

    /** @return activity state as a VMCS numbers it: active, HLT, shutdown, wait-for-SIPI */
    public int activity() {
        return (events & WAIT_FOR_SIPI) != 0 ? 3 : (events & SHUTDOWN) != 0 ? 2 : (events & HALTED) != 0 ? 1 : 0;
    }

    /** Sets the activity state; pending traps and the shadows of STI and MOV SS are forgotten. */
    public void activity(int state) {
        awake(WAIT_FOR_SIPI | SHUTDOWN | SHADOW | DEBUG);
        events |= state == 3 ? WAIT_FOR_SIPI : state == 2 ? SHUTDOWN : state == 1 ? HALTED : 0;
        movSsShadow = false;
        pendingDebug = 0;
        endBlock();
    }

    /** @return blocking by STI (1), by MOV SS (2) and by NMI (8) */
    public int interruptibility() {
        return ((events & SHADOW) == 0 ? 0 : movSsShadow ? 2 : 1) | (nmiBlocked ? 8 : 0);
    }

    /** @return whether NMIs (in a guest with virtual NMIs, those) are blocked */
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    /** Blocks NMIs, or not. */
    public void blockNmis(boolean blocked) {
        nmiBlocked = blocked;
    }

    /** @return DR6 bits of debug traps that await their delivery */
    public long pendingDebug() {
        return pendingDebug;
    }

    /** @return whether the instruction under execution follows one that loaded SS */
    public boolean underMovSs() {
        return underMovSs;
    }

    /** @return whether it waits for a start-up message */
    public boolean waitsForStartup() {
        return (events & WAIT_FOR_SIPI) != 0;
    }

    /** @return bytes of the instruction under execution, or of the one that was executed last */
    public int instructionLength() {
        int end = position + 1 < current.starts.length ? current.starts[position + 1] : current.length;
        return current.starts.length == 0 ? 0 : end - current.starts[position];
    }

    /** The processor stops, as after a triple fault. */
    public void shutdown() {
        events |= SHUTDOWN;
        endBlock();
    }

    // For the part around

    /** @return see {@link com.vtsim.api.machine.Processor#retired} */
    public long retired() {
        return inBlock ? retired + position : retired;
    }

    /** @return see {@link com.vtsim.api.machine.Processor#idle} */
    public boolean idle() {
        boolean guest = cpu.vmx.nonRoot;
        if ((events & SHUTDOWN) != 0 && !guest) {
            return true;
        }
        if ((events & INIT) != 0 && !cpu.vmx.blocksInit()) {
            return false;
        }
        if ((events & WAIT_FOR_SIPI) != 0) {
            return (events & SIPI) == 0;
        }
        boolean nmi = (events & NMI) != 0 && (!nmiBlocked || cpu.vmx.virtualNmis());
        boolean intr = (events & (INTR | SHUTDOWN)) == INTR && cpu.controller != null;
        return (events & (HALTED | SHUTDOWN)) != 0 && !nmi && !intr && (events & DEBUG) == 0 && !cpu.vmx.endsHalt();
    }

    /** @return linear address of the next instruction */
    public long linearIp() {
        long ip = cpu.r[Cpu.RIP];
        if (inBlock) {
            ip += current.starts[position];
        }
        return (cpu.mode & Mode.SIZE_MASK) == 2 ? ip : cpu.segBase[Cpu.CS] + ip & 0xFFFF_FFFFL;
    }

    /** @return debug registers' and operator's breakpoints */
    public Breakpoints breakpoints() {
        return breakpoints;
    }

    /** @return the recorded instructions */
    public InstructionHistory history() {
        return history;
    }

    /** Starts or ends recording. */
    public void record(int count) {
        history.keep(count);
        flagsChanged();
    }

    /** Tells the code cache of the other processors of the machine. */
    public void peers(LinearMemory[] others) {
        code.peers(others);
    }

    /** Power-on state of the loop: nothing pending; all processors but the first wait for a start-up message. */
    public void reset() {
        events = cpu.index == 0 ? 0 : WAIT_FOR_SIPI;
        if (breakpoints.any()) {
            events |= WATCH;
        }
        movSsShadow = false;
        nmiBlocked = false;
        pendingDebug = 0;
        stepSuppressed = false;
        code.forget();
        flagsChanged();
    }

    /** Makes a waiting processor run, as a loader's entry does. */
    public void wake() {
        awake(WAIT_FOR_SIPI | SIPI | SHUTDOWN);
    }

    /** @return the loop's own state */
    public ExecutionState save() {
        int kept = events & (HALTED | NMI | INIT | SHADOW | WAIT_FOR_SIPI | SIPI | SHUTDOWN | DEBUG | SPIN
            | MWAIT | MASKED_INTR_ENDS_WAIT);
        return new ExecutionState(retired, kept, intrPin, movSsShadow, nmiBlocked, startupVector, pendingDebug);
    }

    /** Adopts a saved state. */
    public void restore(ExecutionState state) {
        retired = state.retired();
        events = state.events();
        intrPin = state.intrPin();
        movSsShadow = state.movSsShadow();
        nmiBlocked = state.nmiBlocked();
        startupVector = state.startupVector();
        pendingDebug = state.pendingDebug();
        code.forget();
        debugRegistersChanged();
        flagsChanged();
    }
}
