package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Registration;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;

/**
 * Prints what a machine's consoles say while a command waits for it, as it comes. While one console is in the middle of a
 * line the others wait, so that two that speak at once (a firmware's serial port and its debug port) stay readable.
 * The machine's thread writes, the command's thread opens and closes.
 */
final class ConsolePrinter implements Machine.ConsoleListener {
    private static final long FLUSH_MILLIS = 50;
    /** Bytes that may wait for a console that stays in the middle of its line, as one does that shows a prompt. */
    private static final int MOST_WAITING = 512;

    private final PrintStream out;
    private final String only;
    private final Registration registration;
    private final Timer timer = new Timer("console", true);
    private final Map<String, ByteArrayOutputStream> waiting = new LinkedHashMap<>();
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
            ByteArrayOutputStream queue = waiting.computeIfAbsent(part, name -> new ByteArrayOutputStream());
            queue.write(value);
            if (queue.size() < MOST_WAITING) {
                return;
            }
            endLine();
        } else {
            speaking = part;
            write(value);
        }
        letOthersSpeak();
    }

    private void write(int value) {
        out.write(value);
        midLine = value != '\n';
        unflushed = true;
    }

    private void endLine() {
        if (midLine) {
            write('\n');
        }
    }

    /** Where nobody is in the middle of a line: prints what waits, until that leaves a line open. */
    private void letOthersSpeak() {
        while (!midLine && !waiting.isEmpty()) {
            String part = waiting.keySet().iterator().next();
            byte[] text = waiting.remove(part).toByteArray();
            speaking = part;
            for (byte b : text) {
                write(b & 0xFF);
            }
        }
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
            endLine();
            while (!waiting.isEmpty()) {
                letOthersSpeak();
                endLine();
            }
            out.flush();
        }
    }
}
