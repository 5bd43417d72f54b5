package com.vtsim.api.machine;

import java.util.ArrayList;
import java.util.List;

/** A processor that has executed HLT, so that virtual time goes from deadline to deadline; it notes what its pins see. Tests that need more of one extend it. */
public class HaltedProcessor extends StatelessPart implements Processor {
    /** INIT pulses. */
    public int inits;
    /** The level of INTR. */
    public boolean intr;
    /** The last level of A20, null if it was never driven. */
    public Boolean a20;
    /** Resets. */
    public int resets;
    /** What has arrived besides INTR, in order: {@code nmi}, {@code init}, {@code startup 9f}. */
    public final List<String> messages = new ArrayList<>();
    private final int index;

    /** @param index its number */
    public HaltedProcessor(int index) {
        super("cpu" + index);
        this.index = index;
    }

    @Override
    public void reset(Reset kind) {
        resets++;
    }

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
    public void intr(boolean asserted) {
        intr = asserted;
    }

    @Override
    public void nmi() {
        messages.add("nmi");
    }

    @Override
    public void init() {
        inits++;
        messages.add("init");
    }

    @Override
    public void startup(int vector) {
        messages.add("startup " + Integer.toHexString(vector));
    }

    @Override
    public void a20(boolean enabled) {
        a20 = enabled;
    }

    @Override
    public void enter(EntryState state) { }
}
