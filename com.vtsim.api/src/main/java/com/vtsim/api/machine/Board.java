package com.vtsim.api.machine;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The board as one part sees it. What the part maps, creates or drives through it belongs to that part and is withdrawn
 * when the part leaves. Machine thread only, except {@link #post}.
 */
@ProviderType
public interface Board {
    /** @return the machine's name */
    String machine();

    /** @return host-physical memory */
    MemorySpace memory();

    /** @return the 64 KiB port space */
    PortSpace ports();

    /** @return virtual time */
    Clock clock();

    /** @return the interrupt lines */
    Lines lines();

    /** @return where events worth showing go */
    Tracer tracer();

    /** @return the one part of this type, the first by name if there are several; empty if there is none */
    <T> Optional<T> find(Class<T> type);

    /** @return all parts of this type, ordered by name (numbers by value: cpu2 before cpu10) */
    <T> List<T> findAll(Class<T> type);

    /** @return the processor that executes at the moment: who reads or writes a register now; null if it is none of them but the operator or a device */
    default Processor running() {
        return null;
    }

    /** Runs {@code action} on the machine's thread between two instructions. Any thread; returns at once. */
    void post(Runnable action);

    /**
     * @return whether what happens has happened before: the machine goes through its recorded past ({@link Recorder}). A part that speaks with
     *         something outside of the machine keeps to itself then what it has said already
     */
    default boolean repeating() {
        return false;
    }

    /** Resets the machine after the current instruction. */
    void reset(Reset kind);

    /** Stops the run after the current instruction: power-off, a test's exit port. */
    void stop(Stop stop);

    /** Records a guest's mistake worth telling the operator; counted per part and text. */
    void report(String text);
}
