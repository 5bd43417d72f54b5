package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.irq.pic.InterruptPair;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What one controller leaves and the next takes over. */
class HandOverTest {
    private final Bench bench = new Bench(2).enabled();

    private void byNeutralState() {
        ApicController next = new ApicController("irq", false);
        next.restore(bench.irq.neutral().orElseThrow());
        bench.plug(next);
    }

    /** The pin is as high for the successor as it was; only a rise is an interrupt. */
    @Test
    void anEdgeOfLint0IsNotSeenAgain() {
        bench.legacy();
        bench.set(0, ApicRegister.LVT_LINT0, 0x41);
        bench.raise(3);
        assertThat(bench.take(0)).isEqualTo(0x41);
        bench.eoi(0);
        bench.swapped();
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void requestsAndServiceSurviveAnUpdate() {
        bench.route(17, 0x8051, 0);
        bench.raise(17);
        bench.take(0);
        bench.ipi(1, 0, 0x41);
        bench.swapped();
        assertThat(bench.cpus.get(0).intr).isFalse();
        assertThat(bench.remoteIrr(17)).isTrue();
        bench.lower(17);
        bench.eoi(0);
        assertThat(bench.remoteIrr(17)).isFalse();
        assertThat(bench.take(0)).isEqualTo(0x41);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void aLineThatStaysHighIsNoNewEdgeAfterAnUpdate() {
        bench.route(4, 0x34, 0);
        bench.raise(4);
        assertThat(bench.take(0)).isEqualTo(0x34);
        bench.eoi(0);
        bench.swapped();
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void savedStateIsTheSameAfterARestore() {
        bench.route(17, 0x8051, 1);
        bench.raise(17);
        bench.legacy();
        bench.raise(4);
        bench.set(1, ApicRegister.TPR, 0x60);
        bench.ipi(0, 1, 3);
        State before = bench.irq.save();
        bench.swapped();
        assertThat(bench.irq.save()).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void aGuestOfThe8259GoesOnBehindANewApic() {
        bench.irq.asFirmwareLeaves();
        bench.legacy();
        bench.raise(0);
        assertThat(bench.take(0)).isEqualTo(0x08);
        bench.raise(4);
        byNeutralState();
        assertThat(bench.cpus.get(0).intr).as("held by IRQ 0 in service").isFalse();
        bench.out(0x20, 0x20);
        assertThat(bench.take(0)).isEqualTo(0x0C);
        bench.out(0x20, 0x20);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void aPendingRequestIsDeliveredOnceBehindANewApic() {
        bench.irq.asFirmwareLeaves();
        bench.legacy();
        bench.raise(14);
        byNeutralState();
        assertThat(bench.take(0)).isEqualTo(0x76);
        bench.out(0xA0, 0x20);
        bench.out(0x20, 0x20);
        assertThat(bench.take(0)).isEqualTo(-1);
    }

    @Test
    void anotherModelFindsTheNewApicAsFirmwareLeavesIt() {
        byNeutralState();
        assertThat(bench.get(0, ApicRegister.SVR)).isEqualTo(0x1FF);
        assertThat(bench.get(0, ApicRegister.LVT_LINT0)).isEqualTo(0x700);
        assertThat(bench.get(0, ApicRegister.LVT_LINT1)).isEqualTo(0x400);
        assertThat(bench.get(1, ApicRegister.LVT_LINT0)).isEqualTo(0x1_0000);
        assertThat(bench.io(0x10 + 8)).isEqualTo(0x1_0000);
    }

    private InterruptState neutral() {
        return bench.irq.neutral().orElseThrow().as(InterruptState.class, InterruptController.FAMILY, InterruptState.VERSION);
    }

    /** A controller without APICs has nobody to give them to: the next one with APICs does. */
    @Test
    void messagesThatWaitGoOnToTheNextApic() {
        bench.irq.message(Bench.LOCAL, 0x41);
        bench.irq.message(Bench.LOCAL, 0x42);
        assertThat(bench.take(0)).isEqualTo(0x42);
        assertThat(neutral().messages()).containsExactly(Bench.LOCAL << 32 | 0x41);
        InterruptPair pic = new InterruptPair("irq");
        pic.restore(bench.irq.neutral().orElseThrow());
        pic.message(Bench.LOCAL, 0x43);
        pic.message(Bench.LOCAL, 0x41);
        assertThat(pic.why(0x43)).singleElement().asString().contains("no local APIC");
        InterruptPair updated = new InterruptPair("irq");
        updated.restore(pic.save());
        ApicController next = new ApicController("irq", false);
        next.restore(updated.neutral().orElseThrow());
        bench.plug(next);
        assertThat(bench.take(0)).isEqualTo(0x43);
        bench.eoi(0);
        assertThat(bench.take(0)).isEqualTo(0x41);
        bench.eoi(0);
        assertThat(bench.take(0)).as("merged, as in IRR").isEqualTo(-1);
    }

    @Test
    void anInterruptKeepsItsNumberAcrossSwaps() {
        bench.trace();
        bench.route(17, 0x8051, 0);
        bench.raise(17);
        bench.swapped();
        assertThat(bench.take(0)).isEqualTo(0x51);
        bench.irq.message(Bench.LOCAL, 0x41);
        bench.swapped();
        bench.lower(17);
        bench.eoi(0);
        byNeutralState();
        assertThat(bench.take(0)).isEqualTo(0x41);
        bench.irq.message(Bench.LOCAL, 0x91);
        assertThat(bench.events).containsExactly("irq.raise #1 line 17", "irq.ack #1 cpu0 vector 51h", "irq.raise #2 message, vector 41h",
            "irq.eoi #1 cpu0 vector 51h", "irq.ack #2 cpu0 vector 41h", "irq.raise #3 message, vector 91h");
    }

    /** A thousand in ten milliseconds: a handler that does not silence its device. */
    @Test
    void stormsAreCounted() {
        bench.route(17, 0x8051, 0);
        bench.raise(17);
        for (int i = 0; i < 1500; i++) {
            assertThat(bench.take(0)).isEqualTo(0x51);
            bench.eoi(0);
        }
        assertThat(bench.irq.counts()).contains("line 17: 1501 interrupts, 1 storms");
    }

    /** CR8 is the processor's while there is no local APIC. */
    @Test
    void taskPriorityPassesBetweenProcessorAndApic() {
        bench.cpus.get(0).taskPriority(5);
        byNeutralState();
        assertThat(bench.get(0, ApicRegister.TPR)).isEqualTo(0x50);
        bench.irq.message(Bench.LOCAL, 0x5F);
        assertThat(bench.take(0)).isEqualTo(-1);
        bench.irq.message(Bench.LOCAL, 0x60);
        assertThat(bench.take(0)).isEqualTo(0x60);
        bench.set(0, ApicRegister.TPR, 0x73);
        bench.irq.detach();
        assertThat(bench.cpus.get(0).taskPriority()).isEqualTo(7);
    }

    @Test
    void whatTheNeutralStateDoesNotHoldIsSaid() {
        Bench fresh = new Bench(2);
        fresh.irq.asFirmwareLeaves();
        fresh.irq.message(Bench.LOCAL, 0x41);
        assertThat(fresh.irq.leftBehind()).isEmpty();
        assertThat(fresh.take(0)).isEqualTo(0x41);
        fresh.route(4, 0x34, 0);
        fresh.set(0, ApicRegister.LVT_TIMER, 0x2_00EF);
        fresh.set(0, ApicRegister.INITIAL_COUNT, 1000);
        fresh.set(1, ApicRegister.SVR, 0x1FF);
        fresh.set(1, ApicRegister.LDR, 0x0200_0000);
        assertThat(fresh.irq.leftBehind()).containsExactly("cpu0: timer, LVT_TIMER, in service 41", "cpu1: logical ID, software enable",
            "I/O APIC: routes of inputs 4");
    }

    @Test
    void badStateIsRefused() {
        assertThatThrownBy(() -> bench.irq.restore(new State("i8259a", 1, Map.of()))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> bench.irq.restore(new State("apic", 2, Map.of()))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> bench.irq.restore(new State(InterruptController.FAMILY, 1, Map.of()))).isInstanceOf(StateException.class);
    }

    @Test
    void resetIsPowerUp() {
        State fresh = new Bench(2).irq.save();
        bench.legacy();
        bench.route(4, 0x34, 1);
        bench.set(1, ApicRegister.TPR, 0x60);
        bench.irq.localApic(1).base(0xFEE0_0C00L);
        bench.irq.reset(Reset.WARM);
        assertThat(bench.irq.save()).usingRecursiveComparison().isEqualTo(fresh);
    }

    /** Whatever guests write, nothing throws, a vector is a byte, and the state can be carried over. */
    @Test
    void anyWritesAreSurvived() {
        Random random = new Random(0xA91C);
        int[] ports = {0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1};
        for (int i = 0; i < 200_000; i++) {
            int cpu = random.nextInt(2);
            bench.running = cpu;
            switch (random.nextInt(9)) {
                case 0 -> bench.out(ports[random.nextInt(ports.length)], random.nextInt(256));
                case 1 -> bench.write(Bench.LOCAL + random.nextInt(0x400), 1 << random.nextInt(4), random.nextLong());
                case 2 -> bench.read(Bench.LOCAL + 4 * random.nextInt(0x100), 4);
                case 3 -> bench.io(random.nextInt(0x44), random.nextInt());
                case 4 -> bench.line(random.nextInt(24), random.nextBoolean());
                case 5 -> assertThat(bench.irq.acknowledge(cpu)).isBetween(0, 0xFF);
                case 6 -> bench.irq.message(0xFEE0_0000L | random.nextInt(1 << 20), random.nextInt());
                case 7 -> {
                    bench.irq.localApic(cpu).writeX2apic(0x800 + random.nextInt(0x40), random.nextInt(0x20000));
                    bench.pass(random.nextInt(1000));
                }
                default -> {
                    if (random.nextInt(100) == 0) {
                        bench.irq.localApic(cpu).base(0xFEE0_0000L | random.nextInt(4) << 10);
                        bench.swapped();
                    }
                }
            }
        }
        assertThat(bench.irq.inputs()).hasSize(24);
        assertThat(bench.irq.registers()).hasSize(4);
    }
}
