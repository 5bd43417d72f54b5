package com.vtsim.shell.log;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Quantity;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogReaderService;
import org.osgi.service.log.Logger;
import org.osgi.service.log.admin.LoggerAdmin;
import org.osgi.service.log.admin.LoggerContext;

/** The {@code log:} family: what the bundles have logged, and from which level on they do. */
@Component(service = LogCommands.class)
@GogoCommand(scope = "log", function = {"list", "level", "file"})
public final class LogCommands {

    /** An entry of the log. */
    public record Line(LocalTime time, LogLevel level, String bundle, String message) {
    }

    /** The least level that a logger lets pass; the logger {@code ROOT} stands for all without a level of their own. */
    public record Level(String logger, LogLevel level) {
    }

    private final LogReaderService reader;
    private final LoggerAdmin admin;
    private final LogFile file;

    @Activate
    public LogCommands(@Reference LogReaderService reader, @Reference LoggerAdmin admin, @Reference LogFile file) {
        this.reader = reader;
        this.admin = admin;
        this.file = file;
    }

    /** The newest entries, oldest first. */
    @Descriptor("show the newest entries of the log")
    public List<Line> list(
            @Descriptor("least level to show: error, warn, info, debug, trace") @Parameter(names = {"-l", "--level"}, absentValue = "info") LogLevel level,
            @Descriptor("how many entries") @Parameter(names = {"-n", "--count"}, absentValue = "20") int count,
            @Descriptor("the coming and going of bundles and services too") @Parameter(names = {"-a", "--all"}, presentValue = "true", absentValue = "false") boolean all) {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        List<Line> lines = new ArrayList<>();
        for (Enumeration<LogEntry> entries = reader.getLog(); entries.hasMoreElements() && lines.size() < count;) {
            LogEntry entry = entries.nextElement();
            if (entry.getLogLevel().ordinal() <= level.ordinal() && (all || !LogFile.isRoutine(entry))) {
                lines.add(line(entry));
            }
        }
        Collections.reverse(lines);
        return lines;
    }

    private static Line line(LogEntry entry) {
        LocalTime time = LocalTime.ofInstant(Instant.ofEpochMilli(entry.getTime()), ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS);
        String thrown = entry.getException() == null ? "" : " (" + entry.getException() + ")";
        return new Line(time, entry.getLogLevel(), entry.getBundle().getSymbolicName(), entry.getMessage() + thrown);
    }

    /** The levels that are set. */
    @Descriptor("show the levels that are set")
    public List<Level> level() {
        List<Level> levels = new ArrayList<>();
        LoggerContext context = admin.getLoggerContext(null);
        levels.add(new Level(Logger.ROOT_LOGGER_NAME, context.getEffectiveLogLevel(Logger.ROOT_LOGGER_NAME)));
        new TreeMap<>(context.getLogLevels()).forEach((name, level) -> {
            if (!name.equals(Logger.ROOT_LOGGER_NAME)) {
                levels.add(new Level(name, level));
            }
        });
        return levels;
    }

    /** Sets the level of all loggers that have none of their own. */
    @Descriptor("set the level of all bundles")
    public void level(@Descriptor("error, warn, info, debug or trace") LogLevel level) {
        level(Logger.ROOT_LOGGER_NAME, level);
    }

    /** Sets the level of one logger and those below its name. */
    @Descriptor("set the level of a logger")
    public void level(@Descriptor("name of the logger, such as com.vtsim.machine") String logger, @Descriptor("error, warn, info, debug or trace") LogLevel level) {
        if (logger.isBlank()) {
            throw new OperatorException("the logger has no name");
        }
        LoggerContext context = admin.getLoggerContext(null);
        Map<String, LogLevel> levels = context.getLogLevels();
        levels.put(logger, level);
        context.setLogLevels(levels);
    }

    /** The file that the log is written to. */
    @Descriptor("show where the log is written to")
    public String file() {
        return file.path().toString();
    }
}
