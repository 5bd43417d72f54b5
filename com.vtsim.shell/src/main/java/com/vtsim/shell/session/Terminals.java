package com.vtsim.shell.session;

import java.io.IOException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** The terminal the process was started at. */
public final class Terminals {
    private Terminals() {
    }

    /** Opens it; it need not be one: then it is dumb. JLine finds its terminal providers through the thread's class loader. */
    public static Terminal system() throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(TerminalBuilder.class.getClassLoader());
        try {
            return TerminalBuilder.builder().name("vtsim").system(true).providers("jni,ffm,exec").nativeSignals(true).signalHandler(Terminal.SignalHandler.SIG_IGN).build();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Whether the process's standard input is a terminal, as the {@code vtsim} script found. */
    public static boolean interactive() {
        String value = System.getProperty("vtsim.interactive");
        return value != null ? Boolean.parseBoolean(value) : System.console() != null;
    }
}
