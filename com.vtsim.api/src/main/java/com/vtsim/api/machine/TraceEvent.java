package com.vtsim.api.machine;

/**
 * Something that happened in a machine.
 *
 * @param instructions retired when it happened
 * @param time         virtual nanoseconds
 * @param part         the part's name
 * @param kind         family and event: {@code irq.raise}
 * @param text         one line
 */
public record TraceEvent(long instructions, long time, String part, String kind, String text) { }
