package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.osgi.framework.BundleContext;

/**
 * A machine while the bundle of the backplane is away: its snapshot, what its consoles have said and the run that was on, in the files
 * that the framework keeps for a bundle over stops and updates. Used up when it is read.
 *
 * @param snapshot the machine
 * @param parts    those that must be back
 * @param limits   what is left to the run that was on, or null
 * @param stop     why the latest run ended, or null
 * @param said     consoles by part name
 */
public record Hibernation(Path snapshot, List<String> parts, RunLimits limits, Stop stop, Map<String, Consoles.Said> said) {
    private static final String SAID = "said.";
    private static final String MATCHED = "matched.";

    /** Drops what a machine of that name left behind. */
    public static void forget(BundleContext context, String machine) {
        snapshot(context, machine).delete();
        rest(context, machine).delete();
    }

    static File snapshot(BundleContext context, String machine) {
        return context.getDataFile(machine + ".vtsim");
    }

    private static File rest(BundleContext context, String machine) {
        return context.getDataFile(machine + ".properties");
    }

    /** Writes all but the snapshot, which is there already. */
    void write(BundleContext context, String machine) {
        Properties properties = new Properties();
        properties.setProperty("parts", String.join(" ", parts));
        if (limits != null) {
            properties.setProperty("instructions", Long.toString(limits.instructions()));
            properties.setProperty("nanos", Long.toString(limits.nanos()));
            if (limits.until() != null) {
                properties.setProperty("until", limits.until());
            }
        }
        if (stop != null) {
            properties.setProperty("cause", stop.cause().name());
            properties.setProperty("text", stop.text());
            properties.setProperty("status", Integer.toString(stop.exitStatus()));
        }
        said.forEach((part, tape) -> {
            properties.setProperty(SAID + part, new String(tape.bytes(), StandardCharsets.ISO_8859_1));
            properties.setProperty(MATCHED + part, Integer.toString(tape.matched()));
        });
        try (OutputStream out = Files.newOutputStream(rest(context, machine).toPath())) {
            properties.store(out, null);
        } catch (IOException e) {
            throw new OperatorException("machine " + machine + " cannot be kept: " + e.getMessage(), e);
        }
    }

    /** @return what a machine of that name left behind, or null; it stays until {@link #forget} */
    static Hibernation read(BundleContext context, String machine) {
        File rest = rest(context, machine);
        if (!rest.isFile()) {
            return null;
        }
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(rest.toPath())) {
            properties.load(in);
        } catch (IOException e) {
            throw new OperatorException("machine " + machine + " cannot be brought back: " + e.getMessage(), e);
        }
        Map<String, Consoles.Said> said = new TreeMap<>();
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith(SAID)) {
                String part = key.substring(SAID.length());
                said.put(part, new Consoles.Said(properties.getProperty(key).getBytes(StandardCharsets.ISO_8859_1), number(properties, MATCHED + part)));
            }
        }
        return new Hibernation(snapshot(context, machine).toPath(), List.of(properties.getProperty("parts").split(" ")), limits(properties), stop(properties), said);
    }

    private static int number(Properties properties, String key) {
        return Integer.parseInt(properties.getProperty(key));
    }

    private static RunLimits limits(Properties properties) {
        String instructions = properties.getProperty("instructions");
        return instructions == null ? null
                : new RunLimits(Long.parseLong(instructions), Long.parseLong(properties.getProperty("nanos")), properties.getProperty("until"));
    }

    private static Stop stop(Properties properties) {
        String cause = properties.getProperty("cause");
        return cause == null ? null : new Stop(Stop.Cause.valueOf(cause), properties.getProperty("text"), number(properties, "status"));
    }
}
