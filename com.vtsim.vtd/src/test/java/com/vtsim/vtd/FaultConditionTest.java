package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.DTE;
import static com.vtsim.vtd.ScalableRig.FIRST;
import static com.vtsim.vtd.ScalableRig.NESTED;
import static com.vtsim.vtd.ScalableRig.PASIDE;
import static com.vtsim.vtd.ScalableRig.PASS;
import static com.vtsim.vtd.ScalableRig.PRE;
import static com.vtsim.vtd.ScalableRig.PRWU;
import static com.vtsim.vtd.ScalableRig.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.Upstream.Prefix;
import com.vtsim.pci.bus.HostBridge;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The table "Fault Conditions and Remapping Hardware Behavior for Various Requests" of the VT-d specification, scalable mode: what becomes of a translation request,
 * a translated request and a page request under each condition. {@link ScalableTest} has the untranslated ones.
 */
class FaultConditionTest {
    private static final int DEV = 0x28;
    private static final long VA = 0x7FFF_FFE0_1000L;
    private static final long OWN = 0x200_0000;
    private static final long PAGES = 0x38_0000;
    private static final long NOWHERE = 0x10_0000_0000L;
    private static final long BEYOND = 1L << 46;
    private static final int CA = Translation.ABORT;
    private static final int UR = Translation.UNSUPPORTED;
    /** Completes successfully without rights, and nothing is recorded. */
    private static final int NONE = Translation.SUCCESS;

    /** A device, its process 1 with a page at VA, and a page request queue. */
    private static final class Bench implements AutoCloseable {
        final ScalableRig r = new ScalableRig();
        final Endpoint device = new Endpoint("00:05.0");
        int pasid = 1;
        long address = VA;

        Bench() {
            r.rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
            r.rig.machine.add(device);
            r.context(DEV, DTE | PASIDE | PRE);
            r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
            r.rig.set64(0xD0, PAGES);
        }

        void set(long at, long bits) {
            r.rig.poke(at, r.rig.peek(at) | bits);
        }

        void clear(long at, long bits) {
            r.rig.poke(at, r.rig.peek(at) & ~bits);
        }

        void root(long value) {
            r.rig.set64(0x20, value);
            r.rig.command(Rig.SRTP);
        }

        long top() {
            return r.rig.peek(r.pasidEntry(DEV, 1) + 16) & ~0xFFFL;
        }

        /** A second stage for process 1, which asks for 1000h. */
        void second(Consumer<Long> tables) {
            address = 0x1000;
            tables.accept(r.second(DEV, 1, 1));
        }

        /** A nested translation. @return where the PASID table entry is */
        long nested(long top) {
            r.entry(DEV, 1, 1, NESTED, r.rig.page(), top, 0);
            return r.pasidEntry(DEV, 1);
        }

        /** Legacy tables of three levels at another root table. */
        void legacy() {
            r.rig.poke(r.rootEntry(DEV), 0);
            r.rig.context(DEV, 1, r.rig.page(), 3, 1);
            root(Rig.ROOT);
        }

        long legacyTable() {
            return r.rig.peek(r.rig.contextEntry(DEV)) & ~0xFFFL;
        }

        @Override
        public void close() {
            r.close();
        }
    }

    /**
     * A condition.
     *
     * @param translation what a translation request comes to
     * @param page        whether it concerns page requests too
     */
    private record Condition(String code, int reason, int translation, boolean page, Consumer<Bench> tables) { }

    private static Stream<Condition> conditions() {
        return Stream.of(
            new Condition("RTA.1.2", 0x30, CA, true, b -> b.root(Rig.ROOT | 2 << 10)),
            new Condition("RTA.2", 0x31, UR, false, b -> b.root(Rig.ROOT)),
            new Condition("RTA.4", 0x33, UR, true, b -> b.root(3 << 10)),
            new Condition("SRT.1", 0x38, CA, true, b -> b.root(NOWHERE | 1 << 10)),
            new Condition("SRT.2", 0x39, UR, true, b -> b.clear(b.r.rootEntry(DEV), 1)),
            new Condition("SRT.3", 0x3A, CA, true, b -> b.set(b.r.rootEntry(DEV), 2)),
            new Condition("SCT.1", 0x40, CA, true, b -> b.r.rig.poke(b.r.rootEntry(DEV), NOWHERE | 1)),
            new Condition("SCT.2", 0x41, UR, true, b -> b.clear(b.r.contextEntry(DEV), 1)),
            new Condition("SCT.3", 0x42, CA, true, b -> b.set(b.r.contextEntry(DEV), 1 << 5)),
            new Condition("SCT.4.1", 0x43, CA, true, b -> b.clear(b.r.contextEntry(DEV), DTE)),
            new Condition("SCT.4.2", 0x43, CA, true, b -> b.set(b.r.contextEntry(DEV) + 8, ScalableRig.PROCESSES)),
            new Condition("SCT.5", 0x44, UR, false, b -> b.clear(b.r.contextEntry(DEV), DTE | PRE)),
            new Condition("SCT.6", 0x45, UR, true, b -> b.clear(b.r.contextEntry(DEV), PASIDE)),
            new Condition("SCT.7", 0x46, UR, true, b -> b.pasid = ScalableRig.PROCESSES),
            new Condition("SCT.9", 0x48, UR, true, b -> b.set(b.r.contextEntry(DEV) + 8, 1)),
            new Condition("SPD.1", 0x50, CA, true, b -> b.r.rig.poke(b.r.contextEntry(DEV), NOWHERE | DTE | PASIDE | PRE | 1)),
            new Condition("SPD.2", 0x51, NONE, true, b -> b.clear(b.r.directoryEntry(DEV, 1), 1)),
            new Condition("SPD.3", 0x52, CA, true, b -> b.set(b.r.directoryEntry(DEV, 1), 4)),
            new Condition("SPT.1", 0x58, CA, true, b -> b.r.rig.poke(b.r.directoryEntry(DEV, 1), NOWHERE | 1)),
            new Condition("SPT.2", 0x59, NONE, true, b -> b.clear(b.r.pasidEntry(DEV, 1), 1)),
            new Condition("SPT.3", 0x5A, CA, true, b -> b.set(b.r.pasidEntry(DEV, 1), 1 << 10)),
            new Condition("SPT.4.1", 0x5B, CA, true, b -> b.r.rig.poke(b.r.pasidEntry(DEV, 1), b.r.rig.page() | SECOND << 6 | 1)),
            new Condition("SPT.4.2", 0x5B, CA, true, b -> b.r.entry(DEV, 1, 1, 7, 0, 0, 0)),
            new Condition("SPT.4.3", 0x5B, CA, true, b -> b.set(b.r.pasidEntry(DEV, 1) + 16, 8)),
            new Condition("SPT.4.4", 0x5B, CA, true, b -> b.r.rig.poke(b.nested(1L << 40), b.r.rig.page() | 1 << 2 | NESTED << 6 | 1)),
            new Condition("SFS.1", 0x70, NONE, false, b -> b.r.rig.poke(b.top() + (VA >>> 39 & 0x1FF) * 8, NOWHERE | 7)),
            new Condition("SFS.2", 0x71, NONE, false, b -> b.r.mapFirst(b.top(), 4, VA, OWN, 6)),
            new Condition("SFS.3", 0x72, NONE, false, b -> b.r.mapFirst(b.top(), 4, VA, BEYOND, 7)),
            new Condition("SFS.4", 0x73, NONE, false, b -> b.r.entry(DEV, 1, 1, FIRST, 0, NOWHERE, 0)),
            new Condition("SFS.9", 0x90, NONE, false, b -> b.clear(b.r.pasidEntry(DEV, 1) + 8, ScalableRig.PWSNP)),
            new Condition("SSS.1", 0x78, CA, false, b -> b.second(table -> b.r.rig.poke(table, NOWHERE | 3))),
            new Condition("SSS.2", 0x79, NONE, false, b -> b.second(table -> { })),
            new Condition("SSS.3", 0x7A, CA, false, b -> b.second(table -> b.r.map(table, 0x1000, BEYOND, 3))),
            new Condition("SSS.4", 0x7B, CA, false, b -> b.second(table -> b.r.entry(DEV, 1, 1, SECOND, NOWHERE, 0, 0))),
            new Condition("SSS.5", 0x7C, CA, false, b -> b.second(table -> {
                b.r.map(table, 0x1000, OWN, 3);
                b.set(b.r.pasidEntry(DEV, 1), 1 << 9);
                b.clear(b.r.pasidEntry(DEV, 1) + 8, ScalableRig.PWSNP);
            })),
            new Condition("SGN.1", 0x80, NONE, false, b -> b.address = 1L << 47),
            new Condition("SGN.2", 0x81, NONE, false, b -> b.r.mapFirst(b.top(), 4, VA, OWN, 3)),
            new Condition("SGN.4.2", 0x83, NONE, false, b -> {
                b.r.entry(DEV, 1, 1, PASS, 0, 0, 0);
                b.address = BEYOND;
            }),
            new Condition("SGN.5", 0x84, NONE, false, b -> b.second(table -> b.address = 1L << 48)),
            new Condition("SGN.8.2", 0x87, CA, false, b -> b.r.mapFirst(b.top(), 4, VA, 0xFEE0_0000L, PRWU)));
    }

    @TestFactory
    Stream<DynamicTest> aTranslationRequestIsCompletedAsTheTableSays() {
        return conditions().map(each -> DynamicTest.dynamicTest(String.format("%s, reason %02xh", each.code(), each.reason()), () -> {
            try (Bench b = new Bench()) {
                each.tables().accept(b);
                Translation answer = b.device.ask(b.pasid, b.address, false);
                assertThat(answer.status).isEqualTo(each.translation());
                assertThat(answer.readable || answer.writable).isFalse();
                assertThat(b.r.rig.isRecorded(0)).isEqualTo(each.translation() != NONE);
                if (each.translation() != NONE) {
                    assertThat(b.r.rig.reason(0)).isEqualTo(each.reason());
                    assertThat(b.r.rig.recordHigh(0) >>> 60 & 3).as("address type").isEqualTo(1);
                }
            }
        }));
    }

    /** Invalid Request for the whole group, with its last request. */
    @TestFactory
    Stream<DynamicTest> aPageRequestIsAnsweredAsTheTableSays() {
        Stream<Condition> more = Stream.of(new Condition("RTA.3", 0x32, 0, true, b -> b.root(Rig.ROOT)),
            new Condition("SCT.8", 0x47, 0, true, b -> b.clear(b.r.contextEntry(DEV), PRE)));
        return Stream.concat(conditions(), more).filter(Condition::page).map(each -> DynamicTest.dynamicTest(String.format("%s, reason %02xh", each.code(), each.reason()), () -> {
            try (Bench b = new Bench()) {
                each.tables().accept(b);
                assertThat(b.device.pageRequest(b.pasid, b.address, 5, true, false)).isFalse();
                assertThat(b.device.told).as("not the last of its group").isEmpty();
                assertThat(b.device.pageRequest(b.pasid, b.address, 5, true, true)).isFalse();
                assertThat(b.device.told).containsExactly(String.format("response %d 5 %d", b.pasid, DeviceTlb.RESPONSE_INVALID));
                assertThat(b.r.rig.reason(0)).isEqualTo(each.reason());
                assertThat(b.r.rig.recordHigh(0) >>> 28 & 1).as("T2: a page request").isEqualTo(1);
                assertThat(b.r.rig.get64(0xC8)).as("nothing queued").isZero();
            }
        }));
    }

    /** Those that concern the context entry, and the address. */
    @TestFactory
    Stream<DynamicTest> aTranslatedRequestIsBlockedAsTheTableSays() {
        Stream<Condition> own = Stream.of(
            new Condition("SGN.4.1", 0x83, 0, false, b -> b.address = BEYOND),
            new Condition("SGN.8.3", 0x87, 0, false, b -> b.address = 0xFEE1_0000L),
            new Condition("LGN.1.2", 0x04, 0, false, b -> {
                b.legacy();
                b.address = BEYOND;
            }),
            new Condition("LGN.4", 0x0E, 0, false, b -> {
                b.legacy();
                b.address = 0xFEE1_0000L;
            }));
        Stream<Condition> shared = conditions().filter(each -> each.reason() < 0x45 && each.reason() != 0x31);
        return Stream.concat(shared, own).map(each -> DynamicTest.dynamicTest(String.format("%s, reason %02xh", each.code(), each.reason()), () -> {
            try (Bench b = new Bench()) {
                b.address = OWN;
                each.tables().accept(b);
                assertThat(b.device.upstream.write(Prefix.TRANSLATED, b.address, new byte[4], 0, 4)).isFalse();
                assertThat(b.r.rig.reason(0)).isEqualTo(each.reason());
                assertThat(b.r.rig.recordHigh(0) >>> 60 & 3).as("address type").isEqualTo(2);
            }
        }));
    }

    /** The same conditions of legacy mode. */
    @TestFactory
    Stream<DynamicTest> aTranslationRequestOfLegacyModeIsCompletedAsTheTableSays() {
        return Stream.of(
            new Condition("LRT.1", 0x08, CA, false, b -> b.root(NOWHERE)),
            new Condition("LRT.2", 0x01, UR, false, b -> b.clear(b.r.rig.rootEntry(DEV), 1)),
            new Condition("LRT.3", 0x0A, CA, false, b -> b.set(b.r.rig.rootEntry(DEV), 2)),
            new Condition("LCT.1", 0x09, CA, false, b -> b.r.rig.poke(b.r.rig.rootEntry(DEV), NOWHERE | 1)),
            new Condition("LCT.2", 0x02, UR, false, b -> b.clear(b.r.rig.contextEntry(DEV), 1)),
            new Condition("LCT.3", 0x0B, CA, false, b -> b.set(b.r.rig.contextEntry(DEV), 1 << 5)),
            new Condition("LCT.4.1", 0x03, CA, false, b -> b.set(b.r.rig.contextEntry(DEV) + 8, 7)),
            new Condition("LCT.4.2", 0x03, CA, false, b -> b.set(b.r.rig.contextEntry(DEV), 0xC)),
            new Condition("LCT.4.3", 0x03, CA, false, b -> b.r.rig.context(DEV, 1, NOWHERE, 3, 1)),
            new Condition("LCT.5", 0x0D, UR, false, b -> b.r.rig.context(DEV, 1, b.r.rig.page(), 3, 0)),
            new Condition("LSS.1", 0x07, CA, false, b -> b.r.rig.poke(b.legacyTable(), NOWHERE | 3)),
            new Condition("LSS.2", 0x0C, CA, false, b -> b.r.rig.poke(b.legacyTable(), OWN | 3 | 1 << 11)),
            new Condition("LGN.1.1", 0x04, NONE, false, b -> b.address = 1L << 39),
            new Condition("LGN.2", 0x05, NONE, false, b -> { }),
            new Condition("LGN.4", 0x0E, CA, false, b -> b.r.rig.map(b.legacyTable(), 0x1000, 0xFEE0_0000L, 3)))
            .map(each -> DynamicTest.dynamicTest(String.format("%s, reason %02xh", each.code(), each.reason()), () -> {
                try (Bench b = new Bench()) {
                    b.legacy();
                    b.address = 0x1000;
                    each.tables().accept(b);
                    Translation answer = b.device.ask(-1, b.address, false);
                    assertThat(answer.status).isEqualTo(each.translation());
                    assertThat(answer.readable || answer.writable).isFalse();
                    assertThat(b.r.rig.isRecorded(0) ? b.r.rig.reason(0) : 0).isEqualTo(each.translation() == NONE ? 0 : each.reason());
                }
            }));
    }
}
