package com.vtsim.pci.lpc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterFile;
import java.util.function.BooleanSupplier;

/**
 * The TCO timer: counts down in steps of 0.6 s; the first time it runs out it says so, the second time it resets the platform unless a
 * strap forbids it. It would interrupt system management mode, which is not there, so that it begins halted, as firmware's handler leaves it.
 * Source: Intel I/O Controller Hub 9 (ICH9) Family Datasheet, System Management TCO Registers.
 */
final class Watchdog {
    /** Nanoseconds of a step. */
    private static final long STEP = 600_000_000L;
    private static final int LEAST = 4;

    private final RegisterFile<PmRegister> registers;
    private final BooleanSupplier noReboot;
    private Board board;
    private Clock.Timer timer;
    private long expires;
    private long remaining = LEAST * STEP;
    private boolean running;

    record TcoState(long expires, long remaining, boolean running) { }

    Watchdog(RegisterFile<PmRegister> registers, BooleanSupplier noReboot) {
        this.registers = registers;
        this.noReboot = noReboot;
    }

    void attach(Board newBoard) {
        board = newBoard;
        timer = board.clock().timer("tco", this::expired);
        if (running) {
            timer.at(expires);
        }
    }

    void written(PmRegister register) {
        if (board == null) {
            return;
        }
        if (register == PmRegister.TCO_RLD) {
            reload();
        } else if (register == PmRegister.TCO1_CNT) {
            run(!registers.isSet(PmRegister.TCO1_CNT, PmRegister.TCO_TMR_HLT));
        }
    }

    /** Initial values below 4 are not taken. */
    private void reload() {
        remaining = Math.max(LEAST, registers.get(PmRegister.TCO_TMR)) * STEP;
        if (running) {
            expires = board.clock().now() + remaining;
            timer.at(expires);
        }
    }

    private void run(boolean now) {
        if (now == running) {
            return;
        }
        if (now) {
            expires = board.clock().now() + remaining;
            timer.at(expires);
        } else {
            remaining = Math.max(0, expires - board.clock().now());
            timer.cancel();
        }
        running = now;
    }

    private void expired() {
        if (registers.isSet(PmRegister.TCO1_STS, PmRegister.TIMEOUT)) {
            registers.raise(PmRegister.TCO2_STS, PmRegister.SECOND_TO_STS.mask());
            if (!noReboot.getAsBoolean()) {
                board.report("the TCO watchdog ran out twice: platform reset");
                board.reset(Reset.WARM);
            }
        }
        registers.raise(PmRegister.TCO1_STS, PmRegister.TIMEOUT.mask());
        reload();
    }

    /** Brings the current value up to date. */
    void refresh() {
        long left = running ? Math.max(0, expires - board.clock().now()) : remaining;
        registers.set(PmRegister.TCO_RLD, (left + STEP - 1) / STEP);
    }

    void reset() {
        running = false;
        remaining = LEAST * STEP;
        expires = 0;
        if (timer != null) {
            timer.cancel();
        }
    }

    TcoState save() {
        return new TcoState(expires, remaining, running);
    }

    void restore(TcoState state) {
        expires = state.expires();
        remaining = state.remaining();
        running = state.running();
    }
}
