package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: VT-d specification, Interrupt Remapping, Interrupt Posting, Interrupt Remapping Fault Conditions. */
class InterruptTest {
    private static final long PRESENT = 1;
    private static final long VECTOR_31 = 0x31_0000;
    private static final long TO_APIC_2 = 0x0000_0200_0000_0000L;
    private static final long DESCRIPTOR = 0x38_0040;
    private final List<Rig> rigs = new ArrayList<>();

    private Rig rig(String profile, boolean extended) {
        Rig rig = new Rig(profile);
        rigs.add(rig);
        return rig.interrupts(7, extended);
    }

    private Rig rig() {
        return rig("client", false);
    }

    @AfterEach
    void close() {
        rigs.forEach(Rig::close);
    }

    /** Remappable format: handle in 19:5 and 2, subhandle valid in 3. */
    private static long remappable(int handle, boolean subhandle) {
        return 0xFEE0_0010L | (handle & 0x7FFF) << 5 | handle >> 15 << 2 | (subhandle ? 8 : 0);
    }

    private static String send(Rig rig, int index) {
        return rig.interrupt(Rig.DEV, remappable(index, false), 0);
    }

    @Test
    void messagesPassWhileRemappingIsOff() {
        Rig rig = rig();
        rig.disable(Rig.IRE);
        assertThat(rig.interrupt(Rig.DEV, 0xFEE0_1000L, 0x4041)).isEqualTo("fee01000 4041");
    }

    @Test
    void theEntryGivesVectorAndDestination() {
        Rig rig = rig();
        rig.irte(5, PRESENT | VECTOR_31 | TO_APIC_2, 0);
        assertThat(send(rig, 5)).isEqualTo("fee02000 31");
    }

    @TestFactory
    Stream<DynamicTest> theEntrysFieldsAppearInTheMessage() {
        record Case(String name, long low, String message) { }
        return Stream.of(new Case("logical", 1L << 2, "fee02004 31"), new Case("redirection hint", 1L << 3, "fee02008 31"),
                new Case("level", 1L << 4, "fee02000 c031"), new Case("lowest priority", 1L << 5, "fee02000 131"), new Case("SMI", 2L << 5, "fee02000 231"),
                new Case("NMI", 4L << 5, "fee02000 431"), new Case("INIT", 5L << 5, "fee02000 531"), new Case("ExtINT", 7L << 5, "fee02000 731"),
                new Case("available bits", 0xF00, "fee02000 31")).map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    Rig rig = rig();
                    rig.irte(5, PRESENT | VECTOR_31 | TO_APIC_2 | each.low(), 0);
                    assertThat(send(rig, 5)).isEqualTo(each.message());
                }));
    }

    @Test
    void thirtyTwoBitsOfDestinationInExtendedMode() {
        Rig rig = rig("client", true);
        rig.irte(5, PRESENT | VECTOR_31 | 0x0001_0203L << 32, 0);
        assertThat(send(rig, 5)).isEqualTo("10200fee03000 31");
    }

    @Test
    void theSubhandleIsAddedIfValid() {
        Rig rig = rig();
        rig.irte(7, PRESENT | VECTOR_31 | TO_APIC_2, 0);
        assertThat(rig.interrupt(Rig.DEV, remappable(4, true), 3)).isEqualTo("fee02000 31");
        assertThat(rig.interrupt(Rig.DEV, remappable(7, false), 3)).isEqualTo("fee02000 31");
    }

    @Test
    void theHandleHasSixteenBits() {
        Rig rig = rig();
        rig.set64(0xB8, Rig.IRT | 15);
        rig.command(Rig.SIRTP);
        rig.irte(0x8001, PRESENT | VECTOR_31 | TO_APIC_2, 0);
        assertThat(send(rig, 0x8001)).isEqualTo("fee02000 31");
    }

    @TestFactory
    Stream<DynamicTest> compatibilityFormat() {
        record Case(boolean extended, boolean enabled, boolean passes) { }
        return Stream.of(new Case(false, false, false), new Case(false, true, true), new Case(true, false, false), new Case(true, true, false))
                .map(each -> DynamicTest.dynamicTest(each.toString(), () -> {
                    Rig rig = rig("client", each.extended());
                    if (each.enabled()) {
                        rig.command(Rig.CFI);
                    }
                    assertThat(rig.interrupt(Rig.DEV, 0xFEE0_1000L, 0x41)).isEqualTo(each.passes() ? "fee01000 41" : "blocked");
                    assertThat(rig.isRecorded(0)).isEqualTo(!each.passes());
                    assertThat(each.passes() ? 0x25 : rig.reason(0)).isEqualTo(0x25);
                }));
    }

    @TestFactory
    Stream<DynamicTest> sourceValidation() {
        record Case(String name, long high, int sid, boolean passes) { }
        long exact = 1L << 18;
        long buses = 2L << 18;
        return Stream.of(new Case("none", 0x1234, Rig.DEV, true), new Case("exact, equal", exact | Rig.DEV, Rig.DEV, true),
                new Case("exact, other function", exact | Rig.DEV, Rig.DEV_F1, false), new Case("exact, other bus", exact | Rig.DEV, 0x118, false),
                new Case("qualifier 1 ignores bit 2", exact | 1 << 16 | Rig.DEV | 4, Rig.DEV, true),
                new Case("qualifier 1 keeps bit 0", exact | 1 << 16 | Rig.DEV, Rig.DEV_F1, false),
                new Case("qualifier 2 ignores bits 2:1", exact | 2 << 16 | Rig.DEV | 6, Rig.DEV, true),
                new Case("qualifier 2 keeps bit 0", exact | 2 << 16 | Rig.DEV, Rig.DEV_F1, false),
                new Case("qualifier 3 ignores the function", exact | 3 << 16 | Rig.DEV | 7, Rig.DEV, true),
                new Case("qualifier 3 keeps the device", exact | 3 << 16 | Rig.DEV, 0x20, false),
                new Case("first bus", buses | 0x0507, 0x0512, true), new Case("last bus", buses | 0x0507, 0x0700, true),
                new Case("bus below", buses | 0x0507, 0x04FF, false), new Case("bus above", buses | 0x0507, 0x0800, false))
                .map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    Rig rig = rig();
                    rig.irte(5, PRESENT | VECTOR_31 | TO_APIC_2, each.high());
                    assertThat(rig.interrupt(each.sid(), remappable(5, false), 0)).isEqualTo(each.passes() ? "fee02000 31" : "blocked");
                    assertThat(each.passes() ? 0x26 : rig.reason(0)).isEqualTo(0x26);
                }));
    }

    private record Bad(String name, int reason, long low, long high) { }

    private static List<Bad> bad() {
        List<Bad> cases = new ArrayList<>(List.of(new Bad("not present", 0x22, VECTOR_31, 0), new Bad("delivery mode 3", 0x24, 1 | 3 << 5, 0),
                new Bad("delivery mode 6", 0x24, 1 | 6 << 5, 0), new Bad("validation type 3", 0x24, 1, 3 << 18),
                new Bad("posted without the capability", 0x24, 1 | 1 << 15, 0)));
        for (int bit : new int[] {12, 13, 14, 24, 31, 32, 39, 48, 63}) {
            cases.add(new Bad("bit " + bit, 0x24, 1 | 1L << bit, 0));
        }
        for (int bit : new int[] {20, 31, 32, 63}) {
            cases.add(new Bad("bit " + (64 + bit), 0x24, 1, 1L << bit));
        }
        cases.add(new Bad("foreign source", 0x26, 1, 1 << 18 | Rig.FAR));
        return cases;
    }

    @TestFactory
    Stream<DynamicTest> everyBadEntryHasItsReason() {
        return bad().stream().map(each -> DynamicTest.dynamicTest(each.name(), () -> {
            Rig rig = rig();
            rig.irte(9, each.low(), each.high());
            assertThat(send(rig, 9)).isEqualTo("blocked");
            assertThat(rig.reason(0)).isEqualTo(each.reason());
            assertThat(rig.recordLow(0)).as("index").isEqualTo(9L << 48);
            assertThat(rig.recordHigh(0) & 0xFFFF).isEqualTo(Rig.DEV);
        }));
    }

    @TestFactory
    Stream<DynamicTest> faultProcessingDisableSilencesThem() {
        return bad().stream().map(each -> DynamicTest.dynamicTest(each.name(), () -> {
            Rig rig = rig();
            rig.irte(9, each.low() | 2, each.high());
            assertThat(send(rig, 9)).isEqualTo("blocked");
            assertThat(rig.isRecorded(0)).isFalse();
        }));
    }

    @Test
    void reservedDataWithASubhandleFaults() {
        Rig rig = rig();
        assertThat(rig.interrupt(Rig.DEV, remappable(1, true), 0x1_0000)).isEqualTo("blocked");
        assertThat(rig.reason(0)).isEqualTo(0x20);
    }

    @TestFactory
    Stream<DynamicTest> theTableEndsAtItsSize() {
        return Stream.of(0, 3, 7, 11).map(size -> DynamicTest.dynamicTest("size " + size, () -> {
            Rig rig = rig();
            rig.set64(0xB8, Rig.IRT | size);
            rig.command(Rig.SIRTP);
            rig.irte((2 << size) - 1, PRESENT | VECTOR_31 | TO_APIC_2, 0);
            assertThat(send(rig, (2 << size) - 1)).isEqualTo("fee02000 31");
            assertThat(send(rig, 2 << size)).isEqualTo("blocked");
            assertThat(rig.reason(0)).isEqualTo(0x21);
        }));
    }

    @Test
    void aTableThatIsNotInMemoryFaults() {
        Rig rig = rig();
        rig.set64(0xB8, 0x10_0000_0007L);
        rig.command(Rig.SIRTP);
        assertThat(send(rig, 1)).isEqualTo("blocked");
        assertThat(rig.reason(0)).isEqualTo(0x23);
    }

    @Test
    void theEntryIsCachedStrictly() {
        Rig rig = rig();
        rig.irte(5, PRESENT | VECTOR_31 | TO_APIC_2, 0);
        send(rig, 5);
        rig.irte(5, 0, 0);
        rig.unit.watchStale(true);
        assertThat(send(rig, 5)).isEqualTo("fee02000 31");
        assertThat(rig.unit.stale()).singleElement().satisfies(use -> assertThat(use.cache()).isEqualTo("interrupt entry"));
    }

    @Test
    void theServerDropsInterruptEntriesWhenItsTableIsSet() {
        Rig rig = rig("server", false);
        rig.irte(5, PRESENT | VECTOR_31 | TO_APIC_2, 0);
        send(rig, 5);
        rig.irte(5, PRESENT | VECTOR_31, 0);
        assertThat(send(rig, 5)).isEqualTo("fee02000 31");
        rig.command(Rig.SIRTP);
        assertThat(send(rig, 5)).isEqualTo("fee00000 31");
    }

    private static Rig posted(Rig rig, boolean urgent, int vector) {
        rig.irte(5, PRESENT | 1 << 15 | (urgent ? 1 << 14 : 0) | (long) vector << 16 | DESCRIPTOR << 32, DESCRIPTOR >>> 32 << 32);
        return rig;
    }

    @TestFactory
    Stream<DynamicTest> postingNotesTheVectorAndNotifies() {
        record Case(String name, boolean urgent, long before, long after, boolean notifies) { }
        long notify = 0x0000_0300_00F2_0000L;
        return Stream.of(new Case("plain", false, notify, notify | 1, true), new Case("outstanding", false, notify | 1, notify | 1, false),
                new Case("suppressed", false, notify | 2, notify | 2, false), new Case("suppressed but urgent", true, notify | 2, notify | 3, true),
                new Case("urgent and outstanding", true, notify | 1, notify | 1, false)).map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    Rig rig = posted(rig("server", false), each.urgent(), 0x71);
                    rig.poke(DESCRIPTOR + 32, each.before());
                    assertThat(send(rig, 5)).isEqualTo("blocked");
                    assertThat(rig.isRecorded(0)).as("no fault").isFalse();
                    assertThat(rig.peek(DESCRIPTOR + 8)).as("vector 71h is bit 31h of the second quarter").isEqualTo(1L << 0x31);
                    assertThat(rig.peek(DESCRIPTOR + 32)).isEqualTo(each.after());
                    assertThat(rig.messages.heard).isEqualTo(each.notifies() ? List.of("fee03000 f2") : List.of());
                }));
    }

    @TestFactory
    Stream<DynamicTest> everyVectorHasItsBit() {
        return Stream.of(0, 63, 64, 127, 128, 191, 192, 255).map(vector -> DynamicTest.dynamicTest("vector " + vector, () -> {
            Rig rig = posted(rig("server", true), false, vector);
            send(rig, 5);
            assertThat(rig.peek(DESCRIPTOR + vector / 64 * 8)).isEqualTo(1L << vector % 64);
        }));
    }

    @Test
    void aDescriptorThatIsNotInMemoryFaults() {
        Rig rig = rig("server", false);
        rig.irte(5, PRESENT | 1 << 15, 0x10L << 32);
        send(rig, 5);
        assertThat(rig.reason(0)).isEqualTo(0x27);
    }

    @TestFactory
    Stream<DynamicTest> reservedBitsOfADescriptorFault() {
        return Stream.of(2, 15, 24, 31, 32, 39, 48, 63).map(bit -> DynamicTest.dynamicTest("bit " + (256 + bit), () -> {
            Rig rig = posted(rig("server", false), false, 0x40);
            rig.poke(DESCRIPTOR + 32, 1L << bit);
            send(rig, 5);
            assertThat(rig.reason(0)).isEqualTo(0x28);
            assertThat(rig.peek(DESCRIPTOR + 8)).isZero();
        }));
    }

    @TestFactory
    Stream<DynamicTest> reservedBitsOfAPostedEntryFault() {
        return Stream.of(2, 7, 12, 13, 24, 31, 32, 37, 64 + 20, 64 + 31).map(bit -> DynamicTest.dynamicTest("bit " + bit, () -> {
            Rig rig = rig("server", false);
            rig.irte(5, PRESENT | 1 << 15 | (bit < 64 ? 1L << bit : 0), bit < 64 ? 0 : 1L << bit - 64);
            send(rig, 5);
            assertThat(rig.reason(0)).isEqualTo(0x24);
        }));
    }

    /** Source: Interrupt-Remapping Hardware Operation: the requester is verified before the entry is interpreted. */
    @Test
    void theRequesterIsVerifiedBeforeTheEntryIsRead() {
        Rig rig = rig();
        rig.irte(5, PRESENT | VECTOR_31 | 0x1000, 1 << 18 | 0x99);
        assertThat(send(rig, 5)).isEqualTo("blocked");
        assertThat(rig.reason(0)).isEqualTo(0x26);
    }

    /** Source: Interrupt Entry Cache: no entry that makes a fault is cached, but in caching mode. */
    @Test
    void anEntryThatMakesAFaultIsCachedInCachingModeOnly() {
        for (boolean cachingMode : List.of(false, true)) {
            Rig rig = new Rig(Rig.unit("client", 0, cachingMode)).interrupts(7, false);
            rigs.add(rig);
            rig.irte(5, PRESENT | VECTOR_31, 1 << 18 | 0x99);
            assertThat(send(rig, 5)).isEqualTo("blocked");
            rig.irte(5, PRESENT | VECTOR_31, 0);
            assertThat(send(rig, 5)).isEqualTo(cachingMode ? "blocked" : "fee00000 31");
        }
    }

    @Test
    void anEntryBeyondTheHostAddressWidthIsBeyondTheTable() {
        Rig rig = rig();
        rig.set64(0xB8, 1L << 39 | 7);
        rig.command(Rig.SIRTP);
        assertThat(send(rig, 5)).isEqualTo("blocked");
        assertThat(rig.reason(0)).isEqualTo(0x21);
    }

    @Test
    void aDescriptorBeyondTheHostAddressWidthIsReserved() {
        Rig rig = rig("server", false);
        rig.irte(5, PRESENT | VECTOR_31 | 1 << 15 | DESCRIPTOR << 32, 1L << 46);
        assertThat(send(rig, 5)).isEqualTo("blocked");
        assertThat(rig.reason(0)).isEqualTo(0x24);
    }

    /** Source: Handling Requests to Interrupt Address Range; Interrupt Remapping Fault Conditions, 29h. */
    @TestFactory
    Stream<DynamicTest> aRequestToTheInterruptRangeThatIsNoInterruptIsRecorded() {
        record Case(String name, boolean write, int length, boolean faults) { }
        return Stream.of(new Case("write of 8 bytes", true, 8, true), new Case("write of 2 bytes", true, 2, true), new Case("read", false, 4, true), new Case("read of no bytes", false, 0, false))
                .map(each -> DynamicTest.dynamicTest(each.name(), () -> {
                    Rig rig = rig();
                    var request = new com.vtsim.api.pci.RequestTranslator.Request();
                    request.sourceId = Rig.DEV;
                    request.address = 0xFEE0_1000L;
                    request.length = each.length();
                    request.write = each.write();
                    assertThat(rig.unit.translate(request)).isEqualTo(!each.faults());
                    assertThat(rig.isRecorded(0) ? rig.reason(0) : 0).isEqualTo(each.faults() ? 0x29 : 0);
                    rig.clearFaults();
                    rig.disable(Rig.IRE);
                    assertThat(rig.unit.translate(request)).isEqualTo(!each.faults());
                    assertThat(rig.isRecorded(0)).as("recorded while nothing is remapped").isFalse();
                }));
    }
}
