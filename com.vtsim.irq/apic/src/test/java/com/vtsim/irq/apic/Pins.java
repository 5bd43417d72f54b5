package com.vtsim.irq.apic;

import com.vtsim.api.machine.HaltedProcessor;

/** A processor of which only the pins are there, and the task priority. */
final class Pins extends HaltedProcessor {
    private int priority;

    Pins(int index) {
        super(index);
    }

    @Override
    public int taskPriority() {
        return priority;
    }

    @Override
    public void taskPriority(int value) {
        priority = value;
    }
}
