package com.vtsim.shell.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Converters;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** Gogo's own commands, without the shell that its bundle would start with them. */
final class GogoCommands implements AutoCloseable {

    private static final String[] FILES = {"cat", "cd", "clear", "date", "echo", "grep", "head", "less", "ls", "pwd", "sleep", "sort", "tail", "watch", "wc"};
    private static final String[] CONTROL = {"break", "continue", "each", "if", "not", "throw", "try", "until", "while"};
    private static final String[] VALUES = {"bg", "fg", "format", "history", "jobs", "new", "set", "setopt", "tac", "type", "unsetopt"};

    private final List<ServiceRegistration<?>> registrations = new ArrayList<>();
    private final BundleContext context;
    private final CommandProcessor processor;

    GogoCommands(BundleContext context, CommandProcessor processor) {
        this.context = context;
        this.processor = processor;
        registrations.add(context.registerService(Converter.class, new Converters(context.getBundle(0).getBundleContext()), null));
        register(Posix.class, new Posix(processor), FILES);
        register(Procedural.class, new Procedural(), CONTROL);
        register(Builtin.class, new Builtin(), VALUES);
    }

    /** Sets the variables that these commands look for in a session. */
    void prepare(CommandSession session) {
        session.put(Shell.VAR_CONTEXT, context.getBundle(0).getBundleContext());
        session.put(Shell.VAR_PROCESSOR, processor);
        session.put(Shell.VAR_SESSION, session);
        session.put(Shell.VAR_COMPLETIONS, new HashMap<>());
    }

    private <T> void register(Class<T> type, T commands, String[] functions) {
        Hashtable<String, Object> properties = new Hashtable<>();
        properties.put(CommandProcessor.COMMAND_SCOPE, "gogo");
        properties.put(CommandProcessor.COMMAND_FUNCTION, functions);
        registrations.add(context.registerService(type, commands, properties));
    }

    @Override
    public void close() {
        registrations.forEach(ServiceRegistration::unregister);
    }
}
