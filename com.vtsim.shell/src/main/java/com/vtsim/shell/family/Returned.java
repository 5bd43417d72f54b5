package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;
import java.util.Locale;

/**
 * Where a machine is in its past.
 *
 * @param machine      its name
 * @param instructions retired since power-on
 * @param met          what is there; empty if it is only a place
 * @param next         the next instruction; null where memory is not mapped
 */
public record Returned(String machine, long instructions, String met, LogicalProcessor.Line next) implements Drawable {
    @Override
    public String line() {
        return full(Paint.PLAIN);
    }

    @Override
    public String full(Paint paint) {
        String place = next == null ? "the next instruction is not mapped" : Listing.row(next, paint);
        String count = paint.as(Paint.Role.FAINT, String.format(Locale.ROOT, "  (at %,d instructions)", instructions));
        return place + count + (met.isEmpty() ? "" : "  " + paint.as(Paint.Role.WARNING, met));
    }
}
