package com.vtsim.machine;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.Optional;
import java.util.function.Consumer;

/** A part whose behaviour a test gives it; its state is one number. */
class FakePart implements Part {
    private final String name;
    private final String model;
    /** The board of the latest attach. */
    Board board;
    Consumer<Board> onAttach = board -> { };
    long value;
    boolean hasNeutral;
    String restored = "";
    int attached;
    int detached;

    record Saved(long value) { }

    FakePart(String name) {
        this(name, "fake");
    }

    FakePart(String name, String model) {
        this.name = name;
        this.model = model;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return model;
    }

    @Override
    public void attach(Board newBoard) {
        attached++;
        board = newBoard;
        onAttach.accept(newBoard);
    }

    @Override
    public void detach() {
        detached++;
    }

    @Override
    public void reset(Reset kind) {
        value = 0;
    }

    @Override
    public State save() {
        return State.of(model, 1, new Saved(value));
    }

    @Override
    public void restore(State state) {
        String expected = state.model().equals("family") && hasNeutral ? "family" : model;
        value = state.as(Saved.class, expected, 1).value;
        restored = expected;
    }

    @Override
    public Optional<State> neutral() {
        return hasNeutral ? Optional.of(State.of("family", 1, new Saved(value))) : Optional.empty();
    }
}
