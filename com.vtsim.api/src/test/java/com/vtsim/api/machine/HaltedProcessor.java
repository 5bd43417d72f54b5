package com.vtsim.api.machine;

/** A processor that has executed HLT, so that virtual time goes from deadline to deadline; it notes what its pins see. */
public final class HaltedProcessor implements Processor {
    /** INIT pulses. */
    public int inits;
    /** The last level of A20, null if it was never driven. */
    public Boolean a20;
    /** Resets. */
    public int resets;
    private final int index;

    private record Nothing() { }

    /** @param index its number */
    public HaltedProcessor(int index) {
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
    public void reset(Reset kind) {
        resets++;
    }

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
    public void init() {
        inits++;
    }

    @Override
    public void startup(int vector) { }

    @Override
    public void a20(boolean enabled) {
        a20 = enabled;
    }

    @Override
    public void enter(EntryState state) { }
}
