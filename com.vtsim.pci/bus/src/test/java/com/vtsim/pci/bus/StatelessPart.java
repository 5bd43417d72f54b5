package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;

/** What the parts that stand in for others in these tests share. */
abstract class StatelessPart implements Part {
    private record Nothing() { }

    @Override
    public String name() {
        return model();
    }

    @Override
    public String model() {
        return getClass().getSimpleName();
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
}
