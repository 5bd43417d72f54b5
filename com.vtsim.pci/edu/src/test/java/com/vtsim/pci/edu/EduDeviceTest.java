package com.vtsim.pci.edu;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: EDU device, MMIO area spec, DMA controller, IRQ controller. */
class EduDeviceTest {
    private static final long BAR = 0xC000_0000L;
    private static final long BUFFER = 0x4_0000;
    private final Backplane machine = Backplane.of("t", 16 << 20);
    private EduDevice edu = new EduDevice("edu", "00:03.0", 28);

    @BeforeEach
    void build() {
        machine.add(new HaltedProcessor(0));
        machine.add(new HostBridge("host", "q35", "1af4:1100"));
        machine.add(edu);
        edu.configWrite(0x10, 4, (int) BAR);
        edu.configWrite(0x04, 2, 6);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private long get(int offset) {
        return machine.memory().read(BAR + offset, 4);
    }

    private void set(int offset, long value) {
        machine.memory().write(BAR + offset, 4, value);
    }

    private void set64(int offset, long value) {
        machine.memory().write(BAR + offset, 8, value);
    }

    private void pass(long nanos) {
        try {
            machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void transfer(long from, long to, long count, int command) {
        set64(0x80, from);
        set64(0x88, to);
        set64(0x90, count);
        set64(0x98, command);
        assertThat(get(0x98) & 1).as("under way").isEqualTo(1);
        pass(10_000);
        assertThat(get(0x98) & 1).as("done").isZero();
    }

    @Test
    void identifiesItself() {
        assertThat(edu.configRead(0, 4)).isEqualTo(0x11E8_1234);
        assertThat(get(0x00)).isEqualTo(0x0100_00EDL);
    }

    @Test
    void livenessIsTheInverse() {
        set(0x04, 0x1234_5678);
        assertThat(get(0x04)).isEqualTo(0xEDCB_A987L);
    }

    @TestFactory
    Stream<DynamicTest> computesFactorials() {
        record Case(long n, long result) { }
        return Stream.of(new Case(0, 1), new Case(1, 1), new Case(5, 120), new Case(12, 479_001_600), new Case(13, 1_932_053_504), new Case(34, 0), new Case(0xFFFF_FFFFL, 0))
                .map(each -> DynamicTest.dynamicTest(each.n() + "!", () -> {
                    set(0x08, each.n());
                    assertThat(get(0x20) & 1).isEqualTo(1);
                    pass(10_000);
                    assertThat(get(0x20) & 1).isZero();
                    assertThat(get(0x08)).isEqualTo(each.result());
                    assertThat(get(0x24)).isZero();
                }));
    }

    @Test
    void computationInterruptsIfAsked() {
        set(0x20, 0x80);
        set(0x08, 4);
        pass(10_000);
        assertThat(get(0x24)).isEqualTo(1);
        assertThat(edu.configRead(6, 2) & 8).as("INTx").isEqualTo(8);
        set(0x64, 1);
        assertThat(get(0x24)).isZero();
        assertThat(edu.configRead(6, 2) & 8).isZero();
    }

    @Test
    void raisedBitsAddUpAndAreAcknowledgedSingly() {
        set(0x60, 0x12);
        set(0x60, 0x21);
        assertThat(get(0x24)).isEqualTo(0x33);
        set(0x64, 0x30);
        assertThat(get(0x24)).isEqualTo(0x03);
        assertThat(edu.configRead(6, 2) & 8).isEqualTo(8);
    }

    @Test
    void copiesThereAndBack() {
        machine.memory().write(0x10_0FF8, 8, 0x1122_3344_5566_7788L);
        machine.memory().write(0x10_1000, 8, 0x99AA_BBCC_DDEE_FF00L);
        transfer(0x10_0FF8, BUFFER, 16, 1);
        transfer(BUFFER + 4, 0x20_0000, 12, 3);
        assertThat(machine.memory().read(0x20_0000, 8)).isEqualTo(0xDDEE_FF00_1122_3344L);
        assertThat(machine.memory().read(0x20_0008, 4)).isEqualTo(0x99AA_BBCCL);
        assertThat(get(0x24)).isZero();
    }

    @Test
    void aTransferInterruptsIfAsked() {
        transfer(0x10_0000, BUFFER, 4, 5);
        assertThat(get(0x24)).isEqualTo(0x100);
    }

    @Test
    void addressesAreCutToTheMask() {
        machine.memory().write(0x10_0000, 4, 0x1234_5678);
        transfer(0x1010_0000L, BUFFER, 4, 1);
        assertThat(machine.status().reports()).anyMatch(report -> report.contains("DMA address 10100000 is cut to 28 bits"));
        transfer(BUFFER, 0x20_0000, 4, 3);
        assertThat(machine.memory().read(0x20_0000, 4)).isEqualTo(0x1234_5678L);
    }

    @TestFactory
    Stream<DynamicTest> aTransferOutsideOfTheBufferDoesNotTakePlace() {
        record Case(long buffer, long count) { }
        return Stream.of(new Case(BUFFER - 1, 4), new Case(BUFFER + 4093, 4), new Case(BUFFER, 4097), new Case(0, 4), new Case(-1, 1), new Case(BUFFER, -1))
                .map(each -> DynamicTest.dynamicTest(each.toString(), () -> {
                    machine.memory().write(0x20_0000, 4, 0x5555_5555);
                    transfer(each.buffer(), 0x20_0000, each.count(), 3);
                    assertThat(machine.memory().read(0x20_0000, 4)).isEqualTo(0x5555_5555L);
                }));
    }

    @Test
    void narrowAccessesAreNotTaken() {
        set(0x04, 0);
        machine.memory().write(BAR + 0x04, 1, 0xFF);
        assertThat(get(0x04)).isEqualTo(0xFFFF_FFFFL);
        assertThat(machine.memory().read(BAR, 2)).isEqualTo(0xFFFF);
        assertThat(machine.memory().read(BAR + 0x1_0000, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void aTransferUnderWayIsCarriedOver() {
        machine.memory().write(0x10_0000, 4, 0x1234_5678);
        set64(0x80, 0x10_0000);
        set64(0x88, BUFFER);
        set64(0x90, 4);
        set64(0x98, 5);
        State before = edu.save();
        machine.remove(edu);
        edu = new EduDevice("edu", "00:03.0", 28);
        machine.add(edu);
        assertThat(edu.save()).usingRecursiveComparison().isEqualTo(before);
        pass(10_000);
        assertThat(get(0x24)).isEqualTo(0x100);
        transfer(BUFFER, 0x20_0000, 4, 3);
        assertThat(machine.memory().read(0x20_0000, 4)).isEqualTo(0x1234_5678L);
    }
}
