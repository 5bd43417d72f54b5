package com.vtsim.pci.lpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.pci.HeaderRegister;
import com.vtsim.api.register.RegisterRules;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.lpc.keyboard.KeyboardController;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The LPC bridge by configuration accesses, ports and its window. Expectations: ICH9 datasheet, LPC Interface Bridge Registers (D31:F0). */
class LpcBridgeTest {
    private static final long RCBA = 0xFED1_C000L;
    private static final int PM = 0x600;

    private final Backplane machine = Backplane.of("t", 16 << 20);
    private final LpcBridge lpc = new LpcBridge("lpc", "q35", "1af4:1100");
    private final HaltedProcessor cpu = new HaltedProcessor(0);

    LpcBridgeTest() {
        machine.add(lpc);
        machine.add(cpu);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private static RegisterRules.Door door() {
        LpcBridge fresh = new LpcBridge("lpc", "q35", "1af4:1100");
        return new RegisterRules.Door() {
            @Override
            public long read(int offset, int size) {
                long low = fresh.configRead(offset, Math.min(size, 4)) & 0xFFFF_FFFFL;
                return size == 8 ? low | (long) fresh.configRead(offset + 4, 4) << 32 : low;
            }

            @Override
            public void write(int offset, int size, long value) {
                fresh.configWrite(offset, Math.min(size, 4), (int) value);
                if (size == 8) {
                    fresh.configWrite(offset + 4, 4, (int) (value >> 32));
                }
            }
        };
    }

    @TestFactory
    Stream<DynamicTest> ownRegisters() {
        return RegisterRules.of(LpcRegister.class, LpcBridgeTest::door, List.of());
    }

    @TestFactory
    Stream<DynamicTest> header() {
        return RegisterRules.of(HeaderRegister.class, LpcBridgeTest::door, List.copyOf(EnumSet.complementOf(EnumSet.of(
                HeaderRegister.CLS, HeaderRegister.MLT, HeaderRegister.BIST, HeaderRegister.INTLN, HeaderRegister.INTPN))));
    }

    @TestFactory
    Stream<DynamicTest> rootComplexRegisters() {
        return RegisterRules.of(RootComplexRegister.class, () -> RegisterRules.bare(RootComplexRegister.class), List.of());
    }

    private void mapRootComplex() {
        lpc.configWrite(0xF0, 4, (int) RCBA | 1);
    }

    private void mapPower() {
        lpc.configWrite(0x40, 4, PM | 1);
        lpc.configWrite(0x44, 1, 0x80);
    }

    private int in(int port, int size) {
        return machine.ports().read(port, size);
    }

    private void out(int port, int size, int value) {
        machine.ports().write(port, size, value);
    }

    private Stop run(long nanos) {
        try {
            return machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void identityIsThatOfTheChipset() {
        assertThat(lpc.configRead(0x00, 4)).isEqualTo(0x2918_8086);
        assertThat(lpc.configRead(0x08, 4)).isEqualTo(0x0601_0002);
        assertThat(lpc.configRead(0x0E, 1)).as("multifunction").isEqualTo(0x80);
        assertThat(lpc.configRead(0x04, 4)).isEqualTo(0x0210_0007);
        assertThat(new LpcBridge("lpc", "gm45", "1af4:1100").configRead(0x00, 4)).isEqualTo(0x2917_8086);
        assertThatThrownBy(() -> new LpcBridge("lpc", "piix", "1af4:1100")).hasMessage("chipset is q35 or gm45, not 'piix'");
    }

    @Test
    void aPirqReachesTheIoApicLineAlwaysAndThePicLineWhenRouted() {
        lpc.wire(2, 1, true);
        assertThat(lpc.pirq(2, 1)).as("slot 2, INTA: PIRQG").isEqualTo(6);
        assertThat(machine.lines().level(22)).isTrue();
        assertThat(machine.lines().level(11)).as("reset: not routed").isFalse();
        lpc.configWrite(0x6A, 1, 0x0B);
        assertThat(machine.lines().level(11)).isTrue();
        lpc.configWrite(0x6A, 1, 0x0A);
        assertThat(machine.lines().level(11)).isFalse();
        assertThat(machine.lines().level(10)).isTrue();
        lpc.wire(2, 1, false);
        assertThat(machine.lines().level(10)).isFalse();
        assertThat(machine.lines().level(22)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 8, 13})
    void aPirqIsNotRoutedToReservedInterrupts(int irq) {
        lpc.configWrite(0x60, 1, irq);
        assertThat(lpc.line(0)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"31,1,0", "31,4,3", "25,1,0", "0,1,4", "1,1,5", "1,4,4", "24,2,5"})
    void pinsHaveTheirDefaultPirq(int device, int pin, int pirq) {
        assertThat(lpc.pirq(device, pin)).isEqualTo(pirq);
    }

    @Test
    void theRouteRegistersMoveTheChipsetsOwnDevices() {
        mapRootComplex();
        assertThat(machine.memory().read(RCBA + 0x3140, 2)).isEqualTo(0x3210);
        lpc.wire(31, 2, true);
        assertThat(machine.lines().level(17)).isTrue();
        machine.memory().write(RCBA + 0x3140, 2, 0x3270);
        assertThat(machine.lines().level(17)).isFalse();
        assertThat(machine.lines().level(23)).isTrue();
    }

    @Test
    void twoPirqsShareAPicLine() {
        lpc.configWrite(0x68, 4, 0x0A0A_0A0A);
        lpc.wire(0, 1, true);
        lpc.wire(1, 1, true);
        lpc.wire(0, 1, false);
        assertThat(machine.lines().level(10)).isTrue();
        lpc.wire(1, 1, false);
        assertThat(machine.lines().level(10)).isFalse();
    }

    @Test
    void theRootComplexWindowIsMappedWhereItIsEnabled() {
        assertThat(machine.memory().read(RCBA + 0x3410, 4)).isEqualTo(0xFFFF_FFFFL);
        mapRootComplex();
        assertThat(machine.memory().read(RCBA + 0x3410, 4)).as("GCS: boot from LPC").isEqualTo(0xC00);
        lpc.configWrite(0xF0, 4, 0);
        assertThat(machine.memory().read(RCBA + 0x3410, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void thePowerBlockIsMappedWhereItIsEnabled() {
        lpc.configWrite(0x40, 4, PM | 1);
        assertThat(in(PM, 4)).isEqualTo(-1);
        lpc.configWrite(0x44, 1, 0x80);
        assertThat(in(PM, 4)).isZero();
        lpc.configWrite(0x40, 4, 0xB001);
        assertThat(in(PM, 4)).isEqualTo(-1);
        assertThat(in(0xB000, 4)).isZero();
    }

    @Test
    void thePowerTimerRunsAt3579545HzIn24Bits() {
        mapPower();
        machine.clock().timer("t", () -> { }).at(1_000_000_000L);
        run(1_000_000_000L);
        assertThat(in(PM + 8, 4)).as("3,579,545 ticks in a second").isEqualTo(3_579_545);
        machine.clock().timer("t2", () -> { }).at(5_000_000_000L);
        run(4_000_000_000L);
        assertThat(in(PM + 8, 4)).as("it wraps at 2^24").isEqualTo(5 * 3_579_545 - (1 << 24));
    }

    @Test
    void theTimersOverflowIsAStatusThatAOneClears() {
        mapPower();
        machine.clock().timer("t", () -> { }).at(2_400_000_000L);
        run(2_400_000_000L);
        assertThat(in(PM, 2)).as("bit 23 has toggled after 2^23 ticks, 2.343 s").isEqualTo(0x0001);
        out(PM, 2, 0x0001);
        assertThat(in(PM, 2)).isZero();
    }

    @Test
    void anOverflowRaisesTheSciWhenEnabled() {
        mapPower();
        out(PM + 2, 2, 0x0001);
        out(PM + 4, 2, 0x0001);
        boolean[] seen = new boolean[2];
        machine.clock().timer("before", () -> seen[0] = machine.lines().level(9)).at(2_343_000_000L);
        machine.clock().timer("after", () -> seen[1] = machine.lines().level(9)).at(2_344_000_000L);
        run(2_350_000_000L);
        assertThat(seen).as("2^23 ticks are 2.34348 s").containsExactly(false, true);
        out(PM, 2, 0x0001);
        assertThat(machine.lines().level(9)).isFalse();
    }

    @Test
    void theSciIsOnTheSelectedLine() {
        mapPower();
        out(PM + 0x28, 4, 0x0000_0002);
        out(PM + 4, 2, 0x0001);
        machine.clock().timer("t", () -> { }).at(2_400_000_000L);
        out(PM + 2, 2, 0x0001);
        run(2_400_000_000L);
        assertThat(machine.lines().level(9)).isTrue();
        lpc.configWrite(0x44, 1, 0x82);
        assertThat(machine.lines().level(9)).isFalse();
        assertThat(machine.lines().level(11)).isTrue();
        lpc.configWrite(0x44, 1, 0x84);
        assertThat(machine.lines().level(20)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0x3C00,POWER_OFF", "0x2000,POWER_OFF", "0x3800,POWER_OFF"})
    void sleepingInS5SwitchesThePowerOff(int control, Stop.Cause cause) {
        mapPower();
        machine.clock().timer("t", () -> out(PM + 4, 2, control)).at(1000);
        Stop stop = run(1_000_000);
        assertThat(stop.cause()).isEqualTo(cause);
        assertThat(in(PM + 4, 2) & 0x2000).as("SLP_EN reads 0").isZero();
    }

    @Test
    void suspendIsAbsentAndReported() {
        mapPower();
        machine.clock().timer("t", () -> out(PM + 4, 2, 0x3400)).at(1000);
        assertThat(run(1_000_000).cause()).isNotEqualTo(Stop.Cause.POWER_OFF);
        assertThat(in(PM, 2)).as("WAK_STS").isEqualTo(0x8000);
        assertThat(machine.status().reports()).anyMatch(r -> r.contains("sleep type 5"));
    }

    @Test
    void systemManagementIsSetUpAlreadyAsItIsAbsent() {
        mapPower();
        assertThat(in(PM + 0x30, 4)).isEqualTo(0x20);
        out(PM + 0x30, 4, 0);
        assertThat(in(PM + 0x30, 4)).as("APMC_EN stays").isEqualTo(0x20);
    }

    @Test
    void theApmPortHandsTheEventsOverAndTakesThemBack() {
        mapPower();
        out(0xB3, 1, 0x5A);
        out(0xB2, 1, 0x02);
        assertThat(in(PM + 4, 2)).as("SCI_EN").isEqualTo(0x0001);
        assertThat(in(PM + 0x34, 4)).as("APM_STS").isEqualTo(0x20);
        assertThat(in(0xB2, 1)).isEqualTo(0x02);
        assertThat(in(0xB3, 1)).isEqualTo(0x5A);
        out(0xB2, 1, 0x03);
        assertThat(in(PM + 4, 2)).isZero();
    }

    @TestFactory
    Stream<DynamicTest> powerRegisters() {
        return RegisterRules.of(PmRegister.class, () -> RegisterRules.bare(PmRegister.class), List.of());
    }

    @Test
    void lookingAtTheTimerLeavesNoTrace() {
        mapPower();
        machine.clock().timer("t", () -> { }).at(2_400_000_000L);
        run(2_400_000_000L);
        String digest = machine.digest();
        assertThat(lpc.registerBlocks()).extracting(b -> b.base()).containsExactly(0L, (long) PM, -1L);
        in(PM + 8, 4);
        assertThat(machine.digest()).isEqualTo(digest);
    }

    private void at(long nanos, Runnable action) {
        machine.clock().timer("at" + nanos, action).at(nanos);
    }

    @Test
    void theWatchdogIsHaltedAtFirst() {
        mapPower();
        at(10_000_000_000L, () -> { });
        run(10_000_000_000L);
        assertThat(in(PM + 0x64, 4)).isZero();
        assertThat(in(PM + 0x60, 2)).as("current value").isEqualTo(4);
    }

    @Test
    void theWatchdogCountsDownAndItsSecondTimeoutResets() {
        mapPower();
        lpc.configWrite(0xF0, 4, (int) RCBA | 1);
        out(PM + 0x72, 2, 10);
        out(PM + 0x60, 2, 0);
        out(PM + 0x68, 2, 0x0000);
        int[] seen = new int[3];
        at(3_100_000_000L, () -> seen[0] = in(PM + 0x60, 2));
        at(6_100_000_000L, () -> seen[1] = in(PM + 0x64, 4));
        at(12_100_000_000L, () -> seen[2] = cpu.resets);
        run(12_200_000_000L);
        assertThat(seen[0]).as("10 steps of 0.6 s, 3.1 s gone").isEqualTo(5);
        assertThat(seen[1]).as("TIMEOUT after 6 s").isEqualTo(0x0000_0008);
        assertThat(seen[2]).as("reset after 12 s").isEqualTo(1);
    }

    @Test
    void reloadingKeepsTheWatchdogQuiet() {
        mapPower();
        out(PM + 0x68, 2, 0x0000);
        for (long t = 2; t <= 10; t += 2) {
            at(t * 1_000_000_000L, () -> out(PM + 0x60, 2, 1));
        }
        run(10_500_000_000L);
        assertThat(in(PM + 0x64, 4)).isZero();
    }

    @Test
    void theNoRebootStrapHoldsTheResetBack() {
        mapPower();
        mapRootComplex();
        machine.memory().write(RCBA + 0x3410, 4, 0xC20);
        out(PM + 0x68, 2, 0x0000);
        at(5_000_000_000L, () -> { });
        run(5_000_000_000L);
        assertThat(in(PM + 0x64, 4)).as("SECOND_TO_STS and TIMEOUT").isEqualTo(0x0002_0008);
        assertThat(cpu.resets).isZero();
    }

    @Test
    void port92SwitchesA20OnChangesOnly() {
        assertThat(in(0x92, 1)).isZero();
        out(0x92, 1, 0x00);
        assertThat(cpu.a20).as("no change").isNull();
        out(0x92, 1, 0x02);
        assertThat(cpu.a20).isTrue();
        assertThat(in(0x92, 1)).isEqualTo(0x02);
        out(0x92, 1, 0x00);
        assertThat(cpu.a20).isFalse();
        assertThat(cpu.inits).isZero();
    }

    /** I/O Controller Hub 9 datasheet, PORT92: ALT_A20_GATE is or'd with the keyboard controller's A20GATE. */
    @Test
    void a20IsMaskedOnlyWhileBothGatesAreLow() {
        machine.add(new KeyboardController("i8042"));
        out(0x92, 1, 0x02);
        assertThat(cpu.a20).isTrue();
        out(0x92, 1, 0x00);
        assertThat(cpu.a20).as("the keyboard controller's pin is high after reset").isTrue();
        out(0x64, 1, 0xDD);
        assertThat(cpu.a20).as("both low").isFalse();
        out(0x92, 1, 0x02);
        assertThat(cpu.a20).isTrue();
        out(0x64, 1, 0xDF);
        out(0x92, 1, 0x00);
        assertThat(cpu.a20).as("the keyboard controller's alone").isTrue();
        out(0x64, 1, 0xDD);
        assertThat(cpu.a20).isFalse();
    }

    @Test
    void initSetsTheGateOfPort92() {
        out(0x92, 1, 0x01);
        assertThat(in(0x92, 1)).isEqualTo(0x03);
    }

    @Test
    void port92PulsesInitOnARisingBit() {
        out(0x92, 1, 0x01);
        out(0x92, 1, 0x01);
        assertThat(cpu.inits).isEqualTo(1);
        out(0x92, 1, 0x00);
        out(0x92, 1, 0x01);
        assertThat(cpu.inits).isEqualTo(2);
    }

    @Test
    void resetControlResetsWhenRstCpuRises() {
        machine.memory().write(0x1000, 4, 0x1234_5678);
        out(0xCF9, 1, 0x02);
        machine.settle();
        assertThat(cpu.resets).isZero();
        assertThat(in(0xCF9, 1)).isEqualTo(0x02);
        out(0xCF9, 1, 0x06);
        machine.settle();
        assertThat(cpu.resets).isEqualTo(1);
        assertThat(machine.memory().read(0x1000, 4)).as("RAM keeps its content").isEqualTo(0x1234_5678);
        assertThat(in(0xCF9, 1)).isZero();
    }

    @Test
    void aFullResetTakesThePowerAway() {
        machine.memory().write(0x1000, 4, 0x1234_5678);
        out(0xCF9, 1, 0x0E);
        machine.settle();
        assertThat(cpu.resets).isEqualTo(1);
        assertThat(machine.memory().read(0x1000, 4)).isZero();
    }

    @Test
    void withoutSysRstOnlyTheProcessorsAreInitialised() {
        out(0xCF9, 1, 0x04);
        machine.settle();
        assertThat(cpu.resets).isZero();
        assertThat(cpu.inits).isEqualTo(1);
    }

    @Test
    void aReplacedBridgeCarriesItsStateOn() {
        mapPower();
        mapRootComplex();
        lpc.configWrite(0x68, 4, 0x0A0A_0A0A);
        lpc.wire(0, 1, true);
        out(PM + 2, 2, 0x0001);
        out(0x92, 1, 0x02);
        String digest = machine.digest();
        machine.remove(lpc);
        machine.settle();
        assertThat(in(0x92, 1)).isEqualTo(0xFF);
        machine.add(new LpcBridge("lpc", "q35", "1af4:1100"));
        assertThat(machine.digest()).isEqualTo(digest);
        assertThat(machine.lines().level(10)).isTrue();
        assertThat(in(PM + 2, 2)).isEqualTo(0x0001);
        assertThat(machine.memory().read(RCBA + 0x3140, 2)).isEqualTo(0x3210);
    }

    @Test
    void resetPutsEverythingBack() {
        mapPower();
        lpc.configWrite(0xA4, 2, 0x0001);
        lpc.configWrite(0x68, 1, 0x0A);
        lpc.wire(0, 1, true);
        machine.reset(Reset.WARM);
        assertThat(machine.lines().level(10)).isFalse();
        assertThat(in(PM, 4)).isEqualTo(-1);
        assertThat(lpc.configRead(0x68, 1)).isEqualTo(0x80);
        assertThat(lpc.configRead(0xA4, 2)).as("AFTERG3_EN is in the RTC well").isEqualTo(0x0001);
        machine.reset(Reset.COLD);
        assertThat(lpc.configRead(0xA4, 2)).isZero();
    }
}
