package com.vtsim.cpu.engine;

/**
 * Far jumps, calls and returns in every mode: code segments, call gates, task gates and task-state segments.
 * Each sets {@link Cpu#next}, which before is the address of the instruction behind. A fault leaves nothing changed.
 *
 * @sdm JMP—Jump; CALL—Call Procedure; RET—Return From Procedure; Call Gates
 */
public final class FarTransfers {
    private final Cpu cpu;
    private final Segments segments;
    private final Descriptor code = new Descriptor();
    private final Descriptor gate = new Descriptor();
    private final Descriptor stack = new Descriptor();
    private final InnerStack inner;
    private final Checkpoint checkpoint;
    private final long[] parameters = new long[32];

    FarTransfers(Cpu cpu) {
        this.cpu = cpu;
        segments = cpu.segments;
        inner = new InnerStack(cpu);
        checkpoint = new Checkpoint(cpu);
    }

    private boolean protectedMode() {
        return (cpu.mode & (Mode.PROTECTED | Mode.V86)) == Mode.PROTECTED;
    }

    private boolean longMode() {
        return (cpu.mode & Mode.LONG) != 0;
    }

    // JMP

    /** JMP ptr16:16 and its kin. */
    public void jump(int selector, long offset) {
        if (!protectedMode()) {
            checkRealTarget(offset);
            segments.setRealCode(selector);
            cpu.next = offset;
            return;
        }
        fetchTarget(selector);
        if (gate.code()) {
            checkDirect(gate);
            enterSameLevel(gate, offset);
            return;
        }
        switch (gate.type()) {
            case Descriptor.TSS16, Descriptor.TSS32 -> toTask(TaskSwitch.Reason.JUMP);
            case Descriptor.TASK_GATE -> throughTaskGate(TaskSwitch.Reason.JUMP);
            default -> {
                openCallGate();
                if (code.conforming() ? code.dpl() > cpu.cpl : code.dpl() != cpu.cpl) {
                    throw cpu.protection(code.selector & 0xFFFC);
                }
                checkPresent(code);
                enterSameLevel(code, gate.gateOffset());
            }
        }
    }

    private void enterSameLevel(Descriptor target, long offset) {
        segments.checkTarget(target, offset);
        segments.markAccessed(target);
        segments.setCode(target, cpu.cpl);
        segments.modeChanged();
        cpu.next = offset;
    }

    private void checkRealTarget(long offset) {
        if (offset > segments.limit[Cpu.CS]) {
            throw cpu.protection(0);
        }
    }

    /** Reads the descriptor a far pointer names: a code segment, or a system descriptor that is not nonsense as a target. */
    private void fetchTarget(int selector) {
        if (Segments.isNull(selector)) {
            throw cpu.protection(0);
        }
        segments.fetchOrFault(selector, gate);
        boolean valid = gate.code() || gate.system() && switch (gate.type()) {
            case Descriptor.CALL_GATE32 -> true;
            case Descriptor.CALL_GATE16, Descriptor.TASK_GATE, Descriptor.TSS16, Descriptor.TSS32 -> !longMode();
            default -> false;
        };
        if (!valid) {
            throw cpu.protection(selector & 0xFFFC);
        }
    }

    /** Checks a code segment that a far JMP or CALL names itself. */
    private void checkDirect(Descriptor d) {
        boolean wrong = longMode() && d.long64() && d.big()
            || (d.conforming() ? d.dpl() > cpu.cpl : (d.selector & 3) > cpu.cpl || d.dpl() != cpu.cpl);
        if (wrong) {
            throw cpu.protection(d.selector & 0xFFFC);
        }
        checkPresent(d);
    }

    private void checkPresent(Descriptor d) {
        if (!d.present()) {
            throw cpu.fault(11, d.selector & 0xFFFC);
        }
    }

    private void checkGate() {
        if (gate.dpl() < cpu.cpl || gate.dpl() < (gate.selector & 3)) {
            throw cpu.protection(gate.selector & 0xFFFC);
        }
    }

    private void toTask(TaskSwitch.Reason reason) {
        checkGate();
        cpu.tasks.toAvailable(gate, reason, cpu.next);
        cpu.tasks.checkTarget();
    }

    private void throughTaskGate(TaskSwitch.Reason reason) {
        checkGate();
        checkPresent(gate);
        cpu.tasks.throughGate(gate.gateSelector(), reason, cpu.next);
        cpu.tasks.checkTarget();
    }

    /** Checks the call gate and reads its code segment; privilege and presence of that are left to the caller. */
    private void openCallGate() {
        checkGate();
        segments.fetchUpper(gate);
        checkPresent(gate);
        int selector = gate.gateSelector();
        if (Segments.isNull(selector)) {
            throw cpu.protection(0);
        }
        segments.fetchOrFault(selector, code);
        if (!code.code() || code.dpl() > cpu.cpl || longMode() && (!code.long64() || code.big())) {
            throw cpu.protection(selector & 0xFFFC);
        }
    }

    // CALL

    /**
     * CALL ptr16:16 and its kin.
     *
     * @param size operand size in bytes: what is pushed unless a gate says otherwise
     */
    public void call(int selector, long offset, int size) {
        if (!protectedMode()) {
            checkRoom(2, size);
            checkRealTarget(offset);
            pushReturn(size);
            segments.setRealCode(selector);
            cpu.next = offset;
            return;
        }
        fetchTarget(selector);
        if (gate.code()) {
            checkDirect(gate);
            callSameLevel(gate, offset, size);
            return;
        }
        switch (gate.type()) {
            case Descriptor.TSS16, Descriptor.TSS32 -> toTask(TaskSwitch.Reason.CALL);
            case Descriptor.TASK_GATE -> throughTaskGate(TaskSwitch.Reason.CALL);
            default -> {
                openCallGate();
                checkPresent(code);
                int slot = longMode() ? 8 : gate.type() == Descriptor.CALL_GATE32 ? 4 : 2;
                if (!code.conforming() && code.dpl() < cpu.cpl) {
                    callInnerLevel(slot);
                } else {
                    callSameLevel(code, gate.gateOffset(), slot);
                }
            }
        }
    }

    private void checkRoom(int slots, int size) {
        for (int i = 1; i <= slots; i++) {
            cpu.stackWritable(cpu.r[Cpu.RSP] - (long) i * size & cpu.stackMask, size);
        }
    }

    private void pushReturn(int size) {
        long before = cpu.r[Cpu.RSP];
        try {
            cpu.push(segments.selector[Cpu.CS], size);
            cpu.push(cpu.next, size);
        } catch (GuestFault fault) {
            cpu.r[Cpu.RSP] = before;
            throw fault;
        }
    }

    private void callSameLevel(Descriptor target, long offset, int size) {
        checkRoom(2, size);
        segments.checkTarget(target, offset);
        segments.markAccessed(target);
        pushReturn(size);
        segments.setCode(target, cpu.cpl);
        segments.modeChanged();
        cpu.next = offset;
    }

    private void callInnerLevel(int size) {
        int count = longMode() ? 0 : gate.high & 0x1F;
        if (longMode()) {
            inner.find64(code.dpl(), 0);
        } else {
            inner.find(code.dpl());
        }
        inner.room(count + 4, size);
        segments.checkTarget(code, gate.gateOffset());
        for (int i = 0; i < count; i++) {
            parameters[i] = cpu.peek((long) i * size, size);
        }
        segments.markAccessed(code);
        inner.markAccessed();
        checkpoint.take();
        try {
            segments.setCode(code, code.dpl());
            inner.enter();
            cpu.push(checkpoint.stackSelector(), size);
            cpu.push(checkpoint.stackPointer(), size);
            for (int i = count - 1; i >= 0; i--) {
                cpu.push(parameters[i], size);
            }
            cpu.push(checkpoint.codeSelector(), size);
            cpu.push(cpu.next, size);
        } catch (GuestFault fault) {
            checkpoint.restore();
            throw fault;
        }
        cpu.next = gate.gateOffset();
    }

    // RET and what IRET shares with it

    /**
     * Far RET.
     *
     * @param size  operand size in bytes
     * @param extra bytes of parameters to release
     */
    public void back(int size, int extra) {
        long ip = cpu.peek(0, size);
        int selector = (int) cpu.peek(size, size) & 0xFFFF;
        if (!protectedMode()) {
            checkRealTarget(ip);
            cpu.setStackPointer(cpu.r[Cpu.RSP] + 2L * size + extra);
            segments.setRealCode(selector);
            cpu.next = ip;
            return;
        }
        fetchReturn(selector);
        if ((selector & 3) == cpu.cpl) {
            segments.checkTarget(code, ip);
            segments.markAccessed(code);
            cpu.setStackPointer(cpu.r[Cpu.RSP] + 2L * size + extra);
            segments.setCode(code, cpu.cpl);
            segments.modeChanged();
        } else {
            toOuterLevel(ip, 2 * size + extra, size);
            cpu.setStackPointer(cpu.r[Cpu.RSP] + extra);
        }
        cpu.next = ip;
    }

    /** Reads and checks the code segment a return goes to. */
    void fetchReturn(int selector) {
        if (Segments.isNull(selector)) {
            throw cpu.protection(0);
        }
        segments.fetchOrFault(selector, code);
        int rpl = selector & 3;
        boolean wrong = !code.code() || rpl < cpu.cpl || (code.conforming() ? code.dpl() > rpl : code.dpl() != rpl)
            || longMode() && code.long64() && code.big();
        if (wrong) {
            throw cpu.protection(selector & 0xFFFC);
        }
        checkPresent(code);
    }

    /** @return whether the return that {@link #fetchReturn} checked goes to an outer level */
    boolean returnsOutward() {
        return (code.selector & 3) != cpu.cpl;
    }

    /** Completes a return to the same level without a change of stack, the stack pointer aside. */
    void toSameLevel(long ip) {
        segments.checkTarget(code, ip);
        segments.markAccessed(code);
        segments.setCode(code, cpu.cpl);
        segments.modeChanged();
    }

    /**
     * Completes a return that takes SS and the stack pointer from the stack.
     *
     * @param ip return address
     * @param at bytes above the top of the stack where the stack pointer lies
     */
    void toOuterLevel(long ip, int at, int size) {
        long pointer = cpu.peek(at, size);
        int selector = (int) cpu.peek(at + size, size) & 0xFFFF;
        int level = code.selector & 3;
        boolean nullStack = Segments.isNull(selector);
        if (nullStack) {
            if (!longMode() || !code.long64() || level == 3 || (selector & 3) != level) {
                throw cpu.protection(0);
            }
        } else {
            segments.fetchOrFault(selector, stack);
            segments.checkStack(stack, level, 13);
        }
        segments.checkTarget(code, ip);
        segments.markAccessed(code);
        if (!nullStack) {
            segments.markAccessed(stack);
        }
        boolean outward = level != cpu.cpl;
        segments.setCode(code, level);
        if (nullStack) {
            segments.loadNull(Cpu.SS, selector);
        } else {
            segments.set(Cpu.SS, selector, stack);
        }
        if (outward) {
            segments.dropInnerData();
        }
        segments.modeChanged();
        cpu.setStackPointer(pointer);
    }
}
