package com.vtsim.api.machine;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A machine's recorded past. A run follows from the machine's state and from what comes from outside, so a checkpoint now and then and
 * the inputs between them are enough to be at any earlier instruction again.
 * <p>
 * From a place in the past the machine goes on as it did, inputs included, until the operator changes something: then what came after
 * is forgotten. When parts come or leave, recording begins anew. Any thread; what moves the machine needs it paused.
 */
@ProviderType
public interface Recorder {
    /**
     * Begins to record, or changes how much memory the past may take.
     *
     * @param bytes host memory beside a second copy of the guest's; when they are used up the past gets coarser, then shorter
     * @throws OperatorException if what the machine does could not be repeated: it keeps to the wall clock, or a disk can be written
     */
    void begin(long bytes);

    /** Forgets the past; no effect if none is recorded. */
    void end();

    /** @return what there is; empty if nothing is recorded */
    Optional<Recorded> recorded();

    /**
     * Is where so many instructions had been retired.
     *
     * @throws OperatorException if that is outside of what is recorded
     */
    void go(long instructions);

    /**
     * Is where an operator's breakpoint was met last before the present: at the instruction for one that waits for its execution, before
     * the instruction whose access it was for one that watches data or a port.
     *
     * @return what was met; empty if nothing was, and the machine is at the beginning of the past then
     */
    Optional<Hit> back();

    /**
     * Is before an instruction of a processor's.
     *
     * @param processor the part's name
     * @param retired   the instruction, counted as {@link Processor#retired} counts when it has retired
     * @return false if that was not in the recorded past, and the machine stays where it is
     */
    boolean before(String processor, long retired);

    /**
     * What is recorded.
     *
     * @param from        instructions at its beginning
     * @param present     where the machine is
     * @param to          where it has been
     * @param checkpoints how many
     * @param inputs      what came from outside
     * @param bytes       host memory
     */
    record Recorded(long from, long present, long to, int checkpoints, int inputs, long bytes) { }

    /**
     * A breakpoint that was met.
     *
     * @param processor  the part's name
     * @param breakpoint its number
     * @param text       one line
     */
    record Hit(String processor, int breakpoint, String text) { }
}
