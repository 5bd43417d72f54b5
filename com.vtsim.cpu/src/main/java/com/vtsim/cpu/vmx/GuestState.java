package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.SystemState;

/**
 * The guest-state area: into the processor's registers and out of them.
 *
 * @sdm Loading Guest State; Saving Guest State
 */
final class GuestState {
    private static final VmcsField[] SELECTORS = {VmcsField.GUEST_ES_SELECTOR, VmcsField.GUEST_CS_SELECTOR, VmcsField.GUEST_SS_SELECTOR,
        VmcsField.GUEST_DS_SELECTOR, VmcsField.GUEST_FS_SELECTOR, VmcsField.GUEST_GS_SELECTOR};
    private static final VmcsField[] BASES = {VmcsField.GUEST_ES_BASE, VmcsField.GUEST_CS_BASE, VmcsField.GUEST_SS_BASE,
        VmcsField.GUEST_DS_BASE, VmcsField.GUEST_FS_BASE, VmcsField.GUEST_GS_BASE};
    private static final VmcsField[] LIMITS = {VmcsField.GUEST_ES_LIMIT, VmcsField.GUEST_CS_LIMIT, VmcsField.GUEST_SS_LIMIT,
        VmcsField.GUEST_DS_LIMIT, VmcsField.GUEST_FS_LIMIT, VmcsField.GUEST_GS_LIMIT};
    private static final VmcsField[] ACCESS = {VmcsField.GUEST_ES_ACCESS, VmcsField.GUEST_CS_ACCESS, VmcsField.GUEST_SS_ACCESS,
        VmcsField.GUEST_DS_ACCESS, VmcsField.GUEST_FS_ACCESS, VmcsField.GUEST_GS_ACCESS};
    private static final VmcsField[] PDPTES = {VmcsField.GUEST_PDPTE0, VmcsField.GUEST_PDPTE1, VmcsField.GUEST_PDPTE2, VmcsField.GUEST_PDPTE3};
    /** Bits of the access rights that are kept. */
    private static final int ACCESS_MASK = 0x1F0FF;
    /** CR0 bits that an entry leaves alone: ET, CD, NW and the reserved ones. */
    private static final long CR0_KEPT = 0x7FFA_FFD0L;

    private final Vmx vmx;
    private final Cpu cpu;

    GuestState(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
    }

    private void write(VmcsField field, long value) {
        vmx.image.set(field, value);
    }

    /** Saves what the processor has to the image of the VMCS. */
    void save() {
        SystemState system = cpu.system;
        VmcsImage v = vmx.image;
        write(VmcsField.GUEST_CR0, system.cr0);
        write(VmcsField.GUEST_CR3, system.cr3);
        write(VmcsField.GUEST_CR4, system.cr4);
        cpu.msrs.read(0x174);
        write(VmcsField.GUEST_SYSENTER_CS, cpu.msrs.value);
        write(VmcsField.GUEST_SYSENTER_ESP, cpu.msrs.sysenterEsp());
        write(VmcsField.GUEST_SYSENTER_EIP, cpu.msrs.sysenterEip());
        if (Control.SAVE_DEBUG_CONTROLS.in(v)) {
            write(VmcsField.GUEST_DR7, system.dr[7]);
            cpu.msrs.read(0x1D9);
            write(VmcsField.GUEST_DEBUGCTL, cpu.msrs.value);
        }
        if (Control.SAVE_PERF_GLOBAL_CTRL.in(v)) {
            write(VmcsField.GUEST_PERF_GLOBAL_CTRL, cpu.performance.globalControl());
        }
        write(VmcsField.GUEST_RTIT_CTL, cpu.trace.control());
        if (Control.SAVE_PAT.in(v)) {
            cpu.msrs.read(0x277);
            write(VmcsField.GUEST_PAT, cpu.msrs.value);
        }
        if (Control.SAVE_EFER.in(v)) {
            write(VmcsField.GUEST_EFER, system.efer);
        }
        if (vmx.has(Control.UNRESTRICTED_GUEST)) {
            long mode = v.get(VmcsField.ENTRY_CTLS) & ~Control.IA32E_MODE_GUEST.mask();
            write(VmcsField.ENTRY_CTLS, mode | (system.longMode() ? Control.IA32E_MODE_GUEST.mask() : 0));
        }
        saveSegments();
        write(VmcsField.GUEST_RIP, cpu.r[Cpu.RIP]);
        write(VmcsField.GUEST_RSP, cpu.r[Cpu.RSP]);
        write(VmcsField.GUEST_RFLAGS, cpu.rflags());
        write(VmcsField.GUEST_ACTIVITY, cpu.execution.activity.state());
        write(VmcsField.GUEST_INTERRUPTIBILITY, cpu.execution.interruptibility());
        write(VmcsField.GUEST_PENDING_DEBUG, pendingDebug());
        if (vmx.has(Control.ENABLE_EPT) && system.paging() && (system.cr4 & SystemState.CR4_PAE) != 0 && !system.longMode()) {
            for (int i = 0; i < 4; i++) {
                write(PDPTES[i], system.pdpte[i]);
            }
        }
    }

    private long pendingDebug() {
        long status = cpu.execution.traps.pending();
        return status & 0x400F | ((status & 0xF) != 0 ? 1 << 12 : 0);
    }

    private void saveSegments() {
        Segments s = cpu.segments;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            write(SELECTORS[i], s.selector[i]);
            write(BASES[i], s.base[i]);
            write(LIMITS[i], s.limit[i]);
            write(ACCESS[i], s.access[i] & ACCESS_MASK);
        }
        write(VmcsField.GUEST_LDTR_SELECTOR, s.ldtSelector);
        write(VmcsField.GUEST_LDTR_BASE, s.ldtBase);
        write(VmcsField.GUEST_LDTR_LIMIT, s.ldtLimit);
        write(VmcsField.GUEST_LDTR_ACCESS, s.ldtAccess & ACCESS_MASK);
        write(VmcsField.GUEST_TR_SELECTOR, s.taskSelector);
        write(VmcsField.GUEST_TR_BASE, s.taskBase);
        write(VmcsField.GUEST_TR_LIMIT, s.taskLimit);
        write(VmcsField.GUEST_TR_ACCESS, s.taskAccess & ACCESS_MASK);
        write(VmcsField.GUEST_GDTR_BASE, s.gdtBase);
        write(VmcsField.GUEST_GDTR_LIMIT, s.gdtLimit);
        write(VmcsField.GUEST_IDTR_BASE, s.idtBase);
        write(VmcsField.GUEST_IDTR_LIMIT, s.idtLimit);
    }

    /** Loads the registers from a VMCS whose checks have passed. */
    void load(VmcsImage v) {
        SystemState system = cpu.system;
        system.cr0 = system.cr0 & CR0_KEPT | v.get(VmcsField.GUEST_CR0) & ~CR0_KEPT & 0xFFFF_FFFFL;
        system.cr3 = v.get(VmcsField.GUEST_CR3);
        system.cr4 = v.get(VmcsField.GUEST_CR4);
        if (Control.LOAD_DEBUG_CONTROLS.in(v)) {
            system.dr[7] = v.get(VmcsField.GUEST_DR7) & 0xFFFF_2FFFL | 0x400;
            cpu.msrs.write(0x1D9, v.get(VmcsField.GUEST_DEBUGCTL));
        }
        if (Control.ENTRY_LOAD_PERF_GLOBAL_CTRL.in(v)) {
            cpu.performance.setGlobalControl(v.get(VmcsField.GUEST_PERF_GLOBAL_CTRL));
        }
        if (Control.LOAD_RTIT_CTL.in(v)) {
            cpu.trace.control(v.get(VmcsField.GUEST_RTIT_CTL));
        }
        if (Control.ENTRY_LOAD_PAT.in(v)) {
            cpu.msrs.write(0x277, v.get(VmcsField.GUEST_PAT));
        }
        if (Control.ENTRY_LOAD_EFER.in(v)) {
            system.efer = v.get(VmcsField.GUEST_EFER);
        } else {
            boolean wide = Control.IA32E_MODE_GUEST.in(v);
            boolean paged = (v.get(VmcsField.GUEST_CR0) & SystemState.CR0_PG) != 0;
            system.efer = wide ? system.efer | SystemState.EFER_LMA | SystemState.EFER_LME
                : system.efer & ~(SystemState.EFER_LMA | (paged ? SystemState.EFER_LME : 0));
        }
        loadSegments(v);
        for (int i = 0; i < 4; i++) {
            system.pdpte[i] = v.get(PDPTES[i]);
        }
        cpu.rflags(v.get(VmcsField.GUEST_RFLAGS), -1L);
        cpu.cpl = cpu.segments.access[Cpu.SS] >> 5 & 3;
        cpu.r[Cpu.RSP] = v.get(VmcsField.GUEST_RSP);
        cpu.next = v.get(VmcsField.GUEST_RIP);
        system.controlLoaded();
        cpu.msrs.write(0x174, v.get(VmcsField.GUEST_SYSENTER_CS));
        cpu.msrs.write(0x175, v.get(VmcsField.GUEST_SYSENTER_ESP));
        cpu.msrs.write(0x176, v.get(VmcsField.GUEST_SYSENTER_EIP));
        cpu.execution.traps.registersChanged();
        cpu.execution.flagsChanged();
    }

    private void loadSegments(VmcsImage v) {
        Segments s = cpu.segments;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            s.selector[i] = (int) v.get(SELECTORS[i]);
            s.base[i] = v.get(BASES[i]);
            s.limit[i] = v.get(LIMITS[i]);
            s.access[i] = (int) v.get(ACCESS[i]) & ACCESS_MASK;
        }
        s.ldtSelector = (int) v.get(VmcsField.GUEST_LDTR_SELECTOR);
        s.ldtBase = v.get(VmcsField.GUEST_LDTR_BASE);
        s.ldtLimit = v.get(VmcsField.GUEST_LDTR_LIMIT);
        s.ldtAccess = (int) v.get(VmcsField.GUEST_LDTR_ACCESS) & ACCESS_MASK;
        s.taskSelector = (int) v.get(VmcsField.GUEST_TR_SELECTOR);
        s.taskBase = v.get(VmcsField.GUEST_TR_BASE);
        s.taskLimit = v.get(VmcsField.GUEST_TR_LIMIT);
        s.taskAccess = (int) v.get(VmcsField.GUEST_TR_ACCESS) & ACCESS_MASK;
        s.gdtBase = v.get(VmcsField.GUEST_GDTR_BASE);
        s.gdtLimit = (int) v.get(VmcsField.GUEST_GDTR_LIMIT);
        s.idtBase = v.get(VmcsField.GUEST_IDTR_BASE);
        s.idtLimit = (int) v.get(VmcsField.GUEST_IDTR_LIMIT);
    }
}
