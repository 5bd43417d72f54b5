package com.vtsim.machine;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.function.LongPredicate;

/**
 * A processor that counts: its "instructions" add one to a 64-bit word of memory at {@code 1000h + 8 * index}. A test
 * may give it something to do before an instruction, and halts it with {@link #halt}.
 */
final class CountingProcessor implements Processor {
    private final int index;
    private Board board;
    private long retired;
    private boolean halted;
    private boolean intr;
    private boolean leave;
    private boolean shutdown;
    private EntryState entered;
    private int resets;
    /** Told the number of each instruction before it is executed; false makes it the last of this stay. */
    LongPredicate before = n -> true;

    record Saved(long retired, boolean halted) { }

    CountingProcessor(int index) {
        this.index = index;
    }

    long count() {
        return board.memory().read(0x1000 + 8L * index, 8);
    }

    /** Halts after the current instruction; {@link #intr} wakes it. */
    void halt() {
        halted = true;
    }

    void shutDown() {
        shutdown = true;
    }

    Board board() {
        return board;
    }

    EntryState entered() {
        return entered;
    }

    int resets() {
        return resets;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public Outcome run(long budget) {
        leave = false;
        if (intr) {
            halted = false;
        }
        for (long n = 0; n < budget; n++) {
            if (halted) {
                return Outcome.IDLE;
            }
            boolean last = !before.test(retired);
            if (shutdown) {
                return Outcome.SHUTDOWN;
            }
            board.memory().write(0x1000 + 8L * index, 8, count() + 1);
            retired++;
            if (leave || last) {
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
        return shutdown || halted && !intr;
    }

    @Override
    public void intr(boolean asserted) {
        intr = asserted;
    }

    @Override
    public void nmi() {
        halted = false;
    }

    @Override
    public void init() {
        halted = true;
    }

    @Override
    public void startup(int vector) {
        halted = false;
    }

    @Override
    public void a20(boolean enabled) { }

    @Override
    public void enter(EntryState state) {
        entered = state;
    }

    @Override
    public String name() {
        return "cpu" + index;
    }

    @Override
    public String model() {
        return "counting";
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
    }

    @Override
    public void reset(Reset kind) {
        halted = false;
        shutdown = false;
        resets++;
    }

    @Override
    public State save() {
        return State.of("counting", 1, new Saved(retired, halted));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, "counting", 1);
        retired = saved.retired;
        halted = saved.halted;
    }
}
