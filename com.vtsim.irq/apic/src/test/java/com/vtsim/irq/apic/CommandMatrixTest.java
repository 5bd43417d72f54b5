package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.irq.LocalApicPort;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every delivery mode of the ICR with every kind of destination, from each of eight processors to each, in xAPIC and in x2APIC mode.
 *
 * @sdm Interrupt Command Register (ICR); Valid Combinations for the Pentium 4 and Intel Xeon Processors' Local xAPIC ICR; ICR Operation in x2APIC Mode
 */
class CommandMatrixTest {
    private static final int CPUS = 8;
    private static final int ASSERT = 1 << 14;
    private static final int LOGICAL = 1 << 11;
    private static final int VECTOR = 0x31;
    private static final String[] MODES = {"fixed", "lowest", "smi", "reserved", "nmi", "init", "startup", "extint"};

    static Stream<Arguments> modes() {
        return Stream.of(false, true).flatMap(x2 -> IntStream.range(0, MODES.length).mapToObj(mode -> Arguments.of(MODES[mode], mode, x2)));
    }

    private static Bench bench(boolean x2) {
        Bench bench = new Bench(CPUS).enabled();
        for (int i = 0; i < CPUS; i++) {
            bench.set(i, ApicRegister.LDR, 1L << 24 + i);
        }
        if (x2) {
            for (int i = 0; i < CPUS; i++) {
                LocalApicPort apic = bench.irq.localApic(i);
                assertThat(apic.base(apic.base() | LocalApic.EXTD)).isTrue();
            }
        }
        return bench;
    }

    private static void send(Bench bench, boolean x2, int from, int destination, int low) {
        if (x2) {
            bench.running = from;
            assertThat(bench.irq.localApic(from).writeX2apic(0x830, (long) destination << 32 | low)).isTrue();
        } else {
            bench.ipi(from, destination, low);
        }
    }

    /** @return the processors at which something has arrived, once each */
    private static List<Integer> arrived(Bench bench, boolean x2, String mode) {
        List<Integer> there = new ArrayList<>();
        for (int i = 0; i < CPUS; i++) {
            int vector = bench.take(i);
            if (vector >= 0) {
                assertThat(vector).isEqualTo(VECTOR);
                assertThat(mode).isIn("fixed", "lowest");
                there.add(i);
                if (x2) {
                    bench.irq.localApic(i).writeX2apic(0x80B, 0);
                } else {
                    bench.eoi(i);
                }
                assertThat(bench.take(i)).as("a second one").isEqualTo(-1);
            }
            for (String message : bench.cpus.get(i).messages) {
                assertThat(message).isEqualTo(mode.equals("startup") ? "startup " + Integer.toHexString(VECTOR) : mode);
                there.add(i);
            }
            bench.cpus.get(i).messages.clear();
        }
        return there;
    }

    /** SMI reaches nobody on a platform without SMM; remote read and mode 7 are no commands. */
    private static boolean exists(String mode) {
        return !List.of("smi", "reserved", "extint").contains(mode);
    }

    @ParameterizedTest(name = "{0}, x2APIC {2}")
    @MethodSource("modes")
    void eachReachesEachAlone(String mode, int number, boolean x2) {
        Bench bench = bench(x2);
        for (int from = 0; from < CPUS; from++) {
            for (int to = 0; to < CPUS; to++) {
                send(bench, x2, from, to, ASSERT | number << 8 | VECTOR);
                assertThat(arrived(bench, x2, mode)).as("physical, cpu%d to cpu%d", from, to).isEqualTo(exists(mode) ? List.of(to) : List.of());
                // In x2APIC mode the logical ID is a cluster of 16 in bits 31:16 and one bit below; in the flat model eight bits.
                send(bench, x2, from, 1 << to, LOGICAL | ASSERT | number << 8 | VECTOR);
                assertThat(arrived(bench, x2, mode)).as("logical, cpu%d to cpu%d", from, to).isEqualTo(exists(mode) ? List.of(to) : List.of());
            }
        }
    }

    @ParameterizedTest(name = "{0}, x2APIC {2}")
    @MethodSource("modes")
    void aSetIsReachedWholeOrByOneOfIt(String mode, int number, boolean x2) {
        Bench bench = bench(x2);
        for (int set = 1; set < 256; set += 7) {
            send(bench, x2, set % CPUS, set, LOGICAL | ASSERT | number << 8 | VECTOR);
            List<Integer> there = arrived(bench, x2, mode);
            int members = set;
            List<Integer> all = IntStream.range(0, CPUS).filter(i -> (members >> i & 1) != 0).boxed().toList();
            if (mode.equals("lowest")) {
                assertThat(there).hasSize(1).isSubsetOf(all);
            } else {
                assertThat(there).isEqualTo(exists(mode) ? all : List.of());
            }
        }
    }

    @ParameterizedTest(name = "{0}, x2APIC {2}")
    @MethodSource("modes")
    void broadcastReachesAll(String mode, int number, boolean x2) {
        Bench bench = bench(x2);
        send(bench, x2, 3, x2 ? -1 : 0xFF, ASSERT | number << 8 | VECTOR);
        List<Integer> there = arrived(bench, x2, mode);
        if (mode.equals("lowest")) {
            assertThat(there).hasSize(1);
        } else {
            assertThat(there).isEqualTo(exists(mode) ? List.of(0, 1, 2, 3, 4, 5, 6, 7) : List.of());
        }
    }

    @ParameterizedTest(name = "{0}, x2APIC {2}")
    @MethodSource("modes")
    void shorthands(String mode, int number, boolean x2) {
        Bench bench = bench(x2);
        for (int from = 0; from < CPUS; from++) {
            int sender = from;
            boolean fixed = mode.equals("fixed");
            send(bench, x2, from, 5, 1 << 18 | ASSERT | number << 8 | VECTOR);
            assertThat(arrived(bench, x2, mode)).as("self").isEqualTo(fixed ? List.of(from) : List.of());
            send(bench, x2, from, 5, 2 << 18 | ASSERT | number << 8 | VECTOR);
            assertThat(arrived(bench, x2, mode)).as("all").isEqualTo(fixed ? List.of(0, 1, 2, 3, 4, 5, 6, 7) : List.of());
            send(bench, x2, from, 5, 3 << 18 | ASSERT | number << 8 | VECTOR);
            List<Integer> others = IntStream.range(0, CPUS).filter(i -> i != sender).boxed().toList();
            if (mode.equals("lowest")) {
                assertThat(arrived(bench, x2, mode)).as("others").hasSize(1).isSubsetOf(others);
            } else {
                assertThat(arrived(bench, x2, mode)).as("others").isEqualTo(exists(mode) ? others : List.of());
            }
        }
    }
}
