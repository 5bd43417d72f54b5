package com.vtsim.api.machine;

/** A part that stands in for another in a test and has no state; its model is its class's name, and so is its name unless one is given. */
public abstract class StatelessPart implements Part {
    private final String name;

    private record Nothing() { }

    /** A part named as its class. */
    protected StatelessPart() {
        name = getClass().getSimpleName();
    }

    /** @param name its name */
    protected StatelessPart(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
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
