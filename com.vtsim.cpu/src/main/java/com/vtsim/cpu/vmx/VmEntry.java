package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Interrupts.Source;
import com.vtsim.cpu.engine.MachineChecks;
import com.vtsim.cpu.engine.SystemState;
import java.util.List;

/**
 * From VMX root to VMX non-root operation: the checks, the guest's state, the event to inject.
 *
 * @sdm VM Entries
 */
final class VmEntry {
    private static final int BLOCKED_STI = 1, BLOCKED_MOV_SS = 2, BLOCKED_NMI = 8;
    private static final int EXTERNAL = 0, NMI = 2, HARDWARE_EXCEPTION = 3, SOFTWARE_INTERRUPT = 4, PRIVILEGED_EXCEPTION = 5, SOFTWARE_EXCEPTION = 6,
        OTHER = 7;
    private static final int DETAIL_PDPTE = 2;

    private final Vmx vmx;
    private final Cpu cpu;
    private final GuestState guest;

    VmEntry(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
        this.guest = new GuestState(vmx);
    }

    private EntryRule.Context context() {
        return new EntryRule.Context(cpu, vmx.capabilities, vmx.vmcs, vmx.current);
    }

    /** VMLAUNCH or VMRESUME, privilege checked. */
    void execute(boolean launch) {
        if (vmx.current == Vmx.NONE || vmx.vmcs.revision(vmx.current) < 0) {
            vmx.failInvalid(launch ? "VMLAUNCH" : "VMRESUME");
            return;
        }
        boolean launched = vmx.vmcs.launched(vmx.current);
        if (cpu.execution.underMovSs()) {
            vmx.fail(VmError.ENTRY_MOV_SS);
        } else if (launch && launched) {
            vmx.fail(VmError.VMLAUNCH_NOT_CLEAR);
        } else if (!launch && !launched) {
            vmx.fail(VmError.VMRESUME_NOT_LAUNCHED);
        } else {
            enter();
        }
    }

    private void enter() {
        VmcsImage v = vmx.image;
        vmx.vmcs.load(vmx.current, v);
        EntryRule.Context c = context();
        if (EntryRule.firstBroken(EntryRule.Area.CONTROLS, v, c) != null) {
            vmx.fail(VmError.ENTRY_CONTROLS, EntryRule.broken(v, c));
            return;
        }
        if (EntryRule.firstBroken(EntryRule.Area.HOST, v, c) != null) {
            vmx.fail(VmError.ENTRY_HOST, EntryRule.broken(v, c));
            return;
        }
        EntryRule broken = EntryRule.firstBroken(EntryRule.Area.GUEST, v, c);
        if (broken != null) {
            failed(ExitReason.INVALID_GUEST_STATE, broken.detail(), EntryRule.broken(v, c));
            return;
        }
        cpu.trace.entering(Control.ENTRY_CONCEAL_VMX_FROM_PT.in(v));
        try {
            load(v);
        } catch (GuestFault fault) {
            // Guest state has been loaded in part: a machine check cannot count as one before the entry any more.
            if (fault.vector != MachineChecks.VECTOR) {
                throw fault;
            }
            cpu.machineChecks.record(fault.information);
            failed(ExitReason.MACHINE_CHECK_AT_ENTRY, 0, List.of());
        }
        cpu.trace.entered();
    }

    private void load(VmcsImage v) {
        guest.load(v);
        boolean ept = Control.ENABLE_EPT.in(v);
        boolean pae = cpu.system.paging() && (cpu.system.cr4 & SystemState.CR4_PAE) != 0 && !cpu.system.longMode();
        if (pae && !ept && !cpu.system.loadPdptesOrNot()) {
            failed(ExitReason.INVALID_GUEST_STATE, DETAIL_PDPTE, List.of());
            return;
        }
        long bad = MsrArea.load(cpu, v.get(VmcsField.ENTRY_MSR_LOAD_ADDRESS), v.get(VmcsField.ENTRY_MSR_LOAD_COUNT));
        if (bad != 0) {
            failed(ExitReason.MSR_LOADING, bad, List.of());
            return;
        }
        vmx.vmcs.launched(vmx.current, true);
        begin(v);
    }

    private void failed(ExitReason reason, long qualification, List<EntryRule.Failure> rules) {
        vmx.journal.failed(reason.title + " (exit reason 800000" + Integer.toHexString(reason.number) + "h)", rules);
        vmx.exit().failEntry(reason, qualification, cpu.system.longMode());
    }

    /** The guest's registers are loaded: what is left is what happens before its first instruction. */
    private void begin(VmcsImage v) {
        int activity = (int) v.get(VmcsField.GUEST_ACTIVITY);
        long event = v.get(VmcsField.ENTRY_INTERRUPTION);
        boolean vectoring = (event & Vmx.VALID) != 0;
        cpu.execution.activity.state(vectoring ? 0 : activity);
        vmx.enterGuest();
        long blocking = v.get(VmcsField.GUEST_INTERRUPTIBILITY);
        cpu.execution.pins.blockNmis((blocking & BLOCKED_NMI) != 0);
        if ((blocking & (BLOCKED_STI | BLOCKED_MOV_SS)) != 0 && !vectoring) {
            cpu.execution.shadow((blocking & BLOCKED_MOV_SS) != 0);
        }
        int type = (int) (event >> 8) & 7;
        boolean discards = vectoring && (type == EXTERNAL || type == NMI || type == HARDWARE_EXCEPTION || type == SOFTWARE_EXCEPTION);
        long debug = v.get(VmcsField.GUEST_PENDING_DEBUG);
        if (!discards && (debug & 0x5000) != 0) {
            cpu.execution.traps.trap(debug & 0x400F);
        }
        if (vectoring) {
            vmx.boundary.attend(Boundary.INJECT);
        }
        vmx.apic.entered();
        vmx.journal.entered();
        if (vmx.listener != null) {
            vmx.listener.entered(cpu.clock.now(), vmx.current, v.get(VmcsField.GUEST_RIP));
        }
        cpu.execution.flagsChanged();
    }

    /** Delivers the event of the interruption-information field as if it had occurred in the guest; the exception bitmap has no say. */
    void inject() {
        VmcsImage v = vmx.image;
        long event = v.get(VmcsField.ENTRY_INTERRUPTION);
        int vector = (int) event & 0xFF;
        int type = (int) (event >> 8) & 7;
        if (type == OTHER) {
            vmx.boundary.attend(Boundary.TRAP_FLAG);
            return;
        }
        int code = (event & 1 << 11) != 0 ? (int) v.get(VmcsField.ENTRY_ERROR_CODE) : GuestFault.NO_CODE;
        int length = type >= SOFTWARE_INTERRUPT ? (int) v.get(VmcsField.ENTRY_LENGTH) : 0;
        vmx.events.delivering = Vmx.VALID | event & 0xFFF;
        vmx.events.deliveringCode = code == GuestFault.NO_CODE ? 0 : code;
        vmx.events.deliveringLength = length;
        if (type == NMI) {
            cpu.execution.pins.blockNmis(true);
        }
        Source source = switch (type) {
            case HARDWARE_EXCEPTION -> Source.EXCEPTION;
            case SOFTWARE_INTERRUPT -> Source.SOFTWARE;
            case PRIVILEGED_EXCEPTION -> Source.PRIVILEGED_SOFTWARE;
            case SOFTWARE_EXCEPTION -> Source.SOFTWARE_EXCEPTION;
            default -> Source.EXTERNAL;
        };
        cpu.execution.deliveries.inject(vector, code, source, length);
    }

    /** @return every rule that an entry with the current VMCS would break now */
    List<EntryRule.Failure> dryRun() {
        VmcsImage v = new VmcsImage();
        vmx.vmcs.load(vmx.current, v);
        return EntryRule.broken(v, context());
    }
}
