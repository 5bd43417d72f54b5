package com.vtsim.cpu.vmx;

import com.vtsim.api.cpu.Virtualization.Transitions;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.machine.Clock;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Cpuid;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Interrupts.Source;
import com.vtsim.cpu.engine.LinearTranslation;
import com.vtsim.cpu.engine.SystemState;
import java.util.List;

/**
 * VMX operation of a logical processor: where it stands, the controls of the VM that runs, and what the engine asks of it.
 * {@link VmEntry} goes in, {@link VmExit} out.
 *
 * @sdm Introduction to Virtual Machine Extensions; VMX Non-Root Operation
 */
public final class Vmx {
    /** No current VMCS, no VMXON region. */
    public static final long NONE = -1L;
    /** What waits to be taken before the next instruction; bits of {@link #attention}. */
    static final int INJECT = 1, TRAP_FLAG = 1 << 1, TIMER = 1 << 2, NMI_WINDOW = 1 << 3, INTERRUPT_WINDOW = 1 << 4, THRESHOLD = 1 << 5,
        BUS_LOCK = 1 << 6, APIC_WRITE = 1 << 7, VIRTUAL_INTERRUPT = 1 << 8;
    /** In {@link #written}: the register was written as an MSR. */
    private static final int AS_MSR = 1;
    /** Bit 31 of the interruption-information fields. */
    static final long VALID = 1L << 31;
    /** Entries of an EPTP list. */
    private static final int POINTERS = 512;
    /** Cycles of the crystal clock that the processor adds to the notify window. */
    private static final int NOTIFY_THRESHOLD = 256;
    /** Page-walk length in an EPT pointer. */
    private static final int WALK_LENGTH = 7 << 3;

    /** Whether the processor is in VMX operation. */
    public boolean on;
    /** Whether it is in VMX non-root operation: what the engine tests. */
    public boolean nonRoot;
    /** Physical address of the VMXON region, or {@link #NONE}. */
    public long vmxon = NONE;
    /** Physical address of the current VMCS, or {@link #NONE}. */
    public long current = NONE;

    final Cpu cpu;
    final Capabilities capabilities;
    final Vmcs vmcs = new Vmcs();
    /** The VMCS of the entry under way, or of the VM that runs. */
    final VmcsImage image = new VmcsImage();
    final Journal journal = new Journal();
    private final VmExit exit;
    private final VmEntry entry;
    private final GuestPhysical guestPhysical;
    final VirtualApic apic;
    private final ApicPage apicPage;
    /** Offset of the virtual-APIC register whose write is to take effect, and {@link #AS_MSR}. */
    private int written;

    // Of the VM that runs
    private long pin;
    private long primary;
    private long secondary;
    private long cr0Mask;
    private long cr4Mask;
    private int attention;
    /** Hears of entries and exits; null for nobody. */
    Transitions listener;
    /** Exceptions and software events of the VM that runs. */
    public final GuestEvents events = new GuestEvents(this);
    final PreemptionTimer timer;
    /** Time stamps of the latest PAUSE at privilege level 0, or {@link #NONE}, and of the first of its loop. */
    private long pausedAt;
    private long loopBegan;
    /** Whether the next instruction boundary is one where the monitor trap flag exits. */
    private boolean trapReady;
    /** Instructions retired when the latest IRET ended the blocking of NMIs. */
    private long unblockedAt = -1;

    /** For a processor's constructor. */
    public Vmx(Cpu cpu) {
        this.cpu = cpu;
        capabilities = new Capabilities(cpu);
        guestPhysical = new GuestPhysical(this);
        apic = new VirtualApic(this);
        apicPage = new ApicPage(this);
        timer = new PreemptionTimer(this);
        exit = new VmExit(this);
        entry = new VmEntry(this);
    }

    /** Takes memory, timer and EPT mechanism from the board. */
    public void attach(Clock clock, Ept ept) {
        vmcs.attach(cpu.memory.space());
        capabilities.attach(ept);
        guestPhysical.invalidate(LinearTranslation.NO_EPT);
        timer.attach(clock);
        if (nonRoot) {
            vmcs.load(current, image);
            adoptControls();
            if (Control.PREEMPTION_TIMER.in(image)) {
                timer.resume();
            }
        }
    }

    /** Power-on state. */
    public void reset() {
        on = false;
        nonRoot = false;
        vmxon = NONE;
        current = NONE;
        journal.clear();
        guestPhysical.invalidate(LinearTranslation.NO_EPT);
        leaveGuest();
    }

    /** @return IA32_VMX_* registers and what else is announced */
    public Capabilities capabilities() {
        return capabilities;
    }

    /** @return each entry that makes a guest-physical address final, in words; empty outside of a guest with EPT */
    public List<String> secondDimension(long guestPhysical) {
        if (!nonRoot || !has(Control.ENABLE_EPT) || capabilities.ept() == null) {
            return List.of();
        }
        return capabilities.ept().walk(image.get(VmcsField.EPTP), guestPhysical).stream()
            .map(step -> String.format("      EPT level %d %010x: %016x  %s", step.level(), step.address(), step.entry(), step.meaning())).toList();
    }

    /** @return EPT entries that walks have read since power-on */
    public long eptReads() {
        return guestPhysical.reads();
    }

    /** @return the regions' layout */
    public Vmcs vmcs() {
        return vmcs;
    }

    /** @return what happened so far, for the operator */
    public Journal journal() {
        return journal;
    }

    /** @return entries into VMs */
    VmEntry entry() {
        return entry;
    }

    // The VM that runs

    boolean has(Control control) {
        long bits = switch (control.field) {
            case PINBASED_CTLS -> pin;
            case PROCBASED_CTLS -> primary;
            case PROCBASED_CTLS2 -> secondary;
            default -> image.get(control.field);
        };
        return (bits >> control.bit & 1) != 0;
    }

    /** Takes the controls of {@link #image} for those of the VM that runs. */
    private void adoptControls() {
        pin = image.get(VmcsField.PINBASED_CTLS);
        primary = image.get(VmcsField.PROCBASED_CTLS);
        secondary = image.controls(VmcsField.PROCBASED_CTLS2);
        events.adopt();
        cr0Mask = image.get(VmcsField.CR0_MASK);
        cr4Mask = image.get(VmcsField.CR4_MASK);
        boolean ept = has(Control.ENABLE_EPT);
        cpu.memory.paging().nested(ept ? guestPhysical : null);
        guestPhysical.adopt(image);
        cpu.translation.tag(has(Control.ENABLE_VPID) ? (int) image.get(VmcsField.VPID) : 0,
            ept ? GuestPhysical.tag(image.get(VmcsField.EPTP)) : LinearTranslation.NO_EPT);
        apic.adopt();
        apicPage.adopt();
        cpu.translation.apicPage(image.get(VmcsField.APIC_ACCESS), has(Control.VIRTUALIZE_APIC_ACCESSES) ? apicPage : null);
    }

    /** @return whether host-physical memory at an address is the APIC-access page */
    boolean accessesApic(long hostPhysical) {
        return has(Control.VIRTUALIZE_APIC_ACCESSES) && (hostPhysical & -4096L) == image.get(VmcsField.APIC_ACCESS);
    }

    ApicPage apicPage() {
        return apicPage;
    }

    /** A register of the virtual-APIC page has been written: the write takes effect after the instruction. */
    void apicWritten(int offset, boolean msr) {
        written = offset | (msr ? AS_MSR : 0);
        attend(APIC_WRITE);
    }

    /** @return what of the controls decides what a translation of the VM that runs allows; 0 outside: 3 bits */
    public int translationRules() {
        boolean ept = nonRoot && has(Control.ENABLE_EPT);
        return !ept ? 0 : (has(Control.MODE_BASED_EXECUTE) ? 1 : 0) | (has(Control.SUB_PAGE_WRITE) ? 2 : 0) | (has(Control.GUEST_PAGING_VERIFICATION) ? 4 : 0);
    }

    /** @return what is cached of EPT */
    GuestPhysical guestPhysical() {
        return guestPhysical;
    }

    /** Non-root operation begins with the controls of {@link #image}. */
    void enterGuest() {
        nonRoot = true;
        if (!Control.ENABLE_VPID.in(image)) {
            cpu.translation.flushProcessor(0, true);
        }
        adoptControls();
        attention = 0;
        events.delivering = 0;
        unblockedAt = -1;
        trapReady = false;
        pausedAt = NONE;
        if (has(Control.NMI_WINDOW_EXITING)) {
            attend(NMI_WINDOW);
        }
        if (has(Control.INTERRUPT_WINDOW_EXITING)) {
            attend(INTERRUPT_WINDOW);
        }
        if (has(Control.MONITOR_TRAP_FLAG)) {
            attend(TRAP_FLAG);
        }
        if (has(Control.PREEMPTION_TIMER)) {
            timer.start(image.get(VmcsField.PREEMPTION_TIMER));
        }
    }

    /** Non-root operation has ended. */
    void leaveGuest() {
        nonRoot = false;
        attention = 0;
        events.delivering = 0;
        timer.stop();
        cpu.translation.apicPage(0, null);
        cpu.memory.paging().nested(null);
        if (!Control.ENABLE_VPID.in(image)) {
            cpu.translation.flushProcessor(0, true);
        }
        cpu.translation.tag(0, LinearTranslation.NO_EPT);
        cpu.execution.vmAttention(false);
    }

    void attend(int what) {
        if (nonRoot) {
            attention |= what;
            cpu.execution.vmAttention(true);
        }
    }

    /** @return whether it was to be attended to, and is no longer */
    boolean attended(int what) {
        if ((attention & what) == 0) {
            return false;
        }
        attention &= ~what;
        cpu.execution.vmAttention(attention != 0);
        return true;
    }

    // What the engine asks

    /** @return whether INIT waits until VMX root operation ends, or the VM waits for a start-up message */
    public boolean blocksInit() {
        return on && (!nonRoot || cpu.execution.activity.waitsForStartup());
    }

    /** @return whether an external interrupt makes the VM exit, whatever RFLAGS.IF */
    public boolean interruptExits() {
        return nonRoot && has(Control.EXTERNAL_INTERRUPT_EXITING);
    }

    /** @return whether the NMI pin is heard although NMIs are blocked: what is blocked are virtual NMIs */
    public boolean virtualNmis() {
        return nonRoot && has(Control.VIRTUAL_NMIS);
    }

    /** @return whether IRET ends the blocking of NMIs */
    public boolean iretUnblocks(boolean blocked) {
        if (nonRoot && has(Control.NMI_EXITING) && !has(Control.VIRTUAL_NMIS)) {
            return false;
        }
        unblockedAt = blocked ? cpu.execution.retired() : -1;
        return true;
    }

    /** @return whether the instruction under execution is an IRET that has ended the blocking of NMIs */
    boolean unblockedByIret() {
        return unblockedAt == cpu.execution.retired();
    }

    /**
     * Takes what goes before debug traps: an event to inject, a write to the virtual APIC, the TPR threshold, the monitor trap flag.
     *
     * @return whether something was taken
     */
    public boolean beforeTraps() {
        if (attended(INJECT)) {
            trapReady = true;
            entry.inject();
            return true;
        }
        if (attended(APIC_WRITE) && apic.emulateWrite(written & ~AS_MSR, (written & AS_MSR) != 0)) {
            return true;
        }
        if (attended(BUS_LOCK)) {
            leave(ExitReason.BUS_LOCK, 0);
            return true;
        }
        if (attended(THRESHOLD)) {
            leave(ExitReason.TPR_BELOW_THRESHOLD, 0);
            return true;
        }
        if ((attention & TRAP_FLAG) != 0) {
            if (trapReady) {
                leave(ExitReason.MONITOR_TRAP_FLAG, 0);
                return true;
            }
            trapReady = true;
        }
        return false;
    }

    /** Takes what goes before NMIs: the preemption timer and the NMI window. @return whether something was taken */
    public boolean beforeNmi(boolean blocked) {
        if (attended(TIMER)) {
            leave(ExitReason.PREEMPTION_TIMER, 0);
            return true;
        }
        if ((attention & NMI_WINDOW) != 0 && !blocked) {
            leave(ExitReason.NMI_WINDOW, 0);
            return true;
        }
        return false;
    }

    /**
     * Exits if no event could be recognized for longer than the notify window, a number of cycles of the crystal clock, and the processor's own threshold.
     *
     * @param nanos virtual, for which none could be
     * @return whether it did
     * @sdm Notify VM Exits
     */
    public boolean notified(long nanos) {
        if (!has(Control.NOTIFY_EXITING) || nanos < Clock.nanosFor(image.get(VmcsField.NOTIFY_WINDOW) + NOTIFY_THRESHOLD, Cpuid.CRYSTAL)) {
            return false;
        }
        leave(ExitReason.NOTIFY, unblockedByIret() && events.delivering == 0 ? 1 << 12 : 0);
        return true;
    }

    /** Exits for an NMI if that is asked for. @return whether it did */
    public boolean nmi() {
        if (!has(Control.NMI_EXITING)) {
            return false;
        }
        exit.begin(ExitReason.EXCEPTION_OR_NMI, 0);
        exit.interruption(VALID | 2 << 8 | 2, 0);
        exit.blockNmis();
        exit.perform();
        return true;
    }

    /** Exits if the guest can take interrupts and the monitor waits for that, or delivers a virtual interrupt. @return whether it did */
    public boolean interruptWindow(boolean open) {
        if (!open || (attention & (INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) == 0 || cpu.execution.activity.state() > 1) {
            return false;
        }
        if ((attention & INTERRUPT_WINDOW) != 0) {
            leave(ExitReason.INTERRUPT_WINDOW, 0);
            return true;
        }
        attended(VIRTUAL_INTERRUPT);
        cpu.execution.activity.state(0);
        int vector = apic.take();
        events.note(vector, GuestFault.NO_CODE, Source.EXTERNAL, 0);
        cpu.execution.deliveries.inject(vector, GuestFault.NO_CODE, Source.EXTERNAL, 0);
        return true;
    }

    /** Exits for an external interrupt, acknowledged here if the monitor wants that, unless it is the notification of posted ones. */
    public void externalInterrupt() {
        if (has(Control.PROCESS_POSTED_INTERRUPTS) && cpu.system.localApic() != null) {
            int vector = cpu.controller.acknowledge(cpu.index);
            if (vector == image.get(VmcsField.POSTED_INTERRUPT_VECTOR)) {
                apic.takePosted();
                return;
            }
            exit.begin(ExitReason.EXTERNAL_INTERRUPT, 0);
            exit.interruption(VALID | vector, 0);
            exit.perform();
            return;
        }
        exit.begin(ExitReason.EXTERNAL_INTERRUPT, 0);
        if (Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT.in(image)) {
            exit.interruption(VALID | cpu.controller.acknowledge(cpu.index), 0);
        }
        exit.perform();
    }

    /** Exits, between instructions or with the instruction pointer at the one that caused it. */
    public void leave(ExitReason reason, long qualification) {
        exit.begin(reason, qualification);
        exit.perform();
    }

    /** Carries out the exit that a {@link GuestFault#VM_EXIT} stands for. */
    public void leave() {
        exit.perform();
    }

    /** @return bit 26 of the exit reason, where a bus lock was asserted and another exit goes first */
    long busLock() {
        return (attention & BUS_LOCK) != 0 ? 1 << 26 : 0;
    }

    /** @return whether something of VMX operation ends the halt */
    public boolean endsHalt() {
        return (attention & ~(NMI_WINDOW | INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) != 0
            || (attention & (INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) != 0 && (cpu.systemFlags & Flags.IF) != 0 && cpu.execution.activity.state() <= 1
            || (attention & NMI_WINDOW) != 0 && !cpu.execution.pins.nmiBlocked();
    }

    /**
     * Prepares an exit caused by the instruction under execution.
     *
     * @return to throw
     */
    GuestFault instructionExit(ExitReason reason, long qualification, int information) {
        exit.begin(reason, qualification);
        exit.instruction(cpu.execution.instructionLength(), information);
        return cpu.vmExit();
    }

    /** As above, with a guest-linear address. */
    GuestFault instructionExit(ExitReason reason, long qualification, int information, long linear) {
        GuestFault fault = instructionExit(reason, qualification, information);
        exit.linear(linear);
        return fault;
    }

    /** Prepares an exit caused by a translation through EPT. @return to throw */
    GuestFault eptExit(ExitReason reason, long qualification, long physical, long linear) {
        exit.begin(reason, qualification | (unblockedByIret() && events.delivering == 0 && reason != ExitReason.EPT_MISCONFIGURATION ? 1 << 12 : 0));
        exit.instruction(cpu.execution.instructionLength(), 0);
        exit.addresses(physical, linear);
        return cpu.vmExit();
    }

    /** A task switch always makes the VM exit. @param source 0 CALL, 1 IRET, 2 JMP, 3 task gate in the IDT; @return to throw */
    public GuestFault taskSwitch(int selector, int source) {
        return instructionExit(ExitReason.TASK_SWITCH, selector | (long) source << 30, 0);
    }

    /**
     * VMFUNC, where VM functions are enabled: leaf 0 switches the EPT pointer to an entry of the list, all else makes the VM exit.
     *
     * @sdm VM Functions: EPTP Switching
     */
    void function(int leaf, long entry) {
        boolean known = leaf == 0 && (image.get(VmcsField.VMFUNC_CTLS) & Capabilities.VM_FUNCTIONS) != 0;
        if (!known || entry >= POINTERS) {
            throw instructionExit(ExitReason.VMFUNC, 0, 0);
        }
        long eptp = cpu.memory.space().read(image.get(VmcsField.EPTP_LIST) + 8 * entry, 8);
        boolean sameLength = ((eptp ^ image.get(VmcsField.EPTP)) & WALK_LENGTH) == 0;
        if (!sameLength || !capabilities.validPointer(eptp)) {
            throw instructionExit(ExitReason.VMFUNC, 0, 0);
        }
        if (!has(Control.ENABLE_VPID)) {
            cpu.translation.flushProcessor(0, true);
        }
        update(VmcsField.EPTP, eptp);
        if (has(Control.EPT_VIOLATION_VE)) {
            update(VmcsField.EPTP_INDEX, entry);
        }
        adoptControls();
    }

    // Processor trace

    /** @return whether a trace's output addresses are guest-physical */
    public boolean tracesGuestPhysical() {
        return false;
    }

    /** @return the final address of a page of a trace's output or tables, guest-physical; throws the VM exit where there is none */
    public long traceOutput(long address, boolean write) {
        return address;
    }

    /** @return whether a trace is not to tell that a VM runs */
    public boolean concealedFromTrace() {
        return false;
    }

    /** Sets a field of the VMCS of the VM that runs. */
    void update(VmcsField field, long value) {
        image.set(field, value);
        vmcs.write(current, field, value);
    }

    /** A PAUSE at privilege level 0. @return whether it is one too many of a loop; @sdm Instructions That Cause VM Exits: PAUSE */
    boolean pausedTooLong() {
        long now = cpu.msrs.timeStamp();
        boolean loop = pausedAt != NONE && now - pausedAt <= image.get(VmcsField.PLE_GAP);
        loopBegan = loop ? loopBegan : now;
        pausedAt = now;
        return now - loopBegan > image.get(VmcsField.PLE_WINDOW);
    }

    // Control registers as the guest sees them

    /** @return CR0 as MOV from CR0 and SMSW show it */
    public long visibleCr0() {
        return nonRoot ? cpu.system.cr0 & ~cr0Mask | image.get(VmcsField.CR0_SHADOW) & cr0Mask : cpu.system.cr0;
    }

    /** @return CR4 as MOV from CR4 shows it */
    public long visibleCr4() {
        return nonRoot ? cpu.system.cr4 & ~cr4Mask | image.get(VmcsField.CR4_SHADOW) & cr4Mask : cpu.system.cr4;
    }

    long cr0Mask() {
        return cr0Mask;
    }

    long cr4Mask() {
        return cr4Mask;
    }

    /** @return whether VMX operation forbids a value of CR0: #GP(0) */
    public boolean forbidsCr0(long value) {
        return on && !capabilities.validCr0(value, nonRoot && has(Control.UNRESTRICTED_GUEST));
    }

    /** @return whether VMX operation forbids a value of CR4: #GP(0) */
    public boolean forbidsCr4(long value) {
        return on && (value & SystemState.CR4_VMXE) == 0;
    }

    /** @return whether UMONITOR, UMWAIT and TPAUSE are undefined because the monitor has not enabled them */
    public boolean forbidsUserWait() {
        return nonRoot && !has(Control.ENABLE_USER_WAIT);
    }

    /** @return the processor's own time stamp when the one that RDTSC shows has a value */
    public long ownTimeStamp(long visible) {
        long now = cpu.msrs.timeStamp();
        long left = visible - visibleTimeStamp(now);
        boolean scaled = nonRoot && has(Control.USE_TSC_OFFSETTING) && has(Control.USE_TSC_SCALING);
        double scale = scaled ? Math.scalb((double) (image.get(VmcsField.TSC_MULTIPLIER) >>> 1), -47) : 1;
        return scale == 1 || scale == 0 ? now + left : now + (long) (left / scale);
    }

    /** @return the time-stamp counter as RDTSC shows it, from the processor's own */
    public long visibleTimeStamp(long own) {
        if (!nonRoot || !has(Control.USE_TSC_OFFSETTING)) {
            return own;
        }
        long scaled = own;
        if (has(Control.USE_TSC_SCALING)) {
            long multiplier = image.get(VmcsField.TSC_MULTIPLIER);
            scaled = Math.multiplyHigh(own, multiplier) << 16 | own * multiplier >>> 48;
        }
        return scaled + image.get(VmcsField.TSC_OFFSET);
    }

    // Outcomes of instructions

    /** VMsucceed. */
    void succeed() {
        cpu.arithmeticFlags(0);
    }

    /** VMfailInvalid. */
    void failInvalid(String instruction) {
        journal.failed(instruction + ": VMfailInvalid, there is no current VMCS", List.of());
        cpu.arithmeticFlags(Flags.CF);
    }

    /** VMfail: with the number in the current VMCS, or VMfailInvalid where there is none. */
    void fail(VmError error) {
        fail(error, List.of());
    }

    void fail(VmError error, List<EntryRule.Failure> rules) {
        journal.failed("VM-instruction error " + error.number + ": " + error.title, rules);
        if (current == NONE) {
            cpu.arithmeticFlags(Flags.CF);
        } else {
            cpu.arithmeticFlags(Flags.ZF);
            update(VmcsField.VM_INSTRUCTION_ERROR, error.number);
        }
    }

    /** @return exits */
    VmExit exit() {
        return exit;
    }

    /** @return whether the monitor trap flag lets instructions go one at a time only */
    public boolean stepping() {
        return nonRoot && (attention & TRAP_FLAG) != 0;
    }

    // State

    /** @return where VMX operation stands; the VMCS itself is in memory */
    public VmxState save() {
        return new VmxState(on, nonRoot, vmxon, current, attention, timer.deadline(), apic.status(), written);
    }

    /** Adopts a saved state; {@link #attach} then reads the controls from the VMCS. */
    public void restore(VmxState state) {
        on = state.on();
        nonRoot = state.nonRoot();
        vmxon = state.vmxon();
        current = state.current();
        attention = state.attention();
        timer.deadline(state.timerDeadline());
        apic.status(state.interruptStatus());
        written = state.written();
        events.delivering = 0;
        guestPhysical.invalidate(LinearTranslation.NO_EPT);
        if (!nonRoot) {
            cpu.memory.paging().nested(null);
            cpu.translation.tag(0, LinearTranslation.NO_EPT);
        }
        cpu.execution.vmAttention(attention != 0);
    }
}
