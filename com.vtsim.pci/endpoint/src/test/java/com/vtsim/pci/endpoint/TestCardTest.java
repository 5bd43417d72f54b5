package com.vtsim.pci.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.TestEndpoint.Mode;
import com.vtsim.api.pci.TestEndpoint.Order;
import com.vtsim.api.register.RegisterRules;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the endpoint sends, and when. Expectations: PCI Express Base Specification, Address Translation Services, Page Request Services, PASID. */
class TestCardTest {
    private static final long BAR = 0xC000_0000L;
    private static final long PLACE = 0x3000;
    private final Backplane machine = Backplane.of("t", 16 << 20);
    private final FakeUnit unit = new FakeUnit();
    private TestCard card = new TestCard("card", "00:05.0", true, true, 0);

    @BeforeEach
    void build() {
        machine.add(new HaltedProcessor(0));
        machine.add(new HostBridge("host", "q35", "1af4:1100"));
        machine.add(unit);
        machine.add(card);
        card.configWrite(0x10, 4, (int) BAR);
        card.configWrite(0x04, 2, 6);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private int extended(int id) {
        for (int at = 0x100; at != 0; at = card.configRead(at, 4) >>> 20) {
            if ((card.configRead(at, 4) & 0xFFFF) == id) {
                return at;
            }
        }
        throw new AssertionError("no extended capability " + id);
    }

    private void enableAts() {
        card.configWrite(extended(0x0F) + 6, 2, 0x8000);
    }

    private void enablePri() {
        card.configWrite(extended(0x13) + 0xC, 4, 32);
        card.configWrite(extended(0x13) + 4, 2, 1);
    }

    private void enablePasid() {
        card.configWrite(extended(0x1B) + 6, 2, 7);
    }

    private String order(Mode mode, int pasid, boolean write, long address, byte... data) {
        return machine.call(() -> card.carryOut(new Order(mode, pasid, false, false, write, address), data));
    }

    private void pass() {
        try {
            machine.run(new RunLimits(Long.MAX_VALUE, 10_000, null));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private long get(int offset) {
        return machine.memory().read(BAR + offset, 4);
    }

    private void set(int offset, long value) {
        machine.memory().write(BAR + offset, offset == 0x10 ? 8 : 4, value);
    }

    @TestFactory
    Stream<DynamicTest> registers() {
        return RegisterRules.of(EndpointRegister.class, () -> RegisterRules.bare(EndpointRegister.class), List.of());
    }

    @Test
    void itListsItsServices() {
        assertThat(card.configRead(0, 4)).isEqualTo(0x11EA_1234);
        assertThat(card.configRead(extended(0x0F) + 4, 2) & 0x20).as("page aligned requests").isNotZero();
        assertThat(card.configRead(extended(0x1B) + 4, 2)).as("20 bits, execute, privileged").isEqualTo(0x1406);
        assertThat(card.configRead(extended(0x13) + 8, 4)).as("capacity").isEqualTo(32);
        assertThat(card.configRead(extended(0x01), 2)).isEqualTo(1);
        assertThat(card.configRead(extended(0x03), 2)).isEqualTo(3);
    }

    @Test
    void anUntranslatedRequestIsTranslatedByTheUnit() {
        assertThat(order(Mode.UNTRANSLATED, -1, true, PLACE, (byte) 0x55)).isEqualTo("completed");
        assertThat(machine.memory().read(PLACE + FakeUnit.SHIFT, 1)).isEqualTo(0x55);
        assertThat(unit.heard).containsExactly("write 3000");
    }

    @Test
    void aRequestWithPasidNeedsItEnabled() {
        assertThat(order(Mode.UNTRANSLATED, 5, true, PLACE, (byte) 1)).isEqualTo("not sent: PASID is not enabled");
        assertThat(unit.heard).isEmpty();
        enablePasid();
        assertThat(order(Mode.UNTRANSLATED, 5, true, PLACE, (byte) 1)).isEqualTo("completed");
        assertThat(unit.heard).containsExactly("write 3000 pasid 5");
    }

    @Test
    void aBlockedReadGivesAllOnes() {
        unit.present = false;
        byte[] data = new byte[4];
        assertThat(order(Mode.UNTRANSLATED, -1, false, PLACE, data)).contains("blocked by the remapping unit");
        assertThat(data).containsOnly(-1);
    }

    @Test
    void withoutAtsNothingIsAskedFor() {
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).isEqualTo("not sent: ATS is not enabled");
        assertThat(unit.heard).isEmpty();
    }

    @Test
    void aTranslationIsAskedForOnceAndUsedUntilInvalidated() {
        enableAts();
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        order(Mode.CACHED, -1, true, PLACE + 1, (byte) 2);
        assertThat(unit.heard).containsExactly("translation 3000", "write translated 103000", "write translated 103001");
        assertThat(card.translations()).hasSize(1);
        assertThat(card.invalidate(-1, PLACE, 4096, false)).isTrue();
        assertThat(card.translations()).isEmpty();
    }

    @Test
    void aReadAsksWithoutWriteAndAWriteAsksAgain() {
        enableAts();
        unit.writable = false;
        order(Mode.CACHED, -1, false, PLACE, new byte[1]);
        assertThat(unit.heard.get(0)).isEqualTo("translation 3000 no write");
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).contains("no right to write");
        assertThat(unit.heard).doesNotContain("write translated 103000");
    }

    @Test
    void invalidationKeepsWhatItDoesNotName() {
        enableAts();
        enablePasid();
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        order(Mode.CACHED, -1, true, PLACE + 0x1000, (byte) 1);
        order(Mode.CACHED, 7, true, PLACE, (byte) 1);
        card.invalidate(-1, PLACE, 4096, false);
        assertThat(card.translations()).extracting(each -> each.pasid() + "@" + Long.toHexString(each.address())).containsExactly("-1@4000", "7@3000");
        card.invalidate(8, 0, Long.MIN_VALUE, false);
        assertThat(card.translations()).hasSize(2);
        card.invalidate(7, 0, Long.MIN_VALUE, false);
        assertThat(card.translations()).hasSize(1);
        card.invalidate(-1, 0, Long.MIN_VALUE, false);
        assertThat(card.translations()).isEmpty();
    }

    @Test
    void aLargeTranslationCoversItsRange() {
        enableAts();
        unit.length = 0x20_0000;
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        order(Mode.CACHED, -1, true, 0x1F_F000, (byte) 1);
        assertThat(unit.heard.stream().filter(each -> each.startsWith("translation"))).hasSize(1);
        card.invalidate(-1, 0x10_0000, 4096, false);
        assertThat(card.translations()).as("a part of it is enough").isEmpty();
    }

    @Test
    void anUnsuccessfulCompletionEndsTheTransfer() {
        enableAts();
        unit.status = Translation.UNSUPPORTED;
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).isEqualTo("translation request: unsupported request");
        unit.status = Translation.ABORT;
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).isEqualTo("translation request: completer abort");
    }

    @Test
    void switchingAtsOffForgetsTranslations() {
        enableAts();
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        card.configWrite(extended(0x0F) + 6, 2, 0);
        assertThat(card.translations()).isEmpty();
    }

    @Test
    void aPageThatIsNotThereIsAskedForAndTheRequestRepeated() {
        enableAts();
        enablePri();
        unit.present = false;
        unit.onPage = () -> {
            unit.present = true;
            card.pageResponse(-1, 0, DeviceTlb.RESPONSE_SUCCESS);
        };
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).isEqualTo("completed");
        assertThat(unit.heard).containsExactly("translation 3000", "page 3000 group 0 last", "translation 3000", "write translated 103000");
    }

    @Test
    void aPageThatIsRefusedEndsTheTransfer() {
        enableAts();
        enablePri();
        unit.present = false;
        unit.onPage = () -> card.pageResponse(-1, 0, DeviceTlb.RESPONSE_INVALID);
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).contains("not to be had");
        unit.onPage = () -> card.pageResponse(-1, 1, DeviceTlb.RESPONSE_FAILURE);
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        assertThat(card.configRead(extended(0x13) + 6, 2) & 0x101).as("response failure, stopped").isEqualTo(0x101);
        assertThat(card.configRead(extended(0x13) + 4, 2)).as("disabled").isZero();
    }

    @Test
    void withoutPriAMissingPageIsAFailure() {
        enableAts();
        unit.present = false;
        assertThat(order(Mode.CACHED, -1, true, PLACE, (byte) 1)).contains("no right to write");
        assertThat(unit.heard).containsExactly("translation 3000");
    }

    @Test
    void aResponseNobodyAskedForIsNoted() {
        enablePri();
        card.pageResponse(-1, 77, DeviceTlb.RESPONSE_SUCCESS);
        assertThat(card.configRead(extended(0x13) + 6, 2) & 2).as("unexpected group").isEqualTo(2);
    }

    @Test
    void softwareStartsATransferByRegister() {
        machine.memory().write(BAR + 0x1000, 4, 0xCAFE_F00DL);
        set(0x10, PLACE);
        set(0x0C, 4);
        set(0x04, 3);
        assertThat(get(0x08) & 1).as("busy").isEqualTo(1);
        set(0x10, 0x9999);
        pass();
        assertThat(get(0x08)).isZero();
        assertThat(get(0x04) & 1).isZero();
        assertThat(get(0x20)).as("transfers").isEqualTo(1);
        assertThat(machine.memory().read(PLACE + FakeUnit.SHIFT, 4)).as("registers hold while it is busy").isEqualTo(0xCAFE_F00DL);
    }

    @Test
    void aTransferThatWaitsForAPageGoesOnWithTheResponse() {
        enableAts();
        enablePri();
        unit.present = false;
        set(0x10, PLACE);
        set(0x0C, 4);
        set(0x04, 3 | 2 << 2);
        pass();
        assertThat(get(0x08) & 1).as("still busy").isEqualTo(1);
        unit.present = true;
        machine.call(() -> {
            card.pageResponse(-1, 0, DeviceTlb.RESPONSE_SUCCESS);
            return null;
        });
        pass();
        assertThat(get(0x08)).isZero();
        assertThat(get(0x2C)).as("page requests").isEqualTo(1);
        assertThat(get(0x28)).as("translation requests").isEqualTo(2);
    }

    @Test
    void aFailedReadIsAMasterAbort() {
        unit.present = false;
        set(0x10, PLACE);
        set(0x0C, 4);
        set(0x04, 1);
        pass();
        assertThat(get(0x08) & 2).as("failed").isEqualTo(2);
        assertThat(card.configRead(0x06, 2) & 0x2000).isNotZero();
        assertThat(machine.memory().read(BAR + 0x1000, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void itCanBeToldToHangOrToKeepStaleTranslations() {
        enableAts();
        order(Mode.CACHED, -1, true, PLACE, (byte) 1);
        set(0x1C, 2);
        assertThat(card.invalidate(-1, PLACE, 4096, false)).isTrue();
        assertThat(card.translations()).hasSize(1);
        set(0x1C, 1);
        assertThat(card.invalidate(-1, PLACE, 4096, false)).isFalse();
        assertThat(get(0x30)).as("invalidations").isEqualTo(2);
    }

    @Test
    void forgedInterruptsGoTheWayOfInterrupts() {
        assertThat(order(Mode.UNTRANSLATED, -1, true, 0xFEE0_0000L, (byte) 0x41, (byte) 0, (byte) 0, (byte) 0)).isEqualTo("completed");
        assertThat(unit.heard).containsExactly("interrupt 41");
        enablePasid();
        assertThat(order(Mode.UNTRANSLATED, 3, true, 0xFEE0_0000L, new byte[4])).isNotEqualTo("interrupt");
        assertThat(unit.heard).as("a request with a PASID is none").doesNotContain("interrupt 0");
    }

    @Test
    void stateIsCarriedOverInMidTransfer() {
        enableAts();
        enablePri();
        unit.present = false;
        set(0x10, PLACE);
        set(0x0C, 4);
        set(0x04, 3 | 2 << 2);
        pass();
        State saved = card.save();
        machine.remove(card);
        card = new TestCard("card", "00:05.0", true, true, 0);
        machine.add(card);
        assertThat(card.save()).usingRecursiveComparison().isEqualTo(saved);
        unit.present = true;
        machine.call(() -> {
            card.pageResponse(-1, 0, DeviceTlb.RESPONSE_SUCCESS);
            return null;
        });
        pass();
        assertThat(get(0x08)).isZero();
    }

    @Test
    void withoutTheServicesItHasNoSuchCapabilities() {
        TestCard plain = new TestCard("plain", "00:06.0", false, false, 0);
        int found = 0;
        for (int at = 0x100; at != 0; at = plain.configRead(at, 4) >>> 20) {
            found |= 1 << (plain.configRead(at, 4) & 0x1F);
        }
        assertThat(found).as("error reporting and serial number only").isEqualTo(1 << 1 | 1 << 3);
    }

    /** One message answers all that came meanwhile. With STRAY it claims a tag that is nobody's. */
    @Test
    void itAnswersInvalidationsLateIfToldTo() {
        set(0x1C, 4);
        assertThat(machine.<Boolean>call(() -> card.invalidate(3, -1, PLACE, 4096, false))).isFalse();
        assertThat(machine.<Boolean>call(() -> card.invalidate(5, -1, PLACE, 4096, false))).isFalse();
        pass();
        assertThat(unit.heard).isEmpty();
        for (int i = 0; i < 10; i++) {
            pass();
        }
        assertThat(unit.heard).containsExactly("invalidated 28 28 1");
        unit.heard.clear();
        set(0x1C, 12);
        machine.call(() -> card.invalidate(0, -1, PLACE, 4096, false));
        TestCard successor = new TestCard("card", "00:05.0", true, true, 0);
        machine.remove(card);
        machine.add(successor);
        for (int i = 0; i < 11; i++) {
            pass();
        }
        assertThat(unit.heard).as("also by its successor").containsExactly("invalidated 28 3 1");
    }
}
