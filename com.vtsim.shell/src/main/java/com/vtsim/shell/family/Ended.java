package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Stop;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The end of a run.
 *
 * @param machine      its name
 * @param stop         why it ended
 * @param instructions retired in this run
 * @param time         virtual time of this run
 * @param resets       triple faults of this run that reset the platform, as firmware that does not know the machine gives them for ever
 */
public record Ended(String machine, Stop stop, long instructions, Duration time, long resets) implements Drawable {
    private static final Pattern TRIPLE_FAULT = Pattern.compile("\\w+: triple fault(?: \\((\\d+) times\\))?");

    /** The end of a run between two looks at the machine. */
    static Ended between(String machine, Stop stop, Machine.Status before, Machine.Status after) {
        return new Ended(machine, stop, after.instructions() - before.instructions(), Duration.ofNanos(after.time() - before.time()),
            Math.max(0, tripleFaults(after) - tripleFaults(before)));
    }

    private static long tripleFaults(Machine.Status status) {
        return status.reports().stream().map(TRIPLE_FAULT::matcher).filter(Matcher::matches)
            .mapToLong(line -> line.group(1) == null ? 1 : Long.parseLong(line.group(1))).sum();
    }

    @Override
    public String line() {
        return full(Paint.PLAIN);
    }

    @Override
    public String full(Paint paint) {
        String after = String.format(Locale.ROOT, " after %,d instruction%s, %s", instructions, instructions == 1 ? "" : "s", Drawing.duration(time));
        return paint.as(Paint.Role.NAME, machine) + " " + paint.as(role(stop.cause()), reason(stop)) + paint.as(Paint.Role.FAINT, after)
            + (resets == 0 ? "" : paint.as(Paint.Role.WARNING, String.format(Locale.ROOT, "; %,d triple fault%s, see cpu:why %s", resets, resets == 1 ? "" : "s", machine)));
    }

    /** Why a machine stopped, as the end of a sentence that begins with its name. */
    static String reason(Stop stop) {
        String text = stop.text();
        return switch (stop.cause()) {
            case INSTRUCTIONS -> "stopped as asked";
            case DEADLINE -> "reached its deadline";
            case TEXT -> "said " + (text.isEmpty() ? "what was waited for" : "\"" + text + "\"");
            case PAUSED -> "paused";
            case BREAKPOINT -> "hit a breakpoint" + behind(text);
            case POWER_OFF -> "switched off" + (text.isEmpty() && stop.exitStatus() >= 0 ? " with exit status " + stop.exitStatus() : behind(text));
            case IDLE -> "is idle for good: every processor is halted, and nothing will wake one" + behind(text);
            case PARKED -> "is parked" + behind(text);
            case FAILED -> "failed" + behind(text);
        };
    }

    private static String behind(String text) {
        return text.isEmpty() ? "" : ": " + text;
    }

    static Paint.Role role(Stop.Cause cause) {
        return switch (cause) {
            case INSTRUCTIONS, DEADLINE, TEXT, POWER_OFF -> Paint.Role.GOOD;
            case PAUSED, BREAKPOINT, IDLE -> Paint.Role.WARNING;
            case PARKED, FAILED -> Paint.Role.BAD;
        };
    }
}
