package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Stop;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;

/**
 * The end of a step.
 *
 * @param machine      its name
 * @param instructions retired
 * @param stop         why it ended
 * @param next         the next instruction; null where memory is not mapped
 */
public record Stepped(String machine, long instructions, Stop stop, LogicalProcessor.Line next) implements Drawable {
    @Override
    public String line() {
        return full(Paint.PLAIN);
    }

    @Override
    public String full(Paint paint) {
        String place = next == null ? "the next instruction is not mapped" : Listing.row(next, paint);
        String count = instructions == 1 ? "" : paint.as(Paint.Role.FAINT, "  (" + instructions + " instructions)");
        String reason = stop.cause() == Stop.Cause.INSTRUCTIONS ? "" : "  " + paint.as(Ended.role(stop.cause()), Ended.reason(stop));
        return place + count + reason;
    }
}
