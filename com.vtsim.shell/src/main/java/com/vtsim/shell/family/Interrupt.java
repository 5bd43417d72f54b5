package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.jline.terminal.Terminal;

/** While a command has a machine work in the foreground of a terminal, Ctrl-C pauses it, and the command ends as it always does. */
final class Interrupt implements AutoCloseable {
    private final Terminal terminal;
    private final Terminal.SignalHandler before;
    private volatile boolean seen;

    Interrupt(CommandSession session, Machine machine) {
        terminal = session.get(Shell.VAR_TERMINAL) instanceof Terminal own ? own : null;
        before = terminal == null ? null : terminal.handle(Terminal.Signal.INT, signal -> {
            seen = true;
            machine.pause();
        });
    }

    /** Whether there was one. */
    boolean seen() {
        return seen;
    }

    @Override
    public void close() {
        if (terminal != null) {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }
}
