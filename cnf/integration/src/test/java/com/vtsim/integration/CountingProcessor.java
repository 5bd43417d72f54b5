package com.vtsim.integration;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;

/** A processor whose only instruction adds one to the 64-bit word at 1000h. */
final class CountingProcessor implements Processor {
    private static final String MODEL = "counting";

    private MemorySpace memory;
    private long retired;
    private boolean leave;

    record Saved(long retired) { }

    @Override
    public String name() {
        return "cpu0";
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public void attach(Board board) {
        memory = board.memory();
    }

    @Override
    public void reset(Reset kind) { }

    @Override
    public State save() {
        return State.of(MODEL, 1, new Saved(retired));
    }

    @Override
    public void restore(State state) {
        retired = state.as(Saved.class, MODEL, 1).retired;
    }

    @Override
    public int index() {
        return 0;
    }

    @Override
    public Outcome run(long budget) {
        leave = false;
        for (long n = 0; n < budget; n++) {
            memory.write(0x1000, 8, memory.read(0x1000, 8) + 1);
            retired++;
            if (leave) {
                return Outcome.LEFT;
            }
        }
        return Outcome.BUDGET;
    }

    @Override
    public long retired() {
        return retired;
    }

    @Override
    public void leave() {
        leave = true;
    }

    @Override
    public boolean idle() {
        return false;
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
