package com.vtsim.cpu.engine;

import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Clock;
import com.vtsim.cpu.trace.ProcessorTrace;
import com.vtsim.cpu.vmx.Capabilities;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Model-specific registers: a table of what there is, and the values of those that have no other home.
 *
 * @sdm Model-Specific Registers (MSRs); Memory Type Range Registers (MTRRs); Page Attribute Table (PAT); Time-Stamp Counter
 */
public final class Msrs {
    /** IA32_MISC_ENABLE bits. */
    static final long PERFMON_AVAILABLE = 1 << 7, MONITOR_ENABLE = 1 << 18, LIMIT_CPUID = 1 << 22, XD_DISABLE = 1L << 34;
    /** IA32_MISC_ENABLE bits that only say what there is: performance monitoring, but neither branch trace nor precise events. */
    private static final long MISC_FIXED = PERFMON_AVAILABLE | 1 << 11 | 1 << 12;
    private static final long MISC_WRITABLE = MONITOR_ENABLE | LIMIT_CPUID | XD_DISABLE | 1 | 1 << 3 | 1 << 23;
    /** IA32_DEBUGCTL bits. The others are reserved: there are no branch trace messages and no debug store. */
    public static final long DEBUGCTL_LBR = 1, DEBUGCTL_BTF = 1 << 1, DEBUGCTL_FREEZE_LBRS = 1 << 11, DEBUGCTL_FREEZE_PERFMON = 1 << 12,
        DEBUGCTL_DEFINED = DEBUGCTL_LBR | DEBUGCTL_BTF | DEBUGCTL_FREEZE_LBRS | DEBUGCTL_FREEZE_PERFMON;
    private static final long PHYSICAL = (1L << Paging.PHYSICAL_BITS) - 1;
    private static final int VARIABLE_RANGES = 8;
    /**
     * Nothing is executed speculatively, so nothing leaks: RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO,
     * TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO.
     */
    private static final long NO_FLAWS = 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 24 | 1 << 26
        | 1 << 27 | 1L << 62;
    private static final int APIC_BASE = 0x1B;
    /** IA32_FEATURE_CONTROL: lock, and VMXON outside SMX. */
    private static final long FEATURE_LOCK = 1, FEATURE_VMX = 1 << 2;

    /** Reads a register that has another home. */
    private interface Reader {
        long read(Cpu cpu);
    }

    /** Writes a register, or refuses: #GP(0). */
    private interface Writer {
        boolean write(Cpu cpu, long value);
    }

    /** Says whether a value is legal. */
    private interface Legal {
        boolean test(long value);
    }

    /**
     * A row of the table.
     *
     * @param reset value after power-on
     * @param legal of a plain register; null where nothing can be written
     * @param reader null where the table holds the value
     * @param writer null where the table holds the value
     * @param there  null for what every machine has
     */
    private record Row(int address, String name, long reset, Legal legal, Reader reader, Writer writer, Predicate<Cpu> there) {
        Row(int address, String name, long reset, Legal legal, Reader reader, Writer writer) {
            this(address, name, reset, legal, reader, writer, null);
        }
    }

    private static final TreeMap<Long, Row> TABLE = new TreeMap<>();

    private static void row(int address, String name, long reset, Legal legal) {
        TABLE.put(address & 0xFFFF_FFFFL, new Row(address, name, reset, legal, null, null));
    }

    private static void row(int address, String name, long reset, long writable) {
        row(address, name, reset, (Legal) value -> (value & ~writable) == 0);
    }

    private static void fixed(int address, String name, long value) {
        row(address, name, value, null);
    }

    private static void linked(int address, String name, Reader reader, Writer writer) {
        TABLE.put(address & 0xFFFF_FFFFL, new Row(address, name, 0, null, reader, writer));
    }

    /** A register that may be absent. @param writable bits */
    private static void guarded(int address, String name, long writable, Predicate<Cpu> there) {
        TABLE.put(address & 0xFFFF_FFFFL, new Row(address, name, 0, value -> (value & ~writable) == 0, null, null, there));
    }

    private static void canonical(int address, String name) {
        linked(address, name, cpu -> cpu.msrs.values[slot(address)], (cpu, value) -> cpu.msrs.setCanonical(address, value));
    }

    static {
        linked(0x10, "IA32_TIME_STAMP_COUNTER", cpu -> cpu.msrs.visibleTimeStamp(), (cpu, value) -> cpu.msrs.setTimeStamp(value));
        fixed(0x17, "IA32_PLATFORM_ID", 0);
        linked(APIC_BASE, "IA32_APIC_BASE", cpu -> cpu.msrs.apicBase(), (cpu, value) -> cpu.msrs.setApicBase(value));
        fixed(0x2A, "MSR_EBL_CR_POWERON", 0);
        linked(0x3A, "IA32_FEATURE_CONTROL", cpu -> cpu.msrs.values[slot(0x3A)], (cpu, value) -> cpu.msrs.setFeatureControl(value));
        linked(0x3B, "IA32_TSC_ADJUST", cpu -> cpu.msrs.tscAdjust, (cpu, value) -> cpu.msrs.setTscAdjust(value));
        linked(0x79, "IA32_BIOS_UPDT_TRIG", null, (cpu, value) -> true);
        linked(0x8B, "IA32_BIOS_SIGN_ID", cpu -> cpu.msrs.values[slot(0x8B)], (cpu, value) -> cpu.msrs.keep(0x8B, value));
        linked(0xCE, "MSR_PLATFORM_INFO", cpu -> cpu.cpuid.tscFrequency / 100_000_000L << 8, null);
        fixed(0x10A, "IA32_ARCH_CAPABILITIES", NO_FLAWS);
        row(0xE1, "IA32_UMWAIT_CONTROL", 0, 0xFFFF_FFFDL);
        fixed(0xFE, "IA32_MTRRCAP", 1 << 10 | 1 << 8 | VARIABLE_RANGES);
        row(0x140, "MISC_FEATURES_ENABLES", 0, 0L);
        row(0x174, "IA32_SYSENTER_CS", 0, 0xFFFF_FFFFL);
        canonical(0x175, "IA32_SYSENTER_ESP");
        canonical(0x176, "IA32_SYSENTER_EIP");
        machineChecks();
        linked(0x1A0, "IA32_MISC_ENABLE", cpu -> cpu.msrs.miscEnable(), (cpu, value) -> cpu.msrs.setMiscEnable(value));
        row(0x1FC, "MSR_POWER_CTL", 0, 1 << 1);
        linked(0x1D9, "IA32_DEBUGCTL", cpu -> cpu.msrs.debugControl(), (cpu, value) -> cpu.msrs.setDebugControl(value));
        performance();
        row(BranchRecords.SELECT, "MSR_LBR_SELECT", 0, BranchRecords.SELECT_DEFINED);
        row(BranchRecords.TOS, "MSR_LASTBRANCH_TOS", 0, BranchRecords.RECORDS - 1L);
        for (int i = 0; i < BranchRecords.RECORDS; i++) {
            row(BranchRecords.FROM + i, "MSR_LASTBRANCH_" + i + "_FROM_IP", 0, -1L);
            row(BranchRecords.TO + i, "MSR_LASTBRANCH_" + i + "_TO_IP", 0, -1L);
        }
        for (int i = 0; i < VARIABLE_RANGES; i++) {
            row(0x200 + 2 * i, "IA32_MTRR_PHYSBASE" + i, 0, (Legal) value -> (value & ~PHYSICAL) == 0 && (value & 0xF00) == 0 && memoryType(value, false));
            row(0x201 + 2 * i, "IA32_MTRR_PHYSMASK" + i, 0, PHYSICAL & ~0x7FFL);
        }
        Map<Integer, String> fixedRanges = new TreeMap<>(Map.of(0x250, "FIX64K_00000", 0x258, "FIX16K_80000", 0x259, "FIX16K_A0000",
            0x268, "FIX4K_C0000", 0x269, "FIX4K_C8000", 0x26A, "FIX4K_D0000", 0x26B, "FIX4K_D8000", 0x26C, "FIX4K_E0000",
            0x26D, "FIX4K_E8000", 0x26E, "FIX4K_F0000"));
        fixedRanges.put(0x26F, "FIX4K_F8000");
        fixedRanges.forEach((address, name) -> row(address, "IA32_MTRR_" + name, 0, value -> memoryTypes(value, false)));
        row(0x277, "IA32_PAT", 0x0007_0406_0007_0406L, (Legal) value -> memoryTypes(value, true));
        row(0x2FF, "IA32_MTRR_DEF_TYPE", 0, (Legal) value -> (value & ~0xCFFL) == 0 && memoryType(value, false));
        trace();
        row(0xDA0, "IA32_XSS", 0, 0L);
        String[] vmx = {"BASIC", "PINBASED_CTLS", "PROCBASED_CTLS", "EXIT_CTLS", "ENTRY_CTLS", "MISC", "CR0_FIXED0", "CR0_FIXED1", "CR4_FIXED0",
            "CR4_FIXED1", "VMCS_ENUM", "PROCBASED_CTLS2", "EPT_VPID_CAP", "TRUE_PINBASED_CTLS", "TRUE_PROCBASED_CTLS", "TRUE_EXIT_CTLS",
            "TRUE_ENTRY_CTLS", "VMFUNC", "PROCBASED_CTLS3"};
        for (int i = 0; i < vmx.length; i++) {
            int address = Capabilities.FIRST_MSR + i;
            linked(address, "IA32_VMX_" + vmx[i], cpu -> cpu.vmx.capabilities().msr(address), null);
        }
        linked(0xC000_0080, "IA32_EFER", cpu -> cpu.system.efer, (cpu, value) -> cpu.system.writeEfer(value));
        row(0xC000_0081, "IA32_STAR", 0, -1L);
        canonical(0xC000_0082, "IA32_LSTAR");
        canonical(0xC000_0083, "IA32_CSTAR");
        row(0xC000_0084, "IA32_FMASK", 0, 0xFFFF_FFFFL);
        linked(0xC000_0100, "IA32_FS_BASE", cpu -> cpu.segments.base[Cpu.FS], (cpu, value) -> cpu.msrs.setBase(Cpu.FS, value));
        linked(0xC000_0101, "IA32_GS_BASE", cpu -> cpu.segments.base[Cpu.GS], (cpu, value) -> cpu.msrs.setBase(Cpu.GS, value));
        canonical(0xC000_0102, "IA32_KERNEL_GS_BASE");
        row(0xC000_0103, "IA32_TSC_AUX", 0, 0xFFFF_FFFFL);
    }

    private static void machineChecks() {
        linked(MachineChecks.MCG_CAP, "IA32_MCG_CAP", cpu -> cpu.machineChecks.capabilities(), null);
        row(MachineChecks.MCG_STATUS, "IA32_MCG_STATUS", 0, MachineChecks.MCG_STATUS_DEFINED);
        row(MachineChecks.MCG_CTL, "IA32_MCG_CTL", -1L, -1L);
        guarded(MachineChecks.MCG_EXT_CTL, "IA32_MCG_EXT_CTL", 1, cpu -> cpu.machineChecks.localIsThere());
        for (int i = 0; i < MachineChecks.BANKS; i++) {
            guarded(MachineChecks.CTL2 + i, "IA32_MC" + i + "_CTL2", 0x4000_7FFF, cpu -> cpu.machineChecks.countsAreThere());
            row(MachineChecks.CTL + 4 * i, "IA32_MC" + i + "_CTL", -1L, -1L);
            row(MachineChecks.STATUS + 4 * i, "IA32_MC" + i + "_STATUS", 0, 0L);
            row(MachineChecks.ADDR + 4 * i, "IA32_MC" + i + "_ADDR", 0, 0L);
            row(MachineChecks.MISC + 4 * i, "IA32_MC" + i + "_MISC", 0, 0L);
        }
    }

    private static void trace() {
        linked(ProcessorTrace.OUTPUT_BASE, "IA32_RTIT_OUTPUT_BASE", cpu -> cpu.trace.outputBase(), (cpu, value) -> cpu.trace.outputBase(value));
        linked(ProcessorTrace.OUTPUT_MASK_PTRS, "IA32_RTIT_OUTPUT_MASK_PTRS", cpu -> cpu.trace.outputPointers(),
            (cpu, value) -> cpu.trace.outputPointers(value));
        linked(ProcessorTrace.CTL, "IA32_RTIT_CTL", cpu -> cpu.trace.control(), (cpu, value) -> cpu.trace.control(value));
        linked(ProcessorTrace.STATUS, "IA32_RTIT_STATUS", cpu -> cpu.trace.status(), (cpu, value) -> cpu.trace.status(value));
        linked(ProcessorTrace.CR3_MATCH, "IA32_RTIT_CR3_MATCH", cpu -> cpu.trace.cr3Match(), (cpu, value) -> cpu.trace.cr3Match(value));
        for (int i = 0; i < 2 * ProcessorTrace.RANGES; i++) {
            int n = i;
            linked(ProcessorTrace.ADDR0_A + n, "IA32_RTIT_ADDR" + n / 2 + (n % 2 == 0 ? "_A" : "_B"), cpu -> cpu.trace.range(n),
                (cpu, value) -> cpu.trace.range(n, value));
        }
    }

    private static void performance() {
        for (int i = 0; i < PerformanceCounters.GENERAL; i++) {
            int n = i;
            linked(PerformanceCounters.PMC0 + n, "IA32_PMC" + n, cpu -> cpu.performance.count(n), (cpu, value) -> cpu.performance.setNarrow(n, value));
            linked(PerformanceCounters.A_PMC0 + n, "IA32_A_PMC" + n, cpu -> cpu.performance.count(n), (cpu, value) -> cpu.performance.set(n, value));
            linked(PerformanceCounters.SELECT0 + n, "IA32_PERFEVTSEL" + n, cpu -> cpu.performance.select(n),
                (cpu, value) -> cpu.performance.setSelect(n, value));
        }
        for (int i = 0; i < PerformanceCounters.FIXED; i++) {
            int n = i;
            linked(PerformanceCounters.FIXED_CTR0 + n, "IA32_FIXED_CTR" + n, cpu -> cpu.performance.fixedCount(n),
                (cpu, value) -> cpu.performance.setFixed(n, value));
        }
        fixed(0x345, "IA32_PERF_CAPABILITIES", PerformanceCounters.FULL_WIDTH_WRITE | BranchRecords.FORMAT);
        linked(PerformanceCounters.FIXED_CTR_CTRL, "IA32_FIXED_CTR_CTRL", cpu -> cpu.performance.fixedControl(),
            (cpu, value) -> cpu.performance.setFixedControl(value));
        linked(PerformanceCounters.GLOBAL_STATUS, "IA32_PERF_GLOBAL_STATUS", cpu -> cpu.performance.globalStatus(), null);
        linked(PerformanceCounters.GLOBAL_CTRL, "IA32_PERF_GLOBAL_CTRL", cpu -> cpu.performance.globalControl(),
            (cpu, value) -> cpu.performance.setGlobalControl(value));
        linked(PerformanceCounters.OVF_CTRL, "IA32_PERF_GLOBAL_OVF_CTRL", cpu -> 0, (cpu, value) -> cpu.performance.clearStatus(value));
    }

    /** Registers that come with a feature, by address. */
    private static final Map<Long, Feature> NEEDS = Map.of(0xE1L, Feature.WAITPKG, 0xDA0L, Feature.XSAVES, 0x3BL, Feature.TSC_ADJUST, 0x10AL, Feature.ARCH_CAPABILITIES,
        0x345L, Feature.PDCM, 0xC000_0103L, Feature.RDTSCP);

    private static Feature needed(long address) {
        boolean trace = address >= ProcessorTrace.OUTPUT_BASE && address < ProcessorTrace.ADDR0_A + 2 * ProcessorTrace.RANGES;
        return trace ? Feature.INTEL_PT : NEEDS.get(address);
    }

    private static final Row[] ROWS = TABLE.values().toArray(new Row[0]);
    private static final long[] ADDRESSES = TABLE.keySet().stream().mapToLong(Long::longValue).toArray();
    private static final Feature[] NEEDED = TABLE.keySet().stream().map(Msrs::needed).toArray(Feature[]::new);

    /** Places in the table of what instructions use. */
    private static final int SYSENTER_CS = slot(0x174), SYSENTER_ESP = slot(0x175), SYSENTER_EIP = slot(0x176), MISC_ENABLE = slot(0x1A0), DEBUGCTL = slot(0x1D9), UMWAIT_CONTROL = slot(0xE1), SIGN_ID = slot(0x8B),
        STAR = slot(0xC000_0081), LSTAR = slot(0xC000_0082), FMASK = slot(0xC000_0084), KERNEL_GS_BASE = slot(0xC000_0102),
        TSC_AUX = slot(0xC000_0103);

    private final Cpu cpu;
    private final long[] values = new long[ROWS.length];
    private long tscOffset;
    private long tscAdjust;

    /** Of the latest successful {@link #read}. */
    public long value;

    Msrs(Cpu cpu) {
        this.cpu = cpu;
        reset();
    }

    private static int slot(int address) {
        return Arrays.binarySearch(ADDRESSES, address & 0xFFFF_FFFFL);
    }

    /** @return place in the table, negative where the model has no such register */
    private int present(int address) {
        int slot = slot(address);
        boolean absent = slot >= 0 && (NEEDED[slot] != null && !cpu.cpuid.model.has(NEEDED[slot]) || ROWS[slot].there != null && !ROWS[slot].there.test(cpu));
        return absent ? -1 : slot;
    }

    /** Values after power-on. */
    public void reset() {
        long[] errors = errors();
        for (int i = 0; i < ROWS.length; i++) {
            values[i] = ROWS[i].reset;
        }
        keepErrors(errors);
        values[MISC_ENABLE] = MISC_FIXED | MONITOR_ENABLE | 1;
        signUpdate();
        tscAdjust = 0;
        tscOffset = 0;
        tscOffset = -timeStamp();
    }

    /** What is logged of errors outlasts a reset, so that software finds it: STATUS, ADDR and MISC of each bank. */
    private long[] errors() {
        long[] kept = new long[3 * MachineChecks.BANKS];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = values[slot(MachineChecks.STATUS + i / 3 * 4 + i % 3)];
        }
        return kept;
    }

    private void keepErrors(long[] kept) {
        for (int i = 0; i < kept.length; i++) {
            values[slot(MachineChecks.STATUS + i / 3 * 4 + i % 3)] = kept[i];
        }
    }

    /** Power-on: what is logged of errors is lost. */
    public void forgetErrors() {
        keepErrors(new long[3 * MachineChecks.BANKS]);
    }

    /** RDMSR. @return false for #GP(0); else {@link #value} holds it */
    public boolean read(int address) {
        if (address >= 0x800 && address < 0x900 || address == 0x6E0) {
            return readApic(address);
        }
        int slot = present(address);
        if (slot < 0 || ROWS[slot].reader == null && ROWS[slot].writer != null) {
            return missing("RDMSR", address);
        }
        value = ROWS[slot].reader != null ? ROWS[slot].reader.read(cpu) : values[slot];
        return true;
    }

    /** WRMSR. @return false for #GP(0) */
    public boolean write(int address, long wanted) {
        if (address >= 0x800 && address < 0x900 || address == 0x6E0) {
            return writeApic(address, wanted);
        }
        int slot = present(address);
        if (slot < 0) {
            return missing("WRMSR", address);
        }
        Row row = ROWS[slot];
        if (row.writer != null) {
            return row.writer.write(cpu, wanted);
        }
        if (row.legal == null || !row.legal.test(wanted)) {
            return false;
        }
        values[slot] = wanted;
        return true;
    }

    private boolean missing(String instruction, int address) {
        cpu.reports.accept(String.format("%s of model-specific register %xh, which is not there: #GP", instruction, address));
        return false;
    }

    /** @return names of the registers by address (unsigned), for the operator */
    public static Map<Long, String> names() {
        Map<Long, String> names = new TreeMap<>();
        TABLE.forEach((address, row) -> names.put(address, row.name));
        return names;
    }

    // Values that instructions use

    /** @return IA32_MISC_ENABLE */
    public long miscEnable() {
        return values[MISC_ENABLE];
    }

    private boolean keep(int address, long wanted) {
        values[slot(address)] = wanted;
        return true;
    }

    /** CPUID leaf 01H leaves the revision of the microcode update in IA32_BIOS_SIGN_ID, whatever software has written there. */
    void signUpdate() {
        values[SIGN_ID] = (long) cpu.cpuid.model.microcode << 32;
    }

    private boolean setMiscEnable(long wanted) {
        if ((wanted & ~(MISC_FIXED | MISC_WRITABLE)) != 0) {
            return false;
        }
        values[MISC_ENABLE] = wanted & MISC_WRITABLE | MISC_FIXED;
        return true;
    }

    /** @return IA32_DEBUGCTL */
    public long debugControl() {
        return values[DEBUGCTL];
    }

    /** A debug exception is delivered: branches are recorded, and stepped on, no more. */
    void debugException() {
        values[DEBUGCTL] &= ~(DEBUGCTL_LBR | DEBUGCTL_BTF);
    }

    /** A performance counter has overflowed and interrupts. @return whether the counters freeze */
    boolean performanceInterrupt() {
        if ((values[DEBUGCTL] & DEBUGCTL_FREEZE_LBRS) != 0) {
            values[DEBUGCTL] &= ~DEBUGCTL_LBR;
        }
        return (values[DEBUGCTL] & DEBUGCTL_FREEZE_PERFMON) != 0;
    }

    private boolean setDebugControl(long wanted) {
        if ((wanted & ~DEBUGCTL_DEFINED) != 0) {
            return false;
        }
        values[DEBUGCTL] = wanted;
        cpu.execution.flagsChanged();
        return true;
    }

    /** @return IA32_SYSENTER_CS */
    public long sysenterCs() {
        return values[SYSENTER_CS];
    }

    /** @return IA32_SYSENTER_ESP */
    public long sysenterEsp() {
        return values[SYSENTER_ESP];
    }

    /** @return IA32_SYSENTER_EIP */
    public long sysenterEip() {
        return values[SYSENTER_EIP];
    }

    /** @return IA32_STAR */
    public long star() {
        return values[STAR];
    }

    /** @return IA32_LSTAR */
    public long lstar() {
        return values[LSTAR];
    }

    /** @return IA32_FMASK */
    public long fmask() {
        return values[FMASK];
    }

    /** @return IA32_TSC_AUX */
    public long tscAux() {
        return values[TSC_AUX];
    }

    /** SWAPGS. */
    public void swapGs() {
        long base = cpu.segments.base[Cpu.GS];
        cpu.segments.setBase(Cpu.GS, values[KERNEL_GS_BASE]);
        values[KERNEL_GS_BASE] = base;
    }

    /** @return the time-stamp counter: virtual time at its frequency, plus what software added */
    public long timeStamp() {
        long ticks = cpu.clock == null ? 0 : Clock.ticksIn(cpu.clock.now(), cpu.cpuid.tscFrequency);
        return ticks + tscOffset;
    }

    /** @return the time-stamp counter as a guest is to see it */
    public long visibleTimeStamp() {
        return cpu.vmx.shown.timeStamp(timeStamp());
    }

    /** @return ticks of the time-stamp counter that UMWAIT and TPAUSE wait at most; 0 where there is no limit */
    long userWaitLimit() {
        return values[UMWAIT_CONTROL] & 0xFFFF_FFFCL;
    }

    private boolean setTimeStamp(long wanted) {
        long delta = wanted - timeStamp();
        tscOffset += delta;
        tscAdjust += delta;
        timeStampMoved();
        return true;
    }

    private boolean setTscAdjust(long wanted) {
        tscOffset += wanted - tscAdjust;
        tscAdjust = wanted;
        timeStampMoved();
        return true;
    }

    /** @return the virtual time at which the time-stamp counter reaches a value */
    long due(long deadline) {
        long ticks = deadline - tscOffset;
        boolean past = Long.compareUnsigned(deadline, timeStamp()) <= 0;
        return past || cpu.clock == null ? 0 : ticks < 0 || ticks / cpu.cpuid.tscFrequency > Long.MAX_VALUE / 4 / Clock.SECOND
            ? Long.MAX_VALUE / 2 : Clock.nanosFor(ticks, cpu.cpuid.tscFrequency);
    }

    private void timeStampMoved() {
        LocalApicPort apic = cpu.system.localApic();
        if (apic != null && apic.tscDeadline() != 0) {
            apic.tscDeadline(apic.tscDeadline(), due(apic.tscDeadline()));
        }
    }

    private boolean setCanonical(int address, long wanted) {
        if (!cpu.memory.paging().canonical(wanted)) {
            return false;
        }
        values[slot(address)] = wanted;
        return true;
    }

    private boolean setBase(int segment, long wanted) {
        if (!cpu.memory.paging().canonical(wanted)) {
            return false;
        }
        cpu.segments.setBase(segment, wanted);
        return true;
    }

    private boolean setFeatureControl(long wanted) {
        int slot = slot(0x3A);
        long known = FEATURE_LOCK | (cpu.cpuid.has(Feature.VMX) ? FEATURE_VMX : 0) | cpu.machineChecks.featureBits();
        if ((values[slot] & FEATURE_LOCK) != 0 || (wanted & ~known) != 0) {
            return false;
        }
        values[slot] = wanted;
        return true;
    }

    // The local APIC's registers

    private long apicBase() {
        LocalApicPort apic = cpu.system.localApic();
        return apic != null ? apic.base() : 0xFEE0_0000L | (cpu.index == 0 ? 1 << 8 : 0);
    }

    private boolean setApicBase(long wanted) {
        LocalApicPort apic = cpu.system.localApic();
        return apic != null ? (wanted & ~PHYSICAL) == 0 && apic.base(wanted) : wanted == apicBase();
    }

    private boolean readApic(int address) {
        LocalApicPort apic = cpu.system.localApic();
        if (apic != null && address == 0x6E0) {
            value = apic.tscDeadline();
            return true;
        }
        if (apic != null && apic.readX2apic(address)) {
            value = apic.value();
            return true;
        }
        return missing("RDMSR", address);
    }

    private boolean writeApic(int address, long wanted) {
        LocalApicPort apic = cpu.system.localApic();
        if (apic != null && address == 0x6E0) {
            apic.tscDeadline(wanted, due(wanted));
            return true;
        }
        return apic != null && apic.writeX2apic(address, wanted) || missing("WRMSR", address);
    }

    // Memory types

    private static boolean memoryType(long type, boolean pat) {
        int low = (int) type & 0xFF;
        return low == 0 || low == 1 || low >= 4 && low <= (pat ? 7 : 6);
    }

    private static boolean memoryTypes(long types, boolean pat) {
        for (int i = 0; i < 8; i++) {
            if (!memoryType(types >>> 8 * i, pat)) {
                return false;
            }
        }
        return true;
    }

    // State

    /** Keeps the value of a register that has another home, to be saved with the others. */
    void rest(int address, long resting) {
        values[slot(address)] = resting;
    }

    /** @return what {@link #rest} kept, or what was restored */
    long rested(int address) {
        return values[slot(address)];
    }

    /** @return the registers that have no other home */
    public MsrState save() {
        cpu.performance.save();
        int[] addresses = new int[ROWS.length];
        for (int i = 0; i < ROWS.length; i++) {
            addresses[i] = ROWS[i].address;
        }
        return new MsrState(addresses, values.clone(), tscOffset, tscAdjust);
    }

    /** Adopts saved registers; those that a newer version added keep their reset values. */
    public void restore(MsrState state) {
        for (int i = 0; i < ROWS.length; i++) {
            values[i] = ROWS[i].reset;
        }
        values[MISC_ENABLE] = MISC_FIXED | MONITOR_ENABLE | 1;
        for (int i = 0; i < state.addresses().length; i++) {
            int slot = slot(state.addresses()[i]);
            if (slot >= 0) {
                values[slot] = state.values()[i];
            }
        }
        tscOffset = state.tscOffset();
        tscAdjust = state.tscAdjust();
    }
}
