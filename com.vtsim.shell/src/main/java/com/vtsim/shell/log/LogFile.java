package com.vtsim.shell.log;

import com.vtsim.shell.session.Home;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.LogEntry;
import org.osgi.service.log.LogLevel;
import org.osgi.service.log.LogListener;
import org.osgi.service.log.LogReaderService;

/**
 * Writes the log to {@code log/vtsim.log} in {@link Home}, or to the file that the framework property {@link #PROPERTY} names.
 * <p>
 * When it has grown beyond {@link #LIMIT} it is renamed to {@code .1} and begun afresh. A file that cannot be written is given up
 * silently: standard output and error belong to the commands. Which thread: the log service's.
 */
@Component(service = LogFile.class, immediate = true)
public final class LogFile implements LogListener {

    /** Framework property, {@code String}: the file to write to. */
    public static final String PROPERTY = "vtsim.log";
    /** Bytes, after which a new file is begun. */
    static final long LIMIT = 1 << 20;

    private final LogReaderService reader;
    private final Path file;
    private boolean usable = true;

    @Activate
    public LogFile(BundleContext context, @Reference LogReaderService reader) {
        this.reader = reader;
        String given = context.getProperty(PROPERTY);
        file = given != null ? Path.of(given) : Home.folder().resolve("log").resolve("vtsim.log");
        reader.addLogListener(this);
        List<LogEntry> before = new ArrayList<>();
        for (Enumeration<LogEntry> entries = reader.getLog(); entries.hasMoreElements();) {
            before.add(entries.nextElement());
        }
        Collections.reverse(before);
        before.forEach(this::logged);
    }

    @Deactivate
    void close() {
        reader.removeLogListener(this);
    }

    /** Where the log goes. */
    public Path path() {
        return file;
    }

    @Override
    public synchronized void logged(LogEntry entry) {
        if (!usable || isRoutine(entry)) {
            return;
        }
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (Files.exists(file) && Files.size(file) > LIMIT) {
                Files.move(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.writeString(file, text(entry), StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            usable = false;
        }
    }

    /** Every bundle and service that comes at a start is told of, and would drown the rest. */
    static boolean isRoutine(LogEntry entry) {
        return entry.getLoggerName().startsWith("Events.") && entry.getLogLevel().ordinal() > LogLevel.WARN.ordinal();
    }

    private static String text(LogEntry entry) {
        StringWriter text = new StringWriter();
        PrintWriter line = new PrintWriter(text);
        line.printf("%s %-5s %s: %s%n", Instant.ofEpochMilli(entry.getTime()), entry.getLogLevel(), entry.getBundle().getSymbolicName(), entry.getMessage());
        if (entry.getException() != null) {
            entry.getException().printStackTrace(line);
        }
        line.flush();
        return text.toString();
    }
}
