package com.vtsim.shell.session;

import com.vtsim.shell.Complete;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** The commands that are there now, with what their annotations say. Read afresh for each use, for bundles come and go. */
public final class CommandTable {

    /**
     * A command.
     *
     * @param scope its family
     * @param name without the family
     * @param forms the ways to call it; empty if it reads its arguments itself
     */
    public record Command(String scope, String name, List<Form> forms) {

        /** {@code machine:create}. */
        public String fullName() {
            return scope + ":" + name;
        }

        /** The first form's description, or an empty text. */
        public String description() {
            return forms.stream().map(Form::description).filter(text -> !text.isEmpty()).findFirst().orElse("");
        }
    }

    /** One way to call a command. */
    public record Form(String description, List<Option> options, List<Argument> arguments) {
    }

    /**
     * An option.
     *
     * @param names in the order of the annotation
     * @param flag it takes no value
     * @param absent the value when it is not given, as text; empty for none
     * @param kind what the value is; see {@link Complete}
     */
    public record Option(List<String> names, String description, boolean flag, String absent, Class<?> type, String kind) {

        /** The longest name, which says most. */
        public String longName() {
            return names.stream().max(Comparator.comparingInt(String::length)).orElseThrow();
        }
    }

    /**
     * A positional argument.
     *
     * @param many it takes what remains of the line
     * @param kind what the value is; see {@link Complete}
     */
    public record Argument(String label, String description, boolean many, Class<?> type, String kind) {
    }

    private final Map<String, Command> commands = new TreeMap<>();

    /** Reads the commands that are registered in the framework. */
    public CommandTable(BundleContext context) {
        String filter = "(&(" + CommandProcessor.COMMAND_SCOPE + "=*)(" + CommandProcessor.COMMAND_FUNCTION + "=*))";
        try {
            ServiceReference<?>[] references = context.getAllServiceReferences(null, filter);
            for (ServiceReference<?> reference : references == null ? new ServiceReference<?>[0] : references) {
                add(context, reference);
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All commands, by full name. */
    public Collection<Command> all() {
        return commands.values();
    }

    /** The commands that a name as typed may mean: one with a family, any number without. */
    public List<Command> named(String name) {
        if (name.indexOf(':') >= 0) {
            return commands.containsKey(name) ? List.of(commands.get(name)) : List.of();
        }
        return commands.values().stream().filter(command -> command.name().equals(name)).toList();
    }

    private void add(BundleContext context, ServiceReference<?> reference) {
        Object target = context.getService(reference);
        if (target == null) {
            return;
        }
        try {
            String scope = reference.getProperty(CommandProcessor.COMMAND_SCOPE).toString();
            for (String name : names(reference.getProperty(CommandProcessor.COMMAND_FUNCTION))) {
                commands.putIfAbsent(scope + ":" + name, new Command(scope, name, forms(target.getClass(), name)));
            }
        } finally {
            context.ungetService(reference);
        }
    }

    private static List<String> names(Object property) {
        if (property instanceof Object[] array) {
            return java.util.Arrays.stream(array).map(Object::toString).toList();
        }
        return property instanceof Collection<?> several ? several.stream().map(Object::toString).toList() : List.of(property.toString());
    }

    /** Gogo finds a command's methods by name, in any case, also behind get, set and is, and behind _ if the name is a keyword. */
    private static List<Form> forms(Class<?> type, String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        List<String> spellings = List.of(wanted, "_" + wanted, "get" + wanted, "set" + wanted, "is" + wanted);
        List<Form> forms = new ArrayList<>();
        for (Method method : type.getMethods()) {
            if (spellings.contains(method.getName().toLowerCase(Locale.ROOT)) && !method.isBridge()) {
                forms.add(form(method));
            }
        }
        forms.sort(Comparator.comparingInt(form -> form.arguments().size()));
        return forms;
    }

    private static Form form(Method method) {
        List<Option> options = new ArrayList<>();
        List<Argument> arguments = new ArrayList<>();
        for (Parameter parameter : method.getParameters()) {
            var option = parameter.getAnnotation(org.apache.felix.service.command.Parameter.class);
            if (option != null) {
                options.add(option(parameter, option));
            } else if (parameter.getType() != CommandSession.class) {
                boolean many = parameter.getType().isArray() || Collection.class.isAssignableFrom(parameter.getType());
                String label = parameter.isNamePresent() ? parameter.getName() : parameter.getType().getSimpleName().toLowerCase(Locale.ROOT);
                Class<?> type = many && parameter.getType().isArray() ? parameter.getType().getComponentType() : parameter.getType();
                arguments.add(new Argument(label, text(parameter.getAnnotations()), many, type, kind(parameter)));
            }
        }
        return new Form(text(method.getAnnotations()), options, arguments);
    }

    private static Option option(Parameter parameter, org.apache.felix.service.command.Parameter option) {
        boolean flag = !org.apache.felix.service.command.Parameter.UNSPECIFIED.equals(option.presentValue());
        return new Option(List.of(option.names()), text(parameter.getAnnotations()), flag, flag ? "" : option.absentValue(),
                parameter.getType(), kind(parameter));
    }

    private static String kind(Parameter parameter) {
        Complete complete = parameter.getAnnotation(Complete.class);
        return complete == null ? "" : complete.value();
    }

    private static String text(Annotation[] annotations) {
        for (Annotation annotation : annotations) {
            if (annotation instanceof Descriptor descriptor) {
                return descriptor.value();
            }
        }
        return "";
    }
}
