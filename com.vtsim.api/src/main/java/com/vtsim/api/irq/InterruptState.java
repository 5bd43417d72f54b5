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
 */
public record InterruptState(boolean[] masked, boolean[] requested, boolean[] inService, boolean[] level, int[] vector, int[] pair) {
    /** Layout of the record. */
    public static final int VERSION = 1;

    /** Without an 8259A pair. */
    public InterruptState(boolean[] masked, boolean[] requested, boolean[] inService, boolean[] level, int[] vector) {
        this(masked, requested, inService, level, vector, new int[0]);
    }
}
