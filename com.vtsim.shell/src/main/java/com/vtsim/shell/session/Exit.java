package com.vtsim.shell.session;

import com.vtsim.api.machine.OperatorException;
import org.apache.felix.service.command.CommandSession;

/**
 * How a command ends the process with a status: by two session variables, so that a command in any bundle can.
 * <p>
 * {@link #STATUS} alone sets the status that the process ends with when its commands are through; the last one to be set counts.
 * With {@link #ASKED} set as well, nothing after the running command is executed. At a prompt only the latter ends the session.
 */
public final class Exit {

    /** Session variable, an integer from 0 to 255: the process's exit status. A guest that writes to its exit port sets it. */
    public static final String STATUS = "vtsim.exit";
    /** Session variable, {@code Boolean}: end the session after the running command. */
    public static final String ASKED = "vtsim.exit.now";

    private final CommandSession session;

    Exit(CommandSession session) {
        this.session = session;
    }

    boolean isAsked() {
        return Boolean.TRUE.equals(session.get(ASKED));
    }

    int status() {
        Object status = session.get(STATUS);
        if (status == null) {
            return 0;
        }
        try {
            return Integer.parseInt(status.toString()) & 0xff;
        } catch (NumberFormatException e) {
            throw new OperatorException("the variable " + STATUS + " holds no exit status: " + status);
        }
    }
}
