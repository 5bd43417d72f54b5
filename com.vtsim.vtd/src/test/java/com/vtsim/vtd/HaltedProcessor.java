package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;

/** A processor that lets time pass. */
final class HaltedProcessor implements Processor {
    private final int index;

    private record Nothing() { }

    HaltedProcessor(int index) {
        this.index = index;
    }

    @Override
    public String name() {
        return "cpu" + index;
    }

    @Override
    public String model() {
        return "halted";
    }

    @Override
    public void attach(Board board) { }

    @Override
    public void reset(Reset kind) { }

    @Override
    public State save() {
        return State.of(model(), 1, new Nothing());
    }

    @Override
    public void restore(State state) { }

    @Override
    public int index() {
        return index;
    }

    @Override
    public Outcome run(long budget) {
        return Outcome.IDLE;
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
    public void intr(boolean asserted) { }

    @Override
    public void nmi() { }

    @Override
    public void init() { }

    @Override
    public void startup(int vector) { }

    @Override
    public void a20(boolean enabled) { }

    @Override
    public void enter(EntryState state) { }
}
