package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ConsumerType;

/** A part that speaks text with the operator: a serial port, a debug port. Machine thread only. */
@ConsumerType
public interface Console extends Part {
    /** Sends every byte the guest writes to {@code sink}, in place of an earlier one; null for nobody. Survives {@link #attach}. */
    void output(Sink sink);

    /** Queues bytes for the guest; a console without input drops them. */
    void input(byte[] bytes);

    /** Takes bytes. */
    @FunctionalInterface
    interface Sink {
        /** @param value 0–255 */
        void accept(int value);
    }
}
