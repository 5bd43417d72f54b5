package com.vtsim.shell.family;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;

/** An operator's terminal at a guest's console, for as long as the operator stays or the machine runs. */
final class Attachment {
    /** Ctrl-]: what ends it. */
    static final char DETACH = 0x1D;
    private static final long POLL_MILLIS = 50;
    private static final int MOST_AT_ONCE = 256;

    private final Machine machine;
    private final String console;
    private final Keys keys;
    private final BooleanSupplier debugged;

    /** @param debugged whether a debugger stops the machine and lets it go on: then its stops do not end the attachment */
    Attachment(Machine machine, String console, Keys keys, BooleanSupplier debugged) {
        this.machine = machine;
        this.console = console;
        this.keys = keys;
        this.debugged = debugged;
    }

    /** Gives bytes to a guest. @throws OperatorException if there is no such console */
    static void input(Machine machine, String console, byte[] bytes) {
        machine.input(console, bytes);
    }

    /**
     * Starts the machine if it does not run, and passes keys on. A machine that is idle for good is started again by the next key.
     *
     * @return why the machine stopped; null if the operator has detached
     */
    Stop attend() throws IOException, InterruptedException {
        input(machine, console, new byte[0]);
        if (!machine.status().running()) {
            machine.start(RunLimits.NONE);
        }
        StringBuilder typed = new StringBuilder();
        while (true) {
            int key = keys.read(POLL_MILLIS);
            while (key >= 0 && key != DETACH && typed.length() < MOST_AT_ONCE) {
                typed.append((char) key);
                key = keys.read(1);
            }
            if (typed.length() > 0) {
                type(typed.toString());
                typed.setLength(0);
            }
            if (key == DETACH) {
                return null;
            }
            if (key == Keys.END) {
                Thread.sleep(POLL_MILLIS);
            }
            Machine.Status status = machine.status();
            if (!status.running() && ends(status.stop(), key == Keys.END)) {
                return status.stop();
            }
        }
    }

    private void type(String text) {
        input(machine, console, text.getBytes(StandardCharsets.UTF_8));
        Machine.Status status = machine.status();
        if (!status.running() && status.stop() != null && status.stop().cause() == Stop.Cause.IDLE) {
            machine.start(RunLimits.NONE);
        }
    }

    private boolean ends(Stop stop, boolean deaf) {
        return switch (stop.cause()) {
            case IDLE -> deaf;
            case PARKED -> false;
            // A debugger that has just left has let the machine go before.
            case PAUSED, BREAKPOINT, INSTRUCTIONS -> !debugged.getAsBoolean() && !machine.status().running();
            default -> true;
        };
    }
}
