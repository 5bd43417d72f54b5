package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Registration;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Puts out what one console says, as it comes and unchanged. A thread of its own writes, so that a terminal that is slow
 * or stopped does not hold the machine.
 */
final class Outlet implements Machine.ConsoleListener {
    /** What a terminal that stands still may owe; the rest is in the transcript only. */
    private static final int MOST = 1 << 20;

    private final String console;
    private final OutputStream out;
    private final Registration registration;
    private final Thread thread = new Thread(this::write, "console output");
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private boolean closed;
    private volatile int last = '\n';

    /** @param console the part's name; @param first what to put out at once */
    Outlet(Machine machine, String console, OutputStream out, byte[] first) {
        this.console = console;
        this.out = out;
        waiting.writeBytes(first);
        if (first.length > 0) {
            last = first[first.length - 1];
        }
        registration = machine.listen(this);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void output(String part, int value) {
        if (part.equals(console) && waiting.size() < MOST) {
            waiting.write(value);
            last = value;
            notifyAll();
        }
    }

    private void write() {
        try {
            for (byte[] next = take(); next.length > 0; next = take()) {
                out.write(next);
                out.flush();
            }
        } catch (IOException e) {
            // The terminal is gone, and with it whoever could be told.
            registration.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized byte[] take() throws InterruptedException {
        while (waiting.size() == 0 && !closed) {
            wait();
        }
        byte[] next = waiting.toByteArray();
        waiting.reset();
        return next;
    }

    /** Whether the guest has left its line open. */
    boolean midLine() {
        return last != '\n';
    }

    /** Puts out the rest and ends. */
    public void close() {
        registration.close();
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
