package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The interrupt lines of the board: wired-OR, level held by the board, so that a line that is high stays high while a
 * controller is replaced. Lines 0–15 are the ISA interrupts IRQ0–IRQ15, 16–23 the chipset's PIRQA–PIRQH.
 * Levels are logical: asserted is true whatever the polarity on copper. Machine thread only.
 */
@ProviderType
public interface Lines {
    /** Number of lines. */
    int COUNT = 24;

    /**
     * This part's output to a line, low at first. Drivers of the same part, line and pin are one.
     *
     * @param line 0–23
     * @param pin  which of the part's outputs; unique within part and line
     */
    Driver driver(int line, String pin);

    /**
     * Makes this part hear every change of level on every line, and, once all parts are attached, the level of each line:
     * first those that are low, then those that are high. What it hears then is no edge if its state knows the level already.
     */
    void listen(Sink sink);

    /** @return whether anyone asserts the line */
    boolean level(int line);

    /** An output. */
    @ProviderType
    interface Driver {
        /** Asserts or releases; no effect if it is so already. */
        void set(boolean asserted);

        /** @return whether this output asserts the line */
        boolean level();
    }

    /** An input. */
    @FunctionalInterface
    interface Sink {
        /** The line now has this level. */
        void line(int line, boolean level);
    }
}
