package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The host bridge and the bus behind it: routes configuration accesses to functions, their INTx pins to the board's lines,
 * and their upstream requests through the remapping unit that owns them to memory. Machine thread only.
 */
@ConsumerType
public interface PciHost extends Part {
    /** @return every function, by address as the guest has numbered the buses */
    List<PciFunction> functions();

    /** @return the function at an address */
    Optional<PciFunction> function(PciAddress address);

    /**
     * Drives an interrupt pin of a function.
     *
     * @param pin 1 (INTA) to 4 (INTD)
     */
    void interrupt(PciFunction function, int pin, boolean asserted);

    /** @return where a function sends its DMA and messages */
    Upstream upstream(PciFunction function);

    /** @return bus, device and function at which the guest finds a function: its configured address unless it is behind a bridge that has been numbered otherwise */
    default PciAddress address(PciFunction function) {
        return function.address();
    }

    /** @return the bridge that a function is behind; empty on bus 0 */
    default Optional<PciFunction> bridge(PciFunction function) {
        return Optional.empty();
    }

    /**
     * What of a range of addresses reaches a function through the windows of the bridges above it.
     *
     * @param ports  port numbers rather than memory addresses
     * @param base   first address
     * @param length bytes, 1 or more
     * @return the part that does, or null if there is none
     */
    default Span reach(PciFunction function, boolean ports, long base, long length) {
        return new Span(base, length);
    }

    /** Makes a function hear of changes on its way to the root complex, and be asked whether it may send. {@link ConfigSpace} does it. */
    default void follow(PciFunction function, Follower follower) { }

    /**
     * Virtual functions appear beside their physical function, or disappear: parts of its part that have places on its bus. To be called in each attach too.
     *
     * @param physical on the board
     * @param virtual  those there are now, at addresses on the physical function's configured bus
     */
    default void appear(PciFunction physical, List<? extends PciFunction> virtual) { }

    /**
     * The way of a function that lies about who it is.
     *
     * @param sourceId what its requests carry: bus 15:8, device 7:3, function 2:0
     */
    default Upstream upstream(PciFunction function, int sourceId) {
        return upstream(function);
    }

    /**
     * Sends an error message towards the root complex: the root port above records it, and interrupts if software wants that.
     *
     * @param severity as the function's error reporting graded it
     */
    default void error(PciFunction function, ErrorReporting.Severity severity) { }

    /** A function behind a root port wakes the platform (PME): the root port takes note, and interrupts if software wants that. */
    default void wake(PciFunction function) { }

    /**
     * A range of addresses.
     *
     * @param base   the first
     * @param length bytes, 1 or more
     */
    record Span(long base, long length) { }

    /** What a host asks of a function's configuration space. */
    interface Follower {
        /** A bridge above the function decodes otherwise now. */
        void rerouted();

        /** @return whether the function may send requests: bus-master enable, power state */
        boolean mayRequest();

        /**
         * A request has come to the function's device that none of its functions takes.
         *
         * @param posted whether the request has no completion: a write to memory
         * @param tlp    the first four double words of the request
         */
        default void unsupported(boolean posted, int... tlp) { }

        /** A read of the function has come back as unsupported. */
        default void failed() { }

        /** A read of the function has come back poisoned: the memory there has an uncorrectable error. */
        default void poisoned() { }
    }
}
