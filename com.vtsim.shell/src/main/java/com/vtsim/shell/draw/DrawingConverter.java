package com.vtsim.shell.draw;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Process;
import org.osgi.service.component.annotations.Component;

/** Gives Gogo the drawing of VTSim's data: all of it for a command's result, one line inside a list. Which thread: the session's. */
@Component(property = "osgi.converter.classes=java.lang.Object")
public final class DrawingConverter implements Converter {

    /** Session variable, {@code Boolean}: the session's output is a terminal that shows colours. */
    public static final String COLOUR = "vtsim.colour";

    /** Session variable, {@code Boolean}: results are printed as JSON, for a program to read. */
    public static final String JSON = "vtsim.json";

    @Override
    public Object convert(Class<?> desired, Object in) {
        return null;
    }

    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        if (level == INSPECT && escape instanceof CommandSession session && Boolean.TRUE.equals(session.get(JSON))) {
            return Json.of(target);
        }
        return level == INSPECT ? Drawing.full(target, paint(escape)) : Drawing.line(target);
    }

    /** Colours only where they end on the terminal, not in a pipe of Gogo's. */
    private static Paint paint(Converter escape) {
        boolean terminal = escape instanceof CommandSession session && Boolean.TRUE.equals(session.get(COLOUR));
        Process process = Process.Utils.current();
        return terminal && (process == null || process.isTty(1)) ? Paint.COLOUR : Paint.PLAIN;
    }
}
