package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.Virtualization.Broken;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A VMCS that is valid but for one rule fails with that rule and no other. @sdm VM Entries */
class EntryRuleTest {
    private static final long NON_CANONICAL = 0x8000_0000_0000L, HIGH = 1L << 40;
    private final Map<String, Consumer<VmxMachine>> broken = new HashMap<>();

    private void put(String rule, Consumer<VmxMachine> mutation) {
        assertThat(broken.put(rule, mutation)).as(rule).isNull();
    }

    private void set(String rule, VmcsField field, long value) {
        put(rule, m -> m.set(field, value));
    }

    private void controls() {
        set("reserved bits of the pin-based controls", PINBASED_CTLS, 0x14);
        set("reserved bits of the primary processor-based controls", PROCBASED_CTLS, 0x0400_6173);
        put("reserved bits of the secondary processor-based controls", m -> m.on(Control.SECONDARY_CONTROLS).set(PROCBASED_CTLS2, 1 << 15));
        set("CR3-target count", CR3_TARGET_COUNT, 5);
        put("address of I/O bitmap A", m -> m.on(Control.USE_IO_BITMAPS).set(IO_BITMAP_A, 0x32001));
        put("address of I/O bitmap B", m -> m.on(Control.USE_IO_BITMAPS).set(IO_BITMAP_B, HIGH));
        put("address of the MSR bitmaps", m -> m.on(Control.USE_MSR_BITMAPS).set(MSR_BITMAP, 0x800));
        put("virtual-APIC address", m -> m.on(Control.USE_TPR_SHADOW).set(VIRTUAL_APIC, 0x32010));
        put("reserved bits of the TPR threshold", m -> m.on(Control.USE_TPR_SHADOW).set(VIRTUAL_APIC, 0x32000).set(TPR_THRESHOLD, 0x10));
        put("TPR threshold above VTPR", m -> m.on(Control.USE_TPR_SHADOW).set(VIRTUAL_APIC, 0x32000).set(TPR_THRESHOLD, 1));
        put("VIRTUALIZE_X2APIC_MODE without TPR shadow", m -> m.on(Control.SECONDARY_CONTROLS, Control.VIRTUALIZE_X2APIC_MODE));
        put("APIC_REGISTER_VIRTUALIZATION without TPR shadow", m -> m.on(Control.SECONDARY_CONTROLS, Control.APIC_REGISTER_VIRTUALIZATION));
        put("VIRTUAL_INTERRUPT_DELIVERY without TPR shadow", m -> m.on(Control.SECONDARY_CONTROLS, Control.VIRTUAL_INTERRUPT_DELIVERY,
            Control.EXTERNAL_INTERRUPT_EXITING));
        put("IPI_VIRTUALIZATION without TPR shadow", m -> {
            m.endingApic();
            m.on(Control.TERTIARY_CONTROLS, Control.IPI_VIRTUALIZATION);
        });
        put("reserved bits of the tertiary processor-based controls", m -> {
            m.endingApic();
            m.on(Control.TERTIARY_CONTROLS).set(PROCBASED_CTLS3, 1L << 40);
        });
        put("PID-pointer table address", m -> ipi(m).set(PID_POINTER_TABLE, 0x33004));
        put("last PID-pointer index", m -> ipi(m).set(PID_POINTER_TABLE, HIGH - 8).set(LAST_PID_POINTER_INDEX, 1));
        put("APIC-access address", m -> m.on(Control.SECONDARY_CONTROLS, Control.VIRTUALIZE_APIC_ACCESSES).set(APIC_ACCESS, 0x32800));
        put("x2APIC mode and APIC accesses both virtualized", m -> virtualApic(m).on(Control.VIRTUALIZE_X2APIC_MODE, Control.VIRTUALIZE_APIC_ACCESSES));
        put("virtual-interrupt delivery without external-interrupt exiting", m -> virtualApic(m).on(Control.VIRTUAL_INTERRUPT_DELIVERY));
        put("posted interrupts without virtual-interrupt delivery", m -> posted(m).off(Control.VIRTUAL_INTERRUPT_DELIVERY));
        put("posted interrupts without acknowledgment on exit", m -> posted(m).off(Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT));
        put("posted-interrupt notification vector", m -> posted(m).set(POSTED_INTERRUPT_VECTOR, 0x100));
        put("posted-interrupt descriptor address", m -> posted(m).set(POSTED_INTERRUPT_DESCRIPTOR, 0x32020));
        put("TSC multiplier", m -> m.on(Control.SECONDARY_CONTROLS, Control.USE_TSC_SCALING));
        put("virtual NMIs without NMI exiting", m -> m.on(Control.VIRTUAL_NMIS));
        put("NMI-window exiting without virtual NMIs", m -> m.on(Control.NMI_WINDOW_EXITING));
        put("VPID 0000h", m -> m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_VPID));
        put("EPTP memory type", m -> m.ept().set(EPTP, VmxMachine.EPT | 1 | 3 << 3));
        put("EPTP page-walk length", m -> m.ept().set(EPTP, VmxMachine.EPT | 6 | 2 << 3));
        put("EPTP accessed and dirty flags", m -> {
            m.eptWithoutFlags();
            m.ept().set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 6);
        });
        put("EPTP reserved bits", m -> m.ept().set(EPTP, VmxMachine.EPT | 6 | 3 << 3 | 1 << 8));
        put("unrestricted guest without EPT", m -> m.on(Control.SECONDARY_CONTROLS, Control.UNRESTRICTED_GUEST));
        beyond();
        set("reserved bits of the VM-exit controls", EXIT_CTLS, 0x0003_6DFB | 1 << 9 | 1L << 31);
        put("save preemption timer without the timer", m -> m.on(Control.SAVE_PREEMPTION_TIMER));
        put("VM-exit MSR-store area", m -> m.set(EXIT_MSR_STORE_COUNT, 1).set(EXIT_MSR_STORE_ADDRESS, 8));
        put("VM-exit MSR-load area", m -> m.set(EXIT_MSR_LOAD_COUNT, 1).set(EXIT_MSR_LOAD_ADDRESS, HIGH - 8));
        set("reserved bits of the VM-entry controls", ENTRY_CTLS, 0x11FB | 1 << 9 | 1 << 10);
        put("VM-entry MSR-load area", m -> m.set(ENTRY_MSR_LOAD_COUNT, 1).set(ENTRY_MSR_LOAD_ADDRESS, 8));
        set("interruption type", ENTRY_INTERRUPTION, 0x8000_0120L);
        set("vector of the interruption type", ENTRY_INTERRUPTION, 0x8000_0203L);
        set("deliver error code", ENTRY_INTERRUPTION, 0x8000_030EL);
        set("reserved bits of the interruption information", ENTRY_INTERRUPTION, 0x8000_1202L);
        put("exception error code", m -> m.set(ENTRY_INTERRUPTION, 0x8000_0B0EL).set(ENTRY_ERROR_CODE, 0x10000));
        put("VM-entry instruction length", m -> m.set(ENTRY_INTERRUPTION, 0x8000_0430L).set(ENTRY_LENGTH, 16));
    }

    private static VmxMachine virtualApic(VmxMachine m) {
        return m.on(Control.SECONDARY_CONTROLS, Control.USE_TPR_SHADOW).set(VIRTUAL_APIC, 0x32000);
    }

    private static VmxMachine ipi(VmxMachine m) {
        m.endingApic();
        return virtualApic(m).on(Control.TERTIARY_CONTROLS, Control.IPI_VIRTUALIZATION);
    }

    private static VmxMachine posted(VmxMachine m) {
        m.endingApic();
        virtualApic(m).on(Control.VIRTUAL_INTERRUPT_DELIVERY, Control.EXTERNAL_INTERRUPT_EXITING, Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
        return m.on(Control.PROCESS_POSTED_INTERRUPTS);
    }

    private static VmxMachine tracing(VmxMachine m) {
        return m.on(Control.LOAD_RTIT_CTL, Control.CLEAR_RTIT_CTL);
    }

    private void beyond() {
        put("trace to guest-physical addresses without EPT", m -> tracing(m.on(Control.SECONDARY_CONTROLS)).on(Control.PT_USES_GUEST_PHYSICAL));
        put("trace to guest-physical addresses without load of IA32_RTIT_CTL", m -> tracing(m.ept()).on(Control.PT_USES_GUEST_PHYSICAL).off(Control.LOAD_RTIT_CTL));
        put("trace to guest-physical addresses without clear of IA32_RTIT_CTL", m -> tracing(m.ept()).on(Control.PT_USES_GUEST_PHYSICAL).off(Control.CLEAR_RTIT_CTL));
        put("load IA32_RTIT_CTL while tracing", m -> m.msr(0x560, 0x33000).msr(0x570, 1).on(Control.LOAD_RTIT_CTL));
        put("PML without EPT", m -> m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_PML));
        put("PML address", m -> m.ept().on(Control.ENABLE_PML).set(PML_ADDRESS, 8));
        put("virtualization-exception information address", m -> m.on(Control.SECONDARY_CONTROLS, Control.EPT_VIOLATION_VE).set(VE_INFORMATION, HIGH));
        put("mode-based execute control without EPT", m -> m.on(Control.SECONDARY_CONTROLS, Control.MODE_BASED_EXECUTE));
        put("sub-page write permissions without EPT", m -> m.on(Control.SECONDARY_CONTROLS, Control.SUB_PAGE_WRITE));
        put("sub-page-permission-table pointer", m -> m.ept().on(Control.SUB_PAGE_WRITE).set(SPPTP, 0x33800));
        put("HLAT without EPT", m -> m.on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT));
        put("HLAT pointer", m -> m.ept().on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT).set(HLATP, 0x20_0020));
        put("EPT paging-write control without EPT", m -> m.on(Control.TERTIARY_CONTROLS, Control.PAGING_WRITE_CONTROL));
        put("guest-paging verification without EPT", m -> m.on(Control.TERTIARY_CONTROLS, Control.GUEST_PAGING_VERIFICATION));
        put("reserved VM-function controls", m -> m.ept().on(Control.ENABLE_VM_FUNCTIONS).set(VMFUNC_CTLS, 2));
        put("EPTP switching without EPT", m -> m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_VM_FUNCTIONS).set(VMFUNC_CTLS, 1));
        put("EPTP-list address", m -> m.ept().on(Control.ENABLE_VM_FUNCTIONS).set(VMFUNC_CTLS, 1).set(EPTP_LIST, 1));
        put("VMREAD-bitmap address", m -> m.on(Control.SECONDARY_CONTROLS, Control.VMCS_SHADOWING).set(VMREAD_BITMAP, 16));
        put("VMWRITE-bitmap address", m -> m.on(Control.SECONDARY_CONTROLS, Control.VMCS_SHADOWING).set(VMWRITE_BITMAP, HIGH));
    }

    private void host() {
        set("host CR0 fixed bits", HOST_CR0, 0x8001_0013L);
        set("host CR4 fixed bits", HOST_CR4, 0x20);
        set("host CR3", HOST_CR3, HIGH);
        put("host IA32_PERF_GLOBAL_CTRL", m -> m.on(Control.EXIT_LOAD_PERF_GLOBAL_CTRL).set(HOST_PERF_GLOBAL_CTRL, 1L << 35));
        put("host IA32_PAT", m -> m.on(Control.EXIT_LOAD_PAT).set(HOST_PAT, 2));
        put("host IA32_EFER reserved bits", m -> m.on(Control.EXIT_LOAD_EFER).set(HOST_EFER, 0x502));
        put("host IA32_EFER.LMA and LME", m -> m.on(Control.EXIT_LOAD_EFER).set(HOST_EFER, 0x100));
        for (VmcsField field : List.of(HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR, HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR,
            HOST_TR_SELECTOR)) {
            set(field.title + " RPL and TI", field, 0x14);
        }
        set("host CS selector null", HOST_CS_SELECTOR, 0);
        set("host TR selector null", HOST_TR_SELECTOR, 0);
        for (VmcsField field : List.of(HOST_SYSENTER_ESP, HOST_SYSENTER_EIP, HOST_FS_BASE, HOST_GS_BASE, HOST_GDTR_BASE, HOST_IDTR_BASE, HOST_TR_BASE)) {
            set(field.title + " canonical", field, NON_CANONICAL);
        }
        set("host CR4.PAE", HOST_CR4, 0x2000);
        put("host address-space size of a 64-bit host", m -> protectedGuest(m).off(Control.HOST_ADDRESS_SPACE_SIZE));
        put("IA-32e mode guest without a 64-bit host", m -> m.off(Control.HOST_ADDRESS_SPACE_SIZE));
        put("host RIP beyond 32 bits", m -> protectedGuest(m).off(Control.HOST_ADDRESS_SPACE_SIZE).set(HOST_RIP, 1L << 32));
        set("host RIP canonical", HOST_RIP, NON_CANONICAL);
    }

    private void guest() {
        set("guest CR0 fixed bits", GUEST_CR0, 0x8001_0013L);
        put("guest CR0.PG without PE", m -> m.real().set(GUEST_CR0, 0x8000_0030L));
        set("guest CR4 fixed bits", GUEST_CR4, 0x20);
        put("guest IA32_DEBUGCTL", m -> m.on(Control.LOAD_DEBUG_CONTROLS).set(GUEST_DEBUGCTL, 1 << 5));
        put("guest CR0.PG of an IA-32e mode guest", m -> m.ept().on(Control.UNRESTRICTED_GUEST).set(GUEST_CR0, 0x31));
        set("guest CR4.PAE of an IA-32e mode guest", GUEST_CR4, 0x2000);
        put("guest CR4.PCIDE without IA-32e mode", m -> protectedGuest(m).set(GUEST_CR4, 0x22000));
        set("guest CR3", GUEST_CR3, HIGH);
        put("guest DR7", m -> m.on(Control.LOAD_DEBUG_CONTROLS).set(GUEST_DR7, 1L << 32));
        set("guest IA32_SYSENTER_ESP canonical", GUEST_SYSENTER_ESP, NON_CANONICAL);
        set("guest IA32_SYSENTER_EIP canonical", GUEST_SYSENTER_EIP, NON_CANONICAL);
        put("guest IA32_PERF_GLOBAL_CTRL", m -> m.on(Control.ENTRY_LOAD_PERF_GLOBAL_CTRL).set(GUEST_PERF_GLOBAL_CTRL, 1 << 4));
        put("guest IA32_RTIT_CTL", m -> m.on(Control.LOAD_RTIT_CTL).set(GUEST_RTIT_CTL, 2));
        put("guest IA32_PAT", m -> m.on(Control.ENTRY_LOAD_PAT).set(GUEST_PAT, 3 << 8));
        put("guest IA32_EFER reserved bits", m -> m.on(Control.ENTRY_LOAD_EFER).set(GUEST_EFER, 0x501 | 1 << 1));
        put("guest IA32_EFER.LMA", m -> protectedGuest(m).on(Control.ENTRY_LOAD_EFER).set(GUEST_EFER, 0x500));
        put("guest IA32_EFER.LME", m -> m.on(Control.ENTRY_LOAD_EFER).set(GUEST_EFER, 0x400));
        set("Guest GDTR base canonical", GUEST_GDTR_BASE, NON_CANONICAL);
        set("Guest IDTR base canonical", GUEST_IDTR_BASE, NON_CANONICAL);
        set("Guest GDTR limit", GUEST_GDTR_LIMIT, 0x10000);
        set("Guest IDTR limit", GUEST_IDTR_LIMIT, 0x10000);
        put("guest RIP beyond 32 bits", m -> m.set(GUEST_CS_ACCESS, 0xC09B).set(GUEST_RIP, 1L << 32));
        set("guest RIP beyond the linear-address width", GUEST_RIP, 0x0200_0000_0000_0000L);
        set("guest RFLAGS reserved bits", GUEST_RFLAGS, 0);
        put("guest RFLAGS.VM", m -> {
            v86(m);
            m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_EPT, Control.UNRESTRICTED_GUEST).ept().set(GUEST_CR0, 0x30);
        });
        set("guest RFLAGS.IF for an external interrupt", ENTRY_INTERRUPTION, 0x8000_0030L);
        segments();
        state();
    }

    /** 32-bit protected mode, 32-bit paging off CR3 = 1000h; nothing of it is executed. */
    private static VmxMachine protectedGuest(VmxMachine m) {
        return m.off(Control.IA32E_MODE_GUEST).set(GUEST_CR4, 0x2000).set(GUEST_CS_ACCESS, 0xC09B);
    }

    private static VmxMachine v86(VmxMachine m) {
        protectedGuest(m).set(GUEST_RFLAGS, 0x20002);
        for (String name : List.of("ES", "CS", "SS", "DS", "FS", "GS")) {
            m.set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), 0x1000);
            m.set(VmcsField.valueOf("GUEST_" + name + "_BASE"), 0x10000);
            m.set(VmcsField.valueOf("GUEST_" + name + "_LIMIT"), 0xFFFF);
            m.set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), 0xF3);
        }
        return m;
    }

    private void segments() {
        set("TR selector TI", GUEST_TR_SELECTOR, 0x24);
        put("LDTR selector TI", m -> m.set(GUEST_LDTR_ACCESS, 0x82).set(GUEST_LDTR_SELECTOR, 0x2C));
        put("SS selector RPL", m -> m.set(GUEST_SS_SELECTOR, 0x1B).set(GUEST_SS_ACCESS, 0xC0F3).set(GUEST_CS_ACCESS, 0xA0FB));
        for (String name : List.of("ES", "CS", "SS", "DS", "FS", "GS")) {
            VmcsField base = VmcsField.valueOf("GUEST_" + name + "_BASE");
            VmcsField limit = VmcsField.valueOf("GUEST_" + name + "_LIMIT");
            VmcsField access = VmcsField.valueOf("GUEST_" + name + "_ACCESS");
            put(name + " base in virtual-8086 mode", m -> v86(m).set(base, 0x10010));
            put(name + " limit in virtual-8086 mode", m -> v86(m).set(limit, 0xFFFE));
            put(name + " access rights in virtual-8086 mode", m -> v86(m).set(access, name.equals("CS") ? 0xFB : 0xF1));
            put(name + " S", m -> m.set(access, m.set(access) & ~0x10L));
            put(name + " present", m -> m.set(access, m.set(access) & ~0x80L));
            put(name + " reserved access rights", m -> m.set(access, m.set(access) | 1 << 8));
            put(name + " granularity", m -> m.set(limit, 0xFFFF_FFFEL));
        }
        set("TR base canonical", GUEST_TR_BASE, NON_CANONICAL);
        set("FS base canonical", GUEST_FS_BASE, NON_CANONICAL);
        set("GS base canonical", GUEST_GS_BASE, NON_CANONICAL);
        put("LDTR base canonical", m -> m.set(GUEST_LDTR_ACCESS, 0x82).set(GUEST_LDTR_BASE, NON_CANONICAL));
        set("CS base beyond 32 bits", GUEST_CS_BASE, 1L << 32);
        set("SS base beyond 32 bits", GUEST_SS_BASE, 1L << 32);
        set("DS base beyond 32 bits", GUEST_DS_BASE, 1L << 32);
        set("ES base beyond 32 bits", GUEST_ES_BASE, 1L << 32);
        set("CS type", GUEST_CS_ACCESS, 0xA09A);
        put("CS DPL", m -> m.set(GUEST_CS_ACCESS, 0xA0BB));
        put("CS unusable", m -> m.set(GUEST_CS_ACCESS, 0x1A09B));
        set("CS D/B of 64-bit code", GUEST_CS_ACCESS, 0xE09B);
        set("SS type", GUEST_SS_ACCESS, 0xC091);
        put("SS DPL", m -> m.set(GUEST_SS_ACCESS, 0xC0F3).set(GUEST_CS_ACCESS, 0xA0FB));
        put("SS DPL in real mode", m -> m.real().set(GUEST_SS_ACCESS, 0xF3).set(GUEST_CS_ACCESS, 0xFB));
        for (String name : List.of("DS", "ES", "FS", "GS")) {
            VmcsField access = VmcsField.valueOf("GUEST_" + name + "_ACCESS");
            set(name + " type", access, 0xC092);
            set(name + " DPL", VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), 0x1B);
        }
        set("TR type", GUEST_TR_ACCESS, 0x89);
        set("TR S", GUEST_TR_ACCESS, 0x9B);
        set("TR present", GUEST_TR_ACCESS, 0x0B);
        set("TR reserved access rights", GUEST_TR_ACCESS, 0x18B);
        set("TR granularity", GUEST_TR_ACCESS, 0x808B);
        set("TR unusable", GUEST_TR_ACCESS, 0x1008B);
        set("LDTR type", GUEST_LDTR_ACCESS, 0x83);
        set("LDTR S", GUEST_LDTR_ACCESS, 0x92);
        set("LDTR present", GUEST_LDTR_ACCESS, 0x02);
        set("LDTR reserved access rights", GUEST_LDTR_ACCESS, 0x182);
        set("LDTR granularity", GUEST_LDTR_ACCESS, 0x8082);
    }

    private void state() {
        set("activity state", GUEST_ACTIVITY, 4);
        put("HLT above CPL 0", m -> m.set(GUEST_ACTIVITY, 1).set(GUEST_SS_ACCESS, 0xC0F3).set(GUEST_SS_SELECTOR, 0x3B).set(GUEST_CS_ACCESS, 0xA0FB)
            .set(GUEST_CS_SELECTOR, 0x33));
        put("activity state with events blocked", m -> m.set(GUEST_ACTIVITY, 1).set(GUEST_INTERRUPTIBILITY, 2));
        put("activity state for the event to inject", m -> m.set(GUEST_ACTIVITY, 3).set(ENTRY_INTERRUPTION, 0x8000_0202L));
        set("reserved interruptibility", GUEST_INTERRUPTIBILITY, 1 << 5);
        put("blocking by STI and by MOV SS", m -> m.set(GUEST_INTERRUPTIBILITY, 3).set(GUEST_RFLAGS, 0x202));
        set("blocking by STI with IF 0", GUEST_INTERRUPTIBILITY, 1);
        put("external interrupt while blocked", m -> m.set(GUEST_INTERRUPTIBILITY, 2).set(GUEST_RFLAGS, 0x202).set(ENTRY_INTERRUPTION, 0x8000_0030L));
        put("NMI while STI blocks", m -> m.set(GUEST_INTERRUPTIBILITY, 1).set(GUEST_RFLAGS, 0x202).set(ENTRY_INTERRUPTION, 0x8000_0202L));
        put("NMI while MOV SS blocks", m -> m.set(GUEST_INTERRUPTIBILITY, 2).set(ENTRY_INTERRUPTION, 0x8000_0202L));
        set("blocking by SMI", GUEST_INTERRUPTIBILITY, 4);
        put("virtual NMI while NMIs are blocked", m -> m.on(Control.NMI_EXITING, Control.VIRTUAL_NMIS).set(GUEST_INTERRUPTIBILITY, 8)
            .set(ENTRY_INTERRUPTION, 0x8000_0202L));
        set("reserved pending debug exceptions", GUEST_PENDING_DEBUG, 1 << 5);
        put("pending single step", m -> m.set(GUEST_INTERRUPTIBILITY, 2).set(GUEST_RFLAGS, 0x102));
        set("VMCS link pointer", VMCS_LINK, 0x33008);
        set("VMCS that is linked", VMCS_LINK, 0x33000);
        for (VmcsField field : List.of(GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3)) {
            put(field.title, m -> protectedGuest(m).ept().set(GUEST_CR4, 0x2020).set(field, 3));
        }
        put("PDPTEs in memory", m -> {
            protectedGuest(m).set(GUEST_CR4, 0x2020).set(GUEST_CR3, 0x33000);
            m.poke(0x33000, 8, 3);
        });
    }

    /** Broken under a 32-bit monitor. */
    private void narrow() {
        set("host SS selector null", HOST_SS_SELECTOR, 0);
        put("host address-space size of a 32-bit host", m -> m.on(Control.HOST_ADDRESS_SPACE_SIZE));
        put("IA-32e mode guest of a 32-bit host", m -> m.on(Control.IA32E_MODE_GUEST).set(GUEST_CS_ACCESS, 0xA09B));
        set("host CR4.PCIDE without a 64-bit host", HOST_CR4, 0x2_2020);
    }

    private static final List<String> NARROW = List.of("host SS selector null", "host address-space size of a 32-bit host",
        "IA-32e mode guest of a 32-bit host", "host CR4.PCIDE without a 64-bit host");
    /** What a monitor that breaks the rule breaks as well: IA-32e mode already demands the 64-bit host, and only such a monitor has so long an RIP. */
    private static final Map<String, String> TOGETHER = Map.of("IA-32e mode guest without a 64-bit host", "host address-space size of a 64-bit host",
        "host RIP beyond 32 bits", "host address-space size of a 64-bit host");

    @TestFactory Stream<DynamicTest> oneBrokenRuleFailsAloneAndAsTheManualSays() {
        broken.clear();
        controls();
        host();
        guest();
        narrow();
        return EntryRule.rules().stream().map(rule -> DynamicTest.dynamicTest(rule.name(), () -> fails(rule)));
    }

    private void fails(EntryRule rule) {
        assertThat(broken).containsKey(rule.name());
        try (VmxMachine m = NARROW.contains(rule.name()) ? VmxMachine.host32(true) : new VmxMachine(true)) {
            broken.get(rule.name()).accept(m);
            m.run("hlt");
            List<String> all = m.board.call(() -> m.cpu.virtualization().orElseThrow().check().stream().map(Broken::rule).toList());
            List<String> expected = new ArrayList<>(List.of(rule.name()));
            if (TOGETHER.containsKey(rule.name())) {
                expected.add(0, TOGETHER.get(rule.name()));
            }
            assertThat(all).containsExactlyElementsOf(expected);
            switch (rule.area()) {
                case CONTROLS, HOST -> {
                    assertThat(m.failed()).isTrue();
                    assertThat(m.reg("rbx") & 0x8D5).isEqualTo(0x40);
                    assertThat(m.get(VM_INSTRUCTION_ERROR)).isEqualTo(rule.area() == EntryRule.Area.HOST ? 8 : 7);
                }
                case GUEST -> {
                    assertThat(m.exited()).isTrue();
                    assertThat(m.get(EXIT_REASON)).isEqualTo(0x8000_0021L);
                    assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(rule.detail());
                }
            }
        }
    }

    @Test void theDefaultVmcsBreaksNoRule() {
        try (VmxMachine m = new VmxMachine(true)) {
            m.run("cpuid");
            assertThat(m.exited()).isTrue();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }
}
