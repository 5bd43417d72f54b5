package com.vtsim.cpu.engine;

/**
 * Hardware task switches between 16- and 32-bit task-state segments.
 *
 * @sdm Task Switching; Task Linking; Exception Conditions Checked During a Task Switch
 */
public final class TaskSwitch {
    /** What switches: decides on the busy bits, the link and NT. */
    public enum Reason {
        /** JMP. */
        JUMP,
        /** CALL. */
        CALL,
        /** An interrupt or exception through a task gate. */
        INTERRUPT,
        /** IRET with NT set. */
        RETURN
    }

    private static final int LOW32 = 0x64 + 4;
    private static final int LOW16 = 0x2A + 2;
    /** EFLAGS that a TSS can set. */
    private static final int LOADABLE = Flags.ARITHMETIC | Flags.TF | Flags.IF | Flags.DF | Flags.IOPL | Flags.NT | Flags.RF | Flags.VM
        | Flags.AC | Flags.VIF | Flags.VIP | Flags.ID;

    private final Cpu cpu;
    private final Descriptor task = new Descriptor();
    private final Descriptor segment = new Descriptor();
    /** The new TSS, read whole before anything changes. */
    private final int[] image = new int[LOW32 / 4];

    TaskSwitch(Cpu cpu) {
        this.cpu = cpu;
    }

    /** JMP, CALL or an interrupt through a task gate that has been checked. Sets {@link Cpu#next}; the caller then calls {@link #checkTarget}. */
    public void throughGate(int selector, Reason reason, long resume) {
        if ((selector & 4) != 0 || !cpu.segments.fetch(selector, task)) {
            throw cpu.protection(selector & 0xFFFC);
        }
        toAvailable(task, reason, resume);
    }

    /** JMP or CALL to a TSS whose privilege has been checked, or through a gate. */
    public void toAvailable(Descriptor tss, Reason reason, long resume) {
        boolean available = tss.system() && (tss.type() == Descriptor.TSS16 || tss.type() == Descriptor.TSS32);
        if (!available || (tss.selector & 4) != 0) {
            throw cpu.protection(tss.selector & 0xFFFC);
        }
        if (!tss.present()) {
            throw cpu.fault(11, tss.selector & 0xFFFC);
        }
        switchTo(tss, reason, resume);
    }

    /** IRET with NT set: back to the task in the link field. */
    public void back(long resume) {
        int selector = (int) cpu.memory.loadSystem(cpu.segments.taskBase, 2);
        if ((selector & 4) != 0 || !cpu.segments.fetch(selector, task)) {
            throw cpu.fault(10, selector & 0xFFFC);
        }
        if (!task.system() || task.type() != Descriptor.BUSY_TSS16 && task.type() != Descriptor.BUSY_TSS32) {
            throw cpu.fault(10, selector & 0xFFFC);
        }
        if (!task.present()) {
            throw cpu.fault(11, selector & 0xFFFC);
        }
        switchTo(task, Reason.RETURN, resume);
        checkTarget();
    }

    /** Raises #GP(0) in the new task if its instruction pointer is beyond its code segment. */
    public void checkTarget() {
        if ((cpu.next & 0xFFFF_FFFFL) > cpu.segments.limit[Cpu.CS]) {
            throw late(cpu.protection(0));
        }
    }

    private GuestFault late(GuestFault fault) {
        fault.atNext = true;
        return fault;
    }

    private void switchTo(Descriptor tss, Reason reason, long resume) {
        boolean big = (tss.type() & 8) != 0;
        if (tss.limit() < (big ? 0x67 : 0x2B)) {
            throw cpu.fault(10, tss.selector & 0xFFFC);
        }
        if (cpu.vmx.nonRoot) {
            throw cpu.vmx.taskSwitch(tss.selector, switch (reason) {
                case CALL -> 0;
                case RETURN -> 1;
                case JUMP -> 2;
                case INTERRUPT -> 3;
            });
        }
        long base = tss.base() & 0xFFFF_FFFFL;
        for (int i = 0; i < (big ? LOW32 : LOW16); i += big ? 4 : 2) {
            image[big ? i / 4 : i / 2] = (int) cpu.memory.loadSystem(base + i, big ? 4 : 2);
        }
        probe(base, reason, tss);
        boolean nests = reason == Reason.CALL || reason == Reason.INTERRUPT;
        int left = cpu.segments.taskSelector;
        save(reason, resume);
        if (!nests) {
            setBusy(cpu.segments.gdtBase + (left & 0xFFF8), false);
        }
        if (nests) {
            cpu.memory.storeSystem(base, left, 2);
        }
        if (reason != Reason.RETURN) {
            setBusy(tss.address, true);
        }
        cpu.segments.taskSelector = tss.selector;
        cpu.segments.taskBase = base;
        cpu.segments.taskLimit = tss.limit();
        cpu.segments.taskAccess = tss.access() | 2;
        cpu.system.cr0 |= SystemState.CR0_TS;
        cpu.system.dr[7] &= ~0x55L;
        load(big, nests);
    }

    /** Raises the page faults that later writes would, before anything has changed. */
    private void probe(long base, Reason reason, Descriptor tss) {
        Paging paging = cpu.memory.paging();
        int write = Paging.WRITE | Paging.IMPLICIT;
        boolean big = (cpu.segments.taskAccess & 8) != 0;
        long old = cpu.segments.taskBase;
        paging.translate(old + (big ? 0x20 : 0x0E) & 0xFFFF_FFFFL, write);
        paging.translate(old + (big ? 0x5F : 0x29) & 0xFFFF_FFFFL, write);
        if (reason == Reason.CALL || reason == Reason.INTERRUPT) {
            paging.translate(base, write);
            paging.translate(base + 1 & 0xFFFF_FFFFL, write);
        } else {
            paging.translate(cpu.segments.gdtBase + (cpu.segments.taskSelector & 0xFFF8) + 5, write);
        }
        paging.translate(tss.address + 5, write);
    }

    private void setBusy(long descriptor, boolean busy) {
        long type = cpu.memory.loadSystem(descriptor + 5, 1);
        cpu.memory.storeSystem(descriptor + 5, busy ? type | 2 : type & ~2L, 1);
    }

    private void save(Reason reason, long resume) {
        long flags = cpu.rflags();
        if (reason == Reason.RETURN) {
            flags &= ~Flags.NT;
        }
        Segments s = cpu.segments;
        boolean big = (s.taskAccess & 8) != 0;
        int size = big ? 4 : 2;
        long at = s.taskBase + (big ? 0x20 : 0x0E);
        cpu.memory.storeSystem(at, resume, size);
        cpu.memory.storeSystem(at + size, flags, size);
        at += 2L * size;
        for (int i = 0; i < 8; i++) {
            cpu.memory.storeSystem(at + (long) i * size, cpu.r[i], size);
        }
        at += 8L * size;
        for (int i = Cpu.ES; i <= (big ? Cpu.GS : Cpu.DS); i++) {
            cpu.memory.storeSystem(at + (long) i * size, s.selector[i], 2);
        }
    }

    /** Takes the new task's registers; a fault from here on belongs to the new task. */
    private void load(boolean big, boolean nests) {
        Segments s = cpu.segments;
        int first = big ? 8 : 7;
        cpu.next = Integer.toUnsignedLong(image[first]);
        long flags = Integer.toUnsignedLong(image[first + 1]);
        for (int i = 0; i < 8; i++) {
            cpu.r[i] = Integer.toUnsignedLong(image[first + 2 + i]);
        }
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            s.loadNull(i, i <= Cpu.DS || big ? image[first + 10 + i] & 0xFFFF : 0);
        }
        s.ldtSelector = image[big ? 24 : 21] & 0xFFFF;
        s.ldtAccess |= Segments.UNUSABLE;
        cpu.rflags(nests ? flags | Flags.NT : flags, LOADABLE);
        // Until SS is loaded, a fault's handler takes its stack from the TSS.
        cpu.cpl = 3;
        try {
            if (big && cpu.system.paging()) {
                cpu.system.loadCr3(Integer.toUnsignedLong(image[7]));
            }
            loadLdt();
            if ((cpu.systemFlags & Flags.VM) != 0) {
                for (int i = Cpu.ES; i <= Cpu.GS; i++) {
                    s.loadReal(i, s.selector[i]);
                }
                s.modeChanged();
            } else {
                loadSegments();
            }
        } catch (GuestFault fault) {
            s.modeChanged();
            throw late(fault);
        }
        if (big && (image[25] & 1) != 0) {
            cpu.execution.traps.trap(SystemState.DR6_BT);
        }
    }

    private void loadLdt() {
        Segments s = cpu.segments;
        int selector = s.ldtSelector;
        if (Segments.isNull(selector)) {
            return;
        }
        if ((selector & 4) != 0 || !s.fetch(selector, segment) || !segment.system() || segment.type() != Descriptor.LDT || !segment.present()) {
            throw cpu.fault(10, selector & 0xFFFC);
        }
        s.ldtBase = segment.base();
        s.ldtLimit = segment.limit();
        s.ldtAccess = segment.access();
    }

    private void loadSegments() {
        Segments s = cpu.segments;
        int code = s.selector[Cpu.CS];
        int level = code & 3;
        int stack = s.selector[Cpu.SS];
        if (Segments.isNull(stack) || !s.fetch(stack, segment)) {
            throw cpu.fault(10, stack & 0xFFFC);
        }
        s.checkStack(segment, level, 10);
        s.markAccessed(segment);
        s.set(Cpu.SS, stack, segment);
        cpu.cpl = level;
        if (Segments.isNull(code) || !s.fetch(code, segment) || !segment.code()
                || (segment.conforming() ? segment.dpl() > level : segment.dpl() != level)) {
            throw cpu.fault(10, code & 0xFFFC);
        }
        if (!segment.present()) {
            throw cpu.fault(11, code & 0xFFFC);
        }
        s.markAccessed(segment);
        s.setCode(segment, level);
        loadData(Cpu.ES);
        loadData(Cpu.DS);
        loadData(Cpu.FS);
        loadData(Cpu.GS);
        s.modeChanged();
    }

    private void loadData(int register) {
        Segments s = cpu.segments;
        int selector = s.selector[register];
        if (Segments.isNull(selector)) {
            return;
        }
        if (!s.fetch(selector, segment) || !s.permitsData(segment)) {
            throw cpu.fault(10, selector & 0xFFFC);
        }
        if (!segment.present()) {
            throw cpu.fault(11, selector & 0xFFFC);
        }
        s.markAccessed(segment);
        s.set(register, selector, segment);
    }
}
