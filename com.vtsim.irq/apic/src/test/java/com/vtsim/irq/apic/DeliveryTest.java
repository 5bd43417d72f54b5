package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Acceptance, priority, EOI, errors and IPIs. @sdm Handling Interrupts; Issuing Interprocessor Interrupts; Error Handling */
class DeliveryTest {
    private static final int SELF = 1 << 18, ALL = 2 << 18, OTHERS = 3 << 18, LOGICAL = 1 << 11, ASSERT = 1 << 14, LEVEL = 1 << 15;

    private final Bench bench = new Bench(8).enabled();

    private void self(int vector) {
        bench.ipi(0, 0, SELF | vector);
    }

    // Priorities

    @Test
    void theHighestVectorIsTakenFirst() {
        self(0x31);
        self(0xE0);
        self(0x80);
        assertThat(bench.take(0)).isEqualTo(0xE0);
    }

    @Test
    void aHigherClassInterruptsAServiceRoutine() {
        self(0x31);
        assertThat(bench.take(0)).isEqualTo(0x31);
        self(0x40);
        assertThat(bench.take(0)).isEqualTo(0x40);
    }

    @Test
    void aHigherVectorOfTheSameClassWaitsForTheEoi() {
        self(0x31);
        assertThat(bench.take(0)).isEqualTo(0x31);
        self(0x3F);
        assertThat(bench.cpus.get(0).intr).isFalse();
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(0x3F);
    }

    @Test
    void eoiEndsTheHighestInService() {
        self(0x31);
        bench.take(0);
        self(0x40);
        bench.take(0);
        bench.eoi(0);
        assertThat(bench.get(0, ApicRegister.ISR2)).isZero();
        assertThat(bench.get(0, ApicRegister.ISR1)).isEqualTo(1 << 0x11);
    }

    @Test
    void eoiWithNothingInServiceDoesNothing() {
        bench.eoi(0);
        assertThat(bench.cpus.get(0).intr).isFalse();
    }

    @Test
    void oneMoreOfEachVectorIsHeldWhileOneIsInService() {
        self(0x31);
        bench.take(0);
        self(0x31);
        self(0x31);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(0x31);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"20,false", "2F,false", "30,false", "3F,false", "40,true", "FE,true"})
    void taskPriorityHoldsItsClassAndThoseBelow(String vector, boolean taken) {
        bench.set(0, ApicRegister.TPR, 0x3A);
        self(Integer.parseInt(vector, 16));
        assertThat(bench.cpus.get(0).intr).isEqualTo(taken);
    }

    @Test
    void loweringTaskPriorityLetsTheInterruptIn() {
        bench.set(0, ApicRegister.TPR, 0xF0);
        self(0xE1);
        assertThat(bench.cpus.get(0).intr).isFalse();
        bench.set(0, ApicRegister.TPR, 0xD0);
        assertThat(bench.take(0)).isEqualTo(0xE1);
    }

    @Test
    void raisingTaskPriorityWithdrawsIntr() {
        self(0x31);
        bench.set(0, ApicRegister.TPR, 0x30);
        assertThat(bench.cpus.get(0).intr).isFalse();
        assertThat(bench.irq.acknowledge(0)).as("an acknowledge that comes all the same gets the spurious vector").isEqualTo(0xFF);
        assertThat(bench.get(0, ApicRegister.ISR7)).as("which is not in service").isZero();
    }

    @Test
    void cr8IsTheClassOfTaskPriority() {
        bench.irq.localApic(0).taskPriority(7);
        assertThat(bench.get(0, ApicRegister.TPR)).isEqualTo(0x70);
        bench.set(0, ApicRegister.TPR, 0x9C);
        assertThat(bench.irq.localApic(0).taskPriority()).isEqualTo(9);
    }

    /** PPR[7:4] is the higher class of TPR and ISR; the subclass is TPR's only where TPR decides. */
    @ParameterizedTest
    @CsvSource({"0,0,0", "45,0,45", "25,31,30", "35,31,35", "4F,31,4F", "0,E7,E0"})
    void processorPriorityFollowsTheManual(String task, String service, String priority) {
        int vector = Integer.parseInt(service, 16);
        if (vector != 0) {
            self(vector);
            bench.take(0);
        }
        bench.set(0, ApicRegister.TPR, Integer.parseInt(task, 16));
        assertThat(bench.get(0, ApicRegister.PPR)).isEqualTo(Long.parseLong(priority, 16));
    }

    @Test
    void requestsShowInIrrAndThenInIsr() {
        self(0xA5);
        assertThat(bench.get(0, ApicRegister.IRR5)).isEqualTo(1 << 5);
        bench.take(0);
        assertThat(bench.get(0, ApicRegister.IRR5)).isZero();
        assertThat(bench.get(0, ApicRegister.ISR5)).isEqualTo(1 << 5);
    }

    @Test
    void softwareDisabledApicHoldsWhatItHasAndTakesNothingNew() {
        self(0x31);
        bench.set(0, ApicRegister.SVR, 0xFF);
        bench.ipi(1, 0, 0x41);
        assertThat(bench.get(0, ApicRegister.IRR2)).isZero();
        assertThat(bench.take(0)).isEqualTo(0x31);
    }

    @Test
    void softwareDisabledApicTakesNmiInitAndStartup() {
        bench.set(3, ApicRegister.SVR, 0xFF);
        bench.ipi(0, 3, 4 << 8);
        bench.ipi(0, 3, 5 << 8 | ASSERT);
        bench.ipi(0, 3, 6 << 8 | 0x9F);
        assertThat(bench.cpus.get(3).messages).containsExactly("nmi", "init", "startup 9f");
    }

    @Test
    void softwareDisabledApicStillSends() {
        bench.set(0, ApicRegister.SVR, 0xFF);
        bench.ipi(0, 1, 0x51);
        assertThat(bench.take(1)).isEqualTo(0x51);
    }

    // IPIs

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 7})
    void fixedReachesThePhysicalDestinationAlone(int destination) {
        bench.ipi(3, destination, 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).as("cpu%d", i).isEqualTo(i == destination ? 0x61 : -1);
        }
    }

    @Test
    void physicalFFReachesAll() {
        bench.ipi(3, 0xFF, 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(0x61);
        }
    }

    @Test
    void shorthandSelfReachesTheSender() {
        bench.ipi(3, 5, SELF | 0x61);
        assertThat(bench.take(3)).isEqualTo(0x61);
        assertThat(bench.take(5)).isEqualTo(-1);
    }

    @Test
    void shorthandAllReachesAllAndTheSender() {
        bench.ipi(3, 0, ALL | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(0x61);
        }
    }

    @Test
    void shorthandOthersSparesTheSender() {
        bench.ipi(3, 0, OTHERS | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(i == 3 ? -1 : 0x61);
        }
    }

    @ParameterizedTest
    @CsvSource({"4,nmi", "5,init", "6,startup 12"})
    void nmiInitAndStartupReachTheOthers(int mode, String message) {
        bench.ipi(2, 0, OTHERS | ASSERT | mode << 8 | 0x12);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.cpus.get(i).messages).isEqualTo(i == 2 ? java.util.List.of() : java.util.List.of(message));
        }
    }

    @ParameterizedTest
    @CsvSource({"4", "5", "6"})
    void nmiInitAndStartupAreNoCommandsToSelfOrAll(int mode) {
        bench.ipi(2, 0, SELF | ASSERT | mode << 8 | 0x12);
        bench.ipi(2, 0, ALL | ASSERT | mode << 8 | 0x12);
        assertThat(bench.cpus).allSatisfy(cpu -> assertThat(cpu.messages).isEmpty());
    }

    @Test
    void initLevelDeassertDoesNothing() {
        bench.ipi(0, 1, 5 << 8 | LEVEL);
        assertThat(bench.cpus.get(1).messages).isEmpty();
    }

    /** SMI: the platform has no SMM. Remote read and mode 7 are no commands. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7})
    void otherModesReachNobody(int mode) {
        bench.ipi(0, 1, ASSERT | mode << 8 | 0x31);
        assertThat(bench.cpus.get(1).messages).isEmpty();
        assertThat(bench.take(1)).isEqualTo(-1);
        assertThat(bench.get(0, ApicRegister.RRD)).isZero();
        assertThat(bench.get(0, ApicRegister.ICR_LOW) & 0x3_0000).as("remote read status").isZero();
    }

    @Test
    void deliveryIsNeverSeenPending() {
        bench.ipi(0, 1, 0x31);
        assertThat(bench.get(0, ApicRegister.ICR_LOW) & 1 << 12).isZero();
    }

    @Test
    void ipisAreEdgeTriggeredWhateverTheTriggerBitSays() {
        bench.ipi(0, 1, LEVEL | ASSERT | 0x31);
        assertThat(bench.get(1, ApicRegister.TMR1)).isZero();
    }

    // Logical destinations

    @Test
    void flatModelMatchesAnyCommonBit() {
        for (int i = 0; i < 8; i++) {
            bench.set(i, ApicRegister.LDR, 1L << 24 + i);
        }
        bench.ipi(0, 0x85, LOGICAL | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo((0x85 >> i & 1) != 0 ? 0x61 : -1);
        }
    }

    @Test
    void clusterModelMatchesClusterAndMember() {
        for (int i = 0; i < 8; i++) {
            bench.set(i, ApicRegister.DFR, 0);
            bench.set(i, ApicRegister.LDR, (long) ((i / 4 + 1) << 4 | 1 << i % 4) << 24);
        }
        bench.ipi(0, 0x2A, LOGICAL | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(i == 5 || i == 7 ? 0x61 : -1);
        }
    }

    @Test
    void clusterModelBroadcastsToFF() {
        for (int i = 0; i < 8; i++) {
            bench.set(i, ApicRegister.DFR, 0);
            bench.set(i, ApicRegister.LDR, (long) ((i / 4 + 1) << 4 | 1 << i % 4) << 24);
        }
        bench.ipi(0, 0xFF, LOGICAL | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(0x61);
        }
    }

    @Test
    void withoutLogicalIdNobodyIsReached() {
        bench.ipi(0, 0x0F, LOGICAL | 0x61);
        assertThat(bench.cpus).noneMatch(cpu -> cpu.intr);
    }

    // Lowest priority

    @Test
    void lowestPriorityGoesToTheLeastBusy() {
        for (int i = 0; i < 8; i++) {
            bench.set(i, ApicRegister.TPR, i == 6 ? 0x10 : 0x40);
        }
        bench.ipi(0, 0xFF, 1 << 8 | 0x61);
        for (int i = 0; i < 8; i++) {
            assertThat(bench.take(i)).isEqualTo(i == 6 ? 0x61 : -1);
        }
    }

    @Test
    void lowestPriorityReachesExactlyOneOfEqualsInTurn() {
        int[] taken = new int[8];
        for (int n = 0; n < 16; n++) {
            bench.ipi(0, 0xFF, 1 << 8 | 0x61);
            for (int i = 0; i < 8; i++) {
                if (bench.take(i) == 0x61) {
                    taken[i]++;
                    bench.eoi(i);
                }
            }
        }
        assertThat(taken).containsOnly(2);
    }

    @Test
    void theFocusProcessorGetsItWhateverItsPriority() {
        bench.ipi(0, 4, 0x61);
        bench.set(4, ApicRegister.TPR, 0xF0);
        bench.ipi(0, 0xFF, 1 << 8 | 0x61);
        assertThat(bench.cpus).noneMatch(cpu -> cpu.intr);
        assertThat(bench.get(4, ApicRegister.IRR3)).isEqualTo(2);
    }

    @Test
    void focusCheckingCanBeTurnedOff() {
        bench.ipi(0, 4, 0x61);
        bench.set(4, ApicRegister.TPR, 0xF0);
        bench.set(4, ApicRegister.SVR, 0x3FF);
        bench.ipi(0, 0xFF, 1 << 8 | 0x61);
        assertThat(bench.cpus.stream().filter(cpu -> cpu.intr).count()).isEqualTo(1);
    }

    @Test
    void lowestPriorityPassesOverDisabledApics() {
        for (int i = 0; i < 7; i++) {
            bench.set(i, ApicRegister.SVR, 0xFF);
        }
        bench.set(7, ApicRegister.TPR, 0x50);
        bench.ipi(0, 0xFF, 1 << 8 | 0x61);
        assertThat(bench.take(7)).isEqualTo(0x61);
    }

    @Test
    void arbitrationPriorityCountsRequestsAndServiceToo() {
        bench.set(0, ApicRegister.TPR, 0x25);
        assertThat(bench.get(0, ApicRegister.APR)).isEqualTo(0x25);
        self(0x57);
        assertThat(bench.get(0, ApicRegister.APR)).isEqualTo(0x50);
        bench.take(0);
        assertThat(bench.get(0, ApicRegister.APR)).isEqualTo(0x50);
    }

    // Errors

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15})
    void sendingAnIllegalVectorIsAnError(int vector) {
        bench.ipi(0, 1, vector);
        assertThat(bench.get(0, ApicRegister.ESR)).as("before the write").isZero();
        bench.set(0, ApicRegister.ESR, 0);
        assertThat(bench.get(0, ApicRegister.ESR)).isEqualTo(0x20);
        assertThat(bench.get(1, ApicRegister.IRR0)).isZero();
    }

    @Test
    void aSecondWriteClearsTheErrors() {
        bench.ipi(0, 1, 3);
        bench.set(0, ApicRegister.ESR, 0);
        bench.set(0, ApicRegister.ESR, 0);
        assertThat(bench.get(0, ApicRegister.ESR)).isZero();
    }

    @Test
    void receivingAnIllegalVectorIsAnError() {
        bench.irq.message(0xFEE0_1000L, 0x05);
        bench.set(1, ApicRegister.ESR, 0);
        assertThat(bench.get(1, ApicRegister.ESR)).isEqualTo(0x40);
        assertThat(bench.take(1)).isEqualTo(-1);
    }

    @Test
    void anAccessToNoRegisterIsAnError() {
        bench.running = 0;
        bench.read(Bench.LOCAL + 0x3F0, 4);
        bench.set(0, ApicRegister.ESR, 0);
        assertThat(bench.get(0, ApicRegister.ESR)).isEqualTo(0x80);
    }

    @Test
    void errorsRaiseTheErrorInterruptOnceUntilTheNextWrite() {
        bench.set(0, ApicRegister.LVT_ERROR, 0xE5);
        bench.ipi(0, 1, 3);
        assertThat(bench.take(0)).isEqualTo(0xE5);
        bench.eoi(0);
        bench.ipi(0, 1, 3);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.set(0, ApicRegister.ESR, 0);
        bench.ipi(0, 1, 3);
        assertThat(bench.take(0)).isEqualTo(0xE5);
    }

    @Test
    void anErrorEntryWithAnIllegalVectorHangsNothing() {
        bench.set(0, ApicRegister.LVT_ERROR, 0x05);
        bench.ipi(0, 1, 3);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    /** The mask is set as the interrupt goes out: the handler clears it. @sdm Handling Performance-Monitoring Interrupts */
    @Test
    void aPerformanceInterruptMasksItsEntry() {
        bench.set(1, ApicRegister.LVT_PERF, 0x47);
        bench.irq.localApic(1).performanceInterrupt();
        assertThat(bench.get(1, ApicRegister.LVT_PERF)).isEqualTo(0x1_0047);
        assertThat(bench.take(1)).isEqualTo(0x47);
        bench.irq.localApic(1).performanceInterrupt();
        assertThat(bench.take(1)).as("masked").isEqualTo(-1);
        bench.set(1, ApicRegister.LVT_PERF, 0x400);
        bench.irq.localApic(1).performanceInterrupt();
        assertThat(bench.cpus.get(1).messages).containsExactly("nmi");
        assertThat(bench.get(1, ApicRegister.LVT_PERF)).isEqualTo(0x1_0400);
    }

    /** @sdm CMCI Local APIC Interface: no mask is set */
    @Test
    void correctedMachineChecksInterrupt() {
        bench.set(1, ApicRegister.LVT_CMCI, 0xF7);
        bench.irq.localApic(1).correctedErrors();
        assertThat(bench.get(1, ApicRegister.LVT_CMCI)).isEqualTo(0xF7);
        assertThat(bench.take(1)).isEqualTo(0xF7);
        bench.set(1, ApicRegister.LVT_CMCI, 0x1_00F7);
        bench.irq.localApic(1).correctedErrors();
        assertThat(bench.take(1)).as("masked").isEqualTo(-1);
    }

    // Local pins

    @Test
    void nmiWireReachesTheProcessorThroughLint1() {
        bench.set(2, ApicRegister.LVT_LINT1, 0x400);
        bench.irq.nmi();
        assertThat(bench.cpus.get(2).messages).containsExactly("nmi");
        assertThat(bench.cpus.get(1).messages).as("masked").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0,false", "1,true", "3,true"})
    void lint1CanBeAFixedInterrupt(int cpu, boolean set) {
        if (set) {
            bench.set(cpu, ApicRegister.LVT_LINT1, 0x46);
        }
        bench.irq.nmi();
        assertThat(bench.take(cpu)).isEqualTo(set ? 0x46 : -1);
    }

    @Test
    void lint1CanBeInit() {
        bench.set(1, ApicRegister.LVT_LINT1, 0x500);
        bench.irq.nmi();
        assertThat(bench.cpus.get(1).messages).containsExactly("init");
    }

    @Test
    void lint0CanBeAnEdgeTriggeredInterrupt() {
        bench.legacy();
        bench.set(0, ApicRegister.LVT_LINT0, 0x47);
        bench.raise(4);
        assertThat(bench.take(0)).isEqualTo(0x47);
        bench.eoi(0);
        assertThat(bench.take(0)).as("8259A INTR stays high: no edge").isEqualTo(-1);
    }

    @Test
    void lint0LevelTriggeredSetsRemoteIrrUntilTheEoi() {
        bench.legacy();
        bench.set(0, ApicRegister.LVT_LINT0, 0x8047);
        bench.raise(4);
        assertThat(bench.get(0, ApicRegister.LVT_LINT0) & 0x4000).isEqualTo(0x4000);
        assertThat(bench.take(0)).isEqualTo(0x47);
        bench.eoi(0);
        assertThat(bench.take(0)).as("the pin is still high").isEqualTo(0x47);
    }

    // Tracing and explaining

    @Test
    void oneNumberFollowsAnInterruptFromLineToEoi() {
        bench.trace();
        bench.route(4, 0x34, 0);
        bench.pulse(4);
        bench.take(0);
        bench.eoi(0);
        String id = bench.events.stream().filter(e -> e.contains("line 4")).findFirst().orElseThrow().replaceAll(".*(#\\d+).*", "$1");
        assertThat(bench.events).anyMatch(e -> e.startsWith("irq.ack " + id + " cpu0 vector 34h")).anyMatch(e -> e.startsWith("irq.eoi " + id + " "));
    }

    @Test
    void whyNamesWhatHoldsAnInterruptBack() {
        bench.set(0, ApicRegister.TPR, 0x50);
        self(0x31);
        assertThat(bench.irq.why(0x31)).singleElement().asString().contains("not above PPR class 5").contains("TPR");
        bench.set(0, ApicRegister.TPR, 0);
        assertThat(bench.irq.why(0x31)).singleElement().asString().contains("INTR is asserted");
        bench.take(0);
        assertThat(bench.irq.why(0x31)).singleElement().asString().contains("in service");
        self(0x30);
        assertThat(bench.irq.why(0x30)).singleElement().asString().contains("vector 31h in service");
        assertThat(bench.irq.why(0x99)).isEmpty();
    }

    /** @sdm Local Vector Table: Remote IRR is set when the local APIC accepts the interrupt, and reset by an EOI */
    @Test
    void aLevelOfLint0IsTakenOnceUntilItsEoi() {
        bench.legacy();
        bench.set(0, ApicRegister.LVT_LINT0, 0x8041);
        bench.raise(3);
        assertThat(bench.take(0)).isEqualTo(0x41);
        assertThat(bench.get(0, ApicRegister.LVT_LINT0)).as("remote IRR").isEqualTo(0xC041);
        bench.set(0, ApicRegister.LVT_LINT0, 0x8041);
        bench.lower(3);
        bench.eoi(0);
        assertThat(bench.take(0)).as("the pin is low when it ends").isEqualTo(-1);
        bench.raise(3);
        assertThat(bench.take(0)).isEqualTo(0x41);
        bench.eoi(0);
        assertThat(bench.take(0)).as("the pin is high when it ends").isEqualTo(0x41);
    }
}
