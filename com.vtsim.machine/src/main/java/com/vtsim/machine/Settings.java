package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import java.util.Map;

/**
 * What a machine is made with.
 *
 * @param name           letters, digits, {@code -} and {@code _}
 * @param memory         bytes of RAM, a multiple of 4096, at most 64 GiB
 * @param low            bytes of it below 4 GiB; the rest begins at 4 GiB. 0: as QEMU's q35 has it, 2 GiB if there are 2.75 GiB or more, else all
 * @param mips           instructions in a virtual microsecond, 1–1,000,000
 * @param quantum        instructions of a processor's turn where there are several
 * @param profile        what it was created from, for the operator
 * @param expects        name → factory PID of the parts it should have
 * @param realtime       whether virtual time does not run ahead of the wall clock
 * @param stopOnShutdown whether a triple fault ends the run in place of resetting the platform
 * @param waitWhenIdle   whether a run waits for input when every processor is halted and nothing is scheduled
 * @param grace          wall milliseconds for which a run, its time standing still, waits for the successor of a part that leaves it:
 *                       a bundle's update then goes unseen by the guest
 */
public record Settings(String name, long memory, long low, long mips, long quantum, String profile, Map<String, String> expects,
                       boolean realtime, boolean stopOnShutdown, boolean waitWhenIdle, long grace) {
    private static final long GIB = 1L << 30;
    private static final long Q35_SPLITS_FROM = 0xB000_0000L;

    /** Fills in what is left to the defaults, and checks. @throws OperatorException if a value is out of range */
    public Settings {
        if (!name.matches("[A-Za-z0-9_-]+")) {
            throw new OperatorException("a machine's name has letters, digits, - and _, not \"" + name + "\"");
        }
        range("memory", memory, 4096, Ram.LARGEST);
        if (memory % 4096 != 0) {
            throw new OperatorException("memory is a multiple of 4096 bytes, not " + memory);
        }
        if (low == 0) {
            low = memory >= Q35_SPLITS_FROM ? 2 * GIB : memory;
        }
        range("memory.low", low, 4096, 4 * GIB - 4096);
        if (low % 4096 != 0) {
            throw new OperatorException("memory.low is a multiple of 4096 bytes, not " + low);
        }
        low = Math.min(low, memory);
        range("mips", mips, 1, 1_000_000);
        range("quantum", quantum, 1, Integer.MAX_VALUE);
        range("grace", grace, 0, 60_000);
        expects = Map.copyOf(expects);
    }

    /** A machine with defaults: 1000 MIPS, a quantum of 10,000 instructions. */
    public static Settings of(String name, long memory) {
        return new Settings(name, memory, 0, 1000, 10_000, "", Map.of(), false, false, false, 0);
    }

    /** The same with another rate. */
    public Settings mips(long other) {
        return new Settings(name, memory, low, other, quantum, profile, expects, realtime, stopOnShutdown, waitWhenIdle, grace);
    }

    /** The same with another quantum. */
    public Settings quantum(long other) {
        return new Settings(name, memory, low, mips, other, profile, expects, realtime, stopOnShutdown, waitWhenIdle, grace);
    }

    /** The same with parts it should have. */
    public Settings expects(Map<String, String> other) {
        return new Settings(name, memory, low, mips, quantum, profile, other, realtime, stopOnShutdown, waitWhenIdle, grace);
    }

    /** The same, paced by the wall clock or not. */
    public Settings realtime(boolean other) {
        return new Settings(name, memory, low, mips, quantum, profile, expects, other, stopOnShutdown, waitWhenIdle, grace);
    }

    /** The same, ending a run at a triple fault or not. */
    public Settings stopOnShutdown(boolean other) {
        return new Settings(name, memory, low, mips, quantum, profile, expects, realtime, other, waitWhenIdle, grace);
    }

    /** The same, waiting for input when idle or not. */
    public Settings waitWhenIdle(boolean other) {
        return new Settings(name, memory, low, mips, quantum, profile, expects, realtime, stopOnShutdown, other, grace);
    }

    /** The same with a grace for successors, in wall milliseconds. */
    public Settings grace(long other) {
        return new Settings(name, memory, low, mips, quantum, profile, expects, realtime, stopOnShutdown, waitWhenIdle, other);
    }

    private static void range(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new OperatorException(what + " is " + least + " to " + most + ", not " + value);
        }
    }
}
