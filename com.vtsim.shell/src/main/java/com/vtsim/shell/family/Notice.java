package com.vtsim.shell.family;

import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;

/**
 * That something was done, in one line.
 *
 * @param name what it was done to: a machine, a part
 * @param text what was done
 */
public record Notice(String name, String text) implements Drawable {
    @Override
    public String line() {
        return name + ": " + text;
    }

    @Override
    public String full(Paint paint) {
        return paint.as(Paint.Role.NAME, name) + ": " + text;
    }
}
