package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** S42. Source: VT-d specification, Primary Fault Logging, Fault Events, Fault Status Register. */
class FaultLogTest {
    private final List<Rig> rigs = new ArrayList<>();

    private Rig rig(int records) {
        Rig rig = new Rig(Rig.unit("client", records, false));
        rigs.add(rig);
        return rig.enable();
    }

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    @TestFactory
    Stream<DynamicTest> everyNumberOfRecordsIsFilledAndOverflows() {
        return Stream.of(1, 2, 8, 16, 17, 256).map(records -> DynamicTest.dynamicTest(records + " records", () -> {
            Rig rig = rig(records);
            assertThat((rig.get64(0x08) >> 40 & 0xFF) + 1).isEqualTo(records.longValue());
            for (int i = 0; i < records; i++) {
                rig.read(i, i * 0x1000L);
                assertThat(rig.get(0x34)).as("no overflow").isEqualTo(2);
            }
            rig.read(0x777, 0);
            assertThat(rig.get(0x34)).as("PFO and PPF").isEqualTo(3);
            for (int i = 0; i < records; i++) {
                assertThat(rig.recordHigh(i) & 0xFFFF).isEqualTo(i);
                assertThat(rig.recordLow(i)).isEqualTo(i * 0x1000L);
            }
        }));
    }

    @Test
    void nothingIsRecordedWhileOverflowIsSet() {
        Rig rig = rig(2);
        for (int i = 0; i < 3; i++) {
            rig.read(i, 0);
        }
        rig.set(0x40C, 0x8000_0000);
        rig.read(9, 0);
        assertThat(rig.isRecorded(0)).isFalse();
        rig.set(0x34, 1);
        rig.read(10, 0);
        assertThat(rig.recordHigh(0) & 0xFFFF).isEqualTo(10);
    }

    @Test
    void theIndexNamesTheFirstPendingRecord() {
        Rig rig = rig(8);
        rig.read(1, 0);
        assertThat(rig.get(0x34)).isEqualTo(2);
        rig.clearFaults();
        assertThat(rig.get(0x34)).isZero();
        rig.read(2, 0);
        assertThat(rig.get(0x34)).isEqualTo(0x102);
        rig.read(3, 0);
        assertThat(rig.get(0x34)).isEqualTo(0x102);
        assertThat(rig.recordHigh(2) & 0xFFFF).isEqualTo(3);
    }

    @Test
    void pendingIsTheOrOfAllRecords() {
        Rig rig = rig(8);
        rig.read(1, 0);
        rig.read(2, 0);
        rig.set(0x40C, 0x8000_0000);
        assertThat(rig.get(0x34) & 2).isEqualTo(2);
        rig.set(0x41C, 0x8000_0000);
        assertThat(rig.get(0x34) & 2).isZero();
    }

    @TestFactory
    Stream<DynamicTest> aRecordIsClearedByAWriteOfAnySizeThatCoversItsTopBit() {
        record Case(int offset, int size, long value, boolean clears) { }
        return Stream.of(new Case(12, 4, 0x8000_0000L, true), new Case(8, 8, 1L << 63, true), new Case(15, 1, 0x80, true), new Case(14, 2, 0x8000, true),
                new Case(12, 4, 0x7FFF_FFFFL, false), new Case(8, 4, 0x8000_0000L, false), new Case(0, 8, -1, false), new Case(8, 8, 0, false))
                .map(each -> DynamicTest.dynamicTest(each.toString(), () -> {
                    Rig rig = rig(1);
                    rig.read(1, 0x5000);
                    rig.machine.memory().write(Rig.BASE + 0x400 + each.offset(), each.size(), each.value());
                    assertThat(rig.isRecorded(0)).isEqualTo(!each.clears());
                    assertThat(rig.recordLow(0)).as("the rest stays").isEqualTo(0x5000);
                }));
    }

    private static void event(Rig rig) {
        rig.set(0x3C, 0x41);
        rig.set(0x40, 0xFEE0_2000);
        rig.set(0x44, 0x100);
    }

    @Test
    void aFaultSendsItsMessage() {
        Rig rig = rig(8);
        event(rig);
        rig.set(0x38, 0);
        rig.read(1, 0);
        assertThat(rig.messages.heard).containsExactly("100fee02000 41");
        assertThat(rig.get(0x38)).isZero();
    }

    @Test
    void aMaskedFaultPendsAndIsSentWhenUnmasked() {
        Rig rig = rig(8);
        event(rig);
        rig.read(1, 0);
        assertThat(rig.messages.heard).isEmpty();
        assertThat(rig.get(0x38)).isEqualTo(0xC000_0000);
        rig.set(0x38, 0);
        assertThat(rig.messages.heard).hasSize(1);
        assertThat(rig.get(0x38)).isZero();
    }

    @Test
    void furtherFaultsSendNothingUntilStatusIsClear() {
        Rig rig = rig(8);
        event(rig);
        rig.set(0x38, 0);
        rig.read(1, 0);
        rig.read(2, 0);
        assertThat(rig.messages.heard).hasSize(1);
        rig.clearFaults();
        rig.read(3, 0);
        assertThat(rig.messages.heard).hasSize(2);
    }

    @Test
    void aPendingMessageIsWithdrawnWhenSoftwareClearsTheStatus() {
        Rig rig = rig(8);
        event(rig);
        rig.read(1, 0);
        rig.clearFaults();
        assertThat(rig.get(0x38)).isEqualTo(0x8000_0000);
        rig.set(0x38, 0);
        assertThat(rig.messages.heard).isEmpty();
    }

    /** A device that floods: memory and time stay bounded, all is counted. */
    @Test
    void aFloodOfFaultsIsContained() {
        Rig rig = rig(8);
        event(rig);
        rig.set(0x38, 0);
        for (int i = 0; i < 200_000; i++) {
            assertThat(rig.dma(i & 0xFFFF, (long) i << 12, (i & 1) != 0)).isEqualTo(-1);
        }
        assertThat(rig.messages.heard).hasSize(1);
        assertThat(rig.unit.faults()).hasSize(8);
    }

    @Test
    void faultsAreToldInWords() {
        Rig rig = rig(8);
        long table = rig.domain(Rig.DEV, 1);
        rig.map(table, 0x1000, 0x200_0000, Rig.R);
        rig.write(Rig.DEV, 0x1234);
        assertThat(rig.unit.faults()).singleElement().satisfies(fault -> {
            assertThat(fault.kind()).isEqualTo("write");
            assertThat(fault.reason()).isEqualTo(5);
            assertThat(fault.words()).isEqualTo("a paging entry does not permit writes");
            assertThat(fault.address()).isEqualTo(0x1000);
            assertThat(fault.entry()).startsWith("SL-PTE at").contains("R- 4 KiB page at 2000000");
        });
    }

    // Advanced fault logging: records in memory

    private static final long LOG = 0x38_0000;
    private static final int SFL = 1 << 29;
    private static final int EAFL = 1 << 28;

    private static ScalableRig advanced(int size) {
        ScalableRig r = new ScalableRig();
        r.rig.set64(0x58, LOG | size << 9);
        r.rig.set(0x3C, 0x77);
        r.rig.set(0x40, 0xFEE0_0000);
        r.rig.set(0x38, 0);
        r.rig.command(SFL);
        r.rig.command(EAFL);
        assertThat(r.rig.get(0x1C) >>> 28 & 3).as("FLS, AFLS").isEqualTo(3);
        return r;
    }

    @Test
    void theLogInMemoryTakesFaultsAndTellsOnce() {
        try (ScalableRig r = advanced(0)) {
            r.read(0x18, -1, 0x1000);
            r.write(0x19, -1, 0x2000);
            assertThat(r.rig.isRecorded(0)).as("in registers").isFalse();
            assertThat(r.rig.peek(LOG)).isEqualTo(0x1000);
            assertThat(r.rig.peek(LOG + 8)).as("F, a read, reason 39h, requester").isEqualTo(3L << 62 | 0x39L << 32 | 0x18);
            assertThat(r.rig.peek(LOG + 24)).isEqualTo(1L << 63 | 0x39L << 32 | 0x19);
            assertThat(r.rig.get(0x34)).as("APF").isEqualTo(8);
            assertThat(r.rig.messages.heard).containsExactly("fee00000 77");
            assertThat(r.rig.unit.faults()).extracting(fault -> fault.sourceId()).containsExactly(0x18, 0x19);
        }
    }

    /** 4 KiB are 256 records. */
    @Test
    void theLogInMemoryOverflowsAndGoesOn() {
        try (ScalableRig r = advanced(0)) {
            for (int i = 0; i < 257; i++) {
                r.read(0x18, -1, i * 0x1000L);
            }
            assertThat(r.rig.get(0x34)).as("APF, AFO").isEqualTo(0xC);
            assertThat(r.rig.peek(LOG + 255 * 16)).isEqualTo(255 * 0x1000L);
            assertThat(r.rig.peek(LOG + 256 * 16)).isZero();
            r.rig.poke(LOG + 8, 0);
            r.rig.set(0x34, 0xC);
            assertThat(r.rig.get(0x34)).isZero();
            r.read(0x18, -1, 0x77_7000);
            assertThat(r.rig.peek(LOG)).as("the first record again").isEqualTo(0x77_7000);
        }
    }

    @Test
    void aUnitWithoutTheLogInMemoryHasNoneOfIt() {
        try (Rig plain = new Rig("server")) {
            plain.set64(0x58, LOG);
            assertThat(plain.get64(0x58)).isZero();
            plain.command(SFL | EAFL);
            assertThat(plain.get(0x1C) >>> 28 & 3).isZero();
        }
    }

    @Test
    void faultsAreCountedByRequester() {
        try (Rig flooded = new Rig("server")) {
            flooded.enable();
            for (int i = 0; i < 1000; i++) {
                flooded.read(i % 4 == 0 ? 0x18 : 0x500, 0x1000);
            }
            assertThat(flooded.unit.tallies()).extracting(tally -> tally.sourceId() + " " + tally.faults()).containsExactly(0x18 + " 250", 0x500 + " 750");
        }
    }

    /** Source: Primary Fault Logging: the index is reset when both address and interrupt translations are disabled. */
    @Test
    void theFirstRecordIsNextOnceNothingIsRemapped() {
        try (Rig rig = new Rig(Rig.unit("server", 4, false))) {
            rig.enable();
            rig.read(Rig.DEV, 0x1000);
            rig.clearFaults();
            rig.disable(Rig.TE);
            rig.command(Rig.TE);
            rig.read(Rig.DEV, 0x2000);
            assertThat(rig.isRecorded(0)).isTrue();
            assertThat(rig.isRecorded(1)).isFalse();
        }
    }
}
