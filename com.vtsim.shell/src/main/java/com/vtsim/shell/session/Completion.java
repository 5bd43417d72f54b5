package com.vtsim.shell.session;

import com.vtsim.shell.Complete;
import com.vtsim.shell.session.CommandTable.Argument;
import com.vtsim.shell.session.CommandTable.Command;
import com.vtsim.shell.session.CommandTable.Form;
import com.vtsim.shell.session.CommandTable.Option;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.jline.builtins.Completers.FilesCompleter;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** What TAB offers: commands by family, their options, and values by the parameter's type or {@link Complete}. */
final class Completion implements Completer {

    private final BundleContext context;
    private final CommandSession session;

    Completion(BundleContext context, CommandSession session) {
        this.context = context;
        this.session = session;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        CommandTable table = new CommandTable(context);
        if (line.wordIndex() <= 0) {
            commands(table, line.word(), candidates);
            return;
        }
        List<Command> commands = table.named(line.words().get(0));
        if (commands.isEmpty()) {
            return;
        }
        Command command = commands.get(0);
        if (command.fullName().equals("vtsim:help")) {
            table.all().stream().filter(Completion::isOurs).forEach(each -> candidates.add(candidate(shown(each), each.description(), true)));
            return;
        }
        List<String> before = line.words().subList(1, line.wordIndex());
        for (Form form : command.forms()) {
            parameters(form, before, reader, line, candidates);
        }
    }

    /** An empty line offers VTSim's own commands; those of Gogo and Felix come when their first letters are typed. */
    private static void commands(CommandTable table, String word, List<Candidate> candidates) {
        for (Command command : table.all()) {
            boolean ours = isOurs(command);
            if (ours || !word.isEmpty()) {
                candidates.add(new Candidate(shown(command), shown(command), null, command.description().isEmpty() ? null : command.description(), null, null, true));
            }
        }
    }

    private static boolean isOurs(Command command) {
        return !HelpText.isForeign(command.scope());
    }

    /** Commands of VTSim's families are called by their full name, all others by their own. */
    private static String shown(Command command) {
        return HelpText.isFamily(command.scope()) ? command.fullName() : command.name();
    }

    private void parameters(Form form, List<String> before, LineReader reader, ParsedLine line, List<Candidate> candidates) {
        int position = 0;
        Optional<Option> open = Optional.empty();
        List<Option> unused = new ArrayList<>(form.options());
        for (String word : before) {
            if (open.isPresent()) {
                open = Optional.empty();
                continue;
            }
            Optional<Option> option = form.options().stream().filter(each -> each.names().contains(word)).findFirst();
            if (option.isEmpty()) {
                position++;
            } else {
                unused.remove(option.get());
                open = option.filter(each -> !each.flag());
            }
        }
        if (open.isPresent()) {
            values(open.get().type(), open.get().kind(), reader, line, candidates);
            return;
        }
        unused.forEach(option -> candidates.add(candidate(option.longName(), option.description(), true)));
        List<Argument> arguments = form.arguments();
        if (!arguments.isEmpty() && (position < arguments.size() || arguments.get(arguments.size() - 1).many())) {
            Argument argument = arguments.get(Math.min(position, arguments.size() - 1));
            values(argument.type(), argument.kind(), reader, line, candidates);
        }
    }

    private void values(Class<?> type, String kind, LineReader reader, ParsedLine line, List<Candidate> candidates) {
        if (!kind.isEmpty()) {
            names(kind).forEach(name -> candidates.add(candidate(name, "", true)));
        } else if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                candidates.add(candidate(constant.toString().toLowerCase(Locale.ROOT), "", true));
            }
        } else if (type == Path.class || type == File.class) {
            new FilesCompleter(session.currentDir()).complete(reader, line, candidates);
        }
    }

    private List<String> names(String kind) {
        List<String> names = new ArrayList<>();
        try {
            ServiceReference<?>[] references = context.getServiceReferences(Supplier.class.getName(), "(" + Complete.PROPERTY + "=" + kind + ")");
            for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
                names(reference, names);
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException("not a kind of name: " + kind, e);
        }
        return names;
    }

    private void names(ServiceReference<?> reference, List<String> names) {
        try {
            if (context.getService(reference) instanceof Supplier<?> supplier && supplier.get() instanceof Collection<?> several) {
                several.forEach(name -> names.add(name.toString()));
            }
        } finally {
            context.ungetService(reference);
        }
    }

    private static Candidate candidate(String value, String description, boolean complete) {
        return new Candidate(value, value, null, description.isEmpty() ? null : description, null, null, complete);
    }
}
