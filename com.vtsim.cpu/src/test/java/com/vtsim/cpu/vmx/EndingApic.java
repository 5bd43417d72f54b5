package com.vtsim.cpu.vmx;

import com.vtsim.api.irq.LocalApicPort;

/** A local APIC in x2APIC mode of which only the EOI register does something: it counts. */
final class EndingApic implements LocalApicPort {
    int ended;

    @Override
    public long base() {
        return 0xFEE0_0D00L;
    }

    @Override
    public boolean base(long value) {
        return false;
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
        ended += msr == 0x80B ? 1 : 0;
        return msr == 0x80B;
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
