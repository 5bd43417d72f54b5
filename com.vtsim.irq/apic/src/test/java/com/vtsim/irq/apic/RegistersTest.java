package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.register.RegisterRules;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Register values and attributes. @sdm Local APIC Register Address Map; Local APIC State After Power-Up or Reset */
class RegistersTest {

    /** The window of a processor whose APIC is enabled by software, so that LVT entries can be unmasked. */
    private static RegisterRules.Door window() {
        Bench bench = new Bench(1).enabled();
        return new RegisterRules.Door() {
            @Override
            public long read(int offset, int size) {
                return bench.read(Bench.LOCAL + offset, size);
            }

            @Override
            public void write(int offset, int size, long value) {
                bench.write(Bench.LOCAL + offset, size, value);
            }
        };
    }

    @TestFactory
    Stream<DynamicTest> localApicRegistersObeyTheirTable() {
        return RegisterRules.of(ApicRegister.class, RegistersTest::window,
            List.of(ApicRegister.SVR, ApicRegister.PPR, ApicRegister.APR, ApicRegister.ESR, ApicRegister.CURRENT_COUNT));
    }

    @TestFactory
    Stream<DynamicTest> ioApicRegistersObeyTheirTable() {
        return RegisterRules.of(IoApicRegister.class, () -> {
            Bench bench = new Bench(1);
            return new RegisterRules.Door() {
                @Override
                public long read(int offset, int size) {
                    long low = bench.io(offset / 4) & 0xFFFF_FFFFL;
                    return size == 4 ? low : low | (long) bench.io(offset / 4 + 1) << 32;
                }

                @Override
                public void write(int offset, int size, long value) {
                    bench.io(offset / 4, (int) value);
                    if (size == 8) {
                        bench.io(offset / 4 + 1, (int) (value >>> 32));
                    }
                }
            };
        }, List.of());
    }

    @ParameterizedTest
    @CsvSource({"ID,0", "TPR,0", "LDR,0", "DFR,FFFFFFFF", "SVR,FF", "ISR0,0", "IRR7,0", "TMR3,0", "ESR,0", "ICR_LOW,0", "ICR_HIGH,0", "LVT_TIMER,10000",
        "LVT_CMCI,10000", "LVT_THERMAL,10000", "LVT_PERF,10000", "LVT_LINT0,10000", "LVT_LINT1,10000", "LVT_ERROR,10000", "INITIAL_COUNT,0", "CURRENT_COUNT,0",
        "DIVIDE,0", "PPR,0", "APR,0"})
    void powerUpGivesWhatTheManualSays(ApicRegister register, String value) {
        assertThat(new Bench(1).get(0, register)).isEqualTo(Long.parseLong(value, 16));
    }

    /** 10h-15h is an integrated APIC; bits 23:16 are the number of LVT entries less one; bit 24 says EOI broadcasts can be suppressed. */
    @Test
    void versionCountsTheLvtEntries() {
        assertThat(new Bench(1).get(0, ApicRegister.VERSION)).isEqualTo(0x0106_0015);
    }

    @Test
    void eachProcessorReadsItsOwnId() {
        Bench bench = new Bench(4);
        for (int i = 0; i < 4; i++) {
            assertThat(bench.get(i, ApicRegister.ID)).isEqualTo((long) i << 24);
        }
    }

    @Test
    void eachProcessorHasRegistersOfItsOwn() {
        Bench bench = new Bench(2);
        bench.set(1, ApicRegister.TPR, 0x50);
        assertThat(bench.get(0, ApicRegister.TPR)).isZero();
        assertThat(bench.get(1, ApicRegister.TPR)).isEqualTo(0x50);
    }

    @Test
    void anOperatorSeesTheBootstrapProcessorsWindow() {
        Bench bench = new Bench(2);
        bench.set(0, ApicRegister.TPR, 0x20);
        bench.running = -1;
        assertThat(bench.read(Bench.LOCAL + 0x80, 4)).isEqualTo(0x20);
    }

    @Test
    void softwareDisableMasksEveryLvtEntryAndKeepsItMasked() {
        Bench bench = new Bench(1).enabled();
        bench.set(0, ApicRegister.LVT_TIMER, 0x30);
        assertThat(bench.get(0, ApicRegister.LVT_TIMER)).isEqualTo(0x30);
        bench.set(0, ApicRegister.SVR, 0xFF);
        assertThat(bench.get(0, ApicRegister.LVT_TIMER)).isEqualTo(0x1_0030);
        bench.set(0, ApicRegister.LVT_TIMER, 0x31);
        assertThat(bench.get(0, ApicRegister.LVT_TIMER)).isEqualTo(0x1_0031);
    }

    /** Bits 27:0 of DFR are ones, its model bits are kept. */
    @Test
    void destinationFormatKeepsItsOnes() {
        Bench bench = new Bench(1);
        bench.set(0, ApicRegister.DFR, 0);
        assertThat(bench.get(0, ApicRegister.DFR)).isEqualTo(0x0FFF_FFFF);
    }

    /** Every entry but those of the identification registers comes up masked (82093AA, I/O Redirection Table Registers). */
    @Test
    void ioApicIsVersion20WithTwentyFourInputs() {
        Bench bench = new Bench(1);
        assertThat(bench.io(1)).isEqualTo(0x0017_0020);
        assertThat(bench.io(0x10)).isEqualTo(0x1_0000);
        assertThat(bench.io(0x3F)).isZero();
        assertThat(bench.io(0x40)).isZero();
    }

    @Test
    void ioApicArbitrationFollowsItsId() {
        Bench bench = new Bench(1);
        bench.io(0, 0x0500_0000);
        assertThat(bench.io(2)).isEqualTo(0x0500_0000);
    }

    @Test
    void accessesBetweenRegistersReadZero() {
        Bench bench = new Bench(1);
        assertThat(bench.read(Bench.LOCAL + 0x84, 4)).isZero();
        assertThat(bench.read(IoApic.BASE + 4, 4)).isZero();
    }
}
