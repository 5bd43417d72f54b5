package com.vtsim.irq.pic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;

/** A pair of 8259As on a bench, initialised as firmware does it. */
class PairTests {
    final Bench bench = new Bench();
    InterruptPair pic;

    @BeforeEach
    void firmwareInitialises() {
        pic = bench.attach(new InterruptPair("irq"));
        initialise(0x11, 0x01, 0x01);
    }

    void initialise(int icw1, int masterIcw4, int slaveIcw4) {
        bench.out(0x20, icw1);
        bench.out(0xA0, icw1);
        bench.out(0x21, 0x08);
        bench.out(0xA1, 0x70);
        bench.out(0x21, 0x04);
        bench.out(0xA1, 0x02);
        if ((icw1 & 1) != 0) {
            bench.out(0x21, masterIcw4);
            bench.out(0xA1, slaveIcw4);
        }
    }

    int take() {
        assertThat(bench.cpu.intr).as("INTR").isTrue();
        return pic.acknowledge(0);
    }

    int irr(int base) {
        bench.out(base, 0x0A);
        return bench.in(base);
    }

    int isr(int base) {
        bench.out(base, 0x0B);
        return bench.in(base);
    }

    void pulse(int line) {
        bench.lower(line);
        bench.raise(line);
    }
}
