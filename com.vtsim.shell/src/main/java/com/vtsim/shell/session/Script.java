package com.vtsim.shell.session;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.draw.DrawingConverter;
import com.vtsim.shell.draw.Json;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.gogo.runtime.Parser.Executable;
import org.apache.felix.gogo.runtime.Parser.Operator;
import org.apache.felix.gogo.runtime.Parser.Program;
import org.apache.felix.gogo.runtime.Parser.Statement;
import org.apache.felix.gogo.runtime.SyntaxError;
import org.apache.felix.gogo.runtime.Token;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/** Cuts commands into steps, since Gogo shows of {@code a; b} only what b returns. */
final class Script {

    private Script() {
    }

    /**
     * One command with its pipes and conditions, such as {@code a | b && c}.
     *
     * @param text as written
     * @param line in the script, from 1
     * @param silent an assignment, whose result nobody asked to see
     */
    record Step(String text, int line, boolean silent) {

        /** Executes the step and prints what it returns. */
        void run(CommandSession session, PrintStream out) throws Exception {
            Object result = session.execute(text);
            session.put("_", result);
            if (result == null || silent) {
                return;
            }
            boolean json = Boolean.TRUE.equals(session.get(DrawingConverter.JSON));
            CharSequence shown = json ? Json.of(result) : session.format(result, Converter.INSPECT);
            if (shown == null || shown.isEmpty()) {
                return;
            }
            out.print(shown.charAt(shown.length() - 1) == '\n' ? shown : shown + System.lineSeparator());
            out.flush();
        }
    }

    /**
     * @param text commands separated by semicolons or line ends
     * @return the steps in order
     * @throws OperatorException if the text does not parse, before anything is executed
     */
    static List<Step> of(String text) {
        Program program;
        try {
            program = new Parser(text).program();
        } catch (SyntaxError e) {
            throw new OperatorException(e.line() + ": " + Diagnosis.reason(e));
        }
        List<Step> steps = new ArrayList<>();
        List<Executable> group = new ArrayList<>();
        int start = 0;
        for (Executable executable : program.tokens()) {
            if (!(executable instanceof Operator)) {
                group.add(executable);
            } else if (ends(executable)) {
                int end = executable.start() + (Token.eq("&", executable) ? 1 : 0);
                add(steps, text, start, end, group);
                start = executable.start() + executable.length();
            }
        }
        add(steps, text, start, text.length(), group);
        return steps;
    }

    private static boolean ends(Token operator) {
        return Token.eq(";", operator) || Token.eq("\n", operator) || Token.eq("&", operator);
    }

    private static void add(List<Step> steps, String text, int start, int end, List<Executable> group) {
        // An empty line is an empty statement to the parser.
        group.removeIf(executable -> executable.length() == 0);
        if (group.isEmpty()) {
            return;
        }
        int line = 1 + (int) text.substring(0, group.get(0).start()).chars().filter(c -> c == '\n').count();
        steps.add(new Step(text.substring(start, end).strip(), line, group.size() == 1 && isAssignment(group.get(0))));
        group.clear();
    }

    private static boolean isAssignment(Executable executable) {
        return executable instanceof Statement statement && statement.tokens().size() > 1 && Token.eq("=", statement.tokens().get(1));
    }
}
