package com.vtsim.irq.apic;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.List;

/** A processor of which only the pins are there. */
final class Pins implements Processor {
    private final int index;
    boolean intr;
    private int priority;
    /** What has arrived besides INTR, in order: {@code nmi}, {@code init}, {@code startup 9f}. */
    final List<String> messages = new ArrayList<>();

    Pins(int index) {
        this.index = index;
    }

    @Override
    public void intr(boolean asserted) {
        intr = asserted;
    }

    @Override
    public void nmi() {
        messages.add("nmi");
    }

    @Override
    public void init() {
        messages.add("init");
    }

    @Override
    public void startup(int vector) {
        messages.add("startup " + Integer.toHexString(vector));
    }

    @Override
    public String name() {
        return "cpu" + index;
    }

    @Override
    public String model() {
        return "pins";
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public void attach(Board board) { }

    @Override
    public void reset(Reset kind) { }

    @Override
    public State save() {
        throw new AssertionError();
    }

    @Override
    public void restore(State state) { }

    @Override
    public Outcome run(long budget) {
        throw new AssertionError();
    }

    @Override
    public long retired() {
        return 0;
    }

    @Override
    public void leave() { }

    @Override
    public boolean idle() {
        return true;
    }

    @Override
    public int taskPriority() {
        return priority;
    }

    @Override
    public void taskPriority(int value) {
        priority = value;
    }

    @Override
    public void a20(boolean enabled) { }

    @Override
    public void enter(EntryState state) { }
}
