package com.vtsim.shell.session;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;
import com.vtsim.shell.draw.Paint.Role;
import com.vtsim.shell.session.CommandTable.Argument;
import com.vtsim.shell.session.CommandTable.Command;
import com.vtsim.shell.session.CommandTable.Form;
import com.vtsim.shell.session.CommandTable.Option;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The help that commands give, from their annotations. */
public final class HelpText implements Drawable {

    /** Families in the order in which a newcomer needs them; others follow by name. */
    private static final List<String> ORDER = List.of("vtsim", "machine", "cpu", "mem", "irq", "pci", "clock", "gdb", "log");
    private static final Set<String> FOREIGN = Set.of("gogo", "felix", "scr", "cm");

    private static final int GAP = 2;
    /** A column of descriptions narrower than this is worse than lines that are too long. */
    private static final int NARROWEST = 20;

    private final List<String[]> rows = new ArrayList<>();
    private int columns;

    private HelpText() {
    }

    /** Whether the scope's commands come with Felix or Gogo. */
    static boolean isForeign(String scope) {
        return FOREIGN.contains(scope);
    }

    /** Whether the scope is a family, whose commands are called by their full names. */
    static boolean isFamily(String scope) {
        return !scope.equals("vtsim") && !isForeign(scope);
    }

    /** All commands, one line each by family; those of Gogo and Felix by name only. */
    public static HelpText overview(CommandTable table) {
        Map<String, List<Command>> families = new LinkedHashMap<>();
        ORDER.forEach(scope -> families.put(scope, new ArrayList<>()));
        table.all().forEach(command -> families.computeIfAbsent(command.scope(), scope -> new ArrayList<>()).add(command));
        HelpText text = new HelpText();
        families.forEach((scope, commands) -> {
            if (!isForeign(scope)) {
                commands.forEach(command -> text.row(isFamily(scope) ? command.fullName() : command.name(), command.description()));
            }
        });
        text.row("", "");
        families.forEach((scope, commands) -> {
            if (isForeign(scope) && !commands.isEmpty()) {
                text.row(scope, String.join(" ", commands.stream().map(Command::name).toList()));
            }
        });
        text.row("", "");
        text.row("help COMMAND", "shows a command's parameters, as in: help log:list");
        return text;
    }

    /** The commands of a family, or the parameters of the commands of that name. */
    public static HelpText of(CommandTable table, String name) {
        HelpText text = new HelpText();
        List<Command> family = table.all().stream().filter(command -> command.scope().equals(name)).toList();
        family.forEach(command -> text.row(command.fullName(), command.description()));
        List<Command> commands = family.isEmpty() ? table.named(name) : family;
        if (family.isEmpty()) {
            commands.forEach(text::details);
        }
        if (commands.isEmpty()) {
            List<String> names = table.all().stream().map(Command::fullName).toList();
            throw new OperatorException("no such command: " + name + Diagnosis.nearest(name, names).map(near -> "; did you mean " + near + "?").orElse(""));
        }
        return text;
    }

    private void details(Command command) {
        if (command.forms().isEmpty()) {
            row(command.fullName(), "");
        }
        for (Form form : command.forms()) {
            row(usage(command, form), form.description());
            for (Argument argument : form.arguments()) {
                row("  " + label(argument), argument.description());
            }
            for (Option option : form.options()) {
                String names = String.join(", ", option.names()) + (option.flag() ? "" : " " + valueName(option));
                String absent = option.flag() || option.absent().isEmpty() ? "" : " (default: " + option.absent() + ")";
                row("  " + names, option.description() + absent);
            }
        }
    }

    private static String usage(Command command, Form form) {
        StringBuilder usage = new StringBuilder(isFamily(command.scope()) ? command.fullName() : command.name());
        form.arguments().forEach(argument -> usage.append(' ').append(label(argument)));
        return usage + (form.options().isEmpty() ? "" : " [OPTION…]");
    }

    private static String label(Argument argument) {
        return argument.label().toUpperCase(Locale.ROOT) + (argument.many() ? "…" : "");
    }

    private static String valueName(Option option) {
        Class<?> type = option.type();
        if (type.isEnum()) {
            return String.join("|", java.util.Arrays.stream(type.getEnumConstants()).map(each -> each.toString().toLowerCase(Locale.ROOT)).toList());
        }
        return type == String.class ? "TEXT" : type.isPrimitive() ? "N" : type.getSimpleName().toUpperCase(Locale.ROOT);
    }

    private void row(String name, String description) {
        rows.add(new String[] {name, description});
    }

    @Override
    public String line() {
        return rows.size() + " lines of help";
    }

    /** @return the same, with descriptions folded so that lines fit; 0 for lines of any length */
    public HelpText within(int limit) {
        columns = limit;
        return this;
    }

    @Override
    public String full(Paint paint) {
        int width = rows.stream().mapToInt(row -> row[0].length()).filter(length -> length <= 30).max().orElse(0);
        String indent = "\n" + " ".repeat(width + GAP);
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            String name = row[0].stripTrailing();
            String space = name.length() <= width ? " ".repeat(width - name.length() + GAP) : indent;
            String description = String.join(indent, folded(row[1], columns - width - GAP));
            String line = row[1].isEmpty() ? paint.as(Role.NAME, name) : paint.as(Role.NAME, name) + space + description;
            text.append(line).append('\n');
        }
        return text.toString().stripTrailing();
    }

    /** Lines of whole words; one line if there is no room to speak of. */
    private static List<String> folded(String text, int room) {
        if (room < NARROWEST) {
            return List.of(text);
        }
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > room) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
