package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.OpcodeTable;
import com.vtsim.cpu.trace.ProcessorTrace;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * What CPUID answers. A feature is announced if the model has it and every instruction form that the opcode table files
 * under its name has a meaning.
 *
 * @sdm CPUID—CPU Identification
 */
public final class Cpuid {
    /** Frequency of the core crystal clock in Hz, which also feeds the local APIC's timer. */
    public static final long CRYSTAL = 25_000_000L;
    /** Frequency of the time-stamp counter in Hz unless configured. */
    public static final long TSC_FREQUENCY = 1_000_000_000L;

    /** Offset of PKRU in a standard XSAVE area; that of AVX state follows the header. */
    public static final int PKRU_OFFSET = 2688;

    private static final int LAST_BASIC = 0x16, LAST_WITH_KEYS = 0x19, LAST_EXTENDED = 0x8000_0008;
    private static final String BRAND = "VTSim virtual processor";
    private static final int HTT = 1 << 28, OSXSAVE = 1 << 27, OSPKE = 1 << 4;

    private final Cpu cpu;
    /** Which processor it says it is. */
    public final CpuModel model;
    private final Set<Feature> announced = EnumSet.noneOf(Feature.class);
    private long controlBits4;

    /** EAX, EBX, ECX, EDX of the latest {@link #ask}. */
    public final int[] answer = new int[4];
    /** Logical processors in the machine. */
    public int processors = 1;
    /** Frequency of the time-stamp counter in Hz: a multiple of {@link #CRYSTAL}. */
    public long tscFrequency = TSC_FREQUENCY;

    Cpuid(Cpu cpu, Semantics semantics, CpuModel model) {
        this.cpu = cpu;
        this.model = model;
        Map<Feature, Boolean> works = new EnumMap<>(Feature.class);
        for (Form form : OpcodeTable.instance().forms()) {
            Feature feature = model.feature(form);
            if (feature != null) {
                works.merge(feature, semantics.of(form) != null, Boolean::logicalAnd);
            }
        }
        for (Feature feature : model.features()) {
            if (works.getOrDefault(feature, true)) {
                announced.add(feature);
                controlBits4 |= feature.controlBits4;
            }
        }
    }

    /** @return whether the feature is announced */
    public boolean has(Feature feature) {
        boolean apic = feature == Feature.APIC || feature == Feature.X2APIC || feature == Feature.TSC_DEADLINE;
        if (apic && (cpu.system.localApic() == null || (cpu.system.localApic().base() & 1 << 11) == 0)) {
            return false;
        }
        if (feature == Feature.NX && (cpu.msrs.miscEnable() & Msrs.XD_DISABLE) != 0) {
            return false;
        }
        if (feature == Feature.MONITOR && (cpu.msrs.miscEnable() & Msrs.MONITOR_ENABLE) == 0) {
            return false;
        }
        return announced.contains(feature);
    }

    /** @return the bits of CR4 that exist */
    public long controlBits4() {
        return controlBits4 | SystemState.CR4_PCE;
    }

    /** Fills {@link #answer} for EAX and ECX. */
    public void ask(int leafAsked, int subleafAsked) {
        int leaf = leafAsked;
        int last = (cpu.msrs.miscEnable() & Msrs.LIMIT_CPUID) != 0 ? 2 : has(Feature.KL) ? LAST_WITH_KEYS : LAST_BASIC;
        boolean extended = leaf < 0;
        if (extended ? leaf > LAST_EXTENDED : leaf > last) {
            leaf = last;
        }
        set(0, 0, 0, 0);
        if (leaf == 1) {
            cpu.msrs.signUpdate();
        }
        if (leaf < 0) {
            extended(leaf);
        } else {
            basic(leaf, subleafAsked, last);
        }
        for (Feature feature : announced) {
            if (feature.leaf == leaf && (feature.subleaf == subleafAsked || leaf == 1 || leaf < 0) && has(feature)) {
                answer[feature.register.ordinal()] |= 1 << feature.bit;
            }
        }
    }

    private void set(int eax, int ebx, int ecx, int edx) {
        answer[0] = eax;
        answer[1] = ebx;
        answer[2] = ecx;
        answer[3] = edx;
    }

    private int apicId() {
        return cpu.system.localApic() != null ? cpu.system.localApic().id() : cpu.index;
    }

    private void basic(int leaf, int subleaf, int last) {
        switch (leaf) {
            case 0 -> set(last, 0x756E_6547, 0x6C65_746E, 0x4965_6E69);
            case 1 -> set(model.signature, apicId() << 24 | processors << 16 | 64 / 8 << 8,
                (cpu.system.cr4 & SystemState.CR4_OSXSAVE) != 0 ? OSXSAVE : 0, processors > 1 ? HTT : 0);
            case 2 -> set(0x7603_6301, 0x00F0_B5FF, 0, 0x00C1_0000);
            case 4 -> cache(subleaf);
            // MONITOR: lines of 64 bytes; interrupts can end MWAIT though masked; C1 with one sub-state.
            case 5 -> set(AddressMonitor.LINE, AddressMonitor.LINE, 3, 1 << 4);
            // The local APIC's timer runs always.
            case 6 -> set(cpu.system.localApic() != null ? 1 << 2 : 0, 0, 0, 0);
            case 7 -> set(0, 0, subleaf == 0 && (cpu.system.cr4 & SystemState.CR4_PKE) != 0 ? OSPKE : 0, 0);
            case 0xA -> set(PerformanceCounters.VERSION | PerformanceCounters.GENERAL << 8 | PerformanceCounters.WIDTH << 16 | PerformanceCounters.EVENTS << 24,
                0, 0, PerformanceCounters.FIXED | PerformanceCounters.WIDTH << 5);
            case 0xB -> topology(subleaf);
            case 0xD -> extendedState(subleaf);
            case 0x14 -> trace(subleaf);
            case 0x15 -> set(1, (int) (tscFrequency / CRYSTAL), (int) CRYSTAL, 0);
            case 0x16 -> set((int) (tscFrequency / 1_000_000), (int) (tscFrequency / 1_000_000), 100, 0);
            case LAST_WITH_KEYS -> keys();
            default -> { }
        }
    }

    /** Processor trace: CR3 filtering; address ranges, for filtering and to stop; tables of several entries, single range; linear addresses. */
    private void trace(int subleaf) {
        if (has(Feature.INTEL_PT)) {
            switch (subleaf) {
                case 0 -> set(1, 1 | 1 << 2, 1 | 1 << 1 | 1 << 2 | 1 << 31, 0);
                case 1 -> set(ProcessorTrace.RANGES, 0, 0, 0);
                default -> { }
            }
        }
    }

    /** Key Locker: all restrictions, wide instructions, keys that are not backed up or random; no backup. Its AES instructions are on with CR4.KL. */
    private void keys() {
        if (has(Feature.KL)) {
            set(7, (cpu.system.cr4 & SystemState.CR4_KL) != 0 ? 5 : 4, 3, 0);
        }
    }

    /** Deterministic cache parameters: 32 KiB L1 each, 256 KiB L2, 8 MiB L3. */
    private void cache(int subleaf) {
        int sharing = processors - 1 << 14;
        switch (subleaf) {
            case 0 -> set(0x121, 7 << 22 | 63, 63, 0);
            case 1 -> set(0x122, 7 << 22 | 63, 63, 0);
            case 2 -> set(0x143, 7 << 22 | 63, 511, 0);
            case 3 -> set(0x163 | sharing, 15 << 22 | 63, 8191, 6);
            default -> { }
        }
        if (subleaf < 4 && subleaf >= 0) {
            answer[0] |= processors - 1 << 26;
        }
    }

    /** @return the components XCR0 can enable */
    public long components() {
        return !has(Feature.XSAVE) ? 1 : (has(Feature.AVX) ? 7 : 3) | (has(Feature.PKU) ? 1 << 9 : 0);
    }

    /** Sizes and offsets of the XSAVE area. */
    private void extendedState(int subleaf) {
        if (!has(Feature.XSAVE)) {
            return;
        }
        long all = components();
        long enabled = cpu.system.xcr0;
        switch (subleaf) {
            case 0 -> set((int) all, standardArea(enabled), standardArea(all), 0);
            case 1 -> set(0, 576 + ((enabled & 4) != 0 ? 256 : 0) + ((enabled & 1 << 9) != 0 ? 8 : 0), 0, 0);
            case 2 -> set((all & 4) != 0 ? 256 : 0, (all & 4) != 0 ? 576 : 0, 0, 0);
            case 9 -> set((all & 1 << 9) != 0 ? 8 : 0, (all & 1 << 9) != 0 ? PKRU_OFFSET : 0, 0, 0);
            default -> { }
        }
    }

    private static int standardArea(long components) {
        return (components & 1 << 9) != 0 ? PKRU_OFFSET + 8 : (components & 4) != 0 ? 576 + 256 : 576;
    }

    private void topology(int subleaf) {
        int shift = 32 - Integer.numberOfLeadingZeros(processors - 1);
        switch (subleaf) {
            case 0 -> set(0, 1, 0x100, apicId());
            case 1 -> set(shift, processors, 0x201, apicId());
            default -> set(0, 0, subleaf & 0xFF, apicId());
        }
    }

    private void extended(int leaf) {
        switch (leaf & 0xFF) {
            case 0 -> set(LAST_EXTENDED, 0, 0, 0);
            case 2, 3, 4 -> brand((leaf & 0xFF) - 2);
            case 6 -> set(0, 0, 256 << 16 | 6 << 12 | 64, 0);
            case 8 -> set((has(Feature.LA57) ? 57 : 48) << 8 | Paging.PHYSICAL_BITS, 0, 0, 0);
            default -> { }
        }
    }

    private void brand(int part) {
        byte[] text = BRAND.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 16; i++) {
            int at = part * 16 + i;
            answer[i / 4] |= (at < text.length ? text[at] : 0) << i % 4 * 8;
        }
    }
}
