package com.vtsim.cpu.vmx;

import com.vtsim.api.cpu.Virtualization.Transitions;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.machine.Clock;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.LinearTranslation;
import java.util.List;

/**
 * VMX operation of a logical processor: where it stands, the controls of the VM that runs, and the causes of its exits.
 * {@link VmEntry} goes in, {@link VmExit} out, {@link Boundary} stands between two instructions.
 *
 * @sdm Introduction to Virtual Machine Extensions; VMX Non-Root Operation
 */
public final class Vmx {
    /** No current VMCS, no VMXON region. */
    public static final long NONE = -1L;
    /** Bit 31 of the interruption-information fields. */
    static final long VALID = 1L << 31;
    /** Exit qualification: the access belongs to no instruction and to no event. */
    private static final long ASYNCHRONOUS = 1 << 16;
    /** VM functions that a control can enable. */
    private static final int MOST_FUNCTIONS = 64;
    /** Entries of an EPTP list. */
    private static final int POINTERS = 512;
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
    /** What it has to say between two instructions. */
    public final Boundary boundary;
    /** Registers as the VM that runs is shown them. */
    public final ShownRegisters shown;

    // Of the VM that runs
    private long pin;
    private long primary;
    private long secondary;
    /** Hears of entries and exits; null for nobody. */
    Transitions listener;
    /** Exceptions and software events of the VM that runs. */
    public final GuestEvents events = new GuestEvents(this);
    final PreemptionTimer timer;

    /** For a processor's constructor. */
    public Vmx(Cpu cpu) {
        this.cpu = cpu;
        boundary = new Boundary(this);
        shown = new ShownRegisters(this);
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
        shown.adopt();
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

    /** @return what of the controls decides what a translation of the VM that runs allows; 0 outside: 3 bits */
    public int translationRules() {
        boolean ept = nonRoot && has(Control.ENABLE_EPT);
        return !ept ? 0 : (has(Control.MODE_BASED_EXECUTE) ? 1 : 0) | (has(Control.SUB_PAGE_WRITE) ? 2 : 0) | (has(Control.GUEST_PAGING_VERIFICATION) ? 4 : 0);
    }

    /** @return whether EPT of the VM that runs asks how each linear address was translated */
    public boolean verifiesPaging() {
        return nonRoot && has(Control.ENABLE_EPT) && has(Control.GUEST_PAGING_VERIFICATION);
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
        events.delivering = 0;
        boundary.entered();
        if (has(Control.PREEMPTION_TIMER)) {
            timer.start(image.get(VmcsField.PREEMPTION_TIMER));
        }
    }

    /** Non-root operation has ended. */
    void leaveGuest() {
        nonRoot = false;
        boundary.left();
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

    // Exits

    /** Exits, between instructions or with the instruction pointer at the one that caused it. */
    public void leave(ExitReason reason, long qualification) {
        exit.begin(reason, qualification);
        exit.perform();
    }

    /** Carries out the exit that a {@link GuestFault#VM_EXIT} stands for. */
    public void leave() {
        exit.perform();
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
        exit.begin(reason, qualification | (boundary.unblockedByIret() && events.delivering == 0 && reason != ExitReason.EPT_MISCONFIGURATION ? 1 << 12 : 0));
        exit.instruction(cpu.execution.instructionLength(), 0);
        exit.addresses(physical, linear);
        return cpu.vmExit();
    }

    /** A task switch always makes the VM exit. @param source 0 CALL, 1 IRET, 2 JMP, 3 task gate in the IDT; @return to throw */
    public GuestFault taskSwitch(int selector, int source) {
        return instructionExit(ExitReason.TASK_SWITCH, selector | (long) source << 30, 0);
    }

    /**
     * VMFUNC, where VM functions are enabled: leaf 0 switches the EPT pointer to an entry of the list, unless a trace goes through the present one;
     * all else up to 63 makes the VM exit.
     *
     * @sdm VM Functions: EPTP Switching
     */
    void function(int leaf, long entry) {
        if (Integer.compareUnsigned(leaf, MOST_FUNCTIONS) >= 0) {
            throw cpu.undefined();
        }
        boolean known = leaf == 0 && (image.get(VmcsField.VMFUNC_CTLS) & Capabilities.VM_FUNCTIONS) != 0;
        if (!known || entry >= POINTERS || tracesGuestPhysical() && cpu.trace.isEnabled()) {
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
        return nonRoot && has(Control.PT_USES_GUEST_PHYSICAL);
    }

    /** @return the final address of a page of a trace's output or tables, guest-physical; throws the VM exit where there is none */
    public long traceOutput(long address, boolean write) {
        return guestPhysical.trace(address, write);
    }

    /** @return whether a trace is not to tell that a VM runs */
    public boolean concealedFromTrace() {
        return has(Control.CONCEAL_VMX_FROM_PT);
    }

    /** Prepares an exit caused by an access that belongs to no instruction. @return to throw */
    GuestFault asynchronousExit(ExitReason reason, long qualification, long physical) {
        exit.begin(reason, qualification | ASYNCHRONOUS);
        exit.addresses(physical, 0);
        return cpu.vmExit();
    }

    /** Sets a field of the VMCS of the VM that runs. */
    void update(VmcsField field, long value) {
        image.set(field, value);
        vmcs.write(current, field, value);
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

    // State

    /** @return where VMX operation stands; the VMCS itself is in memory */
    public VmxState save() {
        return new VmxState(on, nonRoot, vmxon, current, boundary.attention(), timer.deadline(), apic.status(), boundary.written());
    }

    /** Adopts a saved state; {@link #attach} then reads the controls from the VMCS. */
    public void restore(VmxState state) {
        on = state.on();
        nonRoot = state.nonRoot();
        vmxon = state.vmxon();
        current = state.current();
        timer.deadline(state.timerDeadline());
        apic.status(state.interruptStatus());
        events.delivering = 0;
        guestPhysical.invalidate(LinearTranslation.NO_EPT);
        if (!nonRoot) {
            cpu.memory.paging().nested(null);
            cpu.translation.tag(0, LinearTranslation.NO_EPT);
        }
        boundary.restore(state.attention(), state.written());
    }
}
