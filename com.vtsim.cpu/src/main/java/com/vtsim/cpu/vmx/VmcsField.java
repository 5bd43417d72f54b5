package com.vtsim.cpu.vmx;

/**
 * The fields of the VMCS. Width, type and index follow from the encoding, as the manual lays it out.
 *
 * @sdm Field Encoding in VMCS; VMREAD, VMWRITE, and Encodings of VMCS Fields
 */
public enum VmcsField {
    /** Virtual-processor identifier. */
    VPID(0x0000, "Virtual-processor identifier"),
    /** Posted-interrupt notification vector. */
    POSTED_INTERRUPT_VECTOR(0x0002, "Posted-interrupt notification vector"),
    /** EPTP index. */
    EPTP_INDEX(0x0004, "EPTP index"),
    /** HLAT prefix size. */
    HLAT_PREFIX_SIZE(0x0006, "HLAT prefix size"),
    /** Last PID-pointer index. */
    LAST_PID_POINTER_INDEX(0x0008, "Last PID-pointer index"),
    /** Guest ES selector. */
    GUEST_ES_SELECTOR(0x0800, "Guest ES selector"),
    /** Guest CS selector. */
    GUEST_CS_SELECTOR(0x0802, "Guest CS selector"),
    /** Guest SS selector. */
    GUEST_SS_SELECTOR(0x0804, "Guest SS selector"),
    /** Guest DS selector. */
    GUEST_DS_SELECTOR(0x0806, "Guest DS selector"),
    /** Guest FS selector. */
    GUEST_FS_SELECTOR(0x0808, "Guest FS selector"),
    /** Guest GS selector. */
    GUEST_GS_SELECTOR(0x080A, "Guest GS selector"),
    /** Guest LDTR selector. */
    GUEST_LDTR_SELECTOR(0x080C, "Guest LDTR selector"),
    /** Guest TR selector. */
    GUEST_TR_SELECTOR(0x080E, "Guest TR selector"),
    /** Guest interrupt status: RVI in bits 7:0, SVI in bits 15:8. */
    GUEST_INTERRUPT_STATUS(0x0810, "Guest interrupt status"),
    /** PML index. */
    PML_INDEX(0x0812, "PML index"),
    /** Host ES selector. */
    HOST_ES_SELECTOR(0x0C00, "Host ES selector"),
    /** Host CS selector. */
    HOST_CS_SELECTOR(0x0C02, "Host CS selector"),
    /** Host SS selector. */
    HOST_SS_SELECTOR(0x0C04, "Host SS selector"),
    /** Host DS selector. */
    HOST_DS_SELECTOR(0x0C06, "Host DS selector"),
    /** Host FS selector. */
    HOST_FS_SELECTOR(0x0C08, "Host FS selector"),
    /** Host GS selector. */
    HOST_GS_SELECTOR(0x0C0A, "Host GS selector"),
    /** Host TR selector. */
    HOST_TR_SELECTOR(0x0C0C, "Host TR selector"),
    /** Address of I/O bitmap A. */
    IO_BITMAP_A(0x2000, "Address of I/O bitmap A"),
    /** Address of I/O bitmap B. */
    IO_BITMAP_B(0x2002, "Address of I/O bitmap B"),
    /** Address of MSR bitmaps. */
    MSR_BITMAP(0x2004, "Address of MSR bitmaps"),
    /** VM-exit MSR-store address. */
    EXIT_MSR_STORE_ADDRESS(0x2006, "VM-exit MSR-store address"),
    /** VM-exit MSR-load address. */
    EXIT_MSR_LOAD_ADDRESS(0x2008, "VM-exit MSR-load address"),
    /** VM-entry MSR-load address. */
    ENTRY_MSR_LOAD_ADDRESS(0x200A, "VM-entry MSR-load address"),
    /** Executive-VMCS pointer. */
    EXECUTIVE_VMCS(0x200C, "Executive-VMCS pointer"),
    /** PML address. */
    PML_ADDRESS(0x200E, "PML address"),
    /** TSC offset. */
    TSC_OFFSET(0x2010, "TSC offset"),
    /** Virtual-APIC address. */
    VIRTUAL_APIC(0x2012, "Virtual-APIC address"),
    /** APIC-access address. */
    APIC_ACCESS(0x2014, "APIC-access address"),
    /** Posted-interrupt descriptor address. */
    POSTED_INTERRUPT_DESCRIPTOR(0x2016, "Posted-interrupt descriptor address"),
    /** VM-function controls. */
    VMFUNC_CTLS(0x2018, "VM-function controls"),
    /** EPT pointer. */
    EPTP(0x201A, "EPT pointer"),
    /** EOI-exit bitmap 0: vectors 0–63. */
    EOI_EXIT0(0x201C, "EOI-exit bitmap 0"),
    /** EOI-exit bitmap 1. */
    EOI_EXIT1(0x201E, "EOI-exit bitmap 1"),
    /** EOI-exit bitmap 2. */
    EOI_EXIT2(0x2020, "EOI-exit bitmap 2"),
    /** EOI-exit bitmap 3. */
    EOI_EXIT3(0x2022, "EOI-exit bitmap 3"),
    /** EPTP-list address. */
    EPTP_LIST(0x2024, "EPTP-list address"),
    /** VMREAD-bitmap address. */
    VMREAD_BITMAP(0x2026, "VMREAD-bitmap address"),
    /** VMWRITE-bitmap address. */
    VMWRITE_BITMAP(0x2028, "VMWRITE-bitmap address"),
    /** Virtualization-exception information address. */
    VE_INFORMATION(0x202A, "Virtualization-exception information address"),
    /** XSS-exiting bitmap. */
    XSS_EXITING_BITMAP(0x202C, "XSS-exiting bitmap"),
    /** Sub-page-permission-table pointer. */
    SPPTP(0x2030, "Sub-page-permission-table pointer"),
    /** TSC multiplier. */
    TSC_MULTIPLIER(0x2032, "TSC multiplier"),
    /** Tertiary processor-based VM-execution controls. */
    PROCBASED_CTLS3(0x2034, "Tertiary processor-based VM-execution controls"),
    /** Hypervisor-managed linear-address translation pointer. */
    HLATP(0x2040, "HLAT pointer"),
    /** PID-pointer table address. */
    PID_POINTER_TABLE(0x2042, "PID-pointer table address"),
    /** Guest-physical address. */
    GUEST_PHYSICAL_ADDRESS(0x2400, "Guest-physical address"),
    /** VMCS link pointer. */
    VMCS_LINK(0x2800, "VMCS link pointer"),
    /** Guest IA32_DEBUGCTL. */
    GUEST_DEBUGCTL(0x2802, "Guest IA32_DEBUGCTL"),
    /** Guest IA32_PAT. */
    GUEST_PAT(0x2804, "Guest IA32_PAT"),
    /** Guest IA32_EFER. */
    GUEST_EFER(0x2806, "Guest IA32_EFER"),
    /** Guest IA32_PERF_GLOBAL_CTRL. */
    GUEST_PERF_GLOBAL_CTRL(0x2808, "Guest IA32_PERF_GLOBAL_CTRL"),
    /** Guest PDPTE0. */
    GUEST_PDPTE0(0x280A, "Guest PDPTE0"),
    /** Guest PDPTE1. */
    GUEST_PDPTE1(0x280C, "Guest PDPTE1"),
    /** Guest PDPTE2. */
    GUEST_PDPTE2(0x280E, "Guest PDPTE2"),
    /** Guest PDPTE3. */
    GUEST_PDPTE3(0x2810, "Guest PDPTE3"),
    /** Guest IA32_RTIT_CTL. */
    GUEST_RTIT_CTL(0x2814, "Guest IA32_RTIT_CTL"),
    /** Host IA32_PAT. */
    HOST_PAT(0x2C00, "Host IA32_PAT"),
    /** Host IA32_EFER. */
    HOST_EFER(0x2C02, "Host IA32_EFER"),
    /** Host IA32_PERF_GLOBAL_CTRL. */
    HOST_PERF_GLOBAL_CTRL(0x2C04, "Host IA32_PERF_GLOBAL_CTRL"),
    /** Pin-based VM-execution controls. */
    PINBASED_CTLS(0x4000, "Pin-based VM-execution controls"),
    /** Primary processor-based VM-execution controls. */
    PROCBASED_CTLS(0x4002, "Primary processor-based VM-execution controls"),
    /** Exception bitmap. */
    EXCEPTION_BITMAP(0x4004, "Exception bitmap"),
    /** Page-fault error-code mask. */
    PAGE_FAULT_MASK(0x4006, "Page-fault error-code mask"),
    /** Page-fault error-code match. */
    PAGE_FAULT_MATCH(0x4008, "Page-fault error-code match"),
    /** CR3-target count. */
    CR3_TARGET_COUNT(0x400A, "CR3-target count"),
    /** Primary VM-exit controls. */
    EXIT_CTLS(0x400C, "Primary VM-exit controls"),
    /** VM-exit MSR-store count. */
    EXIT_MSR_STORE_COUNT(0x400E, "VM-exit MSR-store count"),
    /** VM-exit MSR-load count. */
    EXIT_MSR_LOAD_COUNT(0x4010, "VM-exit MSR-load count"),
    /** VM-entry controls. */
    ENTRY_CTLS(0x4012, "VM-entry controls"),
    /** VM-entry MSR-load count. */
    ENTRY_MSR_LOAD_COUNT(0x4014, "VM-entry MSR-load count"),
    /** VM-entry interruption-information field. */
    ENTRY_INTERRUPTION(0x4016, "VM-entry interruption-information field"),
    /** VM-entry exception error code. */
    ENTRY_ERROR_CODE(0x4018, "VM-entry exception error code"),
    /** VM-entry instruction length. */
    ENTRY_LENGTH(0x401A, "VM-entry instruction length"),
    /** TPR threshold. */
    TPR_THRESHOLD(0x401C, "TPR threshold"),
    /** Secondary processor-based VM-execution controls. */
    PROCBASED_CTLS2(0x401E, "Secondary processor-based VM-execution controls"),
    /** PLE_Gap. */
    PLE_GAP(0x4020, "PLE_Gap"),
    /** PLE_Window. */
    PLE_WINDOW(0x4022, "PLE_Window"),
    /** Notify window. */
    NOTIFY_WINDOW(0x4024, "Notify window"),
    /** VM-instruction error. */
    VM_INSTRUCTION_ERROR(0x4400, "VM-instruction error"),
    /** Exit reason. */
    EXIT_REASON(0x4402, "Exit reason"),
    /** VM-exit interruption information. */
    EXIT_INTERRUPTION(0x4404, "VM-exit interruption information"),
    /** VM-exit interruption error code. */
    EXIT_ERROR_CODE(0x4406, "VM-exit interruption error code"),
    /** IDT-vectoring information field. */
    IDT_VECTORING(0x4408, "IDT-vectoring information field"),
    /** IDT-vectoring error code. */
    IDT_VECTORING_CODE(0x440A, "IDT-vectoring error code"),
    /** VM-exit instruction length. */
    EXIT_LENGTH(0x440C, "VM-exit instruction length"),
    /** VM-exit instruction information. */
    EXIT_INFORMATION(0x440E, "VM-exit instruction information"),
    /** Guest ES limit. */
    GUEST_ES_LIMIT(0x4800, "Guest ES limit"),
    /** Guest CS limit. */
    GUEST_CS_LIMIT(0x4802, "Guest CS limit"),
    /** Guest SS limit. */
    GUEST_SS_LIMIT(0x4804, "Guest SS limit"),
    /** Guest DS limit. */
    GUEST_DS_LIMIT(0x4806, "Guest DS limit"),
    /** Guest FS limit. */
    GUEST_FS_LIMIT(0x4808, "Guest FS limit"),
    /** Guest GS limit. */
    GUEST_GS_LIMIT(0x480A, "Guest GS limit"),
    /** Guest LDTR limit. */
    GUEST_LDTR_LIMIT(0x480C, "Guest LDTR limit"),
    /** Guest TR limit. */
    GUEST_TR_LIMIT(0x480E, "Guest TR limit"),
    /** Guest GDTR limit. */
    GUEST_GDTR_LIMIT(0x4810, "Guest GDTR limit"),
    /** Guest IDTR limit. */
    GUEST_IDTR_LIMIT(0x4812, "Guest IDTR limit"),
    /** Guest ES access rights. */
    GUEST_ES_ACCESS(0x4814, "Guest ES access rights"),
    /** Guest CS access rights. */
    GUEST_CS_ACCESS(0x4816, "Guest CS access rights"),
    /** Guest SS access rights. */
    GUEST_SS_ACCESS(0x4818, "Guest SS access rights"),
    /** Guest DS access rights. */
    GUEST_DS_ACCESS(0x481A, "Guest DS access rights"),
    /** Guest FS access rights. */
    GUEST_FS_ACCESS(0x481C, "Guest FS access rights"),
    /** Guest GS access rights. */
    GUEST_GS_ACCESS(0x481E, "Guest GS access rights"),
    /** Guest LDTR access rights. */
    GUEST_LDTR_ACCESS(0x4820, "Guest LDTR access rights"),
    /** Guest TR access rights. */
    GUEST_TR_ACCESS(0x4822, "Guest TR access rights"),
    /** Guest interruptibility state. */
    GUEST_INTERRUPTIBILITY(0x4824, "Guest interruptibility state"),
    /** Guest activity state. */
    GUEST_ACTIVITY(0x4826, "Guest activity state"),
    /** Guest SMBASE. */
    GUEST_SMBASE(0x4828, "Guest SMBASE"),
    /** Guest IA32_SYSENTER_CS. */
    GUEST_SYSENTER_CS(0x482A, "Guest IA32_SYSENTER_CS"),
    /** VMX-preemption timer value. */
    PREEMPTION_TIMER(0x482E, "VMX-preemption timer value"),
    /** Host IA32_SYSENTER_CS. */
    HOST_SYSENTER_CS(0x4C00, "Host IA32_SYSENTER_CS"),
    /** CR0 guest/host mask. */
    CR0_MASK(0x6000, "CR0 guest/host mask"),
    /** CR4 guest/host mask. */
    CR4_MASK(0x6002, "CR4 guest/host mask"),
    /** CR0 read shadow. */
    CR0_SHADOW(0x6004, "CR0 read shadow"),
    /** CR4 read shadow. */
    CR4_SHADOW(0x6006, "CR4 read shadow"),
    /** CR3-target value 0. */
    CR3_TARGET0(0x6008, "CR3-target value 0"),
    /** CR3-target value 1. */
    CR3_TARGET1(0x600A, "CR3-target value 1"),
    /** CR3-target value 2. */
    CR3_TARGET2(0x600C, "CR3-target value 2"),
    /** CR3-target value 3. */
    CR3_TARGET3(0x600E, "CR3-target value 3"),
    /** Exit qualification. */
    EXIT_QUALIFICATION(0x6400, "Exit qualification"),
    /** I/O RCX. */
    IO_RCX(0x6402, "I/O RCX"),
    /** I/O RSI. */
    IO_RSI(0x6404, "I/O RSI"),
    /** I/O RDI. */
    IO_RDI(0x6406, "I/O RDI"),
    /** I/O RIP. */
    IO_RIP(0x6408, "I/O RIP"),
    /** Guest-linear address. */
    GUEST_LINEAR_ADDRESS(0x640A, "Guest-linear address"),
    /** Guest CR0. */
    GUEST_CR0(0x6800, "Guest CR0"),
    /** Guest CR3. */
    GUEST_CR3(0x6802, "Guest CR3"),
    /** Guest CR4. */
    GUEST_CR4(0x6804, "Guest CR4"),
    /** Guest ES base. */
    GUEST_ES_BASE(0x6806, "Guest ES base"),
    /** Guest CS base. */
    GUEST_CS_BASE(0x6808, "Guest CS base"),
    /** Guest SS base. */
    GUEST_SS_BASE(0x680A, "Guest SS base"),
    /** Guest DS base. */
    GUEST_DS_BASE(0x680C, "Guest DS base"),
    /** Guest FS base. */
    GUEST_FS_BASE(0x680E, "Guest FS base"),
    /** Guest GS base. */
    GUEST_GS_BASE(0x6810, "Guest GS base"),
    /** Guest LDTR base. */
    GUEST_LDTR_BASE(0x6812, "Guest LDTR base"),
    /** Guest TR base. */
    GUEST_TR_BASE(0x6814, "Guest TR base"),
    /** Guest GDTR base. */
    GUEST_GDTR_BASE(0x6816, "Guest GDTR base"),
    /** Guest IDTR base. */
    GUEST_IDTR_BASE(0x6818, "Guest IDTR base"),
    /** Guest DR7. */
    GUEST_DR7(0x681A, "Guest DR7"),
    /** Guest RSP. */
    GUEST_RSP(0x681C, "Guest RSP"),
    /** Guest RIP. */
    GUEST_RIP(0x681E, "Guest RIP"),
    /** Guest RFLAGS. */
    GUEST_RFLAGS(0x6820, "Guest RFLAGS"),
    /** Guest pending debug exceptions. */
    GUEST_PENDING_DEBUG(0x6822, "Guest pending debug exceptions"),
    /** Guest IA32_SYSENTER_ESP. */
    GUEST_SYSENTER_ESP(0x6824, "Guest IA32_SYSENTER_ESP"),
    /** Guest IA32_SYSENTER_EIP. */
    GUEST_SYSENTER_EIP(0x6826, "Guest IA32_SYSENTER_EIP"),
    /** Host CR0. */
    HOST_CR0(0x6C00, "Host CR0"),
    /** Host CR3. */
    HOST_CR3(0x6C02, "Host CR3"),
    /** Host CR4. */
    HOST_CR4(0x6C04, "Host CR4"),
    /** Host FS base. */
    HOST_FS_BASE(0x6C06, "Host FS base"),
    /** Host GS base. */
    HOST_GS_BASE(0x6C08, "Host GS base"),
    /** Host TR base. */
    HOST_TR_BASE(0x6C0A, "Host TR base"),
    /** Host GDTR base. */
    HOST_GDTR_BASE(0x6C0C, "Host GDTR base"),
    /** Host IDTR base. */
    HOST_IDTR_BASE(0x6C0E, "Host IDTR base"),
    /** Host IA32_SYSENTER_ESP. */
    HOST_SYSENTER_ESP(0x6C10, "Host IA32_SYSENTER_ESP"),
    /** Host IA32_SYSENTER_EIP. */
    HOST_SYSENTER_EIP(0x6C12, "Host IA32_SYSENTER_EIP"),
    /** Host RSP. */
    HOST_RSP(0x6C14, "Host RSP"),
    /** Host RIP. */
    HOST_RIP(0x6C16, "Host RIP");

    /** Types: bits 11:10 of the encoding. */
    public enum Type { /** Control. */ CONTROL, /** VM-exit information: what the manual calls read-only data, though VMWRITE may set it here. */ EXIT_INFORMATION, /** Guest state. */ GUEST, /** Host state. */ HOST }

    private static final VmcsField[] ALL = values();
    /** By bits 14:9 of the encoding (width and type) and its index. */
    private static final VmcsField[] BY_ENCODING = new VmcsField[16 << 6];

    static {
        for (VmcsField field : ALL) {
            BY_ENCODING[slot(field.encoding)] = field;
        }
    }

    /** Encoding of the full field; bit 0 set instead names the high half of a 64-bit field. */
    public final int encoding;
    /** The manual's name. */
    public final String title;

    private final long mask;

    VmcsField(int encoding, String title) {
        this.encoding = encoding;
        this.mask = bits() == 64 ? -1L : (1L << bits()) - 1;
        this.title = title;
    }

    private static int slot(int encoding) {
        return (encoding >> 13 & 3) << 8 | (encoding >> 10 & 3) << 6 | encoding >> 1 & 0x3F;
    }

    /**
     * @param encoding as VMREAD and VMWRITE take it
     * @return the field, or null if there is none: an undefined encoding, or the high half of a field that is not 64 bits wide
     */
    public static VmcsField of(long encoding) {
        if ((encoding & ~0x6FFFL) != 0 || (encoding & 0x380) != 0) {
            return null;
        }
        VmcsField field = BY_ENCODING[slot((int) encoding)];
        return field == null || (encoding & 1) != 0 && field.bits() != 64 || (encoding >> 13 & 3) == 3 && (encoding & 1) != 0 ? null : field;
    }

    /** @return 16, 32 or 64; a natural-width field has 64 */
    public int bits() {
        return switch (encoding >> 13) {
            case 0 -> 16;
            case 2 -> 32;
            default -> 64;
        };
    }

    /** @return whether it is as wide as the processor's registers */
    public boolean natural() {
        return encoding >> 13 == 3;
    }

    /** @return bits a value can have */
    public long mask() {
        return mask;
    }

    /** @return its type */
    public Type type() {
        return Type.values()[encoding >> 10 & 3];
    }

    /** @return the highest index of any encoding, for IA32_VMX_VMCS_ENUM */
    static int highestIndex() {
        int highest = 0;
        for (VmcsField field : ALL) {
            highest = Math.max(highest, field.encoding >> 1 & 0x1FF);
        }
        return highest;
    }
}
