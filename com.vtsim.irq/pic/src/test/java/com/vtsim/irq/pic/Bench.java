package com.vtsim.irq.pic;

import com.vtsim.api.machine.BenchLines;
import com.vtsim.api.machine.HaltedProcessor;
import java.util.List;

/** A board for an interrupt controller: ports, lines a test drives by hand, and the INTR pins of two processors. */
final class Bench extends BenchLines {
    final HaltedProcessor cpu;

    Bench() {
        this(new HaltedProcessor(0));
    }

    private Bench(HaltedProcessor cpu) {
        super(List.of(cpu, new HaltedProcessor(1)));
        this.cpu = cpu;
    }
}
