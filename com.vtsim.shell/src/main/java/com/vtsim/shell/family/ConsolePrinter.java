package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Registration;
import java.io.PrintStream;
import java.util.Timer;
import java.util.TimerTask;

/**
 * Prints what a machine's consoles say while a command waits for it, as it comes. Text of different consoles is kept on
 * lines of its own. The machine's thread writes, the command's thread opens and closes.
 */
final class ConsolePrinter implements Machine.ConsoleListener {
    private static final long FLUSH_MILLIS = 50;

    private final PrintStream out;
    private final String only;
    private final Registration registration;
    private final Timer timer = new Timer("console", true);
    private String speaking = "";
    private boolean midLine;
    private boolean unflushed;

    /**
     * @param out  where to
     * @param only the console to print, or empty for all
     */
    ConsolePrinter(Machine machine, PrintStream out, String only) {
        this.out = out;
        this.only = only;
        registration = machine.listen(this);
        // A prompt that a guest leaves on its line is shown although no line end follows it.
        timer.schedule(new TimerTask() {
            @Override
            public void run() {
                flush();
            }
        }, FLUSH_MILLIS, FLUSH_MILLIS);
    }

    @Override
    public synchronized void output(String part, int value) {
        if (!only.isEmpty() && !only.equals(part)) {
            return;
        }
        if (midLine && !part.equals(speaking)) {
            out.write('\n');
        }
        speaking = part;
        out.write(value);
        midLine = value != '\n';
        unflushed = true;
    }

    private synchronized void flush() {
        if (unflushed) {
            out.flush();
            unflushed = false;
        }
    }

    /** Stops to print and ends the line the guest left open. */
    void close() {
        registration.close();
        timer.cancel();
        synchronized (this) {
            if (midLine) {
                out.write('\n');
                midLine = false;
            }
            out.flush();
        }
    }
}
