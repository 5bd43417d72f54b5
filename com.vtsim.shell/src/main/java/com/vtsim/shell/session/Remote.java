package com.vtsim.shell.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.framework.BundleContext;

/** Commands of somebody who is not at a prompt. */
public final class Remote {
    private Remote() {
    }

    /**
     * Executes commands and waits for them; an interrupt ends the one under way.
     *
     * @param variables of the session
     * @return what they print, and last what went wrong
     */
    public static String answer(BundleContext context, CommandProcessor processor, Map<String, Object> variables, String text) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        String doing = text;
        try (CommandSession session = processor.createSession(new ByteArrayInputStream(new byte[0]), out, out)) {
            session.put("SCOPE", "vtsim:gogo:felix:*");
            variables.forEach(session::put);
            for (Script.Step step : Script.of(text)) {
                doing = step.text();
                step.run(session, out);
            }
        } catch (Exception e) {
            out.println(new Diagnosis(context).explain(doing, e));
        }
        out.flush();
        return printed.toString(StandardCharsets.UTF_8);
    }
}
