package com.vtsim.cpu.engine;

import java.util.Arrays;

/**
 * Architectural performance monitoring, version 2: four general and three fixed counters. Nothing is counted per instruction: a
 * counter is brought up to date from the count of retired instructions when somebody looks, and the run loop is told where the
 * first counter that interrupts will overflow. Only retired branches have no such count; while a counter wants them instructions
 * are executed one at a time.
 * <p>
 * A cycle is one of the time-stamp counter that passed while this processor executed. Caches and branch predictor are ideal: no
 * access reaches the last-level cache and no branch is mispredicted.
 *
 * @sdm Architectural Performance Monitoring; Performance Monitoring Events; RDPMC—Read Performance-Monitoring Counters
 */
public final class PerformanceCounters {
    /** Number of general and of fixed counters, and their width in bits. */
    static final int GENERAL = 4, FIXED = 3, WIDTH = 48;
    /** Version, and number of architectural events: all seven count. */
    static final int VERSION = 2, EVENTS = 7;
    /** IA32_PERF_CAPABILITIES: counters can be written in full width. */
    static final long FULL_WIDTH_WRITE = 1 << 13;
    /** MSR addresses. */
    static final int PMC0 = 0xC1, SELECT0 = 0x186, FIXED_CTR0 = 0x309, FIXED_CTR_CTRL = 0x38D, GLOBAL_STATUS = 0x38E, GLOBAL_CTRL = 0x38F,
        OVF_CTRL = 0x390, A_PMC0 = 0x4C1;

    /** Bits of IA32_PERF_GLOBAL_CTRL: the general counters from 0, the fixed ones from 32. */
    public static final long COUNTERS = (1L << GENERAL) - 1 | (1L << FIXED) - 1 << 32;

    private static final int ALL = GENERAL + FIXED, FIRST_FIXED_BIT = 32;
    private static final long COUNTER = (1L << WIDTH) - 1;
    /** IA32_PERFEVTSELx bits; those of FIXED_CTR_CTRL, of which each counter has four. */
    private static final long USR = 1 << 16, OS = 1 << 17, EDGE = 1 << 18, INT = 1 << 20, ANY = 1 << 21, ENABLE = 1 << 22, INVERT = 1 << 23;
    private static final int FIXED_OS = 1, FIXED_USR = 2, FIXED_INT = 8;
    private static final long SELECT_DEFINED = 0xFFFF_FFFFL & ~ANY, FIXED_DEFINED = 0xBBB;
    /** IA32_PERF_GLOBAL_OVF_CTRL: overflow of the debug-store buffer, and its condition changed. */
    private static final long OTHER_STATUS = 3L << 62;
    /** IA32_PERF_GLOBAL_STATUS: a region of the processor trace that says so is full. */
    private static final long TRACE_STATUS = 1L << 55;

    /** What there is to count. */
    private static final int NOTHING = 0, INSTRUCTIONS = 1, CYCLES = 2, BRANCHES = 3, OTHER_CYCLES = 4, KINDS = 5;
    private static final int[] FIXED_KINDS = {INSTRUCTIONS, CYCLES, CYCLES};

    private final Cpu cpu;
    /** The general counters, then the fixed ones, as of {@link #since}. */
    private final long[] counts = new long[ALL];
    private final long[] selects = new long[GENERAL];
    private long fixedControl;
    private long globalControl;
    private long globalStatus;
    /** What each counter counts at the present privilege level. */
    private final int[] kinds = new int[ALL];
    /** Whether a counter counts at some privilege level. */
    private boolean active;
    private boolean countsBranches;
    private int level;
    private long branches;
    /** What had happened when the counters were brought up to date, by kind, and the retired count of then. */
    private final long[] since = new long[KINDS];
    private final long[] now = new long[KINDS];
    private long sinceRetired;

    PerformanceCounters(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Values after power-on. @sdm Processor State After Reset */
    void reset() {
        Arrays.fill(counts, 0);
        Arrays.fill(selects, 0);
        fixedControl = 0;
        globalControl = (1L << GENERAL) - 1;
        globalStatus = 0;
        branches = 0;
        rebase();
    }

    /** Forgets what has happened since the last look: time counts otherwise from now on. */
    public void rebase() {
        measure(cpu.execution.retired());
        System.arraycopy(now, 0, since, 0, KINDS);
        sinceRetired = cpu.execution.retired();
        select();
        cpu.execution.countersChanged();
    }

    // Counting

    private long cycles(long retired) {
        long rate = rate();
        long frequency = cpu.cpuid.tscFrequency;
        return retired / rate * frequency + retired % rate * frequency / rate;
    }

    private long rate() {
        return cpu.clock == null ? cpu.cpuid.tscFrequency : cpu.clock.rate();
    }

    /** @return the first retired count at which that many cycles have passed */
    private long retiredAt(long cycles) {
        long frequency = cpu.cpuid.tscFrequency;
        return cycles / frequency * rate() + (cycles % frequency * rate() + frequency - 1) / frequency;
    }

    private void measure(long retired) {
        now[INSTRUCTIONS] = retired - cpu.execution.uncounted();
        now[CYCLES] = cycles(retired);
        now[BRANCHES] = branches;
        now[OTHER_CYCLES] = now[CYCLES] - now[INSTRUCTIONS];
    }

    /** Brings the counters up to date, and raises the interrupt for those that have overflowed. */
    private void update(long retired) {
        measure(retired);
        boolean interrupt = false;
        for (int i = 0; active && i < ALL; i++) {
            long more = kinds[i] == NOTHING ? 0 : now[kinds[i]] - since[kinds[i]];
            if (more > 0) {
                counts[i] += more;
                if (counts[i] > COUNTER) {
                    counts[i] &= COUNTER;
                    globalStatus |= bit(i);
                    interrupt |= interrupts(i);
                }
            }
        }
        for (int kind = 0; kind < KINDS; kind++) {
            // An instruction that was counted when it changed the level may have faulted after that.
            since[kind] = Math.max(since[kind], now[kind]);
        }
        sinceRetired = retired;
        if (interrupt) {
            interrupt();
        }
    }

    private void interrupt() {
        if (cpu.msrs.performanceInterrupt()) {
            globalControl = 0;
            select();
        }
        if (cpu.system.localApic() != null) {
            cpu.system.localApic().performanceInterrupt();
        }
    }

    /** A region of the processor trace's output is full, and its entry asks for an interrupt. @sdm ToPA PMI */
    public void traceRegionFull() {
        settle();
        globalStatus |= TRACE_STATUS;
        interrupt();
    }

    private static long bit(int counter) {
        return counter < GENERAL ? 1L << counter : 1L << FIRST_FIXED_BIT + counter - GENERAL;
    }

    private boolean interrupts(int counter) {
        return counter < GENERAL ? (selects[counter] & INT) != 0 : (fixed(counter) & FIXED_INT) != 0;
    }

    private int fixed(int counter) {
        return (int) (fixedControl >>> 4 * (counter - GENERAL)) & 0xF;
    }

    /** @return retired count at which the first counter that interrupts may have overflowed; at most so, for exceptions do not count as instructions */
    long due() {
        long due = Long.MAX_VALUE;
        for (int i = 0; active && i < ALL; i++) {
            if (kinds[i] != NOTHING && kinds[i] != BRANCHES && interrupts(i)) {
                long left = COUNTER + 1 - counts[i];
                due = Math.min(due, kinds[i] == INSTRUCTIONS ? sinceRetired + left : retiredAt(since[CYCLES] + left));
            }
        }
        return due;
    }

    /** The run loop has come to {@link #due}. */
    void reached() {
        update(cpu.execution.retired());
    }

    /** A branch has been executed. */
    void branch() {
        branches++;
        update(cpu.execution.retired());
    }

    /** @return whether instructions have to be looked at one by one */
    boolean countsBranches() {
        return countsBranches;
    }

    /** The privilege level may have changed; called by {@link Segments#modeChanged}. */
    void levelChanged() {
        if (active && cpu.cpl != level) {
            settle();
            changed();
        }
    }

    // Configuration

    /** Counts what was selected until now, before that changes. */
    private void settle() {
        update(cpu.execution.retiredWithCurrent());
    }

    private boolean changed() {
        select();
        cpu.execution.countersChanged();
        return true;
    }

    private void select() {
        level = cpu.cpl;
        active = false;
        countsBranches = false;
        for (int i = 0; i < ALL; i++) {
            boolean on = (globalControl & bit(i)) != 0;
            int kind = !on ? NOTHING : i < GENERAL ? kind(selects[i]) : fixed(i) != 0 ? FIXED_KINDS[i - GENERAL] : NOTHING;
            active |= kind != NOTHING;
            kinds[i] = atLevel(i) ? kind : NOTHING;
            countsBranches |= kinds[i] == BRANCHES;
        }
    }

    private boolean atLevel(int counter) {
        return counter < GENERAL ? (selects[counter] & (level == 0 ? OS : USR)) != 0 : (fixed(counter) & (level == 0 ? FIXED_OS : FIXED_USR)) != 0;
    }

    /**
     * At most one instruction retires in a cycle: a threshold above 1 is never met, one of 1 changes nothing, and only what goes on without a
     * pause has no rising edges.
     */
    private int kind(long select) {
        if ((select & ENABLE) == 0) {
            return NOTHING;
        }
        int kind = switch ((int) select & 0xFFFF) {
            case 0x00C0 -> INSTRUCTIONS;
            case 0x003C, 0x013C -> CYCLES;
            case 0x00C4 -> BRANCHES;
            default -> NOTHING;
        };
        int threshold = (int) (select >>> 24) & 0xFF;
        boolean inverted = (select & INVERT) != 0;
        boolean steady = kind == CYCLES;
        if (threshold == 0) {
            return steady && (select & EDGE) != 0 ? NOTHING : kind;
        }
        if (threshold > 1 || kind == NOTHING) {
            return inverted && (select & EDGE) == 0 ? CYCLES : NOTHING;
        }
        if (!inverted) {
            return steady && (select & EDGE) != 0 ? NOTHING : kind;
        }
        return kind == INSTRUCTIONS && (select & EDGE) == 0 ? OTHER_CYCLES : NOTHING;
    }

    // Registers

    long count(int counter) {
        update(cpu.execution.retired());
        return counts[counter];
    }

    long fixedCount(int counter) {
        return count(GENERAL + counter);
    }

    long select(int counter) {
        return selects[counter];
    }

    long fixedControl() {
        return fixedControl;
    }

    /** @return IA32_PERF_GLOBAL_CTRL */
    public long globalControl() {
        return globalControl;
    }

    long globalStatus() {
        update(cpu.execution.retired());
        return globalStatus;
    }

    /** IA32_PMCx: 32 bits, sign-extended. */
    boolean setNarrow(int counter, long value) {
        return set(counter, (int) value & COUNTER);
    }

    /** IA32_A_PMCx. */
    boolean set(int counter, long value) {
        if ((value & ~COUNTER) != 0) {
            return false;
        }
        settle();
        counts[counter] = value;
        return changed();
    }

    boolean setFixed(int counter, long value) {
        return set(GENERAL + counter, value);
    }

    boolean setSelect(int counter, long value) {
        if ((value & ~SELECT_DEFINED) != 0) {
            return false;
        }
        settle();
        selects[counter] = value;
        return changed();
    }

    boolean setFixedControl(long value) {
        if ((value & ~FIXED_DEFINED) != 0) {
            return false;
        }
        settle();
        fixedControl = value;
        return changed();
    }

    /** Writes IA32_PERF_GLOBAL_CTRL. @return false if a bit is reserved, and nothing is changed */
    public boolean setGlobalControl(long value) {
        if ((value & ~COUNTERS) != 0) {
            return false;
        }
        settle();
        globalControl = value;
        return changed();
    }

    boolean clearStatus(long value) {
        if ((value & ~(COUNTERS | OTHER_STATUS | (cpu.cpuid.has(Feature.INTEL_PT) ? TRACE_STATUS : 0))) != 0) {
            return false;
        }
        settle();
        globalStatus &= ~value;
        return true;
    }

    /** RDPMC: #GP(0) where there is no such counter, or CPL is above 0 and CR4.PCE is 0. */
    public long read(int which) {
        boolean fixed = (which & 1 << 30) != 0;
        int counter = which & ~(1 << 30);
        boolean there = counter >= 0 && counter < (fixed ? FIXED : GENERAL);
        if (!there || cpu.cpl != 0 && (cpu.system.cr4 & SystemState.CR4_PCE) == 0) {
            throw cpu.protection(0);
        }
        return fixed ? fixedCount(counter) : count(counter);
    }

    // State: it rests in the table of model-specific registers

    /** Puts what is to be saved among the model-specific registers. */
    public void save() {
        update(cpu.execution.retired());
        for (int i = 0; i < GENERAL; i++) {
            cpu.msrs.rest(A_PMC0 + i, counts[i]);
            cpu.msrs.rest(SELECT0 + i, selects[i]);
        }
        for (int i = 0; i < FIXED; i++) {
            cpu.msrs.rest(FIXED_CTR0 + i, counts[GENERAL + i]);
        }
        cpu.msrs.rest(FIXED_CTR_CTRL, fixedControl);
        cpu.msrs.rest(GLOBAL_CTRL, globalControl);
        cpu.msrs.rest(GLOBAL_STATUS, globalStatus);
    }

    /** Adopts what was saved; the registers and the run loop have been restored before. */
    public void restore() {
        for (int i = 0; i < GENERAL; i++) {
            counts[i] = cpu.msrs.rested(A_PMC0 + i);
            selects[i] = cpu.msrs.rested(SELECT0 + i);
        }
        for (int i = 0; i < FIXED; i++) {
            counts[GENERAL + i] = cpu.msrs.rested(FIXED_CTR0 + i);
        }
        fixedControl = cpu.msrs.rested(FIXED_CTR_CTRL);
        globalControl = cpu.msrs.rested(GLOBAL_CTRL);
        globalStatus = cpu.msrs.rested(GLOBAL_STATUS);
        rebase();
    }
}
