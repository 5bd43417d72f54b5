package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.A;
import static com.vtsim.vtd.ScalableRig.D;
import static com.vtsim.vtd.ScalableRig.DTE;
import static com.vtsim.vtd.ScalableRig.PASIDE;
import static com.vtsim.vtd.ScalableRig.PASS;
import static com.vtsim.vtd.ScalableRig.PRE;
import static com.vtsim.vtd.ScalableRig.PRWU;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.Upstream.Prefix;
import com.vtsim.pci.bus.HostBridge;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Device-TLBs and page requests. Source: VT-d specification, Device-TLBs; Translation Requests; Page Requests; Device-TLB Invalidate Descriptor;
 * PCI Express Base Specification, Address Translation Services.
 */
class DeviceTlbTest {
    private static final int DEV = 0x28;
    private static final long OWN = 0x200_0000;
    private static final long VA = 0x7FFF_FFE0_1000L;
    private static final long PAGES = 0x38_0000;
    private static final int FSTS = 0x34;
    private static final int IQER = 0xB0;
    private static final int PQH = 0xC0;
    private static final int PQT = 0xC8;
    private static final int PQA = 0xD0;
    private static final int PRS = 0xDC;
    private static final int PECTL = 0xE0;

    private final ScalableRig r = new ScalableRig();
    private final Endpoint device = new Endpoint("00:05.0");

    @BeforeEach
    void build() {
        r.rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        r.rig.machine.add(device);
        r.context(DEV, DTE | PASIDE | PRE);
    }

    @AfterEach
    void close() {
        r.close();
    }

    private static void assertAnswer(Translation answer, long hpa, long length, String rights) {
        assertThat(answer.status).isEqualTo(Translation.SUCCESS);
        assertThat((answer.readable ? "R" : "-") + (answer.writable ? "W" : "-") + (answer.untranslatedOnly ? "U" : "")).isEqualTo(rights);
        assertThat(answer.hostPhysical).isEqualTo(hpa);
        assertThat(answer.length).isEqualTo(length);
    }

    // Translation requests

    @Test
    void aTranslationHasTheRightsOfThePage() {
        long table = r.second(DEV, 0, 1);
        r.map(table, 0x1000, OWN, 3);
        r.map(table, 0x2000, OWN, 1);
        r.map(table, 0x3000, OWN, 2);
        assertAnswer(device.ask(-1, 0x1234, false), OWN, 4096, "RW");
        assertAnswer(device.ask(-1, 0x2000, false), OWN, 4096, "R-");
        assertAnswer(device.ask(-1, 0x3000, false), OWN, 4096, "-W");
    }

    /** Absence is an answer: the device may ask for the page. Nothing is recorded. */
    @Test
    void whatIsNotMappedHasNoRights() {
        r.second(DEV, 0, 1);
        assertAnswer(device.ask(-1, 0x1000, false), 0, 4096, "--");
        assertAnswer(device.ask(3, 0x1000, false), 0, 4096, "--");
        assertThat(r.rig.unit.faults()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"2, 200000", "3, 40000000"})
    void aLargePageIsOneTranslation(int level, String length) {
        long table = r.second(DEV, 0, 1);
        r.rig.poke(r.rig.entry(table, 4, 0, level), 0x4000_0000L | 0x80 | 3);
        assertAnswer(device.ask(-1, 0x12_3000, false), 0x4000_0000L, Long.parseLong(length, 16), "RW");
    }

    @Test
    void passThroughIsItsOwnTranslationOfTheLargestPage() {
        r.entry(DEV, 2, 1, PASS, 0, 0, 0);
        assertAnswer(device.ask(2, 0x1_4000_0000L + 0x123, false), 0x1_4000_0000L, 1L << 30, "RW");
    }

    @Test
    void theInterruptRangeIsForUntranslatedWritesOnly() {
        r.second(DEV, 0, 1);
        assertAnswer(device.ask(-1, 0xFEE0_1000L, false), 0xFEE0_1000L, 4096, "-WU");
        assertAnswer(device.ask(-1, 0xFEE0_1000L, true), 0xFEE0_1000L, 4096, "--");
    }

    /** A range that touches FEEx_xxxxh is not given away, whichever page of it is asked for. */
    @Test
    void noTranslationLeadsToTheInterruptRange() {
        long table = r.second(DEV, 0, 1);
        r.rig.poke(r.rig.entry(table, 4, 0, 2), 0xFEE0_0000L | 0x80 | 3);
        assertThat(device.ask(-1, 0x1F_F000, false).status).isEqualTo(Translation.ABORT);
        assertThat(r.rig.reason(0)).isEqualTo(0x87);
    }

    /** Source: N Bit in Translation Completion. */
    @Test
    void aPageThatMustBeSnoopedIsSaidToBe() {
        long table = r.second(DEV, 0, 1);
        r.map(table, 0x1000, OWN, 3);
        r.map(table, 0x2000, OWN, 3 | 1 << 11);
        r.mapFirst(r.first(DEV, 1, 2), 4, VA, OWN, PRWU);
        r.rig.poke(r.pasidEntry(DEV, 1) + 8, r.rig.peek(r.pasidEntry(DEV, 1) + 8) | 1 << 24);
        for (int again = 0; again < 2; again++) {
            assertThat(device.ask(-1, 0x1000, false).noSnoop).isFalse();
            assertThat(device.ask(-1, 0x2000, false).noSnoop).as("SNP of the leaf").isTrue();
            assertThat(device.ask(1, VA, false).noSnoop).as("PGSNP of the process").isTrue();
        }
    }

    @Test
    void aRequestThatMayLeadToWritesMakesThePageDirty() {
        long leaf = r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU);
        assertAnswer(device.ask(1, VA, true), OWN, 4096, "R-");
        assertThat(r.rig.peek(leaf) & (A | D)).isEqualTo(A);
        assertAnswer(device.ask(1, VA, false), OWN, 4096, "RW");
        assertThat(r.rig.peek(leaf) & (A | D)).isEqualTo(A | D);
        assertAnswer(device.ask(1, VA, true), OWN, 4096, "R-");
    }

    @Test
    void executionIsGrantedOnlyWhereItMayBe() {
        long table = r.rig.page();
        r.entry(DEV, 1, 1, ScalableRig.FIRST, 0, table, 2);
        r.mapFirst(table, 4, VA, OWN, PRWU);
        r.mapFirst(table, 4, VA + 0x1000, OWN, PRWU | ScalableRig.XD);
        for (int i = 0; i < 2; i++) {
            Translation ask = new Translation();
            ask.pasid = 1;
            ask.address = VA + i * 0x1000;
            ask.execute = true;
            device.upstream.translation(ask);
            assertAnswer(ask, OWN, 4096, "RW");
            assertThat(ask.executable).isEqualTo(i == 0);
        }
    }

    /** Source: Handling of Translation Requests, Global Mapping; First-Stage Paging Entries, Global. */
    @Test
    void aGlobalPageIsTheProcessesAlone() {
        r.mapFirst(r.first(DEV, 1, 1), 4, VA, OWN, PRWU | 1 << 8);
        assertThat(device.ask(1, VA, false).global).isFalse();
    }

    @Test
    void withRemappingOffThereAreNoTranslations() {
        r.rig.disable(Rig.TE);
        assertThat(device.ask(-1, 0x1000, false).status).isEqualTo(Translation.UNSUPPORTED);
        assertThat(r.rig.unit.faults()).isEmpty();
    }

    @Test
    void aUnitWithoutDeviceTlbsRefuses() {
        try (Rig plain = new Rig("server")) {
            Translation ask = new Translation();
            ask.sourceId = DEV;
            assertThat(plain.unit.translation(ask)).isFalse();
            assertThat(ask.status).isEqualTo(Translation.UNSUPPORTED);
            assertThat(plain.unit.pageRequest(new PageRequest())).isFalse();
        }
    }

    /** Translation type 01b of a legacy context entry. */
    @Test
    void legacyModeHasDeviceTlbsToo() {
        try (Rig plain = new Rig("scalable")) {
            plain.enable();
            long table = plain.page();
            plain.context(DEV, 1, table, 3, 1);
            plain.map(table, 0x1000, OWN, Rig.RW);
            Translation ask = new Translation();
            ask.sourceId = DEV;
            ask.address = 0x1000;
            assertThat(plain.unit.translation(ask)).isTrue();
            assertThat(ask.hostPhysical).isEqualTo(OWN);
            plain.context(Rig.DEV, 1, table, 3, 0);
            ask.sourceId = Rig.DEV;
            assertThat(plain.unit.translation(ask)).isFalse();
            assertThat(plain.reason(0)).isEqualTo(0x0D);
        }
    }

    // Translated requests

    @Test
    void aTranslatedRequestPassesWhereItMay() {
        r.second(DEV, 0, 1);
        byte[] data = {1, 2, 3, 4};
        assertThat(device.upstream.write(Prefix.TRANSLATED, OWN, data, 0, 4)).isTrue();
        assertThat(r.rig.peek(OWN)).isEqualTo(0x0403_0201L);
        r.rig.poke(r.contextEntry(DEV), r.rig.peek(r.contextEntry(DEV)) & ~(DTE | PRE));
        r.submit(1 | 0x30 | (long) DEV << 32, 0);
        assertThat(device.upstream.write(Prefix.TRANSLATED, OWN + 8, data, 0, 4)).isFalse();
        assertThat(r.rig.peek(OWN + 8)).isZero();
        assertThat(r.rig.reason(0)).isEqualTo(0x44);
        assertThat(r.rig.recordHigh(0) >>> 60 & 3).as("address type").isEqualTo(2);
    }

    @Test
    void aTranslatedRequestIsNoInterrupt() {
        assertThat(device.upstream.write(Prefix.TRANSLATED, 0xFEE0_0000L, new byte[4], 0, 4)).isFalse();
        assertThat(r.rig.reason(0)).isEqualTo(0x87);
        assertThat(r.rig.messages.heard).isEmpty();
    }

    // Invalidation

    @Test
    void aDeviceTlbInvalidationReachesItsDevice() {
        r.submit(3 | (long) DEV << 32, 0x5000);
        r.submit(3 | (long) DEV << 32, 0x5000 | 1);
        r.submit(3 | (long) DEV << 32, 0x17_F000L | 1);
        r.submit(3 | (long) DEV << 32, 0x7FFF_FFFF_FFFF_F000L | 1);
        assertThat(device.told).as("one page; 8 KiB; 1 MiB (lowest 0 is bit 19); all").containsExactly("drop -1 5000 1000", "drop -1 4000 4000", "drop -1 100000 100000", "drop -1 0 8000000000000000");
        assertThat(r.rig.get(FSTS)).isZero();
    }

    @Test
    void aProcessInvalidationCarriesItsPasid() {
        r.submit(8 | (long) DEV << 16 | 7L << 32, VA);
        r.submit(8 | (long) DEV << 16 | 7L << 32, VA | 1 << 11 | 1);
        assertThat(device.told).containsExactly("drop 7 7fffffe01000 1000", "drop 7 7fffffe00000 4000 global");
    }

    // Page requests

    private void pages(int size) {
        r.rig.set64(PQA, PAGES | size);
        r.rig.set64(PQH, 0);
        r.rig.set64(PQT, 0);
        r.rig.set(0xE4, 0x55);
        r.rig.set(0xE8, 0xFEE0_0000);
        r.rig.set(PECTL, 0);
        r.first(DEV, 7, 1);
        r.second(DEV, 0, 2);
    }

    @Test
    void aPageRequestIsQueuedAndTold() {
        pages(0);
        assertThat(device.pageRequest(7, VA + 0x123, 0x155, true, true)).isTrue();
        assertThat(r.rig.peek(PAGES)).as("type 1, PASID present, requester, PASID").isEqualTo(1L | 1 << 8 | DEV << 16 | 7L << 32);
        assertThat(r.rig.peek(PAGES + 8)).as("address, group, last, write, read").isEqualTo(VA | 0x155 << 3 | 4 | 2 | 1);
        assertThat(r.rig.get64(PQT)).isEqualTo(32);
        assertThat(r.rig.get(PRS)).isEqualTo(1);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 55");
        assertThat(device.pageRequest(-1, 0x1000, 1, false, true)).isTrue();
        assertThat(r.rig.peek(PAGES + 32)).isEqualTo(1L | DEV << 16);
        assertThat(r.rig.messages.heard).as("pending already").hasSize(1);
        r.rig.set(PRS, 1);
        device.pageRequest(-1, 0x1000, 1, false, true);
        assertThat(r.rig.messages.heard).hasSize(2);
    }

    @Test
    void aMaskedEventIsSentWhenUnmasked() {
        pages(0);
        r.rig.set(PECTL, 1 << 31);
        device.pageRequest(-1, 0x1000, 1, false, true);
        assertThat(r.rig.messages.heard).isEmpty();
        assertThat(r.rig.get(PECTL) >>> 30 & 1).as("IP").isEqualTo(1);
        r.rig.set(PECTL, 0);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 55");
    }

    @Test
    void theGroupsResponseReachesTheDevice() {
        r.submit(9 | 0x10 | (long) DEV << 16 | 7L << 32, 0x155 << 3);
        r.submit(9 | 1 << 12 | (long) DEV << 16, 3 << 3 | 4);
        r.submit(9 | 15 << 12 | (long) DEV << 16, 4 << 3);
        assertThat(device.told).containsExactly("response 7 341 0", "response -1 3 1", "response -1 4 15");
    }

    /** A queue of 4 KiB is full with 127 requests. */
    @Test
    void anOverflowIsAnsweredForSoftware() {
        pages(0);
        for (int i = 0; i < 127; i++) {
            assertThat(device.pageRequest(-1, 0x1000, i, false, true)).isTrue();
        }
        assertThat(device.pageRequest(-1, 0x1000, 200, false, false)).isFalse();
        assertThat(device.told).as("the last of a group only is answered").isEmpty();
        assertThat(r.rig.get(PRS)).as("PRO, PPR").isEqualTo(3);
        assertThat(device.pageRequest(-1, 0x1000, 200, false, true)).isFalse();
        assertThat(device.told).containsExactly("response -1 200 0");
        r.rig.set64(PQH, 64);
        r.rig.set(PRS, 3);
        assertThat(device.pageRequest(-1, 0x1000, 201, false, true)).isTrue();
        assertThat(r.rig.get64(PQT)).isZero();
    }

    /** The queue is full, and software has seen all that is in it: overflow is a condition of its own. Source: Recoverable Fault Event. */
    @Test
    void anOverflowIsToldIfNothingElseIsPending() {
        pages(0);
        for (int i = 0; i < 127; i++) {
            device.pageRequest(-1, 0x1000, i, false, true);
        }
        r.rig.set(PRS, 1);
        int heard = r.rig.messages.heard.size();
        device.pageRequest(-1, 0x1000, 200, false, true);
        assertThat(r.rig.get(PRS)).isEqualTo(2);
        assertThat(r.rig.messages.heard).hasSize(heard + 1);
    }

    /** What the IOTLB has of a page goes when the device asks for the page. Source: Implicit Invalidation on Page Requests. */
    @Test
    void aPageRequestDropsWhatIsCachedOfThePage() {
        pages(0);
        long table = r.first(DEV, 7, 1);
        long leaf = r.mapFirst(table, 4, VA, OWN, 5);
        assertAnswer(device.ask(7, VA, true), OWN, 4096, "R-");
        r.rig.poke(leaf, r.rig.peek(leaf) | 2);
        assertAnswer(device.ask(7, VA, false), OWN, 4096, "R-");
        device.pageRequest(7, VA, 9, true, true);
        assertAnswer(device.ask(7, VA, false), OWN, 4096, "RW");
    }

    @Test
    void aStopMarkerHasNoAnswer() {
        PageRequest marker = new PageRequest();
        marker.pasid = 1;
        marker.last = true;
        r.rig.disable(Rig.TE);
        device.upstream.pageRequest(marker);
        assertThat(device.told).isEmpty();
    }

    /** A device asks for a page, software maps it and answers, the device asks for its translation. */
    @Test
    void aMissingPageIsBroughtIn() {
        pages(0);
        long table = r.first(DEV, 7, 1);
        assertAnswer(device.ask(7, VA, false), 0, 4096, "--");
        device.pageRequest(7, VA, 9, true, true);
        r.mapFirst(table, 4, VA, OWN, PRWU);
        r.submit(9 | 0x10 | (long) DEV << 16 | 7L << 32, 9 << 3);
        assertThat(device.told).containsExactly("response 7 9 0");
        assertAnswer(device.ask(7, VA, false), OWN, 4096, "RW");
    }
}
