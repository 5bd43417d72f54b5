package com.vtsim.api.irq;

/**
 * What any interrupt controller can hand to another model of the family; the neutral state, model {@link InterruptController#FAMILY}.
 * The first five arrays are indexed by the board's line, 24 entries.
 *
 * @param masked    held back
 * @param requested latched and not yet acknowledged
 * @param inService acknowledged and not yet ended
 * @param level     level-triggered
 * @param vector    delivered as, or -1 if not set up
 * @param pair      registers of the pair of 8259As that every PC has, whatever stands in front of it, in an order the models with one agree on;
 *                  empty: the model has none. They rule over the five where present
 * @param messages  message-signalled interrupts that have not been acknowledged: the low 32 bits of the address in bits 63:32, the data in
 *                  bits 31:0. A model without local APICs keeps them for one that has some
 */
public record InterruptState(boolean[] masked, boolean[] requested, boolean[] inService, boolean[] level, int[] vector, int[] pair, long[] messages) {
    /** Layout of the record. */
    public static final int VERSION = 2;

    /** Without an 8259A pair. */
    public InterruptState(boolean[] masked, boolean[] requested, boolean[] inService, boolean[] level, int[] vector) {
        this(masked, requested, inService, level, vector, new int[0], new long[0]);
    }
}
