package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Registration;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.function.Supplier;

/**
 * Prints what a machine's consoles say while a command waits for it, as it comes. While one console is in the middle of a
 * line the others wait, so that two that speak at once (a firmware's serial port and its debug port) stay readable.
 * Until it is given a stream it keeps the text. The machine's thread writes, the command's thread opens and closes.
 */
final class ConsolePrinter implements Machine.ConsoleListener {
    private static final long FLUSH_MILLIS = 50;
    /** The line of progress is drawn afresh as often. */
    private static final int PROGRESS_TICKS = 5;
    /** Bytes that may wait for a console that stays in the middle of its line, as one does that shows a prompt. */
    private static final int MOST_WAITING = 512;
    /** Bytes kept of what a machine in the background says; what follows is in machine:output only. */
    private static final int MOST_KEPT = 1 << 20;

    private final Registration registration;
    private final Timer timer = new Timer("console", true);
    private final Map<String, ByteArrayOutputStream> waiting = new LinkedHashMap<>();
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private PrintStream out;
    private String only = "";
    private String speaking = "";
    private String resumed;
    private boolean midLine;
    private boolean unflushed;
    private Supplier<String> progress;
    private int ticks;
    private boolean drawn;

    /** @param resumed the console whose line an earlier printer has ended already, or empty */
    ConsolePrinter(Machine machine, String resumed) {
        this.resumed = resumed;
        registration = machine.listen(this);
        // A prompt that a guest leaves on its line is shown although no line end follows it.
        timer.schedule(new TimerTask() {
            @Override
            public void run() {
                flush();
                tick();
            }
        }, FLUSH_MILLIS, FLUSH_MILLIS);
    }

    /**
     * Prints what was kept, and from now on at once.
     *
     * @param stream  where to
     * @param console the console to print from now on, or empty for all
     */
    synchronized void to(PrintStream stream, String console) {
        stream.write(kept.toByteArray(), 0, kept.size());
        kept.reset();
        out = stream;
        only = console;
        unflushed = true;
    }

    /**
     * Draws a line that tells how it goes, while no console is in the middle of one; it is gone before a console speaks.
     *
     * @param line what to draw, asked again and again on a thread that may wait for the machine
     */
    synchronized void progress(Supplier<String> line) {
        progress = line;
    }

    private void tick() {
        Supplier<String> asked;
        synchronized (this) {
            ticks++;
            asked = midLine || out == null || ticks % PROGRESS_TICKS != 0 ? null : progress;
        }
        if (asked != null) {
            draw(asked.get()); // asked without the lock, which the machine's thread needs
        }
    }

    private synchronized void draw(String line) {
        if (!midLine && progress != null) {
            erase();
            out.print(line);
            out.flush();
            drawn = true;
        }
    }

    private void erase() {
        if (drawn) {
            out.print("\r\u001b[K");
            drawn = false;
        }
    }

    @Override
    public synchronized void output(String part, int value) {
        if (!only.isEmpty() && !only.equals(part) || isOwed(part, value)) {
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

    /** Whether this is the line end of a line that was ended on the screen when the machine stopped in the middle of it. */
    private boolean isOwed(String part, int value) {
        if (!part.equals(resumed)) {
            return false;
        }
        if (value != '\r') {
            resumed = "";
        }
        return value == '\r' || value == '\n';
    }

    private void write(int value) {
        if (out != null) {
            erase();
            out.write(value);
        } else if (kept.size() < MOST_KEPT) {
            kept.write(value);
        }
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
        if (unflushed && out != null) {
            out.flush();
            unflushed = false;
        }
    }

    /**
     * Stops to print and ends the line the guest left open.
     *
     * @return the console that left it open, empty if none did
     */
    String close() {
        registration.close();
        timer.cancel();
        synchronized (this) {
            progress = null;
            if (drawn) {
                erase();
                unflushed = true;
            }
            String left = midLine ? speaking : resumed;
            endLine();
            while (!waiting.isEmpty()) {
                letOthersSpeak();
                endLine();
            }
            flush();
            return left;
        }
    }
}
