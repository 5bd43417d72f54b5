package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random maps, unmaps, invalidations forgotten or not, and DMA, against a plain reference: an array of pages for each domain, with every value a page
 * had since its last invalidation. A request goes where its page leads now or has led since then, never elsewhere; after an invalidation only where it leads now.
 */
class ModelTest {
    private static final int DOMAINS = 4;
    private static final int PAGES = 64;
    private static final int TARGETS = 1024;
    private static final int OPERATIONS = Integer.getInteger("vtsim.vtd.operations", 1_000_000);
    private static final long IOVA = 0x7FE0_0000L;
    private static final long TARGET = 0x200_0000;

    private final SplittableRandom random = new SplittableRandom(0x5EED);
    /** What a page is now: target × 4 + rights; 0 not mapped. */
    private final int[][] now = new int[DOMAINS][PAGES];
    /** What a page has been since its last invalidation, and may be cached as. */
    private final boolean[][][] since = new boolean[DOMAINS][PAGES][];
    private final long[] tables = new long[DOMAINS];
    private final long[][] leaves = new long[DOMAINS][PAGES];
    private long stale;
    private long exact;

    @Test
    void noRequestGoesWhereItsDomainDoesNotLead() {
        try (Rig rig = new Rig(new RemappingHardware("vtd0", BaseRegister.Layout.FIXED, Rig.BASE, Scope.parse("all", ""), Capability.of("client", 8, false),
                new Caches(128, TranslationCache.Replacement.LRU)))) {
            rig.enable().queue();
            for (int domain = 0; domain < DOMAINS; domain++) {
                tables[domain] = rig.domain(source(domain), domain + 1);
                for (int page = 0; page < PAGES; page++) {
                    leaves[domain][page] = rig.entry(tables[domain], 3, address(page), 1);
                    since[domain][page] = new boolean[TARGETS * 4];
                    since[domain][page][0] = true;
                }
            }
            for (int i = 0; i < OPERATIONS; i++) {
                step(rig);
            }
            assertThat(stale).as("stale uses met").isGreaterThan(OPERATIONS / 1000);
            assertThat(exact).as("requests that could go one way only").isGreaterThan(OPERATIONS / 20);
        }
    }

    private static int source(int domain) {
        return 0x10 + domain;
    }

    private static long address(int page) {
        return IOVA + page * 0x1000L;
    }

    private void step(Rig rig) {
        int domain = random.nextInt(DOMAINS);
        int page = random.nextInt(PAGES);
        switch (random.nextInt(10)) {
            case 0 -> change(rig, domain, page, random.nextInt(TARGETS) << 2 | 1 + random.nextInt(3));
            case 1 -> change(rig, domain, page, 0);
            case 2 -> invalidate(rig, domain, page, random.nextInt(4));
            case 3 -> {
                if (random.nextInt(20) == 0) {
                    invalidateDomain(rig, domain);
                }
            }
            case 4 -> {
                if (random.nextInt(40) == 0) {
                    rig.submit(2 | 0x10, 0);
                    for (int each = 0; each < DOMAINS; each++) {
                        settle(each, 0, PAGES);
                    }
                }
            }
            default -> request(rig, domain, page, random.nextBoolean());
        }
    }

    private void change(Rig rig, int domain, int page, int value) {
        now[domain][page] = value;
        since[domain][page][value] = true;
        rig.poke(leaves[domain][page], value == 0 ? 0 : TARGET + (value >> 2) * 0x1000L | value & 3);
    }

    private void invalidate(Rig rig, int domain, int page, int mask) {
        if (random.nextBoolean()) {
            rig.submit(2 | 0x30 | (domain + 1L) << 16, address(page) | (random.nextBoolean() ? 0x40 : 0) | mask);
        } else {
            rig.set64(0x500, address(page) | mask);
            rig.set64(0x508, 1L << 63 | 3L << 60 | (domain + 1L) << 32);
        }
        settle(domain, page >> mask << mask, 1 << mask);
    }

    private void invalidateDomain(Rig rig, int domain) {
        rig.submit(2 | 0x20 | (domain + 1L) << 16, 0);
        settle(domain, 0, PAGES);
    }

    private void settle(int domain, int from, int count) {
        for (int page = from; page < from + count; page++) {
            Arrays.fill(since[domain][page], false);
            since[domain][page][now[domain][page]] = true;
        }
    }

    private void request(Rig rig, int domain, int page, boolean write) {
        long where = rig.dma(source(domain), address(page) + 8, write);
        int need = write ? 2 : 1;
        boolean allowed = false;
        int ways = 0;
        for (int value = 0; value < since[domain][page].length; value++) {
            if (since[domain][page][value]) {
                ways++;
                allowed |= where == ((value & need) != 0 ? TARGET + (value >> 2) * 0x1000L + 8 : -1);
            }
        }
        assertThat(allowed).as("domain %d page %d %s goes to %x", domain, page, write ? "write" : "read", where).isTrue();
        exact += ways == 1 ? 1 : 0;
        int value = now[domain][page];
        stale += where != ((value & need) != 0 ? TARGET + (value >> 2) * 0x1000L + 8 : -1) ? 1 : 0;
    }
}
