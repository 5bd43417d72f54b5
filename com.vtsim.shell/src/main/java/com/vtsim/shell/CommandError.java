package com.vtsim.shell;

/**
 * A command could not do what it was asked, for a reason the operator can read: one line, no full stop, naming what was given.
 * <p>
 * Has no stack trace: it says what the operator did, not where VTSim was.
 */
public final class CommandError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line, such as {@code no machine named "a"; there are: b, c} */
    public CommandError(String message) {
        super(message, null, false, false);
    }
}
