package com.vtsim.shell.family;

import com.vtsim.api.machine.Stop;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.time.Duration;
import java.util.Locale;

/**
 * The end of a run.
 *
 * @param machine      its name
 * @param stop         why it ended
 * @param instructions retired in this run
 * @param time         virtual time of this run
 */
public record Ended(String machine, Stop stop, long instructions, Duration time) implements Drawable {
    @Override
    public String line() {
        return full(Paint.PLAIN);
    }

    @Override
    public String full(Paint paint) {
        String after = String.format(Locale.ROOT, " after %,d instruction%s, %s", instructions, instructions == 1 ? "" : "s", Drawing.duration(time));
        return paint.as(Paint.Role.NAME, machine) + " " + paint.as(role(stop.cause()), reason(stop)) + paint.as(Paint.Role.FAINT, after);
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
