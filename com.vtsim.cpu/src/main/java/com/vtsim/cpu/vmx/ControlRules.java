package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import java.util.List;

/** Checks on the fields of controls but the event to inject. @sdm Checks on VMX Controls */
final class ControlRules {
    private static final long PAGE_OFFSET = 0xFFF;

    private ControlRules() { }

    static void add(List<EntryRule> rules) {
        execution(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Execution Control Fields"));
        apic(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Execution Control Fields"));
        ipi(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Execution Control Fields"));
        ept(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Execution Control Fields"));
        exit(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Exit Control Fields"));
        entry(new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Entry Control Fields"));
    }

    private static void reserved(EntryRule.Section s, VmcsField field, String name) {
        s.rule("reserved bits of the " + name, field, "as IA32_VMX_* announce", (v, c) -> {
            long value = v.get(field);
            long ones = c.capabilities().ones(field);
            return (value & ones) == ones && (value & ~c.capabilities().allowed1(field)) == 0;
        });
    }

    private static boolean page(long address) {
        return (address & PAGE_OFFSET) == 0 && Capabilities.physical(address);
    }

    private static boolean needs(VmcsImage v, Control control, Control other) {
        return !control.in(v) || other.in(v);
    }

    private static void execution(EntryRule.Section s) {
        reserved(s, PINBASED_CTLS, "pin-based controls");
        reserved(s, PROCBASED_CTLS, "primary processor-based controls");
        s.rule("reserved bits of the secondary processor-based controls", PROCBASED_CTLS2, "as IA32_VMX_PROCBASED_CTLS2 announces", (v, c) ->
            (v.controls(PROCBASED_CTLS2) & ~c.capabilities().allowed1(PROCBASED_CTLS2)) == 0);
        s.rule("reserved bits of the tertiary processor-based controls", PROCBASED_CTLS3, "as IA32_VMX_PROCBASED_CTLS3 announces", (v, c) ->
            (v.controls(PROCBASED_CTLS3) & ~c.capabilities().allowed1(PROCBASED_CTLS3)) == 0);
        s.rule("CR3-target count", CR3_TARGET_COUNT, "at most 4", (v, c) -> v.get(CR3_TARGET_COUNT) <= Capabilities.CR3_TARGETS);
        s.rule("address of I/O bitmap A", IO_BITMAP_A, "4-KByte aligned, within the physical-address width", (v, c) ->
            !Control.USE_IO_BITMAPS.in(v) || page(v.get(IO_BITMAP_A)));
        s.rule("address of I/O bitmap B", IO_BITMAP_B, "4-KByte aligned, within the physical-address width", (v, c) ->
            !Control.USE_IO_BITMAPS.in(v) || page(v.get(IO_BITMAP_B)));
        s.rule("address of the MSR bitmaps", MSR_BITMAP, "4-KByte aligned, within the physical-address width", (v, c) ->
            !Control.USE_MSR_BITMAPS.in(v) || page(v.get(MSR_BITMAP)));
        s.rule("virtual-APIC address", VIRTUAL_APIC, "4-KByte aligned, within the physical-address width", (v, c) ->
            !Control.USE_TPR_SHADOW.in(v) || page(v.get(VIRTUAL_APIC)));
        for (Control control : new Control[] {Control.VIRTUALIZE_X2APIC_MODE, Control.APIC_REGISTER_VIRTUALIZATION, Control.VIRTUAL_INTERRUPT_DELIVERY}) {
            s.rule(control + " without TPR shadow", PROCBASED_CTLS2, "use TPR shadow 1", (v, c) -> needs(v, control, Control.USE_TPR_SHADOW));
        }
        s.rule("IPI_VIRTUALIZATION without TPR shadow", PROCBASED_CTLS3, "use TPR shadow 1", (v, c) ->
            needs(v, Control.IPI_VIRTUALIZATION, Control.USE_TPR_SHADOW));
        s.rule("reserved bits of the TPR threshold", TPR_THRESHOLD, "bits 31:4 0", (v, c) ->
            !Control.USE_TPR_SHADOW.in(v) || Control.VIRTUAL_INTERRUPT_DELIVERY.in(v) || v.get(TPR_THRESHOLD) >>> 4 == 0);
        s.rule("TPR threshold above VTPR", TPR_THRESHOLD, "at most bits 7:4 of VTPR", (v, c) ->
            !Control.USE_TPR_SHADOW.in(v) || Control.VIRTUALIZE_APIC_ACCESSES.in(v) || Control.VIRTUAL_INTERRUPT_DELIVERY.in(v)
                || !page(v.get(VIRTUAL_APIC)) || v.get(TPR_THRESHOLD) >>> 4 != 0
                || v.get(TPR_THRESHOLD) <= (c.cpu().memory.space().read(v.get(VIRTUAL_APIC) + 0x80, 1) >> 4));
        s.rule("TSC multiplier", TSC_MULTIPLIER, "not 0 with use TSC scaling", (v, c) -> !Control.USE_TSC_SCALING.in(v) || v.get(TSC_MULTIPLIER) != 0);
        s.rule("virtual NMIs without NMI exiting", PINBASED_CTLS, "NMI exiting 1", (v, c) -> needs(v, Control.VIRTUAL_NMIS, Control.NMI_EXITING));
        s.rule("NMI-window exiting without virtual NMIs", PROCBASED_CTLS, "virtual NMIs 1", (v, c) ->
            needs(v, Control.NMI_WINDOW_EXITING, Control.VIRTUAL_NMIS));
    }

    private static void apic(EntryRule.Section s) {
        s.rule("APIC-access address", APIC_ACCESS, "4-KByte aligned, within the physical-address width", (v, c) ->
            !Control.VIRTUALIZE_APIC_ACCESSES.in(v) || page(v.get(APIC_ACCESS)));
        s.rule("x2APIC mode and APIC accesses both virtualized", PROCBASED_CTLS2, "virtualize APIC accesses 0", (v, c) ->
            !Control.VIRTUALIZE_X2APIC_MODE.in(v) || !Control.VIRTUALIZE_APIC_ACCESSES.in(v));
        s.rule("virtual-interrupt delivery without external-interrupt exiting", PINBASED_CTLS, "external-interrupt exiting 1", (v, c) ->
            needs(v, Control.VIRTUAL_INTERRUPT_DELIVERY, Control.EXTERNAL_INTERRUPT_EXITING));
        s.rule("posted interrupts without virtual-interrupt delivery", PROCBASED_CTLS2, "virtual-interrupt delivery 1", (v, c) ->
            needs(v, Control.PROCESS_POSTED_INTERRUPTS, Control.VIRTUAL_INTERRUPT_DELIVERY));
        s.rule("posted interrupts without acknowledgment on exit", EXIT_CTLS, "acknowledge interrupt on exit 1", (v, c) ->
            needs(v, Control.PROCESS_POSTED_INTERRUPTS, Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT));
        s.rule("posted-interrupt notification vector", POSTED_INTERRUPT_VECTOR, "bits 15:8 0", (v, c) ->
            !Control.PROCESS_POSTED_INTERRUPTS.in(v) || v.get(POSTED_INTERRUPT_VECTOR) >>> 8 == 0);
        s.rule("posted-interrupt descriptor address", POSTED_INTERRUPT_DESCRIPTOR, "64-byte aligned, within the physical-address width", (v, c) ->
            !Control.PROCESS_POSTED_INTERRUPTS.in(v)
                || (v.get(POSTED_INTERRUPT_DESCRIPTOR) & 0x3F) == 0 && Capabilities.physical(v.get(POSTED_INTERRUPT_DESCRIPTOR)));
    }

    private static void ipi(EntryRule.Section s) {
        s.rule("PID-pointer table address", PID_POINTER_TABLE, "8-byte aligned, within the physical-address width", (v, c) ->
            !Control.IPI_VIRTUALIZATION.in(v) || (v.get(PID_POINTER_TABLE) & 7) == 0 && Capabilities.physical(v.get(PID_POINTER_TABLE)));
        s.rule("last PID-pointer index", LAST_PID_POINTER_INDEX, "an entry within the physical-address width", (v, c) ->
            !Control.IPI_VIRTUALIZATION.in(v) || !Capabilities.physical(v.get(PID_POINTER_TABLE))
                || Capabilities.physical((v.get(PID_POINTER_TABLE) & ~7L) + 8 * v.get(LAST_PID_POINTER_INDEX)));
    }

    private static void ept(EntryRule.Section s) {
        s.rule("VPID 0000h", VPID, "not 0 with enable VPID", (v, c) -> !Control.ENABLE_VPID.in(v) || v.get(VPID) != 0);
        s.rule("EPTP memory type", EPTP, "0 or 6 in bits 2:0, as IA32_VMX_EPT_VPID_CAP announces", (v, c) -> !Control.ENABLE_EPT.in(v)
            || (v.get(EPTP) & 7) == 6 && (c.capabilities().eptVpid() & 1 << 14) != 0 || (v.get(EPTP) & 7) == 0 && (c.capabilities().eptVpid() & 1 << 8) != 0);
        s.rule("EPTP page-walk length", EPTP, "3 (4 levels) or, where announced, 4 in bits 5:3", (v, c) -> !Control.ENABLE_EPT.in(v)
            || (v.get(EPTP) >> 3 & 7) == 3 && (c.capabilities().eptVpid() & 1 << 6) != 0 || (v.get(EPTP) >> 3 & 7) == 4 && (c.capabilities().eptVpid() & 1 << 7) != 0);
        s.rule("EPTP accessed and dirty flags", EPTP, "bit 6 0 where they are not announced", (v, c) -> !Control.ENABLE_EPT.in(v)
            || (v.get(EPTP) & 1 << 6) == 0 || (c.capabilities().eptVpid() & 1 << 21) != 0);
        s.rule("EPTP reserved bits", EPTP, "bits 11:7 and those beyond the physical-address width 0", (v, c) -> !Control.ENABLE_EPT.in(v)
            || (v.get(EPTP) & 0xF80) == 0 && Capabilities.physical(v.get(EPTP)));
        beyond(s);
        s.rule("unrestricted guest without EPT", PROCBASED_CTLS2, "enable EPT 1", (v, c) -> needs(v, Control.UNRESTRICTED_GUEST, Control.ENABLE_EPT));
    }

    private static void paged(EntryRule.Section s, String name, Control control, VmcsField field) {
        s.rule(name, field, "4-KByte aligned, within the physical-address width", (v, c) -> !control.in(v) || page(v.get(field)));
    }

    /** What goes with EPT, and shadowing. */
    private static void beyond(EntryRule.Section s) {
        s.rule("PML without EPT", PROCBASED_CTLS2, "enable EPT 1", (v, c) -> needs(v, Control.ENABLE_PML, Control.ENABLE_EPT));
        paged(s, "PML address", Control.ENABLE_PML, PML_ADDRESS);
        paged(s, "virtualization-exception information address", Control.EPT_VIOLATION_VE, VE_INFORMATION);
        s.rule("mode-based execute control without EPT", PROCBASED_CTLS2, "enable EPT 1", (v, c) -> needs(v, Control.MODE_BASED_EXECUTE, Control.ENABLE_EPT));
        s.rule("sub-page write permissions without EPT", PROCBASED_CTLS2, "enable EPT 1", (v, c) -> needs(v, Control.SUB_PAGE_WRITE, Control.ENABLE_EPT));
        paged(s, "sub-page-permission-table pointer", Control.SUB_PAGE_WRITE, SPPTP);
        s.rule("trace to guest-physical addresses without EPT", PROCBASED_CTLS2, "enable EPT 1", (v, c) ->
            needs(v, Control.PT_USES_GUEST_PHYSICAL, Control.ENABLE_EPT));
        s.rule("trace to guest-physical addresses without load of IA32_RTIT_CTL", ENTRY_CTLS, "load IA32_RTIT_CTL 1", (v, c) ->
            needs(v, Control.PT_USES_GUEST_PHYSICAL, Control.LOAD_RTIT_CTL));
        s.rule("trace to guest-physical addresses without clear of IA32_RTIT_CTL", EXIT_CTLS, "clear IA32_RTIT_CTL 1", (v, c) ->
            needs(v, Control.PT_USES_GUEST_PHYSICAL, Control.CLEAR_RTIT_CTL));
        s.rule("HLAT without EPT", PROCBASED_CTLS3, "enable EPT 1", (v, c) -> needs(v, Control.ENABLE_HLAT, Control.ENABLE_EPT));
        s.rule("HLAT pointer", HLATP, "bits 2:0, 11:5 and those beyond the physical-address width 0", (v, c) -> !Control.ENABLE_HLAT.in(v)
            || (v.get(HLATP) & 0xFE7) == 0 && Capabilities.physical(v.get(HLATP)));
        s.rule("EPT paging-write control without EPT", PROCBASED_CTLS3, "enable EPT 1", (v, c) -> needs(v, Control.PAGING_WRITE_CONTROL, Control.ENABLE_EPT));
        s.rule("guest-paging verification without EPT", PROCBASED_CTLS3, "enable EPT 1", (v, c) -> needs(v, Control.GUEST_PAGING_VERIFICATION, Control.ENABLE_EPT));
        s.rule("reserved VM-function controls", VMFUNC_CTLS, "as IA32_VMX_VMFUNC announces", (v, c) -> !Control.ENABLE_VM_FUNCTIONS.in(v)
            || (v.get(VMFUNC_CTLS) & ~c.capabilities().msr(0x491)) == 0);
        s.rule("EPTP switching without EPT", VMFUNC_CTLS, "enable EPT 1", (v, c) -> !Control.ENABLE_VM_FUNCTIONS.in(v)
            || (v.get(VMFUNC_CTLS) & 1) == 0 || Control.ENABLE_EPT.in(v));
        s.rule("EPTP-list address", EPTP_LIST, "4-KByte aligned, within the physical-address width", (v, c) -> !Control.ENABLE_VM_FUNCTIONS.in(v)
            || (v.get(VMFUNC_CTLS) & 1) == 0 || page(v.get(EPTP_LIST)));
        paged(s, "VMREAD-bitmap address", Control.VMCS_SHADOWING, VMREAD_BITMAP);
        paged(s, "VMWRITE-bitmap address", Control.VMCS_SHADOWING, VMWRITE_BITMAP);
    }

    private static boolean area(VmcsImage v, VmcsField address, VmcsField count) {
        long entries = v.get(count);
        long at = v.get(address);
        return entries == 0 || (at & 0xF) == 0 && Capabilities.physical(at) && Capabilities.physical(at + entries * 16 - 1);
    }

    private static void exit(EntryRule.Section s) {
        reserved(s, EXIT_CTLS, "VM-exit controls");
        s.rule("save preemption timer without the timer", EXIT_CTLS, "activate VMX-preemption timer 1", (v, c) ->
            needs(v, Control.SAVE_PREEMPTION_TIMER, Control.PREEMPTION_TIMER));
        s.rule("VM-exit MSR-store area", EXIT_MSR_STORE_ADDRESS, "16-byte aligned, within the physical-address width", (v, c) ->
            area(v, EXIT_MSR_STORE_ADDRESS, EXIT_MSR_STORE_COUNT));
        s.rule("VM-exit MSR-load area", EXIT_MSR_LOAD_ADDRESS, "16-byte aligned, within the physical-address width", (v, c) ->
            area(v, EXIT_MSR_LOAD_ADDRESS, EXIT_MSR_LOAD_COUNT));
    }

    private static void entry(EntryRule.Section s) {
        reserved(s, ENTRY_CTLS, "VM-entry controls");
        s.rule("load IA32_RTIT_CTL while tracing", ENTRY_CTLS, "load IA32_RTIT_CTL 0 where IA32_RTIT_CTL.TraceEn is 1", (v, c) ->
            !Control.LOAD_RTIT_CTL.in(v) || (c.cpu().trace.control() & 1) == 0);
        s.rule("VM-entry MSR-load area", ENTRY_MSR_LOAD_ADDRESS, "16-byte aligned, within the physical-address width", (v, c) ->
            area(v, ENTRY_MSR_LOAD_ADDRESS, ENTRY_MSR_LOAD_COUNT));
    }
}
