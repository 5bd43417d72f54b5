package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.irq.LocalApicPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** IA32_APIC_BASE and x2APIC mode. @sdm Extended XAPIC (x2APIC); x2APIC State Transitions */
class X2ApicTest {
    private static final long BASE = 0xFEE0_0000L, BSP = 0x100, EXTD = 0x400, EN = 0x800;

    private final Bench bench = new Bench(40);

    private LocalApicPort apic(int cpu) {
        return bench.irq.localApic(cpu);
    }

    private LocalApicPort x2(int cpu) {
        LocalApicPort apic = apic(cpu);
        assertThat(apic.base(apic.base() | EXTD)).isTrue();
        assertThat(apic.writeX2apic(0x80F, 0x1FF)).isTrue();
        return apic;
    }

    private static long read(LocalApicPort apic, int msr) {
        assertThat(apic.readX2apic(msr)).as("%xh can be read", msr).isTrue();
        return apic.value();
    }

    @Test
    void powerUpEnablesXapicModeAndMarksTheBootstrapProcessor() {
        assertThat(apic(0).base()).isEqualTo(BASE | EN | BSP);
        assertThat(apic(1).base()).isEqualTo(BASE | EN);
    }

    /** From each mode (off, xAPIC, x2APIC) to each combination of EN and EXTD. */
    @ParameterizedTest
    @CsvSource({"off,0,true", "off,400,false", "off,800,true", "off,C00,false", "xapic,0,true", "xapic,400,false", "xapic,800,true", "xapic,C00,true",
        "x2apic,0,true", "x2apic,400,false", "x2apic,800,false", "x2apic,C00,true"})
    void modesChangeAsTheStateDiagramAllows(String from, String to, boolean allowed) {
        LocalApicPort apic = apic(1);
        if (!from.equals("xapic")) {
            assertThat(apic.base(from.equals("off") ? BASE : BASE | EN | EXTD)).isTrue();
        }
        long before = apic.base();
        long wanted = BASE | Long.parseLong(to, 16);
        assertThat(apic.base(wanted)).isEqualTo(allowed);
        assertThat(apic.base()).isEqualTo(allowed ? wanted : before);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1, 0x80, 0x200, 0xFF})
    void reservedBitsOfTheBaseFault(long bits) {
        assertThat(apic(0).base(BASE | EN | BSP | bits)).isFalse();
    }

    @Test
    void theWindowFollowsItsBaseForThatProcessorAlone() {
        assertThat(apic(1).base(0xFED8_0000L | EN)).isTrue();
        bench.running = 1;
        assertThat(bench.read(0xFED8_0020L, 4)).isEqualTo(0x0100_0000);
        assertThat(bench.read(BASE + 0x20, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.running = 0;
        assertThat(bench.read(0xFED8_0020L, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.read(BASE + 0x20, 4)).isZero();
    }

    @Test
    void theWindowIsGoneInX2apicModeAndWhenOff() {
        x2(1);
        bench.running = 1;
        assertThat(bench.read(BASE + 0x20, 4)).isEqualTo(0xFFFF_FFFFL);
        apic(1).base(BASE);
        assertThat(bench.read(BASE + 0x20, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void switchingOffForgetsTheState() {
        bench.set(1, ApicRegister.SVR, 0x1FF);
        bench.set(1, ApicRegister.TPR, 0x30);
        apic(1).base(BASE);
        apic(1).base(BASE | EN);
        assertThat(bench.get(1, ApicRegister.TPR)).isZero();
        assertThat(bench.get(1, ApicRegister.SVR)).isEqualTo(0xFF);
    }

    @Test
    void enteringX2apicModeKeepsTheState() {
        bench.set(1, ApicRegister.TPR, 0x30);
        assertThat(read(x2(1), 0x808)).isEqualTo(0x30);
    }

    @Test
    void xapicModeHasNoMsrs() {
        assertThat(apic(0).readX2apic(0x802)).isFalse();
        assertThat(apic(0).writeX2apic(0x808, 0)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0,1", "5,20", "15,8000", "16,10001", "39,20080"})
    void logicalIdFollowsFromTheId(int cpu, String logical) {
        LocalApicPort apic = x2(cpu);
        assertThat(read(apic, 0x802)).isEqualTo(cpu);
        assertThat(read(apic, 0x80D)).isEqualTo(Long.parseLong(logical, 16));
    }

    @ParameterizedTest
    @ValueSource(strings = {"802", "803", "808", "80A", "80D", "80F", "810", "817", "818", "81F", "820", "827", "828", "82F", "830", "832", "833", "834", "835",
        "836", "837", "838", "839", "83E"})
    void theseCanBeRead(String msr) {
        assertThat(x2(0).readX2apic(Integer.parseInt(msr, 16))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"800", "801", "804", "807", "809", "80B", "80C", "80E", "829", "831", "83A", "83D", "83F", "840", "8FF"})
    void theseCannotBeRead(String msr) {
        assertThat(x2(0).readX2apic(Integer.parseInt(msr, 16))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"802", "803", "80A", "80D", "80E", "810", "81F", "827", "831", "839", "809", "840", "8FF"})
    void theseCannotBeWritten(String msr) {
        assertThat(x2(0).writeX2apic(Integer.parseInt(msr, 16), 0)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"808,100", "80B,1", "80F,2000", "80F,C00", "828,1", "830,1000", "830,2000", "830,30000", "830,100000", "832,80000", "832,700", "835,20000", "837,700",
        "838,100000000", "83E,4", "83E,10", "83F,100", "808,8000000000000000"})
    void reservedBitsFault(String msr, String value) {
        assertThat(x2(0).writeX2apic(Integer.parseInt(msr, 16), Long.parseUnsignedLong(value, 16))).isFalse();
    }

    @Test
    void eoiAndErrorStatusTakeZero() {
        LocalApicPort apic = x2(0);
        assertThat(apic.writeX2apic(0x80B, 0)).isTrue();
        assertThat(apic.writeX2apic(0x828, 0)).isTrue();
    }

    @Test
    void selfIpiIsOneWrite() {
        LocalApicPort apic = x2(3);
        assertThat(apic.writeX2apic(0x83F, 0x61)).isTrue();
        assertThat(bench.take(3)).isEqualTo(0x61);
    }

    @Test
    void selfIpiWithAnIllegalVectorIsAReceiveError() {
        LocalApicPort apic = x2(3);
        apic.writeX2apic(0x83F, 0x0F);
        apic.writeX2apic(0x828, 0);
        assertThat(read(apic, 0x828)).isEqualTo(0x40);
    }

    @Test
    void commandIsOneWriteWithAThirtyTwoBitDestination() {
        LocalApicPort apic = x2(3);
        x2(39);
        assertThat(apic.writeX2apic(0x830, 39L << 32 | 0x61)).isTrue();
        assertThat(bench.take(39)).isEqualTo(0x61);
        assertThat(read(apic, 0x830)).isEqualTo(39L << 32 | 0x61);
    }

    @Test
    void commandToAllOnesReachesAll() {
        for (int i = 0; i < 40; i++) {
            x2(i);
        }
        apic(3).writeX2apic(0x830, 0xFFFF_FFFF_0000_0061L);
        for (int i = 0; i < 40; i++) {
            assertThat(bench.take(i)).isEqualTo(0x61);
        }
    }

    @Test
    void logicalCommandReachesMembersOfOneCluster() {
        for (int i = 0; i < 40; i++) {
            x2(i);
        }
        apic(3).writeX2apic(0x830, 0x0001_0005_0000_0861L);
        for (int i = 0; i < 40; i++) {
            assertThat(bench.take(i)).isEqualTo(i == 16 || i == 18 ? 0x61 : -1);
        }
    }

    /** INIT leaves the APIC's mode, base and ID. @sdm Local APIC State After It Receives an INIT Reset */
    @Test
    void initKeepsModeAndId() {
        LocalApicPort apic = x2(5);
        apic.writeX2apic(0x808, 0x40);
        apic.init();
        assertThat(apic.base()).isEqualTo(BASE | EN | EXTD);
        assertThat(read(apic, 0x802)).isEqualTo(5);
        assertThat(read(apic, 0x808)).isZero();
        assertThat(read(apic, 0x80F)).isEqualTo(0xFF);
        assertThat(read(apic, 0x835)).isEqualTo(0x1_0000);
    }

    @Test
    void modeAndCommandAreHandedOver() {
        x2(5).writeX2apic(0x830, 7L << 32 | 0x61);
        bench.swapped();
        assertThat(apic(5).base()).isEqualTo(BASE | EN | EXTD);
        assertThat(read(apic(5), 0x830)).isEqualTo(7L << 32 | 0x61);
    }
}
