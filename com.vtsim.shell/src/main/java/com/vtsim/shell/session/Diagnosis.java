package com.vtsim.shell.session;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.session.CommandTable.Argument;
import com.vtsim.shell.session.CommandTable.Command;
import com.vtsim.shell.session.CommandTable.Form;
import com.vtsim.shell.session.CommandTable.Option;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.felix.gogo.runtime.CommandNotFoundException;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.gogo.runtime.Parser.Statement;
import org.apache.felix.gogo.runtime.Token;
import org.apache.felix.service.command.Converter;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.Logger;

/** Says in one line why a command failed, in the operator's terms. */
final class Diagnosis {

    private final BundleContext context;

    Diagnosis(BundleContext context) {
        this.context = context;
    }

    /**
     * @param text the command as typed
     * @return one line, without the name of the program
     */
    String explain(String text, Throwable thrown) {
        Throwable cause = unwrapped(thrown);
        if (cause instanceof CommandNotFoundException unknown) {
            return unknownCommand(unknown.getCommand());
        }
        if (cause instanceof IllegalArgumentException && String.valueOf(cause.getMessage()).startsWith("Cannot coerce ")) {
            String message = cause.getMessage();
            return wrongArguments(text, message.substring("Cannot coerce ".length(), message.indexOf('(')).replaceFirst("^_", ""));
        }
        if (cause instanceof IllegalArgumentException && "argument type mismatch".equals(cause.getMessage())) {
            return wrongArguments(text, "");
        }
        return reason(cause);
    }

    /** Keeps the trace of what a command did not mean to throw; the operator sees one line. */
    static void log(Logger log, String text, Throwable thrown) {
        Throwable cause = unwrapped(thrown);
        if (!(cause instanceof OperatorException || cause instanceof InterruptedException || cause instanceof IllegalArgumentException && cause.getStackTrace().length > 0
                && cause.getStackTrace()[0].getClassName().startsWith("org.apache.felix.gogo."))) {
            log.warn("Command failed: {}", text, cause);
        }
    }

    /** The message of what went wrong, on one line; with its kind where the message alone would not say. */
    static String reason(Throwable thrown) {
        Throwable cause = unwrapped(thrown);
        String message = String.valueOf(cause.getMessage()).strip().replaceAll("\\s*\\R\\s*", "; ");
        if (cause instanceof OperatorException) {
            return message;
        }
        if (cause instanceof InterruptedException) {
            return "interrupted";
        }
        if (cause instanceof NoSuchFileException) {
            return "no such file: " + message;
        }
        if (cause instanceof AccessDeniedException) {
            return "access denied: " + message;
        }
        if (cause.getMessage() == null) {
            return cause.getClass().getSimpleName();
        }
        boolean plain = cause instanceof IllegalArgumentException || cause instanceof IllegalStateException || cause.getClass() == Exception.class || cause.getClass() == RuntimeException.class
                || cause.getClass().getName().startsWith("org.apache.felix.gogo.");
        return plain ? message : cause.getClass().getSimpleName() + ": " + message;
    }

    private static Throwable unwrapped(Throwable thrown) {
        Throwable cause = thrown;
        while ((cause instanceof InvocationTargetException || cause instanceof ExecutionException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private String unknownCommand(String name) {
        List<String> names = new ArrayList<>();
        for (Command command : new CommandTable(context).all()) {
            names.add(command.fullName());
            if (name.indexOf(':') < 0) {
                names.add(command.name());
            }
        }
        return "no such command: " + name + nearest(name, names).map(near -> "; did you mean " + near + "?").orElse("; \"help\" lists them");
    }

    /**
     * Gogo only says that no method fits, or of an option's value not even which command it was for; this looks for the argument that is to blame.
     *
     * @param method the command's name without its family, or empty for the first command
     */
    private String wrongArguments(String text, String method) {
        CommandTable table = new CommandTable(context);
        for (Statement statement : new Parser(text) {{ program(); }}.statements()) {
            List<String> words = statement.tokens().stream().map(Token::toString).toList();
            List<Command> commands = words.isEmpty() ? List.of() : table.named(words.get(0));
            if (!commands.isEmpty() && (method.isEmpty() || commands.get(0).name().equalsIgnoreCase(method))) {
                return blame(commands.get(0), words.subList(1, words.size()));
            }
        }
        return method.isEmpty() ? "wrong arguments" : method + ": wrong arguments; see \"help " + method + "\"";
    }

    private String blame(Command command, List<String> words) {
        String name = command.fullName();
        List<Option> options = command.forms().stream().flatMap(form -> form.options().stream()).toList();
        List<String> known = options.stream().flatMap(option -> option.names().stream()).toList();
        List<String> positional = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            Optional<Option> option = options.stream().filter(candidate -> candidate.names().contains(word)).findFirst();
            if (option.isEmpty() && word.startsWith("--")) {
                return name + ": no such option: " + word + nearest(word, known).map(near -> "; did you mean " + near + "?").orElse("");
            } else if (option.isEmpty()) {
                positional.add(word);
            } else if (!option.get().flag()) {
                i++;
                if (i == words.size()) {
                    return name + ": " + word + " needs a value";
                }
                Optional<String> complaint = complaint(option.get().type(), words.get(i));
                if (complaint.isPresent()) {
                    return name + ": " + word + ": " + complaint.get();
                }
            }
        }
        return name + ": " + blamePositional(command, positional);
    }

    private String blamePositional(Command command, List<String> words) {
        for (Form form : command.forms()) {
            if (form.arguments().size() == words.size()) {
                for (int i = 0; i < words.size(); i++) {
                    Optional<String> complaint = complaint(form.arguments().get(i).type(), words.get(i));
                    if (complaint.isPresent()) {
                        return complaint.get();
                    }
                }
            }
        }
        String see = "; see \"help " + command.fullName() + "\"";
        // Forms are sorted by their number of arguments.
        Form shortest = command.forms().get(0);
        Form longest = command.forms().get(command.forms().size() - 1);
        if (words.size() < shortest.arguments().size()) {
            return shortest.arguments().get(words.size()).label() + " is missing" + see;
        }
        if (words.size() > longest.arguments().size() && longest.arguments().stream().noneMatch(Argument::many)) {
            return (longest.arguments().isEmpty() ? "takes no argument" : "one argument too many") + ": " + words.get(longest.arguments().size()) + see;
        }
        return "wrong arguments; it takes " + command.forms().stream().map(Diagnosis::usage).collect(Collectors.joining(", or ")) + see;
    }

    private static String usage(Form form) {
        return form.arguments().isEmpty() ? "none"
                : form.arguments().stream().map(argument -> argument.label().toUpperCase(Locale.ROOT) + (argument.many() ? "…" : "")).collect(Collectors.joining(" "));
    }

    /** Asks the converters why they refuse a word. Expressions are not evaluated again, so nothing is known of them. */
    private Optional<String> complaint(Class<?> type, String word) {
        if (word.startsWith("$") || word.startsWith("(") || word.startsWith("\"") || word.startsWith("'")) {
            return Optional.empty();
        }
        if (type.isEnum()) {
            List<String> names = java.util.Arrays.stream(type.getEnumConstants()).map(Object::toString).toList();
            return names.stream().anyMatch(word::equalsIgnoreCase) ? Optional.empty()
                    : Optional.of("'" + word + "' is none of " + String.join(", ", names));
        }
        try {
            Collection<ServiceReference<Converter>> converters = context.getServiceReferences(Converter.class, null);
            for (ServiceReference<Converter> reference : converters) {
                Converter converter = context.getService(reference);
                try {
                    if (converter != null) {
                        converter.convert(type, word);
                    }
                } finally {
                    context.ungetService(reference);
                }
            }
        } catch (OperatorException e) {
            return Optional.of(e.getMessage());
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        } catch (Exception e) {
            // Only VTSim's own converters say why; what others throw is not meant for the operator.
            return Optional.empty();
        }
        return Optional.empty();
    }

    /** The candidate that differs least from a name, if it differs by little. */
    static Optional<String> nearest(String name, Collection<String> candidates) {
        String best = null;
        int least = Math.max(1, name.length() / 3) + 1;
        for (String candidate : candidates) {
            int distance = distance(name, candidate);
            if (distance < least) {
                least = distance;
                best = candidate;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Letters to add, drop, replace or exchange with their neighbour. */
    private static int distance(String a, String b) {
        int[][] steps = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    steps[i][j] = i + j;
                    continue;
                }
                int different = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int least = Math.min(steps[i - 1][j - 1] + different, Math.min(steps[i - 1][j], steps[i][j - 1]) + 1);
                boolean exchanged = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                steps[i][j] = exchanged ? Math.min(least, steps[i - 2][j - 2] + 1) : least;
            }
        }
        return steps[a.length()][b.length()];
    }
}
