package com.vtsim.shell.session;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.draw.DrawingConverter;
import com.vtsim.shell.draw.Json;
import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * The shell as the process's main function: takes the command line, gives the exit status.
 * <p>
 * System properties that the {@code vtsim} script sets: {@code vtsim.interactive} and {@code vtsim.colour} say whether standard input and
 * standard output are terminals. Without them the console decides.
 */
@Component(service = ToIntFunction.class, property = "vtsim.shell=main")
public final class Main implements ToIntFunction<String[]> {

    private static final String USAGE = """
            Usage: vtsim                   the shell, at a prompt
                   vtsim -c 'COMMAND; …'   run the commands and exit
                   vtsim FILE [ARGUMENT…]  run the commands in FILE ("-": standard input) and exit; $1, $2, … are the arguments, $here its folder
                   vtsim --json …          prints results and failures as JSON, a line each, with -c or a FILE
                   vtsim --help            this text
                   vtsim --version         the version of VTSim

            The exit status is 0, the status that a command has set (a guest by its exit port, or "exit N"), 1 if a command failed,
            2 if this command line is wrong. A failure is one line on standard error.

            VTSIM_JAVA_OPTS   options for the Java machine, after the script's own (-Xmx6g and others)
            VTSIM_HOME        folder for history and log (default: ~/.vtsim)
            VTSIM_DEPLOY      folder that is watched for bundles (default: deploy/ beside the script)
            VTSIM_BUILD       "never": start what is built, even if sources are newer
            JAVA_HOME         the Java installation to use""";

    /**
     * A failure, for a program to read.
     *
     * @param script null if the commands are those of the command line
     * @param line   of the script, from 1
     * @param error  what was wrong and what would be right
     */
    private record Failure(String script, int line, String error) { }

    private final BundleContext context;
    private final CommandProcessor processor;
    private final Logger log;
    private boolean json;
    private final PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    private final PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);

    @Activate
    public Main(BundleContext context, @Reference CommandProcessor processor,
            @Reference(service = LoggerFactory.class) Logger log) {
        this.context = context;
        this.processor = processor;
        this.log = log;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        List<String> words = Arrays.asList(arguments);
        json = !words.isEmpty() && words.get(0).equals("--json");
        if (json) {
            words = words.subList(1, words.size());
            if (words.isEmpty()) {
                return misuse("--json needs -c or a file of commands");
            }
        }
        String first = words.isEmpty() ? "" : words.get(0);
        return switch (first) {
            case "" -> flag("vtsim.interactive") ? interactive() : script("standard input", "-", List.of());
            case "-?", "-h", "--help" -> print(USAGE);
            case "--version" -> print("VTSim " + context.getBundle().getVersion() + " on Java " + System.getProperty("java.version"));
            case "-c" -> words.size() == 2 ? run(null, words.get(1), List.of()) : misuse("-c takes one argument, the commands");
            case "-" -> script("standard input", first, words.subList(1, words.size()));
            default -> first.startsWith("-") ? misuse("no such option: " + first) : script(first, first, words.subList(1, words.size()));
        };
    }

    private int print(String text) {
        out.println(text);
        return 0;
    }

    private int misuse(String message) {
        err.println("vtsim: " + message + "; see vtsim --help");
        return 2;
    }

    private int script(String name, String file, List<String> arguments) {
        String text;
        try {
            text = file.equals("-")
                    // Buffered, since the bare stream asks for the length, which a pipe has not.
                    ? new String(new BufferedInputStream(new FileInputStream(FileDescriptor.in)).readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
        } catch (IOException | RuntimeException e) {
            err.println("vtsim: cannot read " + name + ": " + Diagnosis.reason(e));
            return 1;
        }
        return run(name, text, arguments);
    }

    /** Runs commands without a prompt. */
    private int run(String name, String text, List<String> arguments) {
        InputStream in = new FileInputStream(FileDescriptor.in);
        try (GogoCommands commands = new GogoCommands(context, processor); CommandSession session = processor.createSession(in, out, err)) {
            Exit exit = prepare(session, commands, flag("vtsim.colour") && !json);
            session.put(DrawingConverter.JSON, json);
            if (!flag("vtsim.colour")) {
                // Gogo's own commands take every session for a terminal; these are the colours of grep and ls.
                session.put("GREP_COLORS", "mt=:fn=:ln=:se=");
                session.put("LS_COLORS", "dr=:ex=:sl=:ot=");
            }
            session.put("here", here(name));
            session.put("args", List.copyOf(arguments));
            for (int i = 0; i < arguments.size(); i++) {
                session.put(Integer.toString(i + 1), arguments.get(i));
            }
            for (Script.Step step : Script.of(text)) {
                try {
                    step.run(session, out);
                } catch (Exception e) {
                    Diagnosis.log(log, step.text(), e);
                    failed(name, step.line(), new Diagnosis(context).explain(step.text(), e));
                    return 1;
                }
                if (exit.isAsked()) {
                    break;
                }
            }
            return exit.status();
        } catch (OperatorException e) {
            err.println("vtsim: " + (name == null ? "" : name + ":") + e.getMessage());
            return 1;
        } finally {
            out.flush();
        }
    }

    private void failed(String script, int line, String why) {
        if (json) {
            err.println(Json.of(new Failure(script, line, why)));
        } else {
            err.println("vtsim: " + (script == null ? "" : script + ":" + line + ": ") + why);
        }
    }

    /** The folder of the script, which it finds its files from; without one the folder the process is in. */
    private static String here(String script) {
        Path file = script == null ? null : Path.of(script).toAbsolutePath();
        Path folder = file != null && Files.isRegularFile(file) ? file.getParent() : Path.of("").toAbsolutePath();
        return folder.normalize().toString();
    }

    private int interactive() {
        try (GogoCommands commands = new GogoCommands(context, processor); Prompt prompt = new Prompt(context, processor, log)) {
            return prompt.run(prepare(prompt.session(), commands, prompt.isColoured()));
        } catch (IOException e) {
            log.error("No terminal", e);
            err.println("vtsim: no terminal: " + Diagnosis.reason(e));
            return 1;
        }
    }

    private Exit prepare(CommandSession session, GogoCommands commands, boolean colour) {
        commands.prepare(session);
        session.put("SCOPE", "vtsim:gogo:felix:*");
        session.put(DrawingConverter.COLOUR, colour);
        return new Exit(session);
    }

    private static boolean flag(String property) {
        String value = System.getProperty(property);
        return value != null ? Boolean.parseBoolean(value) : System.console() != null;
    }
}
