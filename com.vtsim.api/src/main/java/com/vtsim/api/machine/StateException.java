package com.vtsim.api.machine;

/** A saved state that cannot be adopted; the message names what is wrong and what would be right. */
public class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line */
    public StateException(String message) {
        super(message);
    }
}
