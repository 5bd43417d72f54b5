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
}
