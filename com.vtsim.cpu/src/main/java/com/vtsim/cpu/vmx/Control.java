package com.vtsim.cpu.vmx;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The controls that have an effect here, and so are announced; any other bit keeps its default setting.
 *
 * @sdm VM-Execution Control Fields; VM-Exit Control Fields; VM-Entry Control Fields
 */
public enum Control {
    /** External-interrupt exiting. */
    EXTERNAL_INTERRUPT_EXITING(VmcsField.PINBASED_CTLS, 0),
    /** NMI exiting. */
    NMI_EXITING(VmcsField.PINBASED_CTLS, 3),
    /** Virtual NMIs. */
    VIRTUAL_NMIS(VmcsField.PINBASED_CTLS, 5),
    /** Activate VMX-preemption timer. */
    PREEMPTION_TIMER(VmcsField.PINBASED_CTLS, 6),
    /** Process posted interrupts. */
    PROCESS_POSTED_INTERRUPTS(VmcsField.PINBASED_CTLS, 7),

    /** Interrupt-window exiting. */
    INTERRUPT_WINDOW_EXITING(VmcsField.PROCBASED_CTLS, 2),
    /** Use TSC offsetting. */
    USE_TSC_OFFSETTING(VmcsField.PROCBASED_CTLS, 3),
    /** HLT exiting. */
    HLT_EXITING(VmcsField.PROCBASED_CTLS, 7),
    /** INVLPG exiting. */
    INVLPG_EXITING(VmcsField.PROCBASED_CTLS, 9),
    /** MWAIT exiting. */
    MWAIT_EXITING(VmcsField.PROCBASED_CTLS, 10),
    /** RDPMC exiting. */
    RDPMC_EXITING(VmcsField.PROCBASED_CTLS, 11),
    /** RDTSC exiting. */
    RDTSC_EXITING(VmcsField.PROCBASED_CTLS, 12),
    /** CR3-load exiting. */
    CR3_LOAD_EXITING(VmcsField.PROCBASED_CTLS, 15),
    /** CR3-store exiting. */
    CR3_STORE_EXITING(VmcsField.PROCBASED_CTLS, 16),
    /** Activate tertiary controls. */
    TERTIARY_CONTROLS(VmcsField.PROCBASED_CTLS, 17),
    /** CR8-load exiting. */
    CR8_LOAD_EXITING(VmcsField.PROCBASED_CTLS, 19),
    /** CR8-store exiting. */
    CR8_STORE_EXITING(VmcsField.PROCBASED_CTLS, 20),
    /** Use TPR shadow. */
    USE_TPR_SHADOW(VmcsField.PROCBASED_CTLS, 21),
    /** NMI-window exiting. */
    NMI_WINDOW_EXITING(VmcsField.PROCBASED_CTLS, 22),
    /** MOV-DR exiting. */
    MOV_DR_EXITING(VmcsField.PROCBASED_CTLS, 23),
    /** Unconditional I/O exiting. */
    UNCONDITIONAL_IO_EXITING(VmcsField.PROCBASED_CTLS, 24),
    /** Use I/O bitmaps. */
    USE_IO_BITMAPS(VmcsField.PROCBASED_CTLS, 25),
    /** Monitor trap flag. */
    MONITOR_TRAP_FLAG(VmcsField.PROCBASED_CTLS, 27),
    /** Use MSR bitmaps. */
    USE_MSR_BITMAPS(VmcsField.PROCBASED_CTLS, 28),
    /** MONITOR exiting. */
    MONITOR_EXITING(VmcsField.PROCBASED_CTLS, 29),
    /** PAUSE exiting. */
    PAUSE_EXITING(VmcsField.PROCBASED_CTLS, 30),
    /** Activate secondary controls. */
    SECONDARY_CONTROLS(VmcsField.PROCBASED_CTLS, 31),

    /** Virtualize APIC accesses. */
    VIRTUALIZE_APIC_ACCESSES(VmcsField.PROCBASED_CTLS2, 0),
    /** Enable EPT. */
    ENABLE_EPT(VmcsField.PROCBASED_CTLS2, 1),
    /** Descriptor-table exiting. */
    DESCRIPTOR_TABLE_EXITING(VmcsField.PROCBASED_CTLS2, 2),
    /** Enable RDTSCP. */
    ENABLE_RDTSCP(VmcsField.PROCBASED_CTLS2, 3),
    /** Virtualize x2APIC mode. */
    VIRTUALIZE_X2APIC_MODE(VmcsField.PROCBASED_CTLS2, 4),
    /** Enable VPID. */
    ENABLE_VPID(VmcsField.PROCBASED_CTLS2, 5),
    /** WBINVD exiting. */
    WBINVD_EXITING(VmcsField.PROCBASED_CTLS2, 6),
    /** Unrestricted guest. */
    UNRESTRICTED_GUEST(VmcsField.PROCBASED_CTLS2, 7),
    /** APIC-register virtualization. */
    APIC_REGISTER_VIRTUALIZATION(VmcsField.PROCBASED_CTLS2, 8),
    /** Virtual-interrupt delivery. */
    VIRTUAL_INTERRUPT_DELIVERY(VmcsField.PROCBASED_CTLS2, 9),
    /** PAUSE-loop exiting. */
    PAUSE_LOOP_EXITING(VmcsField.PROCBASED_CTLS2, 10),
    /** RDRAND exiting. */
    RDRAND_EXITING(VmcsField.PROCBASED_CTLS2, 11),
    /** Enable INVPCID. */
    ENABLE_INVPCID(VmcsField.PROCBASED_CTLS2, 12),
    /** Enable VM functions. */
    ENABLE_VM_FUNCTIONS(VmcsField.PROCBASED_CTLS2, 13),
    /** VMCS shadowing. */
    VMCS_SHADOWING(VmcsField.PROCBASED_CTLS2, 14),
    /** RDSEED exiting. */
    RDSEED_EXITING(VmcsField.PROCBASED_CTLS2, 16),
    /** Enable PML. */
    ENABLE_PML(VmcsField.PROCBASED_CTLS2, 17),
    /** EPT-violation #VE. */
    EPT_VIOLATION_VE(VmcsField.PROCBASED_CTLS2, 18),
    /** Conceal VMX from PT. */
    CONCEAL_VMX_FROM_PT(VmcsField.PROCBASED_CTLS2, 19),
    /** Enable XSAVES/XRSTORS. */
    ENABLE_XSAVES(VmcsField.PROCBASED_CTLS2, 20),
    /** Mode-based execute control for EPT. */
    MODE_BASED_EXECUTE(VmcsField.PROCBASED_CTLS2, 22),
    /** Sub-page write permissions for EPT. */
    SUB_PAGE_WRITE(VmcsField.PROCBASED_CTLS2, 23),
    /** Intel PT uses guest physical addresses. */
    PT_USES_GUEST_PHYSICAL(VmcsField.PROCBASED_CTLS2, 24),
    /** Use TSC scaling. */
    USE_TSC_SCALING(VmcsField.PROCBASED_CTLS2, 25),
    /** Enable user wait and pause. */
    ENABLE_USER_WAIT(VmcsField.PROCBASED_CTLS2, 26),
    /** VMM bus-lock detection. */
    BUS_LOCK_DETECTION(VmcsField.PROCBASED_CTLS2, 30),
    /** Notify exiting. */
    NOTIFY_EXITING(VmcsField.PROCBASED_CTLS2, 31),

    /** LOADIWKEY exiting. */
    LOADIWKEY_EXITING(VmcsField.PROCBASED_CTLS3, 0),
    /** Enable HLAT. */
    ENABLE_HLAT(VmcsField.PROCBASED_CTLS3, 1),
    /** EPT paging-write control. */
    PAGING_WRITE_CONTROL(VmcsField.PROCBASED_CTLS3, 2),
    /** Guest-paging verification. */
    GUEST_PAGING_VERIFICATION(VmcsField.PROCBASED_CTLS3, 3),
    /** IPI virtualization. */
    IPI_VIRTUALIZATION(VmcsField.PROCBASED_CTLS3, 4),

    /** Save debug controls. */
    SAVE_DEBUG_CONTROLS(VmcsField.EXIT_CTLS, 2),
    /** Host address-space size. */
    HOST_ADDRESS_SPACE_SIZE(VmcsField.EXIT_CTLS, 9),
    /** Load IA32_PERF_GLOBAL_CTRL. */
    EXIT_LOAD_PERF_GLOBAL_CTRL(VmcsField.EXIT_CTLS, 12),
    /** Acknowledge interrupt on exit. */
    ACKNOWLEDGE_INTERRUPT_ON_EXIT(VmcsField.EXIT_CTLS, 15),
    /** Save IA32_PAT. */
    SAVE_PAT(VmcsField.EXIT_CTLS, 18),
    /** Load IA32_PAT. */
    EXIT_LOAD_PAT(VmcsField.EXIT_CTLS, 19),
    /** Save IA32_EFER. */
    SAVE_EFER(VmcsField.EXIT_CTLS, 20),
    /** Load IA32_EFER. */
    EXIT_LOAD_EFER(VmcsField.EXIT_CTLS, 21),
    /** Save VMX-preemption timer value. */
    SAVE_PREEMPTION_TIMER(VmcsField.EXIT_CTLS, 22),
    /** Conceal VMX from PT, on exit. */
    EXIT_CONCEAL_VMX_FROM_PT(VmcsField.EXIT_CTLS, 24),
    /** Clear IA32_RTIT_CTL. */
    CLEAR_RTIT_CTL(VmcsField.EXIT_CTLS, 25),
    /** Save IA32_PERF_GLOBAL_CTRL. */
    SAVE_PERF_GLOBAL_CTRL(VmcsField.EXIT_CTLS, 30),

    /** Load debug controls. */
    LOAD_DEBUG_CONTROLS(VmcsField.ENTRY_CTLS, 2),
    /** IA-32e mode guest. */
    IA32E_MODE_GUEST(VmcsField.ENTRY_CTLS, 9),
    /** Load IA32_PERF_GLOBAL_CTRL. */
    ENTRY_LOAD_PERF_GLOBAL_CTRL(VmcsField.ENTRY_CTLS, 13),
    /** Load IA32_PAT. */
    ENTRY_LOAD_PAT(VmcsField.ENTRY_CTLS, 14),
    /** Load IA32_EFER. */
    ENTRY_LOAD_EFER(VmcsField.ENTRY_CTLS, 15),
    /** Conceal VMX from PT, on entry. */
    ENTRY_CONCEAL_VMX_FROM_PT(VmcsField.ENTRY_CTLS, 17),
    /** Load IA32_RTIT_CTL. */
    LOAD_RTIT_CTL(VmcsField.ENTRY_CTLS, 18);

    /** The field it is in. */
    public final VmcsField field;
    /** Number of its bit. */
    public final int bit;

    Control(VmcsField field, int bit) {
        this.field = field;
        this.bit = bit;
    }

    private static final Map<VmcsField, Control[]> BY_FIELD = new EnumMap<>(VmcsField.class);

    static {
        for (Control control : values()) {
            BY_FIELD.computeIfAbsent(control.field, field -> Stream.of(values()).filter(each -> each.field == field).toArray(Control[]::new));
        }
    }

    /** @return the controls of a field; not to be changed */
    static Control[] of(VmcsField field) {
        return BY_FIELD.get(field);
    }

    /** @return whether it is 1 in a VMCS; a secondary control counts as 0 unless secondary controls are activated */
    public boolean in(VmcsImage vmcs) {
        return (vmcs.controls(field) >> bit & 1) != 0;
    }

    /** @return the bit in its place */
    public long mask() {
        return 1L << bit;
    }
}
