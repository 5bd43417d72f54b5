package com.vtsim.cpu.engine;

/**
 * A feature that CPUID announces, with the place of its bit. One is announced only if it works.
 *
 * @sdm CPUID—CPU Identification
 */
public enum Feature {
    /** x87 on chip. */
    FPU(1, 0, Register.EDX, 0),
    /** Virtual-8086 mode extensions. */
    VME(1, 0, Register.EDX, 1, SystemState.CR4_VME | SystemState.CR4_PVI),
    /** Debugging extensions: I/O breakpoints. */
    DE(1, 0, Register.EDX, 2, SystemState.CR4_DE),
    /** 4-MByte pages. */
    PSE(1, 0, Register.EDX, 3, SystemState.CR4_PSE),
    /** Time-stamp counter. */
    TSC(1, 0, Register.EDX, 4, SystemState.CR4_TSD),
    /** RDMSR and WRMSR. */
    MSR(1, 0, Register.EDX, 5),
    /** Physical-address extension. */
    PAE(1, 0, Register.EDX, 6, SystemState.CR4_PAE),
    /** Machine-check exception. */
    MCE(1, 0, Register.EDX, 7, SystemState.CR4_MCE),
    /** CMPXCHG8B. */
    CX8(1, 0, Register.EDX, 8),
    /** Local APIC; announced where the machine has one that is enabled. */
    APIC(1, 0, Register.EDX, 9),
    /** SYSENTER and SYSEXIT. */
    SEP(1, 0, Register.EDX, 11),
    /** Memory-type range registers. */
    MTRR(1, 0, Register.EDX, 12),
    /** Global pages. */
    PGE(1, 0, Register.EDX, 13, SystemState.CR4_PGE),
    /** Machine-check architecture. */
    MCA(1, 0, Register.EDX, 14),
    /** CMOVcc. */
    CMOV(1, 0, Register.EDX, 15),
    /** Page attribute table. */
    PAT(1, 0, Register.EDX, 16),
    /** 36-bit page-size extension. */
    PSE36(1, 0, Register.EDX, 17),
    /** CLFLUSH. */
    CLFSH(1, 0, Register.EDX, 19),
    /** MMX. */
    MMX(1, 0, Register.EDX, 23),
    /** FXSAVE and FXRSTOR. */
    FXSR(1, 0, Register.EDX, 24, SystemState.CR4_OSFXSR),
    /** SSE. */
    SSE(1, 0, Register.EDX, 25, SystemState.CR4_OSXMMEXCPT),
    /** SSE2. */
    SSE2(1, 0, Register.EDX, 26),
    /** SSE3. */
    SSE3(1, 0, Register.ECX, 0),
    /** PCLMULQDQ. */
    PCLMULQDQ(1, 0, Register.ECX, 1),
    /** MONITOR and MWAIT. */
    MONITOR(1, 0, Register.ECX, 3),
    /** Virtual-machine extensions. */
    VMX(1, 0, Register.ECX, 5, SystemState.CR4_VMXE),
    /** SSSE3. */
    SSSE3(1, 0, Register.ECX, 9),
    /** Fused multiply-add. */
    FMA(1, 0, Register.ECX, 12),
    /** CMPXCHG16B. */
    CX16(1, 0, Register.ECX, 13),
    /** IA32_PERF_CAPABILITIES. */
    PDCM(1, 0, Register.ECX, 15),
    /** Process-context identifiers. */
    PCID(1, 0, Register.ECX, 17, SystemState.CR4_PCIDE),
    /** SSE4.1. */
    SSE4_1(1, 0, Register.ECX, 19),
    /** SSE4.2. */
    SSE4_2(1, 0, Register.ECX, 20),
    /** x2APIC mode; announced where the machine's local APIC has it. */
    X2APIC(1, 0, Register.ECX, 21),
    /** MOVBE. */
    MOVBE(1, 0, Register.ECX, 22),
    /** POPCNT. */
    POPCNT(1, 0, Register.ECX, 23),
    /** The local APIC's deadline timer. */
    TSC_DEADLINE(1, 0, Register.ECX, 24),
    /** AES instructions. */
    AES(1, 0, Register.ECX, 25),
    /** XSAVE and its kin. */
    XSAVE(1, 0, Register.ECX, 26, SystemState.CR4_OSXSAVE),
    /** AVX. */
    AVX(1, 0, Register.ECX, 28),
    /** Half-precision conversions. */
    F16C(1, 0, Register.ECX, 29),
    /** RDRAND. */
    RDRAND(1, 0, Register.ECX, 30),
    /** RDFSBASE and its kin. */
    FSGSBASE(7, 0, Register.EBX, 0, SystemState.CR4_FSGSBASE),
    /** IA32_TSC_ADJUST. */
    TSC_ADJUST(7, 0, Register.EBX, 1),
    /** Bit manipulation, first group. */
    BMI1(7, 0, Register.EBX, 3),
    /** AVX2. */
    AVX2(7, 0, Register.EBX, 5),
    /** The x87's operand pointer changes with unmasked exceptions only. */
    FDP_EXCPTN_ONLY(7, 0, Register.EBX, 6),
    /** Supervisor-mode execution prevention. */
    SMEP(7, 0, Register.EBX, 7, SystemState.CR4_SMEP),
    /** Bit manipulation, second group. */
    BMI2(7, 0, Register.EBX, 8),
    /** Fast strings. */
    ERMS(7, 0, Register.EBX, 9),
    /** INVPCID. */
    INVPCID(7, 0, Register.EBX, 10),
    /** The x87's selectors of instruction and operand are 0. */
    ZERO_FCS_FDS(7, 0, Register.EBX, 13),
    /** RDSEED. */
    RDSEED(7, 0, Register.EBX, 18),
    /** ADCX and ADOX. */
    ADX(7, 0, Register.EBX, 19),
    /** Supervisor-mode access prevention. */
    SMAP(7, 0, Register.EBX, 20, SystemState.CR4_SMAP),
    /** CLFLUSHOPT. */
    CLFLUSHOPT(7, 0, Register.EBX, 23),
    /** CLWB. */
    CLWB(7, 0, Register.EBX, 24),
    /** Intel Processor Trace. */
    INTEL_PT(7, 0, Register.EBX, 25),
    /** SHA instructions. */
    SHA(7, 0, Register.EBX, 29),
    /** User-mode instruction prevention. */
    UMIP(7, 0, Register.ECX, 2, SystemState.CR4_UMIP),
    /** Protection keys for user pages. */
    PKU(7, 0, Register.ECX, 3, SystemState.CR4_PKE),
    /** UMONITOR, UMWAIT and TPAUSE. */
    WAITPKG(7, 0, Register.ECX, 5),
    /** 5-level paging. */
    LA57(7, 0, Register.ECX, 16, SystemState.CR4_LA57),
    /** RDPID. */
    RDPID(7, 0, Register.ECX, 22),
    /** Key Locker. */
    KL(7, 0, Register.ECX, 23, SystemState.CR4_KL),
    /** SERIALIZE. */
    SERIALIZE(7, 0, Register.EDX, 14),
    /** IA32_ARCH_CAPABILITIES: which flaws of real processors this one does not have. */
    ARCH_CAPABILITIES(7, 0, Register.EDX, 29),
    /** XSAVEOPT. */
    XSAVEOPT(0xD, 1, Register.EAX, 0),
    /** XSAVEC. */
    XSAVEC(0xD, 1, Register.EAX, 1),
    /** XGETBV with ECX = 1. */
    XGETBV1(0xD, 1, Register.EAX, 2),
    /** XSAVES and IA32_XSS. */
    XSAVES(0xD, 1, Register.EAX, 3),
    /** PTWRITE, and its packets. */
    PTWRITE(0x14, 0, Register.EBX, 4),
    /** LAHF and SAHF in 64-bit mode. */
    LAHF64(0x8000_0001, 0, Register.ECX, 0),
    /** LZCNT. */
    LZCNT(0x8000_0001, 0, Register.ECX, 5),
    /** PREFETCHW. */
    PREFETCHW(0x8000_0001, 0, Register.ECX, 8),
    /** SYSCALL in 64-bit mode. */
    SYSCALL(0x8000_0001, 0, Register.EDX, 11),
    /** Execute disable. */
    NX(0x8000_0001, 0, Register.EDX, 20),
    /** 1-GByte pages. */
    PAGE1GB(0x8000_0001, 0, Register.EDX, 26),
    /** RDTSCP and IA32_TSC_AUX. */
    RDTSCP(0x8000_0001, 0, Register.EDX, 27),
    /** Intel 64. */
    LONG_MODE(0x8000_0001, 0, Register.EDX, 29),
    /** The time-stamp counter runs at one rate in every state. */
    INVARIANT_TSC(0x8000_0007, 0, Register.EDX, 8),
    /** WBNOINVD. */
    WBNOINVD(0x8000_0008, 0, Register.EBX, 9);

    /** Output registers of CPUID, in the order of {@link Cpuid#answer}. */
    public enum Register { /** EAX. */ EAX, /** EBX. */ EBX, /** ECX. */ ECX, /** EDX. */ EDX }

    /** Leaf and subleaf. */
    public final int leaf, subleaf;
    /** Where the answer holds the bit. */
    public final Register register;
    /** Number of the bit. */
    public final int bit;
    /** Bits of CR4 that exist with the feature. */
    public final long controlBits4;

    Feature(int leaf, int subleaf, Register register, int bit) {
        this(leaf, subleaf, register, bit, 0);
    }

    Feature(int leaf, int subleaf, Register register, int bit, long controlBits4) {
        this.leaf = leaf;
        this.subleaf = subleaf;
        this.register = register;
        this.bit = bit;
        this.controlBits4 = controlBits4;
    }
}
