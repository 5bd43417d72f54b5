package com.vtsim.shell.launch;

import java.util.Collection;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The application's main thread: hands the command line to the shell and ends the process with its answer.
 * <p>
 * A bundle of its own, since in a test run the launcher must give its main thread to the tester.
 */
@Component(service = Callable.class, property = "main.thread:Boolean=true")
public final class Entry implements Callable<Integer> {

    private final BundleContext context;
    private final ToIntFunction<String[]> shell;

    @Activate
    public Entry(BundleContext context, @Reference(target = "(vtsim.shell=main)") ToIntFunction<String[]> shell) {
        this.context = context;
        this.shell = shell;
    }

    /** @return the process's exit status */
    @Override
    public Integer call() {
        return shell.applyAsInt(arguments());
    }

    /** Looked up by hand: the launcher registers them as a plain Object, which no resolver can find a provider for. */
    private String[] arguments() {
        try {
            Collection<ServiceReference<Object>> found = context.getServiceReferences(Object.class, "(launcher.arguments=*)");
            for (ServiceReference<Object> reference : found) {
                if (reference.getProperty("launcher.arguments") instanceof String[] arguments) {
                    return arguments;
                }
            }
            return new String[0];
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
