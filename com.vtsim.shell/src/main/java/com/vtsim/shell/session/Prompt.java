package com.vtsim.shell.session;

import com.vtsim.shell.draw.Paint;
import com.vtsim.shell.draw.Paint.Role;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.felix.gogo.jline.Highlighter;
import org.apache.felix.gogo.jline.Parser;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Job;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.osgi.framework.BundleContext;
import org.osgi.service.log.Logger;

/** Reads commands at a prompt: history, completion, colours; an interrupt ends the running command. */
final class Prompt implements AutoCloseable {

    private final BundleContext context;
    private final Logger log;
    private final Terminal terminal;
    private final CommandSession session;
    private final PrintStream out;
    private final Paint paint;
    private final LineReader reader;

    Prompt(BundleContext context, CommandProcessor processor, Logger log) throws IOException {
        this.context = context;
        this.log = log;
        terminal = Terminals.system();
        if (terminal.getWidth() == 0) {
            // Terminals that were never told their size; JLine would draw nothing.
            terminal.setSize(new Size(80, 24));
        }
        out = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
        session = processor.createSession(terminal.input(), terminal.output(), terminal.output());
        boolean dumb = Terminal.TYPE_DUMB.equals(terminal.getType()) || System.getenv("NO_COLOR") != null;
        paint = dumb ? Paint.PLAIN : Paint.COLOUR;
        reader = LineReaderBuilder.builder()
                .appName("vtsim")
                .terminal(terminal)
                .completer(new Completion(context, session))
                .parser(new Parser())
                .build();
        if (paint == Paint.COLOUR) {
            ((org.jline.reader.impl.LineReaderImpl) reader).setHighlighter(new Highlighter(session));
        }
        reader.setOpt(LineReader.Option.AUTO_FRESH_LINE);
        reader.setOpt(LineReader.Option.DISABLE_EVENT_EXPANSION);
        reader.setVariable(LineReader.SECONDARY_PROMPT_PATTERN, "%P  > ");
        Path home = Home.folder();
        try {
            Files.createDirectories(home);
            reader.setVariable(LineReader.HISTORY_FILE, home.resolve("history"));
        } catch (IOException e) {
            log.warn("No history: {}", home, e);
        }
        session.put(Shell.VAR_TERMINAL, terminal);
        session.put(Shell.VAR_READER, reader);
    }

    CommandSession session() {
        return session;
    }

    boolean isColoured() {
        return paint == Paint.COLOUR;
    }

    /** Greets, then reads and executes until the operator leaves. */
    int run(Exit exit) {
        out.println(paint.as(Role.HEADING, "VTSim " + context.getBundle().getVersion()) + ": an Intel VT platform to take apart while it runs.");
        out.println("Type " + paint.as(Role.NAME, "help") + " for the commands, TAB to complete, "
                + paint.as(Role.NAME, "machine:create NAME") + " for a first machine, " + paint.as(Role.NAME, "exit") + " to leave.");
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> {
            Job job = session.foregroundJob();
            if (job != null) {
                job.interrupt();
            }
        });
        try {
            while (!exit.isAsked()) {
                read();
            }
        } catch (EndOfFileException e) {
            out.println();
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
        return exit.status();
    }

    private void read() {
        String line;
        try {
            line = reader.readLine(paint == Paint.COLOUR ? "\u001b[1;32mvtsim>\u001b[0m " : "vtsim> ");
        } catch (UserInterruptException e) {
            return;
        }
        for (Script.Step step : steps(line)) {
            try {
                step.run(session, out);
            } catch (Exception e) {
                Diagnosis.log(log, step.text(), e);
                session.put(Shell.VAR_EXCEPTION, e);
                complain(new Diagnosis(context).explain(step.text(), e));
                return;
            }
        }
    }

    private java.util.List<Script.Step> steps(String line) {
        try {
            return Script.of(line);
        } catch (RuntimeException e) {
            complain(Diagnosis.reason(e));
            return java.util.List.of();
        }
    }

    private void complain(String message) {
        out.println(paint.as(Role.BAD, message));
    }

    @Override
    public void close() throws IOException {
        session.close();
        terminal.close();
    }
}
