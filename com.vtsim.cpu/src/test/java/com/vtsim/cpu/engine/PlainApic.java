package com.vtsim.cpu.engine;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.X86Processor;
import java.util.List;

/** A local APIC of which only the performance entry works: it is set to NMI, and masked by each delivery. */
final class PlainApic implements InterruptController, LocalApicPort {
    private final X86Processor cpu;
    int performanceInterrupts;
    boolean masked;

    PlainApic(X86Processor cpu) {
        this.cpu = cpu;
    }

    @Override
    public void performanceInterrupt() {
        performanceInterrupts++;
        if (!masked) {
            masked = true;
            cpu.nmi();
        }
    }

    @Override
    public String name() {
        return PART;
    }

    @Override
    public String model() {
        return "plain";
    }

    @Override
    public void attach(Board board) { }

    @Override
    public void reset(Reset kind) { }

    @Override
    public State save() {
        return State.of(model(), 1, new Nothing(0));
    }

    @Override
    public void restore(State state) { }

    record Nothing(int nothing) { }

    @Override
    public int acknowledge(int processor) {
        return 0xFF;
    }

    @Override
    public LocalApicPort localApic(int processor) {
        return this;
    }

    @Override
    public List<Input> inputs() {
        return List.of();
    }

    @Override
    public List<String> registers() {
        return List.of();
    }

    @Override
    public long base() {
        return 0xFEE0_0900L;
    }

    @Override
    public boolean base(long value) {
        return value == base();
    }

    @Override
    public int taskPriority() {
        return 0;
    }

    @Override
    public void taskPriority(int value) { }

    @Override
    public boolean readX2apic(int msr) {
        return false;
    }

    @Override
    public long value() {
        return 0;
    }

    @Override
    public boolean writeX2apic(int msr, long value) {
        return false;
    }

    @Override
    public long tscDeadline() {
        return 0;
    }

    @Override
    public void tscDeadline(long value, long due) { }

    @Override
    public void init() { }

    @Override
    public int id() {
        return 0;
    }
}
