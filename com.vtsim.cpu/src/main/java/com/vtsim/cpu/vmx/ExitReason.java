package com.vtsim.cpu.vmx;

/** Basic exit reasons that occur here. @sdm VMX Basic Exit Reasons */
public enum ExitReason {
    /** Exception or non-maskable interrupt. */
    EXCEPTION_OR_NMI(0, "exception or NMI"),
    /** External interrupt. */
    EXTERNAL_INTERRUPT(1, "external interrupt"),
    /** Triple fault. */
    TRIPLE_FAULT(2, "triple fault"),
    /** INIT signal. */
    INIT(3, "INIT signal"),
    /** Start-up IPI. */
    SIPI(4, "start-up IPI"),
    /** Interrupt window. */
    INTERRUPT_WINDOW(7, "interrupt window"),
    /** NMI window. */
    NMI_WINDOW(8, "NMI window"),
    /** Task switch. */
    TASK_SWITCH(9, "task switch"),
    /** CPUID. */
    CPUID(10, "CPUID"),
    /** HLT. */
    HLT(12, "HLT"),
    /** INVD. */
    INVD(13, "INVD"),
    /** INVLPG. */
    INVLPG(14, "INVLPG"),
    /** RDPMC. */
    RDPMC(15, "RDPMC"),
    /** RDTSC. */
    RDTSC(16, "RDTSC"),
    /** VMCALL. */
    VMCALL(18, "VMCALL"),
    /** VMCLEAR. */
    VMCLEAR(19, "VMCLEAR"),
    /** VMLAUNCH. */
    VMLAUNCH(20, "VMLAUNCH"),
    /** VMPTRLD. */
    VMPTRLD(21, "VMPTRLD"),
    /** VMPTRST. */
    VMPTRST(22, "VMPTRST"),
    /** VMREAD. */
    VMREAD(23, "VMREAD"),
    /** VMRESUME. */
    VMRESUME(24, "VMRESUME"),
    /** VMWRITE. */
    VMWRITE(25, "VMWRITE"),
    /** VMXOFF. */
    VMXOFF(26, "VMXOFF"),
    /** VMXON. */
    VMXON(27, "VMXON"),
    /** Control-register access. */
    CR_ACCESS(28, "control-register access"),
    /** MOV DR. */
    MOV_DR(29, "MOV DR"),
    /** I/O instruction. */
    IO(30, "I/O instruction"),
    /** RDMSR. */
    RDMSR(31, "RDMSR"),
    /** WRMSR. */
    WRMSR(32, "WRMSR"),
    /** VM-entry failure due to invalid guest state. */
    INVALID_GUEST_STATE(33, "VM-entry failure: invalid guest state"),
    /** VM-entry failure due to MSR loading. */
    MSR_LOADING(34, "VM-entry failure: MSR loading"),
    /** MWAIT. */
    MWAIT(36, "MWAIT"),
    /** Monitor trap flag. */
    MONITOR_TRAP_FLAG(37, "monitor trap flag"),
    /** MONITOR. */
    MONITOR(39, "MONITOR"),
    /** PAUSE. */
    PAUSE(40, "PAUSE"),
    /** VM-entry failure due to machine-check event. */
    MACHINE_CHECK_AT_ENTRY(41, "VM-entry failure: machine-check event"),
    /** TPR below threshold. */
    TPR_BELOW_THRESHOLD(43, "TPR below threshold"),
    /** APIC access. */
    APIC_ACCESS(44, "APIC access"),
    /** Virtualized EOI. */
    VIRTUALIZED_EOI(45, "virtualized EOI"),
    /** Access to GDTR or IDTR. */
    GDTR_IDTR(46, "access to GDTR or IDTR"),
    /** Access to LDTR or TR. */
    LDTR_TR(47, "access to LDTR or TR"),
    /** EPT violation. */
    EPT_VIOLATION(48, "EPT violation"),
    /** EPT misconfiguration. */
    EPT_MISCONFIGURATION(49, "EPT misconfiguration"),
    /** INVEPT. */
    INVEPT(50, "INVEPT"),
    /** RDTSCP. */
    RDTSCP(51, "RDTSCP"),
    /** VMX-preemption timer expired. */
    PREEMPTION_TIMER(52, "VMX-preemption timer expired"),
    /** INVVPID. */
    INVVPID(53, "INVVPID"),
    /** WBINVD or WBNOINVD. */
    WBINVD(54, "WBINVD"),
    /** XSETBV. */
    XSETBV(55, "XSETBV"),
    /** APIC write. */
    APIC_WRITE(56, "APIC write"),
    /** RDRAND. */
    RDRAND(57, "RDRAND"),
    /** INVPCID. */
    INVPCID(58, "INVPCID"),
    /** VMFUNC. */
    VMFUNC(59, "VMFUNC"),
    /** RDSEED. */
    RDSEED(61, "RDSEED"),
    /** Page-modification log full. */
    PML_FULL(62, "page-modification log full"),
    /** SPP-related event. */
    SUB_PAGE_EVENT(66, "SPP-related event"),
    /** UMWAIT. */
    UMWAIT(67, "UMWAIT"),
    /** TPAUSE. */
    TPAUSE(68, "TPAUSE"),
    /** LOADIWKEY. */
    LOADIWKEY(69, "LOADIWKEY"),
    /** Bus lock. */
    BUS_LOCK(74, "bus lock"),
    /** Notify. */
    NOTIFY(75, "notify");

    /** Bits 15:0 of the exit-reason field. */
    public final int number;
    /** In words. */
    public final String title;

    ExitReason(int number, String title) {
        this.number = number;
        this.title = title;
    }

    /** @return the reason with this number, or null */
    public static ExitReason of(int number) {
        for (ExitReason reason : values()) {
            if (reason.number == number) {
                return reason;
            }
        }
        return null;
    }
}
