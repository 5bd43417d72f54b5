package com.vtsim.api.machine;

import org.osgi.annotation.versioning.ProviderType;

/** Takes trace events. Machine thread only. */
@ProviderType
public interface Tracer {
    /** @return whether someone wants events of this kind: ask before building one */
    boolean wants(String kind);

    /**
     * Records an event of this part at the current time.
     *
     * @param kind family and event: {@code irq.raise}, {@code port.write}
     * @param text one line, without time or part
     */
    void event(String kind, String text);

    /**
     * Numbers that a trace counts by. They belong to the board: what takes the part's seat after it finds them as it left them. No state of the machine.
     *
     * @param of     what they are of, in this part's own words
     * @param length how many
     * @return they themselves, zeros at first
     */
    default long[] numbers(String of, int length) {
        return new long[length];
    }
}
