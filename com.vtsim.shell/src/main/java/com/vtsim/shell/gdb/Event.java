package com.vtsim.shell.gdb;

import com.vtsim.api.machine.Stop;

/** What a session has to answer. */
sealed interface Event {
    /** A packet has come: its content, unescaped. */
    record Packet(byte[] data) implements Event { }

    /** The debugger wants the machine to stop. */
    record Interrupt() implements Event { }

    /** The machine has stopped. */
    record Stopped(Stop stop) implements Event { }

    /** The machine is in its past. @param hit what it was brought to; null for the beginning of what is recorded */
    record Returned(Target.Hit hit) implements Event { }

    /** A command for the shell has ended; what it printed. */
    record Answered(String text) implements Event { }

    /** The debugger has gone. */
    record Gone() implements Event { }
}
