package com.vtsim.pci.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.register.RegisterRules;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Source: NVM Express Base Specification 1.4, Controller Registers; Controller Initialization and Shutdown Processing. */
class RegistersTest {
    private final Host host = new Host();

    @AfterEach
    void close() {
        host.close();
    }

    @TestFactory
    Stream<DynamicTest> everyRowOfTheTable() {
        return RegisterRules.of(ControllerRegister.class, () -> RegisterRules.bare(ControllerRegister.class), List.of());
    }

    @Test
    void isFoundByItsClass() {
        assertThat(host.nvme.configRead(0x08, 4) >>> 8).as("mass storage, non-volatile memory, NVM Express").isEqualTo(0x01_0802);
        assertThat(host.get(0x08, 4)).as("VS").isEqualTo(0x0001_0400);
    }

    @Test
    void capabilitiesSayWhatThereIs() {
        long cap = host.get(0x00, 8);
        assertThat(cap & 0xFFFF).as("MQES, 0's based").isEqualTo(1023);
        assertThat(cap >> 16 & 1).as("CQR").isEqualTo(1);
        assertThat(cap >> 32 & 0xF).as("DSTRD").isZero();
        assertThat(cap >> 37 & 1).as("CSS: NVM command set").isEqualTo(1);
        assertThat(cap >> 48 & 0xFF).as("MPSMIN and MPSMAX: 4 KiB").isZero();
    }

    @Test
    void getsReadyAndUnready() {
        assertThat(host.get(0x1C, 4)).isZero();
        host.enable();
        assertThat(host.get(0x1C, 4)).as("RDY").isEqualTo(1);
        host.set(0x14, 4, 0x0046_0000);
        assertThat(host.get(0x1C, 4)).isZero();
        assertThat(host.get(0x24, 4)).as("AQA outlives a controller reset").isEqualTo(0x000F_000F);
        assertThat(host.get(0x28, 8)).as("and so does ASQ").isEqualTo(Host.SUBMISSIONS);
    }

    @TestFactory
    Stream<DynamicTest> whatCapDoesNotAnnounceIsFatal() {
        record Case(String what, long cc, long aqa) { }
        return Stream.of(new Case("memory page size", 0x0046_0081, 0x000F_000F), new Case("command set", 0x0046_0011, 0x000F_000F),
                new Case("arbitration", 0x0046_0801, 0x000F_000F), new Case("admin submission queue of one entry", 0x0046_0001, 0x000F_0000),
                new Case("admin completion queue of one entry", 0x0046_0001, 0x0000_000F)).map(each -> DynamicTest.dynamicTest(each.what(), () -> {
                    try (Host other = new Host()) {
                        other.set(0x24, 4, each.aqa());
                        other.set(0x14, 4, each.cc());
                        assertThat(other.get(0x1C, 4)).as("CFS, not RDY").isEqualTo(2);
                        other.set(0x14, 4, 0);
                        other.enable();
                        assertThat(other.get(0x1C, 4)).as("a reset cures it").isEqualTo(1);
                    }
                }));
    }

    @Test
    void shutdownIsAcknowledged() {
        host.enable();
        host.set(0x14, 4, 0x0046_4001);
        assertThat(host.get(0x1C, 4) >> 2 & 3).as("SHST: complete").isEqualTo(2);
    }

    @Test
    void masksAreSetAndCleared() {
        host.set(0x0C, 4, 0x5);
        host.set(0x0C, 4, 0x8000_0000L);
        assertThat(host.get(0x0C, 4)).isEqualTo(0x8000_0005L);
        host.set(0x10, 4, 0x4);
        assertThat(host.get(0x0C, 4)).isEqualTo(0x8000_0001L);
        assertThat(host.get(0x10, 4)).as("both read the mask").isEqualTo(0x8000_0001L);
    }

    @Test
    void doorbellsReadZero() {
        host.enable();
        host.ring(0);
        assertThat(host.get(0x1000, 4)).isZero();
        assertThat(host.get(0x1FFC, 4)).isZero();
    }
}
