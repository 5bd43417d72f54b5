package com.vtsim.cpu.engine;

import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.irq.StatelessController;
import com.vtsim.cpu.X86Processor;

/** A local APIC of which only two entries work: performance is set to NMI, and masked by each delivery; corrected machine checks are counted. */
final class PlainApic extends StatelessController implements LocalApicPort {
    private final X86Processor cpu;
    int performanceInterrupts;
    int corrected;
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
    public boolean hasCorrectedErrors() {
        return true;
    }

    @Override
    public void correctedErrors() {
        corrected++;
    }

    @Override
    public int acknowledge(int processor) {
        return 0xFF;
    }

    @Override
    public LocalApicPort localApic(int processor) {
        return this;
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
