package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * As {@link ModelTest}, in scalable mode: processes on first-stage, second-stage and nested tables, which change their pages and now and then their tables.
 * A request goes where its page leads now or may still be cached to lead, never elsewhere; after the invalidation that the specification asks for only
 * where it leads now.
 */
class ProcessModelTest {
    private static final int DEV = 0x18;
    private static final int FIRST = 4;
    private static final int SECOND = 2;
    private static final int NESTED = 2;
    private static final int PROCESSES = FIRST + SECOND + NESTED;
    private static final int SPACES = 6 + SECOND + NESTED;
    private static final int PAGES = 32;
    private static final int TARGETS = 128;
    private static final int OPERATIONS = Integer.getInteger("vtsim.vtd.operations", 1_000_000);
    private static final long VA = 0x4000_0000L;
    private static final long GPA = 0x10_0000_0000L;
    private static final long TARGET = 0x200_0000;

    private final SplittableRandom random = new SplittableRandom(0xD0_5EED);
    private final ScalableRig r = new ScalableRig(new RemappingHardware("vtd0", BaseRegister.Layout.FIXED, Rig.BASE, Scope.parse("all", ""),
            Capability.of("scalable", 8, false), new Caches(64, TranslationCache.Replacement.LRU)));
    private final long[] tops = new long[SPACES];
    private final long[][] leaves = new long[SPACES][PAGES];
    /** What a page of a space is now: target × 4 + rights; 0 not mapped. */
    private final int[][] now = new int[SPACES][PAGES];
    /** The space a process has, those its PASID entry may still be cached with, and those its paging structures may be. */
    private final int[] space = new int[PROCESSES];
    private final BitSet[] entries = new BitSet[PROCESSES];
    private final BitSet[] structures = new BitSet[PROCESSES];
    /** What a page of a process may be cached as. */
    private final BitSet[][] since = new BitSet[PROCESSES][PAGES];
    private long stale;
    private long exact;

    private static boolean isFirst(int process) {
        return process < FIRST;
    }

    private static boolean isNested(int process) {
        return process >= FIRST + SECOND;
    }

    /** First-stage processes share two domains; the others have one each. */
    private static int domain(int process) {
        return isFirst(process) ? 1 + process % 2 : process;
    }

    private static int pasid(int process) {
        return 10 + 70 * process;
    }

    private static long address(int page) {
        return VA + page * 0x1000L;
    }

    private void build() {
        for (int each = 0; each < SPACES; each++) {
            boolean first = each < SPACES - SECOND - NESTED;
            tops[each] = r.rig.page();
            for (int page = 0; page < PAGES; page++) {
                boolean nested = each >= SPACES - NESTED;
                leaves[each][page] = first ? r.mapFirst(tops[each], 4, address(page), 0, 0) : r.rig.entry(tops[each], 4, nested ? GPA + page * 0x1000L : address(page), 1);
            }
        }
        for (int process = 0; process < PROCESSES; process++) {
            entries[process] = new BitSet();
            structures[process] = new BitSet();
            for (int page = 0; page < PAGES; page++) {
                since[process][page] = new BitSet();
                since[process][page].set(0);
            }
            use(process, isFirst(process) ? process : SPACES - PROCESSES + process);
        }
    }

    /** Gives a process its tables. */
    private void use(int process, int chosen) {
        space[process] = chosen;
        entries[process].set(chosen);
        structures[process].set(chosen);
        for (int page = 0; page < PAGES; page++) {
            since[process][page].set(value(chosen, page));
        }
        if (isFirst(process)) {
            r.entry(DEV, pasid(process), domain(process), ScalableRig.FIRST, 0, tops[chosen], 0);
        } else if (!isNested(process)) {
            r.entry(DEV, pasid(process), domain(process), ScalableRig.SECOND, tops[chosen], 0, 0);
        } else {
            long guest = r.rig.page();
            for (int page = 0; page < PAGES; page++) {
                r.mapFirst(guest, 4, address(page), GPA + page * 0x1000L, ScalableRig.PRWU);
            }
            for (long each = guest; each < guest + 0x8000; each += 0x1000) {
                r.map(tops[chosen], each, each, 3);
            }
            r.entry(DEV, pasid(process), domain(process), ScalableRig.NESTED, tops[chosen], guest, 0);
        }
    }

    @Test
    void noRequestGoesWhereItsProcessDoesNotLead() {
        try (r) {
            build();
            for (int i = 0; i < OPERATIONS; i++) {
                step();
            }
            assertThat(stale).as("stale uses met").isGreaterThan(OPERATIONS / 1000);
            assertThat(exact).as("requests that could go one way only").isGreaterThan(OPERATIONS / 20);
        }
    }

    private void step() {
        int process = random.nextInt(PROCESSES);
        int page = random.nextInt(PAGES);
        switch (random.nextInt(12)) {
            case 0 -> change(random.nextInt(SPACES), page, random.nextInt(TARGETS) << 2 | 1 + random.nextInt(3));
            case 1 -> change(random.nextInt(SPACES), page, 0);
            case 2 -> invalidatePages(process, page, random.nextInt(4));
            case 3 -> invalidateProcess(process);
            case 4 -> {
                if (random.nextInt(8) == 0) {
                    invalidateDomain(process);
                }
            }
            case 5 -> {
                if (isFirst(process) && random.nextInt(4) == 0) {
                    use(process, random.nextInt(SPACES - SECOND - NESTED));
                }
            }
            case 6 -> forgetEntries(process);
            default -> request(process, page, random.nextBoolean());
        }
    }

    private void change(int each, int page, int value) {
        boolean first = each < SPACES - SECOND - NESTED;
        // A first-stage page that is present can be read.
        int kept = first && value != 0 ? value | 1 : value;
        now[each][page] = kept;
        long target = TARGET + ((kept >> 2) + each * TARGETS) * 0x1000L;
        r.rig.poke(leaves[each][page], kept == 0 ? 0 : target | (first ? 1 | kept & 2 | 4 : kept & 3));
        for (int process = 0; process < PROCESSES; process++) {
            if (entries[process].get(each) || structures[process].get(each)) {
                since[process][page].set(value(each, page));
            }
        }
    }

    /** Values carry their space, so that a leak across spaces shows. */
    private int value(int each, int page) {
        return now[each][page] == 0 ? 0 : now[each][page] | each << 16;
    }

    private void settle(int process, int from, int count, BitSet sources) {
        for (int page = from; page < from + count; page++) {
            since[process][page].clear();
            for (int each = sources.nextSetBit(0); each >= 0; each = sources.nextSetBit(each + 1)) {
                since[process][page].set(value(each, page));
            }
        }
    }

    /** What a walk may begin with now. */
    private BitSet sources(int process) {
        BitSet sources = (BitSet) entries[process].clone();
        sources.or(structures[process]);
        return sources;
    }

    private void invalidatePages(int process, int page, int mask) {
        if (isFirst(process) || isNested(process) && random.nextBoolean()) {
            boolean hint = random.nextBoolean();
            r.submit(6 | 3 << 4 | (long) domain(process) << 16 | (long) pasid(process) << 32, address(page) | mask | (hint ? 1 << 6 : 0));
            if (!hint) {
                structures[process] = (BitSet) entries[process].clone();
            }
            settle(process, page >> mask << mask, 1 << mask, sources(process));
            return;
        }
        long where = isNested(process) ? GPA + page * 0x1000L : address(page);
        r.submit(2 | 3 << 4 | (long) domain(process) << 16, where | mask);
        settle(process, isNested(process) ? 0 : page >> mask << mask, isNested(process) ? PAGES : 1 << mask, sources(process));
    }

    private void invalidateProcess(int process) {
        r.submit(6 | 2 << 4 | (long) domain(process) << 16 | (long) pasid(process) << 32, 0);
        if (isFirst(process) || isNested(process)) {
            structures[process] = (BitSet) entries[process].clone();
            settle(process, 0, PAGES, sources(process));
        }
    }

    private void invalidateDomain(int process) {
        r.submit(2 | 2 << 4 | (long) domain(process) << 16, 0);
        for (int each = 0; each < PROCESSES; each++) {
            if (domain(each) == domain(process)) {
                structures[each] = (BitSet) entries[each].clone();
                settle(each, 0, PAGES, sources(each));
            }
        }
    }

    /** The PASID cache: of a process, of a domain, or whole. Translations that are cached stay. */
    private void forgetEntries(int process) {
        int granularity = new int[] {0, 1, 3}[random.nextInt(3)];
        r.submit(7 | granularity << 4 | (long) domain(process) << 16 | (long) pasid(process) << 32, 0);
        for (int each = 0; each < PROCESSES; each++) {
            if (granularity == 3 || each == process || granularity == 0 && domain(each) == domain(process)) {
                entries[each].clear();
                entries[each].set(space[each]);
            }
        }
    }

    private static long leads(int value, boolean write) {
        int need = write ? 2 : 1;
        return (value & need) != 0 ? TARGET + ((value >> 2 & 0x3FFF) + (value >> 16) * TARGETS) * 0x1000L + 8 : -1;
    }

    private void request(int process, int page, boolean write) {
        long where = write ? r.write(DEV, pasid(process), address(page) + 8) : r.read(DEV, pasid(process), address(page) + 8);
        boolean allowed = false;
        BitSet values = since[process][page];
        for (int value = values.nextSetBit(0); value >= 0; value = values.nextSetBit(value + 1)) {
            allowed |= where == leads(value, write);
        }
        assertThat(allowed).as("process %d page %d %s goes to %x", process, page, write ? "write" : "read", where).isTrue();
        exact += values.cardinality() == 1 ? 1 : 0;
        stale += where != leads(value(space[process], page), write) ? 1 : 0;
    }
}
