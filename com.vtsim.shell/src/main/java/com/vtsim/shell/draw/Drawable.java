package com.vtsim.shell.draw;

/**
 * What a command returns when the drawing that every record gets ({@link Drawing}) does not suit it.
 * <p>
 * It still is data: drawing reads it and changes nothing.
 */
public interface Drawable {
    /** One line without colours, for use inside lists. */
    String line();

    /**
     * All of it, over as many lines as it takes.
     *
     * @return without a line end at the end
     */
    String full(Paint paint);
}
