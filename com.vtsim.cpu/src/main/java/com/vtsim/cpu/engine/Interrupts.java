package com.vtsim.cpu.engine;

/**
 * Delivery of exceptions and interrupts through the interrupt-vector table, the IDT's gates and task gates.
 *
 * @sdm Interrupt and Exception Handling; INT n/INTO/INT3/INT1—Call to Interrupt Procedure
 */
public final class Interrupts {
    /** Exceptions of the fault class, whose saved RF is 1: #DE, #BR, #UD, #NM, #TS to #PF, #MF, #AC, #XM, #VE, #CP. */
    private static final int FAULTS = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7 | 0x1F << 10 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 21;

    private final Cpu cpu;
    private final Descriptor gate = new Descriptor();
    private final Descriptor code = new Descriptor();
    private final InnerStack inner;
    private final Checkpoint checkpoint;

    Interrupts(Cpu cpu) {
        this.cpu = cpu;
        inner = new InnerStack(cpu);
        checkpoint = new Checkpoint(cpu);
    }

    /** What raised the event; decides on privilege checks, the EXT bit and the saved RF. */
    public enum Source {
        /** INTR or NMI. */
        EXTERNAL,
        /** A fault, trap or abort. */
        EXCEPTION,
        /** INT n. */
        SOFTWARE,
        /** INT3 or INTO. */
        SOFTWARE_EXCEPTION,
        /** ICEBP. */
        PRIVILEGED_SOFTWARE
    }

    /**
     * Delivers an event: pushes the return frame and sets {@link Cpu#next} to where the handler begins. A fault during delivery
     * is the guest's and thrown, and nothing has changed but what a task switch did; {@link Execution} makes double and triple
     * faults of it.
     *
     * @param vector    0–255
     * @param errorCode pushed, or {@link GuestFault#NO_CODE}
     * @param resume    instruction pointer to save
     */
    public void transfer(int vector, int errorCode, Source source, long resume) {
        try {
            if (vector == 1 && (source == Source.EXCEPTION || source == Source.PRIVILEGED_SOFTWARE)) {
                cpu.system.dr[7] &= ~SystemState.DR7_GD;
            }
            if ((cpu.mode & Mode.PROTECTED) == 0) {
                real(vector, resume);
            } else if ((cpu.mode & Mode.V86) == 0 || source != Source.SOFTWARE || !redirected(vector, resume)) {
                throughIdt(vector, errorCode, source, resume);
            }
        } catch (GuestFault fault) {
            if (source != Source.SOFTWARE && source != Source.SOFTWARE_EXCEPTION && fault.vector >= 10 && fault.vector <= 13) {
                // EXT: the event was not raised by an instruction of the program.
                fault.errorCode |= 1;
            }
            throw fault;
        }
    }

    /** The same for INT n and its kin, which may make a guest exit: {@link Cpu#next} is where the handler returns to. */
    public void software(int vector, Source source) {
        if (cpu.vmx.nonRoot) {
            cpu.vmx.events.software(vector, source);
        }
        transfer(vector, GuestFault.NO_CODE, source, cpu.next);
        if (cpu.vmx.nonRoot) {
            cpu.vmx.events.delivered();
        }
    }

    // Real mode and the 8086 program's own handlers

    private void real(int vector, long resume) {
        Segments s = cpu.segments;
        if (vector * 4 + 3 > s.idtLimit) {
            throw cpu.protection(vector * 8 + 2);
        }
        long sp = cpu.r[Cpu.RSP];
        cpu.stackWritable(sp - 2 & cpu.stackMask, 2);
        cpu.stackWritable(sp - 4 & cpu.stackMask, 2);
        cpu.stackWritable(sp - 6 & cpu.stackMask, 2);
        int target = (int) cpu.memory.loadSystem(s.idtBase + vector * 4L, 4);
        through8086(target, cpu.rflags(), resume);
        cpu.rflags(0, Flags.IF | Flags.TF | Flags.RF | Flags.AC);
    }

    /** Pushes FLAGS, CS and IP as 16 bits and goes to a real-mode pointer. */
    private void through8086(int target, long flags, long resume) {
        checkpoint.take();
        try {
            cpu.push(flags, 2);
            cpu.push(cpu.segments.selector[Cpu.CS], 2);
            cpu.push(resume, 2);
        } catch (GuestFault fault) {
            checkpoint.restore();
            throw fault;
        }
        cpu.segments.setRealCode(target >>> 16);
        cpu.next = target & 0xFFFF;
    }

    /**
     * INT n in virtual-8086 mode: to the program's own handler if the redirection bitmap says so.
     *
     * @return false if the monitor's handler in the IDT is to be called
     * @sdm Class 3—Software Interrupt Handling in Virtual-8086 Mode
     */
    private boolean redirected(int vector, long resume) {
        boolean trusted = (cpu.systemFlags & Flags.IOPL) == Flags.IOPL;
        if ((cpu.system.cr4 & SystemState.CR4_VME) == 0 || bitmapSaysMonitor(vector)) {
            if (!trusted) {
                throw cpu.protection(0);
            }
            return false;
        }
        int target = (int) cpu.memory.loadSystem(vector * 4L, 4);
        long flags = cpu.rflags();
        if (!trusted) {
            flags = flags & ~Flags.IF | Flags.IOPL | ((flags & Flags.VIF) != 0 ? Flags.IF : 0);
        }
        through8086(target, flags, resume);
        cpu.rflags(0, Flags.TF | Flags.RF | (trusted ? Flags.IF : Flags.VIF));
        return true;
    }

    private boolean bitmapSaysMonitor(int vector) {
        Segments s = cpu.segments;
        if (s.taskLimit < 103) {
            throw cpu.protection(0);
        }
        long at = cpu.memory.loadSystem(s.taskBase + 102, 2) - 32 + (vector >> 3);
        if (at < 0 || at > s.taskLimit) {
            throw cpu.protection(0);
        }
        return (cpu.memory.loadSystem(s.taskBase + at, 1) >> (vector & 7) & 1) != 0;
    }

    // Gates

    private void throughIdt(int vector, int errorCode, Source source, long resume) {
        boolean longMode = (cpu.mode & Mode.LONG) != 0;
        fetchGate(vector, longMode);
        boolean software = source == Source.SOFTWARE || source == Source.SOFTWARE_EXCEPTION;
        if (software && gate.dpl() < cpu.cpl) {
            throw cpu.protection(vector * 8 + 2);
        }
        if (!gate.present()) {
            throw cpu.fault(11, vector * 8 + 2);
        }
        if (gate.type() == Descriptor.TASK_GATE) {
            throughTaskGate(errorCode, resume);
            return;
        }
        fetchHandler(longMode);
        long flags = cpu.rflags();
        if (source == Source.EXCEPTION && vector < 32 && (FAULTS & 1 << vector) != 0) {
            flags |= Flags.RF;
        }
        checkpoint.take();
        if (longMode) {
            enterLong(errorCode, flags, resume);
        } else {
            enterLegacy(errorCode, flags, resume);
        }
        cpu.next = gate.gateOffset();
        boolean interruptGate = (gate.type() & 1) == 0;
        cpu.rflags(0, Flags.TF | Flags.RF | Flags.NT | Flags.VM | (interruptGate ? Flags.IF : 0));
        cpu.execution.flagsChanged();
    }

    private void fetchGate(int vector, boolean longMode) {
        Segments s = cpu.segments;
        int size = longMode ? 16 : 8;
        if (vector * size + size - 1 > s.idtLimit) {
            throw cpu.protection(vector * 8 + 2);
        }
        gate.address = s.idtBase + (long) vector * size;
        gate.set(cpu.memory.loadSystem(gate.address, 8));
        boolean valid = gate.system() && switch (gate.type()) {
            case Descriptor.INTERRUPT_GATE32, Descriptor.TRAP_GATE32 -> true;
            case Descriptor.INTERRUPT_GATE16, Descriptor.TRAP_GATE16, Descriptor.TASK_GATE -> !longMode;
            default -> false;
        };
        if (valid && longMode) {
            long upper = cpu.memory.loadSystem(gate.address + 8, 8);
            gate.upper = (int) upper;
            gate.last = (int) (upper >>> 32);
            valid = (gate.last & 0x1F00) == 0;
        }
        if (!valid) {
            throw cpu.protection(vector * 8 + 2);
        }
    }

    private void fetchHandler(boolean longMode) {
        int selector = gate.gateSelector();
        if (Segments.isNull(selector)) {
            throw cpu.protection(0);
        }
        cpu.segments.fetchOrFault(selector, code);
        boolean v86 = (cpu.mode & Mode.V86) != 0;
        boolean wrong = !code.code() || code.dpl() > cpu.cpl || longMode && (!code.long64() || code.big())
            || v86 && (code.conforming() || code.dpl() != 0);
        if (wrong) {
            throw cpu.protection(selector & 0xFFFC);
        }
        if (!code.present()) {
            throw cpu.fault(11, selector & 0xFFFC);
        }
    }

    private void throughTaskGate(int errorCode, long resume) {
        cpu.tasks.throughGate(gate.gateSelector(), TaskSwitch.Reason.INTERRUPT, resume);
        if (errorCode != GuestFault.NO_CODE) {
            try {
                cpu.push(errorCode, (cpu.segments.taskAccess & 8) != 0 ? 4 : 2);
            } catch (GuestFault fault) {
                fault.atNext = true;
                throw fault;
            }
        }
        cpu.tasks.checkTarget();
    }

    private void enterLegacy(int errorCode, long flags, long resume) {
        Segments s = cpu.segments;
        boolean v86 = (cpu.mode & Mode.V86) != 0;
        boolean switching = !code.conforming() && code.dpl() < cpu.cpl;
        int size = (gate.type() & 8) != 0 ? 4 : 2;
        int slots = (switching ? 5 : 3) + (v86 ? 4 : 0) + (errorCode != GuestFault.NO_CODE ? 1 : 0);
        if (switching) {
            inner.find(code.dpl());
            inner.room(slots, size);
        } else {
            for (int i = slots; i > 0; i--) {
                cpu.stackWritable(cpu.r[Cpu.RSP] - (long) i * size & cpu.stackMask, size);
            }
        }
        s.checkTarget(code, gate.gateOffset());
        s.markAccessed(code);
        if (switching) {
            inner.markAccessed();
        }
        try {
            if (switching) {
                s.setCode(code, code.dpl());
                cpu.systemFlags &= ~Flags.VM;
                inner.enter();
                if (v86) {
                    cpu.push(s.selector[Cpu.GS], size);
                    cpu.push(s.selector[Cpu.FS], size);
                    cpu.push(s.selector[Cpu.DS], size);
                    cpu.push(s.selector[Cpu.ES], size);
                }
                cpu.push(checkpoint.stackSelector(), size);
                cpu.push(checkpoint.stackPointer(), size);
            }
            cpu.push(flags, size);
            cpu.push(checkpoint.codeSelector(), size);
            cpu.push(resume, size);
            if (errorCode != GuestFault.NO_CODE) {
                cpu.push(errorCode, size);
            }
        } catch (GuestFault fault) {
            checkpoint.restore();
            throw fault;
        }
        if (!switching) {
            s.setCode(code, cpu.cpl);
        }
        if (v86) {
            s.loadNull(Cpu.GS, 0);
            s.loadNull(Cpu.FS, 0);
            s.loadNull(Cpu.DS, 0);
            s.loadNull(Cpu.ES, 0);
        }
        s.modeChanged();
    }

    private void enterLong(int errorCode, long flags, long resume) {
        Segments s = cpu.segments;
        boolean switching = !code.conforming() && code.dpl() < cpu.cpl;
        int ist = gate.high & 7;
        if (switching || ist != 0) {
            inner.find64(switching ? code.dpl() : cpu.cpl, ist);
        } else {
            inner.current();
        }
        inner.align();
        inner.room(errorCode != GuestFault.NO_CODE ? 6 : 5, 8);
        s.checkTarget(code, gate.gateOffset());
        s.markAccessed(code);
        try {
            s.setCode(code, switching ? code.dpl() : cpu.cpl);
            if (switching) {
                inner.enter();
            } else {
                s.modeChanged();
                inner.point();
            }
            cpu.push(checkpoint.stackSelector(), 8);
            cpu.push(checkpoint.stackPointer(), 8);
            cpu.push(flags, 8);
            cpu.push(checkpoint.codeSelector(), 8);
            cpu.push(resume, 8);
            if (errorCode != GuestFault.NO_CODE) {
                cpu.push(errorCode, 8);
            }
        } catch (GuestFault fault) {
            checkpoint.restore();
            throw fault;
        }
    }
}
