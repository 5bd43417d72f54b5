package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.RequestTranslator.Message;
import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.pci.RequestTranslator.Request;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.pci.bus.HostBridge;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Registers, tables, queues and requests by a seeded chance that knows where it hurts: whatever software and devices do, the unit serves or refuses, and no
 * look at it fails.
 */
class FuzzTest {
    private static final int STEPS = 3_000;
    private static final int TABLES = 24;
    private static final List<String> PROFILES = List.of("gm45", "client", "server", "scalable", "scalable-second");
    private static final int[] REGISTERS = {0x18, 0x20, 0x28, 0x34, 0x38, 0x40, 0x44, 0x58, 0x64, 0x68, 0x6C, 0x70, 0x78, 0x88, 0x90, 0x9C, 0xA0, 0xA8, 0xAC, 0xB0, 0xB8, 0xC0, 0xC8, 0xD0,
        0xDC, 0xE0, 0xE8, 0xEC, 0x108, 0x500, 0x508};
    private static final int[] REQUESTERS = {0x18, 0x19, 0x28, 0x87, 0x500, 0xFFFF};
    private static final int[] PASIDS = {-1, 0, 1, 63, 64, 0xFFFF, 0xF_FFFF};

    private SplittableRandom random;
    private Rig rig;
    private Endpoint device;
    private final SortedSet<Integer> reasons = new TreeSet<>();

    static Stream<Arguments> runs() {
        return PROFILES.stream().flatMap(profile -> Stream.of(1, 2).map(seed -> Arguments.of(profile, seed)));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @ParameterizedTest
    @MethodSource("runs")
    void nothingThatSoftwareOrDevicesDoIsAnException(String profile, int seed) {
        build(profile, seed);
        int passed = 0;
        for (int i = 0; i < STEPS; i++) {
            if (i % 60 == 0) {
                sane();
            }
            if (i % 20 == 0) {
                rig.unit.faults().forEach(fault -> reasons.add(fault.reason()));
                rig.clearFaults();
            }
            passed += step();
        }
        look();
        assertThat(passed).as("requests, translations and interrupts that were let through").isPositive();
        assertThat(reasons).as("the tables were looked at in depth").hasSizeGreaterThan(3);
        rig.unit.reset(Reset.COLD);
        assertThat(rig.get(0x1C)).as("off after a reset").isZero();
        assertThat(rig.read(0x18, 0x5000)).isEqualTo(0x5000);
    }

    private void build(String profile, int seed) {
        random = new SplittableRandom(seed);
        rig = new Rig(Rig.unit(profile, 0, seed == 2));
        device = new Endpoint("00:05.0");
        rig.machine.add(new HaltedProcessor(0));
        rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        rig.machine.add(device);
    }

    private int pick(int[] from) {
        return from[random.nextInt(from.length)];
    }

    /** Tables lie in a few pages, so that they meet: a context table that is a page table that is the queue. */
    private long table() {
        return Rig.ROOT + random.nextInt(TABLES) * 0x1000L;
    }

    private long place() {
        return switch (random.nextInt(10)) {
            case 0 -> Rig.BASE + (random.nextInt(0x1000) & ~7);
            case 1 -> 0xFEE0_0000L + random.nextInt(1 << 20);
            case 2 -> 0xE000_0000L + random.nextInt(1 << 28);
            case 3 -> random.nextLong();
            case 4 -> random.nextLong() >>> random.nextInt(64);
            case 5 -> (64L << 20) - random.nextInt(0x1000);
            default -> table();
        };
    }

    /** What an entry or a register may be: a table with a few bits, many bits, a descriptor. */
    private long value() {
        long low = random.nextInt(8) == 0 ? random.nextInt(0x1000) : random.nextInt(16) | (random.nextBoolean() ? 3 : 1);
        long high = random.nextInt(8) == 0 ? 1L << random.nextInt(64) : 0;
        return random.nextInt(12) == 0 ? random.nextLong() : place() & ~0xFFFL | low | high;
    }

    /** What software does that means well; what follows spoils it bit by bit. */
    private void sane() {
        boolean scalable = (rig.get64(0x10) >>> 43 & 1) != 0 && random.nextInt(6) != 0;
        tables(scalable);
        rig.set64(0x20, Rig.ROOT | (scalable ? 1 << 10 : 0) | (random.nextInt(10) == 0 ? random.nextInt(4) << 10 : 0));
        rig.set64(0x90, table() | random.nextInt(3) | (scalable ? 0x800 : 0));
        rig.set64(0xB8, page(18) | 9 | (random.nextBoolean() ? 0x800 : 0));
        rig.set64(0xD0, table() | random.nextInt(3));
        rig.set64(0x88, 0);
        for (int bit : new int[] {Rig.SRTP, Rig.SIRTP, Rig.QIE, Rig.IRE, Rig.TE}) {
            rig.command(random.nextInt(8) == 0 ? 0 : bit);
        }
        for (int event : new int[] {0x38, 0xA0, 0xE0}) {
            rig.set(event + 8, 0xFEE0_0000 | random.nextInt(1 << 20));
            rig.set(event, 0);
        }
    }

    private static long page(int number) {
        return Rig.ROOT + number * 0x1000L;
    }

    /** Every entry of a page, in groups. */
    private void fill(int page, long... values) {
        for (int i = 0; i < 512; i++) {
            rig.poke(page(page) + 8 * i, values[i % values.length]);
        }
    }

    /** Pages 0 to 17 are tables of every kind, 18 and 19 interrupt entries. */
    private void tables(boolean scalable) {
        if (scalable) {
            fill(0, page(1) | 1);
            fill(1, page(2) | 7 << 9 | 0x1D, 0, 0, 0);
            fill(2, page(3) | 1);
            fill(3, pasid(1, 4, 8), pasid(2, 4, 8), pasid(3, 4, 8), pasid(4, 4, 8), pasid(1, 4, 12));
        } else {
            fill(0, page(1) | 1, 0);
            fill(1, page(4) | 1, 3 << 8 | 2, page(4) | 5, 4 << 8 | 2, 9, 5 << 8 | 2, page(5) | 1, 3 << 8 | 1);
        }
        for (int i = 0; i < 4; i++) {
            long leaf = i == 3 ? place() & 0xFFFF_FFFF_F000L : page(5 + i);
            long big = i == 1 || i == 2 ? 0x80 | place() & 0xFFFF_C000_0000L : leaf;
            fill(4 + i, leaf | 3, leaf | 3, big | 3, leaf | 1, leaf | 3);
            leaf = i == 3 ? leaf : page(9 + i);
            fill(8 + i, leaf | 7, leaf | 0x27, big | 7, leaf | 5, leaf | 0x67);
        }
        fill(12, page(8) | 7);
        fill(18, 1 | 0x45_0000, 0, 1 | 0x46_0000, 1 << 18 | 0x28, 0x8001 | 0x47_0000, 0, page(20) | 0x8001, 0);
        fill(19, 5 | 0xE0, 2 << 18 | 0x0006);
    }

    private long[] pasid(int type, int second, int first) {
        return new long[] {page(second) | 2 << 2 | (long) type << 6 | 1, 3 | ScalableRig.PWSNP, page(first) | 0x13 | (first == 12 ? 4 : 0), 0, 0, 0, 0, 0};
    }

    private void fill(int page, long[]... groups) {
        long[] values = new long[512];
        for (int i = 0; i < 512; i++) {
            values[i] = groups[i / 8 % groups.length][i % 8];
        }
        fill(page, values);
    }

    private int step() {
        switch (random.nextInt(12)) {
            case 0 -> register();
            case 1 -> rig.machine.memory().read(Rig.BASE + random.nextInt(0x1000), 1 << random.nextInt(4));
            case 2 -> rig.poke(table() + random.nextInt(512) * 8L, value());
            case 3 -> spoil();
            case 4, 5 -> submit();
            case 6, 7, 8 -> {
                return translate();
            }
            case 9 -> {
                return random.nextBoolean() ? translation() : interrupt();
            }
            case 10 -> devices();
            default -> rest();
        }
        return 0;
    }

    private void register() {
        if (random.nextInt(4) != 0) {
            return;
        }
        int at = random.nextBoolean() ? pick(REGISTERS) : random.nextInt(0x1000);
        long value = random.nextBoolean() ? value() : random.nextLong();
        rig.machine.memory().write(Rig.BASE + at, 1 << random.nextInt(4), value);
    }

    /** Changes a bit in every entry of a page, or the whole page. */
    private void spoil() {
        long table = table();
        int stride = 1 << random.nextInt(4);
        long bit = 1L << random.nextInt(64);
        long value = random.nextInt(10) == 0 ? value() : 0;
        for (int i = random.nextInt(stride); i < 512; i += stride) {
            rig.poke(table + 8 * i, value != 0 ? value : rig.peek(table + 8 * i) ^ bit);
        }
    }

    private void submit() {
        long at = rig.get64(0x90) & ~0xFFFL;
        long tail = rig.get64(0x88);
        if (at >= Rig.ROOT && at < Rig.ROOT + TABLES * 0x1000L) {
            long kind = random.nextInt(16) | (random.nextInt(8) == 0 ? 0x200 : 0);
            long low = kind | random.nextInt() & 0xFFFF_FFF0L & (random.nextBoolean() ? -1 : 0xFFFF_F0F0L) | (long) pick(REQUESTERS) << 32;
            rig.poke(at + tail, low);
            rig.poke(at + tail + 8, random.nextBoolean() ? place() : random.nextInt(0x80) | place() & ~0xFFFL);
        }
        rig.set64(0x88, random.nextInt(10) == 0 ? random.nextLong() : tail + 16 * random.nextInt(4));
    }

    private int translate() {
        Request request = new Request();
        request.sourceId = pick(REQUESTERS);
        request.pasid = pick(PASIDS);
        request.address = place();
        request.length = random.nextInt(5);
        request.write = request.length != 0 && random.nextBoolean();
        request.execute = random.nextInt(4) == 0;
        request.privileged = random.nextBoolean();
        request.translated = random.nextInt(4) == 0;
        boolean passed = rig.unit.translate(request);
        assertThat(passed && request.covered < 1).as("%x is passed and covers nothing", request.address).isFalse();
        return passed ? 1 : 0;
    }

    private int translation() {
        Translation asked = new Translation();
        asked.sourceId = pick(REQUESTERS);
        asked.pasid = pick(PASIDS);
        asked.address = place();
        asked.noWrite = random.nextBoolean();
        asked.execute = random.nextBoolean();
        asked.privileged = random.nextBoolean();
        boolean given = rig.unit.translation(asked);
        assertThat(given && (Long.bitCount(asked.length) != 1 || asked.length < 4096 || (asked.hostPhysical & asked.length - 1) != 0))
            .as("%x: %x, %x bytes", asked.address, asked.hostPhysical, asked.length).isFalse();
        return given ? 1 : 0;
    }

    private void devices() {
        device.answers = random.nextInt(3) != 0;
        if (random.nextBoolean()) {
            rig.unit.invalidated(pick(REQUESTERS), random.nextInt(), random.nextInt(8));
            return;
        }
        PageRequest request = new PageRequest();
        request.sourceId = pick(REQUESTERS);
        request.pasid = pick(PASIDS);
        request.address = place();
        request.read = random.nextBoolean();
        request.write = random.nextBoolean();
        request.execute = random.nextBoolean();
        request.last = random.nextBoolean();
        request.group = random.nextInt(512);
        rig.unit.pageRequest(request);
        device.told.clear();
        device.unanswered.clear();
    }

    private int interrupt() {
        Message message = new Message();
        message.sourceId = pick(REQUESTERS);
        message.address = 0xFEE0_0000L | random.nextInt(1 << 20) | (random.nextInt(8) == 0 ? random.nextLong() : 0);
        message.data = random.nextBoolean() ? random.nextInt() : random.nextInt(16);
        boolean passed = rig.unit.remap(message);
        rig.messages.heard.clear();
        return passed ? 1 : 0;
    }

    private void rest() {
        switch (random.nextInt(60)) {
            case 0 -> look();
            case 1 -> carryOver();
            case 2 -> rig.unit.watchStale(random.nextBoolean());
            case 3 -> rig.unit.reset(random.nextBoolean() ? Reset.WARM : Reset.COLD);
            case 4 -> pass();
            default -> rig.unit.walk(pick(REQUESTERS), pick(PASIDS), place());
        }
    }

    private void look() {
        rig.unit.faults();
        rig.unit.tallies();
        rig.unit.cached();
        rig.unit.domains();
        rig.unit.lint();
        rig.unit.stale();
        rig.unit.registerBlocks();
        for (int i = 0; i < 8; i++) {
            rig.unit.walkInterrupt(random.nextInt(1 << 16), pick(REQUESTERS));
        }
    }

    private void carryOver() {
        State saved = rig.unit.save();
        rig.unit.restore(saved);
        assertThat(rig.unit.save()).usingRecursiveComparison().isEqualTo(saved);
    }

    private void pass() {
        try {
            rig.machine.run(new RunLimits(Long.MAX_VALUE, 60_000_000, null));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
