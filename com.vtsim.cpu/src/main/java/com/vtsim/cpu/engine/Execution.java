package com.vtsim.cpu.engine;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.cpu.trace.BranchKind;
import com.vtsim.cpu.trace.ProcessorTrace;

/**
 * The run loop of the processor: executes blocks, recognises events between instructions, and turns faults into
 * deliveries.
 *
 * @sdm Priority Among Concurrent Events; Interrupt and Exception Handling
 */
public final class Execution {
    /** Instructions executed in a block after which it pays to compile it: measured on a kernel's boot. */
    public static final int COMPILE_AFTER = 200_000;

    private final Cpu cpu;
    private final CodeCache code;
    private final InstructionHistory history = new InstructionHistory();
    /** INTR, NMI, INIT, start-up messages. */
    public final Pins pins;
    /** Whether it executes, and what it waits for. */
    public final Activity activity;
    /** Events on their way into the guest. */
    public final Deliveries deliveries;
    /** Debug exceptions, and the operator's stops. */
    public final DebugTraps traps;
    private final Recognition recognition;

    /** The last branches. */
    final BranchRecords branchRecords;

    /** Pending events: bits of {@link Event}. */
    int events;
    /** Operations of the current block to execute at most; 0 makes the current one the last. */
    public int limit;
    /** Index of the current operation in the current block. */
    public int position;
    private boolean running;
    private boolean inBlock;
    /** The block under execution, or executed last. */
    private Block current = Block.none();
    private long retired;
    /** Part of {@link #retired} that no instruction is: deliveries of exceptions, and all parts but the last of a repeated string instruction. */
    private long uncounted;
    /** Retired count at which the run ends, and at which the loop looks up: there, or where a performance counter may overflow. */
    private long end;
    private long horizon;
    /** Instructions that may follow the block under execution without a look at events. */
    private long room;
    private int compileAfter = COMPILE_AFTER;
    /** Whether the shadow in force comes from a load of SS. */
    boolean movSsShadow;
    /** What blocks events while the instruction under execution executes: 1 the STI before it, 2 the load of SS before it, 0 nothing. */
    private int shadowed;

    Execution(Cpu cpu, Semantics semantics) {
        this.cpu = cpu;
        this.code = new CodeCache(cpu, semantics);
        this.pins = new Pins(cpu, this);
        this.activity = new Activity(cpu, this);
        this.deliveries = new Deliveries(cpu, this);
        this.traps = new DebugTraps(cpu, this);
        this.recognition = new Recognition(cpu, this);
        this.branchRecords = new BranchRecords(cpu);
    }

    // The run loop

    /** See {@link com.vtsim.api.machine.Processor#run}. */
    public Outcome run(long budget) {
        end = retired + budget;
        plan();
        traps.breakpoints().resume(retired);
        running = true;
        try {
            while (true) {
                try {
                    return loop();
                } catch (GuestFault fault) {
                    faulted(fault);
                    shadowed = 0;
                }
            }
        } finally {
            running = false;
        }
    }

    /** @return whether {@link #run} is on: what is read meanwhile is read by the processor, not by its operator */
    boolean running() {
        return running;
    }

    private Outcome loop() {
        while (true) {
            long left = horizon - retired;
            if (left <= 0) {
                Outcome outcome = spent();
                if (outcome != null) {
                    return outcome;
                }
                continue;
            }
            if (events != 0) {
                Outcome outcome = recognition.next();
                if (outcome != null) {
                    return outcome;
                }
                left = horizon - retired;
                if (left <= 0) {
                    continue;
                }
                if ((events & (Event.SHADOW | Event.STEP)) != 0 || (events & Event.WATCH) != 0 && traps.breakpoints().near(linearIp())) {
                    executeOne();
                    continue;
                }
                if ((events & Event.TRACE) != 0) {
                    executeTraced(left);
                    continue;
                }
            }
            execute(left);
        }
    }

    private void plan() {
        horizon = Math.min(end, cpu.performance.due());
    }

    /** The last instruction of a budget may be the one that met a watchpoint. @return null if only a performance counter is due */
    private Outcome spent() {
        if (horizon < end || cpu.performance.due() <= retired) {
            cpu.performance.reached();
            plan();
        }
        if (retired < end) {
            return null;
        }
        if ((events & Event.OPERATOR) == 0) {
            return Outcome.BUDGET;
        }
        events &= ~Event.OPERATOR;
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
        } else if (block.compiled != null) {
            executeCompiled(block, most);
            return;
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
            if ((block.heat += all) > compileAfter) {
                code.compile(block);
            }
        } else {
            retired += i;
            advance(ip + block.starts[i]);
        }
    }

    /** The same while branches are traced: a block's last instruction, which alone can be one, by itself. */
    private void executeTraced(long most) {
        cpu.trace.before();
        long from = linearIp();
        Block block = code.at(from);
        int all = block.operations.length;
        if (all > 1) {
            execute(Math.min(most, all - 1));
            return;
        }
        if (block.branch == Block.UNKNOWN) {
            block.branch = BranchKind.of(code.instructionAt(from));
        }
        int kind = block.branch;
        int condition = ProcessorTrace.condition(kind);
        boolean taken = condition >= 0 && cpu.condition(condition);
        long behind = from + block.length;
        long before = retired;
        execute(1);
        if (retired != before) {
            cpu.trace.executed(kind, taken, from, (cpu.mode & Mode.SIZE_MASK) == 2 ? behind : behind & 0xFFFF_FFFFL);
        }
    }

    /** Traces branches from now on, or no longer. */
    public void traced(boolean on) {
        events = on ? events | Event.TRACE : events & ~Event.TRACE;
        endBlock();
    }

    /** Executes a compiled block, and those that follow it as long as nothing asks for a look at events. */
    private void executeCompiled(Block first, long most) {
        Cpu c = cpu;
        Block block = first;
        int all = block.operations.length;
        room = events == 0 ? most - all : 0;
        inBlock = true;
        while (true) {
            long ip = c.r[Cpu.RIP];
            c.next = ip + block.length;
            current = block;
            limit = 1;
            position = 0;
            int done = block.compiled.run(c, this);
            retired += done;
            if (done != all) {
                c.r[Cpu.RIP] = ip + block.starts[done];
                break;
            }
            long next = c.next;
            c.r[Cpu.RIP] = next;
            if (limit == 0) {
                break;
            }
            block = block.successor(next, c.mode, code.epoch);
            if (block == null || block.compiled == null) {
                break;
            }
            all = block.operations.length;
            room -= all;
            if (room < 0) {
                break;
            }
        }
        inBlock = false;
    }

    /** @return whether the block under execution, which has branched to its own beginning, may be executed once more at once */
    public boolean again(int instructions) {
        if (limit == 0 || room < instructions) {
            return false;
        }
        room -= instructions;
        retired += instructions;
        position = 0;
        return true;
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
        shadowed = shadow();
        events &= ~Event.SHADOW;
        movSsShadow = false;
        if (history.recording()) {
            history.record(linearIp(), cpu.mode);
        }
        cpu.systemFlags &= ~Flags.RF;
        boolean onBranches = trap && (cpu.msrs.debugControl() & Msrs.DEBUGCTL_BTF) != 0;
        boolean records = branchRecords.on();
        int branch = onBranches || records || cpu.performance.countsBranches() ? branchRecords.next(code.instructionAt(linearIp())) : 0;
        long ip = cpu.r[Cpu.RIP];
        long before = retired;
        if ((events & Event.TRACE) != 0) {
            executeTraced(1);
        } else {
            execute(1);
        }
        shadowed = 0;
        boolean taken = branch != 0 && (branchRecords.met() || cpu.r[Cpu.RIP] != ip + instructionLength());
        if (branch != 0) {
            cpu.performance.branch();
        }
        if (taken && records) {
            branchRecords.taken(branch, ip, cpu.r[Cpu.RIP]);
        }
        traps.executed(trap && retired != before && (taken || !onBranches), afterMovSs, movSsShadow);
        flagsChanged();
    }

    private void faulted(GuestFault fault) {
        if (inBlock) {
            inBlock = false;
            retired += position;
            advance(fault.atNext ? cpu.next : cpu.r[Cpu.RIP] + current.starts[position]);
        }
        deliveries.exception(fault);
    }

    /** Counts the delivery of an exception, so that time goes on for a guest whose handler faults at its first instruction, for ever. */
    void countException() {
        retired++;
        uncounted++;
    }

    /** @return whether the budget, or what of it is left until a counter is due, has been used up */
    boolean spentAll() {
        return retired >= horizon;
    }

    /** A repeated string instruction gives way and is its own successor: it has not retired yet. */
    public void partly() {
        uncounted++;
    }

    /** @return part of {@link #retired} that no instruction is */
    long uncounted() {
        return uncounted;
    }

    /** @return {@link #retired}, and the instruction under execution with it */
    long retiredWithCurrent() {
        return inBlock ? retired + position + 1 : retired;
    }

    /** Performance counters count something else from now on. */
    void countersChanged() {
        plan();
        endBlock();
        flagsChanged();
    }

    // What operations and other sections ask of the loop

    /** The current operation is two instructions, and the second begins. */
    public void secondOfPair() {
        position++;
    }

    /** A machine check stops the processor, whoever it works for. */
    void die() {
        raise(Event.SHUTDOWN | Event.DEAD);
    }

    /** @return whether a machine check has stopped it */
    boolean dead() {
        return (events & Event.DEAD) != 0;
    }

    /** Leaves the block after the current operation: the mode, a mapping or a pin has changed. Operations that write control state call it. */
    public void endBlock() {
        limit = 0;
    }

    /** Something is to be looked at before the next instruction. */
    void raise(int event) {
        events |= event;
        endBlock();
    }

    /** IF, TF or RF changed. */
    public void flagsChanged() {
        int now = events & ~(Event.STEP | Event.INTR);
        boolean watched = history.recording() || cpu.vmx.boundary.stepping() || cpu.performance.countsBranches() || branchRecords.on();
        if (watched || (cpu.systemFlags & (Flags.TF | Flags.RF)) != 0) {
            now |= Event.STEP;
        }
        if (pins.intr() && ((cpu.systemFlags & Flags.IF) != 0 || cpu.vmx.boundary.interruptExits())) {
            now |= Event.INTR;
        }
        if (now != events) {
            events = now;
            endBlock();
        }
    }

    /** No interrupt (after a load of SS no debug trap and no NMI either) before the instruction after this one has been executed. */
    public void shadow(boolean movSs) {
        events |= Event.SHADOW;
        movSsShadow = movSs;
        endBlock();
    }

    /** @param instructions executed in a block after which it is compiled; 0 for at once, {@link Integer#MAX_VALUE} for never */
    public void compileAfter(int instructions) {
        compileAfter = instructions;
        code.compilesAtOnce(instructions == 0);
    }

    /** @return decoded code */
    CodeCache code() {
        return code;
    }

    /** Pages mean something else from now on: the board's memory map has changed. */
    public void pagesChanged() {
        code.forget();
        cpu.translation.flush();
        cpu.monitor.pagesChanged();
    }

    /** Leaves {@link #run} after the current instruction. */
    public void leave() {
        if (inBlock) {
            events |= Event.LEAVE;
            endBlock();
        }
    }

    // For VM entries and exits

    /** Something of VMX operation is (or is no longer) to be looked at before the next instruction. */
    public void vmAttention(boolean wanted) {
        events = wanted ? events | Event.VM : events & ~Event.VM;
        if (wanted) {
            endBlock();
        }
        flagsChanged();
    }

    private int shadow() {
        return (events & Event.SHADOW) == 0 ? 0 : movSsShadow ? 2 : 1;
    }

    /** @return blocking by STI (1), by MOV SS (2) and by NMI (8); an instruction that exits under a shadow is still under it */
    public int interruptibility() {
        return (shadowed != 0 ? shadowed : shadow()) | (pins.nmiBlocked() ? 8 : 0);
    }

    /** @return whether the instruction under execution follows one that loaded SS */
    public boolean underMovSs() {
        return shadowed == 2;
    }

    /** @return bytes of the instruction under execution, or of the one that was executed last */
    public int instructionLength() {
        int end = position + 1 < current.starts.length ? current.starts[position + 1] : current.length;
        return current.starts.length == 0 ? 0 : end - current.starts[position];
    }

    // For the part around

    /** @return see {@link com.vtsim.api.machine.Processor#retired} */
    public long retired() {
        return inBlock ? retired + position : retired;
    }

    /** @return linear address of the next instruction */
    public long linearIp() {
        long ip = cpu.r[Cpu.RIP];
        if (inBlock) {
            ip += current.starts[position];
        }
        return (cpu.mode & Mode.SIZE_MASK) == 2 ? ip : cpu.segBase[Cpu.CS] + ip & 0xFFFF_FFFFL;
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
    public void peers(LinearTranslation[] others) {
        code.peers(others);
    }

    /** INIT: nothing is pending any more. */
    void initialised() {
        activity.awake(Event.INIT | Event.SHADOW | Event.NMI | Event.SHUTDOWN | Event.DEBUG | Event.MACHINE_CHECK | Event.DEAD | Event.DELIVERING);
        movSsShadow = false;
        traps.forget();
    }

    /** The shadow of MOV SS is over. */
    void forgetShadow() {
        movSsShadow = false;
    }

    /** Power-on state of the loop: nothing pending; all processors but the first wait for a start-up message. */
    public void reset() {
        events = cpu.index == 0 ? 0 : Event.WAIT_FOR_SIPI;
        movSsShadow = false;
        pins.blockNmis(false);
        activity.reset();
        traps.reset();
        code.forget();
        flagsChanged();
    }

    /** @return the loop's own state */
    public ExecutionState save() {
        return new ExecutionState(retired, events & Event.SAVED, pins.intr(), movSsShadow, pins.nmiBlocked(), pins.startupVector(), traps.pending(),
            deliveries.save());
    }

    /** Adopts a saved state. */
    public void restore(ExecutionState state) {
        retired = state.retired();
        events = state.events();
        movSsShadow = state.movSsShadow();
        pins.restore(state);
        code.forget();
        traps.restore(state);
        deliveries.restore(state.delivering());
        flagsChanged();
    }
}
