package com.vtsim.shell.family;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;

/** A session with a console, variables and a folder. */
final class StubSession {
    final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    final Map<String, Object> variables = new HashMap<>();
    final Path folder;
    private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);

    StubSession(Path folder) {
        this.folder = folder;
    }

    CommandSession session() {
        return StubMachine.proxy(CommandSession.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "getConsole" -> out;
            case "put" -> variables.put((String) arguments[0], arguments[1]);
            case "get" -> variables.get(arguments[0]);
            case "currentDir" -> folder;
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    String text() {
        return printed.toString(StandardCharsets.UTF_8);
    }
}
