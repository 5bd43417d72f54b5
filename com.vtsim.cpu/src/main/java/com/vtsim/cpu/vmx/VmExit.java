package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.MachineChecks;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.SystemState;

/**
 * From VMX non-root to VMX root operation: records why, saves the guest, loads the host.
 *
 * @sdm VM Exits: Recording VM-Exit Information; Saving Guest State; Loading Host State; VMX Aborts
 */
final class VmExit {
    private static final int ABORT_STORE = 1, ABORT_PDPTES = 2, ABORT_LOAD = 4, ABORT_MACHINE_CHECK = 5;
    private static final int HOST_CODE = Segments.PRESENT | Segments.NON_SYSTEM | Segments.CODE | Segments.WRITABLE | Segments.ACCESSED | Segments.GRANULARITY;
    private static final int HOST_DATA = Segments.PRESENT | Segments.NON_SYSTEM | Segments.WRITABLE | Segments.ACCESSED | Segments.GRANULARITY
        | Segments.BIG;
    private static final int HOST_TASK = Segments.PRESENT | 0xB;
    /** CR0 bits that an exit leaves alone. */
    private static final long CR0_KEPT = 0x7FFA_FFD0L;
    static final long ENTRY_FAILURE = 1L << 31;

    private static final VmcsField[] HOST_SELECTORS = {VmcsField.HOST_ES_SELECTOR, VmcsField.HOST_CS_SELECTOR, VmcsField.HOST_SS_SELECTOR,
        VmcsField.HOST_DS_SELECTOR, VmcsField.HOST_FS_SELECTOR, VmcsField.HOST_GS_SELECTOR};

    private final Vmx vmx;
    private final Cpu cpu;
    private final GuestState guest;

    private ExitReason reason;
    private long qualification;
    private long interruption;
    private int errorCode;
    private int length;
    private int information;
    private long linear;
    private long physical;
    private boolean blocksNmis;

    VmExit(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
        this.guest = new GuestState(vmx);
    }

    // What will be recorded

    void begin(ExitReason why, long howExactly) {
        reason = why;
        qualification = howExactly;
        interruption = 0;
        errorCode = 0;
        length = 0;
        information = 0;
        linear = 0;
        physical = 0;
        blocksNmis = false;
    }

    void interruption(long value, int code) {
        interruption = value;
        errorCode = code;
    }

    void exception(int type, int vector, int code) {
        boolean unblocked = vmx.boundary.unblockedByIret() && vmx.events.delivering == 0 && vector != 8;
        interruption = Vmx.VALID | type << 8 | vector | (code == GuestFault.NO_CODE ? 0 : 1 << 11) | (unblocked ? 1 << 12 : 0);
        errorCode = code == GuestFault.NO_CODE ? 0 : code;
        length = cpu.execution.instructionLength();
    }

    void instruction(int bytes, int operands) {
        length = bytes;
        information = operands;
    }

    void linear(long address) {
        linear = address;
    }

    void addresses(long guestPhysical, long guestLinear) {
        physical = guestPhysical;
        linear = guestLinear;
    }

    /** The exit is for an NMI: NMIs are blocked in the host until its IRET. */
    void blockNmis() {
        blocksNmis = true;
    }

    // The exit itself

    /** Leaves the VM. The instruction pointer is where the guest is to go on. */
    void perform() {
        long region = vmx.current;
        cpu.trace.leaving();
        try {
            leave(region);
        } catch (GuestFault fault) {
            if (vmx.nonRoot) {
                vmx.leaveGuest();
            }
            aborted(region, fault);
        }
    }

    private void leave(long region) {
        write(VmcsField.EXIT_REASON, reason.number | vmx.boundary.busLock());
        write(VmcsField.EXIT_QUALIFICATION, qualification);
        write(VmcsField.EXIT_INTERRUPTION, interruption);
        write(VmcsField.EXIT_ERROR_CODE, errorCode);
        write(VmcsField.IDT_VECTORING, vmx.events.delivering);
        write(VmcsField.IDT_VECTORING_CODE, vmx.events.delivering == 0 ? 0 : vmx.events.deliveringCode);
        long type = vmx.events.delivering >> 8 & 7;
        write(VmcsField.EXIT_LENGTH, vmx.events.delivering != 0 && type >= 4 ? vmx.events.deliveringLength : length);
        write(VmcsField.EXIT_INFORMATION, information);
        write(VmcsField.GUEST_LINEAR_ADDRESS, linear);
        write(VmcsField.GUEST_PHYSICAL_ADDRESS, physical);
        // A valid interruption-information field of an entry is made invalid by the exit.
        write(VmcsField.ENTRY_INTERRUPTION, vmx.image.get(VmcsField.ENTRY_INTERRUPTION) & ~Vmx.VALID);
        vmx.journal.exited(reason.number, qualification, cpu.r[Cpu.RIP]);
        tell(false, reason, qualification, cpu.r[Cpu.RIP]);
        guest.save();
        if (vmx.apic.delivers()) {
            write(VmcsField.GUEST_INTERRUPT_STATUS, vmx.apic.status());
        }
        if (Control.SAVE_PREEMPTION_TIMER.in(vmx.image)) {
            write(VmcsField.PREEMPTION_TIMER, vmx.timer.left());
        }
        vmx.vmcs.store(region, vmx.image);
        long stored = vmx.image.get(VmcsField.EXIT_MSR_STORE_COUNT);
        boolean kept = MsrArea.store(cpu, vmx.image.get(VmcsField.EXIT_MSR_STORE_ADDRESS), stored);
        boolean nmisBlocked = blocksNmis || !vmx.has(Control.VIRTUAL_NMIS) && cpu.execution.pins.nmiBlocked();
        boolean wide = cpu.system.longMode();
        vmx.leaveGuest();
        cpu.execution.activity.state(0);
        cpu.execution.pins.blockNmis(nmisBlocked);
        if (!kept) {
            abort(region, ABORT_STORE);
        } else {
            loadHost(region, wide);
        }
        cpu.trace.left(Control.EXIT_CONCEAL_VMX_FROM_PT.in(vmx.image));
    }

    /** A VM entry has failed after guest state began to be loaded, or for its checks: host state is loaded, no guest state saved. */
    void failEntry(ExitReason why, long howExactly, boolean wide) {
        vmx.update(VmcsField.EXIT_REASON, why.number | ENTRY_FAILURE);
        vmx.update(VmcsField.EXIT_QUALIFICATION, howExactly);
        vmx.journal.exited(why.number | 1 << 31, howExactly, vmx.image.get(VmcsField.GUEST_RIP));
        tell(true, why, howExactly, vmx.image.get(VmcsField.GUEST_RIP));
        vmx.leaveGuest();
        cpu.execution.activity.state(0);
        try {
            loadHost(vmx.current, wide);
        } catch (GuestFault fault) {
            aborted(vmx.current, fault);
        }
    }

    private void aborted(long region, GuestFault fault) {
        if (fault.vector != MachineChecks.VECTOR) {
            throw fault;
        }
        cpu.machineChecks.record(fault.information);
        abort(region, ABORT_MACHINE_CHECK);
    }

    private void tell(boolean failed, ExitReason why, long howExactly, long rip) {
        if (vmx.listener != null) {
            vmx.listener.exited(cpu.clock.now(), failed, why.number, why.title, howExactly, rip);
        }
        cpu.execution.traps.vmExit(why.number, why.title);
    }

    /** Sets a field of the image, all of which goes to the region in the end. */
    private void write(VmcsField field, long value) {
        vmx.image.set(field, value);
    }

    private void abort(long region, int indicator) {
        vmx.vmcs.abort(region, indicator);
        cpu.reports.accept("VMX abort " + indicator + ": the processor shut down");
        cpu.execution.activity.shutdown();
    }

    /** @param wide whether the processor was in IA-32e mode */
    private void loadHost(long region, boolean wide) {
        VmcsImage v = vmx.image;
        boolean host64 = Control.HOST_ADDRESS_SPACE_SIZE.in(v);
        if (wide && !host64) {
            abort(region, 6);
            return;
        }
        SystemState system = cpu.system;
        system.cr0 = system.cr0 & CR0_KEPT | v.get(VmcsField.HOST_CR0) & ~CR0_KEPT & 0xFFFF_FFFFL;
        system.cr3 = v.get(VmcsField.HOST_CR3) & (1L << com.vtsim.cpu.engine.Paging.PHYSICAL_BITS) - 1;
        system.cr4 = host64 ? v.get(VmcsField.HOST_CR4) | SystemState.CR4_PAE : v.get(VmcsField.HOST_CR4) & ~SystemState.CR4_PCIDE;
        long mode = host64 ? SystemState.EFER_LMA | SystemState.EFER_LME : 0;
        system.efer = Control.EXIT_LOAD_EFER.in(v) ? v.get(VmcsField.HOST_EFER)
            : system.efer & ~(SystemState.EFER_LMA | SystemState.EFER_LME) | mode;
        system.dr[7] = 0x400;
        cpu.msrs.write(0x1D9, 0);
        cpu.msrs.write(0x174, v.get(VmcsField.HOST_SYSENTER_CS));
        loadSegments(v, host64);
        system.controlLoaded();
        cpu.msrs.write(0x175, v.get(VmcsField.HOST_SYSENTER_ESP));
        cpu.msrs.write(0x176, v.get(VmcsField.HOST_SYSENTER_EIP));
        if (Control.EXIT_LOAD_PERF_GLOBAL_CTRL.in(v)) {
            cpu.performance.setGlobalControl(v.get(VmcsField.HOST_PERF_GLOBAL_CTRL));
        }
        if (Control.CLEAR_RTIT_CTL.in(v)) {
            cpu.trace.control(0);
        }
        if (Control.EXIT_LOAD_PAT.in(v)) {
            cpu.msrs.write(0x277, v.get(VmcsField.HOST_PAT));
        }
        cpu.rflags(0, -1L);
        cpu.r[Cpu.RSP] = v.get(VmcsField.HOST_RSP);
        cpu.r[Cpu.RIP] = v.get(VmcsField.HOST_RIP);
        cpu.next = cpu.r[Cpu.RIP];
        cpu.execution.traps.registersChanged();
        cpu.execution.flagsChanged();
        boolean pae = !host64 && (system.cr4 & SystemState.CR4_PAE) != 0;
        if (pae && !system.loadPdptesOrNot()) {
            abort(region, ABORT_PDPTES);
        } else if (MsrArea.load(cpu, v.get(VmcsField.EXIT_MSR_LOAD_ADDRESS), v.get(VmcsField.EXIT_MSR_LOAD_COUNT)) != 0) {
            abort(region, ABORT_LOAD);
        }
    }

    private void loadSegments(VmcsImage v, boolean host64) {
        Segments s = cpu.segments;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            s.selector[i] = (int) v.get(HOST_SELECTORS[i]);
            s.base[i] = 0;
            s.limit[i] = 0xFFFF_FFFFL;
            s.access[i] = HOST_DATA | (s.selector[i] == 0 ? Segments.UNUSABLE : 0);
        }
        s.access[Cpu.CS] = HOST_CODE | (host64 ? Segments.LONG_CODE : Segments.BIG);
        s.base[Cpu.FS] = v.get(VmcsField.HOST_FS_BASE);
        s.base[Cpu.GS] = v.get(VmcsField.HOST_GS_BASE);
        s.ldtSelector = 0;
        s.ldtAccess = Segments.UNUSABLE;
        s.taskSelector = (int) v.get(VmcsField.HOST_TR_SELECTOR);
        s.taskBase = v.get(VmcsField.HOST_TR_BASE);
        s.taskLimit = 0x67;
        s.taskAccess = HOST_TASK;
        s.gdtBase = v.get(VmcsField.HOST_GDTR_BASE);
        s.idtBase = v.get(VmcsField.HOST_IDTR_BASE);
        s.gdtLimit = 0xFFFF;
        s.idtLimit = 0xFFFF;
        cpu.cpl = 0;
    }
}
