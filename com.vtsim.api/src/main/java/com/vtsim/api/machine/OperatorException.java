package com.vtsim.api.machine;

/** Something an operator asked for cannot be done; the message is one line that says what was wrong and what would be right. */
public class OperatorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line */
    public OperatorException(String message) {
        super(message);
    }

    /** @param message one line; @param cause what lies behind it */
    public OperatorException(String message, Throwable cause) {
        super(message, cause);
    }
}
